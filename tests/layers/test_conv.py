"""Lengths, initial weights and norms of the convolutions."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from wavegan.layers.conv import conv1d, normalized, upsample1d


@settings(deadline=None, max_examples=30)
@given(
    kernel=st.integers(0, 5).map(lambda half: 2 * half + 1),
    dilation=st.integers(1, 12),
    mode=st.sampled_from(["zeros", "reflect"]),
)
def test_a_convolution_keeps_the_length(kernel: int, dilation: int, mode: str) -> None:
    conv = conv1d(1, 1, kernel, dilation=dilation, padding_mode=mode)  # type: ignore[arg-type]
    assert conv(torch.zeros(1, 1, 80)).shape == (1, 1, 80)


@settings(deadline=None, max_examples=50)
@given(rate=st.integers(1, 12), extra=st.integers(0, 15), frames=st.integers(1, 9))
def test_upsampling_multiplies_the_length(rate: int, extra: int, frames: int) -> None:
    if extra % 2 and rate == 1:
        return  # an output padding must be below the stride
    conv = upsample1d(1, 1, rate + extra, rate)
    assert conv(torch.zeros(1, 1, frames)).shape == (1, 1, frames * rate)


def test_upsampling_does_not_shift_the_signal() -> None:
    conv = upsample1d(1, 1, 16, 8)
    nn.init.ones_(conv.weight)
    impulse = torch.zeros(1, 1, 9)
    impulse[..., 4] = 1
    answer = (conv(impulse) - conv(torch.zeros(1, 1, 9)))[0, 0].nonzero().flatten().tolist()
    assert answer == list(range(4 * 8 - 4, 4 * 8 + 12))


def test_weights_start_where_torch_starts_them() -> None:
    torch.manual_seed(0)
    conv = conv1d(64, 64, 11)
    assert conv.weight.std().item() == pytest.approx((3 * 64 * 11) ** -0.5, rel=0.02)


def test_spectral_norm_bounds_the_gain() -> None:
    torch.manual_seed(0)
    conv = nn.Conv1d(8, 8, 5)
    nn.init.normal_(conv.weight, std=3.0)
    normalized(conv, "spectral")
    assert torch.linalg.matrix_norm(conv.weight.flatten(1), 2).item() == pytest.approx(1, rel=0.02)
