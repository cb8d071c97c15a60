"""TensorFlow's "SAME" against its definition, in numpy; wrapping; where weights begin."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from wavegan.errors import UserError
from wavegan.layers.wave_same import (
    SameConv1d,
    SameUpsample1d,
    Upsample,
    margins,
    start_as_tensorflow,
    wrapped,
)

SIZES = [(25, 4), (25, 2), (24, 4), (25, 3), (5, 5), (4, 3), (3, 1), (4, 1), (7, 2), (1, 1)]
MODES: list[Upsample] = ["transposed", "nearest", "linear"]


def conv_as_defined(x: np.ndarray, kernel: np.ndarray, stride: int) -> np.ndarray:
    """`tf.nn.conv1d(x, kernel, stride, "SAME")`; x `(T, in)`, kernel `(K, in, out)`.

    The output has ceil(T / stride) samples; the input is padded by what the last window lacks, the
    smaller half of it before the first sample.
    """
    size, taps = -(-len(x) // stride), len(kernel)
    lacking = max((size - 1) * stride + taps - len(x), 0)
    made = np.zeros((size, kernel.shape[2]))
    for place in range(size):
        for tap in range(taps):
            sample = place * stride + tap - lacking // 2
            if 0 <= sample < len(x):
                made[place] += x[sample] @ kernel[tap]
    return made


def transpose_as_defined(x: np.ndarray, kernel: np.ndarray, stride: int) -> np.ndarray:
    """`tf.nn.conv1d_transpose(..., "SAME")`, the gradient of that; kernel `(K, out, in)`."""
    taps, size = len(kernel), len(x) * stride
    lacking = max((len(x) - 1) * stride + taps - size, 0)
    made = np.zeros((size, kernel.shape[1]))
    for place in range(len(x)):
        for tap in range(taps):
            sample = place * stride + tap - lacking // 2
            if 0 <= sample < size:
                made[sample] += kernel[tap] @ x[place]
    return made


def drawn(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).standard_normal(shape)


def tensor(x: np.ndarray) -> Tensor:
    """`(T, C)` to `(1, C, T)`."""
    return torch.from_numpy(x.T[None].copy())


def close(ours: Tensor, defined: np.ndarray) -> None:
    np.testing.assert_allclose(ours.detach()[0].T.numpy(), defined, rtol=0, atol=1e-12)


def test_margins_are_the_odd_sample_behind() -> None:
    assert margins(25, 4) == (10, 11)
    assert margins(25, 1) == (12, 12)
    assert margins(512, 1) == (255, 256)
    assert margins(2, 4) == (0, 0)


@pytest.mark.parametrize(("kernel_size", "stride"), SIZES)
def test_strided_convolution(kernel_size: int, stride: int) -> None:
    layer = SameConv1d(3, 2, kernel_size, stride).double()
    x, kernel = drawn(6 * stride, 3), drawn(kernel_size, 3, 2)
    layer.weight.data = torch.from_numpy(kernel.transpose(2, 1, 0).copy())
    close(layer(tensor(x)), conv_as_defined(x, kernel, stride))


@pytest.mark.parametrize(("kernel_size", "stride"), SIZES)
def test_transposed_convolution(kernel_size: int, stride: int) -> None:
    layer = SameUpsample1d(3, 2, kernel_size, stride).double()
    x, kernel = drawn(6, 3), drawn(kernel_size, 2, 3)
    layer.conv.weight.data = torch.from_numpy(kernel.transpose(2, 1, 0).copy())
    close(layer(tensor(x)), transpose_as_defined(x, kernel, stride))


@pytest.mark.parametrize(("kernel_size", "stride"), SIZES)
def test_nearest_neighbours_are_repeated_and_convolved(kernel_size: int, stride: int) -> None:
    layer = SameUpsample1d(3, 2, kernel_size, stride, "nearest").double()
    x, kernel = drawn(6, 3), drawn(kernel_size, 3, 2)
    layer.conv.weight.data = torch.from_numpy(kernel.transpose(2, 1, 0).copy())
    close(layer(tensor(x)), conv_as_defined(x.repeat(stride, 0), kernel, 1))


@pytest.mark.parametrize("wrap", [False, True])
def test_linear_draws_lines_between_middles(wrap: bool) -> None:
    layer = SameUpsample1d(1, 1, 3, 2, "linear")
    layer.conv.weight.data = torch.tensor([[[0.0, 1.0, 0.0]]])
    made = layer(torch.tensor([[[0.0, 4.0, 8.0]]]), wrap).flatten().tolist()
    ends = (2.0, 6.0) if wrap else (0.0, 8.0)
    assert made == [ends[0], 1, 3, 5, 7, ends[1]]


@pytest.mark.parametrize("length", [1, 2, 7])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(("kernel_size", "rate"), [(25, 4), (24, 3), (9, 2), (4, 4)])
def test_a_wrapped_upsampling_is_the_middle_of_many_rounds(
    kernel_size: int, rate: int, mode: Upsample, length: int
) -> None:
    layer = SameUpsample1d(2, 3, kernel_size, rate, mode).double()
    x = torch.from_numpy(drawn(1, 2, length))
    rounds = layer(x.repeat(1, 1, 41))[..., 20 * length * rate : 21 * length * rate]
    torch.testing.assert_close(layer(x, wrap=True), rounds)
    rolled = layer(x.roll(1, -1), wrap=True).roll(-rate, -1)
    torch.testing.assert_close(rolled, layer(x, wrap=True))


@pytest.mark.parametrize(("kernel_size", "stride"), SIZES)
def test_a_wrapped_convolution_is_the_middle_of_many_rounds(kernel_size: int, stride: int) -> None:
    layer = SameConv1d(2, 3, kernel_size, stride).double()
    x = torch.from_numpy(drawn(1, 2, 2 * stride))
    torch.testing.assert_close(layer(x, wrap=True), layer(x.repeat(1, 1, 41))[..., 40:42])


def test_wrapping_goes_round_more_than_once() -> None:
    assert wrapped(torch.tensor([1, 2, 3]), 4, 5).tolist() == [3, 1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2]


@pytest.mark.parametrize(
    "layer",
    [
        SameConv1d(30, 50, 25, 4),
        SameUpsample1d(30, 50, 25, 4).conv,
        nn.Linear(30 * 25, 50 * 25),
    ],
)
def test_weights_begin_as_glorot_says(layer: nn.Linear | nn.Conv1d | nn.ConvTranspose1d) -> None:
    """Uniform up to sqrt(6 / (fan in + fan out)), a fan being channels times taps."""
    torch.manual_seed(0)
    start_as_tensorflow(layer)
    bound = math.sqrt(6 / (30 * 25 + 50 * 25))
    assert 0.99 * bound < layer.weight.abs().max() <= bound
    assert abs(float(layer.weight.detach().std()) / (bound / math.sqrt(3)) - 1) < 0.02
    assert layer.bias is not None
    assert not layer.bias.any()


def test_layers_are_made_with_these_weights() -> None:
    for layer in (SameConv1d(3, 5, 25), SameUpsample1d(3, 5, 25, 4).conv):
        assert layer.bias is not None
        assert not layer.bias.any()


def test_a_kernel_below_the_rate_is_refused() -> None:
    with pytest.raises(UserError, match="kernel_size 3 is below stride 4: use 4 or more"):
        SameUpsample1d(1, 1, 3, 4)
