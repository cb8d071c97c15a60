"""Vocos' folders: the golden one, other settings by the original code's numbers, refusals."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from safetensors.torch import save_file
from torch import Tensor

from wavegan import bundle
from wavegan.errors import UserError
from wavegan.interop.base import recognise
from wavegan.interop.vocos import VocosLayout
from wavegan.mel.front_end import Mel
from wavegan.mel.spectrogram import MelSpectrogram

N_MELS, DIM, HIDDEN, LAYERS, N_FFT, HOP = 12, 16, 40, 2, 64, 20
FEATURES = "vocos.feature_extractors.MelSpectrogramFeatures"
# computed once by github.com/gemelo-ai/vocos from the weights of `weights_in_order`
ORIGINAL = {
    "center": [0.042647, 0.064342, 0.023738, 0.019269, 0.021598, 0.088838, 0.040706],
    "same": [-0.062423, -0.022572, -0.043489, -0.026787, 0.023078, 0.042414, 0.046405, 0.112302],
}


@pytest.fixture(scope="module")
def original_weights(weights_in_order: Any) -> Callable[..., dict[str, Tensor]]:
    """Makes weights by the original's names, buffers among them."""

    def made(*, scaled: bool = True) -> dict[str, Tensor]:
        backbone: dict[str, tuple[int, ...]] = {
            "embed.weight": (DIM, N_MELS, 7), "embed.bias": (DIM,), "norm.weight": (DIM,),
            "norm.bias": (DIM,), "final_layer_norm.weight": (DIM,), "final_layer_norm.bias": (DIM,),
        }  # fmt: skip
        for layer in range(LAYERS):
            parts: dict[str, tuple[int, ...]] = {
                "gamma": (DIM,), "dwconv.weight": (DIM, 1, 7), "dwconv.bias": (DIM,),
                "norm.weight": (DIM,), "norm.bias": (DIM,), "pwconv1.weight": (HIDDEN, DIM),
                "pwconv1.bias": (HIDDEN,), "pwconv2.weight": (DIM, HIDDEN), "pwconv2.bias": (DIM,),
            }  # fmt: skip
            backbone |= {f"convnext.{layer}.{key}": shape for key, shape in parts.items()}
        head = weights_in_order({"out.weight": (N_FFT + 2, DIM), "out.bias": (N_FFT + 2,)})
        weights = {f"backbone.{key}": value for key, value in weights_in_order(backbone).items()}
        weights |= {f"head.{key}": value for key, value in head.items()}
        weights["head.istft.window"] = torch.hann_window(N_FFT)
        return {key: value for key, value in weights.items() if scaled or not key.endswith("gamma")}

    return made


def config(padding: str = "center") -> dict[str, Any]:
    features = {
        "sample_rate": 16000, "n_fft": N_FFT, "hop_length": HOP, "n_mels": N_MELS,
        "padding": padding,
    }  # fmt: skip
    backbone = {
        "input_channels": N_MELS, "dim": DIM, "intermediate_dim": HIDDEN, "num_layers": LAYERS
    }  # fmt: skip
    head = {"dim": DIM, "n_fft": N_FFT, "hop_length": HOP, "padding": padding}
    return {
        "feature_extractor": {"class_path": FEATURES, "init_args": features},
        "backbone": {"class_path": "vocos.models.VocosBackbone", "init_args": backbone},
        "head": {"class_path": "vocos.heads.ISTFTHead", "init_args": head},
    }


def written(folder: Path, settings: dict[str, Any], weights: dict[str, Tensor]) -> Path:
    (folder / "config.yaml").write_text(yaml.safe_dump(settings))
    torch.save(weights, folder / "pytorch_model.bin")
    return folder


@torch.no_grad()
def test_golden_output_and_front_end(golden: Any) -> None:
    folder, expected = golden("vocos-small")
    made, net = bundle.load(folder)
    wave = expected["wave"]
    ours = net(expected["mel"][None])[0, 0]
    assert ours.shape == wave.shape == (net.output_length(expected["mel"].shape[1]),)
    assert wave.abs().max() > 1  # the original does not clip
    assert (ours - wave).abs().max() <= 1e-5 * wave.abs().max()
    assert made.mel == Mel.preset("vocos-24k")
    assert made.peak is None
    mel = MelSpectrogram(made.mel)(expected["source_wave"])
    # above: float32's own noise, see tests/mel/test_presets.py
    assert (mel - expected["source_mel"])[:87].abs().max() < 1e-4


