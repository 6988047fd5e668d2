"""What the OpenAPI document says in words: members of resources, rules between members of requests, headers."""

from collections.abc import Mapping
from typing import Any

Schema = dict[str, Any]

MEMBERS: Mapping[str, str] = {
    # Of every resource that has a member of that name.
    "nextCursor": "Where to go on: send it as `cursor` with the same parameters. Absent at the end of the list.",
    "incomplete": "Providers that failed, and why: their part is missing. They are asked again on the next page.",
    "providerStatus": "The provider's own word for the status.",
    "productId": "`{provider}:{the provider's product id}`.",
    "country": "ISO 3166-1 alpha-2, as far as the provider keeps to it.",
    "currency": "ISO 4217.",
    # Of one resource.
    "Money.amount": "Decimal text with the digits as the provider wrote them; never a float.",
    "Money.taxIncluded": "Present where the provider says it.",
    "Order.id": "`{provider}:{native id}`, opaque, one segment of a path when percent-encoded.",
    "Order.reference": "The caller's own order number.",
    "Order.operation": "The id of the operation that placed the order, for `/v1/operations/{id}`.",
    "Order.relatedOrders": "Ids of orders that belong to this one.",
    "Line.id": "The provider's own id of the line: name it to cancel or ship the line.",
    "Line.deliverables": "Codes of digital goods, for callers with the scope `goods:read`.",
    "Product.id": "`{provider}:{the provider's product id}`.",
    "Stock.quantity": "A whole number, or decimal text where goods are sold by length or weight.",
    "StockLocation.quantity": "A whole number, or decimal text where goods are sold by length or weight.",
    "OrderChange.operation": "The id of the operation, for `/v1/operations/{id}`.",
    "Operation.kind": "What was intended: `orders.place`, `orders.cancel`, `shipments.confirm`, …",
    "Operation.orderId": "The order that was placed or changed, when it is known.",
    "Operation.nextCheckAt": "When the gateway asks the provider next.",
    "Operation.result": "The answer, when it was done.",
    "Operation.problem": "The answer, when it was not.",
    "Operation.responsePurged": "`true` when the answer was let go, 30 days after the end: the fate is still known.",
    "Problem.responsePurged": "`true` when the answer was let go, 30 days after the end: this stands for it.",
    "Problem.type": "`/problems/{name}`: the page of that path says what it means. Decide by this, never by texts.",
    "Problem.instance": "The operation that ended so, or the path that was asked for.",
    "Problem.placed": "For writes: whether it was done.",
    "Problem.retryAfter": "Seconds.",
    "Problem.operation": "The path of the operation whose fate `placed` tells.",
    "Problem.requestId": "Name it when you report the problem.",
    "Violation.name": "The member (`lines[0].quantity`), query parameter or header.",
    "Problem.detail": "What the gateway has to say of it, for people.",
    "ProviderWords.status": "Of the provider's answer; absent where there was none.",
    "ProviderWords.message": "The provider's own text, cut; never to be searched.",
    "Provider.operations": "What this provider can do, as it is configured.",
}

WORDS: Mapping[str, str] = {
    "OrderKind": "`purchase`: we buy; `sale`: a marketplace customer bought from us. `tradeIn`: a customer sells to us "
    "(prices are payouts).",
    "OrderStatus": "The canonical status. Open: a provider's word that is not mapped is `unknown`, and a later version "
    "may add words; take a word you do not know as `unknown`. The provider's own word is `providerStatus`.",
    "StockStatus": "Whether it is there. Open: take a word you do not know as `unknown`.",
    "PartState": "What came of one part of a change. Open: take a word you do not know as `unknown`.",
    "OperationState": "Where a write stands. `succeeded`, `partial` and `failed` are final; `cancelled` was never "
    "executed and does not use its key up; `held` waits for a person, and nothing was sent; `unknown` may have been "
    "executed. Open: take a word you do not know as `unknown`.",
    "Placed": "Whether it was done: the one thing to decide by before ordering again.",
    "Retry": "`same-key`: mend it or wait, and repeat with the same key. `new-key`: the verdict is final for this key. "
    "`never`: repeating changes nothing.",
}
"""Enumerations."""

RULES: Mapping[str, Schema] = {
    "NewLine": {"oneOf": [{"required": ["productId"]}, {"required": ["product"]}]},
    "DeliveryChange": {"anyOf": [{"required": ["shipTo"]}, {"required": ["methods"]}]},
    "NewAddress": {
        "if": {"properties": {"country": {"enum": ["US", "CA", "AU"]}}, "required": ["country"]},
        "then": {"required": ["region"]},
    },
}
"""What the validators of the request models ask for beyond each member's own rules."""

