"""What the gateway lets go when it cannot keep up itself, as it stands in gateway.yaml."""

from pydantic import Field

from gateway.config.section import Section


class Shedding(Section):
    """What is let go when the gateway itself cannot keep up: catalog reads, never orders."""

    lag: float = Field(
        0.25,
        ge=0,
        le=60,
        description="Catalog reads get 503 `overloaded` while the event loop comes later than so many seconds to what "
        "is due. 0 lets nothing go.",
    )
    sustained: float = Field(
        1,
        ge=0.1,
        le=60,
        description="For how many seconds on end it has to be so late: one hiccup of the machine lets nothing go.",
    )
