"""What the simulated tenant answers: the envelope, and orders and lines as the API shows them."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from adapters.contract import codec
from adapters.contract.simulator import json_response
from adapters.contract.wire import HttpResponse
from adapters.reseller.simulator_orders import DELIVERED, SimulatedLine, SimulatedOrder

Casing = Literal["camel", "pascal"]


def success(data: Any, casing: Casing) -> HttpResponse:
    """Return an answer that reports success."""
    return json_response(200, {"success": True, "message": "OK", "errorCode": None, "data": cased(data, casing)})


def failure(
    status: int,
    code: str | None,
    message: str,
    data: Any = None,
    headers: Mapping[str, str] | None = None,
) -> HttpResponse:
    """Return an answer that reports failure, whatever its status."""
    return json_response(status, {"success": False, "message": message, "errorCode": code, "data": data}, headers)


def problem(status: int, title: str) -> HttpResponse:
    """Return what the framework under the platform answers by itself."""
    return json_response(status, {"title": title, "status": status, "traceId": "00-simulated-00"})


def cased(value: Any, casing: Casing) -> Any:
    """Write members as the tenant does, and decimals as JSON numbers."""
    if isinstance(value, Mapping):
        upper = casing == "pascal"
        return {(name[:1].upper() + name[1:] if upper else name): cased(part, casing) for name, part in value.items()}
    if isinstance(value, list):
        return [cased(part, casing) for part in value]
    return codec.number(str(value)) if isinstance(value, Decimal) else value


def order_row(order: SimulatedOrder) -> dict[str, Any]:
    """Return an order as List Orders shows it, without goods."""
    return {
        "orderID": order.number,
        "createdDate": utc(order.created),
        "details": [_line(line) for line in order.lines],
    }


def order_line(line: SimulatedLine, created: datetime) -> dict[str, Any]:
    """Return a line as Get Order Detail shows it, with goods once they are delivered."""
    delivered = line.seen == DELIVERED
    receiver = line.require[0]["value"] if line.require else "your account"
    note = f"{line.product.name} delivered to {receiver}."
    return {
        **_line(line),
        "orderID": line.order,
        "createdDate": utc(created),
        "deliveryData": line.codes if delivered and line.codes else None,
        "deliveryNote": [note] if delivered and not line.codes else None,
    }


def created_order(order: SimulatedOrder) -> dict[str, Any]:
    """Return what Create Order answers."""
    details = [
        {
            "deliverID": line.deliver_id,
            "orderDetailID": line.number,
            "quantity": line.quantity,
            "price": Decimal(line.product.price),
        }
        for line in order.lines
    ]
    return {"orderID": order.number, "details": details, "items": None}


def _line(line: SimulatedLine) -> dict[str, Any]:
    return {
        "orderDetailID": line.number,
        "deliverID": line.deliver_id,
        "productID": line.product.product,
        "customerStoreProductID": line.product.store_product,
        "productName": line.product.name,
        "quantity": line.quantity,
        "price": Decimal(line.product.price),
        "status": line.seen,
    }


def utc(moment: datetime) -> str:
    """Write a time as documented: yyyy-MM-ddTHH:mm:ssZ."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
