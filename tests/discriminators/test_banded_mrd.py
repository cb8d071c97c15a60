"""The multi-band discriminator: the original's numbers, size, framings, refusals."""

from typing import Any

import pytest
import torch

from wavegan.discriminators.banded_mrd import BandedMultiResolution
from wavegan.layers.weight_norm import fold_weight_norm

SMALL: dict[str, Any] = {"fft_sizes": [128, 64], "width": 4}
# computed once by github.com/gemelo-ai/vocos from `weights_in_order`: mean and deviation of
# the logits, some of them, and the mean of the first five feature maps
ORIGINAL = [
    (0.008650398, 0.054655943, [0.043107864, 0.071016215],
     [0.569615, 0.073909, 0.092064, 0.111241, 0.109348]),
    (0.335684687, 0.076291189, [0.276747108], [0.101744, 0.09051, 0.150879, 0.023039, 0.203969]),
]  # fmt: skip


@torch.no_grad()
def test_output_equals_the_originals(chirp: Any, weights_in_order: Any) -> None:
    net = fold_weight_norm(BandedMultiResolution(**SMALL))
    shapes = {key: value.shape for key, value in net.state_dict().items()}
    net.load_state_dict(weights_in_order(shapes), strict=True)
    outputs = net(chirp(700))
    assert [output.logits.shape for output in outputs] == [(1, 1, 22, 10), (1, 1, 44, 6)]
    for (logits, maps, _), (mean, deviation, some, means) in zip(outputs, ORIGINAL, strict=True):
        assert logits.mean().item() == pytest.approx(mean, abs=2e-6)
        assert logits.std().item() == pytest.approx(deviation, abs=2e-6)
        assert logits[0, 0, 3, ::7].tolist() == pytest.approx(some, abs=2e-6)
        assert len(maps) == 21
        assert [m.mean().item() for m in maps[:5]] == pytest.approx(means, abs=2e-6)
        assert torch.equal(maps[-1], logits)


@torch.no_grad()
def test_size_and_shapes_of_the_original() -> None:
    net = BandedMultiResolution()
    outputs = net(torch.randn(1, 1, 4096))
    assert sum(p.numel() for p in net.parameters()) == 1_413_990
    shapes = [(1, 1, 9, 130), (1, 1, 17, 66), (1, 1, 33, 34)]
    assert [output.logits.shape for output in outputs] == shapes


@torch.no_grad()
def test_dacs_framing_and_first_layer(chirp: Any) -> None:
    """DAC's hop is a quarter, and its frames are as many as the hops."""
    net = BandedMultiResolution(**SMALL, padding="same", first_layer=True)
    outputs = net(chirp(1280))
    assert [output.logits.shape[2] for output in outputs] == [40, 80]
    assert [len(output.feature_maps) for output in outputs] == [26, 26]
    without = BandedMultiResolution(**SMALL, padding="same")
    without.load_state_dict(net.state_dict())
    for all_maps, fewer in zip(outputs, without(chirp(1280)), strict=True):
        kept = [m for place, m in enumerate(all_maps.feature_maps) if place % 5 or place == 25]
        assert len(kept) == len(fewer.feature_maps) == 21
        for one, other in zip(kept, fewer.feature_maps, strict=True):
            assert torch.equal(one, other)


@torch.no_grad()
def test_neither_loudness_nor_offset_matters() -> None:
    net = BandedMultiResolution(**SMALL)
    audio = torch.randn(2, 1, 700)
    for one, other in zip(net(audio), net(0.1 * audio + 0.3), strict=True):
        torch.testing.assert_close(one.logits, other.logits, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"width": 0}, "channels 1 and width 0 must be at least 1"),
        ({"fft_sizes": [127, 2]}, r"fft_sizes \[127, 2\] must be .* such as \[128, 4\]"),
        ({"fft_sizes": []}, r"such as \[2048, 1024, 512\]"),
        ({"bands": []}, "must be one or more rising pairs"),
        ({"bands": [(0.5, 0.25)]}, r"bands \[\[0.5, 0.25\]\] must be one or more rising pairs"),
        ({"bands": [(0.0, 1.2)]}, "within 0 to 1, each with a bin of fft_sizes 128"),
        ({"bands": [(0.0, 0.001)]}, "each with a bin of fft_sizes 128"),
    ],
)
def test_contradictions_are_refused(refused: Any, options: dict[str, Any], message: str) -> None:
    refused(BandedMultiResolution, {**SMALL, **options}, message)
