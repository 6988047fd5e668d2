"""One deadline for all hops of a request."""

from policies.deadline import Deadline


def test_what_is_left_is_shared_by_all_hops() -> None:
    """Each gets its own bound or the rest, and nothing is left once it is over."""
    now = 100.0
    deadline = Deadline(110.0, lambda: now)
    assert (deadline.left(), deadline.share(3.0), deadline.share(30.0)) == (10.0, 3.0, 10.0)
    assert deadline.allows(10.0)
    assert not deadline.allows(10.1)
    now = 111.0
    assert (deadline.left(), deadline.share(3.0), deadline.allows(0.0)) == (0.0, 0.0, False)
