"""Vocos' folders: `config.yaml` with class paths, and the weights.

Source: github.com/gemelo-ai/vocos (MIT), `vocos/pretrained.py`. F5-TTS computes with a floor of
1e-5 instead of 1e-7 in the mel spectrogram what it hands to these same weights; the files do not
tell, so the front-end here is always Vocos' own.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from wavegan.audio.mel import Mel
from wavegan.audio.mel_spectrogram import mel_filterbank
from wavegan.errors import UserError, suggest
from wavegan.interop import _wrapped
from wavegan.interop._files import SUFFIXES, blaming, contents, field, yaml_file
from wavegan.interop._keys import Rules, rename
from wavegan.interop.base import Foreign, Layout

CONFIG = "config.yaml"
WEIGHTS = ("pytorch_model.bin", "model.safetensors")
CHECKPOINTS = "checkpoints"

# what each part may say: the original's defaults, `int` where there is none
PARTS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "feature_extractor": (
        "vocos.feature_extractors.MelSpectrogramFeatures",
        {
            "sample_rate": 24000,
            "n_fft": 1024,
            "hop_length": 256,
            "n_mels": 100,
            "padding": "center",
        },
    ),
    "backbone": (
        "vocos.models.VocosBackbone",
        {
            "input_channels": int,
            "dim": int,
            "intermediate_dim": int,
            "num_layers": int,
            "layer_scale_init_value": None,
            "adanorm_num_embeddings": None,
        },
    ),
    "head": (
        "vocos.heads.ISTFTHead",
        {"dim": int, "n_fft": int, "hop_length": int, "padding": "same"},
    ),
}
EQUAL = (
    ("backbone", "input_channels", "feature_extractor", "n_mels"),
    ("head", "dim", "backbone", "dim"),
    ("head", "hop_length", "feature_extractor", "hop_length"),
)
REASONS: Mapping[str, str] = {
    "EncodecFeatures": "its input is EnCodec's codes, not a mel spectrogram",
    "VocosResNetBackbone": "residual blocks instead of ConvNeXt are not offered",
    "IMDCTSymExpHead": "an inverse MDCT instead of the STFT is not offered",
    "IMDCTCosHead": "an inverse MDCT instead of the STFT is not offered",
}

ANCHORS = (r"backbone\.", r"head\.out\.")
WINDOW = "feature_extractor.mel_spec.spectrogram.window"
BANK = "feature_extractor.mel_spec.mel_scale.fb"
HEAD_WINDOW = "head.istft.window"
RULES: Rules = (
    (r"backbone\.(embed|norm)\.(.+)", r"\1.\2"),
    (r"backbone\.convnext\.(\d+)\.gamma", r"blocks.\1.scale"),
    (r"backbone\.convnext\.(\d+)\.dwconv\.(.+)", r"blocks.\1.depthwise.\2"),
    (r"backbone\.convnext\.(\d+)\.norm\.(.+)", r"blocks.\1.norm.\2"),
    (r"backbone\.convnext\.(\d+)\.pwconv1\.(.+)", r"blocks.\1.expand.\2"),
    (r"backbone\.convnext\.(\d+)\.pwconv2\.(.+)", r"blocks.\1.contract.\2"),
    (r"backbone\.final_layer_norm\.(.+)", r"final_norm.\1"),
    (r"head\.out\.(.+)", r"head.out.\1"),
)


class VocosLayout(Layout):
    """A release (`config.yaml`, `pytorch_model.bin`), or what Vocos' own trainer left.

    The trainer writes its whole configuration, the model's in it, and `checkpoints/*.ckpt` below.
    """

    looks_for = f"{CONFIG} with {WEIGHTS[0]} (Vocos)"

    def find(self, path: Path) -> Path | None:
        """The weights file, if a `config.yaml` beside it, or above `checkpoints`, is Vocos'.

        Raises:
            UserError: a folder holds several checkpoints and no release.
        """
        folder = path if path.is_dir() else path.parent
        described = _described(folder)
        if described is None or not path.exists():
            return None
        if path.is_file() and path.name != CONFIG:
            return path if path.suffix in SUFFIXES else None
        released = [folder / name for name in WEIGHTS if (folder / name).is_file()]
        if released:
            return released[0]
        found = _wrapped.only(folder, ANCHORS)
        below = folder / CHECKPOINTS
        return found or (_wrapped.only(below, ANCHORS) if below.is_dir() else None)

    def read(self, file: Path, *, discriminators: bool) -> Foreign:
        """Read the generator; the project saves no discriminators beside it."""
        described = _described(file.parent) or file.parent / CONFIG
        config = _model(yaml_file(described))
        parts = {name: _part(config, name, described) for name in PARTS}
        _check(parts, described)
        backbone, head = parts["backbone"], parts["head"]
        saved = _wrapped.generator(contents(file), file, ANCHORS)
        with blaming(described):
            mel = _mel(parts["feature_extractor"])
        _check_buffers(saved, mel, head["n_fft"], file)
        return Foreign(
            mel=mel,
            generator=_generator(backbone, head),
            weights=_weights(saved, backbone, file),
            source=file,
            described_in=described,
        )


def _described(folder: Path) -> Path | None:
    """The `config.yaml` with Vocos' three parts that is that of a folder of weights."""
    places = [folder, folder.parent] if folder.name == CHECKPOINTS else [folder]
    for file in (place / CONFIG for place in places):
        try:
            config = _model(yaml_file(file))
        except UserError:
            continue
        parts = [config.get(name) for name in PARTS]
        if all(isinstance(part, dict) and "class_path" in part for part in parts):
            return file
    return None


