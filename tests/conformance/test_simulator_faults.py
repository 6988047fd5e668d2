"""Simulators deal every fault by seed, carry out what the table of the contract says, and tell the truth about it."""

from typing import Any

import msgspec
import pytest

from adapters.contract import flow
from adapters.contract.errors import AdapterError, MalformedResponse, RateLimited, Unavailable
from adapters.contract.models.requests import NewCancellation
from adapters.contract.simulator import FAULT_KINDS, FaultKind, Received, Reply
from adapters.contract.wire import HttpRequest, HttpResponse
from support.conformance import SKEW, Account, Subject
from support.conformance_calls import failure, recordings

# The table of adapters/contract/simulator.py, written down once more: executed, delivery, status (None: as without).
TABLE: dict[FaultKind, tuple[bool, str, int | None]] = {
    "lost-reply-before": (False, "dropped", None),
    "lost-reply-after": (True, "dropped", None),
    "slow": (True, "whole", None),
    "429": (False, "whole", 429),
    "429-bare": (False, "whole", 429),
    "500": (False, "whole", 500),
    "503": (False, "whole", 503),
    "truncated": (True, "truncated", None),
    "html": (False, "whole", 502),
    "wrong-type": (True, "whole", None),
    "reset": (False, "reset", None),
}


def written(account: Account) -> HttpRequest:
    """Return a write as it leaves, which is not sent yet: it would place an order, or cancel one."""
    native = None if account.adapter.supports("place_order") else account.arranged_order()
    steps: flow.Flow[Any]
    if native is None:
        steps = account.adapter.place_order(account.subject.new_order("T-1"), account.context)
    else:
        steps = account.adapter.cancel_order(native, NewCancellation(), account.context)
    step: Any = next(steps)
    while True:
        request = step[0] if isinstance(step, list) else step
        if request.effect == "commit":
            ready: HttpRequest = account.authorized(request)
            return ready
        step = steps.send(account.exchange(request))


def test_the_table_is_whole() -> None:
    """Every kind of fault is tried."""
    assert set(TABLE) == set(FAULT_KINDS)


@pytest.mark.parametrize("kind", FAULT_KINDS)
def test_a_fault_is_executed_or_not_as_the_table_says(subject: Subject, kind: FaultKind) -> None:
    """The truth shows whether the write was carried out, and counts the fault."""
    executed, delivery, status = TABLE[kind]
    account, twin = Account(subject), Account(subject)
    request = written(account)
    usual = twin.send(written(twin)).response
    before = account.happened()
    account.simulator.set_faults({kind: 1.0})
    reply = account.send(request)
    account.simulator.set_faults({})
    assert (account.happened() != before) is executed
    assert reply.delivery == delivery
    if status is not None:
        assert reply.response.status == status
    elif executed:
        assert reply.response.status == usual.status
    assert account.simulator.truth()["faults"] == {kind: 1}
    check_kind(kind, reply)


def check_kind(kind: FaultKind, reply: Reply) -> None:
    """Raise AssertionError unless a fault looks like one of its kind."""
    response = reply.response
    assert (reply.delay > 0) is (kind == "slow")
    match kind:
        case "429":
            assert int(response.headers["retry-after"]) > 0
            assert response.body
        case "429-bare":
            assert "retry-after" not in response.headers
            assert response.body == b""
        case "html":
            assert response.headers["content-type"] == "text/html"
        case "wrong-type":
            assert not isinstance(msgspec.json.decode(response.body), dict | list)
        case "truncated" | "slow" | "lost-reply-after":
            assert response.body


