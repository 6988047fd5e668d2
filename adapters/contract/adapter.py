"""The base of every adapter: what it may offer, and what it must say about itself.

An adapter does no I/O and keeps no state: same input, same requests. It overrides the operations its provider has;
what it leaves out is refused with `unsupported-operation` by itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, SecretStr

from adapters.contract.callbacks import Callback, CallbackEvent
from adapters.contract.errors import ProviderError, UnsupportedOperation
from adapters.contract.flow import Flow
from adapters.contract.limits import ToldLimit, told_limits
from adapters.contract.models.catalog import Availability, Category, Product
from adapters.contract.models.requests import (
    AvailabilityItem,
    CategoryQuery,
    DeliveryChange,
    NewCancellation,
    NewOrder,
    NewShipment,
    OrderQuery,
    ProductQuery,
    ShipmentChange,
)
from adapters.contract.models.resources import Account, Order, OrderChange, OrderKind, Page, Shipment
from adapters.contract.traits import RateLimit, Trait
from adapters.contract.wire import HttpRequest, HttpResponse


class ProviderSettings(BaseModel):
    """An adapter's own keys under `providers.<name>` in gateway.yaml, a description for each field."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Credentials(BaseModel):
    """An adapter's keys under `providers.<name>.credentials`; secrets are SecretStr."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


@dataclass(frozen=True, slots=True)
class Token:
    """An access token and how many seconds it lives from the moment of the answer."""

    value: SecretStr
    lifetime: float


@dataclass(frozen=True, slots=True)
class WriteContext:
    """What varies between two writes with the same input.

    `operation_id` names the intended write and stays the same over every re-send: a provider's own idempotency key
    is made of it. `now` is when the operation began (aware, UTC).
    """

    operation_id: str
    now: datetime


@dataclass(frozen=True, slots=True)
class ProcessState:
    """Where an asynchronous process at the provider stands. `gone`: no longer known there, which says nothing."""

    id: str
    state: Literal["pending", "succeeded", "failed", "timeout", "gone"]
    entity_id: str | None = None
    code: str | None = None
    message: str | None = None
    final: bool = False
    """For a failure: the provider says that trying again is pointless."""
    created_at: datetime | None = None


OPERATIONS: Mapping[str, str] = {
    "list_categories": "categories.list",
    "list_products": "products.list",
    "get_product": "products.get",
    "check_availability": "availability.check",
    "place_order": "orders.place",
    "list_orders": "orders.list",
    "get_order": "orders.get",
    "cancel_order": "orders.cancel",
    "change_delivery": "orders.changeDelivery",
    "list_shipments": "shipments.list",
    "confirm_shipment": "shipments.confirm",
    "change_shipment": "shipments.change",
    "get_account": "account.get",
}
"""The operations callers can ask for: the adapter's method, and its name in `/v1/providers`."""

SettingsT = TypeVar("SettingsT", bound=ProviderSettings)
CredentialsT = TypeVar("CredentialsT", bound=Credentials)


