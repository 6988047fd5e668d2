"""Simulators take any request without stumbling, refuse as their provider would, and stay small."""

import random
from collections.abc import Iterator
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.contract.errors import ProviderError
from adapters.contract.simulator import Received, Simulator
from adapters.contract.wire import HttpRequest, HttpResponse
from support.conformance import Account, Subject
from support.conformance_calls import KNOWN, Recording, recordings
from support.conformance_values import REPLACEMENTS, exact, places, replaced, shape

METHODS = st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "get", "", "X" * 50])
SEGMENTS = st.text(max_size=8) | st.sampled_from(
    "orders order search shipments retailer shared process-status products list v2 public catalog token Login Customer "
    "Categories Types Detail external quotes units %2F %zz .. . 1 -1 ٣ _simulator".split()
)
HEADERS = st.dictionaries(
    st.sampled_from(["authorization", "accept", "content-type", "accept-language", "x-api-key", "h-region-code"]),
    st.text(max_size=20) | st.sampled_from(["application/json", "Basic x", "Bearer ", "Basic /w==", "text/html"]),
    max_size=4,
)
PAIRS = st.lists(
    st.tuples(st.text(max_size=8) | st.sampled_from(["page", "status", "size"]), st.text(max_size=8)), max_size=3
)
BODIES = st.binary(max_size=40) | st.sampled_from([b"", b"null", b"[]", b"{}", b"[" * 3000, b"1e999", b'"x"', b"\xff"])


def check(response: HttpResponse) -> None:
    """Raise AssertionError unless a response is one that a server can send."""
    assert 200 <= response.status < 600
    assert response.status != 500, response.body
    assert all(isinstance(value, str) for value in response.headers.values())
    assert all(name == name.lower() for name in response.headers)


@settings(max_examples=40)
@given(method=METHODS, segments=st.lists(SEGMENTS, max_size=5), query=PAIRS, headers=HEADERS, body=BODIES)
def test_anybody_may_send_anything(
    subject: Subject,
    method: str,
    segments: list[str],
    query: list[tuple[str, str]],
    headers: dict[str, str],
    body: bytes,
) -> None:
    """Any method, path, query, headers and body is answered, control paths included."""
    account = Account(subject)
    received = Received(method, "/" + "/".join(segments), tuple(query), headers, body)
    check(account.simulator.handle(received).response)


