"""The table of endpoints: method, path, handler, scope, and what goes in and out. Routing and OpenAPI both read it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from adapters.contract.models import catalog as catalog_models
from adapters.contract.models import requests, resources
from gateway.api import about, catalog, operations, orders, views
from gateway.api.context import Answer, Call, Query
from gateway.api.lists import Listing
from policies.queueing import Priority

Handler = Callable[[Call], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One method of one path.

    `scope` is what the caller needs (None: nothing but being a caller). `result` is the type of the success body, at
    `status`. `write` says that an Idempotency-Key is required and that 202 and the problems of writes may come; `kept`
    that answers come from the cache.
    """

    method: str
    path: str
    handler: Handler
    tag: str
    result: Any
    scope: str | None = None
    query: type[Query] = about.NoQuery
    body: type[BaseModel] | None = None
    status: int = 200
    write: bool = False
    kept: bool = False

    @property
    def summary(self) -> str:
        """Return the first sentence of the handler's docstring."""
        return (self.handler.__doc__ or "").strip().partition("\n")[0]

    @property
    def priority(self) -> Priority:
        """Return the class of its requests where they wait for a provider's rate limit."""
        if self.tag == "catalog":
            return Priority.BROWSE
        if self.write:
            return Priority.RESOLVE if self.path.endswith("/cancellation") else Priority.COMMIT
        return Priority.STATUS


ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint("GET", "/v1/providers", about.list_providers, "gateway", Listing[views.ProviderView]),
    Endpoint("GET", "/v1/providers/{provider}", about.get_provider, "gateway", views.ProviderView),
    Endpoint(
        "GET", "/v1/providers/{provider}/account", about.get_account, "gateway", resources.Account, scope="orders:read"
    ),
    Endpoint(
        "GET",
        "/v1/categories",
        catalog.list_categories,
        "catalog",
        Listing[catalog_models.Category],
        scope="catalog:read",
        query=catalog.CategoriesQuery,
        kept=True,
    ),
    Endpoint(
        "GET",
        "/v1/products",
        catalog.list_products,
        "catalog",
        Listing[catalog_models.Product],
        scope="catalog:read",
        query=catalog.ProductsQuery,
        kept=True,
    ),
    Endpoint(
        "GET",
        "/v1/products/{id}",
        catalog.get_product,
        "catalog",
        catalog_models.Product,
        scope="catalog:read",
        kept=True,
    ),
    Endpoint(
        "POST",
        "/v1/availability",
        catalog.check_availability,
        "catalog",
        Listing[catalog_models.Availability],
        scope="catalog:read",
        body=requests.AvailabilityRequest,
    ),
    Endpoint(
        "POST",
        "/v1/orders",
        orders.place_order,
        "orders",
        resources.Order,
        scope="orders:write",
        body=requests.NewOrder,
        status=201,
        write=True,
    ),
    Endpoint(
        "GET",
        "/v1/orders",
        orders.list_orders,
        "orders",
        Listing[resources.Order],
        scope="orders:read",
        query=orders.OrdersQuery,
    ),
    Endpoint("GET", "/v1/orders/{id}", orders.get_order, "orders", resources.Order, scope="orders:read"),
    Endpoint(
        "POST",
        "/v1/orders/{id}/cancellation",
        orders.cancel_order,
        "orders",
        resources.OrderChange,
        scope="orders:write",
        body=requests.NewCancellation,
        write=True,
    ),
    Endpoint(
        "PATCH",
        "/v1/orders/{id}/delivery",
        orders.change_delivery,
        "orders",
        resources.OrderChange,
        scope="orders:write",
        body=requests.DeliveryChange,
        write=True,
    ),
    Endpoint(
        "GET",
        "/v1/orders/{id}/shipments",
        orders.list_shipments,
        "orders",
        Listing[resources.Shipment],
        scope="orders:read",
    ),
    Endpoint(
        "POST",
        "/v1/orders/{id}/shipments",
        orders.confirm_shipment,
        "orders",
        resources.OrderChange,
        scope="orders:write",
        body=requests.NewShipment,
        write=True,
    ),
    Endpoint(
        "PATCH",
        "/v1/orders/{id}/shipments/{shipment}",
        orders.change_shipment,
        "orders",
        resources.OrderChange,
        scope="orders:write",
        body=requests.ShipmentChange,
        write=True,
    ),
    Endpoint(
        "GET",
        "/v1/operations",
        operations.list_operations,
        "operations",
        Listing[views.OperationView],
        scope="orders:read",
        query=operations.OperationsQuery,
    ),
    Endpoint(
        "GET", "/v1/operations/{id}", operations.get_operation, "operations", views.OperationView, scope="orders:read"
    ),
    Endpoint(
        "DELETE",
        "/v1/operations/{id}",
        operations.withdraw_operation,
        "operations",
        views.OperationView,
        scope="orders:write",
        write=True,
    ),
    Endpoint(
        "POST",
        "/v1/operations/{id}/resolution",
        operations.resolve_operation,
        "operations",
        views.OperationView,
        scope="operations:resolve",
        body=operations.Resolution,
        write=True,
    ),
    Endpoint("GET", "/v1/rate-limits", about.get_rate_limits, "gateway", Listing[views.ProviderLimits]),
    Endpoint("GET", "/v1/idempotency", about.get_idempotency, "gateway", about.IdempotencyPolicy),
)
