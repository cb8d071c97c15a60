"""Report failed writes of a run in one line: the file, the bytes, the last good checkpoint."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError

from wavegan import bundle
from wavegan.errors import RunError, UserError
from wavegan.training.checkpoint import TrainState

TORCHS = ("PytorchStreamWriter", "inline_container", "unexpected pos", "iostream error")
"""Parts of torch's error messages when a file cannot be written."""
GONE = ("Parent directory", "No such file or directory")
"""Parts of torch's and safetensors' error messages when the target folder does not exist."""


class StorageError(RunError, OSError):
    """Writing failed; a `RunError` for our code, an `OSError` for libraries."""


@contextmanager
def writing(run: Path, target: Path, needed: int) -> Iterator[None]:
    """Context for writing a file or folder of a run.

    Args:
        run: the run's folder.
        target: the file or folder.
        needed: its size, bytes.

    Raises:
        StorageError: it could not be written.
    """
    try:
        yield
    except (RunError, UserError):
        raise
    except (OSError, SafetensorError, RuntimeError) as error:
        reason, gone = _reason(error), _is_gone(error)
        if reason is None and not gone:
            raise
        if gone or not run.is_dir():
            raise StorageError(
                f"{run}: this run's folder, or a part of it, was moved or deleted: {target.name} "
                "cannot be written; if you still have its last checkpoint, resume with: wavegan "
                "train --resume FOLDER"
            ) from error
        room = f"{needed:,} bytes are needed, {_free(target)}"
        raise StorageError(
            f"{target}: cannot be written ({reason}): {room}; {last_good(run)}"
        ) from error


def last_good(run: Path) -> str:
    """The last good checkpoint, as text."""
    kept = bundle.checkpoints(run)
    return f"the last good checkpoint is {kept[max(kept)]}" if kept else "none was saved yet"


def size(train_state: TrainState) -> int:
    """Approximate size of a checkpoint, bytes."""
    networks = sum(_bytes(network.state_dict()) for network in train_state.networks.values())
    optimizers = sum(_bytes(o.state_dict()) for o in train_state.optimizers.values())
    return networks + optimizers + _bytes(train_state.networks["generator"].state_dict())


def _bytes(state: object) -> int:
    if isinstance(state, dict):
        return sum(map(_bytes, state.values()))
    return int(getattr(state, "nbytes", 0))


def _is_gone(error: BaseException) -> bool:
    """Whether a folder was deleted, maybe together with a parent folder."""
    named = any(words in str(error) for words in GONE)
    return named or any(isinstance(each, FileNotFoundError) for each in _causes(error))


def _causes(error: BaseException) -> Iterator[BaseException]:
    found: BaseException | None = error
    while found is not None:
        yield found
        found = found.__cause__ or found.__context__


def _reason(error: BaseException) -> str | None:
    """The system's reason; None if the error is not about writing."""
    for found in _causes(error):
        if isinstance(found, OSError):
            return found.strerror or str(found)
    text = " ".join(str(error).split())
    if isinstance(error, SafetensorError) or any(word in text for word in TORCHS):
        return text[:200]
    return None


def _free(target: Path) -> str:
    there = next((folder for folder in target.parents if folder.is_dir()), None)
    try:
        return f"{shutil.disk_usage(there or '.').free:,} are free"
    except OSError:
        return "the free space is unknown"
