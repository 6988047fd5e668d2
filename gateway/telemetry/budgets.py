"""Watches one account's budgets: how much of each limit is used, and who waits for it."""

from gateway.providers.pacing import Pacer
from gateway.telemetry.catalogue import BUDGET_LIMIT, BUDGET_USE, BUDGET_WAITING
from gateway.telemetry.instruments import Instrument
from gateway.telemetry.metrics import Labels, Metrics


def watch_budgets(metrics: Metrics, provider: str, pacer: Pacer) -> None:
    """Have the budgets of an account asked whenever somebody looks."""

    async def told() -> list[tuple[Instrument, Labels, float]]:
        points: list[tuple[Instrument, Labels, float]] = []
        for rule, usage, waiting in await pacer.usage():
            labels = (provider, rule.id)
            points.append((BUDGET_USE, labels, 0.0 if usage is None else usage.used / usage.limit))
            points.append((BUDGET_LIMIT, labels, rule.requests if usage is None else usage.limit))
            points.append((BUDGET_WAITING, labels, waiting))
        return points

    metrics.watch_together("budgets", told)
