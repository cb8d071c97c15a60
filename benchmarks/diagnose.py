"""Measure how often `wavegan diagnose` finds planted artifacts, and its findings in clean clips.

    python benchmarks/diagnose.py --planted speech/ --clean speech/ drums/ music/ --half 1

Artifacts are planted one at a time, at several levels, into clips of `--planted`; a clip of
`--clean` is a false alarm if anything is found in it. `--half 0` takes the 1st, 3rd, … file of each
folder, `--half 1` the others: thresholds were set on half 0. `--json FILE` also writes the figures.
"""

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from planted import PLANTS, Plant, Planted
from rich.console import Console
from rich.table import Table

from wavegan.artifacts.base import Finding
from wavegan.audio import io
from wavegan.data.scan import READABLE
from wavegan.diagnosis.diagnose import examine

SHORTEST = 1.2
"""Minimum seconds of a clip for planting."""
NEAR_SECONDS, NEAR_HERTZ, NEAR_SHARE = 0.1, 3.0, 0.03
"""Tolerances for the place of a finding: in time, in frequency, or as a share of it."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--planted", type=Path, nargs="+", default=[])
    parser.add_argument("--clean", type=Path, nargs="+", default=[])
    parser.add_argument("--half", type=int, choices=(0, 1), help="all files without it")
    parser.add_argument("--clips", type=int, default=10, help="of each folder of --planted")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    console = Console(width=150, highlight=False)
    result: dict[str, Any] = {"planted": [], "clean": []}
    if options.planted:
        clips = [clip for folder in options.planted for clip in _some(folder, options)]
        result["planted"] = [row(name, plant, n, clips) for name, plant, n in _all_levels()]
        _show(console, f"planted in {len(clips)} clips", result["planted"])
    if options.clean:
        result["clean"] = [alarms(folder, files(folder, options.half)) for folder in options.clean]
        _show(console, "findings in unmodified recordings", result["clean"])
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


def files(folder: Path, half: int | None) -> list[Path]:
    """Audio files below a folder, or every other one of them."""
    found = sorted(f for f in folder.rglob("*") if f.suffix.lower() in READABLE and f.is_file())
    return found if half is None else found[half::2]


def _some(folder: Path, options: argparse.Namespace) -> list[Path]:
    """Clips of a folder that are long enough and have no findings, evenly spread."""
    long = [f for f in files(folder, options.half) if SHORTEST <= io.probe(f).seconds <= 12]
    clean = []
    for file in long[:: max(len(long) // (2 * options.clips), 1)]:
        if len(clean) < options.clips and not _examined(*_mono(file)):
            clean.append(file)
    return clean


def _all_levels() -> list[tuple[str, Plant, float]]:
    return [(name, plant, level) for name, plant in PLANTS.items() for level in plant.levels]


def _mono(file: Path) -> tuple[np.ndarray[Any, np.dtype[np.float64]], int]:
    audio, rate = io.read(file)
    return audio[0].astype(np.float64), rate


def _examined(audio: np.ndarray[Any, Any], rate: int) -> list[Finding]:
    return examine(torch.from_numpy(np.atleast_2d(audio)).float(), rate)


def is_right(finding: Finding, plant: Plant, planted: Planted) -> bool:
    """Whether a finding has the name and the place of the planted artifact."""
    if (finding.artifact, finding.what) != (plant.artifact, plant.what):
        return False
    at_time = planted.start is None or abs(finding.start - planted.start) <= NEAR_SECONDS
    if planted.hertz is None or finding.low is None or finding.high is None:
        return at_time
    near = max(NEAR_HERTZ, NEAR_SHARE * planted.hertz)
    # compare the edge of a band limit, the middle of a hole
    hertz = finding.low if plant.what != "spectral hole" else (finding.low + finding.high) / 2
    return at_time and abs(hertz - planted.hertz) <= near


def row(name: str, plant: Plant, level: float, clips: Sequence[Path]) -> dict[str, Any]:
    """For an artifact at a level: in how many clips it is found, and other findings."""
    found, others = 0, Counter[str]()
    for file in clips:
        wave, rate = _mono(file)
        planted = plant.put(wave, rate, level)
        findings = _examined(planted.audio, rate)
        right = [finding for finding in findings if is_right(finding, plant, planted)]
        found += bool(right)
        others.update({finding.what for finding in findings if finding not in right})
    return {
        "planted": name,
        "level": f"{level:g} {plant.unit}",
        "found": f"{found}/{len(clips)}",
        "also named": _counts(others),
    }


def alarms(folder: Path, clips: Sequence[Path]) -> dict[str, Any]:
    """For a folder: in how many clips something is found, and what."""
    kinds, faulty, minor = Counter[str](), 0, 0
    for file in clips:
        audio, rate = io.read(file, mono=False)
        findings = examine(torch.from_numpy(audio), rate)
        faulty += any(not finding.minor for finding in findings)
        minor += bool(findings) and all(finding.minor for finding in findings)
        kinds.update({finding.what for finding in findings})
    share = f"{faulty / max(len(clips), 1):.1%}"
    return {
        "folder": folder.name,
        "clips": len(clips),
        "with faults": f"{faulty} ({share})",
        "minor only": minor,
        "kinds": _counts(kinds),
    }


def _counts(counter: Counter[str]) -> str:
    return ", ".join(f"{what} {count}" for what, count in counter.most_common()) or "-"


def _show(console: Console, title: str, rows: Sequence[dict[str, Any]]) -> None:
    table = Table(*rows[0], title=title)
    for values in rows:
        table.add_row(*(str(value) for value in values.values()))
    console.print(table)


if __name__ == "__main__":
    main()
