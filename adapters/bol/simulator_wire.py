"""How the simulated bol speaks: media types, problems, times, and the checks of what it is sent."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from adapters.contract import codec
from adapters.contract.simulator import Received
from adapters.contract.wire import HttpResponse

MEDIA_TYPE = "application/vnd.retailer.v10+json"
ADVERTISER = "application/vnd.advertiser.v10+json"
"""The Shared API also answers advertisers (Shared API v10 spec)."""
PLAIN = "application/json"
PROBLEMS = "https://api.bol.com/problems"
AMSTERDAM = timezone(timedelta(hours=1))
PAGE = 50


class Refused(Exception):
    """A request that is answered with a problem."""

    def __init__(self, response: HttpResponse) -> None:
        super().__init__(response.status)
        self.response = response


def answer(status: int, value: Any, media_type: str = MEDIA_TYPE) -> HttpResponse:
    """Return a body in bol's media type."""
    return HttpResponse(status, {"content-type": f"{media_type};charset=UTF-8"}, codec.encode(value))


def problem(status: int, title: str, detail: str, **more: Any) -> HttpResponse:
    """Return a Problem. Only a 400 has `violations`: captures of 401, 403, 404 and 429 have none."""
    return answer(status, {"title": title, "status": status, "detail": detail, **more})


def bad_request(violations: Iterable[tuple[str, str]], received: Received) -> Refused:
    """Return the refusal of a request that does not meet the specification, as API Conventions shows it."""
    return Refused(
        problem(
            400,
            "Error validating request. Consult the bol.com API documentation for more information.",
            "Bad request",
            type=PROBLEMS,
            host="Instance-001",
            instance=f"https://api.bol.com{received.path}",
            violations=[{"name": name, "reason": reason} for name, reason in violations],
        )
    )


def not_found(what: str) -> Refused:
    """Return the refusal for something that does not exist."""
    return Refused(problem(404, "Not Found", f"{what} could not be found.", type=PROBLEMS))


def check_accept(received: Received, *known: str) -> str:
    """Return the media type of the answer. Refuses an Accept header that names none: the version is in it."""
    accepted = [part.partition(";")[0].strip().lower() for part in received.headers.get("accept", "").split(",")]
    for media_type in known:
        if media_type in accepted:
            return media_type
    raise Refused(problem(406, "Not Acceptable", f"Accept one of: {', '.join(known)}.", type=PROBLEMS))


def check_language(received: Received, *known: str) -> None:
    """Refuse an Accept-Language that the operation does not know; without one it is Dutch."""
    language = received.headers.get("accept-language")
    if language is not None and language not in known:
        raise Refused(problem(406, "Not Acceptable", f"Accept-Language is one of: {', '.join(known)}.", type=PROBLEMS))


def body_of(received: Received, *known: str) -> dict[str, Any]:
    """Return the JSON object of a body. Refuses another media type, and what is not an object."""
    if not received.media_type():
        raise bad_request([("Content-Type", f"Missing. Allowed values: {', '.join(known)}.")], received)
    if received.media_type() not in known:
        detail = f"Content-Type is one of: {', '.join(known)}."
        raise Refused(problem(415, "Unsupported Media Type", detail, type=PROBLEMS))
    try:
        body = received.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise bad_request([("body", "Request body is not a JSON object.")], received)
    return body


def check_members(
    value: Mapping[str, Any], required: Mapping[str, type], optional: Mapping[str, type], prefix: str = ""
) -> list[tuple[str, str]]:
    """Return the violations of an object: missing, unknown, of a wrong type, empty.

    Null is taken for absent ("only null or non-empty strings"), an empty string is a value and is refused.
    """
    known, found = {**required, **optional}, []
    for name, content in value.items():
        if name not in known:
            found.append((f"{prefix}{name}", "Request contains an unknown member."))
        elif content is None:
            continue
        elif isinstance(content, bool) is not (known[name] is bool) or not isinstance(content, known[name]):
            found.append((f"{prefix}{name}", "Request contains a value of a wrong type."))
        elif content in ("", [], {}):
            found.append((f"{prefix}{name}", "Must not be empty."))
    found += [(f"{prefix}{name}", "Must not be null.") for name in required if value.get(name) is None]
    return found


def choice(received: Received, name: str, allowed: tuple[str, ...], default: str | None = None) -> str | None:
    """Return a query value of an enumeration; values are case-sensitive."""
    value = received.value(name, default)
    if value is not None and value not in allowed:
        reason = f"Request contains invalid value(s): '{value}', allowed values: {', '.join(allowed)}."
        raise bad_request([(name, reason)], received)
    return value


def page_number(received: Received, last: int = 1_000_000) -> int:
    """Return the page asked for, 1 without."""
    text = received.value("page", "1") or ""
    if not (text.isascii() and text.isdecimal() and len(text) <= 7 and 1 <= int(text) <= last):
        raise bad_request([("page", f"Must be between 1 and {last}.")], received)
    return int(text)


def paged(items: list[Any], page: int) -> list[Any]:
    """Return one page of items."""
    return items[(page - 1) * PAGE : page * PAGE]


def time(moment: datetime) -> str:
    """Return a time as bol writes it: seconds, with an offset."""
    return moment.astimezone(AMSTERDAM).isoformat(timespec="seconds")


def long_time(moment: datetime) -> str:
    """Return a time with nine fraction digits, as process statuses have been seen with."""
    local = moment.astimezone(AMSTERDAM)
    return f"{local:%Y-%m-%dT%H:%M:%S}.{local.microsecond:06d}429+01:00"
