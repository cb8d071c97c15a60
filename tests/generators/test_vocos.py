"""Vocos: size, lengths, the first weights, gradients, refusals; its numbers are in interop."""

from typing import Any

import pytest
import torch
from torch import nn

from wavegan import plugins
from wavegan.bundle_config import Config, context
from wavegan.errors import UserError
from wavegan.generators.vocos import Vocos
from wavegan.mel.front_end import Mel

SMALL: dict[str, Any] = {
    "n_mels": 12, "dim": 16, "intermediate_dim": 40, "num_layers": 2, "n_fft": 64, "hop_length": 20
}  # fmt: skip


def test_published_parameter_count() -> None:
    with torch.device("meta"):
        net = Vocos()
    block = (512 * 7 + 512) + 2 * 512 + (512 * 1536 + 1536) + (1536 * 512 + 512) + 512
    total = (100 * 7 * 512 + 512) + 2 * 512 + 8 * block + 2 * 512 + (512 * 1026 + 1026)
    count = sum(p.numel() for p in net.parameters())
    assert count == total == 13_531_650
    assert round(count / 1e6, 1) == 13.5  # as the project's README says


def test_first_weights_are_the_originals() -> None:
    torch.manual_seed(0)
    net = Vocos(n_mels=80, dim=128, intermediate_dim=256, num_layers=4)
    for block in net.blocks:
        torch.testing.assert_close(block.scale, torch.full((128,), 0.25))
    assert (Vocos(**SMALL, layer_scale=0.5).blocks[0].scale == 0.5).all()
    backbone = [m for m in net.modules() if isinstance(m, nn.Conv1d | nn.Linear)]
    backbone.remove(net.head.out)
    assert len(backbone) == 13
    for layer in backbone:
        assert layer.bias is not None
        assert (layer.bias == 0).all()
        assert abs(layer.weight.std().item() - 0.02) < 0.002
    assert net.head.out.bias.abs().max() > 0.01
    assert {m.eps for m in net.modules() if isinstance(m, nn.LayerNorm)} == {1e-6}


@torch.no_grad()
def test_a_frame_has_an_effect_only_in_its_place() -> None:
    """Layers of kernel 7 see 3 frames on each side, and each frame reaches half a transform."""
    torch.manual_seed(0)
    net = Vocos(**SMALL)
    for weight in net.parameters():
        if weight.ndim > 1:
            weight.mul_(20)
    mel = torch.randn(1, 12, 41)
    changed = mel.clone()
    changed[..., 20] += 1
    heard = (net(changed) - net(mel))[0, 0].abs().gt(1e-6).nonzero().flatten()
    first, last = (20 - 9) * 20 - 32, (20 + 9) * 20 + 32
    assert first < heard.min() < heard.max() < last
    assert heard.min() - first < 10
    assert last - heard.max() < 10


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_layers": 0}, "layers 0 and channels 1 must be at least 1"),
        ({"intermediate_dim": 0}, "intermediate_dim 0, .* must be at least 1"),
        (
            {"layer_scale": -1.0},
            r"layer_scale -1.0 must be 0 or more: null is .*\(0.5\)",
        ),
        ({"padding": "valid"}, 'padding \'valid\' is not known: use "center" or "same"'),
        ({"n_fft": 20}, "n_fft 20 must be even and more than hop_length 20: use 22"),
        ({"n_fft": 63}, "n_fft 63 must be even and more than hop_length 20: use 64"),
    ],
)
def test_contradictions_are_refused(refused: Any, options: dict[str, Any], message: str) -> None:
    refused(Vocos, {**SMALL, **options}, message)


def test_the_front_end_sets_bands_and_hop() -> None:
    mel = Mel.preset("vocos-24k")
    net = plugins.build(
        "generators",
        "vocos",
        {"dim": 8},
        where="generator",
        context=context(Config(mel, {"name": "vocos"})),
    )
    assert (net.embed.in_channels, net.hop_length) == (100, 256)
    with pytest.raises(UserError, match=r"generator.hop_length is 300, but .* make it 256"):
        plugins.build(
            "generators",
            "vocos",
            {"hop_length": 300},
            where="generator",
            context=context(Config(mel, {"name": "vocos"})),
        )
