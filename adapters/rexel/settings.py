"""What an account at Rexel is configured with: every place where the public documents leave a choice is a setting."""

import re
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, StringConstraints, field_validator, model_validator

from adapters.contract.adapter import Credentials, ProviderSettings

Path = Annotated[str, StringConstraints(pattern=r"^(/[A-Za-z0-9._~-]+)+$")]
Word = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$")]
Digits = Annotated[str, StringConstraints(pattern=r"^\d{1,20}$")]

_TOKEN_URL = re.compile(r"^(https?://[^/\s{}?#@]+)(/[^\s{}?#]*)$")


class RexelSettings(ProviderSettings):
    """Keys under `providers.<name>` for Rexel."""

    token_url: str = Field(
        default="https://auth.rexel.com/oauth2/token",
        description="Where access tokens are fetched. Production accounts have "
        "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token with their own tenant.",
    )
    scope: Word | None = Field(
        default="prices stock quotes orders",
        description="The scope asked for with the token. Production accounts have `{resource guid}/.default`.",
    )
    scope_parameter: Literal["scope", "resource"] = Field(
        default="scope",
        description="The form field that carries the scope; the old Azure endpoint calls it `resource`.",
    )
    account_id: Word | None = Field(
        default=None,
        description="The account that orders and quotes are for; left out, it is the one linked on the web.",
    )
    id_customer: Digits | None = Field(
        default=None,
        description="The numeric account number (7 digits); no price, stock or customer can be read without.",
    )
    id_cod_origin: Word | None = Field(
        default=None, description="The customer word (MOT CLIENT), upper case, sent with price and stock requests."
    )
    agency_code: Digits | None = Field(
        default=None, description="The branch whose prices and stock are asked for (`agenceCode`)."
    )
    zip_code: Word | None = Field(default=None, description="The postal code sent with price and stock requests.")
    city: Word | None = Field(default=None, description="The city sent with price and stock requests.")
    sales_agreement: Word | None = Field(
        default=None, description="The sales agreement (derogation) that prices are asked for."
    )
    premium: bool = Field(
        default=False, description="Whether the account has the Premium pack: 20 requests a second instead of 10."
    )
    place_by: Literal["order", "quote"] = Field(
        default="order",
        description="How orders are placed: directly with their items, or by a quote that the order then names.",
    )
    quote_days: int = Field(default=1, ge=1, le=365, description="How many days a quote is to be valid (`validUntil`).")
    idempotency_key: Literal["operation", "reference"] = Field(
        default="operation",
        description="What Idempotency-Key is made of: the gateway's operation, or the caller's own order number.",
    )
    key_retention: float = Field(
        default=900.0,
        gt=0,
        le=2_592_000,
        description="For how many seconds Rexel is trusted to recognise a repeated Idempotency-Key.",
    )
    orders_path: Path = Field(default="/orders", description="The path of orders.")
    quotes_path: Path = Field(default="/quotes", description="The path of quotes.")
    prices_path: Path = Field(
        default="/external/productprices/productSalePrices", description="The path of customer prices."
    )
    stock_path: Path = Field(default="/external/stocks/positions", description="The path of stock positions.")
    units_path: Path = Field(default="/products/v2/units", description="The path of products and their units.")
    customers_path: Path = Field(default="/external/customers", description="The path of customer records.")
    first_page: Literal[0, 1] = Field(default=0, description="The number of the first page of the list of orders.")
    stock_request: Literal["getPositionsExtRequest", "getStockPositions"] = Field(
        default="getPositionsExtRequest",
        description="The root of a stock request; `getStockPositions` goes without quantities.",
    )
    quantity_as_text: bool = Field(
        default=False, description="Whether `orderingQty` is sent as text instead of a number."
    )
    reference_with_supplier: bool = Field(
        default=False, description="Whether `supplierComRef` is sent with the supplier code in front."
    )

    @field_validator("token_url")
    @classmethod
    def _a_url_with_a_path(cls, url: str) -> str:
        if not _TOKEN_URL.match(url):
            raise ValueError("not an http(s) URL with a path and without a query; fill in the tenant")
        return url

    @property
    def token_origin(self) -> str:
        """Return the scheme and host of `token_url`."""
        return self._token_part(1)

    @property
    def token_path(self) -> str:
        """Return the path of `token_url`."""
        return self._token_part(2)

    def _token_part(self, group: int) -> str:
        match = _TOKEN_URL.match(self.token_url)
        return match.group(group) if match else ""


class RexelCredentials(Credentials):
    """Keys under `providers.<name>.credentials`: OAuth client, subscription key, or both."""

    client_id: SecretStr | None = Field(default=None, description="The OAuth client id; needs `client_secret`.")
    client_secret: SecretStr | None = Field(default=None, description="The OAuth client secret; needs `client_id`.")
    subscription_key: SecretStr | None = Field(
        default=None, description="The API Management key, sent as Ocp-Apim-Subscription-Key."
    )

    @field_validator("client_id", "client_secret", "subscription_key")
    @classmethod
    def _not_empty(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None and not secret.get_secret_value():
            raise ValueError("is empty")
        return secret

    @model_validator(mode="after")
    def _at_least_one_way(self) -> Self:
        if (self.client_id is None) != (self.client_secret is None):
            raise ValueError("client_id and client_secret go together")
        if self.client_id is None and self.subscription_key is None:
            raise ValueError("client_id with client_secret, or subscription_key, or all three are required")
        return self
