"""Heartbeats between processes, to end a run with a clear error when one of them hangs.

A thread in each process writes `RUN/processes/RANK.json` every few seconds: its step, its phase,
and whether it waits for the others. A process that has waited too long looks for one that is
silent, or that makes no progress without waiting itself. A validation may take any time, while its
process still writes.
"""

import contextlib
import json
import math
import os
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from wavegan import json_file, process_group
from wavegan.errors import UserError
from wavegan.training import storage

FOLDER = "processes"
LIMIT = "WAVEGAN_WAIT"
"""Environment variable: seconds to wait for a process that hangs."""
USUAL = 600.0
BEAT = 2.0
"""Maximum seconds between beats."""
BUSY = "STEP"
"""The phase in which a process must make progress; other phases may take any time."""

Where = Callable[[], tuple[int, str]]


class _Beat(BaseModel):
    """The file of a process."""

    model_config = ConfigDict(strict=True)

    pid: int
    host: json_file.Name
    beat: int
    step: int
    phase: json_file.Name
    waits: bool


@dataclass
class KnownProcess:
    """Another process: its last beat, when that came, and when the process last made progress."""

    beat: dict[str, Any]
    heard: float
    moved: float

    def update(self, beat: dict[str, Any], now: float) -> None:
        """Store a new reading of its file."""
        if beat != self.beat:
            self.heard = now
        if any(beat.get(key) != self.beat.get(key) for key in ("step", "phase", "waits")):
            self.moved = now
        self.beat = beat

    def hangs(self, now: float, limit: float) -> bool:
        """Whether it is silent, or makes no progress in a step."""
        still = now - self.moved > limit and self.beat.get("phase") == BUSY
        return now - self.heard > limit or (still and not self.beat.get("waits"))


class Heartbeat:
    """Writes the beats of this process and reads the others', from `start` to `stop`.

    Args:
        run: the run's folder.
        rank: number of this process.
        world: number of processes; if 1, nothing is written.
        where: returns the step and the phase.
        end: called with a line that names the process that hangs; it does not return.
        limit: seconds to wait; None: from the environment, else `USUAL`.
    """

    def __init__(
        self,
        run: Path,
        rank: int,
        world: int,
        where: Where,
        *,
        end: Callable[[str], None],
        limit: float | None = None,
    ) -> None:
        self.run, self.rank, self.world = run, rank, world
        self.where, self.end = where, end
        self.limit = limit or _limit()
        self.others: dict[int, KnownProcess] = {}
        self._done, self._count = threading.Event(), 0
        self._thread = threading.Thread(target=self._beat_on, daemon=True)

    def start(self) -> None:
        """Start the thread."""
        if self.world > 1:
            self._thread.start()

    def stop(self) -> None:
        """Stop the thread and remove this process's file."""
        self._done.set()
        if self.world > 1:
            self._thread.join(BEAT)
            with contextlib.suppress(OSError):
                self._file(self.rank).unlink()
                self._file(self.rank).parent.rmdir()  # works only for the last process

    def look(self, now: float) -> str | None:
        """Read the others' files; returns a message if one hangs while this process waits."""
        for rank in range(self.world):
            if rank != self.rank and (beat := self._read(rank)) is not None:
                known = self.others.setdefault(rank, KnownProcess(beat, now, now))
                known.update(beat, now)
        since = process_group.waits_since()
        if since is None or now - since <= self.limit:
            return None
        for rank, other in self.others.items():
            if other.hangs(now, self.limit):
                return self._about(rank, other, now)
        return None

    def _about(self, rank: int, other: KnownProcess, now: float) -> str:
        beat = other.beat
        return (
            f"process {rank} (pid {beat.get('pid')} on {beat.get('host')}) hangs: last heartbeat "
            f"{now - other.heard:.0f} s ago, no progress for {now - other.moved:.0f} s at step "
            f"{beat.get('step')} ({str(beat.get('phase')).lower()}); the limit is "
            f"{self.limit:.0f} s ({LIMIT}); {storage.last_good(self.run)}"
        )

    def _beat_on(self) -> None:
        while not self._done.is_set():
            self._write()
            if (message := self.look(time.monotonic())) and not self._done.is_set():
                self.end(message)
            self._done.wait(min(BEAT, self.limit / 4))

    def _write(self) -> None:
        step, phase = self.where()
        self._count += 1
        beat = {
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "beat": self._count,
            "step": step,
            "phase": phase,
            "waits": process_group.waits_since() is not None,
        }
        file = self._file(self.rank)
        with contextlib.suppress(OSError):  # do not create a deleted run's folder again
            file.parent.mkdir(exist_ok=True)
            file.write_text(json.dumps(beat) + "\n", encoding="utf-8")

    def _read(self, rank: int) -> dict[str, Any] | None:
        try:
            return json_file.read(self._file(rank), _Beat).model_dump()
        except (OSError, UserError):
            return None  # not there yet, or being written

    def _file(self, rank: int) -> Path:
        return self.run / FOLDER / f"{rank}.json"


def _limit() -> float:
    text = os.environ.get(LIMIT, "")
    try:
        seconds = float(text or USUAL)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < math.inf:
        raise UserError(f"{LIMIT} is {text!r}: give seconds above 0, such as {USUAL:.0f}")
    return seconds


def end_process(message: str) -> None:
    """Print why and exit immediately: the main thread waits in a library, uninterruptible."""
    with contextlib.suppress(OSError):
        os.write(2, f"error: {message}\n".encode(errors="replace"))
    os._exit(1)
