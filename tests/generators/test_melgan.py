"""MelGAN, of one band or several: three projects' outputs, sizes, lengths and refusals."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

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


def weights_of(folder: Path) -> dict[str, torch.Tensor]:
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
FOUR_BANDS = (
    "pwg-mb-melgan",
    {"upsample_initial_channel": 64, "residual_layers": 4, "upsample_rates": [8, 4, 2], "bands": 4},
    lambda k: flat_key(k, 4, 3),
    "normalized_mel",
)


@pytest.mark.parametrize(
    ("name", "options", "rename", "mel"), [DESCRIPT, SEUNGWON, PARALLEL, FOUR_BANDS]
)
@torch.no_grad()
def test_output_equals_the_originals(
    golden: Any, name: str, options: dict[str, Any], rename: Callable[[str], str], mel: str
) -> None:
    folder, expected = golden(name)
    net = MelGAN(**options, hop_length=256).eval()
    weights = {rename(key): value for key, value in weights_of(folder).items()}
    net.load_state_dict(weights, strict=True)
    wave = expected["wave"]
    assert wave.abs().max() > 0.01
    unfolded = net(expected[mel][None])[0, 0]
    assert (unfolded - wave).abs().max() <= 1e-5 * wave.abs().max()
    folded = fold_weight_norm(net)(expected[mel][None])[0, 0]
    assert (folded - wave).abs().max() <= 1e-5 * wave.abs().max()
    assert (folded - unfolded).abs().max() <= 1e-6


def test_parameter_count_of_the_paper(shared: Path) -> None:
    with torch.device("meta"):
        net = MelGAN()
    count = sum(p.numel() for p in net.parameters())
    # With weight norm's gains, as the original counts; its weights at the published size.
    saved = weights_of(shared / "golden" / "seungwonpark-melgan")
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


def test_parameter_count_of_multi_band_melgan() -> None:
    """ParallelWaveGAN's multi_band_melgan.v2, counted by its own code."""
    with torch.device("meta"):
        net = MelGAN(
            upsample_rates=[8, 4, 2],
            upsample_initial_channel=384,
            residual_layers=4,
            bands=4,
            hop_length=256,
        )
    assert sum(p.numel() for p in net.parameters()) == 2_539_448


@pytest.mark.parametrize(("bands", "ahead"), [(1, 0), (4, 31)])
@torch.no_grad()
def test_the_causal_variant_uses_no_later_frame(bands: int, ahead: int) -> None:
    torch.manual_seed(0)
    net = MelGAN(**SMALL, causal=True, bands=bands, kernel_size=4, residual_kernel_size=2)
    mel = torch.randn(1, 4, 24)
    changed = mel.clone()
    changed[..., 15:] += 1
    one, other = net(mel), net(changed)
    assert one.shape == (1, 1, 24 * net.hop_length)
    first = int((one != other)[0, 0].nonzero()[0])
    assert 15 * net.hop_length - ahead <= first <= 15 * net.hop_length + bands


@torch.no_grad()
def test_every_option_changes_the_sound() -> None:
    """With the same weights."""
    net = MelGAN(**SMALL)
    mel = torch.randn(1, 4, 8)
    for options in (
        {"activation": "elu"},
        {"leaky_slope": 0.1},
        {"padding_mode": "replicate"},
        {"final_tanh": False},
        {"causal": True},
    ):
        other = MelGAN(**SMALL, **options)  # type: ignore[arg-type]
        other.load_state_dict(net.state_dict(), strict=True)
        assert (net(mel) - other(mel)).abs().max() > 1e-4, options
    assert not [key for key in MelGAN(**SMALL, bias=False).state_dict() if key.endswith("bias")]


def test_dilations_are_powers_of_the_kernel() -> None:
    net = MelGAN(**{**SMALL, "residual_layers": 3}, residual_kernel_size=5)
    assert [block.conv1.dilation for block in net.resblocks] == 2 * [(1,), (5,), (25,)]
    assert all(block.conv1.kernel_size == (5,) for block in net.resblocks)


@torch.no_grad()
def test_two_channels_of_several_bands_are_synthesized_apart() -> None:
    net = MelGAN(**SMALL, bands=2, channels=2, final_tanh=False)
    assert net.pqmf is not None
    subbands = []
    net.conv_post.register_forward_hook(lambda _m, _i, output: subbands.append(output))
    audio = net(torch.randn(1, 4, 8))
    assert audio.shape == (1, 2, 128)
    assert torch.equal(audio[:, 1:], net.pqmf.synthesis(subbands[0][:, 2:]))


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
        ({"mel_std": 0.0}, r"mel_std 0.0 must be positive"),
        ({"n_mels": 0}, r"n_mels 0 and channels 1"),
        ({"channels": 0}, r"n_mels 80 and channels 0"),
        ({"bands": 0}, r"bands 0 must be at least 1"),
        ({"bands": 4, "upsample_rates": [8, 4, 2], "hop_length": 300},
         r"mel.hop_length 300 is not 256.*generator.bands 4.*generator.upsample_rates \[8, 4, 2\]"
         r".*mel.hop_length to 256, or generator.upsample_rates to \[5, 5, 3\]$"),
        ({"bands": 4, "upsample_rates": [8, 4, 2], "hop_length": 250},
         r"mel.hop_length 250 .*: set mel.hop_length to 256$"),
        ({"kernel_size": 6}, r"^kernel_size 6 must be odd if causal is false: use 7"),
        ({"residual_kernel_size": 4}, r"residual_kernel_size 4 must be odd .* 5"),
        ({"residual_kernel_size": 0, "causal": True}, r"residual_kernel_size 0 .* at least 1"),
        ({"activation": "prelu"}, r"activation 'prelu' is not known.*relu"),
        ({"leaky_slope": -0.2}, r"leaky_slope -0.2 must be 0 or more"),
        ({"bands": 4, "pqmf_taps": 61}, r"taps 61 must be even"),
    ],
)  # fmt: skip
def test_contradictions_are_refused(refused: Any, options: dict[str, Any], message: str) -> None:
    refused(MelGAN, options, message)