HEADERS: Mapping[str, Schema] = {
    "X-Request-ID": {
        "description": "The caller's request id, or one made here; it is in the log, and sent to providers that take "
        "one.",
        "schema": {"type": "string"},
    },
    "Server-Timing": {
        "description": "Milliseconds spent here, waiting for a provider's rate limit, and at the provider.",
        "schema": {"type": "string"},
        "example": "gateway;dur=1.2, queue;dur=0.0, provider;dur=84.1",
    },
    "Location": {
        "description": "The order that was placed, or the operation to follow.",
        "schema": {"type": "string", "format": "uri-reference"},
    },
    "Retry-After": {"description": "Seconds to wait before the next request.", "schema": {"type": "integer"}},
    "Idempotency-Replayed": {
        "description": "Present when an earlier request with this key is answered again.",
        "schema": {"const": "true"},
    },
    "Age": {
        "description": "For how many seconds the answer has been kept here. Absent from one that was fetched just now.",
        "schema": {"type": "integer", "minimum": 0},
    },
    "Cache-Control": {
        "description": "`private, max-age=N`: fresh until `N` less `Age` seconds from now. `private, no-cache`: not to "
        "be told again without asking.",
        "schema": {"type": "string"},
    },
    "ETag": {
        "description": "Changes with the answer: send it as `If-None-Match`.",
        "schema": {"type": "string"},
    },
    "Ordergate-Twin": {
        "description": "Present when the same goods were ordered for the same recipient a moment ago under another "
        "key: `warned` (this one is placed all the same) or `held`; `Link` leads to the other one if it is yours.",
        "schema": {"enum": ["warned", "held", "refused"]},
    },
    "Link": {
        "description": "A document that explains (`describedby`), or another operation (`related`).",
        "schema": {"type": "string"},
    },
    "Preference-Applied": {"description": "The preference that was followed.", "schema": {"type": "string"}},
    "WWW-Authenticate": {"description": "The scheme to authenticate with.", "schema": {"const": "Bearer"}},
}

PARAMETERS: Mapping[str, Schema] = {
    "Idempotency-Key": {
        "name": "Idempotency-Key",
        "in": "header",
        "required": True,
        "description": "Names one intended write of yours: the same key and content again give the same outcome and "
        'never a second order. A structured-field string ("8e03978e-40d5") or the same text bare.',
        "schema": {
            "type": "string",
            "pattern": r'^([A-Za-z0-9._:~+/=-]{1,255}|"[ !#-\[\]-~]{1,255}")$',
        },
        "example": "8e03978e-40d5-43e8-bc93-6894a57f9324",
    },
    "Prefer": {
        "name": "Prefer",
        "in": "header",
        "description": "`respond-async` answers 202 at once; `wait=N` waits N seconds for the outcome (10 without it, "
        "at most 25). Other preferences are refused: they might change the meaning.",
        "schema": {"type": "string", "pattern": r"^(respond-async|wait=\d{1,4})(, ?(respond-async|wait=\d{1,4}))*$"},
        "example": "wait=5",
    },
    "Cache-Control": {
        "name": "Cache-Control",
        "in": "header",
        "description": "What the caller asks of kept answers (RFC 9111): `max-age=N` none older than N seconds, "
        "`no-cache` none, `no-store` none and keep nothing of this one, `only-if-cached` a kept one or 504. Other "
        "directives are ignored.",
        "schema": {"type": "string"},
        "example": "max-age=10",
    },
    "If-None-Match": {
        "name": "If-None-Match",
        "in": "header",
        "description": "The `ETag` of an answer that the caller has: 304 while it is still the one.",
        "schema": {"type": "string"},
    },
    "Ordergate-Allow-Twin": {
        "name": "Ordergate-Allow-Twin",
        "in": "header",
        "description": "`true` places an order although it looks like one placed a moment ago.",
        "schema": {"const": "true"},
    },
    "X-Request-ID": {
        "name": "X-Request-ID",
        "in": "header",
        "description": "An id for this request; one that does not match is replaced.",
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,128}$"},
    },
}

PATH_PARAMETERS: Mapping[str, tuple[str, Schema]] = {
    "resource": (
        "`{provider}:{native id}` as it was given, percent-encoded as one segment.",
        {"type": "string", "minLength": 3, "maxLength": 1024, "pattern": "^[^:]+:.+$"},
    ),
    "operation": ("The operation's id.", {"type": "string", "minLength": 1, "maxLength": 64}),
    "provider": ("The provider's name in the configuration.", {"type": "string", "minLength": 1}),
    "shipment": (
        "The provider's own id of the shipment, percent-encoded as one segment.",
        {"type": "string", "minLength": 1, "maxLength": 512},
    ),
}

TAGS: Mapping[str, str] = {
    "orders": "Place, read, cancel and ship. A write needs an `Idempotency-Key`, and its status code says how certain "
    "the outcome is.",
    "catalog": "Categories, products, live price and stock.",
    "operations": "The fate of every write.",
    "gateway": "The providers, their rate limits, and how keys work here.",
}

INTRODUCTION = """\
**Conventions.** A member without a value is absent: never `null`, never `""`; from a caller either is a violation, and
so is an unknown member or query parameter. Answers may gain members and words: ignore members you do not know. Money
is decimal text. Times are RFC 3339 in UTC. Ids are `{provider}:{native id}`. A body has at most 1 MiB, 32 levels and
100 lines, and arrives within 10 seconds; the header section has at most 16 KiB.

**Writes.** 201 and 200: done. 202: under way, follow `Location`. 4xx: not done. 503: not done, repeat with the same
key. 504 `outcome-unknown`: it may have been done; never order again with another key. `placed` and `retry` say the
same to programs.

**Problems** are `application/problem+json` (RFC 9457); [every type has a page](/problems). What the HTTP parser itself
refuses is answered by a bare 400 without a body.
"""

QUERY: Mapping[str, str] = {
    "provider": "Only this provider; all that the caller may use without it.",
    "parent": "Only categories directly below this one (its id).",
    "category": "Only products in this category (its id).",
    "q": "Words to search for.",
    "ean": "Products with this EAN.",
    "status": "Orders with this canonical status.",
    "state": "Operations in this state.",
    "reference": "The caller's own order number.",
    "created-after": "Created at or after this moment.",
    "created-before": "Created before this moment.",
    "country": "Orders sent to this country.",
    "idempotency-key": "The order that the caller placed with this key; the other parameters do not count then.",
    "limit": "The most items wanted.",
    "cursor": "`nextCursor` of the page before, sent with the same parameters.",
}