def _model(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """The model's part of a configuration of the trainer; a release's is nothing else."""
    model = config.get("model")
    inner = model.get("init_args") if isinstance(model, Mapping) else None
    return inner if isinstance(inner, Mapping) else config


def _part(config: Mapping[str, Any], name: str, file: Path) -> dict[str, Any]:
    """The arguments of one part, defaults among them."""
    only, defaults = PARTS[name]
    path = str(field(config[name], "class_path", file))
    if path != only:
        reason = REASONS.get(path.rpartition(".")[2])
        raise UserError(
            f"{file}: {name} {path} cannot be read{': ' + reason if reason else ''}; only {only}"
        )
    given = config[name].get("init_args") or {}
    if not isinstance(given, dict):
        raise UserError(f"{file}: {name}.init_args is not a mapping")
    for key in given:
        if key not in defaults:
            raise UserError(
                f"{file}: {name}.init_args.{key} is not known{suggest(str(key), defaults)}"
            )
    made = {**defaults, **given}
    for key, value in made.items():
        wanted = _unfit(key, value)
        if wanted:
            found = f"is {value!r}" if key in given else "is missing"
            raise UserError(f"{file}: {name}.init_args.{key} {found}: it must be {wanted}")
    return made


def _unfit(key: str, value: Any) -> str | None:
    """What an argument must be, if it is not."""
    if key == "padding":
        return None if value in ("center", "same") else '"center" or "same"'
    if key == "adanorm_num_embeddings":
        # not even 0: the original then asks for a bandwidth all the same
        return None if value is None else "null: norms that follow EnCodec's bandwidth are not read"
    if key == "layer_scale_init_value":
        number = type(value) in (int, float, type(None))
        return None if number else "a number or null"
    return None if type(value) is int and value > 0 else "a whole number above 0"


def _check(parts: Mapping[str, Mapping[str, Any]], file: Path) -> None:
    for part, key, other, other_key in EQUAL:
        if parts[part][key] != parts[other][other_key]:
            raise UserError(
                f"{file}: {part}.init_args.{key} {parts[part][key]} is not {other}.init_args."
                f"{other_key} {parts[other][other_key]}: they must be equal"
            )


def _mel(features: Mapping[str, Any]) -> Mel:
    """MelSpectrogramFeatures: magnitudes, HTK's scale without norm, a clamp at 1e-7."""
    rate = features["sample_rate"]
    return Mel(
        **features,
        win_length=features["n_fft"],
        f_max=float(rate // 2),
        # torchaudio's bins end at the whole number of Hz
        filterbank_rate=rate - 1 if rate % 2 else None,
        mel_scale="htk",
        mel_norm=None,
        magnitude_eps=0.0,
        floor=1e-7,
    )


def _generator(backbone: Mapping[str, Any], head: Mapping[str, Any]) -> dict[str, Any]:
    scale = backbone["layer_scale_init_value"]
    return {
        "name": "vocos",
        "width": backbone["dim"],
        "hidden_width": backbone["intermediate_dim"],
        "layers": backbone["num_layers"],
        # in the original 0 stands for the default, and below 0 there is no scale
        "layer_scale": None if not scale else 1.0 if scale < 0 else scale,
        "n_fft": head["n_fft"],
        "padding": head["padding"],
    }


def _check_buffers(saved: Mapping[str, Tensor], mel: Mel, n_fft: int, file: Path) -> None:
    """What was saved of windows and bands must be what the configuration makes."""
    expected = {
        WINDOW: torch.hann_window(mel.n_fft),
        HEAD_WINDOW: torch.hann_window(n_fft),
        BANK: mel_filterbank(mel).T,
    }
    for key, value in expected.items():
        if key not in saved:
            continue
        same = saved[key].shape == value.shape
        # room for half precision, and for rates whose half is no whole number
        if not (same and (saved[key].float() - value).abs().max() < 0.02):
            raise UserError(
                f"{file}: {key} is not what {CONFIG} describes: this model has another window or "
                "mel scale than Vocos'"
            )


def _weights(
    saved: Mapping[str, Tensor], backbone: Mapping[str, Any], file: Path
) -> dict[str, Tensor]:
    """By this package's keys."""
    kept = {key: saved[key] for key in saved if key not in (WINDOW, BANK, HEAD_WINDOW)}
    weights = rename(kept, RULES, file)
    if (backbone["layer_scale_init_value"] or 0) < 0:
        for layer in range(backbone["num_layers"]):
            weights[f"blocks.{layer}.scale"] = torch.ones(backbone["dim"])
    return weights
