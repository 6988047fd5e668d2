"""The OpenAPI 3.1 document, generated from the table of endpoints and the models."""

import re
from collections.abc import Mapping
from typing import Any

from adapters.contract.models.requests import NewOrder
from gateway.api import examples, refusals, wording
from gateway.api.endpoints import ENDPOINTS, Endpoint
from gateway.api.problems import MEDIA_TYPE, TYPES, Problem
from gateway.api.schemas import ResultSchemas, Schema, component_name, query_members, request_schemas
from gateway.api.views import OperationView

JSON = "application/json"
SECURITY = "apiKey"


def document(version: str) -> Schema:
    """Return the document: paths, responses with every problem an endpoint can give, schemas of both directions."""
    results = ResultSchemas()
    problem = results.reference(Problem)
    paths: dict[str, Schema] = {}
    responses: dict[str, Schema] = {}
    for endpoint in ENDPOINTS:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint, results, responses)
    requests = request_schemas(endpoint.body for endpoint in ENDPOINTS if endpoint.body is not None)
    return {
        "openapi": "3.1.1",
        "info": _info(version),
        "servers": [{"url": "/", "description": "This gateway."}],
        "tags": [{"name": name, "description": said} for name, said in wording.TAGS.items()],
        "security": [{SECURITY: []}, {}],
        "paths": paths,
        "components": {
            "schemas": dict(sorted((results.components | requests).items())),
            "responses": {
                **dict(sorted(responses.items())),
                "Problem": {
                    "description": "Any other problem: decide by `type`.",
                    "headers": _headers("X-Request-ID", "Server-Timing"),
                    "content": {MEDIA_TYPE: {"schema": problem}},
                },
            },
            "parameters": dict(wording.PARAMETERS),
            "headers": dict(wording.HEADERS),
            "securitySchemes": {
                SECURITY: {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An API key. A gateway on a loopback address without configured callers needs none.",
                }
            },
        },
    }


def _info(version: str) -> Schema:
    return {
        "title": "Ordergate",
        "version": version,
        "summary": "One API in front of many providers: every order is placed at most once, and its fate can be told.",
        "description": wording.INTRODUCTION,
        "license": {"name": "Apache License 2.0", "identifier": "Apache-2.0"},
    }


def _operation(endpoint: Endpoint, results: ResultSchemas, responses: dict[str, Schema]) -> Schema:
    operation: Schema = {
        "operationId": re.sub(r"_(\w)", lambda found: found[1].upper(), endpoint.handler.__name__),
        "summary": endpoint.summary.rstrip("."),
        "tags": [endpoint.tag],
        "parameters": _parameters(endpoint),
        "responses": _responses(endpoint, results, responses),
    }
    if endpoint.scope is not None:
        operation["description"] = f"Needs the scope `{endpoint.scope}`."
        operation["security"] = [{SECURITY: [endpoint.scope]}, {}]
    if endpoint.body is not None:
        content: Schema = {"schema": _reference(endpoint.body.__name__)}
        content |= _examples(examples.REQUESTS.get((endpoint.method, endpoint.path)))
        operation["requestBody"] = {"required": True, "content": {JSON: content}}
    return operation


def _parameters(endpoint: Endpoint) -> list[Schema]:
    parameters: list[Schema] = []
    for name in re.findall(r"\{(\w+)\}", endpoint.path):
        kind = ("operation" if endpoint.tag == "operations" else "resource") if name == "id" else name
        said, schema = wording.PATH_PARAMETERS[kind]
        parameters.append({"name": name, "in": "path", "required": True, "description": said, "schema": schema})
    for name, schema, required in query_members(endpoint.query):
        said = wording.QUERY[name]
        parameters.append({"name": name, "in": "query", "required": required, "description": said, "schema": schema})
    if endpoint.write:
        parameters.append({"$ref": "#/components/parameters/Idempotency-Key"})
    if refusals.group(endpoint) == "Write":
        parameters.append({"$ref": "#/components/parameters/Prefer"})
    if endpoint.kept:
        parameters += [{"$ref": f"#/components/parameters/{name}"} for name in ("Cache-Control", "If-None-Match")]
    if endpoint.body is NewOrder:
        parameters.append({"$ref": "#/components/parameters/Ordergate-Allow-Twin"})
    return [*parameters, {"$ref": "#/components/parameters/X-Request-ID"}]


