"""Processes made of one that must have no threads: so each test has a program of its own make them."""

import subprocess
import sys

FAMILY = """
import signal, sys
from gateway.workers.forking import Lifeline, fork
lifeline = Lifeline()
children = [fork(lambda report: signal.pause() or 0, lifeline.hold) for _ in range(2)]
sys.stdout.write("born\\n")
sys.stdout.flush()
signal.pause()
"""
TOLD = """
import os, signal, sys
from gateway.workers.forking import fork
def work(report):
    os.write(report, b"one\\ntwo\\nthr")
    os.kill(os.getpid(), signal.SIGINT)
    return 5
def failing(report):
    raise ValueError("canary")
child = fork(work, lambda: None)
heard = []
while (lines := child.heard()) is not None:
    heard += lines
assert (heard, child.buried()) == ([b"one", b"two"], 5)
child = fork(failing, lambda: None)
assert (child.heard(), child.buried()) == (None, 1)
child = fork(lambda report: signal.pause() or 0, lambda: None)
os.kill(child.pid, signal.SIGTERM)
assert (child.heard(), child.buried()) == (None, -signal.SIGTERM)
"""


def test_children_end_with_their_parent() -> None:
    """Also when it is killed: its output, which they hold as well, comes to its end."""
    with subprocess.Popen([sys.executable, "-c", FAMILY], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"born\n"
        process.kill()
        assert process.communicate(timeout=30)[0] == b""


def test_a_child_reports_lines_and_ends_with_its_own_status() -> None:
    """Ctrl-C is not for it, SIGTERM is; what it raises does not go on in the parent's code."""
    ended = subprocess.run([sys.executable, "-c", TOLD], capture_output=True, timeout=30, check=False)
    assert ended.returncode == 0, ended.stderr
    assert b"process failed" in ended.stdout + ended.stderr
