"""Reading configurations that tests write, with adapters that only tests have."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from gateway.config.load import ConfigError, Configuration, load
from support.pretended_adapter import NAMES, registration_of

HEAD = "store:\n  ephemeral: true\nproviders:\n  acme:\n    adapter: acme\n    simulated: true\n"
"""Six lines of a configuration that needs nothing more."""
PROVIDER = "store:\n  url: sqlite:journal.db\nproviders:\n  p:\n"
"""Four lines that end where the keys of a provider belong."""
REAL = (
    "store:\n  url: sqlite:journal.db\nproviders:\n  acme:\n    adapter: acme\n    credentials:\n      client_id: id\n"
)
"""Seven lines that lack `client_secret`, and end where it belongs."""


class Files:
    """Configurations in a folder of their own, called gateway.yaml in messages."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def load(self, text: str | bytes, environ: Mapping[str, str] | None = None) -> Configuration:
        path = self.folder / "gateway.yaml"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return load(path, environ or {}, load_registration=registration_of, names=lambda: NAMES)

    def mistakes(self, text: str | bytes, environ: Mapping[str, str] | None = None) -> list[str]:
        """Return every problem as people see it, the folder left out."""
        with pytest.raises(ConfigError) as raised:
            self.load(text, environ)
        return [str(problem).removeprefix(f"{self.folder}/gateway.yaml:") for problem in raised.value.problems]
