"""The multi-band discriminator: the original's numbers, size, framings, refusals."""

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from wavegan.discriminators.banded_mrd import BandedMultiResolution
from wavegan.errors import UserError
from wavegan.layers.weight_norm import fold_weight_norm
from wavegan.weights import load_strictly

SMALL: dict[str, Any] = {"fft_sizes": [128, 64], "width": 4}
# computed once by github.com/gemelo-ai/vocos from the weights of `filled`: mean and deviation of
# the logits, some of them, and the mean of the first five feature maps
ORIGINAL = [
    (0.008650398, 0.054655943, [0.043107864, 0.071016215],
     [0.569615, 0.073909, 0.092064, 0.111241, 0.109348]),
    (0.335684687, 0.076291189, [0.276747108], [0.101744, 0.09051, 0.150879, 0.023039, 0.203969]),
]  # fmt: skip


def filled(shapes: dict[str, torch.Size]) -> dict[str, Tensor]:
    """Weights that any machine makes alike."""
    made = {}
    for number, key in enumerate(sorted(shapes)):
        shape = shapes[key]
        place = torch.arange(math.prod(shape), dtype=torch.float64)
        values = torch.sin(place * place * 0.37 + number).reshape(shape)
        size = math.prod(shape[1:]) ** -0.5 if len(shape) > 1 else 0.3
        made[key] = (values * size).float()
    return made


def chirp(samples: int) -> Tensor:
    time = torch.arange(samples, dtype=torch.float64)
    return (0.5 * torch.sin(time * time * 2e-4) + 0.1).float()[None, None]


@torch.no_grad()
def test_output_equals_the_originals() -> None:
    net = fold_weight_norm(BandedMultiResolution(**SMALL))
    load_strictly(net, filled({k: v.shape for k, v in net.state_dict().items()}), Path("made.pt"))
    outputs = net(chirp(700))
    assert [output.logits.shape for output in outputs] == [(1, 1, 22, 10), (1, 1, 44, 6)]
    for (logits, maps), (mean, deviation, some, means) in zip(outputs, ORIGINAL, strict=True):
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
def test_dacs_framing_and_first_layer() -> None:
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


def test_silence_has_finite_gradients() -> None:
    net = BandedMultiResolution(**SMALL)
    audio = torch.zeros(1, 1, 700, requires_grad=True)
    torch.stack([output.logits.mean() for output in net(audio)]).sum().backward()
    assert audio.grad is not None
    assert audio.grad.isfinite().all()


def test_every_parameter_and_the_audio_have_gradients() -> None:
    torch.manual_seed(0)
    net = BandedMultiResolution(**SMALL, channels=2)
    audio = torch.randn(2, 2, 700, requires_grad=True)
    torch.stack([output.logits.square().mean() for output in net(audio)]).sum().backward()
    assert audio.grad is not None
    assert (audio.grad.abs().amax((0, 2)) > 0).all()
    for name, parameter in net.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().max() > 0, name


@torch.no_grad()
def test_bfloat16_stays_near() -> None:
    net = BandedMultiResolution(**SMALL)
    audio = torch.randn(2, 1, 700)
    exact = net(audio)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rough = net(audio)
    for one, other in zip(rough, exact, strict=True):
        assert one.logits.dtype == torch.bfloat16
        torch.testing.assert_close(one.logits.float(), other.logits, rtol=0.05, atol=0.02)


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
def test_refusals(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError, match=message):
        BandedMultiResolution(**{**SMALL, **options})
