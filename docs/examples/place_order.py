# /// script
# requires-python = ">=3.11"
# dependencies = ["aiohttp"]
# ///
"""Place an order through Ordergate, and repeat the request in the one way that cannot order twice.

    python docs/examples/place_order.py PO-1001 rexel:SCH:S520059 20

ORDERGATE_URL is where the gateway is (http://127.0.0.1:8080), ORDERGATE_KEY the API key where it asks for one.

1. The idempotency key belongs to the intent, not to the request: it is made of your own order number (or stored with
   your order before the first request), and it is the same in every repetition. No repetition ever makes a new one.
2. Silence is not a no. A broken connection and a 504 leave the outcome unknown: repeat with the same key, or follow
   the operation, and treat it as unknown until one of them says yes or no.
3. The gateway says when: `Retry-After` is honoured, and growing pauses are used where it is absent.
"""

import asyncio
import os
import random
import sys
from asyncio import sleep
from dataclasses import dataclass
from typing import Any

import aiohttp

Json = dict[str, Any]

REPEATABLE = {408, 429, 500, 502, 503, 504}
ABOUT_ANOTHER = {"idempotency-key-reused", "duplicate-order-reference", "twin-order"}


@dataclass(frozen=True)
class Outcome:
    """What became of the order: `placed` is yes, no, pending or unknown.

    yes        `order` is the order; without it the order exists and its id is still to be found: read `operation`.
    no         `problem["retry"]` says what a next attempt takes:
                 same-key   the key is not used up: wait, or mend what `violations` name, and send with the same key
                 new-key    the refusal is final for this key; a changed order is a new intent and takes a new one
                 never      sending again cannot help
    pending    still under way when patience ended; call again with the same key.
    unknown    it may have been placed. Never order anew: call again with the same key, or give `operation` to a person.
    """

    placed: str
    order: Json | None = None
    problem: Json | None = None
    operation: str | None = None
    repeatable: bool = False


@dataclass(frozen=True)
class Reply:
    """An answer that could be read."""

    status: int
    body: Json
    retry_after: float | None


class Conflict(Exception):
    """Another order has the key, the reference or the same goods; `placed` and `operation` of the problem are its."""

    def __init__(self, problem: Json) -> None:
        super().__init__(problem.get("title", "conflict"))
        self.problem = problem


async def place_order(session: aiohttp.ClientSession, order: Json, key: str, *, patience: float = 60.0) -> Outcome:
    """Place an order; repeat and follow until the outcome is known or `patience` seconds were spent waiting."""
    waited, backoff = 0.0, 0.5
    while True:
        reply = await call(session, "POST", "/v1/orders", json=order, headers={"Idempotency-Key": key})
        outcome = judge(reply)
        decided = False
        while not decided:
            if not outcome.repeatable:
                return outcome
            pause = reply.retry_after if reply and reply.retry_after is not None else backoff * random.uniform(0.5, 1.0)
            if waited + pause > patience:
                return outcome
            await sleep(pause)
            waited, backoff = waited + pause, min(backoff * 2, 10.0)
            if outcome.operation is None:
                break  # nothing to follow: the same request with the same key
            reply = await call(session, "GET", outcome.operation)
            if reply is not None and reply.status == 404:
                return outcome  # the gateway has forgotten it (store.ephemeral): sending again could order twice
            decided = reply is not None and reply.body.get("placed") in {"yes", "no"}


async def call(session: aiohttp.ClientSession, method: str, path: str, **options: Any) -> Reply | None:
    """Make one request; None when no answer came back that can be read, whatever the request did."""
    try:
        async with session.request(method, path, **options) as response:
            body = await response.json(content_type=None)
            given = response.headers.get("Retry-After", "")
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError):
        return None
    retry_after = float(given) if given.isdecimal() else None
    return Reply(response.status, body, retry_after) if isinstance(body, dict) else None


def judge(reply: Reply | None) -> Outcome:
    """Return what an answer to the order says. The status is the certainty. Raises Conflict."""
    if reply is None:
        return Outcome("unknown", repeatable=True)
    body = reply.body
    if reply.status in {200, 201}:
        return Outcome("yes", order=body)
    if reply.status == 202:
        placed = body["placed"]
        return Outcome(placed, operation=f"/v1/operations/{body['id']}", repeatable=placed != "yes")
    name = str(body.get("type", "")).rpartition("/")[2]
    if name in ABOUT_ANOTHER:
        raise Conflict(body)
    repeatable = reply.status in REPEATABLE or name == "request-in-progress"
    placed = body.get("placed", "unknown" if repeatable else "no")
    # A problem with `placed: no` has nothing to follow: its operation has ended, and the key is not used up.
    operation = None if placed == "no" else body.get("operation")
    return Outcome(placed, problem=body, operation=operation, repeatable=repeatable)


async def main(reference: str, product: str, quantity: str) -> int:
    """Place one order and say what became of it."""
    api_key = os.environ.get("ORDERGATE_KEY")
    order = {"reference": reference, "lines": [{"productId": product, "quantity": int(quantity)}]}
    async with aiohttp.ClientSession(
        os.environ.get("ORDERGATE_URL", "http://127.0.0.1:8080"),
        headers={"Authorization": f"Bearer {api_key}"} if api_key else {},
        timeout=aiohttp.ClientTimeout(total=30),  # longer than the gateway waits for the outcome before it answers 202
    ) as session:
        try:
            outcome = await place_order(session, order, key=f"order-{reference}")
        except Conflict as conflict:
            told = conflict.problem
            print(f"{conflict}; that order is placed: {told.get('placed')}", told.get("operation", ""))
            return 1
    problem = outcome.problem or {}
    match outcome.placed, problem.get("retry"):
        case "yes", _:
            print("placed:", outcome.order["id"] if outcome.order else f"find its id, see {outcome.operation}")
        case "no", "same-key":
            print("not placed; the same key can be used again:", problem["title"], problem.get("violations", ""))
        case "no", _:
            print("not placed, and that is final:", problem.get("title"))
        case _:
            print("not known yet; do not order again, see", outcome.operation or "the orders with this reference")
    return 0 if outcome.placed == "yes" else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main(*sys.argv[1:4])))
