"""Tries a write again of which nothing was executed.

    nothing executed ── its caller waits ───────────► again, after a pause, in the same run ──► … or told "not placed"
                    └── told that it goes on ───────► back into the journal; whoever takes it when it is due goes on

Both store `accepted` first, without doubt: whatever happens then, the journal says that nothing was executed. The next
try records `sending` like the first one, under the same fence, so a run that lost its claim meanwhile sends nothing.
"""

import asyncio
from datetime import UTC, datetime, timedelta

from gateway.errors import rule
from gateway.operations.run import Run
from gateway.points import reach
from policies.retry import Try, next_try


async def may_begin(run: Run) -> bool:
    """Tell whether a run may send: the budget bears a try after the first, or else it is put back for later.

    The budget is for what was sent and not executed. What never left needs none; and what is in doubt is sent again to
    find out, at pauses of its own: to put that back would be to say that nothing was executed.
    """
    operation = run.operation
    if operation.doubt or operation.attempts == 0 or run.tries == 0:
        return True
    if run.attended.left() > 0 or run.provider.guard.takes_retry():
        return True
    await _put_back(run, "RetryBudget", _pause(run))
    return False


async def repeated(run: Run, error: Exception, stopping: asyncio.Event) -> Try:
    """Decide what follows the error that a flow ended in, and do it, but for an end: that is the caller's to store.

    Returns "now" when the pause is over and the flow is to be run again. Raises LeaseLost, JournalUnavailable.
    """
    guard, repeat = run.provider.guard, rule(error).repeat
    if repeat == "never" or not guard.writes.most or not run.is_unexecuted(error):
        return "end"
    wait = max(_pause(run), getattr(error, "retry_after", None) or 0.0)
    attended = run.attended.left()
    following = next_try(
        repeat,
        again=run.tries < guard.writes.most and not stopping.is_set(),
        wait=wait,
        attended=attended,
        wanted=run.wanted_seconds(),
    )
    match following:
        case "now" if not guard.takes_retry():
            return "end"
        case "now":
            await run.put_back(type(error).__name__)
            return await _rested(wait, stopping)
        case "later":
            await _put_back(run, type(error).__name__, wait)
    return following


async def _rested(seconds: float, stopping: asyncio.Event) -> Try:
    """Wait; the gateway's own end is the end of that too."""
    try:
        async with asyncio.timeout(seconds):
            await stopping.wait()
    except TimeoutError:
        return "now"
    return "end"


async def _put_back(run: Run, cause: str, wait: float) -> None:
    await run.put_back(cause, datetime.now(UTC) + timedelta(seconds=wait))
    reach("put-back")


def _pause(run: Run) -> float:
    guard = run.provider.guard
    return guard.writes.pause(run.tries, guard.chance)
