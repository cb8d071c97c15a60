"""The artifacts that the benchmark plants, and clean speech to plant them in."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
import torch
from torch import Tensor

from wavegan.audio import io


@pytest.fixture(scope="session")
def planted(script: Callable[[str], ModuleType]) -> ModuleType:
    return script("planted")


@pytest.fixture(scope="session")
def benchmark(planted: ModuleType, script: Callable[[str], ModuleType]) -> ModuleType:
    return script("diagnose")


@pytest.fixture(scope="session")
def clips(speech: Path) -> list[tuple[Tensor, int]]:
    """Three sentences of real speech, `(1, T)`."""
    files = sorted(speech.glob("*.flac"))[:3]
    return [(torch.from_numpy(wave), rate) for wave, rate in map(io.read, files)]
