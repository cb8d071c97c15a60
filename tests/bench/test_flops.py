"""Counted operations are those that a hand count gives."""

from pathlib import Path

import pytest
import torch

from wavegan import bundle, recipe
from wavegan.bench.flops import operations
from wavegan.generators.wavegan import WaveGAN


def by_hand(frames: int) -> int:
    """A multiplication and an addition for each weight of each convolution of `tiny`, per frame."""
    first = 7 * 8 * 8
    up = 8 * 8 * 4 + 4 * (8 * 4 * 2)
    blocks = 4 * (3 * 4 * 4) + 16 * (3 * 2 * 2)
    last = 16 * (7 * 2 * 1)
    return 2 * frames * (first + up + blocks + last)


@pytest.mark.parametrize("frames", [1, 10, 625])
def test_a_small_hifigan_has_the_operations_of_its_convolutions(
    tiny: bundle.Config, frames: int
) -> None:
    network = bundle.build(tiny).eval()
    assert operations(network, frames * 16 / 16000, 16000, 8) == by_hand(frames)


@pytest.mark.parametrize("name", ["vocos-24k", "univnet-c16", "tiny", "mb-melgan"])
def test_every_kind_of_vocoder_is_counted_in_proportion_to_its_length(name: str) -> None:
    config = bundle.describe(recipe.load(name))
    network = bundle.build(config).eval()
    assert config.mel is not None
    one, two = (operations(network, s, config.sample_rate, config.mel.n_mels) for s in (1.0, 2.0))
    assert one > 1e8
    assert two == pytest.approx(2 * one, rel=0.02)


def test_a_network_whose_shapes_depend_on_values_is_run() -> None:
    options = ["data.labels=[C4, D4]"]
    network = bundle.build(bundle.describe(recipe.load("piano-notes", options))).eval()
    assert operations(network, None, 22050, None) > 1e6


def test_counting_leaves_the_random_numbers_alone() -> None:
    network = WaveGAN(dim=1, segment=1024).eval()
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    assert operations(network, None, 16000, None) > 0
    assert torch.equal(torch.rand(1), expected)


def test_other_networks_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        operations(torch.nn.Identity(), 1.0, 16000, 8)  # type: ignore[arg-type]
