"""The flows of orders: place, read by lines, look for, cancel."""

from collections.abc import Sequence
from datetime import datetime

from adapters.contract.adapter import Adapter
from adapters.contract.errors import (
    InvalidOrder,
    LossyTranslation,
    MalformedResponse,
    NoAnswer,
    NotFound,
    ProviderError,
    Unavailable,
    UnsupportedOperation,
    Violation,
)
from adapters.contract.flow import Answer, Flow
from adapters.contract.models.requests import NewCancellation, NewOrder
from adapters.contract.models.resources import ChangedPart, Line, Order, OrderChange, PartProblem
from adapters.reseller import basket, calls, envelope, mapping
from adapters.reseller.envelope import Members
from adapters.reseller.identifiers import OrderId, ProductId
from adapters.reseller.settings import ResellerCredentials, ResellerSettings

Account = Adapter[ResellerSettings, ResellerCredentials]

PAGES = 50
"""How many pages of List Orders a search reads before it gives up without a verdict."""


def place(account: Account, order: NewOrder) -> Flow[Order]:
    """Place an order. Products of lines with inputs are read first, for the numbers of their required data."""
    options = basket.check(order, account.currency, account.settings.longest_deliver_id)
    products = basket.products(order)
    asked = sorted({product.product for product, line in zip(products, order.lines, strict=True) if line.inputs})
    answers = (yield [calls.product_detail(number) for number in asked]) if asked else []
    details = {number: _product(answer) for number, answer in zip(asked, answers, strict=True)}
    body = basket.body(
        order,
        details,
        options.billing_address_id or account.settings.billing_address_id,
        options.notify_url or account.settings.notify_url,
    )
    response = yield calls.post("/Order/create", body, effect="commit", step="place")
    return _placed(account, order, products, envelope.data_object(response))


def _product(answer: Answer) -> Members:
    """Return a product of the basket, empty where the provider has none."""
    try:
        return envelope.data_one(calls.answered(answer))
    except NotFound:
        return Members(None)


def _placed(account: Account, order: NewOrder, products: Sequence[ProductId], answer: Members) -> Order:
    """Return the order as request and answer show it.

    Raises MalformedResponse where the answer does not tell the order's id and one for every line.
    """
    places = {basket.deliver_id(order, index): index for index in range(len(order.lines))}
    rows = {row.identifier("orderDetailID"): row for row in answer.objects("details")}
    if {row.text("deliverID") for row in rows.values()} != set(places):
        raise MalformedResponse("The answer's lines are not those of the basket.")
    lines = []
    for number, row in sorted(rows.items()):
        index = places[row.text("deliverID") or ""]
        price = mapping.price_of_line(account, row)
        lines.append(
            Line(
                id=str(number),
                reference=order.line_reference(index),
                product_id=account.id(products[index]),
                quantity=row.integer("quantity") or order.lines[index].quantity,
                unit_price=price if account.settings.price_of == "unit" else None,
                total=price if account.settings.price_of == "line" else None,
            )
        )
    return Order(
        id=account.id(OrderId.of(answer.identifier("orderID"), rows)),
        provider=account.name,
        kind="purchase",
        status="pending",
        reference=order.reference,
        currency=account.currency,
        lines=tuple(lines),
    )


def read(account: Account, order: OrderId) -> Flow[Order]:
    """Read an order by its lines, each with a request of its own, all at once. Raises NotFound."""
    if not order.lines:
        response = yield calls.whole_order(order.order)
        return mapping.to_row(account, envelope.data_one(response), account.settings.price_of)
    answers = yield [calls.order_line(line) for line in order.lines]
    lines = dict(zip(order.lines, (envelope.data_one(calls.answered(answer)) for answer in answers), strict=True))
    for number, line in lines.items():
        if line.integer("orderDetailID") not in {None, number}:
            raise MalformedResponse("The answer is about another line.")
        if line.integer("orderID") not in {None, order.order}:
            raise NotFound("These lines are not of this order.")
    created = mapping.created_of(lines[order.lines[0]])
    return mapping.to_order(account, order.order, lines, account.settings.price_of, created)


