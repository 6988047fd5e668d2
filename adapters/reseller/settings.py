"""What an account of the reseller API is configured with, and what a caller may add to one order."""

from typing import Literal

from pydantic import Field, SecretStr

from adapters.contract.adapter import Credentials, ProviderSettings
from adapters.contract.models.requests import Request, Url

Meaning = Literal[
    "account-refused",
    "credentials-refused",
    "duplicate-reference",
    "insufficient-balance",
    "not-cancellable",
    "not-found",
    "out-of-stock",
    "price-changed",
    "rejected",
]
"""What an `errorCode` can mean."""


class ResellerSettings(ProviderSettings):
    """Settings of one reseller account. What the documentation leaves open is a setting with our choice as default."""

    authorization_style: Literal["bearer", "raw"] = Field(
        "bearer",
        description="How the token is sent: `bearer` as `Authorization: Bearer <token>`, `raw` without the prefix. "
        "Exactly this one is used; the documentation says both.",
    )
    region_code: str = Field(
        "TR", pattern=r"^[A-Z]{2}$", description="Sent as `h-region-code` with every request, login included."
    )
    first_page: Literal[0, 1] = Field(
        1, description="The number of the first page of products and orders: 0 or 1, tenants differ."
    )
    largest_page: int = Field(
        100,
        ge=1,
        le=100,
        description="The most items that the tenant gives in one page; a page with fewer than asked for is the last.",
    )
    longest_deliver_id: int | None = Field(
        None,
        ge=3,
        description="The most characters that the tenant takes in a `deliverID`, which holds the order's reference and "
        "the line's; an order with a longer one is refused, and nothing is sent. The documentation states no limit.",
    )
    billing_address_id: int | None = Field(
        None, ge=1, description="`billingAddressID` of every order that does not name its own; none is sent without it."
    )
    notify_url: Url | None = Field(
        None,
        description="`notifyURL` of every order that does not name its own; without it the platform uses the URL it "
        "has registered for the account.",
    )
    category_types_path: str | None = Field(
        "/Categories/Types",
        pattern=r"^(/[A-Za-z0-9_.~-]+)+$",
        description="Path of List Product Category Types, which the documentation names without a path; null: it is "
        "not asked.",
    )
    cancel_by: Literal["order", "line"] = Field(
        "order",
        description="What Cancel Order takes: `order` sends one `{orderID}`, `line` one `{orderDetailID}` a line.",
    )
    price_of: Literal["unit", "line"] = Field(
        "unit", description="Whether `Price` of an ordered line is for one piece (`unit`) or for all of it (`line`)."
    )
    token_lifetime: float = Field(
        3600.0,
        gt=0,
        le=31_536_000,
        description="Seconds a token is used where the answer to the login states no readable `Expiration` ahead.",
    )
    settle: float = Field(
        60.0,
        ge=0,
        le=86_400,
        description="Seconds a new order may take to show up in List Orders, after which its absence is believed.",
    )
    orders_newest_first: bool = Field(
        True,
        description="Whether List Orders begins with the newest, so that a search may stop at older ones; false: all "
        "pages are read.",
    )
    repeats_refused: bool = Field(
        False,
        description="Set it only where a test against the tenant has shown that a second order with the same "
        "`deliverID` is refused; a lost answer is then cleared up by sending again.",
    )
    error_codes: dict[str, Meaning] = Field(
        default_factory=dict,
        description="The tenant's own `errorCode` values and what they mean, over the built-in table.",
    )


class ResellerCredentials(Credentials):
    """What the platform owner issues to a reseller."""

    email: str = Field(min_length=1, description="E-mail address of the API customer.")
    password: SecretStr = Field(description="Password of the API customer.")
    api_key: SecretStr | None = Field(
        None, description="Sent as `Apikey` with every request but the login, where the tenant asks for it."
    )


class ResellerOptions(Request):
    """`providerOptions.reseller` of one order."""

    billing_address_id: int | None = Field(None, ge=1, description="`billingAddressID` of this order.")
    notify_url: Url | None = Field(None, description="`notifyURL` of this order.")
