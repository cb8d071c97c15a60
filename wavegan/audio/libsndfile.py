"""Read audio files with libsndfile (soundfile): WAV, FLAC, Ogg, MP3, AIFF and more."""

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
"""Largest number of samples; a header with more is wrong."""
# A damaged block is lost completely, so for FLAC use the codec's own block size: no sound before
# the damage is lost.
FLAC_BLOCK = 1 << 12
# Samples to decode and drop after a seek: MP3 uses bits of earlier frames; libsndfile's Ogg seeks
# can be a page off (2^14 samples suffice for our files) and Opus converges slowly.
PREROLL = {"MP3": 1 << 14, "OGG": 1 << 16}
# With more channels, blocks are shorter, to limit their memory.
USUAL_CHANNELS = 8
# Sizes that ffmpeg and SoX write to a pipe because they do not know the length; 0 is "none yet".
_UNKNOWN_SIZES = {0, 0x7FFFF000, 0x7FFFFFFF, 0xFFFFFFFF}
_SIZE_NOTE = re.compile(
    r"^ *(?:data|SSND|Data Size|riff|Riff size) *: (\d+) \(should be (\d+)\)", re.M
)
_CUT_OGG_NOTE = re.compile(r"End-Of-Stream|end-of-stream bit|Junk after the last page")


class _Sound(soundfile.SoundFile):  # type: ignore[misc]  # it has no types
    """A SoundFile that can read blocks without soundfile's seek after each of them."""

    steady = False

    def seekable(self) -> bool:
        """False while it is `steady`."""
        return not self.steady and bool(super().seekable())


class SoundFileSource:
    """A file opened with libsndfile; an unfinished header is corrected in memory."""

    def __init__(self, path: AnyPath, sound: _Sound, note: str, streamed: bool) -> None:
        self._path, self._sound, self._note, self._streamed = Path(path), sound, note, streamed

    @cached_property
    def info(self) -> AudioInfo:
        """Information from the header."""
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

        soundfile seeks after each read, which causes errors of up to 3e-5 in MP3 and 0.04 in Opus,
        except with `seamless`.
        """
        sound = self._sound
        preroll = PREROLL.get(sound.format, 0)
        position = max(0, start - preroll) if sound.seekable() else 0
        size = FLAC_BLOCK if sound.format == "FLAC" else BLOCK
        size = max(size * USUAL_CHANNELS // max(sound.channels, USUAL_CHANNELS), 1)
        try:
            if position:
                sound.seek(position)
            # keep the seek for lossless formats: it is what detects damaged FLAC
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
        UserError: its header has no valid length.
    """
    note, streamed = "", False
    with ExitStack() as stack:
        stack.enter_context(mpeg_warnings_silenced(path))
        # soundfile encodes names as UTF-8, and fails on names in another encoding.
        content: object = path if _is_utf8(path) else stack.enter_context(open(path, "rb"))
        if (found := repair(path)) is not None:
            content = stack.enter_context(Overlay(path, found.head, found.start, found.stop))
            note, streamed = found.note, found.streamed
        elif os.fsdecode(path).lower().endswith(".raw"):
            # soundfile treats a file named .raw as raw samples, whatever its content
            content = stack.enter_context(Overlay(path, b"", 0))
        sound = stack.enter_context(_Sound(content))
        if sound.frames > LONGEST:
            raise UserError("its header has no valid length; encode it again", at=shown(path))
        if sound.format == "OGG" and is_chained(path):
            note = "it has several Ogg streams in a row: only the first is read"
        yield SoundFileSource(path, sound, note, streamed)


def reason(error: soundfile.LibsndfileError) -> str:
    """The message of libsndfile without its prefix."""
    message: str = error.error_string
    return message.removeprefix("Error : ").strip().rstrip(".")


def _is_utf8(path: AnyPath) -> bool:
    try:
        os.fspath(path).encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _damage(log: str) -> str | None:
    """Damage that libsndfile repaired silently, from its log."""
    for promised, found in _SIZE_NOTE.findall(log):
        if int(promised) > int(found) and int(promised) not in _UNKNOWN_SIZES:
            return f"the header says {promised} bytes, but the file has {found}"
    return "the Ogg stream has no end" if _CUT_OGG_NOTE.search(log) else None
