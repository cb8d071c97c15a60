"""Opening audio files to read (libsndfile, by soundfile), and telling what is wrong with one."""

import os
import re
import shlex
import stat
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np
import soundfile
from numpy.typing import NDArray

from wavegan.audio.quiet import mpeg_warnings_silenced
from wavegan.errors import UserError

AnyPath = str | os.PathLike[str]
Wave = NDArray[np.float32]
Real = TypeVar("Real", np.float32, np.float64)

BLOCK = 1 << 16
# A block that meets damage is lost; this is FLAC's own, so that no sound before it is.
FLAC_BLOCK = 1 << 12
# Samples to decode and drop after a seek: MP3 borrows bits from earlier frames; libsndfile's Ogg
# seeks can land a page off (right from 2^14 on in our files) and Opus converges slowly.
PREROLL = {"MP3": 1 << 14, "OGG": 1 << 16}
_CONVERT_FIRST = {".m4a", ".mp4", ".aac", ".webm", ".mka", ".mkv", ".wma", ".amr", ".g722", ".ac3"}
# Sizes that programs write when they cannot know: ffmpeg and SoX to a pipe, and "none yet".
_UNKNOWN_SIZES = {0, 0x7FFFF000, 0x7FFFFFFF, 0xFFFFFFFF}
_SIZE_NOTE = re.compile(
    r"^ *(?:data|SSND|Data Size|riff|Riff size) *: (\d+) \(should be (\d+)\)", re.M
)
_CUT_OGG_NOTE = re.compile(r"End-Of-Stream|end-of-stream bit|Junk after the last page")


class ShortReadError(UserError):
    """A file holds less sound than it promises: cut off, or damaged inside.

    Attributes:
        path: the file.
        decoded: samples per channel that could be read, at the file's own rate.
    """

    def __init__(self, message: str, path: Path = Path(), decoded: int = 0) -> None:
        super().__init__(message)
        self.path = path
        self.decoded = decoded


@dataclass(frozen=True)
class AudioInfo:
    """What a file's header says.

    Attributes:
        path: the file.
        sample_rate: Hz.
        frames: samples per channel; a damaged file may yield fewer.
        channels: how many.
        format: container, as libsndfile names it ("WAV", "FLAC", "OGG", "MP3", …).
        subtype: encoding ("PCM_16", "FLOAT", "VORBIS", …).
        damage: how the header contradicts the file, or None; `measure` finds more.
        tags: texts of the metadata that libsndfile reads ("software", "title", "comment", …).
    """

    path: Path
    sample_rate: int
    frames: int
    channels: int
    format: str
    subtype: str
    damage: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return self.frames / self.sample_rate


@contextmanager
def opened(path: AnyPath) -> Iterator[soundfile.SoundFile]:
    """Open for reading; what goes wrong until then is the user's to mend.

    Raises:
        UserError: no such file, or none that libsndfile can read.
    """
    with ExitStack() as stack:
        try:
            _refuse_what_is_no_file(path)
            stack.enter_context(mpeg_warnings_silenced(path))
            # soundfile encodes names as UTF-8, and fails on those in another encoding.
            source = path if _is_utf8(path) else stack.enter_context(open(path, "rb"))
            sound = stack.enter_context(soundfile.SoundFile(source))
        except OSError as error:
            raise UserError(f"{shown(path)}: {error.strerror or error}") from None
        except soundfile.LibsndfileError as error:
            raise UserError(f"{shown(path)}: {_why_not(Path(path), error)}") from None
        if sound.frames > 1 << 40:
            raise UserError(f"{shown(path)}: it does not say how long it is; encode it again")
        yield sound


def _is_utf8(path: AnyPath) -> bool:
    try:
        os.fspath(path).encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _refuse_what_is_no_file(path: AnyPath) -> None:
    status = os.stat(path)
    if not stat.S_ISREG(status.st_mode):
        kind = "a folder" if stat.S_ISDIR(status.st_mode) else "no regular file"
        raise UserError(f"{shown(path)}: it is {kind}; name an audio file")
    if Path(path).suffix.lower() == ".raw":
        raise UserError(f"{shown(path)}: raw samples name no rate or format; convert it to .wav")
    if status.st_size == 0:
        raise UserError(f"{shown(path)}: it is empty (0 bytes); record or copy it again")


def _why_not(path: Path, error: soundfile.LibsndfileError) -> str:
    suffix = path.suffix.lower()
    if suffix in _CONVERT_FIRST:
        name, made = shlex.quote(shown(path.name)), shlex.quote(shown(path.stem) + ".wav")
        return f"libsndfile cannot read {suffix[1:]}; convert it first: ffmpeg -i {name} {made}"
    return f"libsndfile cannot read it ({_reason(error)}); is it damaged, or no audio?"


def _reason(error: soundfile.LibsndfileError) -> str:
    reason: str = error.error_string
    return reason.removeprefix("Error : ").strip().rstrip(".")


def info(path: AnyPath, sound: soundfile.SoundFile) -> AudioInfo:
    """What the header of an open file says."""
    return AudioInfo(
        path=Path(path),
        sample_rate=sound.samplerate,
        frames=sound.frames,
        channels=sound.channels,
        format=sound.format,
        subtype=sound.subtype,
        damage=_damage(sound.extra_info),
        tags={key: text for key, text in sound.copy_metadata().items() if text},
    )


def _damage(log: str) -> str | None:
    """What libsndfile mended in silence and only its log tells."""
    for promised, found in _SIZE_NOTE.findall(log):
        if int(promised) > int(found) and int(promised) not in _UNKNOWN_SIZES:
            return f"the header promises {promised} bytes, {found} are there"
    return "the Ogg stream has no end" if _CUT_OGG_NOTE.search(log) else None


def blocks(
    sound: soundfile.SoundFile, start: int, stop: int, errors: list[str], *, at_once: bool = False
) -> Iterator[Wave]:
    """Decode [start, stop) as (T, C) blocks; ends early, with an entry in `errors`, at damage.

    soundfile seeks after each read, which leaves marks of up to 3e-5 in an MP3: `at_once` reads
    MP3 and Ogg in one block, however long.
    """
    preroll = PREROLL.get(sound.format, 0)
    position = max(0, start - preroll) if sound.seekable() else 0
    size = FLAC_BLOCK if sound.format == "FLAC" else BLOCK
    if at_once and preroll:
        size = stop - position
    try:
        if position:
            sound.seek(position)
        while position < stop:
            block: Wave = sound.read(min(size, stop - position), dtype="float32", always_2d=True)
            if not len(block):
                return
            position += len(block)
            fresh = block[max(0, start - position + len(block)) :]
            if len(fresh):
                yield fresh
    except soundfile.LibsndfileError as error:
        errors.append(f"{_reason(error)} after {position} samples")


def mixed(block: NDArray[Real]) -> NDArray[Real]:
    """The mean of the channels: (T, C) to (T, 1)."""
    # Column by column: numpy's mean over a short last axis is ten times slower.
    total = block[:, :1]
    for channel in range(1, block.shape[1]):
        total = total + block[:, channel : channel + 1]
    return total / block.dtype.type(block.shape[1])


def shown(path: AnyPath) -> str:
    """A name on one line, in characters that a terminal takes."""
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
