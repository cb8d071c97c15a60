"""Find the model behind a path: a bundle, a checkpoint, a run, or another project's files."""

from pathlib import Path

from wavegan import json_file
from wavegan.errors import UserError
from wavegan.interop.base import expected_files, shown_weights
from wavegan.run_folder import CONFIG, WEIGHTS, checkpoint_to_use

_OF_OTHERS = {"architectures", "model_type", "upsample_rates", "sampling_rate"}
"""Top-level fields of other projects' `config.json`; ours has none of them."""


def locate(path: str | Path) -> Path:
    """The bundle folder behind a path: a bundle, a checkpoint, or a run (its best checkpoint).

    Raises:
        UserError: there is none; names what was looked for and what was found.
    """
    folder = bundle_folder(Path(path))
    if folder is None:
        raise no_model_error(Path(path))
    return folder


def bundle_folder(path: Path) -> Path | None:
    """The bundle folder behind a path; None: another project's files, or no model."""
    if path.name in (CONFIG, WEIGHTS):
        path = path.parent
    if is_bundle(path):
        return None if is_of_others(path / CONFIG) else path
    return checkpoint_to_use(path)


def is_bundle(folder: Path) -> bool:
    """Whether a folder has files with the names of a bundle's files."""
    return (folder / CONFIG).is_file() and (folder / WEIGHTS).is_file()


def is_of_others(file: Path) -> bool:
    """Whether a `config.json` is certainly not ours; Hugging Face uses the same file name."""
    try:
        content = json_file.load(file)
    except UserError:
        return False
    if not isinstance(content, dict) or "mel" in content or "audio" in content:
        return False
    return bool(_OF_OTHERS & content.keys())


def no_model_error(path: Path) -> UserError:
    """The error for a path without a model; names what was looked for and what was found."""
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
    wanted = f"{CONFIG} with {WEIGHTS}, checkpoints/, {expected_files()}"
    return UserError(f"{path}: no model here: looked for {wanted}; found {found}")
