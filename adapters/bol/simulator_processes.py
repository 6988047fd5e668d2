"""The simulated Shared API: process statuses by id, by entity and in bulk, and bol's demo ones."""

from typing import Any

from adapters.bol.simulator_state import Books, Process
from adapters.bol.simulator_wire import (
    ADVERTISER,
    MEDIA_TYPE,
    Refused,
    answer,
    bad_request,
    body_of,
    check_accept,
    check_members,
    choice,
    long_time,
    not_found,
    page_number,
    paged,
    problem,
)
from adapters.contract.simulator import Received
from adapters.contract.wire import HttpResponse

MOST_IN_BULK = 1000
EVENT_TYPES = tuple(
    """
    CREATE_SHIPMENT CANCEL_ORDER CHANGE_TRANSPORT HANDLE_RETURN_ITEM CREATE_RETURN_ITEM CREATE_INBOUND DELETE_OFFER
    CREATE_OFFER UPDATE_OFFER UPDATE_OFFER_STOCK UPDATE_OFFER_PRICE CREATE_OFFER_EXPORT UNPUBLISHED_OFFER_REPORT
    CREATE_PRODUCT_CONTENT CREATE_SUBSCRIPTION UPDATE_SUBSCRIPTION DELETE_SUBSCRIPTION SEND_SUBSCRIPTION_TST_MSG
    CREATE_SHIPPING_LABEL CREATE_REPLENISHMENT UPDATE_REPLENISHMENT REQUEST_PRODUCT_DESTINATIONS
    CREATE_SOV_SEARCH_TERM_REPORT CREATE_SOV_CATEGORY_REPORT UPLOAD_INVOICE CREATE_CAMPAIGN_PERFORMANCE_REPORT
    """.split()
)


def process_body(process: Process) -> dict[str, Any]:
    """Return a ProcessStatus: members without a value are left out, the link is http:// and not to be followed."""
    body: dict[str, Any] = {
        "processStatusId": process.id,
        "entityId": process.entity,
        "eventType": process.event_type,
        "description": process.description,
        "status": process.status,
        "errorMessage": process.error,
        "createTimestamp": long_time(process.created),
        "links": [{"rel": "self", "href": f"http://api.bol.com/shared/process-status/{process.id}", "method": "GET"}],
    }
    return {name: value for name, value in body.items() if value is not None}


def by_id(books: Books, received: Received) -> HttpResponse:
    """Answer `GET /shared/process-status/{process-status-id}`."""
    media_type = check_accept(received, MEDIA_TYPE, ADVERTISER)
    process = books.processes.get(received.segments[2])
    if process is None:
        raise not_found("The process status")
    return answer(200, process_body(process), media_type)


def by_entity(books: Books, received: Received) -> HttpResponse:
    """Answer `GET /shared/process-status?entity-id=…&event-type=…`, newest first."""
    media_type = check_accept(received, MEDIA_TYPE, ADVERTISER)
    entity = received.value("entity-id")
    event_type = choice(received, "event-type", EVENT_TYPES)
    missing = [name for name, value in (("entity-id", entity), ("event-type", event_type)) if not value]
    if missing:
        raise bad_request([(name, "Must not be null.") for name in missing], received)
    found = [
        process
        for process in reversed(books.processes.values())
        if process.entity == entity and process.event_type == event_type
    ]
    page = paged(found, page_number(received))
    return answer(200, {"processStatuses": [process_body(process) for process in page]}, media_type)


def in_bulk(books: Books, received: Received) -> HttpResponse:
    """Answer `POST /shared/process-status`: what is not known is left out."""
    media_type = check_accept(received, MEDIA_TYPE, ADVERTISER)
    body = body_of(received, MEDIA_TYPE, ADVERTISER)
    violations = check_members(body, {"processStatusQueries": list}, {})
    queries = body.get("processStatusQueries")
    if isinstance(queries, list):
        if len(queries) > MOST_IN_BULK:
            violations.append(("processStatusQueries", f"size must be between 1 and {MOST_IN_BULK}"))
        for index, query in enumerate(queries):
            prefix = f"processStatusQueries[{index}]."
            if not isinstance(query, dict):
                violations.append((prefix.rstrip("."), "Request contains a value of a wrong type."))
            else:
                violations += check_members(query, {"processStatusId": str}, {}, prefix)
    if violations or not isinstance(queries, list):
        raise bad_request(violations, received)
    found = [books.processes.get(query["processStatusId"]) for query in queries]
    statuses = [process_body(process) for process in found if process is not None]
    return answer(200, {"processStatuses": statuses}, media_type)


_DEMO = {
    # process status id -> (status, entity), as the demo documentation lists them
    "1": ("PENDING", "555551"),
    "2": ("SUCCESS", "555552"),
    "3": ("TIMEOUT", "555553"),
    "4": ("FAILURE", "555554"),
}


def demo(received: Received) -> HttpResponse:
    """Answer a request to the demo environment: its four process statuses, else that there is no such resource."""
    known = received.method == "GET" and received.segments[:2] == ("shared-demo", "process-status")
    found = _DEMO.get(received.segments[2]) if known and len(received.segments) == 3 else None
    if found is None:
        detail = (
            "Requested demo environment resource is not available. "
            "Consult the API demo documentation for more information."
        )
        raise Refused(problem(400, "Bad Request", detail, host="Instance-002"))
    check_accept(received, MEDIA_TYPE, ADVERTISER)
    identifier, (status, entity) = received.segments[2], found
    href = f"http://api.bol.com/shared-demo/process-status/{identifier}"
    return answer(
        200,
        {
            "processStatusId": identifier,
            "entityId": entity,
            "eventType": "CANCEL_ORDER",
            "description": "Example process status description for processing.",
            "status": status,
            "createTimestamp": "2025-08-06T14:08:30.691614431+02:00",
            "links": [{"rel": "self", "href": href, "method": "GET"}],
        },
    )