def changed_bodies(body: bytes, chance: random.Random) -> Iterator[bytes]:
    """Yield a body that is cut, of another sort, or with one of its values replaced."""
    yield from (b"", b"null", b"[]", b"{}", b"[" * 3000, body[: len(body) // 2], body + b"}", b"\xff" + body)
    try:
        value = exact(body)
    except msgspec.DecodeError:
        return
    for path in {shape(path): path for path in places(value)}.values():
        for new in chance.sample(REPLACEMENTS, 8):
            yield msgspec.json.encode(replaced(value, path, new))


def changed_requests(request: HttpRequest, ready: HttpRequest, chance: random.Random) -> Iterator[Received]:
    """Yield an authorized request with one thing about it changed."""
    good = Received.of(ready)
    for body in changed_bodies(good.body, chance):
        yield Received(good.method, good.path, good.query, good.headers, body)
    for method in ("GET", "POST", "PUT", "DELETE", "PATCH"):
        yield Received(method, good.path, good.query, good.headers, good.body)
    for name in good.headers:
        yield Received(good.method, good.path, good.query, {**good.headers, name: "zq"}, good.body)
        rest = {key: value for key, value in good.headers.items() if key != name}
        yield Received(good.method, good.path, good.query, rest, good.body)
    for pairs in (
        (),
        *((*good.query, pair) for pair in (("page", "0"), ("page", "x"), ("page", "9" * 30), ("zq", ""))),
    ):
        yield Received(good.method, good.path, pairs, good.headers, good.body)
    for value in ("", "-1", "9" * 40, "zq", "%00", "٣"):
        yield Received(good.method, good.path, tuple((name, value) for name, _ in good.query), good.headers, good.body)
        parts = good.path.split("/")
        yield Received(good.method, "/".join([*parts[:-1], value]), good.query, good.headers, good.body)
        yield Received(good.method, "/".join([*parts, value]), good.query, good.headers, good.body)


def test_a_request_with_one_thing_changed_is_answered(subject: Subject) -> None:
    """Good requests with another body, method, header, query or path never make a simulator stumble."""
    chance = random.Random(subject.name)
    account = Account(subject)
    seen: set[tuple[str, str]] = set()
    for recording in recordings(subject.name):
        for request in recording.requests:
            if (request.method, request.route) in seen:
                continue
            seen.add((request.method, request.route))
            for received in changed_requests(request, account.authorized(request), chance):
                account.wait(1)
                check(account.simulator.handle(received).response)
    assert all(set(order) >= {"id", "reference", "status"} for order in account.simulator.orders())


def strangers(recording: Recording) -> Iterator[tuple[str, HttpRequest]]:
    """Yield requests that no provider takes, made of a good one: another path, method or media type."""
    for request in recording.requests:
        if request.step == "login":
            continue
        yield (
            "path",
            HttpRequest(request.method, "/zq" + request.route, request.path_values, (), request.headers, request.body),
        )
        yield (
            "method",
            HttpRequest("PATCH", request.route, request.path_values, request.query, request.headers, request.body),
        )
        if request.body is not None:
            headers = {**request.headers, "content-type": "text/plain"}
            yield (
                "media type",
                HttpRequest(request.method, request.route, request.path_values, request.query, headers, request.body),
            )


def test_what_the_provider_does_not_know_is_refused_as_it_would(subject: Subject) -> None:
    """Unknown paths, methods and media types are 4xx that the adapter reads as an error; nothing is carried out."""
    for recording in recordings(subject.name):
        account = Account(subject, recording.settings)
        for what, request in strangers(recording):
            account.wait(61)
            before = {order["id"] for order in account.simulator.orders()}
            response = account.send(account.authorized(request)).response
            assert 400 <= response.status < 500, f"{recording}: {what} is {response.status}"
            assert isinstance(account.adapter.error(request, response), ProviderError)
            assert {order["id"] for order in account.simulator.orders()} == before


def size(value: Any, seen: set[int]) -> int:
    """Return how many values a simulator holds."""
    if id(value) in seen or isinstance(value, type | str | bytes | int | float):
        return 0
    seen.add(id(value))
    if isinstance(value, dict):
        inside = [*value.keys(), *value.values()]
    elif isinstance(value, list | tuple | set | frozenset) or type(value).__name__ == "deque":
        inside = list(value)
    elif type(value).__module__.startswith(("adapters.", "conformance.")):
        slots = [name for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ())]
        inside = [*getattr(value, "__dict__", {}).values(), *(getattr(value, name, None) for name in slots)]
    else:
        return 1
    return 1 + len(inside) + sum(size(one, seen) for one in inside)


def test_reads_and_logins_leave_nothing_behind(subject: Subject) -> None:
    """A simulator that is read and logged in to for hours does not grow."""
    account, sizes = Account(subject), []
    for batch in range(5):
        for number in range(300):
            account.wait(61)
            if account.adapter.needs_login and number % 10 == 0:
                account.run(account.adapter.login(account.now))
            unknown = HttpRequest(
                "GET", "/zq/{id}", {"id": f"{batch}-{number}"}, headers={"accept": "application/json"}
            )
            account.send(account.authorized(unknown))
        sizes.append(size(account.simulator, set()))
    assert sizes[-1] - sizes[-2] <= 4, sizes


def told(subject: Subject, seed: int) -> tuple[Any, list[bytes]]:
    """Return what is true and what was answered after a few calls."""
    account = Account(subject, seed=seed)
    for _ in range(3):
        account.arranged_order()
    answers = [account.send(account.authorized(request)).response.body for request in list(account.sent)]
    return account.simulator.truth(), answers


def test_the_same_seed_gives_the_same_ids(subject: Subject) -> None:
    """Everything that happens is a matter of the seed, the clock and the requests."""
    assert told(subject, 5) == told(subject, 5)


def test_truth_tells_every_order(subject: Subject) -> None:
    """An order that was made is in the truth at once, with id, reference and status."""
    account = Account(subject)
    before = {order["id"] for order in account.simulator.orders()}
    native = account.arranged_order()
    (made,) = [order for order in account.simulator.orders() if order["id"] not in before]
    assert native.startswith(str(made["id"]))
    assert isinstance(made["status"], str)
    if subject.order is not None:
        assert account.sent
        assert str(made["reference"]).startswith("T-")
    assert msgspec.json.encode(account.simulator.truth())


def test_simulators_are_given_everything(subject: Subject) -> None:
    """Credentials and settings of the simulator configure the adapter; the constructor takes clock, seed and pace."""
    kind = subject.registration().simulator
    assert issubclass(kind, Simulator)
    assert KNOWN[subject.name] is subject
    assert set(kind.credentials) <= set(subject.registration().adapter.Credentials.model_fields)
    assert set(kind.settings) <= set(subject.registration().adapter.Settings.model_fields)
