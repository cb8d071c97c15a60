"""One-file checkpoints with their settings as text: keys `model_g` and `hp_str`.

seungwonpark's MelGAN and maum-ai's UnivNet, which is based on it, both use this format. The names
of the weights distinguish them.
"""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wavegan.errors import UserError
from wavegan.interop import _wrapped
from wavegan.interop._files import SUFFIXES, field, refuse_unusable, several, yaml_documents

_MEL = {
    "sample_rate": "sampling_rate",
    "n_fft": "filter_length",
    "hop_length": "hop_length",
    "win_length": "win_length",
    "n_mels": "n_mel_channels",
    "f_min": "mel_fmin",
    "f_max": "mel_fmax",
}


def find(path: Path, anchors: _wrapped.Anchors) -> Path | None:
    """The checkpoint file at a path, or the last epoch of the run in a folder.

    Args:
        path: any path. No weights are read.
        anchors: patterns for the names of a generator's weights.

    Raises:
        UserError: a folder has checkpoints of several runs, or the last one is damaged.
    """
    candidates = [*path.iterdir()] if path.is_dir() else [path]
    files = {_run_and_epoch(file): file for file in _wrapped.holding(path, anchors)}
    if len({run for run, _ in files}) > 1:
        raise several(path, list(files.values()))
    if not files:
        return None
    for file in candidates:
        run, epoch = _run_and_epoch(file)
        if (run, epoch) > max(files) and run == max(files)[0] and file.suffix in SUFFIXES:
            refuse_unusable(file)  # do not silently skip a damaged later epoch
    return files[max(files)]


def mel_options(audio: Mapping[str, Any], file: Path) -> dict[str, Any]:
    """The options of `Mel` from the section `audio` of both projects.

    Raises:
        UserError: a field is missing.
    """
    return {ours: field(audio, theirs, file) for ours, theirs in _MEL.items()}


def _run_and_epoch(file: Path) -> tuple[str, int]:
    """The parts of a name like `RUN_0123.pt`, which both projects use."""
    run, _, epoch = file.stem.rpartition("_")
    return (run, int(epoch)) if epoch.isdecimal() else (file.stem, -1)


def settings(content: Any, file: Path) -> dict[str, Any]:
    """The settings inside a checkpoint; empty, with a warning, if it has only weights.

    Raises:
        UserError: they are not YAML.
    """
    if isinstance(content, Mapping) and "hp_str" in content:
        text = content["hp_str"]
        if not isinstance(text, str):
            raise UserError(f"hp_str is a {type(text).__name__}: it must be YAML text", at=file)
        return yaml_documents(text, file)
    warnings.warn(
        f"{file}: no settings (hp_str) with the weights: using those of the published model",
        RuntimeWarning,
        stacklevel=2,
    )
    return {}
