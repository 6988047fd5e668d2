"""How often the collector of circles runs: seldom, for there are hardly any (gateway/README.md)."""

import gc

GC_THRESHOLDS = (20_000, 20, 20)
"""A page of products is some thousand objects, none of them in a circle: looking for circles meanwhile finds none."""


def settle() -> None:
    """Spare the collector what was made until now: it lives as long as the process. What comes is garbage soon."""
    if gc.isenabled():  # else it was off from the beginning of the process, to save the time
        gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    gc.enable()
