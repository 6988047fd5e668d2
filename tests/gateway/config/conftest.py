from pathlib import Path

import pytest

from support.configuration import Files


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """Configurations in a folder of their own."""
    return Files(tmp_path)
