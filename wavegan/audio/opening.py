"""Open an audio file with the library that can read it; errors say what is wrong with the file."""

import os
import shlex
import stat
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import soundfile

from wavegan.audio import ffmpeg, formats, libsndfile, pyav
from wavegan.audio.formats import Kind
from wavegan.audio.source import (
    AnyPath,
    AudioInfo,
    ShortReadError,
    Source,
    Wave,
    mixed,
    shown,
)
from wavegan.errors import UserError

__all__ = ["AnyPath", "AudioInfo", "ShortReadError", "Source", "Wave", "mixed", "opened", "shown"]

DECODERS = 'install a decoder: pip install "wavegan[formats]" (or put ffmpeg on the PATH)'


@contextmanager
def opened(path: AnyPath) -> Iterator[Source]:
    """Open an audio file for reading.

    libsndfile reads the formats that it knows; PyAV, or the program ffmpeg without PyAV, reads the
    others. The content decides, not the file name.

    Raises:
        UserError: the file does not exist or cannot be read.
    """
    with ExitStack() as stack:
        try:
            _refuse_what_is_no_file(path)
            source = _source(path, stack)
        except OSError as error:
            raise UserError(f"{error.strerror or error}", at=shown(path)) from None
        yield source


def _refuse_what_is_no_file(path: AnyPath) -> None:
    status = os.stat(path)
    if not stat.S_ISREG(status.st_mode):
        kind = "a folder" if stat.S_ISDIR(status.st_mode) else "not a regular file"
        raise UserError(f"it is {kind}; name an audio file", at=shown(path))
    if status.st_size == 0:
        raise UserError("it is empty (0 bytes); record or copy it again", at=shown(path))


def _source(path: AnyPath, stack: ExitStack) -> Source:
    content = formats.content_of(path)
    kind = content or formats.by_name(path)
    if kind is not None and kind.why:
        raise UserError(kind.why, at=shown(path))
    reason = ""
    if content is None or content.own:
        try:
            return stack.enter_context(libsndfile.opened(path))
        except soundfile.LibsndfileError as error:
            reason = libsndfile.reason(error)
    if kind is None or kind.own:
        return _known_to_both(path, content, reason)
    decoded = _decoded(path, kind)
    if decoded is None:
        raise UserError(_without_decoder(Path(path), kind), at=shown(path))
    return decoded


def _known_to_both(path: AnyPath, content: Kind | None, reason: str) -> Source:
    """Read a file with FFmpeg that libsndfile could not read; if that fails, raise the reason."""
    perhaps = "it may be damaged, or not audio"
    if content is not None and content.demuxer:
        try:
            if (decoded := _decoded(path, content)) is not None:
                return decoded
            perhaps = f"it may be damaged, or need another decoder ({DECODERS})"
        except UserError:
            perhaps = "it is probably damaged"
    raise UserError(f"libsndfile cannot read it ({reason}); {perhaps}", at=shown(path))


def _decoded(path: AnyPath, kind: Kind) -> Source | None:
    """Open a file with PyAV or ffmpeg; None if neither is installed."""
    if not kind.demuxer:
        return None
    source: Source
    if pyav.library() is not None:
        source = pyav.source(path, kind)
    elif (program := ffmpeg.program()) is not None:
        source = ffmpeg.source(path, kind, program)
    else:
        return None
    named = formats.by_name(path)
    if named is not None and named.name == kind.name:
        return source
    suffix = Path(path).suffix
    name = f"its name ends in {suffix}" if suffix else "its name has no extension"
    return Noted(source, f"{name}, but its content is {source.info.format}")


def _without_decoder(path: Path, kind: Kind) -> str:
    name, new = shlex.quote(shown(path.name)), shlex.quote(shown(path.stem) + ".wav")
    return (
        f"libsndfile cannot read it, because it is {kind.name}; {DECODERS}, or convert it first: "
        f"ffmpeg -i {name} {new}"
    )


@dataclass(frozen=True)
class Noted:
    """A source with an additional note."""

    source: Source
    note: str

    @property
    def info(self) -> AudioInfo:
        """The source's info with the note added."""
        info = self.source.info
        return replace(info, note="; ".join(filter(None, (info.note, self.note))))

    def blocks(
        self, start: int, stop: int, errors: list[str], *, seamless: bool = False
    ) -> Iterator[Wave]:
        """The source's blocks."""
        return self.source.blocks(start, stop, errors, seamless=seamless)