class Adapter(Generic[SettingsT, CredentialsT]):
    """One provider, for one account.

    `name` is the account's name under `providers:`; ids given to callers begin with it (`self.id`), ids given to
    the adapter are the provider's own. `currency` is the configured one, for providers that do not state theirs.
    """

    title: ClassVar[str]
    kinds: ClassVar[tuple[OrderKind, ...]]
    base_url: ClassVar[str | None] = None
    """Where the provider is for everybody; None where each account has its own and must configure it."""
    default_currency: ClassVar[str | None] = None
    success_in_body: ClassVar[bool] = False
    """Whether a 2xx may be a failure that only the body tells. Then a 2xx that cannot be read leaves doubt about a
    commit; otherwise it proves that the commit was executed, and only its answer is lost."""
    combine: ClassVar[Literal["all", "most_specific"]] = "all"
    """Which of the limits that match a request count it: all, or only the most specific."""
    catalog_ttls: ClassVar[Mapping[str, float]] = {}
    """Seconds for which catalog answers may be told again, by method name, where its documents make others right."""
    Settings: ClassVar[type[ProviderSettings]] = ProviderSettings
    Credentials: ClassVar[type[Credentials]] = Credentials
    refusals: ClassVar[Mapping[str, str]] = {}
    """Why an operation that this adapter leaves out is left out, by method name: shown to callers."""

    def __init__(self, name: str, settings: SettingsT, credentials: CredentialsT, currency: str | None = None) -> None:
        self.name = name
        self.settings = settings
        self.credentials = credentials
        self.currency = currency or self.default_currency

    def id(self, native: Any) -> str:
        """Return the id that callers use for the provider's own id."""
        return f"{self.name}:{native}"

    # What the account can do -----------------------------------------------------------------------------------

    def unavailable(self) -> Mapping[str, str]:
        """Return the overridden operations that this account's configuration does not allow, each with the reason.

        A reason names the key to write in backticks, `credentials.secret_key` say: `ordergate check` tells it.
        """
        return {}

    def has(self, method: str) -> bool:
        """Tell whether the adapter has a method that may be left out."""
        return getattr(type(self), method) is not getattr(Adapter, method)

    def supports(self, operation: str) -> bool:
        """Tell whether the account can do `operation` (a method name of OPERATIONS)."""
        return self.has(operation) and operation not in self.unavailable()

    def why_not(self, operation: str) -> str:
        """Return why an unsupported operation is unsupported, for people."""
        return (
            self.unavailable().get(operation)
            or self.refusals.get(operation)
            or f"{self.title} has no {OPERATIONS.get(operation, operation)}."
        )

    def _unsupported(self, operation: str) -> UnsupportedOperation:
        return UnsupportedOperation(self.why_not(operation))

    def _refuse(self, operation: str) -> Flow[Any]:
        """Return a flow that sends nothing and refuses."""
        yield from ()
        raise self._unsupported(operation)

    def traits(self) -> Mapping[str, Trait]:
        """Return the trait of every step with effect `commit`, by step name; depends on the configuration."""
        return {}

    def limits(self) -> tuple[RateLimit, ...]:
        """Return the provider's documented rate limits."""
        return ()

    def told_limits(self, response: HttpResponse) -> tuple[ToldLimit, ...]:
        """Return what an answer tells about limits; asked for every response, never raises."""
        return told_limits(response)

    def published_limits(self) -> Flow[tuple[RateLimit, ...]]:
        """Read the limits that the provider publishes; asked seldom."""
        return self._refuse("published_limits")

    # How it speaks ---------------------------------------------------------------------------------------------

    def login(self, now: datetime) -> Flow[Token]:
        """Fetch an access token. Left out by providers whose credentials go into every request.

        Its requests have their own credentials and pass by `authorize`. Raises CredentialsRefused, AccountRefused.
        """
        return self._refuse("login")

    @property
    def needs_login(self) -> bool:
        """Tell whether requests need a token from `login`."""
        return type(self).login is not Adapter.login

    def authorize(self, request: HttpRequest, token: Token | None) -> HttpRequest:
        """Return the request with credentials and standing headers: the only place that opens a secret."""
        return request

    def error(self, request: HttpRequest, response: HttpResponse) -> ProviderError | None:
        """Return what a response reports as an error, or None. Asked for every response; never raises."""
        raise NotImplementedError

    def verify_callback(self, callback: Callback) -> bool:
        """Tell whether a callback proves that the provider sent it; False where the provider offers no proof."""
        return False

    def read_callback(self, callback: Callback) -> tuple[CallbackEvent, ...]:
        """Read a callback. Raises UnsupportedOperation where the provider sends none, MalformedResponse for junk."""
        raise UnsupportedOperation(f"{self.title} sends no callbacks that are understood here.")

    def cheap_read(self) -> Flow[Any]:
        """Make the cheapest read that proves base URL and credentials: for `ordergate check --live`."""
        return self._refuse("cheap_read")

    # Catalog ---------------------------------------------------------------------------------------------------

    def list_categories(self, query: CategoryQuery) -> Flow[Page[Category]]:
        """List categories, or those directly below `parent`."""
        return self._refuse("list_categories")

    def category_tree(self) -> Flow[tuple[Category, ...]]:
        """List every category, parents first. Left out by providers that do not give all of them in one answer."""
        return self._refuse("list_categories")

    def list_products(self, query: ProductQuery) -> Flow[Page[Product]]:
        """List or search products."""
        return self._refuse("list_products")

    def get_product(self, product_id: str) -> Flow[Product]:
        """Read one product. Raises NotFound."""
        return self._refuse("get_product")

    def check_availability(self, items: Sequence[AvailabilityItem], now: datetime) -> Flow[tuple[Availability, ...]]:
        """Read live price and stock, one answer for each item in the same order; ids in `items` are native."""
        return self._refuse("check_availability")

    # Orders ----------------------------------------------------------------------------------------------------

    def place_order(self, order: NewOrder, context: WriteContext) -> Flow[Order]:
        """Place an order; `product_id` of its lines is native. Raises Refusal (nothing was sent), Rejected."""
        return self._refuse("place_order")

    def list_orders(self, query: OrderQuery) -> Flow[Page[Order]]:
        """List orders, newest first as far as the provider does so. Makes no request for each item."""
        return self._refuse("list_orders")

    def get_order(self, order_id: str) -> Flow[Order]:
        """Read one order. Raises NotFound."""
        return self._refuse("get_order")

    def cancel_order(self, order_id: str, cancellation: NewCancellation, context: WriteContext) -> Flow[OrderChange]:
        """Cancel an order or some of its lines. Raises NotCancellable."""
        return self._refuse("cancel_order")

    def change_delivery(self, order_id: str, change: DeliveryChange, context: WriteContext) -> Flow[OrderChange]:
        """Change where to, or how, an order is sent. Raises NotCancellable when it is too late."""
        return self._refuse("change_delivery")

    def list_shipments(self, order_id: str) -> Flow[Page[Shipment]]:
        """List the shipments of an order."""
        return self._refuse("list_shipments")

    def confirm_shipment(self, order_id: str, shipment: NewShipment, context: WriteContext) -> Flow[OrderChange]:
        """Tell the provider that we shipped (part of) an order received through it."""
        return self._refuse("confirm_shipment")

    def change_shipment(
        self, order_id: str, shipment_id: str, change: ShipmentChange, context: WriteContext
    ) -> Flow[OrderChange]:
        """Change the tracking code of a shipment."""
        return self._refuse("change_shipment")

    def get_account(self) -> Flow[Account]:
        """Read the account."""
        return self._refuse("get_account")

    # The fate of a write ---------------------------------------------------------------------------------------

    def find_order(self, order: NewOrder, since: datetime, context: WriteContext) -> Flow[Order | None]:
        """Look for what `place_order(order, context)` placed at or after `since` by the provider's clock; None without.

        A hit is that order: it has its reference, and is not another that has it. For `lookup` and `dedupe_ref` traits.
        """
        return self._refuse("find_order")

    def poll(self, processes: Sequence[str]) -> Flow[tuple[ProcessState, ...]]:
        """Ask where asynchronous processes stand; one state for each id, in the same order."""
        return self._refuse("poll")

    def find_processes(self, part_id: str, step: str) -> Flow[tuple[ProcessState, ...]]:
        """Look for processes that `step` may have started for a part (a line, a shipment), newest first."""
        return self._refuse("find_processes")

    def has_shipment(self, order_id: str, shipment_id: str | None, wanted: NewShipment | ShipmentChange) -> Flow[bool]:
        """Tell whether a shipment of the order, or the one that was to be changed, is there as it was wanted."""
        return self._refuse("has_shipment")
