"""What `ordergate simulate` prints for an account: a whole one, with which everything works that the adapter can."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.contract.adapter import OPERATIONS, Adapter
from adapters.registry import BUILT_IN, load_simulator
from gateway.checking import switched_off
from gateway.config.load import load
from gateway.providers.trip import Trip, within
from gateway.simulation import account, served
from support.running import configured, running_gateway

HEAD = "listen:\n  port: 0\nadmin:\n  port: 0\nstore:\n  url: 'memory:'\n  ephemeral: true\nproviders:\n"


@pytest.mark.parametrize("name", BUILT_IN)
def test_what_is_told_of_a_simulator_is_an_account_of_the_configuration(name: str, tmp_path: Path) -> None:
    """It can be pasted, and no address in it is the provider's own: its login would get there."""
    written = tmp_path / "gateway.yaml"
    url = "http://127.0.0.1:9000"
    written.write_text(f"store:\n  url: sqlite:journal.db\nproviders:\n{account(name, url)}\n")
    provider = load(written, {}).providers[name]
    assert provider.base_url == url
    texts = [value for value in provider.settings.model_dump().values() if isinstance(value, str)]
    assert not [value for value in texts if value.startswith("https://")]


@pytest.mark.parametrize("name", BUILT_IN)
@pytest.mark.parametrize("how", ["as printed", "simulated: true"])
def test_nothing_is_off_for_want_of_a_setting(name: str, how: str) -> None:
    """What the adapter has, such an account can do; `ordergate check` has nothing to say of it."""
    simulated = f"  {name}:\n    adapter: {name}\n    simulated: true\n"
    configuration = configured(HEAD + (account(name, "http://127.0.0.1:9") if how == "as printed" else simulated), {})
    adapter = configuration.providers[name].adapter()
    has = {method for method in OPERATIONS if getattr(type(adapter), method) is not getattr(Adapter, method)}
    assert {method for method in OPERATIONS if adapter.supports(method)} == has
    assert list(switched_off(configuration)) == []


async def test_the_printed_accounts_do_the_main_job_at_their_simulators() -> None:
    """Each simulator lets the account in, and tells it its orders where the provider lists them."""
    simulators = {name: load_simulator(name)(now=lambda: datetime.now(UTC), pace=0.0) for name in BUILT_IN}
    async with served(simulators) as urls:
        printed = "\n".join(account(name, url) for name, url in urls.items())
        async with running_gateway(f"{HEAD}{printed}\n") as running:
            for name, provider in running.gateway.providers.items():
                await provider.run(provider.adapter.cheap_read(), Trip(within(20.0), request_id="check"))
                if provider.adapter.supports("list_orders"):
                    answered = await running.call("GET", f"/v1/orders?provider={name}")
                    assert answered.status == 200, (name, answered.body)


def test_operations_that_are_off_are_told_with_the_setting_that_they_need() -> None:
    """One sentence for each need: which operations, and which key switches them on."""
    accounts = (
        "  trade:\n    adapter: reusely\n    credentials:\n      api_key: '1'\n"
        "  lists:\n    adapter: reusely\n    currency: USD\n    credentials:\n      api_key: '1'\n"
        "  wires:\n    adapter: rexel\n    credentials:\n      client_id: '1'\n      client_secret: '2'\n"
        "      subscription_key: '3'\n"
    )
    told = list(switched_off(configured(f"store:\n  url: sqlite:x.db\nproviders:\n{accounts}", {})))
    assert [one.partition(". ")[0] for one in told] == [
        "providers.trade: off are products.get, orders.place",
        "providers.trade: off are orders.list, orders.get",
        "providers.lists: off are orders.list, orders.get",
        "providers.wires: off are availability.check, account.get",
    ]
    needs = [{key for key in ("`currency`", "`credentials.secret_key`", "`id_customer`") if key in one} for one in told]
    assert needs == [
        {"`currency`"},
        {"`currency`", "`credentials.secret_key`"},
        {"`credentials.secret_key`"},
        {"`id_customer`"},
    ]
