"""A whole gateway that is measured: what /metrics tells after calls of which everything is known."""

from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from support.running import Running, running_gateway

CONFIGURATION = """\
listen:
  port: 0
admin:
  port: 0
  token: a-token-of-the-operators
store:
  url: 'memory:'
  ephemeral: true
telemetry:
  prometheus: true
providers:
  gelato:
    adapter: gelato
    simulated: true
"""
TOKEN = {"Authorization": "Bearer a-token-of-the-operators"}


async def scraped(running: Running, headers: dict[str, str] | None = None) -> tuple[int, dict[Any, float]]:
    """Return the status of a scrape and what Prometheus's own parser reads."""
    async with running.session.get(f"{running.gateway.admin_url}/metrics", headers=headers) as response:
        text = await response.text()
    families = text_string_to_metric_families(text) if response.status == 200 else []
    samples = [sample for family in families for sample in family.samples]
    return response.status, {(one.name, *sorted(one.labels.values())): one.value for one in samples}


async def test_calls_are_counted_by_method_route_and_status() -> None:
    """By the template of the route, never by what stands in the path; /metrics needs the admin's token."""
    async with running_gateway(CONFIGURATION) as running:
        for number in range(3):
            assert (await running.call("GET", f"/v1/orders/gelato:no-such-{number}")).status == 404
        assert (await running.call("GET", "/v1/nowhere/jane@example.com")).status == 404
        assert (await running.call("PROPFIND", "/v1/orders")).status == 405
        assert (await scraped(running))[0] == 401
        status, samples = await scraped(running, TOKEN)
        budgets = await budgets_in_use(running)
    assert status == 200
    count = "http_server_request_duration_seconds_count"
    assert samples[count, "/v1/orders/{id}", "404", "GET"] == 3
    assert samples[count, "", "404", "GET"] == 1
    assert samples[count, "", "405", "_OTHER"] == 1
    assert samples["http_server_active_requests", "GET"] == 0
    assert samples["ordergate_provider_queue_duration_seconds_count", "gelato"] == 3
    assert max(budgets["use_ratio"]) > 0
    assert min(budgets["limit"]) >= 1
    assert set(budgets["waiting"]) == {0}
    assert samples["ordergate_provider_circuit", "closed", "gelato"] == 1
    assert samples["ordergate_provider_circuit", "gelato", "open"] == 0
    assert not [key for key in samples if "jane" in str(key) or "no-such" in str(key)]


async def budgets_in_use(running: Running) -> dict[str, list[float]]:
    """Return what is told of budgets while one is in use: a slow machine may take longer to ask than a second lasts."""
    budgets: dict[str, list[float]] = {}
    for _ in range(50):
        await running.call("GET", "/v1/orders/gelato:no-such-0")
        _, samples = await scraped(running, TOKEN)
        budgets = {
            name: [value for key, value in samples.items() if key[0] == f"ordergate_budget_{name}"]
            for name in ("use_ratio", "limit", "waiting")
        }
        if budgets["use_ratio"]:
            break
    return budgets


async def test_nothing_is_measured_by_default() -> None:
    """And there is no place to ask."""
    real = "base_url: http://127.0.0.1:9\n    credentials:\n      api_key: key\n      api_secret: secret"
    configuration = CONFIGURATION.replace("prometheus: true", "prometheus: false").replace("simulated: true", real)
    async with running_gateway(configuration) as running:
        assert (await scraped(running, TOKEN))[0] == 404


async def test_an_account_that_is_down_is_seen_in_its_circuit() -> None:
    """A read is sent again until the circuit opens, and then not any more."""
    real = "base_url: http://127.0.0.1:9\n    resilience:\n      breaker_failures: 2\n      breaker_pause: 300"
    real += "\n    credentials:\n      api_key: key\n      api_secret: secret"
    async with running_gateway(CONFIGURATION.replace("simulated: true", real)) as running:
        assert (await running.call("GET", "/v1/orders/gelato:1")).status == 503
        assert (await running.call("GET", "/v1/orders/gelato:1")).status == 503
        _, samples = await scraped(running, TOKEN)
    assert samples["ordergate_provider_circuit", "gelato", "open"] == 1
    assert samples["ordergate_provider_circuit", "closed", "gelato"] == 0
    assert samples["ordergate_provider_retries_total", "gelato", "read"] >= 1
    count = "http_client_request_duration_seconds_count"
    sent = {key: value for key, value in samples.items() if key[0] == count}
    assert sum(sent.values()) >= 2
    assert all("not-sent" in key for key in sent)