def _responses(endpoint: Endpoint, results: ResultSchemas, shared: dict[str, Schema]) -> Schema:
    found = {str(endpoint.status): _success(endpoint, results)}
    group = refusals.group(endpoint)
    if group == "Write":
        found["202"] = {
            "description": "Under way, or placed with its id to be found: follow `Location`.",
            "headers": _headers("Location", "Retry-After", "Idempotency-Replayed", "Preference-Applied", *_ALWAYS)
            | (_headers(*_TWIN) if endpoint.body is NewOrder else {}),
            "content": {JSON: {"schema": results.reference(OperationView)}},
        }
        if endpoint.status == 201:
            found["200"] = {
                "description": "Placed long ago: the answer was let go (`responsePurged`), the operation is known.",
                "headers": _headers("Location", "Idempotency-Replayed", "Preference-Applied", *_ALWAYS),
                "content": {JSON: {"schema": results.reference(OperationView)}},
            }
    if endpoint.kept:
        found["304"] = {
            "description": "The answer that `If-None-Match` names is still the one.",
            "headers": _headers(*_KEPT, *_ALWAYS),
        }
    for status, types in refusals.possible(endpoint).items():
        name = f"{group}{status}"
        shared.setdefault(name, _refused(status, types, write=endpoint.write))
        found[str(status)] = {"$ref": f"#/components/responses/{name}"}
    return found | {"default": {"$ref": "#/components/responses/Problem"}}


_ALWAYS = ("X-Request-ID", "Server-Timing")
_KEPT = ("Age", "Cache-Control", "ETag")
_TWIN = ("Ordergate-Twin", "Link")


def _success(endpoint: Endpoint, results: ResultSchemas) -> Schema:
    headers: tuple[str, ...] = (*_KEPT, *_ALWAYS) if endpoint.kept else _ALWAYS
    if refusals.group(endpoint) == "Write":
        headers = ("Idempotency-Replayed", "Preference-Applied", *_ALWAYS)
        headers = ("Location", *headers, *_TWIN) if endpoint.body is NewOrder else headers
    schema = results.reference(endpoint.result)
    if refusals.group(endpoint) == "Write" and endpoint.status == 200:
        # The operation stands for an answer that retention has let go.
        schema = {"anyOf": [schema, results.reference(OperationView)]}
    content: Schema = {"schema": schema}
    content |= _examples(examples.RESULTS.get((endpoint.method, endpoint.path)))
    said = results.components[component_name(endpoint.result)]["description"]
    return {"description": said, "headers": _headers(*headers), "content": {JSON: content}}


def _refused(status: int, types: tuple[str, ...], *, write: bool) -> Schema:
    headers: tuple[str, ...] = _ALWAYS
    if status in {429, 503, 504} or (write and status == 409):
        headers = ("Retry-After", *headers)
    if write and status in {409, 422, 504}:
        headers = ("Location", *headers)
    if write and status >= 400:
        headers = ("Idempotency-Replayed", *headers)
    if status == 401:
        headers = ("WWW-Authenticate", *headers)
    told = "\n".join(f"- `{name}`: {TYPES[name].title}. {TYPES[name].meaning}" for name in types)
    content: Schema = {"schema": {"$ref": "#/components/schemas/Problem"}}
    if "validation-failed" in types and status == 400:
        content["example"] = examples.REFUSED
    return {
        "description": told,
        "x-problem-types": list(types),
        "headers": _headers(*headers),
        "content": {MEDIA_TYPE: content},
    }


def _headers(*names: str) -> Schema:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _examples(found: Mapping[str, Any] | None) -> Schema:
    return {} if found is None else {"examples": {name: {"value": value} for name, value in found.items()}}


def _reference(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}
