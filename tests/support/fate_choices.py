"""What the state machine chooses from."""

import hypothesis.strategies as st

from support.pretended_shop import FATES, ORDER_SECONDS, SETTLE, TRAITS, Fate

accounts = st.sampled_from(["keyed", *sorted(TRAITS)])
numbers = st.integers(0, 1)
fates = st.sampled_from(FATES)
doubts: st.SearchStrategy[Fate] = st.sampled_from(
    ["error-before", "error-after", "lost-before", "lost-after", "hangs", "strays"]
)
more_fates = st.lists(fates, max_size=2)
instances = st.integers(0, 1)
products = st.sampled_from(["1", "1", "1", "2"])
"""What is ordered under a reference; whoever orders something else under it has another key."""
waits = st.sampled_from([10.0, 0.0])
"""How long callers wait: to the end here, or not at all."""
second_fates: st.SearchStrategy[Fate] = st.sampled_from([*FATES, "refused", "refused"])
LATE = ORDER_SECONDS - 1.0
"""Seconds after which a request may just still arrive."""
pauses = st.sampled_from([0.0, 1.0, LATE, ORDER_SECONDS, SETTLE, 75.0, 75.0, 300.0, 1000.0])
# Among them the sum at which the order of a late request does not show yet, and that of one in time would.
rests = st.sampled_from([1.0, SETTLE - LATE, SETTLE])
moments = st.tuples(st.sampled_from([1.0, LATE]), rests, rests)
