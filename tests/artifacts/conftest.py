"""The artifacts that the benchmark plants, and clean speech to plant them in."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch
from torch import Tensor

from wavegan.audio import io


@pytest.fixture(scope="session")
def planted() -> ModuleType:
    file = Path(__file__).parents[2] / "benchmarks" / "planted.py"
    spec = importlib.util.spec_from_file_location("planted", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["planted"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def benchmark(planted: ModuleType) -> ModuleType:
    file = Path(__file__).parents[2] / "benchmarks" / "diagnose.py"
    spec = importlib.util.spec_from_file_location("benchmark_diagnose", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def clips(speech: Path) -> list[tuple[Tensor, int]]:
    """Three sentences of real speech, `(1, T)`."""
    files = sorted(speech.glob("*.flac"))[:3]
    return [(torch.from_numpy(wave), rate) for wave, rate in map(io.read, files)]
