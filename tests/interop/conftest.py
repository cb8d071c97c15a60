"""Fixtures for tests of other projects' weights."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from wavegan import bundle
from wavegan.errors import UserError


@pytest.fixture(scope="session")
def sounds_as() -> Callable[..., bool]:
    """Whether what is loaded from a path sounds as a network does."""

    def compared(path: Path, net: Any) -> bool:
        noise = torch.Generator().manual_seed(1)
        mel = torch.randn(1, net.conv_pre.in_channels, 12, generator=noise)
        expected = net(mel)
        assert expected.std() > 1e-4
        return bool((bundle.load(path)[1](mel) - expected).abs().max() <= 1e-5 * expected.std())

    return compared


@pytest.fixture(scope="session")
def refusal() -> Callable[..., str]:
    """The one line that refuses to load a path, or to read it if options are given."""

    def said(path: Path, **options: Any) -> str:
        with pytest.raises(UserError) as error:
            bundle.read(path, **options) if options else bundle.load(path)
        assert "\n" not in str(error.value)
        return str(error.value)

    return said
