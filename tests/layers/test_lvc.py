"""Location-variable convolutions: against a plain convolution for each frame."""

import pytest
import torch
from torch.nn.functional import conv1d, pad

from wavegan.layers.lvc import (
    KernelPredictor,
    LocationVariableBlock,
    location_variable_convolution,
)


@pytest.mark.parametrize("size", [1, 3, 5])
@pytest.mark.parametrize("hop", [1, 2, 7])
def test_each_frame_is_convolved_with_its_own_kernel(size: int, hop: int) -> None:
    torch.manual_seed(0)
    frames, reach = 4, size // 2
    x = torch.randn(2, 3, frames * hop)
    kernels = torch.randn(2, 3, 5, size, frames)
    biases = torch.randn(2, 5, frames)
    made = location_variable_convolution(x, kernels, biases)
    assert made.shape == (2, 5, frames * hop)
    padded = pad(x, (reach, reach))
    for item in range(2):
        for frame in range(frames):
            stretch = padded[item, :, frame * hop : (frame + 1) * hop + 2 * reach]
            weight = kernels[item, :, :, :, frame].transpose(0, 1)
            expected = conv1d(stretch, weight, biases[item, :, frame])
            found = made[item, :, frame * hop : (frame + 1) * hop]
            assert (found - expected).abs().max() < 1e-5


def test_equal_kernels_make_a_plain_convolution() -> None:
    torch.manual_seed(0)
    x = torch.randn(2, 4, 30)
    weight, bias = torch.randn(6, 4, 3), torch.randn(6)
    kernels = weight.transpose(0, 1)[None, ..., None].expand(2, -1, -1, -1, 5)
    made = location_variable_convolution(x, kernels, bias[None, :, None].expand(2, -1, 5))
    assert (made - conv1d(x, weight, bias, padding=1)).abs().max() < 1e-5


def test_the_predictor_makes_kernels_of_nearby_frames_only() -> None:
    torch.manual_seed(0)
    predictor = KernelPredictor(3, 4, 5, 2, hidden=8, blocks=1, conv_size=3)
    mel = torch.randn(1, 3, 20, requires_grad=True)
    kernels, biases = predictor(mel)
    assert kernels.shape == (1, 2, 4, 8, 5, 20)
    assert biases.shape == (1, 2, 8, 20)
    (kernels[..., 10].sum() + biases[..., 10].sum()).backward()
    assert mel.grad is not None
    reached = mel.grad.abs().sum((0, 1)).nonzero().flatten().tolist()
    # 2 frames of the first convolution, 1 of each of the block's two and of the last
    assert reached == list(range(5, 16))


def test_dropout_only_while_training() -> None:
    torch.manual_seed(0)
    predictor = KernelPredictor(3, 4, 3, 2, hidden=8, dropout=0.5)
    mel = torch.randn(1, 3, 9)
    assert not torch.equal(predictor(mel)[0], predictor(mel)[0])
    predictor.eval()
    assert torch.equal(predictor(mel)[0], predictor(mel)[0])


@pytest.mark.parametrize("rate", [2, 3, 8])
def test_a_block_multiplies_the_length_by_its_rate(rate: int) -> None:
    block = LocationVariableBlock(4, rate, 3, [1, 3, 9], KernelPredictor(3, 4, 3, 3))
    assert block(torch.randn(2, 4, 10), torch.randn(2, 3, 5)).shape == (2, 4, 10 * rate)
