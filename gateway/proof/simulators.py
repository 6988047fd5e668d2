"""The process of the simulators: one for each account, dealing faults, and killing gateways in mid-request."""

import asyncio
import re
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec

from adapters.contract.simulator import Received, Reply, Simulator
from gateway.proof.accounts import ACCOUNTS, Account, simulators
from gateway.proof.board import Board
from gateway.proof.plan import LAG, LATE_ERRORS, SLOW, Plan
from gateway.simulation import served
from gateway.telemetry.logs import silence_servers

AGENT = "ordergate-proof/"
"""What a gateway calls itself towards simulators, its number behind it."""


class Watched(Simulator):
    """A simulator that tells the board of requests that place something, before and after it did."""

    def __init__(self, simulator: Simulator, account: Account, board: Board) -> None:
        self._simulator = simulator
        self._account = account
        self._board = board

    def handle(self, received: Received) -> Reply:
        """Answer as the simulator does; some answers lost after the deed become a server error."""
        sender = re.fullmatch(rf"{AGENT}(\d+)", received.headers.get("user-agent", ""))
        if sender is None or not self._account.commits(received):
            return self._simulator.handle(received)
        self._board.reached(int(sender[1]), "arrived")
        reply = self._simulator.handle(received)
        self._board.reached(int(sender[1]), "executed")
        done = reply.response.status < 300
        if done and reply.delivery == "dropped" and self._simulator.random.random() < LATE_ERRORS:
            return Reply(self._simulator.server_error(500))
        return reply


def run(plan: Plan, board: Board, report: int, until: Callable[[], None]) -> None:
    """Serve every account's simulator, having written where each is to `report` as a line of JSON."""
    asyncio.run(_serve(plan, board, report, until))


async def _serve(plan: Plan, board: Board, report: int, until: Callable[[], None]) -> None:
    silence_servers()
    made = simulators(plan, lambda: datetime.now(UTC), lag=LAG, slow=SLOW)
    watched = {one.name: Watched(made[one.name], one, board) for one in ACCOUNTS}
    until()
    async with served(watched) as urls:
        with open(report, "wb", closefd=False, buffering=0) as pipe:  # noqa: ASYNC230 - a pipe, once
            pipe.write(msgspec.json.encode(urls) + b"\n")
        await asyncio.Event().wait()
