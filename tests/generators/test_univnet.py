"""UnivNet: the project's numbers, sizes, lengths, noise and refusals."""

import math
from typing import Any

import pytest
import torch

from wavegan.generators.univnet import UnivNet
from wavegan.layers.weight_norm import fold_weight_norm


def sine(shape: tuple[int, ...], phase: float) -> torch.Tensor:
    """Numbers that do not depend on a random generator."""
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
    assert (found - torch.tensor(expected)).abs().max() <= 3e-5 * max(map(abs, expected))


@pytest.mark.parametrize(
    ("width", "count", "millions"), [(16, 3_997_426, 4.00), (32, 14_865_506, 14.87)]
)
def test_parameter_count_of_the_project(width: int, count: int, millions: float) -> None:
    """c16 and c32 as maum-ai/univnet counts them, weight norm's gains included."""
    with torch.device("meta"):
        net = UnivNet(hidden_channels=width)
    assert sum(p.numel() for p in net.parameters()) == count
    assert round(count / 1e6, 2) == millions


def test_there_is_noise_for_every_frame() -> None:
    assert UnivNet(noise_channels=3).noise_shape(9) == (3, 9)


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
def test_contradictions_are_refused(refused: Any, options: dict[str, Any], message: str) -> None:
    refused(UnivNet, options, message)
