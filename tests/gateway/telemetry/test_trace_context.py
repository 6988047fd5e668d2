"""W3C Trace Context: what is understood, and what is handed on (sections 3.2 and 3.3 of the recommendation)."""

import pytest
from multidict import CIMultiDict

from gateway.telemetry.trace_context import TraceContext, received

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"
GOOD = f"00-{TRACE}-{SPAN}-01"


def headers(*traceparent: str, state: tuple[str, ...] = ()) -> CIMultiDict[str]:
    """Return headers as they came."""
    return CIMultiDict([("Traceparent", one) for one in traceparent] + [("Tracestate", one) for one in state])


@pytest.mark.parametrize(("flags", "sampled"), [("01", True), ("00", False), ("03", True), ("02", False)])
def test_a_context_is_handed_on_as_it_came(flags: str, sampled: bool) -> None:
    """With its flags, of which one says whether the caller may have recorded it."""
    context = received(headers(f"00-{TRACE}-{SPAN}-{flags}"))
    assert context is not None
    assert context.sampled is sampled
    assert (context.trace_id, context.span_id) == (TRACE, SPAN)
    assert context.headers() == {"traceparent": f"00-{TRACE}-{SPAN}-{flags}"}


@pytest.mark.parametrize(
    "given",
    [
        (),
        ("",),
        (GOOD, GOOD),
        (GOOD.upper(),),
        (f"00-{'0' * 32}-{SPAN}-01",),
        (f"00-{TRACE}-{'0' * 16}-01",),
        (f"ff-{TRACE}-{SPAN}-01",),
        (f"00-{TRACE}-{SPAN}-01-more",),
        (f"00-{TRACE}-{SPAN}",),
        (f"00-{TRACE}-{SPAN}-1",),
        (f"cc-{TRACE}-{SPAN}-01.what",),
        (f"{GOOD}\u0661",),
    ],
)
def test_what_is_no_context_is_as_if_there_were_none(given: tuple[str, ...]) -> None:
    """None of it is handed on."""
    assert received(headers(*given)) is None


def test_of_a_later_version_the_known_part_counts() -> None:
    """Its flags beyond the one that is known are not repeated under our version."""
    context = received(headers(f"cc-{TRACE}-{SPAN}-ff-what-comes-later"))
    assert context == TraceContext(TRACE, SPAN, 1)


@pytest.mark.parametrize(
    ("given", "state"),
    [
        ((), None),
        (("rojo=00f067aa0ba902b7",), "rojo=00f067aa0ba902b7"),
        (("rojo=1", "congo=2"), "rojo=1,congo=2"),
        (("x=" + "y" * 511,), None),
        ((",".join(f"v{number}=1" for number in range(33)),), None),
        (("rojo=\u00fc",), None),
    ],
)
def test_the_state_of_others_goes_along_where_it_is_sound(given: tuple[str, ...], state: str | None) -> None:
    """Several lines are one list; one that is too long or no text is dropped, the trace is not."""
    context = received(headers(GOOD, state=given))
    assert context is not None
    assert context.headers().get("tracestate") == state
