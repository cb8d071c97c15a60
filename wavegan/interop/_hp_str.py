"""One-file checkpoints that hold their settings as text: `model_g` beside `hp_str`.

seungwonpark's MelGAN and maum-ai's UnivNet, which grew out of it, both save them so; the names of
the weights inside tell one from the other.
"""

from functools import lru_cache
from pathlib import Path

from wavegan.interop import _pickles

SUFFIXES = (".pt", ".pth")


def holds(path: Path, *names: str) -> bool:
    """Whether all of these texts, such as keys of its dictionaries, are in a file of weights.

    Args:
        path: any path. No weights are read, and nothing is read twice while the file stays as it
            is: each layout asks again.
        names: the texts.
    """
    if path.suffix not in SUFFIXES or not path.is_file():
        return False
    status = path.stat()
    return _texts(path, status.st_mtime_ns, status.st_size).issuperset(names)


def newest(folder: Path) -> list[Path]:
    """The files of a folder that may be such checkpoints, the last epoch first."""
    files = [file for file in folder.iterdir() if file.suffix in SUFFIXES]
    return sorted(files, key=lambda file: (_epoch(file), file.name), reverse=True)


def _epoch(file: Path) -> int:
    """The number that both projects put at the end of a name: `name_0123.pt`."""
    digits = file.stem.rpartition("_")[2]
    return int(digits) if digits.isdecimal() else -1


@lru_cache(maxsize=16)
def _texts(path: Path, _changed: int, _size: int) -> frozenset[str]:
    return _pickles.texts(path)
