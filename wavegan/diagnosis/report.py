"""What was found in files, and what the files have in common."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from wavegan.artifacts.base import Finding
from wavegan.diagnosis.sound_causes import Kind

LINE = "tonal line"
SAME_LINE = 0.005
"""Share by which the frequency of one fault may differ from file to file."""


@dataclass(frozen=True)
class Origin:
    """Which command of ours made a file.

    Attributes:
        command: "generate", "vocode", ….
        facts: what else the file says of how it was made, such as its model and seed.
    """

    command: str
    facts: Mapping[str, Any]

    def __str__(self) -> str:
        """In a line."""
        said = ", ".join(f"{fact} {value}" for fact, value in self.facts.items())
        return f"wavegan {self.command}" + (f": {said}" if said else "")


@dataclass(frozen=True)
class FileReport:
    """What was found in a file.

    Attributes:
        name: the file, relative to the folder.
        seconds: its length, as far as it was looked at.
        sample_rate: Hz.
        channels: how many.
        findings: what was found.
        notes: what to know about how it was looked at.
        kind: "sound" or "vocoded": whose causes are told.
        origin: what made it, as far as its metadata says.
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
    """A fault that files of one kind share: its strongest finding, and the files."""

    finding: Finding
    files: list[str]
    kind: Kind = "vocoded"

    @property
    def title(self) -> str:
        """In a few words, with the frequency."""
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
    """All files.

    Attributes:
        files: those that could be read.
        left_out: those that could not, and why.
    """

    files: tuple[FileReport, ...]
    left_out: Mapping[str, str] = field(default_factory=dict)

    @property
    def faulty(self) -> bool:
        """Whether anything was found that is a fault."""
        return any(not finding.minor for file in self.files for finding in file.findings)

    def kinds(self) -> list[Fault]:
        """Findings of one kind and frequency over all files, the most frequent first."""
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
    """Whether findings of two files, or two detectors, are of one kind and frequency."""
    if (one.artifact, one.what) != (other.artifact, other.what):
        return False
    if one.what not in (LINE, "metallic tone") or one.low is None or other.low is None:
        return True
    return abs(one.low - other.low) <= SAME_LINE * max(one.low, other.low)
