"""Words of providers as canonical values: amounts keep their digits, times are in UTC and whole seconds."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from adapters.contract.errors import MalformedResponse
from adapters.contract.models import values
from adapters.contract.models.resources import Money


@pytest.mark.parametrize(
    ("written", "amount"),
    [
        ("19.90", "19.90"),
        ("0", "0"),
        (0, "0"),
        (-7, "-7"),
        (10**31 - 1, "9" * 31),
        ("-0.50", "-0.50"),
        (" 12 ", "12"),
        ("007.5", "7.5"),
        ("1e3", "1000"),
        ("1.2E-3", "0.0012"),
        ("0" * 70 + "1", "1"),
    ],
)
def test_an_amount_keeps_its_digits(written: Any, amount: str) -> None:
    """Exponents are written out, and what no number begins with goes."""
    assert values.optional_money(written, "EUR", True) == Money(amount=amount, currency="EUR", tax_included=True)


@pytest.mark.parametrize(
    "written", [True, False, "dear", "NaN", "Infinity", "1e40", 10**31, "1e-31", [], {}, " ", "0" * 100 + "1"]
)
def test_what_is_no_amount_is_malformed(written: Any) -> None:
    """An amount is never made up, and truth is no number: also where 1 and 0 were amounts before."""
    assert values.optional_money(1, "EUR") != values.optional_money(0, "EUR")
    with pytest.raises(MalformedResponse):
        values.optional_money(written, "EUR")


@pytest.mark.parametrize(("written", "currency"), [(None, "EUR"), ("", "EUR"), ("1", None), ("1", ""), ("dear", None)])
def test_without_amount_or_currency_there_is_no_money(written: Any, currency: str | None) -> None:
    """Nobody knows what it would be in."""
    assert values.optional_money(written, currency) is None


def test_the_same_digits_are_other_money_in_another_currency_or_with_tax() -> None:
    """What is remembered of one is not taken for the other."""
    seen = [values.optional_money("1.00", code, tax) for code in ("EUR", "USD") for tax in (None, True, False)]
    assert len({(money.currency, money.tax_included) for money in seen if money}) == len(seen)


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2026-03-02T09:41:07+00:00", datetime(2026, 3, 2, 9, 41, 7, tzinfo=UTC)),
        ("2026-03-02T09:41:07.999999999Z", datetime(2026, 3, 2, 9, 41, 7, tzinfo=UTC)),
        (" 2026-03-02T11:41:07.5+02:00", datetime(2026, 3, 2, 9, 41, 7, tzinfo=UTC)),
        ("2026-03-02T09:41:07.5", datetime(2026, 3, 2, 9, 41, 7, tzinfo=UTC)),
        ("2026-03-02", datetime(2026, 3, 2, tzinfo=UTC)),
        ("0001-01-01T00:00:00+02:00", None),
        ("yesterday", None),
        ("2026-03-02T09:41:07." + "0" * 60, None),
        (1772444467, None),
        (None, None),
    ],
)
def test_a_time_is_read_in_utc_and_whole_seconds(written: Any, moment: datetime | None) -> None:
    """Fractions are cut, no offset means UTC, and anything else is not said."""
    read = values.timestamp(written)
    assert read == moment
    assert read is None or read.tzinfo is UTC


@pytest.mark.parametrize(
    ("given", "number"),
    [
        ("06-12345678", "+31612345678"),
        ("+31 (0)6 1234 5678", "+31612345678"),
        ("0031.6.12.34.56.78", "+31612345678"),
        ("+49 30/1234567", "+49301234567"),
        ("٠٦١٢٣٤٥٦٧٨", "+31612345678"),
        ("06-12345678 ext 5", None),
        ("06-12345678;ext=5", None),
        ("06-12345678#5", None),
        ("06-12345678/x5", None),
        ("06-12345678w5", None),
        ("06-12345678 (Jan)", None),
        ("call 06-12345678", None),
        ("12", None),
        ("", None),
    ],
)
def test_a_phone_number_becomes_e_164_where_nothing_of_it_is_lost(given: str, number: str | None) -> None:
    """An extension has no place in E.164, and a word beside the digits none either: it stays as it was said."""
    assert values.phone(given, "NL") == (number or given)


@pytest.mark.parametrize(
    ("stated", "moment"),
    [
        ("2026-03-02T09:41:07Z", datetime(2026, 3, 2, 9, 41, 7, tzinfo=UTC)),
        ("2026-03-02t11:41:07.5+02:00", datetime(2026, 3, 2, 9, 41, 7, 500_000, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", datetime.min.replace(tzinfo=UTC)),
        (datetime(2026, 3, 2, 9, tzinfo=timezone(timedelta(hours=-1))), datetime(2026, 3, 2, 10, tzinfo=UTC)),
    ],
)
def test_a_time_of_a_caller_is_one_in_utc(stated: Any, moment: datetime) -> None:
    """Whatever the offset, so that it is reckoned and compared alike everywhere."""
    read = values.instant(stated)
    assert (read, read.tzinfo) == (moment, UTC)


@pytest.mark.parametrize(
    "stated",
    [
        "2026-03-02T09:41:07",
        "2026-03-02",
        "2026-13-02T09:41:07Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        datetime(2026, 3, 2, tzinfo=UTC).replace(tzinfo=None),
        1772444467,
        None,
    ],
)
def test_what_is_no_time_in_utc_is_refused(stated: Any) -> None:
    """Text without an offset, days that do not exist, and times that only their offset keeps within the calendar."""
    with pytest.raises(ValueError, match=r"RFC 3339|month|UTC"):
        values.instant(stated)


@pytest.mark.parametrize(("written", "text"), [(None, None), ("", None), (" \t\u00a0", None), (" a ", " a ")])
def test_text_says_something_or_is_absent(written: str | None, text: str | None) -> None:
    """Blanks of any kind say nothing; around words they stay."""
    assert values.said(written) == text
