"""Read audio files with the program ffmpeg if PyAV is missing: the same files, but slowly.

Each read starts the program and decodes from the beginning of the file, so a segment is exactly the
slice of the whole file.
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
from wavegan.audio.source import AnyPath, AudioInfo, Wave, several, shown
from wavegan.errors import UserError

BLOCK = 1 << 16
MOST_HEADER = 1 << 16
_OPTIONS = (
    b"-nostdin -hide_banner -nostats -xerror -threads 1 -protocol_whitelist file,pipe".split()
)
_OUTPUT = b"-map 0:a:0 -vn -f au -c:a pcm_f32be -".split()
_STREAM = re.compile(r"Stream #0:\d+.*?: Audio: (\w+)")


def program() -> str | None:
    """The path of ffmpeg, or None."""
    return shutil.which("ffmpeg")


@dataclass(frozen=True)
class FfmpegSource:
    """The first audio track of a file."""

    found: AudioInfo
    demuxer: str
    program: str

    @property
    def info(self) -> AudioInfo:
        """Information from decoding the whole file."""
        return self.found

    def blocks(
        self, start: int, stop: int, errors: list[str], *, seamless: bool = False
    ) -> Iterator[Wave]:
        """Decode [start, stop), as in `Source`; blocks are always seamless."""
        position = 0
        with _decoding(self.found.path, self.demuxer, self.program) as (pipe, _, _):
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
            errors.append(f"ffmpeg stopped after {position} samples")


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
    """Decode a whole file to find its length; cached, because files are read many times."""
    with _decoding(path, kind.demuxer, program) as (pipe, process, remarks):
        try:
            rate, channels = _header(pipe)
        except UserError:
            process.wait()
            raise UserError(_refusal(_read(remarks), kind), at=shown(path)) from None
        frames = 0
        while len(block := _block(pipe, channels, BLOCK)):
            frames += len(block)
        failed, remark = process.wait() != 0, _read(remarks)
    codecs = _codecs(remark)
    return AudioInfo(
        path=path,
        sample_rate=rate,
        frames=frames,
        channels=channels,
        format=kind.name.upper(),
        subtype=codecs[0].upper() if codecs else "",
        damage=f"ffmpeg failed: {_last_line(remark)}" if failed else None,
        note=several(len(codecs)),
    )


def _codecs(remark: str) -> list[str]:
    """The codecs of the input's audio tracks."""
    return _STREAM.findall(remark.partition("Output #0")[0])


def _refusal(remark: str, kind: Kind) -> str:
    if "Stream #" in remark and not _codecs(remark):
        return f"this {kind.name} file has no audio track"
    return (
        f"this {kind.name} file is damaged or cut short ({_last_line(remark)}); copy or record it "
        "again"
    )


def _last_line(remark: str) -> str:
    return (remark.strip().splitlines() or ["no reason given"])[-1].strip()


@contextmanager
def _decoding(
    path: AnyPath, demuxer: str, program: str
) -> Iterator[tuple[IO[bytes], subprocess.Popen[bytes], IO[bytes]]]:
    """Yields ffmpeg's output (AU with floats), its process, and the file with its messages."""
    # The prefix "file:" prevents ffmpeg from taking the name for another protocol.
    source = [b"-f", demuxer.encode(), b"-i", b"file:" + os.fsencode(os.path.abspath(path))]
    command = [os.fsencode(program), *_OPTIONS, *source, *_OUTPUT]
    with tempfile.TemporaryFile() as remarks:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=remarks
        )
        assert process.stdout is not None
        try:
            yield process.stdout, process, remarks
        finally:
            process.stdout.close()
            process.kill()
            process.wait()


def _header(pipe: IO[bytes]) -> tuple[int, int]:
    """Sample rate and channels from an AU header; the samples follow in the pipe."""
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
