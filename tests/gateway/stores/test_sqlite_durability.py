"""What survives: kill -9 in the middle of writing, and how often the disk is told to keep what was acknowledged."""

import asyncio
import json
import os
import re
import shutil
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parents[2] / "support" / "journal_burst.py"
KILLS = 20


async def _run(*command: str) -> tuple[int, str, str]:
    # The program runs the product of this tree, installed or not.
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(str(PROGRAM.parents[up]) for up in (1, 2))}
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, env=environment
    )
    out, err = await asyncio.wait_for(process.communicate(), 50)
    return process.returncode or 0, out.decode(), err.decode()


@pytest.mark.skipif(sys.platform == "win32", reason="forks")
async def test_every_acknowledged_change_is_there_after_kill_9(tmp_path: Path) -> None:
    """Whole, whenever the process is killed; and the next process opens the file at once, its lock notwithstanding."""
    seed = os.urandom(4).hex()
    command = [sys.executable, str(PROGRAM), "kills", str(tmp_path / "journal.db"), str(KILLS), str(int(seed, 16))]
    status, out, err = await _run(*command)
    assert status == 0, (seed, err)
    seen = json.loads(out)
    assert seen["fault"] is None, (seed, seen)
    assert seen["acknowledged"] >= KILLS, seen


@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")
async def test_each_acknowledged_change_waited_for_the_disk(tmp_path: Path) -> None:
    """One after the other, every change has its own fdatasync."""
    count = 25
    trace = tmp_path / "trace"
    command = ["strace", "-f", "-q", "-e", "trace=fdatasync,fsync", "-o", str(trace), sys.executable, str(PROGRAM)]
    status, _, err = await _run(*command, "sequence", str(tmp_path / "journal.db"), str(count))
    if status != 0 and ("ptrace" in err or "PTRACE" in err):
        pytest.skip("tracing is not allowed here")
    assert status == 0, err
    done = re.findall(r"(?:fdatasync|fsync)\(\d+\) += 0|<\.\.\. (?:fdatasync|fsync) resumed>.* = 0", trace.read_text())
    assert len(done) >= 2 * count
