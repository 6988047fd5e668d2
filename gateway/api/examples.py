"""Examples in the OpenAPI document: one order of each kind, what placing it takes, and a refusal."""

from collections.abc import Mapping
from typing import Any

Example = dict[str, Any]

_ADDRESS: Example = {
    "firstName": "Ada",
    "lastName": "Lovelace",
    "line1": "Unter den Linden 6",
    "city": "Berlin",
    "postalCode": "10117",
    "country": "DE",
    "email": "ada@example.com",
    "phone": "+4930123456",
}

PURCHASE: Example = {
    "reference": "PO-2041",
    "lines": [{"productId": "rexel:SCH:S520059", "quantity": 20}],
}
PRINT: Example = {
    "reference": "PO-2042",
    "currency": "EUR",
    "shipTo": _ADDRESS,
    "lines": [
        {
            "productId": "gelato:flat_product_pf_a4_pt_200-gsm-uncoated_cl_4-0_ct_none_prt_none_sft_none_set_none_hor",
            "quantity": 2,
            "files": [{"role": "default", "url": "https://files.example.com/poster.pdf"}],
        }
    ],
}
TRADE_IN: Example = {
    "reference": "TI-77",
    "kind": "tradeIn",
    "customer": {"email": "grace@example.com", "firstName": "Grace", "lastName": "Hopper"},
    "payout": {"method": "PayPal"},
    "lines": [{"productId": "reusely:20100", "quantity": 1, "condition": "12"}],
}

PURCHASED: Example = {
    "id": "rexel:4500012345",
    "provider": "rexel",
    "kind": "purchase",
    "status": "pending",
    "reference": "PO-2041",
    "lines": [{"productId": "rexel:SCH:S520059", "quantity": 20}],
    "operation": "0199d0f4-7a52-7c61-9d3e-5f0c6a1b2c3d",
}
SOLD: Example = {
    "id": "bol:A2K8290LP8",
    "provider": "bol",
    "kind": "sale",
    "status": "partiallyShipped",
    "currency": "EUR",
    "lines": [
        {
            "id": "2012345678",
            "productId": "bol:0000007740404",
            "quantity": 3,
            "quantityShipped": 1,
            "quantityCancelled": 0,
            "unitPrice": {"amount": "19.99", "currency": "EUR"},
            "status": "partiallyShipped",
            "providerStatus": "OPEN",
            "cancellationRequested": False,
        }
    ],
    "shipTo": _ADDRESS,
    "createdAt": "2026-03-02T09:14:05Z",
}
TRADED_IN: Example = {
    "id": "reusely:SIM1QJTP93001",
    "provider": "reusely",
    "kind": "tradeIn",
    "status": "processing",
    "providerStatus": "Received",
    "reference": "TI-77",
    "lines": [
        {"productId": "reusely:20100", "quantity": 1, "unitPrice": {"amount": "112.50", "currency": "USD"}},
    ],
    "createdAt": "2026-03-02T09:14:05Z",
}
REFUSED: Example = {
    "type": "/problems/validation-failed",
    "title": "The request has wrong values",
    "status": 400,
    "requestId": "0199d0f4-7a52-7c61-9d3e-5f0c6a1b2c3d",
    "violations": [{"name": "lines[0].quantity", "reason": "Input should be greater than or equal to 1"}],
    "placed": "no",
    "retry": "same-key",
}

REQUESTS: Mapping[tuple[str, str], Mapping[str, Example]] = {
    ("POST", "/v1/orders"): {"purchase": PURCHASE, "printOnDemand": PRINT, "tradeIn": TRADE_IN},
    ("POST", "/v1/orders/{id}/cancellation"): {
        "wholeOrder": {},
        "oneLine": {"lines": [{"id": "2012345678", "quantity": 1}], "reason": "outOfStock"},
    },
    ("PATCH", "/v1/orders/{id}/delivery"): {"address": {"shipTo": _ADDRESS}},
    ("POST", "/v1/orders/{id}/shipments"): {"parcel": {"carrier": "TNT", "trackingCode": "3SDEMO0000001"}},
    ("PATCH", "/v1/orders/{id}/shipments/{shipment}"): {"trackingCode": {"trackingCode": "3SDEMO0000002"}},
    ("POST", "/v1/operations/{id}/resolution"): {
        "itIsThere": {"placed": "yes", "orderId": "rexel:4500012345"},
        "itIsNot": {"placed": "no"},
    },
    ("POST", "/v1/availability"): {
        "twoProducts": {
            "items": [{"productId": "rexel:SCH:S520059", "quantity": 10}, {"productId": "reseller:266-235"}]
        }
    },
}
"""Examples of request bodies by method and path."""

RESULTS: Mapping[tuple[str, str], Mapping[str, Example]] = {
    ("POST", "/v1/orders"): {"purchase": PURCHASED},
    ("GET", "/v1/orders/{id}"): {"purchase": PURCHASED, "sale": SOLD, "tradeIn": TRADED_IN},
}
"""Examples of success bodies by method and path."""
