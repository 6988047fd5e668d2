"""One entry under `providers:`: the keys that all have, the adapter's settings and its credentials."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path as FilePath
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretStr

from adapters.contract.adapter import Adapter, Credentials, ProviderSettings
from adapters.registry import Registration
from gateway.config import rules
from gateway.config.addresses import is_loopback
from gateway.config.certificates import ClientCertificate
from gateway.config.model import COMMON_KEYS, ProviderConfig
from gateway.config.nodes import scalars
from gateway.config.problems import CREDENTIALS, Path, suggestion
from gateway.config.validation import Validator


@dataclass(frozen=True, slots=True)
class Provider:
    """A configured account: `name` as under `providers:`, `common` the keys that every provider has."""

    name: str
    common: ProviderConfig
    registration: Registration
    settings: ProviderSettings
    credentials: Credentials

    @property
    def simulated(self) -> bool:
        """Tell whether the adapter's simulator stands in for the provider."""
        return self.common.simulated

    @property
    def is_here(self) -> bool:
        """Tell whether orders never leave this machine: a simulator takes them, or something at a loopback address."""
        return self.simulated or (self.base_url is not None and is_loopback(urlsplit(self.base_url).hostname or ""))

    @property
    def base_url(self) -> str | None:
        """Return where the provider is; None for a simulated one, which is wherever its simulator was started."""
        return None if self.simulated else self.common.base_url or self.registration.adapter.base_url

    def adapter(self) -> Adapter[Any, Any]:
        """Return a new adapter for the account."""
        return self.registration.adapter(self.name, self.settings, self.credentials, self.common.currency)


class Registry:
    """The adapters there are, each imported when a provider needs it and once only."""

    def __init__(self, names: Callable[[], Sequence[str]], load: Callable[[str], Registration]) -> None:
        self.names = names
        self.load = lru_cache(maxsize=None)(load)


class ProviderReader:
    """Reads entries under `providers:`. Files are relative to `folder`."""

    def __init__(self, check: Validator, registry: Registry, folder: FilePath) -> None:
        self._check = check
        self._registry = registry
        self._folder = folder

    def read(self, name: str) -> Provider | None:
        """Return the provider, or None with every mistake noted."""
        path: Path = ("providers", name)
        simulated = self._check.value((*path, "simulated")) is True
        registration = self._registration(path)
        simulator = registration.simulator if registration and simulated else None
        common = self._common(path, registration, {"currency": simulator.currency} if simulator else {})
        self._refuse_empty_texts(path)
        own_keys = [key for key in self._check.keys(path) if key not in COMMON_KEYS]
        if registration is None:
            for key in own_keys:
                if get_close_matches(key, COMMON_KEYS):
                    self._check.unknown((*path, key), COMMON_KEYS)
            return None
        settings = self._check.read(
            registration.adapter.Settings,
            path,
            only=own_keys,
            defaults=simulator.settings if simulator else {},
            known=COMMON_KEYS,
        )
        credentials = self._credentials(path, registration, simulated=simulated)
        if common is None or settings is None or credentials is None or self._check.wrong(path):
            return None
        provider = Provider(name, common, registration, settings, credentials)
        try:
            provider.adapter()
        except ValueError as error:
            self._check.refuse(path, f"the adapter refuses this configuration: {error}", key=True)
            return None
        return provider

    def _registration(self, path: Path) -> Registration | None:
        where = (*path, "adapter")
        name = self._check.value(where)
        if not isinstance(name, str):
            return None  # ProviderConfig says what is wrong
        try:
            registration = self._registry.load(name)
        except (ImportError, AttributeError, TypeError, KeyError) as error:
            # Asked for only now: it is read from what every installed package offers.
            known = self._registry.names()
            reason = f"the adapter cannot be loaded: {type(error).__name__}: {error}"
            self._check.refuse(where, reason if name in known else f"names no adapter{suggestion(name, known)}")
            return None
        taken = set(COMMON_KEYS).intersection(registration.adapter.Settings.model_fields)
        if taken:
            self._check.refuse(
                where, f"the adapter declares settings that every provider has: {', '.join(sorted(taken))}"
            )
            return None
        return registration

    def _common(self, path: Path, registration: Registration | None, defaults: dict[str, Any]) -> ProviderConfig | None:
        common = self._check.read(ProviderConfig, path, only=ProviderConfig.model_fields, defaults=defaults)
        if common is None:
            return None
        has_address = registration is None or registration.adapter.base_url is not None
        rules.check_origin_of_provider(self._check, path, common, has_address)
        common = _below(self._folder, common)
        rules.check_files(self._check, path, common)
        rules.check_limits(self._check, path, common.limits)
        return common

    def _credentials(self, path: Path, registration: Registration, *, simulated: bool) -> Credentials | None:
        model, where = registration.adapter.Credentials, (*path, CREDENTIALS)
        self._check.name((*where, name) for name in model.model_fields)
        if self._check.node(where) is None:
            needed = [name for name, field in model.model_fields.items() if field.is_required()]
            if self._check.wrong((*path, "simulated")):
                return None
            if needed and not simulated:
                self._check.refuse(where, f"is missing; write credentials: with {', '.join(needed)} below it", key=True)
                return None
            return self._check.read(model, where, defaults=registration.simulator.credentials if simulated else {})
        return self._check.read(model, where)

    def _refuse_empty_texts(self, path: Path) -> None:
        node = self._check.node(path)
        if node is None:
            return
        for trail, scalar in scalars(node):
            if not scalar.text and (scalar.substituted or not scalar.plain):
                self._check.refuse((*path, *trail), "is empty; write a value, or leave the key out")


def real_accounts(check: Validator, names: Iterable[str]) -> Iterator[str]:
    """Yield who surely is at a provider, neither simulated nor at a loopback address, whatever else is wrong there."""
    for name in names:
        path: Path = ("providers", name)
        address = check.value((*path, "base_url"))
        here = isinstance(address, str) and is_loopback(urlsplit(address).hostname or "")
        unclear = check.wrong((*path, "simulated")) or check.wrong((*path, "base_url"))
        if not (here or unclear or check.value((*path, "simulated")) is True):
            yield name


def written_secrets(check: Validator, providers: Iterable[Provider]) -> Iterator[str]:
    """Yield the path of each secret of a real provider that stands in the file itself."""
    for provider in providers:
        path: Path = ("providers", provider.name, CREDENTIALS)
        node = check.node(path)
        if provider.simulated or node is None:
            continue
        for trail, scalar in scalars(node):
            secret = isinstance(getattr(provider.credentials, str(trail[0]), None), SecretStr)
            if secret and not scalar.substituted:
                yield ".".join(str(part) for part in (*path, *trail))


def _below(folder: FilePath, common: ProviderConfig) -> ProviderConfig:
    """Return the configuration with its files relative to `folder`."""
    changes: dict[str, Any] = {}
    if common.ca_file is not None:
        changes["ca_file"] = folder / common.ca_file
    if common.client_cert is not None:
        changes["client_cert"] = ClientCertificate(
            cert_file=folder / common.client_cert.cert_file, key_file=folder / common.client_cert.key_file
        )
    return common.model_copy(update=changes)
