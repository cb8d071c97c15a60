"""Write an audio file block by block and atomically, in constant memory."""

import os
import secrets
import shutil
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from numpy.typing import ArrayLike

from wavegan.audio.encoding import Encoder, WriteReport, format_of
from wavegan.audio.source import AnyPath, shown
from wavegan.errors import RunError, UserError


class BlockWriter:
    """Context manager for a file that appears when all of it is written.

    On an exception an existing file stays as it was.

    Args:
        target: a path, or a binary stream, which gets the bytes at the end.
        sample_rate: Hz.
        samples: largest number of samples per channel.
        channels: number of channels.
        format: used instead of the path's extension.
        subtype: as in `encode`.
        tags: as in `encode`.

    Attributes:
        report: what was written, set at the end.

    Raises:
        UserError: the format, subtype or rate cannot be written, or the folder does not exist.
        RunError: samples are not finite, or the disk cannot be written.
    """

    report: WriteReport

    def __init__(
        self,
        target: AnyPath | BinaryIO,
        sample_rate: int,
        samples: int,
        channels: int = 1,
        *,
        format: str | None = None,
        subtype: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        self._target = target
        self._stack = ExitStack()
        with self._stack, named_errors(target):
            kind = format or (format_of(target) if isinstance(target, str | os.PathLike) else "wav")
            self._file, self._beside = self._spool()
            self._encoder = Encoder(
                self._file, sample_rate, samples, channels, format=kind, subtype=subtype, tags=tags
            )
            self._stack.callback(self._encoder.close)
            self._stack = self._stack.pop_all()

    def _spool(self) -> tuple[BinaryIO, Path | None]:
        """The file for the blocks: a hidden one next to the target, or an unnamed temporary one."""
        if isinstance(self._target, str | os.PathLike):
            path = Path(os.path.realpath(self._target))
            if is_plain(path):
                beside = hidden_sibling(path)
                self._stack.callback(beside.unlink, missing_ok=True)
                return self._stack.enter_context(beside.open("x+b")), beside
        return self._stack.enter_context(tempfile.TemporaryFile()), None

    def write(self, wave: ArrayLike) -> None:
        """Add a block, (T,) or (C, T)."""
        with named_errors(self._target):
            self._encoder.write(wave)

    def __enter__(self) -> "BlockWriter":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        with self._stack:
            if kind is None:
                with named_errors(self._target):
                    self.report = self._encoder.finish()
                    self._deliver()

    def _deliver(self) -> None:
        if self._beside is not None:
            assert isinstance(self._target, str | os.PathLike)
            self._file.close()
            os.replace(self._beside, os.path.realpath(self._target))
            return
        self._file.seek(0)
        if not isinstance(self._target, str | os.PathLike):
            shutil.copyfileobj(self._file, self._target)
            return
        with open(self._target, "wb") as file:
            shutil.copyfileobj(self._file, file)


@contextmanager
def named_errors(target: AnyPath | BinaryIO) -> Iterator[None]:
    """Turn errors of writing into one line with the file's name; errors of a stream stay as is."""
    if not isinstance(target, str | os.PathLike):
        yield
        return
    name = shown(target)
    try:
        yield
    except UserError as error:
        raise UserError(str(error), at=name) from None
    except RunError as error:
        raise RunError(str(error), at=name) from None
    except (FileNotFoundError, NotADirectoryError):
        folder = shown(Path(target).parent)
        raise UserError(f"there is no folder {folder}; create it first", at=name) from None
    except (IsADirectoryError, PermissionError) as error:
        raise UserError(f"{error.strerror}; name another file", at=name) from None
    except OSError as error:
        raise RunError(f"{error.strerror or error}", at=name) from None


def is_plain(path: Path) -> bool:
    """Whether a path can be replaced by a file: it is not a pipe or a device."""
    return not path.exists() or stat.S_ISREG(path.stat().st_mode)


def hidden_sibling(path: Path) -> Path:
    """A unique hidden name next to a file."""
    return path.with_name(f".{os.getpid()}-{secrets.token_hex(4)}.part")
