"""Turn words of callers and providers into canonical values: money, times, countries, currencies, phones."""

import re
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Annotated, Any

from pydantic import BeforeValidator

from adapters.contract.errors import MalformedResponse
from adapters.contract.models.resources import Money
from adapters.contract.remembered import Remembered

COUNTRIES = frozenset(
    """
AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD
CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF
GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN
KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA
NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI
SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI
VN VU WF WS YE YT ZA ZM ZW
""".split()
)
"""ISO 3166-1 alpha-2. The United Kingdom is GB."""

CURRENCIES = frozenset(
    """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CLF
CLP CNY COP COU CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF
IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT
MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD
SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD USN UYI UYU UYW UZS
VED VES VND VUV WST XAD XAF XAG XAU XBA XBB XBC XBD XCD XCG XDR XOF XPD XPF XPT XSU XTS XUA XXX YER ZAR ZMW ZWG
""".split()
)
"""ISO 4217, the current codes. A test holds them against the published table."""

_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)")


def instant(value: Any) -> datetime:
    """Return the time that RFC 3339 text names, in UTC.

    Raises ValueError for anything else: text without an offset, and a time that is before the year 1 or after 9999 in
    UTC, with which nobody could reckon.
    """
    if isinstance(value, str) and _RFC3339.fullmatch(value):
        value = datetime.fromisoformat(value.upper())
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise ValueError("not an RFC 3339 date-time such as 2026-11-22T10:00:00Z")
    try:
        return value.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("in UTC this is before the year 1 or after the year 9999") from error


_LARGEST = 10**31
_LONGEST = 100  # characters of an amount, with room for zeros and spaces around
# Digits of any script, and what is put between them.
_PHONE = re.compile(r"[\d\s+()\[\]./~\-\u2010-\u2015\u2212\uff0b\uff0d]+")
# What most providers write: nothing to parse, to refuse or to write out.
_PLAIN = re.compile(r"-?(?:0|[1-9][0-9]{0,29})(?:\.[0-9]{1,30})?")

AwareDatetime = Annotated[datetime, BeforeValidator(instant)]
"""A time read from RFC 3339 text with an offset, in UTC."""


def country(code: str) -> str:
    """Return the code. Raises ValueError unless it is ISO 3166-1 alpha-2 in upper case."""
    if code not in COUNTRIES:
        raise ValueError("not an ISO 3166-1 alpha-2 country code in upper case")
    return code


def load_phone_numbers() -> None:
    """Load what knows phone numbers, which is large: else the first one that comes waits for it."""
    phone("+31201234567")


def currency(code: str) -> str:
    """Return the code. Raises ValueError unless it is a current ISO 4217 code in upper case."""
    if code not in CURRENCIES:
        raise ValueError("not an ISO 4217 currency code in upper case")
    return code


def amount(value: Any) -> str:
    """Return decimal text for what a provider wrote: an integer, a fraction (decoded to text) or numeric text.

    Digits stay as they are; exponents are written out. Raises MalformedResponse for anything else, and for text of more
    than 100 characters.
    """
    if isinstance(value, str) and _PLAIN.fullmatch(value):
        return value
    if type(value) is int and abs(value) < _LARGEST:
        return str(value)
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise MalformedResponse("An amount is neither a number nor numeric text.")
    if isinstance(value, str) and len(value) > _LONGEST:
        raise MalformedResponse("An amount is longer than any money is.")
    text = str(value).strip()
    try:
        number = Decimal(text)
    except InvalidOperation as error:
        raise MalformedResponse("An amount is not a decimal number.") from error
    if not number.is_finite() or number.adjusted() > 30 or number.as_tuple().exponent < -30:  # type: ignore[operator]
        raise MalformedResponse("An amount is not a number of money.")
    return format(number, "f")


def optional_money(value: Any, currency_code: str | None, tax_included: bool | None = None) -> Money | None:
    """Return Money, or None where the provider (or the configuration, for the currency) says nothing."""
    if value is None or not currency_code:
        return None
    if isinstance(value, str):
        return prices(currency_code, tax_included)[value]
    return Money(amount=amount(value), currency=currency_code, tax_included=tax_included)


@lru_cache(maxsize=256)
def prices(currency_code: str | None, tax_included: bool | None = None) -> Remembered[str, Money | None]:
    """Return what `optional_money` says of text, remembered: the same prices come again and again."""

    def price(text: str) -> Money | None:
        if not text or not currency_code:
            return None
        return Money(amount=amount(text), currency=currency_code, tax_included=tax_included)

    return Remembered(price)


def timestamp(value: Any) -> datetime | None:
    """Return an aware UTC time in whole seconds for ISO 8601 text, or None for anything else.

    Fractions of any length are cut; text without an offset is taken as UTC.
    """
    if not isinstance(value, str) or len(value) > 64:
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
    except ValueError:
        return None
    if moment.tzinfo is UTC and not moment.microsecond:
        return moment  # as most providers write it
    try:
        moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except OverflowError:
        return None
    return moment.replace(microsecond=0)


def phone(number: str, country_code: str | None = None) -> str:
    """Return the number in E.164 where it parses as a possible number of that country, else as given.

    What stands beside the digits would not come along, so it stays as given with an extension, a name or any word.
    """
    import phonenumbers

    if _PHONE.fullmatch(number) is None:
        return number
    try:
        parsed = phonenumbers.parse(number, country_code)
    except phonenumbers.NumberParseException:
        return number
    if not phonenumbers.is_possible_number(parsed):
        return number
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def stated_country(value: Any) -> str | None:
    """Return the ISO 3166-1 alpha-2 code that a provider states, in any case; None for anything else."""
    code = value.strip().upper() if isinstance(value, str) else ""
    return code if code in COUNTRIES else None


def stated_currency(value: Any, default: str | None) -> str | None:
    """Return the ISO 4217 code that a provider states, `default` where it states none.

    None for a word that is no currency: amounts are then left out, because nobody knows what they are in.
    """
    if value is None or value == "":
        return default
    return value if isinstance(value, str) and value in CURRENCIES else None


def text(value: Any, limit: int = 2000) -> str | None:
    """Return non-empty text (numbers become text), cut to `limit`; None for null, "", and what is not text."""
    if isinstance(value, str):
        if not value or value.isspace():
            return None
        return value if len(value) <= limit else value[:limit]
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def said(text: str | None) -> str | None:
    """Return text that says something: None for "" and for spaces, as for text that is absent."""
    return text if text and not text.isspace() else None


def integer(value: Any) -> int | None:
    """Return a whole number for an integer or integer text of at most 18 digits, None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if abs(value) < 10**18 else None
    if isinstance(value, str) and len(value) <= 18 and value.strip().removeprefix("-").isdecimal():
        return int(value)
    return None
