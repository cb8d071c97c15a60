"""Feature matching: both conventions worked out by hand."""

from typing import Any

import pytest
import torch
from torch import Tensor

from wavegan.errors import UserError
from wavegan.training.feature_matching import feature_matching


def maps(*values: list[float]) -> list[list[Tensor]]:
    """One sub-discriminator per argument, one `(1, 2, 3)` map of constant value per number."""
    return [[torch.full((1, 2, 3), float(value)) for value in layer] for layer in values]


def test_hifigan_sums_the_means() -> None:
    """|1-0| + |2-0| + |0-(-4)| = 7."""
    value = feature_matching(maps([1, 2], [0]), maps([0, 0], [-4]), normalize="hifigan")
    assert value.item() == pytest.approx(7)


def test_melgan_weighs_by_layers_and_discriminators() -> None:
    """The original: n_layers_D = 4, so 6 maps compared, each times 4 / (4 + 1) / num_D.

    Three sub-discriminators whose maps differ by 1, 2 and 3: 6 * (1 + 2 + 3) * 0.8 / 3 = 9.6.
    """
    real, fake = maps([1] * 6, [2] * 6, [3] * 6), maps([0] * 6, [0] * 6, [0] * 6)
    assert feature_matching(real, fake, normalize="melgan").item() == pytest.approx(9.6)


def test_each_discriminator_counts_by_its_weight() -> None:
    """0.5 * (1 + 2) + 3 * 4, and for melgan each times 4 / (2 - 1) / 2 on top."""
    real, fake = maps([1, 2], [0, 4]), maps([0, 0], [0, 0])
    values = [
        feature_matching(real, fake, normalize=normalize, weights=[0.5, 3]).item()
        for normalize in ("hifigan", "melgan")
    ]
    assert values == pytest.approx([13.5, 27])


def test_the_mean_is_over_each_map() -> None:
    """Maps of different sizes weigh the same: mean |(1, 3)| + mean |(2, 2, 2, 2)| = 4."""
    real = [[torch.tensor([[1.0, -3.0]]), torch.full((1, 4), 2.0)]]
    fake = [[torch.zeros(1, 2), torch.zeros(1, 4)]]
    assert feature_matching(real, fake, normalize="hifigan").item() == pytest.approx(4)


@pytest.mark.parametrize("normalize", ["hifigan", "melgan"])
def test_only_fake_gets_a_gradient(normalize: Any) -> None:
    """d mean|f - r| / df = sign / 6 for 6 values; melgan has 2 maps: 4 / (2 - 1) / 1 on top."""
    real, fake = maps([0, 0]), maps([1, -1])
    for layer in (*real[0], *fake[0]):
        layer.requires_grad_()
    feature_matching(real, fake, normalize=normalize).backward()
    factor = 4.0 if normalize == "melgan" else 1.0
    torch.testing.assert_close(fake[0][0].grad, torch.full((1, 2, 3), factor / 6))
    torch.testing.assert_close(fake[0][1].grad, torch.full((1, 2, 3), -factor / 6))
    assert real[0][0].grad is None


@pytest.mark.parametrize("normalize", ["hifigan", "melgan"])
def test_zero_at_equality_and_mean_over_the_batch(normalize: Any) -> None:
    torch.manual_seed(0)
    real = [[torch.randn(2, 4, 5), torch.randn(2, 8)], [torch.randn(2, 3), torch.randn(2, 2, 2, 2)]]
    fake = [[torch.randn_like(m) for m in layers] for layers in real]
    assert feature_matching(real, real, normalize=normalize).item() == 0
    halves = [feature_matching(part(real, i), part(fake, i), normalize=normalize) for i in (0, 1)]
    whole = feature_matching(real, fake, normalize=normalize)
    torch.testing.assert_close(whole, (halves[0] + halves[1]) / 2)


def part(maps: list[list[Tensor]], item: int) -> list[list[Tensor]]:
    return [[m[item : item + 1] for m in layers] for layers in maps]


def test_bfloat16_maps_are_compared_in_float32() -> None:
    """256 - 1.0078125 is 254.99 in float32 and 255 in bfloat16."""
    real, fake = (
        [[torch.full((1, 2), 256.0).bfloat16()]],
        [[torch.full((1, 2), 1.0078125).bfloat16()]],
    )
    value = feature_matching(real, fake, normalize="hifigan")
    assert value.dtype == torch.float32
    assert value.item() == 254.9921875


def test_wrong_arguments() -> None:
    with pytest.raises(UserError, match="'hifi'"):
        feature_matching(maps([1]), maps([1]), normalize="hifi")  # type: ignore[arg-type]
    with pytest.raises(UserError, match="at least 2"):
        feature_matching(maps([1]), maps([1]), normalize="melgan")
    with pytest.raises(ValueError, match="differ"):
        feature_matching([[torch.zeros(1, 3)]], [[torch.zeros(1, 1)]], normalize="hifigan")
    with pytest.raises(ValueError, match="zip"):
        feature_matching(maps([1, 2]), maps([1]), normalize="hifigan")
