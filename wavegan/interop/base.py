"""Base class of layouts of other projects' files, and recognition of a path's layout.

A layout is one class in one file of this folder. It recognises its files by the files alone, and
reads them without running code in them.
"""

import re
from abc import ABC, abstractmethod
from pathlib import Path

from wavegan import plugins
from wavegan.bundle_config import Model
from wavegan.errors import UserError
from wavegan.interop import _wrapped
from wavegan.interop._files import (
    SUFFIXES,
    json_file,
    refuse_other_kinds,
    refuse_unusable,
    yaml_file,
)
from wavegan.readable import escaped

_MEANT = re.compile(r"(?:do|[gGD])_\d+.*|(?!stats).+\.(?:zip|t?gz|onnx|h5|hdf5|keras|pb|tflite)")
"""Other files in a folder that a user may take for the model."""
NO_SENSE = (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, RuntimeError)
"""What Python, numpy and torch raise for values of a wrong kind."""
CONFIGURATIONS = {
    "config.json": json_file,
    "config.yml": yaml_file,
    "config.yaml": yaml_file,
    "args.yml": yaml_file,
}


class Layout(ABC):
    """Base of all layouts.

    Attributes:
        looks_for: the files of this layout, for the message that nothing was recognised, such as
            "g_* with config.json (jik876 HiFi-GAN)".
    """

    looks_for: str

    @abstractmethod
    def find(self, path: Path) -> Path | None:
        """The weights file, if `path` (a folder, or a weights file in it) has this layout.

        Reads no weights, and does not raise for files of other kinds.
        """

    @abstractmethod
    def read(self, file: Path, *, discriminators: bool) -> Model:
        """Read the file that `find` returned, with `discriminators` also theirs if available.

        Raises:
            UserError: the file is not usable; the message has the file and the reason.
        """


def recognise(path: Path, *, discriminators: bool = False) -> Model | None:
    """Read `path` with the layout that recognises it; None if there is none.

    Raises:
        UserError: the layout is known but the files are not usable, or no layout recognises it
            because weights may be damaged or have code in them; the message has the file.
    """
    if not path.exists():
        return None
    try:
        return _read(path, discriminators)
    except UserError as error:
        # names inside the files are untrusted
        raise UserError(escaped(str(error))) from error


def _read(path: Path, discriminators: bool) -> Model | None:
    for layout in layouts():
        file = None
        try:
            file = layout.find(path)
            if file is not None:
                return layout.read(file, discriminators=discriminators)
        except UserError:
            raise
        except NO_SENSE as error:
            # the settings are untrusted: no layout checks everything that may be in them
            raise UserError(
                f"{file or path}: the settings that belong to it are not valid ({str(error)[:200]})"
            ) from error
    _name_what_is_damaged(path)
    return None


def _name_what_is_damaged(path: Path) -> None:
    """Raise for the file that prevented recognition of this path, if there is one."""
    folder = path if path.is_dir() else path.parent
    for name, read in CONFIGURATIONS.items():
        if (folder / name).is_file():
            read(folder / name)
    for file in sorted(path.iterdir()) if path.is_dir() else [path]:
        if not file.is_file():
            continue
        if file.suffix in SUFFIXES or file == path:
            refuse_unusable(file)
        if file == path or _MEANT.fullmatch(file.name):
            refuse_other_kinds(file)
            _wrapped.refuse_discriminators(file)


def shown_weights(path: Path) -> str:
    """A few weight names in an unrecognised file, or in the only weights file of a folder."""
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    files = [file for file in files if file.suffix in SUFFIXES or file == path]
    return _wrapped.listed(_wrapped.weight_names(files[0])) if len(files) == 1 else ""


def expected_files() -> str:
    """The files of all layouts, for an error message."""
    return ", ".join(layout.looks_for for layout in layouts())


def layouts() -> list[Layout]:
    """An instance of each layout."""
    return [plugins.find("interop", name)() for name in plugins.names("interop")]
