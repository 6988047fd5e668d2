"""What is read of an order that GelatoConnect answers: of the rest nothing is made, which spares time.

Members that may be an object, null or an empty list are left as they come (Order Management API documentation, "Get
Order"); `adapters.gelato.reading` makes something of them.
"""

from collections.abc import Mapping
from typing import Any

from typing_extensions import TypedDict

from adapters.contract import codec
from adapters.contract.errors import MalformedResponse
from adapters.contract.wire import HttpResponse


class _Item(TypedDict, total=False):
    id: Any
    itemReferenceId: Any
    productUid: Any
    productName: Any
    quantity: Any
    fulfillmentStatus: Any
    metadata: Any


class _ReceiptItem(TypedDict, total=False):
    type: Any
    referenceId: Any
    price: Any


class _Receipt(TypedDict, total=False):
    items: list[_ReceiptItem] | None
    currency: Any
    transactionType: Any
    isCalculated: Any
    productsPrice: Any
    shippingPrice: Any
    packagingPrice: Any
    discount: Any
    totalVat: Any
    totalInclVat: Any


class _Order(TypedDict, total=False):
    id: Any
    orderReferenceId: Any
    fulfillmentStatus: Any
    refusalReason: Any
    refusalReasonCode: Any
    comment: Any
    currency: Any
    items: list[_Item] | None
    shippingAddress: Any
    shipment: Any
    receipts: list[_Receipt] | None
    metadata: Any
    connectedOrderIds: Any
    createdAt: Any
    updatedAt: Any


_read = codec.reader(_Order)


def order(response: HttpResponse) -> Mapping[str, Any]:
    """Return the members of an order that are read. Raises MalformedResponse where it is none."""
    try:
        return _read(response.body)
    except ValueError as error:
        raise MalformedResponse("The answer is no order.", status=response.status) from error
