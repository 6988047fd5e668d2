"""What an account of GelatoConnect configures: keys, its connector's five URLs, and how lost answers are resolved."""

import re
from typing import Literal

from pydantic import Field, SecretStr, field_validator

from adapters.contract.adapter import Credentials, ProviderSettings

_TEMPLATE = re.compile(r"(/[A-Za-z0-9._~:@+-]*(\{id\})?[A-Za-z0-9._~:@+-]*)+")


class GelatoCredentials(Credentials):
    """The key and the secret of one connector; they leave joined by a colon, in one header."""

    api_key: SecretStr = Field(description="The connector's API key: what stands before the colon of X-API-KEY.")
    api_secret: SecretStr = Field(description="The connector's API secret: what stands after the colon of X-API-KEY.")

    @field_validator("api_key", "api_secret")
    @classmethod
    def _fits_into_a_header(cls, secret: SecretStr) -> SecretStr:
        text = secret.get_secret_value()
        if not text or not all("!" <= character <= "~" for character in text):
            raise ValueError("must be visible ASCII characters without spaces")
        return secret

    @field_validator("api_key")
    @classmethod
    def _is_the_key_alone(cls, key: SecretStr) -> SecretStr:
        if ":" in key.get_secret_value():
            raise ValueError("must be the key alone: the secret goes into api_secret, and the colon between is added")
        return key


class GelatoSettings(ProviderSettings):
    """The five URLs are given with each connector; the templates are relative to `base_url`."""

    submit_order_url: str = Field(default="/order", description="Path of Submit Order (submitOrderUrl).")
    order_cancel_url: str = Field(
        default="/order/{id}/cancel", description="Path of Cancel Order (orderCancelUrl), with {id} for the order."
    )
    update_shipment_url: str = Field(
        default="/order/{id}/shipment",
        description="Path of Update Shipment (updateShipmentURL), with {id} for the order (its place is unpublished).",
    )
    get_order_url: str = Field(
        default="/order/{id}", description="Path of Get Order (getOrderURL), with {id} for the order."
    )
    search_orders_url: str = Field(default="/orders/search", description="Path of Search Orders (searchOrdersURL).")
    customer_reference_id: str | None = Field(
        default=None,
        min_length=1,
        max_length=200,
        pattern=r"^[!-~]([ -~]*[!-~])?$",
        description="Customer-Reference-ID of connectors that serve all customers; sent with submit, get and search.",
    )
    prevent_duplicate: bool = Field(
        default=False,
        description="Send preventDuplicate with each order. What Gelato then answers to a duplicate is not documented.",
    )
    settle: float = Field(
        default=120.0,
        ge=0,
        le=86_400,
        description="Seconds within which a submitted order is taken to show up in Search Orders.",
    )
    on_absent: Literal["park", "resend"] = Field(
        default="park",
        description="What follows when an order whose answer was lost is not found: park for a person, or resend.",
    )

    @field_validator(
        "submit_order_url", "order_cancel_url", "update_shipment_url", "get_order_url", "search_orders_url"
    )
    @classmethod
    def _is_a_path(cls, template: str) -> str:
        if not _TEMPLATE.fullmatch(template) or {".", ".."} & set(template.split("/")):
            raise ValueError("must be a path below base_url that begins with / and has no placeholder but {id}")
        return template

    @field_validator("order_cancel_url", "update_shipment_url", "get_order_url")
    @classmethod
    def _names_the_order(cls, template: str) -> str:
        if template.count("{id}") != 1:
            raise ValueError("must contain {id} once, for the order")
        return template

    @field_validator("submit_order_url", "search_orders_url")
    @classmethod
    def _names_no_order(cls, template: str) -> str:
        if "{id}" in template:
            raise ValueError("must not contain {id}: there is no order to name")
        return template
