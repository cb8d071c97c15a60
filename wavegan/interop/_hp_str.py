"""One-file checkpoints that hold their settings as text: `model_g` beside `hp_str`.

seungwonpark's MelGAN and maum-ai's UnivNet, which grew out of it, both save them so; the names of
the weights inside tell one from the other.
"""

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from wavegan.interop import _pickles
from wavegan.interop._files import TORCH_SUFFIXES, field, refuse_unusable, several

_MEL = {
    "sample_rate": "sampling_rate",
    "n_fft": "filter_length",
    "hop_length": "hop_length",
    "win_length": "win_length",
    "n_mels": "n_mel_channels",
    "f_min": "mel_fmin",
    "f_max": "mel_fmax",
}


def find(path: Path, *signatures: Collection[str]) -> Path | None:
    """The checkpoint that a path is, or the last epoch's of the run that a folder holds.

    Args:
        path: any path. No weights are read, and nothing is read twice while the file stays as it
            is: each layout asks again.
        signatures: texts, such as keys of its dictionaries; a checkpoint has all of one of them.

    Raises:
        UserError: a folder holds the checkpoints of several runs, or the last one is damaged.
    """
    candidates = [*path.iterdir()] if path.is_dir() else [path]
    files = {_run_and_epoch(file): file for file in candidates if _fits(file, signatures)}
    if len({run for run, _ in files}) > 1:
        raise several(path, list(files.values()))
    if not files:
        return None
    for file in candidates:
        run, epoch = _run_and_epoch(file)
        if (run, epoch) > max(files) and run == max(files)[0] and file.suffix in TORCH_SUFFIXES:
            refuse_unusable(file)  # a later epoch that is damaged is not passed over in silence
    return files[max(files)]


def mel_options(audio: Mapping[str, Any], file: Path) -> dict[str, Any]:
    """What both projects' section `audio` says of the front-end, as options of `Mel`.

    Raises:
        UserError: a field is missing.
    """
    return {ours: field(audio, theirs, file) for ours, theirs in _MEL.items()}


def _fits(file: Path, signatures: Sequence[Collection[str]]) -> bool:
    if file.suffix not in TORCH_SUFFIXES or not file.is_file():
        return False
    status = file.stat()
    texts = _texts(file, status.st_mtime_ns, status.st_size)
    return any(texts.issuperset(signature) for signature in signatures)


def _run_and_epoch(file: Path) -> tuple[str, int]:
    """The parts of a name such as `RUN_0123.pt`, which both projects give."""
    run, _, epoch = file.stem.rpartition("_")
    return (run, int(epoch)) if epoch.isdecimal() else (file.stem, -1)


@lru_cache(maxsize=16)
def _texts(path: Path, _changed: int, _size: int) -> frozenset[str]:
    return _pickles.texts(path)
