"""Requests with bytes changed, lost, doubled and put in: an answer that is described, a bare 400, or a closed line.

ORDERGATE_FUZZ_CASES says how many (300); the same ones every time.
"""

import asyncio
import os
import random
from typing import Any

import pytest

from gateway import listeners
from gateway.api import context
from support.gateway_thread import Served
from support.published_contract import PublishedContract
from support.raw_client import RawAnswer, exchanged, request

CASES = int(os.environ.get("ORDERGATE_FUZZ_CASES", "300"))
AT_ONCE = 25
JSON = ("Content-Type", "application/json")
PIECES = (
    *(b"\r\n", b"\n", b"\r", b"\0", b"\x80", b"\xff", b" ", b"\t", b":", b";", b",", b'"', b"%", b"%00", b"%2f"),
    *(b"{", b"}", b"[[[[", b"]]]]", b"null", b'""', b"NaN", b"1e999", b"-", b"\\ud800", b"\xed\xa0\x80", b"\xf0\x9f"),
    *(
        b"HTTP/1.1",
        b"HTTP/1.0",
        b"Content-Length: 3\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"0\r\n\r\n",
        b"Host: a\r\n",
    ),
    *(b"Expect: 100-continue\r\n", b"Content-Encoding: gzip\r\n", b"Connection: upgrade\r\nUpgrade: h2c\r\n", b"../"),
    *(b"Idempotency-Key: b\r\n", b"Origin: null\r\n", b"Range: bytes=0-\r\n", b"If-None-Match: *\r\n", b"?a=b", b"&"),
)


def seeds(number: int) -> list[bytes]:
    """Return right requests; each number has an order of its own."""
    key = ("Idempotency-Key", f"bytes-{number}")
    body = f'{{"reference":"BYTES-{number}","lines":[{{"productId":"reseller:266-235","quantity":1}}]}}'.encode()
    return [
        request("POST", "/v1/orders", body, [JSON, key]),
        request("POST", "/v1/orders", body, [JSON, key, ("Prefer", "wait=1")]),
        request("POST", "/v1/orders", None, [JSON, key, ("Transfer-Encoding", "chunked")])
        + b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body),
        request("POST", "/v1/availability", b'{"items":[{"productId":"rexel:SCH:S520059"}]}', [JSON]),
        request("POST", "/v1/orders/reseller:9876-1/cancellation", b"{}", [JSON, key]),
        request("PATCH", "/v1/orders/gelato:1/delivery", b'{"methods":["express"]}', [JSON, key]),
        request("GET", "/v1/operations?state=succeeded&limit=3", None, [("Accept", "application/json")]),
        request("GET", "/v1/orders/gelato:..%2F..?", None, [("X-Request-ID", "a.b-c")]),
        request("GET", "/openapi.json", None, [("If-None-Match", '"x"')]),
        request("GET", "/problems/gone", None, [("Authorization", "Bearer x")]),
        request("DELETE", "/v1/operations/0199d0f4-7a52-7c61-9d3e-5f0c6a1b2c3d", None, [key]),
    ]


def damaged(sent: bytes, chance: random.Random) -> bytes:
    """Return the request with one to four wounds."""
    data = bytearray(sent)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(data) + 1)
        upto = min(len(data), at + chance.randint(1, 12))
        match chance.randrange(6):
            case 0:
                data[at:at] = chance.choice(PIECES)
            case 1:
                data[at:upto] = chance.choice(PIECES)
            case 2:
                del data[at:upto]
            case 3:
                data[at:at] = data[at:upto] * chance.choice((1, 2, 500))
            case 4 if at < len(data):
                data[at] ^= 1 << chance.randrange(8)
            case _:
                data[at:at] = chance.randbytes(chance.randint(1, 8))
    return bytes(data)


def wrong(contract: PublishedContract, sent: bytes, answer: RawAnswer) -> list[str]:
    """Say what is not described in an answer to the first request in these bytes."""
    if answer.status < 400 or (answer.status in {400, 408} and not answer.body):
        return []
    method, target = sent.decode("latin-1").split(maxsplit=2)[:2]
    names = ("Content-Type", "X-Request-ID", "Retry-After")
    headers: dict[str, Any] = {name: value for name in names if (value := answer.header(name)) is not None}
    found = contract.complaints(method, target, answer.status, headers, answer.problem)
    if answer.problem_name in {"internal", "adapter-fault"}:
        found.append("a fault of ours")
    return found


async def test_damaged_requests_are_answered_or_cut_off(
    attacked: Served, contract: PublishedContract, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """No 5xx that is not a described problem, no hang, no traceback; afterwards the gateway serves as before."""
    monkeypatch.setattr(listeners, "HEADER_SECONDS", 0.3)
    monkeypatch.setattr(context, "BODY_SECONDS", 0.3)
    chance = random.Random(20260302)
    cases = [damaged(chance.choice(seeds(number)), chance) for number in range(CASES)]
    slots = asyncio.Semaphore(AT_ONCE)
    found: list[tuple[bytes, RawAnswer, list[str]]] = []
    statuses: set[int] = set()

    async def attack(sent: bytes) -> None:
        async with slots:
            answers = await exchanged(attacked.port, sent, seconds=20)
        statuses.update(answer.status for answer in answers)
        # What follows a first answer is answered to bytes that the damage made a request.
        found.extend((sent, answer, told) for answer in answers[:1] if (told := wrong(contract, sent, answer)))
        found.extend((sent, answer, []) for answer in answers[1:] if answer.status >= 500)

    await asyncio.gather(*(attack(sent) for sent in cases))
    assert found == []
    assert {200, 400, 404} <= statuses
    assert "Traceback" not in "".join(capfd.readouterr())
    assert attacked.call("GET", "/v1/idempotency").status == 200
