"""Identify the process that holds a lock: its host, its number, and its start time."""

import json
import os
import socket
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path
from typing import Annotated

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

Text = Annotated[str, Field(max_length=1024)]


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Owner:
    """The process that holds a lock.

    Attributes:
        host: name of the host.
        boot: the host's boot id, or "" if unknown.
        pid: process number; it may be reused later.
        began: start time of the process in the host's ticks, or "" if unknown.
        time: when the lock was taken, UTC.
    """

    host: Text
    boot: Text
    pid: Annotated[int, Field(strict=True, ge=0, le=2**31)]
    began: Text
    time: Text

    @classmethod
    def here(cls) -> "Owner":
        """The current process, now."""
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        return cls(socket.gethostname(), _boot(), os.getpid(), _began(os.getpid()), now)

    @classmethod
    def from_json(cls, text: str) -> "Owner | None":
        """Parse the output of `to_json`; None if it is damaged."""
        try:
            return TypeAdapter(cls).validate_python(json.loads(text))
        except (ValidationError, ValueError, RecursionError):
            return None

    def to_json(self) -> str:
        """One line of JSON."""
        return json.dumps(asdict(self)) + "\n"

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host} (since {self.time})"

    def can_be_seen(self) -> bool:
        """Whether it is a process of this host, or of a container on it."""
        here = Owner.here()
        return self.host == here.host or bool(self.boot and self.boot == here.boot)

    def is_this_process(self) -> bool:
        """Whether it is this process."""
        here = Owner.here()
        return (self.boot, self.pid, self.began) == (here.boot, here.pid, here.began)

    def is_alive(self) -> bool | None:
        """Whether this process of this host still runs; None if unknown."""
        if self.boot != _boot():
            return False
        if not self.began:
            return None
        return _began(self.pid) == self.began


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def _began(pid: int) -> str:
    """Start time of a process in ticks since boot; "" if there is none, or no /proc."""
    try:
        # the name, in parentheses, may contain spaces; the state follows it
        fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in "ZX" else fields[19]
