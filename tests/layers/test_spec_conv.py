"""Convolutions over spectrograms: TensorFlow's alignment by definition, loops, refusals."""

import math

import pytest
import torch
from torch import Tensor

from wavegan.errors import UserError
from wavegan.layers.spec_conv import DoublingConv2d, HalvingConv2d, map_size

KERNELS = [2, 3, 4, 5, 6, 7]


def same(x: Tensor, kernel: Tensor) -> Tensor:
    """TensorFlow's definition, one axis at a time: `(F, L)` and `(K, K)` to `(F / 2, L / 2)`."""
    made = torch.zeros(x.shape[0] // 2, x.shape[1] // 2)
    size = len(kernel)
    before = max((len(made) - 1) * 2 + size - len(x), 0) // 2
    for row in range(made.shape[0]):
        for column in range(made.shape[1]):
            for i in range(size):
                for j in range(size):
                    y, z = 2 * row + i - before, 2 * column + j - before
                    if 0 <= y < x.shape[0] and 0 <= z < x.shape[1]:
                        made[row, column] += kernel[i, j] * x[y, z]
    return made


@pytest.mark.parametrize("size", KERNELS)
@torch.no_grad()
def test_halving_is_aligned_as_tensorflow_defines(size: int) -> None:
    torch.manual_seed(0)
    net, x = HalvingConv2d(1, 1, size), torch.randn(1, 1, 8, 12)
    torch.testing.assert_close(net(x)[0, 0], same(x[0, 0], net.weight[0, 0]))


@pytest.mark.parametrize("size", KERNELS)
@torch.no_grad()
def test_doubling_is_the_transpose_of_halving(size: int) -> None:
    """<halve(x), y> = <x, double(y)> with the same weights."""
    torch.manual_seed(0)
    halve, double = HalvingConv2d(2, 3, size), DoublingConv2d(3, 2, size)
    double.weight.copy_(halve.weight)
    x, y = torch.randn(2, 2, 8, 12), torch.randn(2, 3, 4, 6)
    assert halve(x).shape == y.shape
    assert double(y).shape == x.shape
    torch.testing.assert_close((halve(x) * y).sum(), (x * double(y)).sum(), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("frames", [1, 2, 5])
@pytest.mark.parametrize("size", KERNELS)
@torch.no_grad()
def test_a_loop_is_the_middle_of_three_rounds(size: int, frames: int) -> None:
    torch.manual_seed(0)
    net, x = DoublingConv2d(2, 3, size), torch.randn(2, 2, 4, frames)
    rounds = 9 if frames == 1 else 3
    whole = net(x.repeat(1, 1, 1, rounds))
    start = rounds // 2 * 2 * frames
    torch.testing.assert_close(net(x, True), whole[..., start : start + 2 * frames])
    torch.testing.assert_close(net(x.roll(1, -1), True), net(x, True).roll(2, -1))


@torch.no_grad()
def test_frequency_never_wraps() -> None:
    """What is at the highest bin does not reach the lowest one."""
    torch.manual_seed(0)
    net, x = DoublingConv2d(1, 1), torch.zeros(1, 1, 8, 4)
    x[:, :, -1] = 1
    assert not net(x, True)[:, :, :13].any()
    assert net(x, True)[:, :, 14:].any()


@pytest.mark.parametrize("kind", [HalvingConv2d, DoublingConv2d])
def test_weights_start_as_glorots(kind: type[HalvingConv2d] | type[DoublingConv2d]) -> None:
    """Uniform, of variance 2 / (fan in + fan out); no bias."""
    torch.manual_seed(0)
    net = kind(16, 48, 5)
    bound = math.sqrt(6 / (25 * (16 + 48)))
    assert 0.99 * bound < net.weight.abs().max() <= bound
    assert math.isclose(net.weight.std().item(), bound / math.sqrt(3), rel_tol=0.02)
    assert net.bias is not None
    assert not net.bias.any()


@pytest.mark.parametrize(
    ("segment", "n_fft", "hop", "stages", "expected"),
    [
        (16384, 256, 128, 5, (4, 4)),
        (65536, 512, 256, 5, (8, 8)),
        (4096, 256, 128, 5, (4, 1)),
        (65536, 1024, 256, 6, (8, 4)),
    ],
)
def test_size_of_the_smallest_map(
    segment: int, n_fft: int, hop: int, stages: int, expected: tuple[int, int]
) -> None:
    assert map_size(segment, n_fft, hop, stages) == expected


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((16000, 256, 128, 5),
         r"^segment 16000 must be a multiple of 4096 "
         r"\(spec_hop_length 128 \* 2 \*\* stages 5\): use 16384$"),
        ((100, 256, 128, 5), r"^segment 100 .* use 4096$"),
        ((0, 256, 128, 5), r"^segment 0 .* use 4096$"),
        ((16384, 400, 128, 5),
         r"^spec_n_fft 400 must be a multiple of 64 \(2 \* 2 \*\* stages 5\): use 384$"),
        ((16384, 256, 128, 0), r"^spec_hop_length 128 and stages 0 must be at least 1$"),
        ((16384, 256, 0, 5), r"^spec_hop_length 0 and stages 5 must be at least 1$"),
    ],
)  # fmt: skip
def test_what_does_not_halve_is_refused(options: tuple[int, int, int, int], message: str) -> None:
    with pytest.raises(UserError, match=message):
        map_size(*options)


@pytest.mark.parametrize("kind", [HalvingConv2d, DoublingConv2d])
def test_a_kernel_with_gaps_is_refused(kind: type[HalvingConv2d] | type[DoublingConv2d]) -> None:
    with pytest.raises(UserError, match=r"^kernel_size 1 must be at least the stride, 2: use 5$"):
        kind(1, 1, 1)
