"""MelGAN: three projects' outputs, sizes, lengths and refusals."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from wavegan.errors import UserError
from wavegan.generators.melgan import MelGAN
from wavegan.layers.weight_norm import fold_weight_norm

PARTS = {"block.2": "conv1", "block.4": "conv2", "stack.2": "conv1", "stack.4": "conv2",
         "skip_layer": "shortcut", "shortcut": "shortcut"}  # fmt: skip


def flat_key(key: str, layers: int, stages: int = 4) -> str:
    """Our name for a weight of one long `nn.Sequential`: melgan-neurips, ParallelWaveGAN."""
    _, number, rest = key.split(".", 2)
    stage, place = divmod(int(number) - 2, 2 + layers)
    if int(number) == 1:
        return f"conv_pre.{rest}"
    if stage == stages:
        return f"conv_post.{rest}"
    if place == 1:
        return f"ups.{stage}.{rest}"
    part, parameter = rest.rsplit(".", 1)
    return f"resblocks.{stage * layers + place - 2}.{PARTS[part]}.{parameter}"


def stacked_key(key: str) -> str:
    """Our name for a weight of seungwonpark's generator, whose stacks are modules."""
    _, number, rest = key.split(".", 2)
    stage, place = divmod(int(number) - 3, 3)
    if number in ("1", "16"):
        return f"conv_{'pre' if number == '1' else 'post'}.{rest}"
    if place == 0:
        return f"ups.{stage}.{rest}"
    kind, layer, rest = rest.split(".", 2)
    if kind == "shortcuts":
        return f"resblocks.{stage * 3 + int(layer)}.shortcut.{rest}"
    part, parameter = rest.split(".")
    return f"resblocks.{stage * 3 + int(layer)}.{PARTS[f'block.{part}']}.{parameter}"


def weights_of(shared: Path, name: str) -> dict[str, torch.Tensor]:
    folder = shared / "golden" / name
    file = next(f for f in folder.iterdir() if f.suffix in (".pt", ".pkl"))
    saved = torch.load(file, weights_only=True)
    if "model_g" in saved:
        return dict(saved["model_g"])
    return dict(saved["model"]["generator"] if "model" in saved else saved)


SMALL: dict[str, Any] = {
    "n_mels": 4,
    "upsample_rates": [4, 2],
    "upsample_initial_channel": 32,
    "residual_layers": 2,
}
DESCRIPT = ("descript-melgan", {"upsample_initial_channel": 256}, lambda k: flat_key(k, 3), "mel")
SEUNGWON = ("seungwonpark-melgan", {"mel_mean": -5, "mel_std": 5}, stacked_key, "mel")
PARALLEL = (
    "pwg-melgan",
    {"upsample_initial_channel": 256, "residual_layers": 2},
    lambda k: flat_key(k, 2),
    "normalized_mel",
)


@pytest.mark.parametrize(("name", "options", "rename", "mel"), [DESCRIPT, SEUNGWON, PARALLEL])
@torch.no_grad()
def test_output_equals_the_originals(
    shared: Path, name: str, options: dict[str, Any], rename: Callable[[str], str], mel: str
) -> None:
    expected = np.load(shared / "golden" / name / "expected.npz")
    net = MelGAN(**options, hop_length=256).eval()
    weights = {rename(key): value for key, value in weights_of(shared, name).items()}
    net.load_state_dict(weights, strict=True)
    wave = torch.from_numpy(expected["wave"])
    assert wave.abs().max() > 0.01
    unfolded = net(torch.from_numpy(expected[mel])[None])[0, 0]
    assert (unfolded - wave).abs().max() <= 1e-5 * wave.abs().max()
    folded = fold_weight_norm(net)(torch.from_numpy(expected[mel])[None])[0, 0]
    assert (folded - wave).abs().max() <= 1e-5 * wave.abs().max()
    assert (folded - unfolded).abs().max() <= 1e-6


def test_parameter_count_of_the_paper(shared: Path) -> None:
    with torch.device("meta"):
        net = MelGAN()
    count = sum(p.numel() for p in net.parameters())
    # With weight norm's gains, as the original counts; its weights at the published size.
    saved = weights_of(shared, "seungwonpark-melgan")
    assert count == sum(w.numel() for w in saved.values())
    total = 80 * 7 * 512 + 2 * 512 + 32 * 7 + 2
    for width, kernel in ((512, 16), (256, 16), (128, 4), (64, 4)):
        half = width // 2
        total += width * half * kernel + half + width
        total += 3 * (half * half * (3 + 1 + 1) + 3 * 2 * half)
    assert count == total
    assert round(count / 1e6, 2) == 4.27
    # The paper's 4.26 million is the count without gains.
    assert math.floor(sum(p.numel() for p in fold_weight_norm(net).parameters()) / 1e4) == 426


@settings(deadline=None, max_examples=30)
@given(
    rates=st.lists(st.integers(2, 9), min_size=1, max_size=4),
    frames=st.integers(5, 8),
    layers=st.integers(0, 3),
    channels=st.integers(1, 2),
)
@torch.no_grad()
def test_output_length_is_frames_times_hop(
    rates: list[int], frames: int, layers: int, channels: int
) -> None:
    net = MelGAN(
        n_mels=3,
        upsample_rates=rates,
        upsample_initial_channel=16,
        residual_layers=layers,
        channels=channels,
    )
    assert net.hop_length == math.prod(rates)
    audio = net(torch.randn(2, 3, frames))
    assert audio.shape == (2, channels, frames * net.hop_length)
    assert audio.shape[-1] == net.output_length(frames)


def test_four_frames_are_enough() -> None:
    assert MelGAN(n_mels=3, upsample_rates=[4, 2], upsample_initial_channel=16)(
        torch.zeros(1, 3, 4)
    ).shape == (1, 1, 32)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"hop_length": 300},
         r"mel.hop_length 300 .*generator.upsample_rates \[8, 8, 2, 2\].*mel.hop_length to 256.*"
         r"generator.upsample_rates to \[10, 5, 3, 2\]$"),
        ({"upsample_rates": [8, 1]}, r"upsample_rates \[8, 1\].*at least 2.*\[8, 2\]"),
        ({"upsample_initial_channel": 15}, r"upsample_initial_channel 15.*4 upsample_rates.* 16"),
        ({"residual_layers": -1}, r"residual_layers -1.*0 or more"),
        ({"mel_std": 0.0}, r"mel_std 0.0 beside mel_mean must be positive"),
        ({"n_mels": 0}, r"n_mels 0 and channels 1"),
        ({"channels": 0}, r"n_mels 80 and channels 0"),
    ],
)  # fmt: skip
def test_contradictions_are_refused(options: dict[str, Any], message: str) -> None:
    with torch.device("meta"), pytest.raises(UserError, match=message) as refusal:
        MelGAN(**options)
    assert "\n" not in str(refusal.value)


def test_gradients_reach_every_parameter() -> None:
    torch.manual_seed(0)
    net = MelGAN(**SMALL)
    net(torch.randn(2, 4, 8)).square().mean().backward()
    for name, parameter in net.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().max() > 0, name


@torch.no_grad()
def test_bfloat16_autocast_stays_close() -> None:
    torch.manual_seed(0)
    net = MelGAN(**SMALL)
    mel = torch.randn(1, 4, 16)
    exact = net(mel)
    with torch.autocast("cpu", torch.bfloat16):
        rough = net(mel)
    assert rough.dtype is torch.bfloat16
    error = (rough.float() - exact).square().mean() / exact.square().mean()
    assert 0 < error < 0.01
