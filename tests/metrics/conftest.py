"""Clips to measure, and the trained metrics that are installed."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from wavegan import plugins
from wavegan.audio import io
from wavegan.errors import UserError
from wavegan.metrics.base import Metric


@pytest.fixture(scope="session")
def judge() -> Callable[..., Metric]:
    """A trained metric by name and options, built once; skips if its package is missing."""

    @cache
    def built(name: str, **options: Any) -> Metric:
        try:
            made: Metric = plugins.find("metrics", name)(**options)
        except UserError as missing:
            pytest.skip(str(missing))
        return made

    return built


@pytest.fixture(scope="session")
def clip(speech: Path) -> Callable[..., Tensor]:
    """A sentence by Kathleen at a rate in Hz (16,000), peak-normalised: `(1, T)`."""

    @cache
    def read(name: str, rate: int = 16000) -> Tensor:
        wave, _ = io.read(speech / f"arctic_{name}.flac", sample_rate=rate)
        return torch.from_numpy(wave / np.abs(wave).max() * 0.9)

    return read


@pytest.fixture(scope="session")
def noisy() -> Callable[..., Tensor]:
    """A clip with white noise in it."""

    def made(wave: Tensor, level: float = 0.05) -> Tensor:
        random = torch.Generator().manual_seed(0)
        return wave + level * torch.randn(wave.shape, generator=random)

    return made
