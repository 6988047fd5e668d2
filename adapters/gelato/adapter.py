"""The adapter for GelatoConnect's Order Management API."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from adapters.contract.adapter import Adapter, Token, WriteContext
from adapters.contract.errors import (
    LossyTranslation,
    MalformedResponse,
    NotFound,
    ProviderError,
    Unavailable,
    Violation,
)
from adapters.contract.flow import Flow
from adapters.contract.models.requests import DeliveryChange, NewCancellation, NewOrder, OrderQuery
from adapters.contract.models.resources import Order, OrderChange, OrderKind, Page, Shipment
from adapters.contract.traits import RateLimit, Trait
from adapters.contract.wire import JSON, HttpRequest, HttpResponse, json_body
from adapters.gelato import answers, mapping, searching, submission
from adapters.gelato.errors import error_of
from adapters.gelato.reading import Reading
from adapters.gelato.settings import GelatoCredentials, GelatoSettings

_DOCUMENT = "Order Management API documentation"
_ACCEPT = {"accept": JSON}
_SEND = {"accept": JSON, "content-type": JSON}
_SEARCHED_PAGES = 10
"""A reference that 1,000 orders share is nothing that a search can decide."""


class GelatoAdapter(Adapter[GelatoSettings, GelatoCredentials]):
    """Places, reads, changes and cancels orders for printed products through one connector of GelatoConnect."""

    title = "GelatoConnect"
    kinds: ClassVar[tuple[OrderKind, ...]] = ("purchase",)
    Settings = GelatoSettings
    Credentials = GelatoCredentials
    refusals: ClassVar[Mapping[str, str]] = {
        "list_categories": "GelatoConnect has no catalog: products are agreed on with Gelato and named by productUid.",
        "list_products": "GelatoConnect has no catalog: products are agreed on with Gelato and named by productUid.",
        "get_product": "GelatoConnect has no catalog: products are agreed on with Gelato and named by productUid.",
        "check_availability": "GelatoConnect tells neither prices nor stock before an order is placed.",
        "confirm_shipment": "Gelato produces and ships itself: there is nothing to confirm.",
        "change_shipment": "Gelato produces and ships itself: its tracking codes cannot be changed.",
        "get_account": "GelatoConnect has no account to read.",
    }

    def traits(self) -> Mapping[str, Trait]:
        """Return how each write can be followed up: nothing recognises a repeated order, but it can be searched for."""
        natural = Trait("natural", f"{_DOCUMENT}, Cancel Order and Update Shipment: each sets a state of one order")
        return {
            "place": Trait(
                "lookup",
                f"{_DOCUMENT}, Search Orders: orderReferenceId; preventDuplicate is not described",
                settle=self.settings.settle,
                probes=3,
                on_absent=self.settings.on_absent,
            ),
            "cancel": natural,
            "change_delivery": natural,
        }

    def limits(self) -> tuple[RateLimit, ...]:
        """Return the one limit, which all requests count toward."""
        return (RateLimit("*", "*", requests=100, seconds=1.0, source=f"{_DOCUMENT}, Rate Limits"),)

    def authorize(self, request: HttpRequest, token: Token | None) -> HttpRequest:
        """Return the request with key and secret in one header."""
        key, secret = self.credentials.api_key, self.credentials.api_secret
        return request.with_headers({"x-api-key": f"{key.get_secret_value()}:{secret.get_secret_value()}"})

    def error(self, request: HttpRequest, response: HttpResponse) -> ProviderError | None:
        """Return what a response reports as an error, decided by its status."""
        return error_of(request, response, prevents_duplicates=self.settings.prevent_duplicate)

    def cheap_read(self) -> Flow[Any]:
        """Search for one order."""
        response = yield self._search({}, limit=1)
        return answers.found(response)

    def place_order(self, order: NewOrder, context: WriteContext) -> Flow[Order]:
        """Submit an order, or a draft. Raises InvalidOrder, LossyTranslation, Rejected.

        Gelato accepts an order before it looks at it: it may be `failed` later, with a reason.
        """
        body = submission.submission(order, self.currency, prevent_duplicate=self.settings.prevent_duplicate)
        response = yield HttpRequest(
            "POST",
            self.settings.submit_order_url,
            headers={**_SEND, **self._customer()},
            body=json_body(body),
            effect="commit",
            step="place",
        )
        return self._reading().placed(order, body, answers.placed(response))

    def get_order(self, order_id: str) -> Flow[Order]:
        """Read one order by Gelato's id, or by the caller's reference: Gelato takes both. Raises NotFound."""
        response = yield self._get(order_id)
        return self._reading().order(answers.order(response))

    def list_shipments(self, order_id: str) -> Flow[Page[Shipment]]:
        """List the packages of an order. Raises NotFound."""
        response = yield self._get(order_id)
        return Page(items=mapping.shipments(answers.shipped(response).shipment))

    def list_orders(self, query: OrderQuery) -> Flow[Page[Order]]:
        """List summaries of orders. Raises InvalidOrder, UnsupportedOperation."""
        position = searching.Position.of(query.cursor)
        criteria = searching.criteria(query)
        if criteria is None:
            return Page()
        limit = min(query.limit, searching.LARGEST_PAGE)
        offset = position.overlapping(limit)
        response = yield self._search(criteria, limit, offset)
        rows = answers.found(response).orders[:limit]
        return Page(
            items=tuple(self._reading().summary(row) for row in searching.fresh(rows, position.shown)),
            next_cursor=searching.after(rows, offset, limit),
        )

    def cancel_order(self, order_id: str, cancellation: NewCancellation, context: WriteContext) -> Flow[OrderChange]:
        """Cancel a whole order, until it is shipped. Raises LossyTranslation, NotFound, NotCancellable."""
        homeless = []
        if cancellation.lines is not None:
            homeless.append(Violation("lines", "GelatoConnect cancels whole orders only"))
        if cancellation.reason is not None:
            homeless.append(Violation("reason", "GelatoConnect takes no reason"))
        if homeless:
            raise LossyTranslation(*homeless)
        response = yield HttpRequest(
            "POST", self.settings.order_cancel_url, _path(order_id), headers=_ACCEPT, effect="commit", step="cancel"
        )
        return self._changed(order_id, response)

    def change_delivery(self, order_id: str, change: DeliveryChange, context: WriteContext) -> Flow[OrderChange]:
        """Change address or shipping methods, until the order is shipped.

        Raises InvalidOrder, LossyTranslation, NotFound, NotCancellable, Rejected.
        """
        response = yield HttpRequest(
            "PUT",
            self.settings.update_shipment_url,
            _path(order_id),
            headers=_SEND,
            body=json_body(submission.shipment_update(change)),
            effect="commit",
            step="change_delivery",
        )
        return self._changed(order_id, response)

    def find_order(self, order: NewOrder, since: datetime, context: WriteContext) -> Flow[Order | None]:
        """Search by reference, and read what is found to see whether it is the order that was placed.

        Raises Unavailable or MalformedResponse where the search cannot decide.
        """
        rows: list[answers.Row] = []
        for page in range(_SEARCHED_PAGES):
            response = yield self._search({"orderReferenceId": order.reference}, offset=page * searching.LARGEST_PAGE)
            found = answers.found(response).orders
            rows += found
            if len(found) < searching.LARGEST_PAGE:
                break
        else:
            raise MalformedResponse("The search for one reference does not end.")
        for native in searching.candidates(order, rows, since):
            try:
                response = yield self._get(native)
            except NotFound as error:
                raise Unavailable("An order that the search shows cannot be read yet.") from error
            answer = answers.order(response)
            if searching.native_id(answer) != native:
                raise MalformedResponse("The answer is about another order.")
            if searching.is_placed(order, answer, since):
                return self._reading().order(answer)
        return None

    def _reading(self) -> Reading:
        return Reading(self.name, self.id, self.currency)

    def _customer(self) -> dict[str, str]:
        """Return the header for connectors that serve all customers: on submit, get and search only."""
        customer = self.settings.customer_reference_id
        return {"customer-reference-id": customer} if customer else {}

    def _get(self, order_id: str) -> HttpRequest:
        headers = {**_ACCEPT, **self._customer()}
        return HttpRequest("GET", self.settings.get_order_url, _path(order_id), headers=headers)

    def _search(self, criteria: Mapping[str, Any], limit: int = searching.LARGEST_PAGE, offset: int = 0) -> HttpRequest:
        body = json_body({**criteria, "limit": limit, "offset": offset})
        return HttpRequest("POST", self.settings.search_orders_url, headers={**_SEND, **self._customer()}, body=body)

    def _changed(self, order_id: str, response: HttpResponse) -> OrderChange:
        """Return that a change is done: the status says so, and what Gelato answers in JSON adds nothing.

        Raises MalformedResponse for what is no answer of Gelato's at all (a proxy's page).
        """
        if response.status != 204:
            response.object()
        return OrderChange(order_id=self.id(order_id), state="done")


def _path(order_id: str) -> dict[str, str]:
    """Return what fills a route's {id}. Raises NotFound for a blank, which would make it another URL."""
    if not order_id.strip():
        raise NotFound("An order's id is not blank.")
    return {"id": order_id}


ADAPTER = GelatoAdapter