def find(account: Account, order: NewOrder, since: datetime) -> Flow[Order | None]:
    """Look in List Orders for what placing `order` at or after `since` may have left there.

    Raises MalformedResponse where the list cannot tell: it states no lines, or does not reach back to `since`.
    """
    for page in range(account.settings.first_page, account.settings.first_page + PAGES):
        rows = envelope.data_list((yield calls.orders_page(page, account.settings.largest_page)))
        for row in rows:
            found = mapping.to_row(account, row, account.settings.price_of)
            if found.created_at is not None and found.created_at < since:
                continue
            if not found.lines:
                raise MalformedResponse("List Orders states no lines, so no order can be looked for.")
            if _is(row, order):
                return found
        # A short page proves nothing here: the tenant may give smaller pages than asked for.
        created = [mapping.created_of(row) for row in rows]
        all_older = all(moment is not None and moment < since for moment in created)
        if not rows or (all_older and account.settings.orders_newest_first):
            return None
    raise MalformedResponse("List Orders did not reach back to the time in question.")


def _is(row: Members, order: NewOrder) -> bool:
    """Tell whether a row has exactly the lines of `order`: deliverIDs and, where it says, quantities and products."""
    stated: dict[str | None, list[Members]] = {}
    for part in mapping.lines_of(row):
        stated.setdefault(part.text("deliverID"), []).append(part)
    wanted = {basket.deliver_id(order, index): line for index, line in enumerate(order.lines)}
    if set(stated) != set(wanted):
        return False
    for deliver_id, line in wanted.items():
        quantities = [part.integer("quantity") for part in stated[deliver_id]]
        if None not in quantities and sum(filter(None, quantities)) != line.quantity:
            return False
        product = ProductId.parse(line.product_id or "")
        stores = {part.integer("customerStoreProductID") for part in stated[deliver_id]} - {None}
        if product is None or stores - {product.store_product}:
            return False
    return True


def cancel(account: Account, order: OrderId, cancellation: NewCancellation) -> Flow[OrderChange]:
    """Cancel an order, or lines of it where the tenant cancels by line."""
    _check(order, cancellation)
    if account.settings.cancel_by == "order":
        chosen = {int(line.id) for line in cancellation.lines or ()}
        if chosen and chosen != set(order.lines):
            raise UnsupportedOperation(
                "This account cancels whole orders; `cancel_by: line` in its settings cancels single lines."
            )
        response = yield calls.post("/Order/cancel", {"orderID": order.order}, effect="commit", step="cancel")
        envelope.data(response)
        return OrderChange(order_id=account.id(order), state="done")
    lines = [int(line.id) for line in cancellation.lines or ()] or [*order.lines]
    if not lines:
        whole = yield from read(account, order)
        lines = [int(line.id) for line in whole.lines if line.id]
    answers = yield [
        calls.post("/Order/cancel", {"orderDetailID": line}, effect="commit", step="cancel") for line in lines
    ]
    parts = tuple(_part(str(line), answer) for line, answer in zip(lines, answers, strict=True))
    if all(part.state == "failed" for part in parts):
        calls.answered(answers[0])  # nothing was cancelled: one error says it
    states = {part.state for part in parts}
    state = states.pop() if len(states) == 1 else "unknown" if "unknown" in states else "partial"
    return OrderChange(order_id=account.id(order), state=state, parts=parts)


def _check(order: OrderId, cancellation: NewCancellation) -> None:
    lost = [Violation("reason", "the provider takes no reason")] if cancellation.reason is not None else []
    wrong = []
    for index, line in enumerate(cancellation.lines or ()):
        if line.quantity is not None:
            lost.append(Violation(f"lines[{index}].quantity", "the provider cancels lines as a whole"))
        known = {str(number) for number in order.lines}
        if line.id not in known if known else not (line.id.isascii() and line.id.isdecimal() and len(line.id) <= 18):
            wrong.append(Violation(f"lines[{index}].id", "not a line of this order"))
    if wrong:
        raise InvalidOrder(*wrong, *lost)
    if lost:
        raise LossyTranslation(*lost)


def _part(line: str, answer: Answer) -> ChangedPart:
    """Return what came of cancelling one line."""
    try:
        envelope.data(calls.answered(answer))
    except ProviderError as error:
        if not _is_unclear(error):
            return ChangedPart(id=line, state="failed", problem=_problem("Not cancelled", error))
        return ChangedPart(id=line, state="unknown", problem=_problem("The answer is missing or unreadable", error))
    return ChangedPart(id=line, state="done")


def _is_unclear(error: ProviderError) -> bool:
    """Tell whether what was answered with this may have been carried out all the same."""
    return isinstance(error, MalformedResponse | Unavailable) or (isinstance(error, NoAnswer) and error.sent)


def _problem(title: str, error: ProviderError) -> PartProblem:
    return PartProblem(title=title, code=error.code, message=error.message or None)
