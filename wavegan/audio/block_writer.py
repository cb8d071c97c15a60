"""Writing an audio file block by block, whole or not at all, in memory that does not grow."""

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
    """A file that appears when all of it is written; used in a `with`.

    An exception leaves what was there before.

    Args:
        target: a path, or a binary stream, which gets the bytes at the end.
        sample_rate: Hz.
        samples: per channel that will come, at most.
        channels: how many.
        format: instead of what the path's extension says.
        subtype: as in `encode`.
        tags: as in `encode`.

    Attributes:
        report: what was written, once it is.

    Raises:
        UserError: a format, subtype or rate that cannot be written, or no such folder.
        RunError: samples that are not finite, or the disk refused.
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
        with self._stack, told(target):
            kind = format or (format_of(target) if isinstance(target, str | os.PathLike) else "wav")
            self._file, self._beside = self._spool()
            self._encoder = Encoder(
                self._file, sample_rate, samples, channels, format=kind, subtype=subtype, tags=tags
            )
            self._stack.callback(self._encoder.close)
            self._stack = self._stack.pop_all()

    def _spool(self) -> tuple[BinaryIO, Path | None]:
        """Where blocks go: a hidden file that can take the target's place, or a nameless one."""
        if isinstance(self._target, str | os.PathLike):
            path = Path(os.path.realpath(self._target))
            if is_plain(path):
                beside = hidden_sibling(path)
                self._stack.callback(beside.unlink, missing_ok=True)
                return self._stack.enter_context(beside.open("x+b")), beside
        return self._stack.enter_context(tempfile.TemporaryFile()), None

    def write(self, wave: ArrayLike) -> None:
        """Add a block, (T,) or (C, T)."""
        with told(self._target):
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
                with told(self._target):
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
def told(target: AnyPath | BinaryIO) -> Iterator[None]:
    """What goes wrong when a file is written, in one line with its name; a stream has none."""
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
        raise UserError(f"there is no folder {shown(Path(target).parent)}", at=name) from None
    except (IsADirectoryError, PermissionError) as error:
        raise UserError(f"{error.strerror}; name another file", at=name) from None
    except OSError as error:
        raise RunError(f"{error.strerror or error}", at=name) from None


def is_plain(path: Path) -> bool:
    """Whether a file can take a path's place: not where a pipe or a device is."""
    return not path.exists() or stat.S_ISREG(path.stat().st_mode)


def hidden_sibling(path: Path) -> Path:
    """A name beside a file that nobody has."""
    return path.with_name(f".{os.getpid()}-{secrets.token_hex(4)}.part")
