"""What may stand in gateway.yaml: the source of its validation, its JSON Schema and its reference documentation."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, SecretStr

from adapters.contract.models import values
from adapters.contract.models.resources import OrderKind
from gateway.config import addresses
from gateway.config.caching import Cache, ProviderCache
from gateway.config.callers import Caller, Issuer
from gateway.config.certificates import ClientCertificate
from gateway.config.limits import LimitsConfig
from gateway.config.resilience import Resilience
from gateway.config.section import OneOrMore, Proxy, Section, Text
from gateway.config.shedding import Shedding
from gateway.config.telemetry import Telemetry

PROVIDER_NAME = r"[a-z0-9][a-z0-9-]{0,62}"


def _journal_key(key: SecretStr) -> SecretStr:
    if re.fullmatch(r"[0-9a-fA-F]{64}", key.get_secret_value()) is None:
        raise ValueError("is not a key of 64 hexadecimal digits, as `openssl rand -hex 32` prints")
    return key


Host = Annotated[str, AfterValidator(addresses.host_name)]
Port = Annotated[int, Field(ge=0, le=65535)]
Country = Annotated[str, AfterValidator(values.country), Field(json_schema_extra={"pattern": "^[A-Z]{2}$"})]
Currency = Annotated[str, AfterValidator(values.currency), Field(json_schema_extra={"pattern": "^[A-Z]{3}$"})]


class Listen(Section):
    """Where callers reach the gateway."""

    host: Host = Field(
        "127.0.0.1",
        description="Address to listen on. One that other machines can reach needs `callers`.",
    )
    port: Port = Field(8080, description="Port to listen on; 0 takes any free one.")
    hosts: tuple[Host, ...] = Field(
        (),
        description="Names besides the address itself that callers may write in `Host`; others are refused, which "
        "protects from DNS rebinding.",
    )
    origins: tuple[Annotated[str, AfterValidator(addresses.origin)], ...] = Field(
        (),
        description="Origins (`https://app.example.com`) of web pages that may call from a browser; none by default.",
    )
    workers: int = Field(
        1,
        ge=1,
        le=64,
        description="How many processes listen there, each a whole gateway; more than one needs Linux and a store in "
        "PostgreSQL. Orders, keys and providers' rates are shared; the cache, the places of `resilience`, circuits and "
        "bounds on what is under way are each worker's own.",
    )


class Admin(Section):
    """Where health and metrics are."""

    host: Host = Field(
        "127.0.0.1", description="Address to listen on. One that other machines can reach needs `token`."
    )
    port: Port = Field(8081, description="Port to listen on; 0 takes any free one.")
    token: Annotated[SecretStr, Field(min_length=16)] | None = Field(
        None,
        description="What `Authorization: Bearer …` must hold, at least 16 characters. `/livez` and `/readyz` need "
        "none.",
    )


class Store(Section):
    """Where the gateway remembers idempotency keys, operations and the use of providers' rates."""

    url: Text = Field(
        "sqlite:ordergate.db",
        description="`sqlite:PATH` is a file of one instance, on a disk that survives restarts (a relative path starts "
        "at this file's folder); `postgresql://user@host/database` is shared by a fleet, which shares the providers' "
        "rates too; `memory:` forgets everything.",
    )
    ephemeral: bool = Field(
        False,
        description="Write `true` to accept that idempotency keys and operations are forgotten at a restart, so that "
        "an order sent again afterwards is placed again. Required for `memory:` and for a disk that does not survive a "
        "restart. Allowed while every provider is simulated; one whose `base_url` is a loopback address is taken for a "
        "simulator too, with a warning.",
    )
    keys: OneOrMore[Annotated[SecretStr, AfterValidator(_journal_key)]] = Field(
        (),
        description="Keys that seal stored requests and answers (AES-256-GCM), 64 hexadecimal digits each, as "
        "`openssl rand -hex 32` prints. The first seals, all open: put a new one in front to change it.",
    )
    spool: Path | None = Field(
        None,
        strict=False,
        description="File in which providers' answers wait that came while the journal was away, at most 16 MiB (a "
        "relative path starts at this file's folder). Beside the file of `sqlite:`; with PostgreSQL none unless named: "
        "then such an answer is found out from the provider again.",
    )


class Twins(Section):
    """What becomes of an order that looks like one that was just placed, under another key."""

    action: Literal["warn", "hold", "reject"] = Field(
        "warn",
        description="`warn` places it and says so in the answer and the log; `hold` sends nothing until a person lets "
        "it go; `reject` refuses it. A caller who means it sends `Ordergate-Allow-Twin: true`.",
    )
    window: float = Field(
        3600,
        ge=0,
        le=2592000,
        description="For how many seconds after an order the same goods for the same recipient at the same provider "
        "are taken for a twin; 0 looks for none.",
    )


