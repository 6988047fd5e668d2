"""The keys that say what to bear from a provider that is slow, down or failing."""

from pydantic import Field

from gateway.config.section import Section


class Resilience(Section):
    """What the gateway bears from a provider that is slow, down or failing, and what it spares it."""

    read_retries: int = Field(
        2, ge=0, le=5, description="How often a read that failed is tried again, within its time and a budget of 10 %."
    )
    order_retries: int = Field(
        3,
        ge=0,
        le=10,
        description="How often a write of which nothing was executed is tried again while its caller waits; then the "
        "caller is told so. One whose caller was answered 202 is tried until it is no longer wanted. 0: never again.",
    )
    reads_at_once: int = Field(32, ge=1, le=64, description="Reads under way at once; more wait.")
    orders_at_once: int = Field(8, ge=1, le=64, description="Writes under way at once; more wait.")
    blind_orders_at_once: int = Field(
        2,
        ge=1,
        le=64,
        description="The same for writes whose fate could not be found out: as many a crash leaves to a person.",
    )
    breaker_failures: int = Field(
        5,
        ge=0,
        le=1000,
        description="So many requests in a row without an answer, or with a server error, and the provider is left "
        "alone for a while (also when half of 20 or more in 30 s failed). 0: never.",
    )
    breaker_pause: float = Field(
        10,
        ge=0.1,
        le=300,
        description="Seconds for which it is left alone; doubled each time that it does not help, up to 300.",
    )
