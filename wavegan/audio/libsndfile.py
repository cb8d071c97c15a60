"""Files that libsndfile reads, by soundfile: WAV, FLAC, Ogg, MP3, AIFF and more."""

import os
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path

import soundfile

from wavegan.audio.chained_ogg import is_chained
from wavegan.audio.overlay import Overlay
from wavegan.audio.quiet import mpeg_warnings_silenced
from wavegan.audio.source import AnyPath, AudioInfo, Wave, shown
from wavegan.audio.unfinished import repair
from wavegan.errors import UserError

BLOCK = 1 << 16
LONGEST = 1 << 40
"""Samples; a header that promises more is wrong."""
# A block that meets damage is lost; this is FLAC's own, so that no sound before it is.
FLAC_BLOCK = 1 << 12
# Samples to decode and drop after a seek: MP3 borrows bits from earlier frames; libsndfile's Ogg
# seeks can land a page off (right from 2^14 on in our files) and Opus converges slowly.
PREROLL = {"MP3": 1 << 14, "OGG": 1 << 16}
# Channels beyond which blocks are shorter, so that they take no more memory.
USUAL_CHANNELS = 8
# Sizes that programs write when they cannot know: ffmpeg and SoX to a pipe, and "none yet".
_UNKNOWN_SIZES = {0, 0x7FFFF000, 0x7FFFFFFF, 0xFFFFFFFF}
_SIZE_NOTE = re.compile(
    r"^ *(?:data|SSND|Data Size|riff|Riff size) *: (\d+) \(should be (\d+)\)", re.M
)
_CUT_OGG_NOTE = re.compile(r"End-Of-Stream|end-of-stream bit|Junk after the last page")


class _Sound(soundfile.SoundFile):  # type: ignore[misc]  # it has no types
    """Read block by block without a seek after each, which soundfile makes where it can."""

    steady = False

    def seekable(self) -> bool:
        """Not while it is `steady`."""
        return not self.steady and bool(super().seekable())


class SoundFileSource:
    """A file that libsndfile has open; a header that was never finished is read as it should be."""

    def __init__(self, path: AnyPath, sound: _Sound, note: str, streamed: bool) -> None:
        self._path, self._sound, self._note, self._streamed = Path(path), sound, note, streamed

    @cached_property
    def info(self) -> AudioInfo:
        """What the header says."""
        sound = self._sound
        return AudioInfo(
            path=self._path,
            sample_rate=sound.samplerate,
            frames=sound.frames,
            channels=sound.channels,
            format=sound.format,
            subtype=sound.subtype,
            damage=_damage(sound.extra_info),
            note=self._note,
            streamed=self._streamed,
            tags={key: text for key, text in sound.copy_metadata().items() if text},
        )

    def blocks(
        self, start: int, stop: int, errors: list[str], *, seamless: bool = False
    ) -> Iterator[Wave]:
        """Decode [start, stop), as in `Source`.

        soundfile seeks after each read, which leaves marks of up to 3e-5 in an MP3 and 0.04 in
        Opus; not where `seamless`.
        """
        sound = self._sound
        preroll = PREROLL.get(sound.format, 0)
        position = max(0, start - preroll) if sound.seekable() else 0
        size = FLAC_BLOCK if sound.format == "FLAC" else BLOCK
        size = max(size * USUAL_CHANNELS // max(sound.channels, USUAL_CHANNELS), 1)
        try:
            if position:
                sound.seek(position)
            # where no marks are to be feared the seek stays: it is what notices damaged FLAC
            sound.steady = seamless and preroll > 0
            while position < stop:
                block: Wave = sound.read(
                    min(size, stop - position), dtype="float32", always_2d=True
                )
                if not len(block):
                    return
                position += len(block)
                fresh = block[max(0, start - position + len(block)) :]
                if len(fresh):
                    yield fresh
        except soundfile.LibsndfileError as error:
            errors.append(f"{reason(error)} after {position} samples")
        finally:
            sound.steady = False


@contextmanager
def opened(path: AnyPath) -> Iterator[SoundFileSource]:
    """Open for reading.

    Raises:
        OSError: it cannot be opened.
        soundfile.LibsndfileError: libsndfile cannot read it.
        UserError: it does not say how long it is.
    """
    note, streamed = "", False
    with ExitStack() as stack:
        stack.enter_context(mpeg_warnings_silenced(path))
        # soundfile encodes names as UTF-8, and fails on those in another encoding.
        content: object = path if _is_utf8(path) else stack.enter_context(open(path, "rb"))
        if (found := repair(path)) is not None:
            content = stack.enter_context(Overlay(path, found.head, found.start, found.stop))
            note, streamed = found.note, found.streamed
        elif os.fsdecode(path).lower().endswith(".raw"):
            # by such a name soundfile takes what it is given for samples, whatever the content
            content = stack.enter_context(Overlay(path, b"", 0))
        sound = stack.enter_context(_Sound(content))
        if sound.frames > LONGEST:
            raise UserError("it does not say how long it is; encode it again", at=shown(path))
        if sound.format == "OGG" and is_chained(path):
            note = "several Ogg streams follow one another: only the first is read"
        yield SoundFileSource(path, sound, note, streamed)


def reason(error: soundfile.LibsndfileError) -> str:
    """What libsndfile says, without its decoration."""
    said: str = error.error_string
    return said.removeprefix("Error : ").strip().rstrip(".")


def _is_utf8(path: AnyPath) -> bool:
    try:
        os.fspath(path).encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _damage(log: str) -> str | None:
    """What libsndfile mended in silence and only its log tells."""
    for promised, found in _SIZE_NOTE.findall(log):
        if int(promised) > int(found) and int(promised) not in _UNKNOWN_SIZES:
            return f"the header promises {promised} bytes, {found} are there"
    return "the Ogg stream has no end" if _CUT_OGG_NOTE.search(log) else None
