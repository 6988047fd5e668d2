"""Each mistake in a key or value, word for word and at its place; the tables are in mistakes/*.txt."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.configuration import HEAD, PROVIDER, REAL, Files

ABOVE = {"sections": HEAD, "addresses": PROVIDER, "providers": REAL}
"""What stands above the cases of each table."""


def cases() -> Iterator[Any]:
    """Read the tables: blocks of what is written, then `=> ` and each problem told."""
    for name, above in ABOVE.items():
        table = (Path(__file__).parent / "mistakes" / f"{name}.txt").read_text(encoding="utf-8")
        for block in table.strip().split("\n\n")[1:]:
            lines = block.split("\n")
            written = "".join(f"{line}\n" for line in lines if not line.startswith("=> "))
            told = [line.removeprefix("=> ") for line in lines if line.startswith("=> ")]
            yield pytest.param(above + written, told, id=f"{name} {told[0]}")


@pytest.mark.parametrize(("text", "told"), list(cases()))
def test_a_mistake_is_told_at_its_place(files: Files, text: str, told: list[str]) -> None:
    """A place is that of the wrong value, of the key that is unknown, or of the key that something is missing below."""
    assert files.mistakes(text) == told


def test_the_tables_are_read_whole() -> None:
    """A table that lost its cases would pass."""
    assert len(list(cases())) >= 75


@pytest.mark.parametrize("key", ["base_url: https://a.example", "proxy: http://a.example:1", "ca_file: gateway.yaml"])
def test_a_simulated_provider_has_no_address(files: Files, key: str) -> None:
    """What would have no effect is refused, not ignored."""
    name = key.partition(":")[0]
    expected = f"7:5: providers.acme.{name}: has no meaning with simulated: true; remove one of the two"
    assert files.mistakes(HEAD + f"    {key}\n") == [expected]


def test_several_workers_share_their_store_and_no_file(files: Files) -> None:
    """With PostgreSQL they may be several; the file for answers beside it has one owner."""
    shared = HEAD.replace("ephemeral: true", "url: postgresql://a@b/c") + "listen:\n  workers: 64\n"
    assert files.load(shared).listen.workers == 64
    with_spool = shared.replace("\nproviders:", "\n  spool: /tmp/spool\nproviders:")
    (mistake,) = files.mistakes(with_spool)
    assert mistake.startswith("3:3: store.spool: is a file of one process, and there are several workers; remove it ")
    assert mistake.endswith(", or write workers: 1")


@pytest.mark.parametrize("name", ["Acme", "a:b", "-a", "a_b", "a" * 64, "é"])
def test_a_provider_name_fits_into_ids(files: Files, name: str) -> None:
    """Ids are `name:native`, in paths: lower-case letters, digits, hyphens."""
    (mistake,) = files.mistakes(HEAD.replace("  acme:", f"  '{name}':"))
    assert mistake.startswith("4:3: ")
    assert mistake.endswith("is no name: lower-case letters, digits and hyphens, 63 at most")


@pytest.mark.parametrize("providers", ["", "providers:\n", "providers: {}\n"])
def test_at_least_one_provider_is_needed(files: Files, providers: str) -> None:
    """A gateway in front of nothing is a mistake."""
    (mistake,) = files.mistakes("store:\n  ephemeral: true\n" + providers)
    assert mistake.endswith("providers: is missing; write providers: with at least one provider below it")


def test_every_mistake_is_told_at_once_in_the_order_of_the_file(files: Files) -> None:
    """One run shows all there is to mend: text, references, keys, values and what does not fit together."""
    text = (
        "listen:\n  host: 0.0.0.0\n  prot: 1\nstore:\n  url: mongodb://orders\n  url: x\n"
        "providers:\n  one:\n    adapter: akme\n    simulated: maybe\n"
        "  two:\n    adapter: acme\n    retries: many\n    credentials:\n      client_id: ${NOWHERE}\n"
        "routes:\n  - provider: three\n    when:\n      country: Netherlands\n"
    )
    assert [mistake.partition(" ")[0] for mistake in files.mistakes(text)] == [
        "2:9:", "3:3:", "5:8:", "6:3:", "6:8:", "9:14:", "10:16:", "13:14:", "14:5:", "15:18:", "17:15:", "19:16:",
    ]  # fmt: skip


def test_a_name_that_nothing_has_is_told_whatever_else_is_wrong_beside_it(files: Files) -> None:
    """Of a caller without scopes, of its tokens, and of a rule without a provider."""
    callers = (
        "callers:\n  shop:\n    keys: x\n    providers: [acme, acne]\n    tokens:\n      - issuer: us\n        sub: a\n"
    )
    routes = "routes:\n  - when:\n      caller: [shop, shoq]\n"
    told = [mistake.partition(";")[0] for mistake in files.mistakes(HEAD + callers + routes)]
    assert "10:23: callers.shop.providers[1]: names no provider" in told
    assert "12:17: callers.shop.tokens[0].issuer: names no issuer" in told
    assert "16:22: routes[0].when.caller[1]: names no caller" in told
    assert len([one for one in told if "is missing" in one]) == 2


def test_a_store_that_forgets_is_refused_beside_a_real_account_that_has_mistakes_itself(files: Files) -> None:
    """It is not left for the next run."""
    told = files.mistakes(REAL.replace("url: sqlite:journal.db", "ephemeral: true"))
    assert [one.partition(": is")[0] for one in told] == [
        "2:14: store.ephemeral",
        "6:5: providers.acme.credentials.client_secret",
    ]
