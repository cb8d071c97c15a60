"""maum-ai's UnivNet: its names and numbers, its settings, and what is refused."""

import math
import re
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from wavegan import bundle
from wavegan.discriminators.mpd import MultiPeriod
from wavegan.discriminators.mrd import MultiResolution
from wavegan.errors import UserError
from wavegan.generators.univnet import UnivNet
from wavegan.layers.weight_norm import fold_weight_norm
from wavegan.mel.front_end import Mel

# the project's settings as its `hp_str` holds them, comments among them
SETTINGS = """
data:
  train_dir: 'datasets/' # root path
train:
  adam:
    lr: 0.0001
audio:
  n_mel_channels: 4
  segment_length: 16384 # Should be multiple of 256
  pad_short: 2000
  filter_length: 64
  hop_length: 8 # WARNING: this can't be changed.
  win_length: 48
  sampling_rate: 16000
  mel_fmin: 50.0
  mel_fmax: 7000.0
gen:
  noise_dim: 2
  channel_size: 3
  dilations: [1, 2, 5]
  strides: [2, 4]
  lReLU_slope: 0.1
  kpnet_conv_size: 5
"""
OPTIONS: dict[str, Any] = {
    "n_mels": 4,
    "noise_channels": 2,
    "hidden_channels": 3,
    "upsample_rates": [2, 4],
    "dilations": [[1, 2, 5]] * 2,
    "kernel_sizes": [3, 3],
    "predictor_kernel_size": 5,
    "leaky_slope": 0.1,
}
# every fourth sample of what the project's code computes: see tests/generators/test_univnet.py
EXPECTED = [0.987222, 0.963651, 0.98046, 0.982706, 0.846263, 0.698309, 0.058799, 0.743361,
            0.796691, -0.684958, 0.998324, 0.814386]  # fmt: skip
TO_PROJECT = [
    (r"resblocks\.(\d+)\.kernel_predictor\.input_conv\.",
     r"res_stack.\1.kernel_predictor.input_conv.0."),
    (r"resblocks\.(\d+)\.kernel_predictor\.resblocks\.(\d+)\.conv1\.",
     r"res_stack.\1.kernel_predictor.residual_convs.\2.1."),
    (r"resblocks\.(\d+)\.kernel_predictor\.resblocks\.(\d+)\.conv2\.",
     r"res_stack.\1.kernel_predictor.residual_convs.\2.3."),
    (r"resblocks\.(\d+)\.kernel_predictor\.", r"res_stack.\1.kernel_predictor."),
    (r"resblocks\.(\d+)\.resblocks\.(\d+)\.conv\.", r"res_stack.\1.conv_blocks.\2.1."),
    (r"resblocks\.(\d+)\.convt_pre\.", r"res_stack.\1.convt_pre.1."),
    (r"conv_post\.", r"conv_post.1."),
    (r"conv_pre\.", r"conv_pre."),
]  # fmt: skip


def sine(shape: tuple[int, ...], phase: float) -> torch.Tensor:
    return torch.sin(0.7 * torch.arange(math.prod(shape)) + phase).reshape(shape)


def project_key(key: str) -> str:
    """The project's name of a weight, weight norm in the style of its torch."""
    for ours, theirs in TO_PROJECT:
        key, changed = re.subn(rf"^{ours}", theirs, key)
        if changed:
            break
    key = key.replace("parametrizations.weight.original0", "weight_g")
    return key.replace("parametrizations.weight.original1", "weight_v")


def generator_weights(net: torch.nn.Module, prefix: str = "") -> dict[str, torch.Tensor]:
    return {prefix + project_key(key): value for key, value in net.state_dict().items()}


def folded() -> UnivNet:
    net = UnivNet(**OPTIONS).eval()
    fold_weight_norm(net)
    for place, (_, parameter) in enumerate(sorted(net.named_parameters())):
        parameter.data = 0.4 * sine(tuple(parameter.shape), place)
    return net


def checkpoint(file: Path, weights: dict[str, torch.Tensor], **others: Any) -> Path:
    content = {"model_g": weights, "optim_g": {}, "step": 7, "epoch": 3, "githash": "abc1234"}
    torch.save({**content, "hp_str": SETTINGS, **others}, file)
    return file


@pytest.mark.parametrize("prefix", ["", "module."])
@torch.no_grad()
def test_settings_and_numbers_are_the_projects(tmp_path: Path, prefix: str) -> None:
    with torch.enable_grad():
        net = folded()
    file = checkpoint(tmp_path / "run_0003.pt", generator_weights(net, prefix))
    config, generator = bundle.load(file)
    assert config.mel == Mel(
        sample_rate=16000, n_fft=64, hop_length=8, win_length=48, n_mels=4, f_min=50, f_max=7000
    )
    found = generator(2 * sine((1, 4, 6), 0.5), sine((1, 2, 6), 0.25))[0, 0, ::4]
    assert (found - torch.tensor(EXPECTED)).abs().max() <= 1e-5 * max(map(abs, EXPECTED))


