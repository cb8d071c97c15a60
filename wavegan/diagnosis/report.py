"""Reports of a diagnosis: findings per file, and faults over all files."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from wavegan.artifacts.base import Finding
from wavegan.diagnosis.sound_causes import Kind

LINE = "tonal line"
SAME_LINE = 0.005
"""Tolerance of the frequency of one fault across files, as a share."""


@dataclass(frozen=True)
class Origin:
    """The wavegan command that made a file.

    Attributes:
        command: "generate", "vocode", ….
        facts: further metadata, such as model and seed.
    """

    command: str
    facts: Mapping[str, Any]

    def __str__(self) -> str:
        """The command and the facts in a line."""
        facts = ", ".join(f"{fact} {value}" for fact, value in self.facts.items())
        return f"wavegan {self.command}" + (f": {facts}" if facts else "")


@dataclass(frozen=True)
class FileReport:
    """The findings of a file.

    Attributes:
        name: path of the file, relative to the folder.
        seconds: length of the analysed part.
        sample_rate: Hz.
        channels: number of channels.
        findings: the findings.
        notes: remarks about the analysis.
        kind: "sound" or "vocoded", which decides the causes.
        origin: what made it, if its metadata has that.
    """

    name: str
    seconds: float
    sample_rate: int
    channels: int
    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()
    kind: Kind = "vocoded"
    origin: Origin | None = None

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "name": self.name,
            "seconds": self.seconds,
            "sample_rate": self.sample_rate,
            "channels": self.channels,
            "findings": [finding.to_dict() for finding in self.findings],
            "notes": list(self.notes),
            "kind": self.kind,
            "made_by": self.origin and {"command": self.origin.command, **self.origin.facts},
        }


@dataclass
class Fault:
    """A fault of several files of one kind: its strongest finding, and the files."""

    finding: Finding
    files: list[str]
    kind: Kind = "vocoded"

    @property
    def title(self) -> str:
        """The fault in a few words, with the frequency."""
        low, high = self.finding.low, self.finding.high
        if self.finding.artifact == "dc" or low is None or high is None:
            return self.finding.what
        if low == high:
            return f"{self.finding.what} at {low:.0f} Hz"
        return f"{self.finding.what}, {low:.0f} to {high:.0f} Hz"

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "title": self.title,
            "kind": self.kind,
            "strongest": self.finding.to_dict(),
            "files": self.files,
        }


@dataclass(frozen=True)
class FolderReport:
    """The findings of all files.

    Attributes:
        files: reports of the readable files.
        left_out: unreadable files with the reasons.
    """

    files: tuple[FileReport, ...]
    left_out: Mapping[str, str] = field(default_factory=dict)

    @property
    def faulty(self) -> bool:
        """Whether there is any finding that is not minor."""
        return any(not finding.minor for file in self.files for finding in file.findings)

    def kinds(self) -> list[Fault]:
        """Faults by kind and frequency over all files, the most frequent first."""
        kinds: list[Fault] = []
        for file in self.files:
            for finding in file.findings:
                _add(kinds, finding, file)
        return sorted(kinds, key=lambda kind: -len(kind.files))

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "files": [file.to_dict() for file in self.files],
            "kinds": [kind.to_dict() for kind in self.kinds()],
            "left_out": dict(self.left_out),
        }


def _add(faults: list[Fault], finding: Finding, file: FileReport) -> None:
    for fault in faults:
        if fault.kind == file.kind and is_same(fault.finding, finding):
            if file.name not in fault.files:
                fault.files.append(file.name)
            fault.finding = max(fault.finding, finding, key=lambda found: found.strength)
            return
    faults.append(Fault(finding, [file.name], file.kind))


def is_same(one: Finding, other: Finding) -> bool:
    """Whether findings of two files or detectors have the same kind and frequency."""
    if (one.artifact, one.what) != (other.artifact, other.what):
        return False
    if one.what not in (LINE, "metallic tone") or one.low is None or other.low is None:
        return True
    return abs(one.low - other.low) <= SAME_LINE * max(one.low, other.low)
