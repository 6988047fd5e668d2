"""The schema of `quality.yaml`: the rules that an adapter holds itself to, each done, to do or exempt with a reason."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints
from ruamel.yaml import YAML

RULES: Mapping[str, str] = {
    "credentials_only_in_authorize": "Secrets appear after `authorize` or in a login, and in no text.",
    "errors_total": "Any status with any body is an error value or none.",
    "unknown_is_unknown": "An unlisted status word is `unknown`, and kept.",
    "lossless": "Every member of a request is translated, or refused by its name.",
    "traits_sourced": "Every write says what helps when its answer is lost, and where that is written.",
    "limits_documented": "Rates are given with their source.",
    "case_files": "Case files show each operation as the provider's documents do.",
    "simulator_strict": "The simulator refuses what the provider refuses.",
    "simulator_faults": "The simulator deals every fault.",
    "lookup": "What became of a write can be asked for.",
    "callbacks": "The provider's callbacks are verified and read.",
    "readme": "README.md says what it is, how it is configured, and what was chosen.",
}
"""Every rule, with what `done` means."""


class Excused(BaseModel):
    """Why a rule is not done: left for later, or not of this provider."""

    model_config = ConfigDict(extra="forbid", strict=True)

    status: Literal["todo", "exempt"]
    reason: Annotated[str, StringConstraints(min_length=20, pattern=r"\.$")]


class Quality(BaseModel):
    """One `quality.yaml`."""

    model_config = ConfigDict(extra="forbid", strict=True)

    rules: dict[str, Literal["done"] | Excused]

    def word(self, rule: str) -> str:
        """Return how a rule stands: done, todo or exempt."""
        stated = self.rules[rule]
        return stated if isinstance(stated, str) else stated.status


def quality_of(folder: Path) -> Quality:
    """Read an adapter's `quality.yaml`. Raises ValidationError for what the schema does not allow."""
    return Quality.model_validate(YAML(typ="safe", pure=True).load(folder / "quality.yaml"))
