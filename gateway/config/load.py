"""gateway.yaml to a `Configuration`, or to every mistake in it at once."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path as FilePath
from types import MappingProxyType

from adapters import registry
from adapters.registry import Registration
from gateway.config import rules
from gateway.config.caching import Cache
from gateway.config.callers import CALLER_NAME, Caller, Issuer
from gateway.config.compose import compose
from gateway.config.model import PROVIDER_NAME, Admin, Config, Listen, Route, Store, Twins
from gateway.config.nodes import Mapping as MappingNode
from gateway.config.nodes import Node, Scalar, places, repeated, scalars
from gateway.config.problems import CREDENTIALS, ConfigError, ConfigProblem, Path, Problems
from gateway.config.providers import Provider, ProviderReader, Registry, real_accounts, written_secrets
from gateway.config.references import resolve
from gateway.config.shedding import Shedding
from gateway.config.telemetry import Telemetry
from gateway.config.validation import Validator

__all__ = ["ConfigError", "ConfigProblem", "Configuration", "Provider", "load"]

MAX_BYTES = 1024 * 1024
MAX_REPEATED = 20
"""Of so many keys that are written twice the second is read too, for its mistakes to be told with the others."""
# Shorter texts are in ordinary words too, and would tear holes into messages.
_SHORTEST_SECRET = 4
_SECRETS: tuple[Path, ...] = (("admin", "token"), ("store", "keys"), ("telemetry", "otlp", "headers"))
"""Where secrets stand, besides those of providers and issuers."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """What the gateway is to be. Relative paths start at `folder`. `warnings` are sentences for whoever starts it."""

    listen: Listen
    admin: Admin
    store: Store
    telemetry: Telemetry
    cache: Cache
    shedding: Shedding
    twins: Twins
    callers: Mapping[str, Caller]
    issuers: Mapping[str, Issuer]
    providers: Mapping[str, Provider]
    routes: tuple[Route, ...]
    folder: FilePath
    warnings: tuple[str, ...] = field(default=())


def load(
    path: FilePath,
    environ: Mapping[str, str],
    *,
    load_registration: Callable[[str], Registration] = registry.load,
    names: Callable[[], Sequence[str]] = registry.names,
) -> Configuration:
    """Read a configuration file. Raises ConfigError with every mistake; imports the adapters that it names only.

    References are resolved from `environ` and from files, whose paths are relative to the folder of `path`.
    """
    problems = Problems(str(path))
    root = _tree(path, problems)
    again = list(islice(repeated(root), MAX_REPEATED))
    read_too = ((one.path, one.node) for one in again)
    secrets = _resolve([((), root), *read_too], environ, path.parent, problems)
    adapters = Registry(names, load_registration)

    def read(found: Problems) -> Configuration:
        check = Validator(root, found, secrets)
        for key in root.entries:
            if key not in Config.model_fields:
                check.unknown((key,), Config.model_fields)
        return _read(check, ProviderReader(check, adapters, path.parent), found, path.parent)

    for one in again:
        with one.instead(), suppress(ConfigError):
            read(problems.at({one.place, *places(one.node)}))
    return read(problems)


def load_store(path: FilePath, environ: Mapping[str, str]) -> Store:
    """Read `store` alone of a configuration file, no reference elsewhere. Raises ConfigError with its mistakes."""
    problems = Problems(str(path))
    root = _tree(path, problems)
    node = root.entries.get("store")
    secrets = _resolve([] if node is None else [(("store",), node[1])], environ, path.parent, problems)
    check = Validator(root, problems, secrets)
    store = check.read(Store, ("store",))
    rules.check_store(check, store, ())
    problems.raise_any()
    if store is None:
        raise problems.error()
    return store


def _tree(path: FilePath, problems: Problems) -> MappingNode:
    """Return the file's mapping. Raises ConfigError when there is none."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        problems.add((0, 0), (), f"cannot be read: {error.strerror}")
        content = b""
    if len(content) > MAX_BYTES:
        problems.add((0, 0), (), f"is larger than {MAX_BYTES // 1024} KiB")
    text = ""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        problems.add((line, error.start - content.rfind(b"\n", 0, error.start)), (), "is not UTF-8 text")
    problems.raise_any()
    node = compose(text, problems)
    if node is None:
        problems.raise_any()
        problems.add((1, 1), (), "is empty; write at least providers: with one provider below it")
    elif not isinstance(node, MappingNode):
        problems.add(node.place, (), "should be a mapping: keys such as providers: with values, indented below them")
    else:
        return node
    raise problems.error()


def _resolve(
    trees: Iterable[tuple[Path, Node]], environ: Mapping[str, str], folder: FilePath, problems: Problems
) -> set[str]:
    """Resolve the references of every scalar, in place; return the texts that no message may show."""
    secrets: set[str] = set()
    resolved_once: set[int] = set()
    for path, scalar in chain.from_iterable(scalars(node, path) for path, node in trees):
        if id(scalar) not in resolved_once and "$" in scalar.text:
            resolved_once.add(id(scalar))
            resolved = resolve(scalar.text, environ, folder)
            scalar.text = resolved.text
            scalar.substituted = bool(resolved.values)
            scalar.broken = scalar.broken or bool(resolved.mistakes)
            secrets.update(resolved.values)
            for mistake in resolved.mistakes:
                problems.add(scalar.place, path, mistake)
        if not {CREDENTIALS, "headers", "secrets"}.isdisjoint(path) or path[-1:] in {("token",), ("proxy",)}:
            secrets.add(scalar.text)
    return {secret for secret in secrets if len(secret) >= _SHORTEST_SECRET}


