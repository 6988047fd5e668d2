"""A registration of a provider that does not exist, with every sort of setting an adapter may declare."""

from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from adapters.contract.adapter import Adapter, Credentials, ProviderSettings
from adapters.contract.simulator import Simulator
from adapters.registry import Registration

NAMES = ("acme", "rootless", "greedy", "broken")


class Warehouse(BaseModel):
    """A group of settings."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: str = Field(description="Its code.")
    priority: int = Field(1, ge=1, le=9, description="Which is asked first.")


class AcmeSettings(ProviderSettings):
    """Settings of every sort."""

    language: Literal["en", "nl"] = Field("en", description="Language of names.")
    retries: int = Field(3, ge=0, le=10, description="How often to ask again.")
    ratio: float = Field(0.5, description="A share.")
    verbose: bool = Field(False, description="Say more.")
    channels: tuple[str, ...] = Field((), description="Where it is sold.")
    warehouse: Warehouse | None = Field(None, description="Where it is stored.")


class AcmeCredentials(Credentials):
    """A key pair, and a customer that may be named."""

    client_id: str = Field(description="Public half of the key.")
    client_secret: SecretStr = Field(description="Secret half of the key.")
    customer: str | None = Field(None, description="On whose behalf.")


class Acme(Adapter[AcmeSettings, AcmeCredentials]):
    """A provider with one address for everybody."""

    title = "Acme"
    kinds = ("purchase",)
    base_url = "https://api.acme.example"
    Settings = AcmeSettings
    Credentials = AcmeCredentials

    def __init__(self, name: str, settings: AcmeSettings, credentials: AcmeCredentials, currency: str | None = None):
        """Refuse a language with a currency it does not go with."""
        super().__init__(name, settings, credentials, currency)
        if settings.language == "nl" and currency == "USD":
            raise ValueError(f"nl is not sold in USD to {credentials.client_secret.get_secret_value()}")


class AcmeSimulator(Simulator):
    """Accepts one pair, and needs a currency and a setting."""

    credentials: ClassVar[dict[str, Any]] = {"client_id": "simulated", "client_secret": "simulated-secret"}
    settings: ClassVar[dict[str, Any]] = {"retries": 7}
    currency = "CHF"


class Rootless(Adapter[Any, Any]):
    """A provider whose address differs from account to account, with settings that must be written."""

    title = "Rootless"
    kinds = ("tradeIn",)

    class Settings(ProviderSettings):
        tenant: str = Field(description="Which tenant.")

    class Credentials(Credentials):
        api_key: SecretStr | None = Field(None, description="A key that may be left out.")


class RootlessSimulator(Simulator):
    """Needs the tenant."""

    settings: ClassVar[dict[str, Any]] = {"tenant": "main"}


class Greedy(Acme):
    """Declares a setting that every provider has."""

    class Settings(ProviderSettings):
        timeouts: int = Field(1, description="Taken.")


def registration_of(name: str) -> Registration:
    """Stand in for `adapters.registry.load`."""
    match name:
        case "acme":
            return Registration(Acme, lambda: AcmeSimulator)
        case "rootless":
            return Registration(Rootless, lambda: RootlessSimulator)
        case "greedy":
            return Registration(Greedy, lambda: AcmeSimulator)
        case _:
            raise ImportError("no module of this name")