@torch.no_grad()
def test_weight_norm_of_older_torch(tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = UnivNet(**OPTIONS).eval()
    weights = generator_weights(net)
    assert "res_stack.1.conv_blocks.1.1.weight_g" in weights
    _, generator = bundle.load(checkpoint(tmp_path / "run_0003.pt", weights))
    mel, noise = torch.randn(1, 4, 6), torch.randn(1, 2, 6)
    expected = net(mel, noise)
    assert (generator(mel, noise) - expected).abs().max() <= 1e-5 * expected.abs().max()


def test_an_older_file_without_kpnet_conv_size(tmp_path: Path) -> None:
    settings = SETTINGS.replace("  kpnet_conv_size: 5\n", "")
    weights = generator_weights(UnivNet(**{**OPTIONS, "predictor_kernel_size": 3}))
    file = checkpoint(tmp_path / "a.pt", weights, hp_str=settings)
    assert bundle.load(file)[0].generator["predictor_kernel_size"] == 3


def test_a_file_of_weights_alone_is_a_published_network(tmp_path: Path) -> None:
    """Tortoise's `vocoder.pth`."""
    net = UnivNet(hidden_channels=16)
    torch.save({"model_g": generator_weights(net)}, tmp_path / "vocoder.pth")
    with pytest.warns(RuntimeWarning, match=r"vocoder\.pth: no settings .*published model"):
        config, generator = bundle.load(tmp_path)
    assert config.mel == Mel.preset("bigvgan-24k")
    assert generator.hop_length == 256
    assert config.generator["hidden_channels"] == 16


def test_the_last_epoch_of_a_folder(tmp_path: Path) -> None:
    weights = generator_weights(UnivNet(**OPTIONS))
    for epoch in ("0009", "0100", "0020"):
        checkpoint(tmp_path / f"run_{epoch}.pt", weights)
    torch.save({"generator.1.bias": torch.zeros(1)}, tmp_path / "other_0200.pt")
    assert bundle.read(tmp_path).source.name == "run_0100.pt"
    checkpoint(tmp_path / "second_0001.pt", weights)
    with pytest.raises(UserError, match=r"several models.*run_0100.pt.*second_0001.pt"):
        bundle.read(tmp_path)


def test_discriminators_come_along(tmp_path: Path) -> None:
    nets = {
        "mrd": MultiResolution(layer_channels=2, leaky_slope=0.2),
        "mpd": MultiPeriod(layer_channels=[2, 3], leaky_slope=0.2),
    }
    discriminators = {
        f"{name.upper()}.{project_key(key)}": value
        for name, net in nets.items()
        for key, value in net.state_dict().items()
    }
    file = tmp_path / "run_0003.pt"
    checkpoint(file, generator_weights(UnivNet(**OPTIONS)), model_d=discriminators)
    assert bundle.read(file).discriminators == {}
    found = bundle.read(file, discriminators=True).discriminators
    assert set(found) == set(nets)
    for name, net in nets.items():
        copy = type(net)(layer_channels=2 if name == "mrd" else [2, 3])
        copy.load_state_dict(dict(found[name]), strict=True)
        for value, expected in zip(copy.parameters(), net.parameters(), strict=True):
            assert torch.equal(value, expected)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"gen": {"mystery": 1}}, r"gen.mystery is not known; known: channel_size"),
        ({"gen": {"dilation": [1]}}, r"gen.dilation is not known; did you mean 'dilations'\?"),
        ({"audio": {"center": True}}, r"audio.center is not known"),
        ({"audio": {"hop_length": 7}}, r"mel.hop_length 7 is not 8"),
        ({"gen": {"strides": 3}}, r"gen.strides is 3: it must be a list"),
        ({"gen": {"channel_size": 6}}, r"weights do not fit"),
        ({"audio": {"mel_fmax": 9000}}, r"f_max 9000 is above half"),
    ],
)
def test_what_is_refused(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    settings = yaml.safe_load(SETTINGS)
    for section, values in change.items():
        settings[section].update(values)
    weights = generator_weights(UnivNet(**OPTIONS))
    file = checkpoint(tmp_path / "run_0003.pt", weights, hp_str=yaml.safe_dump(settings))
    with pytest.raises(UserError, match=message) as refusal:
        bundle.load(file)
    assert str(file) in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_an_unknown_weight_is_refused(tmp_path: Path) -> None:
    weights = generator_weights(UnivNet(**OPTIONS)) | {"extra.weight": torch.zeros(1)}
    with pytest.raises(UserError, match=r"'extra.weight' does not belong"):
        bundle.load(checkpoint(tmp_path / "run_0003.pt", weights))
