from iso4217 import Currency

from adapters.contract.models.values import CURRENCIES


def test_the_currencies_are_those_of_iso_4217() -> None:
    """The table as its maintenance agency publishes it, in the package's edition of it."""
    assert {entry.code for entry in Currency} == CURRENCIES
