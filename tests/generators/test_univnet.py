"""UnivNet: the project's numbers, sizes, lengths, noise and refusals."""

import math
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from wavegan.errors import UserError
from wavegan.generators.univnet import UnivNet
from wavegan.layers.weight_norm import fold_weight_norm

SMALL: dict[str, Any] = {
    "n_mels": 4,
    "upsample_rates": [4, 2],
    "hidden_channels": 4,
    "noise_channels": 3,
    "kernel_sizes": [3, 5],
    "dilations": [[1, 3], [1, 2, 9]],
    "predictor_channels": 6,
}


def sine(shape: tuple[int, ...], phase: float) -> torch.Tensor:
    """Numbers that no random generator of any version has to repeat."""
    return torch.sin(0.7 * torch.arange(math.prod(shape)) + phase).reshape(shape)


# every fourth sample of what github.com/maum-ai/univnet makes of the mel 2 sine(shape, 0.5) and the
# noise sine(shape, 0.25) with folded weights of 0.4 sine(shape, place among the sorted names)
PROJECT = [
    (
        {"n_mels": 5, "noise_channels": 3, "hidden_channels": 4, "upsample_rates": [3, 2],
         "dilations": [[1, 3]] * 2, "kernel_sizes": [3, 3]},
        [-0.17936, -0.051833, -0.074539, -0.492044, -0.569113, -0.273098, 0.213623, 0.347521,
         0.443272],
    ),
    (
        {"n_mels": 4, "noise_channels": 2, "hidden_channels": 3, "upsample_rates": [2, 4],
         "dilations": [[1, 2, 5]] * 2, "kernel_sizes": [3, 3], "predictor_kernel_size": 5,
         "leaky_slope": 0.1},
        [0.987222, 0.963651, 0.98046, 0.982706, 0.846263, 0.698309, 0.058799, 0.743361, 0.796691,
         -0.684958, 0.998324, 0.814386],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("options", "expected"), PROJECT)
def test_output_equals_the_projects(options: dict[str, Any], expected: list[float]) -> None:
    net = fold_weight_norm(UnivNet(**options).eval())
    for place, (_, parameter) in enumerate(sorted(net.named_parameters())):
        parameter.data = 0.4 * sine(tuple(parameter.shape), place)
    mel = 2 * sine((1, options["n_mels"], 6), 0.5)
    noise = sine((1, options["noise_channels"], 6), 0.25)
    found = net(mel, noise)[0, 0, ::4]
    assert (found - torch.tensor(expected)).abs().max() <= 1e-5 * max(map(abs, expected))


@pytest.mark.parametrize(
    ("width", "count", "millions"), [(16, 3_997_426, 4.00), (32, 14_865_506, 14.87)]
)
def test_parameter_count_of_the_project(width: int, count: int, millions: float) -> None:
    """c16 and c32 as maum-ai/univnet counts them, weight norm's gains included."""
    with torch.device("meta"):
        net = UnivNet(hidden_channels=width)
    assert sum(p.numel() for p in net.parameters()) == count
    assert round(count / 1e6, 2) == millions


@settings(deadline=None, max_examples=20)
@given(
    rates=st.lists(st.integers(2, 7), min_size=1, max_size=3),
    frames=st.integers(4, 7),
    channels=st.integers(1, 2),
)
@torch.no_grad()
def test_output_length_is_frames_times_hop(rates: list[int], frames: int, channels: int) -> None:
    stages = len(rates)
    net = UnivNet(
        n_mels=3,
        upsample_rates=rates,
        hidden_channels=2,
        noise_channels=2,
        kernel_sizes=[3] * stages,
        dilations=[[1, 3]] * stages,
        predictor_channels=3,
        channels=channels,
    )
    assert net.hop_length == math.prod(rates)
    audio = net(torch.randn(2, 3, frames))
    assert audio.shape == (2, channels, net.output_length(frames))
    assert net.output_length(frames) == frames * net.hop_length


@torch.no_grad()
def test_noise_is_drawn_where_none_is_given() -> None:
    net = UnivNet(**SMALL).eval()
    mel = torch.randn(2, 4, 9)
    assert net.noise_shape(9) == (3, 9)
    torch.manual_seed(5)
    drawn = net(mel)
    torch.manual_seed(5)
    given_noise = net(mel, torch.randn(2, 3, 9))
    assert torch.equal(drawn, given_noise)
    assert not torch.equal(drawn, net(mel))


def test_gradients_reach_every_parameter() -> None:
    torch.manual_seed(0)
    net = UnivNet(**SMALL)
    net(torch.randn(2, 4, 8)).square().mean().backward()
    for name, parameter in net.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().max() > 0, name


@torch.no_grad()
def test_folding_keeps_the_output() -> None:
    torch.manual_seed(0)
    net = UnivNet(**SMALL).eval()
    mel, noise = torch.randn(1, 4, 8), torch.randn(1, 3, 8)
    before = net(mel, noise)
    assert (fold_weight_norm(net)(mel, noise) - before).abs().max() <= 1e-6


@torch.no_grad()
def test_bfloat16_autocast_stays_close() -> None:
    torch.manual_seed(0)
    net = UnivNet(**SMALL)
    mel, noise = torch.randn(1, 4, 16), torch.randn(1, 3, 16)
    exact = net(mel, noise)
    with torch.autocast("cpu", torch.bfloat16):
        rough = net(mel, noise)
    assert rough.dtype is torch.bfloat16
    error = (rough.float() - exact).square().mean() / exact.square().mean()
    assert 0 < error < 0.01


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"hop_length": 300},
         r"mel.hop_length 300 .*upsample_rates \[8, 8, 4\].*mel.hop_length to 256.*"
         r"upsample_rates to \[10, 10, 3\]$"),
        ({"upsample_rates": [8, 1]}, r"upsample_rates \[8, 1\].*at least 2.*\[8, 2\]"),
        ({"kernel_sizes": [3, 4, 3]}, r"kernel_sizes \[3, 4, 3\] and.*odd.*such as \[3, 5, 3\]"),
        ({"kernel_sizes": [3, 3]}, r"do not fit 3 upsample_rates.*\[3, 3, 3\]"),
        ({"dilations": [[1], [0], []]}, r"such as .* \[\[1\], \[1\], \[1, 3, 9, 27\]\]$"),
        ({"predictor_kernel_size": 2}, r"predictor_kernel_size 2 must be odd.*use 3"),
        ({"predictor_blocks": -1}, r"predictor_blocks -1 and predictor_dropout 0.0"),
        ({"predictor_dropout": 1.0}, r"predictor_dropout 1.0 must .*below 1"),
        ({"hidden_channels": 0}, r"hidden_channels 0 must be at least 1"),
        ({"noise_channels": 0}, r"noise_channels 0 must be at least 1"),
        ({"channels": 0}, r"^channels 0 must be at least 1"),
    ],
)  # fmt: skip
def test_contradictions_are_refused(options: dict[str, Any], message: str) -> None:
    with torch.device("meta"), pytest.raises(UserError, match=message) as refusal:
        UnivNet(**options)
    assert "\n" not in str(refusal.value)
