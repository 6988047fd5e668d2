"""What a limit may be besides strict and an account's own: `fast`, and shared by accounts with the same credentials."""

import asyncio
from dataclasses import replace

import pytest

from adapters.contract.wire import HttpRequest
from gateway.config.limits import LimitRule, LimitsConfig
from gateway.providers.limits import limits_of, scope_of
from gateway.providers.needs import Scope
from gateway.providers.pacing import Pacer
from policies.budget import Limits, Rule
from policies.errors import CapacityExceeded
from policies.local_permits import LocalPermits
from support.pacing import ORDERS, now, pacer_with, soon, use
from support.pretended_adapter import Acme
from support.virtual_time import run

CANCEL = HttpRequest("POST", "/orders/1/cancel", body=b"{}", effect="commit")
TWO_IN_TEN = Rule("all", "*", "*", 2, 10.0, transit=1.0)
SLOW = 30.0
"""Seconds that the provider takes to answer."""


def third(rule: Rule, request: HttpRequest = ORDERS, *others: Rule) -> float:
    """Return when the third of three requests is let through that are asked for together and answered slowly."""

    async def main() -> float:
        pacer = pacer_with(Limits([rule, *others]))
        return max(await asyncio.gather(*(use(pacer, request, takes=SLOW) for _ in range(3))))

    return run(main())


def test_a_fast_read_counts_from_its_departure() -> None:
    """For a window, with its margin of a percent, and `transit` seconds on the way; a strict one from its answer."""
    assert third(replace(TWO_IN_TEN, mode="fast")) == soon(10.1 + 1.0)
    assert third(TWO_IN_TEN) == soon(SLOW + 10.1)


def test_a_write_is_never_fast() -> None:
    """Whatever its limit says: an order too many is refused by the provider, and a read is only made again."""
    assert third(replace(TWO_IN_TEN, mode="fast"), CANCEL) == soon(SLOW + 10.1)


def test_a_read_that_a_strict_limit_counts_too_is_strict_in_all() -> None:
    """Its slots are held together."""
    strict = Rule("orders", "GET", "/orders", 100, 1.0)
    assert third(replace(TWO_IN_TEN, mode="fast"), ORDERS, strict) == soon(SLOW + 10.1)


def test_no_window_of_the_provider_sees_more_of_fast_reads_than_it_allows() -> None:
    """Each arrives within `transit` seconds of its departure, early or late, and in no ten seconds arrive three."""

    async def main() -> list[float]:
        pacer = pacer_with(Limits([replace(TWO_IN_TEN, mode="fast")]))
        arrivals: list[float] = []

        async def one(number: int) -> None:
            async with pacer.admitted(ORDERS, 10_000.0) as admission:
                admission.leaving()
                await asyncio.sleep((number * 0.37) % 1.0)
                arrivals.append(now())
                await asyncio.sleep(SLOW)
                admission.answered()

        await asyncio.gather(*(one(number) for number in range(40)))
        return sorted(arrivals)

    arrivals = run(main())
    assert min(later - earlier for earlier, later in zip(arrivals, arrivals[2:], strict=False)) >= 10.0


@pytest.mark.parametrize(("whole", "own", "expected"), [("fast", None, "fast"), ("fast", "strict", "strict")])
def test_the_mode_of_an_account_is_that_of_its_limits_unless_they_say_otherwise(
    whole: str, own: str | None, expected: str
) -> None:
    """As the configuration words it."""
    rules = [{"id": "all", "match": "* /**", "requests": 2, "seconds": 10.0, "mode": own}]
    configured = LimitsConfig.model_validate({"mode": whole, "transit": 3.0, "rules": tuple(map(_rule, rules))})
    (rule,) = limits_of((), "all", configured).rules
    assert (rule.mode, rule.transit) == (expected, 3.0)


def _rule(wanted: dict[str, object]) -> LimitRule:
    return LimitRule.model_validate(wanted)


# Credentials ---------------------------------------------------------------------------------------------------------


def accounts(partition: str | None, *scopes: Scope) -> list[Pacer]:
    """Return accounts that share a store of permits."""
    permits = LocalPermits(now)
    rule = replace(TWO_IN_TEN, partition=partition)
    return [Pacer(Limits([rule]), permits, scope, chance=lambda: 0.0) for scope in scopes]


NORTH, SOUTH = Scope("north", "acme-1", b"secret"), Scope("south", "acme-1", b"secret")
OTHER = Scope("other", "acme-2", b"another")


def test_accounts_with_the_same_credentials_share_a_limit_of_the_credential() -> None:
    """Two in ten seconds for both together; another's credentials have two of their own."""

    async def main() -> None:
        north, south, other = accounts("credential", NORTH, SOUTH, OTHER)
        await use(north, ORDERS)
        await use(south, ORDERS)
        for pacer in (north, south):
            with pytest.raises(CapacityExceeded):
                await use(pacer, ORDERS, timeout=1.0)
        assert await use(other, ORDERS) == soon(0.0)

    run(main())


def test_accounts_share_nothing_unless_the_limit_says_so() -> None:
    """Each has its own two."""

    async def main() -> None:
        for pacer in accounts(None, NORTH, SOUTH):
            for _ in range(2):
                assert await use(pacer, ORDERS, timeout=0.0) == soon(0.0)

    run(main())


def test_the_same_credentials_are_told_by_their_values_and_tell_none_of_them() -> None:
    """Of two accounts at one adapter; the key of a budget has nothing of a secret in it."""

    def scope(account: str, secret: str, adapter: str = "acme") -> Scope:
        return scope_of(account, adapter, Acme.Credentials.model_validate({"client_id": "id", "client_secret": secret}))

    north = scope("north", "canary-7261")
    assert north.credential == scope("south", "canary-7261").credential
    assert len({north.credential, scope("n", "other").credential, scope("n", "canary-7261", "b").credential}) == 3
    assert "canary" not in north.credential
