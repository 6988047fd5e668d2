"""The OpenAPI document by itself: valid, complete, and in agreement with the models."""

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from pydantic import BaseModel, ValidationError

from adapters.contract.models import requests
from gateway.api.endpoints import ENDPOINTS
from gateway.api.openapi import document
from gateway.api.problems import TYPES
from support.published_contract import PublishedContract

METHODS = ("get", "post", "patch", "delete", "put")


@pytest.fixture(scope="module")
def published() -> dict[str, Any]:
    return document("1.2.3")


def operations(published: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield method, path and operation."""
    for path, item in published["paths"].items():
        for method in item:
            yield method, path, item[method]


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    """Yield every object in a JSON value."""
    if isinstance(value, dict):
        yield value
        for member in value.values():
            yield from nodes(member)
    elif isinstance(value, list):
        for member in value:
            yield from nodes(member)


def test_the_document_is_valid_openapi_3_1(published: dict[str, Any]) -> None:
    """The specification's own validator has nothing to say."""
    assert published["openapi"].startswith("3.1")
    assert [error.message for error in OpenAPIV31SpecValidator(published).iter_errors()] == []


def test_every_schema_is_a_json_schema(published: dict[str, Any]) -> None:
    """Components and parameters alike hold to draft 2020-12."""
    schemas = list(published["components"]["schemas"].values())
    schemas += [node["schema"] for node in nodes(published["paths"]) if isinstance(node.get("schema"), dict)]
    for schema in schemas:
        Draft202012Validator.check_schema(schema)


def test_every_reference_leads_somewhere_and_every_component_is_used(published: dict[str, Any]) -> None:
    """No `$ref` dangles, and nothing is described that no endpoint has."""
    references = {node["$ref"] for node in nodes(published) if isinstance(node.get("$ref"), str)}
    defined = {
        f"#/components/{kind}/{name}"
        for kind, components in published["components"].items()
        if kind != "securitySchemes"
        for name in components
    }
    assert references == defined


def test_every_endpoint_is_described(published: dict[str, Any]) -> None:
    """The table that routes is the table that is published."""
    assert {(method.upper(), path) for method, path, _ in operations(published)} == {
        (endpoint.method, endpoint.path) for endpoint in ENDPOINTS
    }
    names = [operation["operationId"] for _, _, operation in operations(published)]
    assert len(names) == len(set(names))
    assert all(operation["summary"] for _, _, operation in operations(published))


def test_absent_is_never_null(published: dict[str, Any]) -> None:
    """No schema takes or gives null, as a type, a default or a word."""
    for node in nodes(published):
        assert node.get("type") != "null"
        assert "null" not in (node["type"] if isinstance(node.get("type"), list) else [])
        assert node.get("default", 0) is not None
        assert None not in (node["enum"] if isinstance(node.get("enum"), list) else [])


def test_objects_that_callers_send_are_closed(published: dict[str, Any]) -> None:
    """An unknown member is a violation, and the document says so; answers may gain members."""
    schemas = published["components"]["schemas"]
    sent = {name for name in schemas if isinstance(getattr(requests, name, None), type)}
    sent |= {endpoint.body.__name__ for endpoint in ENDPOINTS if endpoint.body is not None}
    assert {"NewOrder", "NewLine", "NewAddress", "NewCancellation", "AvailabilityRequest"} <= sent
    for name, schema in schemas.items():
        if "properties" in schema:
            assert (schema.get("additionalProperties") is False) == (name in sent), name


def test_query_parameters_are_in_kebab_case_and_described(published: dict[str, Any]) -> None:
    """A parameter has a name like `created-after`, a schema and words."""
    for _, _, operation in operations(published):
        for parameter in operation["parameters"]:
            if parameter.get("in") == "query":
                assert parameter["name"] == parameter["name"].lower()
                assert "_" not in parameter["name"]
                assert parameter["description"]


def test_a_write_needs_a_key_and_a_read_takes_none(published: dict[str, Any]) -> None:
    """`Idempotency-Key` is required on every write, and `POST /v1/availability` is a read."""
    for method, path, operation in operations(published):
        takes = {parameter.get("$ref") for parameter in operation["parameters"]}
        is_write = method != "get" and path != "/v1/availability"
        assert ("#/components/parameters/Idempotency-Key" in takes) is is_write
    assert published["components"]["parameters"]["Idempotency-Key"]["required"] is True


def test_a_write_may_be_answered_202_with_the_operation(published: dict[str, Any]) -> None:
    """202, `Location`, `Retry-After`: on each write that goes to a provider."""
    for method, path, operation in operations(published):
        if method != "get" and path != "/v1/availability" and not path.startswith("/v1/operations/"):
            accepted = operation["responses"]["202"]
            assert {"Location", "Retry-After"} <= accepted["headers"].keys()
            assert accepted["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Operation"}


def test_every_problem_type_has_the_status_of_the_table(published: dict[str, Any]) -> None:
    """A response names only types of its status; `validation-failed` alone has two, 400 and 422."""
    for name, response in published["components"]["responses"].items():
        for kind in response.get("x-problem-types", []):
            assert str(TYPES[kind].status) == name[-3:] or (kind, name[-3:]) == ("validation-failed", "422")
    described = {
        kind
        for response in published["components"]["responses"].values()
        for kind in response.get("x-problem-types", [])
    }
    # A path that does not exist has no operation to describe it.
    assert described == set(TYPES) - {"method-not-allowed"}


def test_every_example_is_what_it_is_an_example_of(published: dict[str, Any]) -> None:
    """Examples hold to their schemas, and the gateway's own models take those of requests."""
    contract = PublishedContract(published)
    count = 0
    for node in nodes(published["paths"]):
        for example in node.get("examples", {}).values():
            assert contract.invalid(node["schema"], example["value"]) == []
            count += 1
    assert count >= 12
    for endpoint in ENDPOINTS:
        if endpoint.body is not None:
            body = published["paths"][endpoint.path][endpoint.method.lower()]["requestBody"]
            for example in body["content"]["application/json"]["examples"].values():
                endpoint.body.model_validate(example["value"])


ADDRESS = {
    "firstName": "Ada",
    "lastName": "Lovelace",
    "line1": "1 Main St",
    "city": "Springfield",
    "postalCode": "12345",
    "country": "US",
    "region": "IL",
}
LINE = {"productId": "rexel:1", "quantity": 1}
NAMED = {"name": "Mug", "variant": {"size": "11oz"}}


@pytest.mark.parametrize(
    ("model", "content", "is_right"),
    [
        (requests.NewLine, LINE, True),
        (requests.NewLine, {"product": NAMED, "quantity": 1}, True),
        (requests.NewLine, {**LINE, "product": NAMED}, False),
        (requests.NewLine, {"quantity": 1}, False),
        (requests.NewLine, {**LINE, "quantity": 0}, False),
        (requests.NewLine, {**LINE, "quantity": "1"}, False),
        (requests.NewLine, {**LINE, "inputs": {"user\nid": "a"}}, False),
        (requests.NewAddress, ADDRESS, True),
        (requests.NewAddress, {**ADDRESS, "country": "DE"}, True),
        (requests.NewAddress, {name: ADDRESS[name] for name in ADDRESS if name != "region"}, False),
        (requests.NewAddress, {**{name: ADDRESS[name] for name in ADDRESS if name != "region"}, "country": "DE"}, True),
        (requests.NewAddress, {**ADDRESS, "country": "usa"}, False),
        (requests.NewAddress, {**ADDRESS, "line2": None}, False),
        (requests.DeliveryChange, {}, False),
        (requests.DeliveryChange, {"methods": ["express"]}, True),
        (requests.DeliveryChange, {"methods": []}, False),
        (requests.NewCancellation, {}, True),
        (requests.NewCancellation, {"line": []}, False),
        (requests.Price, {"amount": "19.99", "currency": "EUR"}, True),
        (requests.Price, {"amount": 19.99, "currency": "EUR"}, False),
        (requests.Price, {"amount": "-1", "currency": "EUR"}, False),
        (requests.NewOrder, {"reference": "r" * 65, "lines": [LINE]}, False),
        (requests.NewOrder, {"reference": "r", "lines": [LINE] * 101}, False),
        (requests.NewOrder, {"reference": "r", "lines": [LINE], "providerOptions": {"bol": {"a": [1, True]}}}, True),
    ],
)
def test_schema_and_model_say_the_same(
    published: dict[str, Any], model: type[BaseModel], content: dict[str, Any], is_right: bool
) -> None:
    """What the document allows is taken, and what it forbids is refused; null is refused before the models see it."""
    contract = PublishedContract(published)
    assert (contract.invalid({"$ref": f"#/components/schemas/{model.__name__}"}, content) == []) is is_right
    if None in content.values():
        return
    try:
        model.model_validate(content)
    except ValidationError:
        assert not is_right
    else:
        assert is_right
