"""How an account keeps to its provider's rate limits, as it stands in gateway.yaml."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from gateway.config.section import Section

RULE_ID = r"[a-z0-9][a-z0-9.-]{0,62}"
MATCH = r"(\*|GET|HEAD|POST|PUT|PATCH|DELETE) (\*|(/[^\s/]+)+)"
PARTITION = r"credential|(/[^/]+)+"


def _rule_id(text: str) -> str:
    if re.fullmatch(RULE_ID, text) is None:
        raise ValueError("is no name: lower-case letters, digits, dots and hyphens, 63 at most")
    return text


def _match(text: str) -> str:
    if re.fullmatch(MATCH, text) is None:
        raise ValueError("is a method and a path, as `GET /retailer/orders/*`; `* *` is everything")
    if "**" in text.partition(" ")[2].split("/")[:-1]:
        raise ValueError("has ** before the end of the path; only the last segment can stand for the rest")
    return text


def _partition(text: str) -> str:
    if re.fullmatch(PARTITION, text) is None:
        raise ValueError("is `credential`, or where the value is in the body, as `/customer/email`")
    return text


class LimitRule(Section):
    """A rate limit of the provider."""

    id: Annotated[str, AfterValidator(_rule_id), Field(json_schema_extra={"pattern": f"^{RULE_ID}$"})] = Field(
        description="Names the limit. With the id of one of the adapter's own limits, as `GET /v1/rate-limits` lists "
        "them, this one takes its place."
    )
    match: Annotated[str, AfterValidator(_match), Field(json_schema_extra={"pattern": f"^{MATCH}$"})] = Field(
        description="Which requests count: method and path, `GET /retailer/orders/*`. `*` is any method, any path or "
        "any one segment; a last `**` is the rest."
    )
    requests: int = Field(ge=1, le=1_000_000, description="How many requests are allowed in each window.")
    seconds: float = Field(gt=0, le=2_678_400, description="The window.")
    cost: int = Field(1, ge=1, le=1_000_000, description="How many of `requests` one request counts.")
    partition: (
        Annotated[str, AfterValidator(_partition), Field(json_schema_extra={"pattern": f"^({PARTITION})$"})] | None
    ) = Field(
        None,
        description="Counts apart by what is here in the body (`/customer/email`); `credential` counts together what "
        "accounts with the same credentials send.",
    )
    spacing: float = Field(
        0,
        ge=0,
        le=3600,
        description="Seconds between two requests, at most `seconds`, for a provider that wants no bursts.",
    )
    mode: Literal["strict", "fast"] | None = Field(None, description="As `limits.mode`, for this limit.")
    ceiling: int | None = Field(
        None, ge=1, le=1_000_000, description="How far the provider's own word may raise `requests`. It always lowers."
    )


class LimitsConfig(Section):
    """How to keep to the provider's rate limits; the adapter knows the documented ones."""

    share: float = Field(
        1.0,
        gt=0,
        le=1,
        description="The part of every limit to use, for an account that others use too: `0.8` leaves them a fifth.",
    )
    combine: Literal["all", "most_specific"] | None = Field(
        None,
        description="Which of the limits that match a request count it. Left out, the provider's way.",
    )
    mode: Literal["strict", "fast"] = Field(
        "strict",
        description="`strict` never exceeds a limit: a request counts until a window after its answer. `fast` counts "
        "reads from their departure, for providers that take long to answer.",
    )
    transit: float = Field(
        1, ge=0, le=60, description="With `fast`, the longest that a request travels to the provider, in seconds."
    )
    defaults: bool = Field(True, description="Write `false` to leave out the limits that the adapter knows.")
    max_waiting: int = Field(
        200, ge=1, le=2000, description="How many requests of one caller may wait for the same limit."
    )
    rules: tuple[LimitRule, ...] = Field(
        (), description="Limits besides those that the adapter knows, or in their place."
    )