@pytest.mark.parametrize("padding", ["center", "same"])
@torch.no_grad()
def test_output_equals_the_originals(tmp_path: Path, padding: str, original_weights: Any) -> None:
    made, net = bundle.load(written(tmp_path, config(padding), original_weights()))
    mel = torch.sin(torch.arange(84, dtype=torch.float64) * 0.61).reshape(1, 12, 7).float()
    wave = net(mel)[0, 0]
    assert wave.shape == (140 if padding == "same" else 120,)
    expected = torch.tensor(ORIGINAL[padding])
    assert (wave[5::17] - expected).abs().max() < 2e-6
    assert made.mel == Mel(
        sample_rate=16000, n_fft=64, hop_length=20, win_length=64, n_mels=12, f_max=8000,
        mel_scale="htk", mel_norm=None, magnitude_eps=0.0, floor=1e-7, padding=padding,
    )  # fmt: skip


@torch.no_grad()
def test_a_negative_scale_is_none_and_zero_is_the_default(
    tmp_path: Path, original_weights: Any
) -> None:
    settings, weights = config(), original_weights(scaled=False)
    ones = {f"backbone.convnext.{layer}.gamma": torch.ones(DIM) for layer in range(LAYERS)}
    mel = torch.randn(1, 12, 7)
    expected = bundle.load(written(tmp_path, settings, weights | ones))[1](mel)
    settings["backbone"]["init_args"]["layer_scale_init_value"] = -1
    unscaled = bundle.load(written(tmp_path, settings, weights))[1](mel)
    assert torch.equal(unscaled, expected)
    for value, scale in ((0, None), (0.125, 0.125)):
        settings["backbone"]["init_args"]["layer_scale_init_value"] = value
        found = VocosLayout().read(
            written(tmp_path, settings, original_weights()) / "pytorch_model.bin",
            discriminators=False,
        )
        assert found.config.generator["layer_scale"] == scale


def test_defaults_of_the_original(tmp_path: Path, original_weights: Any) -> None:
    settings = config()
    settings["feature_extractor"].pop("init_args")
    settings["backbone"]["init_args"]["input_channels"] = 100
    settings["head"]["init_args"] = {"dim": DIM, "n_fft": N_FFT, "hop_length": 256}
    weights = {k: v for k, v in original_weights().items() if not k.startswith("head.istft")}
    foreign = recognise(written(tmp_path, settings, weights))
    assert foreign is not None
    assert foreign.config.mel == Mel.preset("vocos-24k")
    assert foreign.config.generator["padding"] == "same"


def test_both_files_and_every_path_to_them(tmp_path: Path, original_weights: Any) -> None:
    written(tmp_path, config(), original_weights())
    save_file(original_weights(), tmp_path / "model.safetensors")
    find = VocosLayout().find
    both = [tmp_path / "pytorch_model.bin", tmp_path / "model.safetensors"]
    assert find(tmp_path) == find(tmp_path / "config.yaml") == both[0]
    assert [find(file) for file in both] == both
    one, other = (recognise(file) for file in both)
    assert one is not None
    assert other is not None
    assert (one.source, other.source) == (both[0], both[1])
    assert one.weights.keys() == other.weights.keys()
    assert all(torch.equal(one.weights[key], other.weights[key]) for key in one.weights)
    both[0].unlink()
    assert find(tmp_path) == both[1]


def test_files_of_others_are_not_claimed(tmp_path: Path) -> None:
    find = VocosLayout().find
    assert find(tmp_path) is None
    torch.save({}, tmp_path / "pytorch_model.bin")
    assert find(tmp_path) is None
    for text in ("a: 1", "- 1", "{", "feature_extractor: {}\nbackbone: {}\nhead: {}\n"):
        (tmp_path / "config.yaml").write_text(text)
        assert find(tmp_path) is None
    written(tmp_path, config(), {})
    assert find(tmp_path / "other.bin") is None
    assert find(tmp_path) == tmp_path / "pytorch_model.bin"


