"""Every case file holds: the adapters send what the providers' documents show, and read their answers."""

from pathlib import Path

import pytest

from support.cases import case_files, play

FOLDER = Path(__file__).parent


@pytest.mark.parametrize("path", list(case_files(FOLDER)), ids=lambda path: f"{path.parent.parent.name}-{path.stem}")
def test_the_adapter_speaks_as_the_case_says(path: Path) -> None:
    """The adapter sends exactly these requests and makes exactly this of the answers."""
    play(path)