class Timeouts(Section):
    """How long to wait for a provider, in seconds, by what is asked of it."""

    connect: float = Field(3, ge=0.1, le=30, description="To connect, TLS included.")
    read: float = Field(10, ge=0.1, le=120, description="For the answer to a read.")
    order: float = Field(30, ge=1, le=300, description="For the answer to a write: cutting it off leaves doubt behind.")
    login: float = Field(5, ge=0.1, le=60, description="For the answer to a login.")
    lookup: float = Field(5, ge=0.1, le=60, description="For the answer when the fate of a write is looked up.")


class ProviderConfig(Section):
    """The keys that every provider has. All others belong to its adapter."""

    adapter: str = Field(description="Which adapter speaks to it.")
    simulated: bool = Field(
        False,
        description="Write `true` to use the simulator that comes with the adapter. Excludes `base_url`, `proxy`, "
        "`ca_file` and `client_cert`; credentials, settings and `currency` default to what the simulator accepts.",
    )
    base_url: Annotated[str, AfterValidator(addresses.base_url)] | None = Field(
        None,
        description="Where the provider is. Required where the adapter knows no address that is everybody's. "
        "`https://`, or `http://` on a loopback address.",
    )
    currency: Currency | None = Field(
        None, description="ISO 4217 code of amounts to which the provider gives no currency."
    )
    proxy: Proxy | None = Field(
        None,
        description="Proxy to go through, `http://[user:password@]host:port`. Proxies named in the environment are not "
        "used.",
    )
    ca_file: Path | None = Field(
        None, description="PEM file of certification authorities to trust instead of the system's.", strict=False
    )
    client_cert: ClientCertificate | None = Field(
        None, description="A certificate that proves to the provider who calls (mutual TLS)."
    )
    timeouts: Timeouts = Field(default_factory=Timeouts, description="How long to wait for the provider, in seconds.")
    resilience: Resilience = Field(
        default_factory=Resilience, description="What to bear from a provider that is slow, down or failing."
    )
    limits: LimitsConfig = Field(default_factory=LimitsConfig, description="How to keep to the provider's rate limits.")
    cache: ProviderCache = Field(
        default_factory=ProviderCache, description="How long answers about the catalog are told again."
    )
    writes: Literal["allowed", "paused"] = Field(
        "allowed",
        description="Write `paused` to refuse every write to the provider (503 `writes-paused`) and to send none that "
        "is left over; reads go on, and so does finding out what became of earlier writes.",
    )


CREDENTIALS_DESCRIPTION = (
    "What the adapter logs in with. Secrets are written as `${NAME}` or `${file:/run/secrets/name}`."
)
COMMON_KEYS = (*ProviderConfig.model_fields, "credentials")
"""The keys of a provider that no adapter may declare as a setting."""


class When(Section):
    """What an order must be like. Every key written must match; a list matches when one of its values does."""

    kind: OneOrMore[OrderKind] | None = Field(None, description="Kind of the order.")
    country: OneOrMore[Country] | None = Field(None, description="Country that the order is delivered to (ISO 3166-1).")
    currency: OneOrMore[Currency] | None = Field(None, description="Currency of the order (ISO 4217).")
    caller: OneOrMore[Text] | None = Field(None, description="Name of the caller, as under `callers`.")
    metadata: Mapping[str, OneOrMore[Text]] | None = Field(None, description="Values of the order's metadata, by name.")


class Route(Section):
    """A rule that chooses the provider of an order that names none."""

    when: When = Field(default_factory=When, description="What the order must be like; nothing written matches all.")
    provider: Text = Field(description="Name of the provider to use.")


class Config(Section):
    """gateway.yaml as a whole."""

    listen: Listen = Field(default_factory=Listen, description="Where callers reach the gateway.")
    admin: Admin = Field(default_factory=Admin, description="Where health and metrics are.")
    store: Store = Field(
        default_factory=Store,
        description="Where the gateway remembers idempotency keys, operations and the use of providers' rates.",
    )
    telemetry: Telemetry = Field(
        default_factory=Telemetry,
        description="What can be seen of the running gateway besides its logs. Nothing is measured by default.",
    )
    cache: Cache = Field(default_factory=Cache, description="How much of the providers' catalogs is kept in memory.")
    shedding: Shedding = Field(
        default_factory=Shedding, description="What is let go when the gateway itself cannot keep up."
    )
    twins: Twins = Field(
        default_factory=Twins, description="What becomes of an order that looks like one that was just placed."
    )
    callers: Mapping[str, Caller] = Field(
        default_factory=dict,
        description="Applications that may call, by name. Without any, everybody on this machine may do everything.",
    )
    issuers: Mapping[str, Issuer] = Field(
        default_factory=dict, description="Who issues the tokens that callers may show instead of an API key, by name."
    )
    providers: Mapping[str, ProviderConfig] = Field(
        description="The accounts at providers, by name. Names appear in ids (`shop-nl:1043`): lower-case letters, "
        "digits and hyphens. Two accounts at one provider are two names."
    )
    routes: tuple[Route, ...] = Field(
        (), description="Rules that choose the provider of an order that names none; the first that matches wins."
    )
