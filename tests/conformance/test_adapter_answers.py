"""Answers that a provider might give: read into a valid canonical value, or refused as an AdapterError."""

import contextlib
import random
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from adapters.contract import codec
from adapters.contract.errors import AdapterError
from adapters.contract.models.resources import Money
from adapters.contract.wire import HttpResponse
from support.conformance import Subject
from support.conformance_calls import RESULTS, Recording, failure, play, recordings
from support.conformance_values import REPLACEMENTS, at, check_canonical, exact, places, replaced, shape

MOST_PLACES, FEW_PLACES = 20, 3
"""How many of an answer's values are replaced; of more, these are drawn by a seed."""
SORTS = 8
"""By how many of the replacements, drawn likewise: other places and other answers meet the others."""
FRACTION = "12.10000000000000000001"


def test_a_good_answer_is_read_into_a_valid_canonical_value(subject: Subject) -> None:
    """What the simulator answers validates against the canonical schema, ids and codes and times too."""
    for recording in recordings(subject.name):
        check_canonical(recording.result, RESULTS[recording.call.operation], recording.adapter())


def test_any_one_value_of_an_answer_may_be_another(subject: Subject) -> None:
    """Each value replaced, by nothing, by every sort of value and by absurd ones, never makes an adapter stumble."""
    chance = random.Random(subject.name)
    for recording in recordings(subject.name):
        for number, answer in json_answers(recording):
            # The standard account is looked at closely, its variants at random.
            for body in changed(answer, chance, FEW_PLACES if recording.variant else MOST_PLACES):
                hear(recording, number, HttpResponse(200, answer.headers, msgspec.json.encode(body)))


def test_an_answer_may_be_cut_anywhere(subject: Subject) -> None:
    """A success status with part of a body, bytes of another charset or somebody's page never makes it stumble."""
    chance = random.Random(subject.name)
    for recording in recordings(subject.name):
        for number, answer in json_answers(recording):
            cuts = [answer.body[: chance.randrange(len(answer.body))] for _ in range(3)]
            junk = (b"", b"null", b"[]", b"{}", b'"surprise"', b"0", b"<html></html>", b"\xff\xfe", b"[" * 3000)
            for body in (*cuts, *junk, answer.body.decode().encode("utf-16"), answer.body + b"}"):
                hear(recording, number, HttpResponse(200, answer.headers, body))


@pytest.mark.parametrize("status", [200, 404, 500])
def test_an_order_is_never_told_to_be_absent_by_what_cannot_be_read(subject: Subject, status: int) -> None:
    """A look-up that is answered with junk finds the order or fails: absence may lead to a second order."""
    junk = (b"", b"null", b"{}", b'{"orders": null}', b'{"data": {}}', b'{"success": true}', b'"x"', b"[{}]")
    for recording in recordings(subject.name):
        for number in range(len(recording.answers)) if recording.call.operation == "find_order" else ():
            for body in junk:
                with contextlib.suppress(AdapterError):
                    found = play(recording, {number: HttpResponse(status, {}, body)}).result
                    assert found is not None, f"{recording}, answer {number}: {status} {body!r}"


def test_every_request_may_be_answered_with_an_error(subject: Subject) -> None:
    """Whatever fails, the flow raises an AdapterError or goes on to a valid value."""
    for recording in recordings(subject.name):
        for number in range(len(recording.answers)):
            for status in (400, 401, 404, 409, 429, 500):
                hear(recording, number, HttpResponse(status, {}, b'{"message": "no"}'))


def json_answers(recording: Recording) -> Iterator[tuple[int, HttpResponse]]:
    """Yield the answers with a body, with their numbers."""
    for number, answer in enumerate(recording.answers):
        if isinstance(answer, HttpResponse) and answer.body:
            yield number, answer


def changed(answer: HttpResponse, chance: random.Random, most: int) -> Iterator[Any]:
    """Yield the answer's JSON with one value replaced, or left out."""
    value = exact(answer.body)
    by_shape = {shape(path): path for path in reversed(list(places(value)))}
    chosen = list(by_shape.values())
    if len(chosen) > most:
        chosen = chance.sample(chosen, most)
    for path in chosen:
        for new in chance.sample(REPLACEMENTS, SORTS):
            yield replaced(value, path, new)
        if path and isinstance(path[-1], str):
            holder = {name: inner for name, inner in at(value, path[:-1]).items() if name != path[-1]}
            yield replaced(value, path[:-1], holder)
        elif path:
            yield replaced(value, path[:-1], at(value, path[:-1]) * 2)


