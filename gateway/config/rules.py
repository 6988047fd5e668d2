"""What no single key can tell: whether the parts of a configuration fit each other."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path as FilePath
from urllib.parse import urlsplit

from gateway.config.addresses import is_loopback
from gateway.config.callers import EVERY_PROVIDER, Caller, Issuer
from gateway.config.limits import LimitsConfig
from gateway.config.model import Admin, Listen, ProviderConfig, Route, Store, When
from gateway.config.problems import Path, suggestion
from gateway.config.telemetry import Telemetry
from gateway.config.validation import Validator

EXPORTER = "opentelemetry-exporter-otlp-proto-http"
"""Where this is installed, so is all else that exports."""
_STORES = {
    "memory": "memory:",
    "sqlite": "sqlite:/var/lib/ordergate/journal.db",
    "postgresql": "postgresql://user@host/database",
}
_SOURCES = ("jwks_url", "jwks_file", "secrets")
_SIMULATED_EXCLUDES = ("base_url", "proxy", "ca_file", "client_cert")


def check_names(check: Validator, path: Path, pattern: str, rule: str) -> None:
    """Refuse keys of the mapping at `path` that do not fit the pattern."""
    for name in check.keys(path):
        if not re.fullmatch(pattern, name):
            check.refuse((*path, name), f"is no name: {rule}", key=True)


def check_listeners(check: Validator, listen: Listen | None, admin: Admin | None, *, callers: bool) -> None:
    """Refuse to be reachable by other machines without knowing who calls."""
    if listen is not None and not is_loopback(listen.host) and not callers:
        check.refuse(
            ("listen", "host"),
            "is reachable by other machines, so `callers` is needed; write callers with the hash of an API key and its "
            "scopes, or host: 127.0.0.1",
        )
    tokenless = admin is not None and admin.token is None and not check.wrong(("admin", "token"))
    if admin is not None and tokenless and not is_loopback(admin.host):
        check.refuse(
            ("admin", "host"),
            "is reachable by other machines, so admin.token is needed; write token: ${file:/run/secrets/admin-token}, "
            "or host: 127.0.0.1",
        )
    if listen is not None and admin is not None and listen.port == admin.port != 0 and listen.host == admin.host:
        check.refuse(("admin", "port"), "is the port of `listen` too; write another")


def check_telemetry(check: Validator, telemetry: Telemetry | None) -> None:
    """Refuse a collector that nothing here can speak to, and one that would be told secrets in clear."""
    otlp = None if telemetry is None else telemetry.otlp
    if otlp is None:
        return
    path = ("telemetry", "otlp")
    try:
        version(EXPORTER)
    except PackageNotFoundError:
        check.refuse(path, "needs packages that are not installed: pip install 'ordergate[telemetry]'", key=True)
    check_names(check, (*path, "headers"), r"[A-Za-z0-9-]{1,100}", "letters, digits and hyphens")
    url = urlsplit(otlp.endpoint)
    if otlp.headers and url.scheme == "http" and not is_loopback(url.hostname or ""):
        check.refuse(
            (*path, "endpoint"), "would send `headers` in clear; write https:// (http:// is for loopback addresses)"
        )


def check_store(check: Validator, store: Store | None, real: Sequence[str]) -> None:
    """Accept a store of a known kind, and one that forgets only with the word for it and simulated providers only."""
    if store is None:
        return
    scheme = store.url.partition(":")[0]
    if scheme not in _STORES:
        check.refuse(("store", "url"), f"is no store; write {', '.join(_STORES.values())}")
        return
    if scheme == "memory" and not store.ephemeral:
        check.refuse(
            ("store", "ephemeral"),
            "must be true with the store memory:, which forgets idempotency keys and operations at a restart; write "
            "store: with ephemeral: true below it to accept that, or url: sqlite:/var/lib/ordergate/journal.db",
            key=True,
        )
    elif store.ephemeral and real:
        check.refuse(
            ("store", "ephemeral"),
            f"is for simulated providers only, and {real[0]} is real: an order sent again after a restart would be "
            "placed again; write url: sqlite:/var/lib/ordergate/journal.db without ephemeral",
        )


def taken_for_simulators(store: Store, here: Sequence[str]) -> Iterator[str]:
    """Yield a warning when a store forgets what accounts did that are `here`: real ones, at a loopback address."""
    if store.ephemeral and here:
        yield (
            f"store.ephemeral: taken for simulators, because of the loopback address in base_url: {', '.join(here)};"
            " where orders are really placed behind it, one sent again after a restart is placed again: write "
            "store.url: sqlite:/var/lib/ordergate/journal.db without ephemeral"
        )


def check_workers(check: Validator, listen: Listen | None, store: Store | None) -> None:
    """Refuse several processes on what one process has for itself."""
    if listen is None or store is None or listen.workers == 1 or check.wrong(("store", "url")):
        return
    if store.url.partition(":")[0] != "postgresql":
        check.refuse(
            ("listen", "workers"),
            "more than one needs a store that they can share; write store.url: postgresql://user@host/database, or "
            "workers: 1",
        )
    elif store.spool is not None:
        check.refuse(
            ("store", "spool"),
            "is a file of one process, and there are several workers; remove it (such answers are found out from the "
            "provider again), or write workers: 1",
            key=True,
        )


def check_callers(
    check: Validator, callers: Mapping[str, Caller], providers: Collection[str], issuers: Collection[str]
) -> None:
    """Refuse a caller whom nobody could be, unknown names, and a key or token that would be two callers."""
    for name in check.keys(("callers",)):
        _check_known(check, ("callers", name, "providers"), providers, "provider", also=EVERY_PROVIDER)
        tokens: Path = ("callers", name, "tokens")
        for index in range(check.items(tokens) or 1):
            _check_known(check, (*_item(check, tokens, index), "issuer"), issuers, "issuer")
    owners: dict[str | tuple[str, str], str] = {}
    for name, caller in callers.items():
        if not caller.keys and not caller.tokens and not check.wrong(("callers", name)):
            check.refuse(("callers", name), "has neither keys nor tokens; write keys: with the hash of one", key=True)
        for index, key in enumerate(caller.keys):
            if owners.setdefault(key, name) != name:
                check.refuse(_item(check, ("callers", name, "keys"), index), f"is a key of caller {owners[key]} too")
        for index, token in enumerate(caller.tokens):
            path = _item(check, ("callers", name, "tokens"), index)
            owner = owners.setdefault((token.issuer, token.subject or name), name)
            if owner != name:
                check.refuse(path, f"are tokens of caller {owner} too", key=True)


def check_issuers(check: Validator, issuers: Mapping[str, Issuer]) -> None:
    """Refuse an issuer without keys or with several kinds of them, and two with the same `iss`."""
    names: dict[str, str] = {}
    for name, issuer in issuers.items():
        path: Path = ("issuers", name)
        given = [key for key in _SOURCES if getattr(issuer, key)]
        if not given and not check.wrong(path):
            check.refuse(path, "has no keys; write one of jwks_url, jwks_file, secrets", key=True)
        for key in given[1:]:
            check.refuse((*path, key), f"has no meaning beside {given[0]}; remove one of the two", key=True)
        for key in () if "jwks_url" in given else ("ca_file", "proxy"):
            if getattr(issuer, key) is not None:
                check.refuse((*path, key), "has no meaning without jwks_url", key=True)
        if "secrets" in given and check.node((*path, "algorithms")) is not None:
            check.refuse((*path, "algorithms"), "has no meaning with secrets, which are for HS256", key=True)
        for key in ("jwks_file", "ca_file"):
            file = getattr(issuer, key)
            if file is not None and not file.is_file():
                check.refuse((*path, key), "names no file; write the path of one that is there")
        if names.setdefault(issuer.issuer, name) != name:
            check.refuse((*path, "issuer"), f"is that of issuer {names[issuer.issuer]} too")


def unused_issuers(issuers: Collection[str], callers: Mapping[str, Caller]) -> Iterator[str]:
    """Yield a warning for each issuer of whom no caller has tokens."""
    used = {token.issuer for caller in callers.values() for token in caller.tokens}
    for name in issuers:
        if name not in used:
            yield f"issuers.{name}: no caller has tokens of it"


def check_routes(check: Validator, providers: Collection[str], callers: Collection[str]) -> None:
    """Refuse rules that name a provider or caller which does not exist."""
    for index in range(check.items(("routes",)) or 0):
        _check_known(check, ("routes", index, "provider"), providers, "provider")
        _check_known(check, ("routes", index, "when", "caller"), callers, "caller")


def unreachable_routes(routes: Sequence[Route]) -> list[str]:
    """Return a warning when rules stand behind one that matches everything."""
    for index, route in enumerate(routes[:-1]):
        if route.when == When():
            return [f"routes[{index}] matches every order: the rules after it are never used"]
    return []


def check_origin_of_provider(check: Validator, path: Path, common: ProviderConfig, has_address: bool) -> None:
    """Refuse a provider that is both real and simulated, or neither."""
    if check.wrong((*path, "simulated")):
        return
    if common.simulated:
        for key in _SIMULATED_EXCLUDES:
            if getattr(common, key) is not None:
                check.refuse((*path, key), "has no meaning with simulated: true; remove one of the two", key=True)
    elif common.base_url is None and not has_address:
        check.refuse(
            (*path, "base_url"),
            "is missing; write base_url: https://…, or simulated: true to use the simulator",
            key=True,
        )


def check_limits(check: Validator, path: Path, limits: LimitsConfig) -> None:
    """Refuse rate limits that nothing could pass, or that are two under one name."""
    seen: dict[str, int] = {}
    for index, rule in enumerate(limits.rules):
        where: Path = (*path, "limits", "rules", index)
        if seen.setdefault(rule.id, index) != index:
            check.refuse((*where, "id"), f"is the id of rules[{seen[rule.id]}] too; write another")
        if rule.cost > rule.requests:
            check.refuse(
                (*where, "cost"),
                f"is more than the {rule.requests} requests that the limit allows at all; write a lower number",
            )
        if rule.spacing > rule.seconds:
            check.refuse(
                (*where, "spacing"),
                f"is longer than the limit's window, which would never hold two requests; write {rule.seconds:.15g} or "
                "less, or more `seconds`",
            )
        if rule.ceiling is not None and rule.ceiling < rule.requests:
            check.refuse((*where, "ceiling"), "is lower than `requests`; write a higher number, or leave the key out")


def check_files(check: Validator, path: Path, common: ProviderConfig) -> None:
    """Refuse certificate files that are not there."""
    files: dict[Path, FilePath | None] = {("ca_file",): common.ca_file}
    if common.client_cert is not None:
        files["client_cert", "cert_file"] = common.client_cert.cert_file
        files["client_cert", "key_file"] = common.client_cert.key_file
    for keys, file in files.items():
        if file is not None and not file.is_file():
            check.refuse((*path, *keys), "names no file; write the path of a PEM file")


def _item(check: Validator, path: Path, index: int) -> Path:
    """Return the path of an item where a single one may stand for a list."""
    return (*path, index) if check.items(path) is not None else path


def _check_known(check: Validator, path: Path, known: Collection[str], kind: str, also: str | None = None) -> None:
    """Refuse a name, or one of a list of names, that nothing has; whatever else is wrong around it."""
    for place, name in check.texts(path):
        if name not in known and name != also:
            check.refuse(place, f"names no {kind}{suggestion(name, known)}")
