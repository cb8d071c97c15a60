"""Read folders of Vocos: `config.yaml` with class paths, and the weights.

Source: github.com/gemelo-ai/vocos (MIT), `vocos/pretrained.py`. F5-TTS uses the same weights with
a floor of 1e-5 instead of 1e-7 in the mel spectrogram. The files do not show this, so the front-end
here is always Vocos' own.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from wavegan.bundle_config import Config, Model
from wavegan.errors import UserError
from wavegan.interop import _wrapped
from wavegan.interop._files import SUFFIXES, contents, errors_naming
from wavegan.interop._keys import Rules, rename
from wavegan.interop._vocos_config import CHECKPOINTS, CONFIG, described, parts
from wavegan.interop.base import Layout
from wavegan.mel.front_end import Mel
from wavegan.mel.spectrogram import mel_filterbank

WEIGHTS = ("pytorch_model.bin", "model.safetensors")
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
    """A release (`config.yaml`, `pytorch_model.bin`), or a run of Vocos' own trainer.

    The trainer writes its whole configuration, with the model's in it, and `checkpoints/*.ckpt`.
    """

    looks_for = f"{CONFIG} with {WEIGHTS[0]} (Vocos)"

    def find(self, path: Path) -> Path | None:
        """The weights file, if the `config.yaml` next to it, or above `checkpoints`, is Vocos'.

        Raises:
            UserError: a folder has several checkpoints and no release.
        """
        folder = path if path.is_dir() else path.parent
        if described(folder) is None or not path.exists():
            return None
        if path.is_file() and path.name != CONFIG:
            return path if path.suffix in SUFFIXES else None
        released = [folder / name for name in WEIGHTS if (folder / name).is_file()]
        if released:
            return released[0]
        found = _wrapped.only(folder, ANCHORS)
        below = folder / CHECKPOINTS
        return found or (_wrapped.only(below, ANCHORS) if below.is_dir() else None)

    def read(self, file: Path, *, discriminators: bool) -> Model:
        """Read the generator; the project does not save discriminators with it."""
        source = described(file.parent) or file.parent / CONFIG
        found = parts(source)
        backbone, head = found["backbone"], found["head"]
        saved = _wrapped.generator(contents(file), file, ANCHORS)
        with errors_naming(source):
            mel = _mel(found["feature_extractor"])
        _check_buffers(saved, mel, head["n_fft"], file)
        return Model(
            Config(mel=mel, generator=_generator(backbone, head)),
            weights=_weights(saved, backbone, file),
            source=file,
            described_in=source,
        )


def _mel(features: Mapping[str, Any]) -> Mel:
    """MelSpectrogramFeatures: magnitudes, HTK scale without norm, a clamp at 1e-7."""
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
        "dim": backbone["dim"],
        "intermediate_dim": backbone["intermediate_dim"],
        "num_layers": backbone["num_layers"],
        # in the original 0 means the default, and below 0 there is no scale
        "layer_scale": None if not scale else 1.0 if scale < 0 else scale,
        "n_fft": head["n_fft"],
        "padding": head["padding"],
    }


def _check_buffers(saved: Mapping[str, Tensor], mel: Mel, n_fft: int, file: Path) -> None:
    """Refuse saved windows and filter banks that differ from the configuration."""
    expected = {
        WINDOW: torch.hann_window(mel.n_fft),
        HEAD_WINDOW: torch.hann_window(n_fft),
        BANK: mel_filterbank(mel).T,
    }
    for key, value in expected.items():
        if key not in saved:
            continue
        same = saved[key].shape == value.shape
        # room for half precision, and for odd sample rates
        if not (same and (saved[key].float() - value).abs().max() < 0.02):
            raise UserError(
                f"{key} does not match {CONFIG}: this model has another window or mel "
                "scale than Vocos, which cannot be read",
                at=file,
            )


def _weights(
    saved: Mapping[str, Tensor], backbone: Mapping[str, Any], file: Path
) -> dict[str, Tensor]:
    """The weights by this package's names."""
    kept = {key: saved[key] for key in saved if key not in (WINDOW, BANK, HEAD_WINDOW)}
    weights = rename(kept, RULES, file)
    if (backbone["layer_scale_init_value"] or 0) < 0:
        for layer in range(backbone["num_layers"]):
            weights[f"blocks.{layer}.scale"] = torch.ones(backbone["dim"])
    return weights
