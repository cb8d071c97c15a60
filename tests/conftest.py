"""What every test may ask for."""

import os
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with golden checkpoints and real data (`WAVEGAN_SHARED`, default ../shared)."""
    folder = Path(os.environ.get("WAVEGAN_SHARED", REPO.parent / "shared")).resolve()
    if not folder.is_dir():
        pytest.skip(
            f"{folder} is not there: set WAVEGAN_SHARED to the folder with golden/ and data/"
        )
    return folder


@pytest.fixture(scope="session")
def speech() -> Path:
    """The folder of real speech that comes with the repository."""
    return REPO / "examples" / "speech"


@pytest.fixture(scope="session")
def small() -> str:
    """A recipe that trains in seconds."""
    return str(REPO / "tests" / "small.yaml")
