"""What can be seen of the running gateway besides its logs, as it stands in gateway.yaml."""

import re
from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from gateway.config import addresses
from gateway.config.section import Section, Text


def _secret_header(secret: SecretStr) -> SecretStr:
    if re.fullmatch(r"[!-~]([ !-~]*[!-~])?", secret.get_secret_value()) is None:
        raise ValueError("is no header's value: printable ASCII, without a space at either end")
    return secret


class Otlp(Section):
    """A collector that metrics and traces are sent to, by OpenTelemetry's protocol over HTTP."""

    endpoint: Annotated[str, AfterValidator(addresses.collector_url)] = Field(
        description="Where the collector is, `http://host:4318`: without `/v1/traces` and `/v1/metrics`."
    )
    headers: Mapping[str, Annotated[SecretStr, AfterValidator(_secret_header)]] = Field(
        default_factory=dict,
        description="Headers to send along, by name: `Authorization`, say. With any, `endpoint` is `https://` or a "
        "loopback address.",
    )
    traces: bool = Field(True, description="Send traces.")
    metrics: bool = Field(True, description="Send metrics.")
    sample_ratio: float = Field(
        0.1,
        ge=0,
        le=1,
        description="The part of the traces beginning here that is recorded. A caller that sends `traceparent` has "
        "decided for its own.",
    )
    interval: float = Field(60, ge=1, le=3600, description="Seconds between two exports of metrics.")


class Telemetry(Section):
    """What can be seen of the running gateway besides its logs."""

    prometheus: bool = Field(
        False, description="Write `true` to serve metrics at `/metrics` of the admin listener, for Prometheus."
    )
    otlp: Otlp | None = Field(
        None,
        description="Send metrics and traces to a collector, by OpenTelemetry's protocol over HTTP. Needs "
        "`pip install 'ordergate[telemetry]'`.",
    )
    service_name: Text = Field("ordergate", description="What the collector is to call this service.")
