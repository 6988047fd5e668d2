"""What `ordergate check --live` says of an account that does not work: in its provider's words, or else in ours."""

from typing import Any

import pytest
from typing_extensions import override

from adapters.contract.flow import Flow
from gateway.checking import _checked
from support.scripted_provider import READ, Network, Script, ScriptedAdapter, lost, provider_of, reply


class Readable(ScriptedAdapter):
    """The scripted adapter with a cheapest read."""

    @override
    def cheap_read(self) -> Flow[Any]:
        return (yield READ)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (reply(403, message="Your plan has lapsed."), "Your plan has lapsed."),
        (lost("not-sent", "connect"), "No connection to the provider could be made."),
    ],
)
async def test_what_is_wrong_is_said(answer: Script, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One line: the account, the problem, and why."""
    assert not await _checked(provider_of(Network(answer), Readable()))
    (line,) = (one for one in capsys.readouterr().out.splitlines() if one.startswith("shop: provider-"))
    assert line.endswith(f"({words})")