def hear(recording: Recording, number: int, answer: HttpResponse) -> Any:
    """Play a recording with one other answer; return what came of it, valid, or None for an AdapterError."""
    try:
        result = play(recording, {number: answer}).result
        check_canonical(result, RESULTS[recording.call.operation], recording.adapter())
    except AdapterError:
        return None
    except Exception as error:
        error.add_note(f"{recording}, answer {number}: {answer.status} {answer.body[:2000]!r}")
        raise
    return result


def test_an_unheard_of_status_is_unknown_and_keeps_its_word(subject: Subject) -> None:
    """A status word (or number) that is not listed never becomes a success, a failure or anything else known."""
    heard = set()
    told = {kind for recording in recordings(subject.name) for kind in words(recording.result)}
    for recording in recordings(subject.name):
        for number, answer in json_answers(recording):
            value = exact(answer.body)
            for path in places(value):
                if not isinstance(at(value, path), str | int):
                    continue
                new = "zq-unheard-of" if isinstance(at(value, path), str) else 987654
                body = msgspec.json.encode(replaced(value, path, new))
                for (kind, word), status in words(hear(recording, number, HttpResponse(200, {}, body))).items():
                    if word == str(new):
                        assert status == "unknown", f"{recording}: {kind} is {status}"
                        heard.add(kind)
    assert heard == {kind for kind, _ in told}


def words(result: Any) -> dict[tuple[str, str], str]:
    """Return the status of everything in a result that tells a provider's word, by what it is and the word."""
    found: dict[tuple[str, str], str] = {}

    def walk(value: Any, kind: str) -> None:
        if isinstance(value, dict):
            if "providerStatus" in value:
                found[kind, value["providerStatus"]] = value.get("status", "")
            for name, inner in value.items():
                walk(inner, name)
        elif isinstance(value, list):
            for inner in value:
                walk(inner, kind)

    walk(codec.decode(codec.encode(result)) if isinstance(result, msgspec.Struct) else None, "resource")
    return found


@pytest.mark.parametrize(("digits", "amount"), [(FRACTION, FRACTION), ("0.10", "0.10"), ("7", "7"), ("1.50e2", "150")])
@pytest.mark.parametrize("as_text", [False, True], ids=["as a number", "as text"])
def test_money_survives_to_the_last_digit(subject: Subject, digits: str, amount: str, as_text: bool) -> None:
    """Where an answer states an amount, every digit is the canonical amount's; exponents are written out."""
    new = msgspec.Raw(msgspec.json.encode(digits) if as_text else digits.encode())
    for recording in recordings(subject.name):
        before = money_in(recording.result)
        after = [money_in(result) for result in with_amounts(recording, new)] if before else []
        assert not before or any(amounts.count(amount) > before.count(amount) for amounts in after), recording


def with_amounts(recording: Recording, new: msgspec.Raw) -> Iterator[Any]:
    """Yield what is made of a recording's answers with one of the values that may be amounts replaced."""
    for number, answer in json_answers(recording):
        value = exact(answer.body)
        found = [path for path in places(value) if is_amount(at(value, path))]
        # Of each sort the first and the last: a look-up reads on until it has found its order.
        for path in {
            **{(shape(path), 0): path for path in reversed(found)},
            **{(shape(path), 1): path for path in found},
        }.values():
            yield hear(recording, number, HttpResponse(200, {}, msgspec.json.encode(replaced(value, path, new))))


def is_amount(value: Any) -> bool:
    """Tell whether a value of an answer may be an amount: a number, or text that has digits."""
    if isinstance(value, str):
        return value[:1].isdecimal() and len(value) < 20
    return isinstance(value, int | msgspec.Raw) and not isinstance(value, bool)


def money_in(value: Any) -> list[str]:
    """Return every amount of money in a result."""
    if isinstance(value, Money):
        return [value.amount]
    if isinstance(value, msgspec.Struct):
        return money_in([getattr(value, name) for name in value.__struct_fields__])
    if isinstance(value, dict):
        return money_in(list(value.values()))
    return [amount for inner in value for amount in money_in(inner)] if isinstance(value, list | tuple) else []


def test_a_write_that_was_refused_is_told_so(subject: Subject) -> None:
    """A failure of the one request that commits is raised, or its parts are said to be unknown; never swallowed."""
    for recording in recordings(subject.name):
        commits = [number for number, request in enumerate(recording.requests) if request.effect == "commit"]
        if len(commits) == 1:
            for status in (400, 401, 403, 404, 409, 422, 429, 500, 503):
                error = failure(recording, {commits[0]: HttpResponse(status, {}, b"{}")})
                assert error.status == status if error else status >= 500
