"""Whether another installed distribution brings packages of the same names as ours."""

from collections.abc import Iterable, Mapping
from importlib.metadata import packages_distributions

OURS = "ordergate"
PACKAGES = ("adapters", "policies", "gateway")


def foreign_packages(owners: Mapping[str, Iterable[str]] | None = None) -> list[str]:
    """Return a sentence for each of our import names that another distribution owns too, for `ordergate check`.

    `owners` maps import names to distributions; left out, it is what is installed. Takes a few hundred milliseconds.
    """
    installed = packages_distributions() if owners is None else owners
    return [
        f"the distribution {other} also installs a package named {name!r}: which of the two is imported is a matter of"
        f" luck; install Ordergate into an environment of its own"
        for name in PACKAGES
        for other in sorted(set(installed.get(name, ())) - {OURS})
    ]
