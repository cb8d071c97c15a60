"""What a layout of another project's files is, and how a path is recognised as one.

A layout is one class in one file of this folder. It says by the files alone whether they are its
own, and reads them without running any code in them.
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
"""Files of a folder that somebody takes for the model, beside those that are called weights."""
NO_SENSE = (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, RuntimeError)
"""What Python, numpy and torch raise for values of another kind."""
CONFIGURATIONS = {
    "config.json": json_file,
    "config.yml": yaml_file,
    "config.yaml": yaml_file,
    "args.yml": yaml_file,
}


class Layout(ABC):
    """Base of all layouts.

    Attributes:
        looks_for: what tells this layout, for the message that nothing was recognised, such as
            "g_* with config.json (jik876 HiFi-GAN)".
    """

    looks_for: str

    @abstractmethod
    def find(self, path: Path) -> Path | None:
        """The weights file, if `path` (a folder, or a weights file in one) is of this layout.

        Reads no weights, and raises nothing for files of other kinds.
        """

    @abstractmethod
    def read(self, file: Path, *, discriminators: bool) -> Model:
        """Read what `find` returned; `discriminators`: theirs too, where the project keeps them.

        Raises:
            UserError: names the file and what is wrong with it.
        """


def recognise(path: Path, *, discriminators: bool = False) -> Model | None:
    """Read `path` by the layout that it is of; None if it is of none.

    Raises:
        UserError: its layout is known but the files are not usable, or no layout knows it and the
            reason may be that its weights are damaged or hold code; names the file.
    """
    if not path.exists():
        return None
    try:
        return _read(path, discriminators)
    except UserError as error:
        # names inside of the files are anyone's
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
            # the settings are anyone's: no layout foresees all that may be in them
            raise UserError(
                f"{file or path}: the settings that belong to it make no sense ({str(error)[:200]})"
            ) from error
    _name_what_is_damaged(path)
    return None


def _name_what_is_damaged(path: Path) -> None:
    """Raise for the file that kept every layout from knowing this path, if there is one."""
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
            _wrapped.refuse_judges(file)


def shown_weights(path: Path) -> str:
    """A few names of the weights in a file of no known layout, or in the only one of a folder."""
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    files = [file for file in files if file.suffix in SUFFIXES or file == path]
    return _wrapped.listed(_wrapped.weight_names(files[0])) if len(files) == 1 else ""


def looked_for() -> str:
    """What all layouts look for, for an error message."""
    return ", ".join(layout.looks_for for layout in layouts())


def layouts() -> list[Layout]:
    """One of each layout there is."""
    return [plugins.find("interop", name)() for name in plugins.names("interop")]
