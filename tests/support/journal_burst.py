"""A program that writes to a journal as fast as it can, to be killed meanwhile.

journal_burst.py kills PATH COUNT SEED   fork, write, kill, look, COUNT times; print what was seen as JSON
journal_burst.py sequence PATH COUNT     COUNT pairs of a claim and an update, one after the other
"""

import asyncio
import json
import os
import random
import select
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

from gateway.stores.sqlite import SqliteJournal
from policies.journal import Change
from support.journals import fact, operation, step

WRITERS = 16


async def burst(journal: SqliteJournal, first: int, out: int) -> None:
    """Claim and update for ever, telling each acknowledged change: the operation's number and its version."""
    number = first

    async def write() -> None:
        nonlocal number
        while True:
            mine = number
            number += 1
            claimed = await journal.claim(operation(mine))
            os.write(out, f"{mine} 0\n".encode())
            sending = replace(claimed, state="sending", version=1)
            assert await journal.update(sending, Change((fact("sending"),), (step(),)))
            os.write(out, f"{mine} 1\n".encode())

    await asyncio.gather(*(write() for _ in range(WRITERS)))


async def look(journal: SqliteJournal, acknowledged: dict[int, int]) -> str | None:
    """Say what is not as it was acknowledged, if anything."""
    for number, version in acknowledged.items():
        found = await journal.get(operation(number).id)
        if found is None or found.version < version:
            return f"operation {number} was acknowledged with version {version}, and there is {found}"
        whole = found.version == len(found.evidence) - 1 == len(await journal.steps(found.id))
        if not whole or found.state != ("sending" if found.version else "accepted"):
            return f"half of a change of operation {number} is there: {found}"
    return None


async def live(path: Path, acknowledged: dict[int, int], first: int, out: int) -> None:
    """Open, look at everything acknowledged before, then write until killed."""
    journal = SqliteJournal(path, ephemeral=True)
    await journal.open()
    fault = await look(journal, acknowledged)
    if fault is not None or first < 0:
        os.write(out, (f"fault {fault}\n" if fault else "whole\n").encode())
        await journal.close()
        return
    os.write(out, b"whole\n")
    await burst(journal, first, out)


def kills(path: Path, count: int, seed: int) -> dict[str, object]:
    """Kill a writing child `count` times; each child first looks at what all before it acknowledged."""
    chance = random.Random(seed)
    acknowledged: dict[int, int] = {}
    recent: dict[int, int] = {}
    for kill in range(count + 1):
        last = kill == count
        # Everything once more at the end; between, what the child before had acknowledged.
        told = child(path, acknowledged if last else recent, -1 if last else kill * 1_000_000, chance)
        if told[:1] != ["whole"]:
            return {"fault": told[:1], "acknowledged": len(acknowledged)}
        recent = {}
        for line in told[1:]:
            number, version = line.split()
            recent[int(number)] = int(version)
        acknowledged |= recent
    return {"fault": None, "acknowledged": len(acknowledged), "updated": sum(acknowledged.values())}


def child(path: Path, acknowledged: dict[int, int], first: int, chance: random.Random) -> list[str]:
    """Run a child and kill it a random moment after it began to write; return the lines it wrote."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        asyncio.run(live(path, acknowledged, first, writing))
        os._exit(0)
    os.close(writing)
    text = bytearray()
    kill_at = None
    until = time.monotonic() + 20
    while (now := time.monotonic()) < until:
        if kill_at is not None and now >= kill_at:
            break
        wait = until - now if kill_at is None else kill_at - now
        if select.select([reading], [], [], wait)[0]:
            part = os.read(reading, 65536)
            text += part
            if not part:
                break
            if kill_at is None and b"\n" in text and first >= 0:
                kill_at = time.monotonic() + chance.uniform(0.001, 0.08)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    while part := os.read(reading, 65536):
        text += part
    os.close(reading)
    # What stands after the last end of a line was not told wholly.
    return text.decode().split("\n")[:-1]


async def sequence(path: Path, count: int) -> None:
    """Write one change after the other."""
    journal = SqliteJournal(path, ephemeral=True)
    await journal.open()
    for number in range(count):
        claimed = await journal.claim(operation(number))
        assert await journal.update(replace(claimed, state="sending", version=1), Change((fact(),), (step(),)))
    await journal.close()


if __name__ == "__main__":
    place, times = Path(sys.argv[2]), int(sys.argv[3])
    if sys.argv[1] == "kills":
        sys.stdout.write(json.dumps(kills(place, times, int(sys.argv[4]))))
    else:
        asyncio.run(sequence(place, times))
