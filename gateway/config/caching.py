"""What is kept of the providers' catalogs, as it stands in gateway.yaml."""

from pydantic import Field

from gateway.config.section import Section

_WEEK = 7 * 86400


class Cache(Section):
    """How much of the providers' catalogs is kept in memory, so that not every read asks them."""

    max_bytes: int = Field(
        16 * 1024 * 1024,
        ge=0,
        le=4 * 1024**3,
        description="The most that answers kept may take, all providers together; what was not asked for longest goes "
        "first. 0 keeps nothing.",
    )


class Lifetime(Section):
    """How long an answer is told again, in seconds. A key left out has the default of what is kept."""

    ttl: float | None = Field(None, ge=0, le=_WEEK, description="Without asking the provider.")
    stale_while_revalidate: float | None = Field(
        None, ge=0, le=_WEEK, description="That much longer, while one request renews it."
    )
    stale_if_error: float | None = Field(
        None, ge=0, le=_WEEK, description="That much longer than `ttl`, when the provider cannot answer."
    )


class ProviderCache(Section):
    """How long answers about the catalog are told again. Availability and orders are never kept."""

    categories: Lifetime = Field(
        default_factory=Lifetime,
        description="Lists of categories. Default: `ttl` 3600 (bol: 21600), `stale_while_revalidate` 3600, "
        "`stale_if_error` 86400.",
    )
    products: Lifetime = Field(
        default_factory=Lifetime,
        description="Lists of products, with prices. Default: `ttl` 60, `stale_while_revalidate` 60, `stale_if_error` "
        "600.",
    )
    product: Lifetime = Field(
        default_factory=Lifetime,
        description="A product by its id, with its price. Default: `ttl` 30, `stale_while_revalidate` 30, "
        "`stale_if_error` 600.",
    )