def _read(check: Validator, reader: ProviderReader, problems: Problems, folder: FilePath) -> Configuration:
    """Return the configuration. Raises ConfigError with every mistake."""
    listen, admin = check.read(Listen, ("listen",)), check.read(Admin, ("admin",))
    store, telemetry = check.read(Store, ("store",)), check.read(Telemetry, ("telemetry",))
    cache, twins = check.read(Cache, ("cache",)), check.read(Twins, ("twins",))
    shedding = check.read(Shedding, ("shedding",))
    caller_names, provider_names = check.keys(("callers",)), check.keys(("providers",))
    callers, issuers = _callers(check, folder, provider_names)
    providers = _providers(check, reader, provider_names)
    routes = [check.read(Route, ("routes", index)) for index in range(_count(check, ("routes",)))]

    rules.check_listeners(check, listen, admin, callers=bool(caller_names))
    rules.check_telemetry(check, telemetry)
    rules.check_store(check, store, list(real_accounts(check, provider_names)))
    rules.check_workers(check, listen, store)
    rules.check_routes(check, provider_names, caller_names)
    problems.raise_any()
    known_routes = tuple(route for route in routes if route is not None)
    if listen is None or admin is None or store is None or telemetry is None:
        raise problems.error()
    if cache is None or shedding is None or twins is None:
        raise problems.error()
    if len(providers) < len(provider_names):
        raise problems.error()
    return Configuration(
        listen,
        admin,
        store,
        telemetry,
        cache,
        shedding,
        twins,
        MappingProxyType(callers),
        MappingProxyType(issuers),
        MappingProxyType(providers),
        known_routes,
        folder,
        (*rules.unreachable_routes(known_routes), *_warnings(check, store, providers.values(), issuers, callers)),
    )


def _warnings(
    check: Validator,
    store: Store,
    providers: Collection[Provider],
    issuers: Mapping[str, Issuer],
    callers: Mapping[str, Caller],
) -> Iterator[str]:
    """Yield what is allowed, and not what is usually meant."""
    yield from rules.taken_for_simulators(store, [one.name for one in providers if not one.simulated])
    yield from rules.unused_issuers(issuers, callers)
    yield from (f"writes to {one.name} are paused" for one in providers if one.common.writes == "paused")
    for secret in (*written_secrets(check, providers), *_written_secrets(check, issuers)):
        yield f"{secret} stands in the file itself; write ${{NAME}} or ${{file:/path}}"


def _providers(check: Validator, reader: ProviderReader, names: Sequence[str]) -> dict[str, Provider]:
    """Return those of the providers that can be made."""
    providers = {name: provider for name in names if (provider := reader.read(name))}
    rules.check_names(check, ("providers",), PROVIDER_NAME, "lower-case letters, digits and hyphens, 63 at most")
    if not names:
        check.refuse(("providers",), "is missing; write providers: with at least one provider below it", key=True)
    return providers


def _callers(
    check: Validator, folder: FilePath, providers: Sequence[str]
) -> tuple[dict[str, Caller], dict[str, Issuer]]:
    """Return the callers, and the issuers of their tokens with files relative to `folder`."""
    for kind in ("callers", "issuers"):
        rules.check_names(check, (kind,), CALLER_NAME, "letters, digits, dots, hyphens and underscores")
    names = check.keys(("callers",))
    callers = {name: caller for name in names if (caller := check.read(Caller, ("callers", name)))}
    issuers = {}
    for name in check.keys(("issuers",)):
        issuer = check.read(Issuer, ("issuers", name))
        if issuer is not None:
            files = {key: folder / file for key in ("jwks_file", "ca_file") if (file := getattr(issuer, key))}
            issuers[name] = issuer.model_copy(update=files)
    rules.check_callers(check, callers, providers, check.keys(("issuers",)))
    rules.check_issuers(check, issuers)
    return callers, issuers


def _written_secrets(check: Validator, issuers: Iterable[str]) -> Iterator[str]:
    """Yield the path of each secret, but for providers', that stands in the file itself."""
    for path in (*_SECRETS, *(("issuers", name, "secrets") for name in issuers)):
        node = check.node(path)
        for trail, scalar in scalars(node) if node is not None else ():
            if not scalar.substituted:
                yield ".".join(str(part) for part in (*path, *trail))
    url = check.node(("store", "url"))
    if isinstance(url, Scalar) and not url.substituted and ":" in url.text.partition("://")[2].rpartition("@")[0]:
        yield "the password in store.url"


def _count(check: Validator, path: Path) -> int:
    """Return how many items a list has; 0 with a problem noted when it is something else."""
    count = check.items(path)
    if count is None and check.node(path) is not None:
        check.refuse(path, "should be a list: an item a line, each begun with a hyphen")
    return count or 0
