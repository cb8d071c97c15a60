"""Several processes hear of each other, so that one that hangs is named and not waited for.

Each writes `RUN/processes/RANK.json` every few seconds, from a thread of its own: which step it is
at, what it does, whether it waits for the others. A process that has waited too long looks for one
that is silent, or that does not move although nothing keeps it. A validation may take as long as it
takes, for as long as its process is heard.
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
"""The variable with the seconds that a process waits for one that hangs."""
USUAL = 600.0
BEAT = 2.0
"""Seconds between beats, at most."""
BUSY = "STEP"
"""What a process does where it has to move: in all else it may take its time."""

Where = Callable[[], tuple[int, str]]


class _Beat(BaseModel):
    """What each process writes."""

    model_config = ConfigDict(strict=True)

    pid: int
    host: json_file.Name
    beat: int
    step: int
    phase: json_file.Name
    waits: bool


@dataclass
class KnownProcess:
    """What is known of another process: its last beat, when it came, when it last moved."""

    beat: dict[str, Any]
    heard: float
    moved: float

    def update(self, beat: dict[str, Any], now: float) -> None:
        """Take in what its file says now."""
        if beat != self.beat:
            self.heard = now
        if any(beat.get(key) != self.beat.get(key) for key in ("step", "phase", "waits")):
            self.moved = now
        self.beat = beat

    def hangs(self, now: float, limit: float) -> bool:
        """Whether it is silent, or stands still where it should not."""
        still = now - self.moved > limit and self.beat.get("phase") == BUSY
        return now - self.heard > limit or (still and not self.beat.get("waits"))


class Heartbeat:
    """Beats for this process and listens to the others, from `start` to `stop`.

    Args:
        run: the run's folder.
        rank: number of this process.
        world: how many there are; of one, nothing is written.
        where: tells the step and what is being done.
        end: called with a line that names who hangs; it does not return.
        limit: seconds to wait; None: the environment's, else `USUAL`.
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
        """Beat from here on."""
        if self.world > 1:
            self._thread.start()

    def stop(self) -> None:
        """Beat no more, and take this process's file away."""
        self._done.set()
        if self.world > 1:
            self._thread.join(BEAT)
            with contextlib.suppress(OSError):
                self._file(self.rank).unlink()
                self._file(self.rank).parent.rmdir()  # the last one out

    def look(self, now: float) -> str | None:
        """Listen to the others once; what to say of one that hangs while this process waits."""
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
            f"process {rank} (pid {beat.get('pid')} on {beat.get('host')}) hangs: last heard "
            f"{now - other.heard:.0f} s ago, and {now - other.moved:.0f} s at step "
            f"{beat.get('step')} ({str(beat.get('phase')).lower()}); the others wait "
            f"{self.limit:.0f} s at most ({LIMIT}); {storage.last_good(self.run)}"
        )

    def _beat_on(self) -> None:
        while not self._done.is_set():
            self._write()
            if (said := self.look(time.monotonic())) and not self._done.is_set():
                self.end(said)
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
        with contextlib.suppress(OSError):  # a run's folder that is gone is not made again
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
    said = os.environ.get(LIMIT, "")
    try:
        seconds = float(said or USUAL)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < math.inf:
        raise UserError(f"{LIMIT} is {said!r}: give seconds above 0, such as {USUAL:.0f}")
    return seconds


def end_process(said: str) -> None:
    """Say why and end at once: the main thread waits in a library that nothing interrupts."""
    with contextlib.suppress(OSError):
        os.write(2, f"error: {said}\n".encode(errors="replace"))
    os._exit(1)
