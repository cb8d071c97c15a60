"""Fixtures for tests of discriminators."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor


@pytest.fixture(scope="session")
def chirp() -> Callable[[int], Tensor]:
    """Makes a rising tone above 0, (1, 1, T), of so many samples."""

    def made(samples: int) -> Tensor:
        time = torch.arange(samples, dtype=torch.float64)
        return (0.5 * torch.sin(time * time * 2e-4) + 0.1).float()[None, None]

    return made
