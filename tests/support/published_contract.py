"""Hold answers against the OpenAPI document, as strictly as it can be read."""

import copy
import re
from collections.abc import Mapping
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

from gateway.api.problems import MEDIA_TYPE, TYPES

FORMATS = FormatChecker(formats=())


@FORMATS.checks("date-time")
def _is_canonical_time(value: object) -> bool:
    """RFC 3339 in UTC, whole seconds, with Z."""
    return not isinstance(value, str) or re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", value) is not None


class PublishedContract:
    """Judges answers. Members that the document does not name are complaints, though callers are to ignore them."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        self._components = copy.deepcopy(document["components"])
        for schema in self._components["schemas"].values():
            if "properties" in schema:
                schema.setdefault("additionalProperties", False)
        self._paths = {
            path: re.compile(re.sub(r"\{\w+\}", "[^/]+", path.replace(".", r"\."))) for path in document["paths"]
        }

    def operation(self, method: str, target: str) -> Mapping[str, Any] | None:
        """Return the operation that a request line means, or None."""
        path = target.partition("?")[0]
        for template, pattern in self._paths.items():
            if pattern.fullmatch(path):
                # HEAD is what GET is, without a body.
                name = "get" if method == "HEAD" else method.lower()
                found: Mapping[str, Any] | None = self.document["paths"][template].get(name)
                return found
        return None

    def complaints(self, method: str, target: str, status: int, headers: Mapping[str, Any], body: Any) -> list[str]:
        """Say what the document does not describe in an answer (with a decoded body)."""
        operation = self.operation(method, target)
        media_type = str(headers.get("Content-Type", "")).partition(";")[0]
        if status >= 400:
            return self._refusal(operation, status, headers, media_type, body)
        if operation is None:
            return [f"{method} {target} is not described, and succeeded"]
        response = operation["responses"].get(str(status))
        if response is None:
            return [f"{status} is not described"]
        missing = [name for name in ("X-Request-ID", "Server-Timing") if name not in headers]
        if status in {201, 202} and "Location" not in headers:
            missing.append("Location")
        if media_type not in response["content"]:
            return [f"the media type {media_type!r} is not described"]
        found = self.invalid(response["content"][media_type]["schema"], body)
        return [f"no {name}" for name in missing] + found

    def _refusal(
        self, operation: Mapping[str, Any] | None, status: int, headers: Mapping[str, Any], media_type: str, body: Any
    ) -> list[str]:
        if media_type != MEDIA_TYPE or not isinstance(body, dict):
            return [f"{status} is no problem"]
        name = str(body.get("type", "")).removeprefix("/problems/")
        found = self.invalid({"$ref": "#/components/schemas/Problem"}, body)
        if name not in TYPES or body.get("status") != status:
            found.append(f"{status} with the problem {name!r} of status {body.get('status')}")
        if body.get("requestId") != headers.get("X-Request-ID"):
            found.append("the request ids differ")
        if operation is None:
            allowed = {
                400: ["malformed-request"],
                404: ["not-found"],
                405: ["method-not-allowed"],
                403: ["forbidden"],
                431: ["header-too-large"],
            }
            named = allowed.get(status, [])
        else:
            response = operation["responses"].get(str(status), {})
            reference = str(response.get("$ref", "")).rpartition("/")[2]
            named = self.document["components"]["responses"].get(reference, {}).get("x-problem-types", [])
        if name not in named:
            found.append(f"{status} {name} is not described")
        if name == "validation-failed" and not all(
            one["name"] and one["reason"] for one in body.get("violations", [{}])
        ):
            found.append("a violation without a name or a reason")
        if status in {429, 503} and "Retry-After" not in headers:
            found.append("no Retry-After")
        return found

    def invalid(self, schema: Mapping[str, Any], value: Any) -> list[str]:
        """Say why a value does not match a schema of the document."""
        validator = Draft202012Validator({**schema, "components": self._components}, format_checker=FORMATS)
        return [f"{error.json_path}: {error.message[:300]}" for error in validator.iter_errors(value)]