def _set(part: str, key: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(settings: dict[str, Any]) -> None:
        settings[part]["init_args"][key] = value

    return change


def _named(part: str, path: str) -> Callable[[dict[str, Any]], None]:
    def change(settings: dict[str, Any]) -> None:
        settings[part] = {"class_path": path, "init_args": {}}

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            _named("feature_extractor", "vocos.feature_extractors.EncodecFeatures"),
            "feature_extractor .*EncodecFeatures cannot be read: its input is EnCodec's codes",
        ),
        (
            _named("backbone", "vocos.models.VocosResNetBackbone"),
            "backbone .*VocosResNetBackbone cannot be read: residual blocks",
        ),
        (
            _named("head", "vocos.heads.IMDCTSymExpHead"),
            "IMDCTSymExpHead cannot be read: an inv.* MDCT",
        ),
        (
            _named("head", "vocos.heads.IMDCTCosHead"),
            "IMDCTCosHead cannot be read: an inverse MDCT",
        ),
        (
            _named("head", "mine.heads.ISTFTHead"),
            "head mine.heads.ISTFTHead cannot be read; only vocos.heads.ISTFTHead",
        ),
        (
            _set("backbone", "adanorm_num_embeddings", 4),
            "backbone.init_args.adanorm_num_embeddings is 4: it must be null: norms that follow",
        ),
        (
            _set("feature_extractor", "f_min", 40),
            r"config.yaml: feature_extractor.init_args.f_min is not known",
        ),
        (_set("head", "hop_lenght", 4), "hop_lenght is not known; did you mean 'hop_length'"),
        (_set("head", "padding", "valid"), "head.init_args.padding is 'valid': it must be"),
        (_set("head", "n_fft", "64"), "head.init_args.n_fft is '64': it must be a whole number"),
        (_set("backbone", "layer_scale_init_value", "x"), "must be a number or null"),
        (
            lambda c: c["backbone"]["init_args"].pop("dim"),
            "backbone.init_args.dim is missing: it must be a whole number above 0",
        ),
        (lambda c: c["head"].update(init_args=[1]), "head.init_args is not a mapping"),
        (
            _set("head", "hop_length", 10),
            "head.init_args.hop_length 10 is not feature_extractor.init_args.hop_length 20",
        ),
        (
            _set("backbone", "input_channels", 80),
            "backbone.init_args.input_channels 80 is not feature_extractor.init_args.n_mels 12",
        ),
        (_set("head", "dim", 8), "head.init_args.dim 8 is not backbone.init_args.dim 16"),
        (_set("feature_extractor", "n_fft", 63), "config.yaml: .*n_fft"),
    ],
)
def test_settings_that_are_not_offered(
    tmp_path: Path, change: Callable[[dict[str, Any]], Any], message: str, original_weights: Any
) -> None:
    settings = config()
    change(settings)
    with pytest.raises(UserError, match=message) as refused:
        bundle.load(written(tmp_path, settings, original_weights()))
    assert "\n" not in str(refused.value)
    assert str(refused.value).startswith(str(tmp_path / "config.yaml"))


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        (
            "feature_extractor.encodec.x",
            torch.ones(1),
            "'feature_extractor.encodec.x' does not belong",
        ),
        ("backbone.convnext.2.norm.bias", torch.ones(16), "blocks.2.norm.bias"),
        ("backbone.embed.bias", torch.ones(15), "embed.bias"),
        ("head.istft.window", torch.ones(64), "head.istft.window does not match config.yaml"),
        (
            "feature_extractor.mel_spec.mel_scale.fb",
            torch.rand(33, 12),
            "mel_scale.fb does not match config.yaml: .* another window or mel scale",
        ),
        (
            "feature_extractor.mel_spec.spectrogram.window",
            torch.hann_window(32),
            "spectrogram.window does not match",
        ),
    ],
)
def test_weights_of_other_networks(
    tmp_path: Path, key: str, value: Tensor, message: str, original_weights: Any
) -> None:
    written(tmp_path, config(), {**original_weights(), key: value})
    with pytest.raises(UserError, match=message) as refused:
        bundle.load(tmp_path)
    assert str(refused.value).startswith(str(tmp_path / "pytorch_model.bin"))


def test_buffers_saved_in_half_precision(shared: Path, tmp_path: Path) -> None:
    golden = shared / "golden" / "vocos-small"
    shutil.copy(golden / "config.yaml", tmp_path)
    weights = torch.load(golden / "pytorch_model.bin", weights_only=True)
    assert sum("mel_spec" in key or "istft" in key for key in weights) == 3
    halved = {key: value.half() for key, value in weights.items()}
    torch.save(halved, tmp_path / "pytorch_model.bin")
    _, net = bundle.load(tmp_path)
    assert all(p.dtype == torch.float32 for p in net.parameters())
