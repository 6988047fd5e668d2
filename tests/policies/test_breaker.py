"""A provider that only fails is left alone, for growing pauses, until it answers a read."""

from hypothesis import given
from hypothesis import strategies as st

from policies.breaker import Breaker, BreakerSettings


def breaker(chance: float = 1.0, **settings: int) -> Breaker:
    """Return a closed circuit whose pauses are as long as may be."""
    return Breaker(BreakerSettings(**settings), lambda: chance)


def fail(circuit: Breaker, times: int, now: float = 0.0) -> list[bool]:
    """Let requests fail; return for each whether the circuit opened by it."""
    return [circuit.seen(trouble=True, generation=circuit.generation, now=now) for _ in range(times)]


def succeed(circuit: Breaker, times: int, now: float = 0.0) -> None:
    for _ in range(times):
        assert not circuit.seen(trouble=False, generation=circuit.generation, now=now)


def test_five_failures_in_a_row_open_it() -> None:
    """Four and a success do not, whatever came before."""
    circuit = breaker()
    for _ in range(10):
        fail(circuit, 4)
        succeed(circuit, 16)
    assert circuit.state(0.0) == "closed"
    assert fail(circuit, 5) == [False] * 4 + [True]
    assert (circuit.state(0.0), circuit.state(9.9), circuit.state(10.0)) == ("open", "open", "half-open")


def test_half_of_twenty_within_half_a_minute_open_it() -> None:
    """Not half of nineteen, and not twenty over a longer time."""
    circuit, slow = breaker(failures=100), breaker(failures=100)
    for number in range(9):
        succeed(circuit, 1, now=number)
        assert fail(circuit, 1, now=number) == [False]
    succeed(circuit, 1, now=28.0)
    assert fail(circuit, 1, now=29.0) == [True]
    for number in range(50):
        succeed(slow, 1, now=number * 4.0)
        assert fail(slow, 1, now=number * 4.0) == [False]


def test_pauses_double_while_it_does_not_help_up_to_five_minutes() -> None:
    """10 s·2ⁿ, at most 300 s, shortened by up to a fifth so that not all instances ask at once."""
    circuit, early = breaker(), breaker(chance=0.0)
    fail(circuit, 5)
    fail(early, 5)
    assert (circuit.open_until, early.open_until) == (10.0, 8.0)
    now, pauses = 10.0, []
    for _ in range(7):
        circuit.failed(now)
        assert circuit.open_until is not None
        pauses.append(circuit.open_until - now)
        now = circuit.open_until
    assert pauses == [20.0, 40.0, 80.0, 160.0, 300.0, 300.0, 300.0]


def test_a_provider_that_flaps_is_left_alone_for_longer() -> None:
    """Opened again within half a minute of closing the pause doubles; after a calm time it begins anew."""
    circuit = breaker()
    fail(circuit, 5)
    circuit.answered(10.0)
    fail(circuit, 5, now=39.0)
    assert circuit.open_until == 59.0
    circuit.answered(59.0)
    fail(circuit, 5, now=100.0)
    assert circuit.open_until == 110.0


def test_what_was_sent_before_says_nothing_after() -> None:
    """Answers that come late, from before it opened or closed, count no more."""
    circuit = breaker()
    before = circuit.generation
    fail(circuit, 5)
    circuit.answered(10.0)
    for _ in range(50):
        assert not circuit.seen(trouble=True, generation=before, now=10.0)
    assert circuit.state(10.0) == "closed"


def test_callers_are_told_when_it_is_worth_asking_again() -> None:
    """Until it is asked, and a second while it is being asked; nothing where it is closed."""
    circuit = breaker()
    assert circuit.refused_for(0.0) == 0.0
    fail(circuit, 5)
    assert (circuit.refused_for(4.0), circuit.refused_for(9.9), circuit.refused_for(12.0)) == (6.0, 1.0, 1.0)


def test_one_look_up_a_second_passes_an_open_circuit() -> None:
    """What is in doubt has to be found out during an outage too."""
    circuit = breaker()
    assert [circuit.may_look(0.0) for _ in range(3)] == [True] * 3
    fail(circuit, 5)
    passed = [tenth / 10 for tenth in range(40) if circuit.may_look(tenth / 10)]
    assert passed == [0.0, 1.0, 2.0, 3.0]


def test_a_circuit_that_is_switched_off_never_opens() -> None:
    """`breaker_failures: 0`."""
    assert not any(fail(breaker(failures=0), 500))


@given(st.lists(st.tuples(st.floats(0, 20), st.booleans()), max_size=200))
def test_an_open_circuit_is_always_one_that_failed_enough(steps: list[tuple[float, bool]]) -> None:
    """It opens only by a failure, after five in a row or half of twenty in the last half minute."""
    circuit, now, seen = breaker(), 0.0, list[tuple[int, bool]]()
    for pause, trouble in steps:
        now += pause
        opened = circuit.seen(trouble=trouble, generation=circuit.generation, now=now)
        seen.append((int(now), trouble))
        recent = [one for second, one in seen if second > int(now) - 30]
        in_a_row = len(seen) >= 5 and all(one for _, one in seen[-5:])
        assert opened == (trouble and (in_a_row or (len(recent) >= 20 and sum(recent) * 2 >= len(recent))))
        if opened:
            circuit.answered(now)
            seen.clear()
