"""Files that the program ffmpeg decodes, where PyAV is missing: the same files, but slowly.

Each read starts the program and decodes from the beginning on, so that a segment is exactly the
slice of the whole.
"""

import os
import re
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import IO

import numpy as np

from wavegan.audio.formats import Kind
from wavegan.audio.source import AnyPath, AudioInfo, Wave, shown
from wavegan.errors import UserError

BLOCK = 1 << 16
MOST_HEADER = 1 << 16
_STREAM = re.compile(r"Stream #0:\d+.*?: Audio: (\w+)")


def program() -> str | None:
    """Where ffmpeg is, or None."""
    return shutil.which("ffmpeg")


@dataclass(frozen=True)
class FfmpegSource:
    """The first audio track of a file."""

    found: AudioInfo
    demuxer: str
    program: str

    @property
    def info(self) -> AudioInfo:
        """What decoding all of it said."""
        return self.found

    def blocks(
        self, start: int, stop: int, errors: list[str], *, at_once: bool = False
    ) -> Iterator[Wave]:
        """Decode [start, stop), as in `Source`; blocks leave no marks here."""
        position = 0
        with _decoding(self.found.path, self.demuxer, self.program) as (pipe, _):
            _, channels = _header(pipe)
            while position < stop:
                block = _block(pipe, channels, min(BLOCK, stop - position))
                if not len(block):
                    break
                position += len(block)
                fresh = block[max(0, start - position + len(block)) :]
                if len(fresh):
                    yield fresh
        if position < min(stop, self.found.frames):
            errors.append(f"ffmpeg ends after {position} samples")


def source(path: AnyPath, kind: Kind, program: str) -> FfmpegSource:
    """Open for reading.

    Raises:
        UserError: it is damaged, or has no audio track.
    """
    status = os.stat(path)
    whole = Path(os.path.abspath(path))
    info = _learned(whole, kind, program, status.st_size, status.st_mtime_ns)
    return FfmpegSource(replace(info, path=Path(path)), kind.demuxer, program)


@lru_cache(maxsize=4096)
def _learned(path: Path, kind: Kind, program: str, _size: int, _changed: int) -> AudioInfo:
    """Decode all of a file to learn its length; cached, as it is read again and again."""
    with _decoding(path, kind.demuxer, program) as (pipe, remarks):
        try:
            rate, channels = _header(pipe)
        except UserError:
            raise UserError(f"{shown(path)}: {_refusal(remarks, kind)}") from None
        frames = 0
        while len(block := _block(pipe, channels, BLOCK)):
            frames += len(block)
        said = _read(remarks)
    codecs = _STREAM.findall(said)
    errors = [line for line in said.splitlines() if "rror" in line or "nvalid" in line]
    return AudioInfo(
        path=Path(path),
        sample_rate=rate,
        frames=frames,
        channels=channels,
        format=kind.name.upper(),
        subtype=codecs[0].upper() if codecs else "",
        damage=f"ffmpeg says: {errors[0].strip()}" if errors else None,
        note=f"{len(codecs)} audio tracks are in it: only the first is read"
        if len(codecs) > 1
        else "",
    )


def _refusal(remarks: IO[bytes], kind: Kind) -> str:
    said = _read(remarks)
    if "Stream #" in said and not _STREAM.search(said):
        return f"there is no audio track in this {kind.name}"
    last = (said.strip().splitlines() or ["no reason given"])[-1]
    return f"ffmpeg cannot read it as {kind.name} ({last.strip()}); is it damaged or cut short?"


@contextmanager
def _decoding(path: AnyPath, demuxer: str, program: str) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """The program at work: its output, an AU of floats, and the file with its remarks."""
    command = [program, "-nostdin", "-hide_banner", "-nostats", "-xerror", "-threads", "1"]
    command += ["-protocol_whitelist", "file,pipe", "-f", demuxer, "-i"]
    output = ["-map", "0:a:0", "-vn", "-f", "au", "-c:a", "pcm_f32be", "-"]
    name = b"file:" + os.fsencode(os.path.abspath(path))
    with tempfile.TemporaryFile() as remarks:
        process = subprocess.Popen(
            [*map(os.fsencode, command), name, *map(os.fsencode, output)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=remarks,
        )
        assert process.stdout is not None
        try:
            yield process.stdout, remarks
        finally:
            process.stdout.close()
            process.kill()
            process.wait()


def _header(pipe: IO[bytes]) -> tuple[int, int]:
    """Rate and channels of an AU; its samples are next."""
    head = pipe.read(24)
    if len(head) < 24 or head[:4] != b".snd":
        raise UserError("no output")
    offset, _, _, rate, channels = struct.unpack(">5I", head[4:])
    if not 24 <= offset <= MOST_HEADER or not channels:
        raise UserError("no output")
    pipe.read(offset - 24)
    return rate, channels


def _block(pipe: IO[bytes], channels: int, samples: int) -> Wave:
    data = pipe.read(4 * channels * samples)
    whole = len(data) // (4 * channels) * channels
    return np.frombuffer(data, ">f4", whole).astype(np.float32).reshape(-1, channels)


def _read(remarks: IO[bytes]) -> str:
    remarks.seek(0)
    return remarks.read(1 << 16).decode("utf-8", "replace")
