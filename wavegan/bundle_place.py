"""Where a model lies: a bundle's folder, a run that stands for one, or another project's files."""

from pathlib import Path

from wavegan import json_file
from wavegan.errors import UserError
from wavegan.interop.base import looked_for, shown_weights
from wavegan.run_folder import CONFIG, WEIGHTS, stands_for

_OF_OTHERS = {"architectures", "model_type", "upsample_rates", "sampling_rate"}
"""Fields of other projects' `config.json`; ours has none of them outermost."""


def locate(path: str | Path) -> Path:
    """The bundle's folder behind a path: its own, a checkpoint's, or a run's best one's.

    Raises:
        UserError: says what was looked for and what was found.
    """
    folder = bundle_folder(Path(path))
    if folder is None:
        raise nothing_at(Path(path))
    return folder


def bundle_folder(path: Path) -> Path | None:
    """The bundle's folder behind a path; None: another project's files, or no model."""
    if path.name in (CONFIG, WEIGHTS):
        path = path.parent
    if is_bundle(path):
        return None if is_foreign(path / CONFIG) else path
    return stands_for(path)


def is_bundle(folder: Path) -> bool:
    """Whether a folder has the files of a bundle, or of what is called the same."""
    return (folder / CONFIG).is_file() and (folder / WEIGHTS).is_file()


def is_foreign(file: Path) -> bool:
    """Whether a `config.json` is certainly not ours: Hugging Face's have the same name."""
    try:
        content = json_file.load(file)
    except UserError:
        return False
    if not isinstance(content, dict) or "mel" in content or "audio" in content:
        return False
    return bool(_OF_OTHERS & content.keys())


def nothing_at(path: Path) -> UserError:
    """The error for a path without a model: what was looked for, and what was found."""
    if path.name in (CONFIG, WEIGHTS):
        path = path.parent
    if not path.exists():
        return UserError(f"{path}: no such file or folder; give a run, a checkpoint or a bundle")
    found = "a file"
    if path.is_dir():
        names = sorted(entry.name for entry in path.iterdir())
        found = ", ".join(names[:6]) or "an empty folder"
    if inside := shown_weights(path):
        found += f" with the weights {inside}"
    return UserError(
        f"{path}: no model here: looked for {CONFIG} with {WEIGHTS}, checkpoints/, {looked_for()}; "
        f"found {found}"
    )