def test_the_adapter_knows_each_fault_for_what_it_is(subject: Subject) -> None:
    """429 is RateLimited with its wait, 5xx and a proxy's page are Unavailable, a body of the wrong type malformed."""
    expected = {
        "429": RateLimited,
        "429-bare": RateLimited,
        "500": Unavailable,
        "503": Unavailable,
        "html": Unavailable,
    }
    for kind, error in expected.items():
        account = Account(subject)
        request = written(account)
        account.simulator.set_faults({kind: 1.0})
        told = account.adapter.error(request, account.send(request).response)
        assert type(told) is error, kind
        assert kind != "429" or told.retry_after == 1
    for recording in recordings(subject.name):
        commits = [number for number, request in enumerate(recording.requests) if request.effect == "commit"]
        if len(commits) == 1:
            found = failure(recording, {commits[0]: HttpResponse(200, {}, b'"surprise"')})
            assert found is None or type(found) is MalformedResponse


def replies(subject: Subject, seed: int, faults: dict[str, float]) -> list[tuple[str, int, bytes, float]]:
    """Return what a simulator with this seed answers to the same reads."""
    account = Account(subject, seed=seed)
    request = next(r for rec in recordings(subject.name) for r in rec.requests if r.step != "login")
    ready = account.authorized(request)
    account.simulator.set_faults(faults)
    told: list[tuple[str, int, bytes, float]] = []
    for _ in range(60):
        reply = account.send(ready)
        told.append((reply.delivery, reply.response.status, reply.response.body, reply.delay))
    assert sum(account.simulator.truth()["faults"].values()) == account.simulator.dealt.total()
    return told


def test_faults_are_dealt_by_the_seed(subject: Subject) -> None:
    """The same seed gives the same faults in the same places, another seed others; about as many as asked for."""
    faults: dict[str, float] = dict.fromkeys(FAULT_KINDS, 0.05)
    first = replies(subject, 3, faults)
    assert replies(subject, 3, faults) == first
    assert [reply[:2] for reply in replies(subject, 4, faults)] != [reply[:2] for reply in first]
    assert len({reply[:2] for reply in first}) > 3


def test_a_login_gets_no_fault(subject: Subject) -> None:
    """Token endpoints work whatever faults are dealt."""
    account = Account(subject)
    if account.adapter.needs_login:
        account.simulator.set_faults({"500": 1.0})
        account.run(account.adapter.login(account.now))
        assert account.simulator.truth()["faults"] == {}


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"[]", b'{"nonsense": 0.5}', b'{"slow": 2}', b'{"slow": "often"}', b'{"slow": 0.6, "500": 0.6}'],
)
def test_wrong_faults_are_refused(subject: Subject, body: bytes) -> None:
    """Unknown kinds and impossible probabilities are a 400 on the control path, and change nothing."""
    account = Account(subject)
    account.simulator.set_faults({"slow": 0.25})
    reply = account.simulator.handle(Received("PUT", "/_simulator/faults", body=body))
    assert reply.response.status == 400
    shown = account.simulator.handle(Received("GET", "/_simulator/faults")).response
    assert msgspec.json.decode(shown.body) == {"slow": 0.25}


def test_control_paths_are_open_and_are_no_traffic(subject: Subject) -> None:
    """Truth and faults are told without credentials, are not counted, and get no fault themselves."""
    account = Account(subject)
    account.simulator.set_faults({"reset": 1.0})
    reply = account.simulator.handle(Received("GET", "/_simulator/truth"))
    assert (reply.delivery, reply.response.status) == ("whole", 200)
    assert msgspec.json.decode(reply.response.body)["requests"] == {}
    assert account.simulator.handle(Received("GET", "/_simulator/nothing")).response.status == 404


def test_an_executed_write_that_lost_its_answer_is_found_again(subject: Subject) -> None:
    """With the reply lost after executing, sending nothing again and looking is enough where there is a look-up."""
    account = Account(subject)
    trait = account.adapter.traits().get("place")
    if trait is None or trait.kind not in {"lookup", "dedupe_ref"}:
        return
    request, context, order = written(account), account.context, subject.new_order("T-1")
    account.simulator.set_faults({"lost-reply-after": 1.0})
    account.send(request)
    account.simulator.set_faults({})
    account.wait(trait.settle)
    try:
        found = account.run(account.adapter.find_order(order, context.now - SKEW, context))
    except AdapterError as error:
        raise AssertionError("the look-up failed") from error
    assert found is not None
