"""Compute each trained metric and its cost, for several systems' copies of the same clips.

    python benchmarks/trained_metrics.py vocoder-demo/ljspeech

Each subfolder is a system; one of them has the recordings (`--reference`). Clips are
paired by name, cut to one length and matched in level (RMS) to the recording. Prints the mean of
each metric over the clips, and its processor seconds for 5 s of audio once it is loaded;
`--json FILE` also writes them.
"""

import argparse
import json
import math
import os
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import fmean, median

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor

from wavegan.audio import io
from wavegan.errors import UserError
from wavegan.evaluation.levels import matching_gain
from wavegan.machine import machine
from wavegan.metrics.base import Metric
from wavegan.plugins import find

WANTED: tuple[tuple[str, dict[str, str]], ...] = (
    ("pesq_wb", {}),
    ("stoi", {}),
    ("visqol", {}),
    ("visqol", {"mode": "audio"}),
    ("zimtohrli", {}),
    ("distillmos", {}),
    ("plcmos", {}),
    ("dnsmos", {}),
    ("speaker", {}),
    ("words", {}),
)
SECONDS = 5

Clip = tuple[Tensor, Tensor, int]
"""An estimate, its reference and their rate."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("folder", type=Path, help="folder of systems' folders")
    parser.add_argument("--reference", default="ground-truth", help="the recordings' folder")
    parser.add_argument("--system", action="append", help="only this one; may be repeated")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    found = sorted(path.name for path in options.folder.iterdir() if path.is_dir())
    names = [options.reference, *(options.system or (n for n in found if n != options.reference))]
    systems = {
        name: read(options.folder / name, options.folder / options.reference) for name in names
    }
    scores: dict[str, dict[str, float]] = {name: {} for name in names}
    costs: dict[str, float] = {}
    for metric in available():
        for name, clips in systems.items():
            values = [metric(*clip) for clip in clips]
            scores[name][metric.label] = fmean(filter(math.isfinite, values))
        costs[metric.label] = cost(metric, systems[options.reference])
    show(scores, costs)
    if options.json:
        result = {"scores": scores, "processor_seconds_per_5_s": costs, "machine": machine()}
        options.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


def available() -> list[Metric]:
    """The metrics whose packages are installed; prints which are not."""
    found = []
    for name, options in WANTED:
        try:
            found.append(find("metrics", name)(**options))
        except UserError as error:
            Console(stderr=True).print(str(error), markup=False)
    return found


def read(folder: Path, reference: Path) -> list[Clip]:
    """Pairs of a system's clips with their recordings."""
    clips = []
    for file in sorted(folder.iterdir()):
        if not (reference / file.name).is_file():
            continue
        recording, rate = io.read(reference / file.name)
        wanted = torch.from_numpy(recording)
        made = torch.from_numpy(io.read(file, sample_rate=rate)[0])
        length = min(made.shape[1], wanted.shape[1])
        made, wanted = made[:, :length], wanted[:, :length]
        clips.append((made * matching_gain(made, wanted), wanted, rate))
    return clips


def cost(metric: Metric, clips: list[Clip]) -> float:
    """Processor seconds for 5 s of audio: the median over clips."""
    taken = []
    for made, wanted, rate in clips:
        samples = SECONDS * rate
        # a small offset, because the result for identical clips would be cached
        start = time.process_time()
        metric(made[:, :samples], wanted[:, :samples] + 1e-4, rate)
        taken.append(time.process_time() - start)
    return median(taken)


def show(scores: Mapping[str, Mapping[str, float]], costs: Mapping[str, float]) -> None:
    """Print the tables."""
    table = Table(title=f"means; last row: processor seconds for {SECONDS} s of audio")
    table.add_column("system")
    for label in costs:
        table.add_column(label, justify="right")
    for name, values in scores.items():
        table.add_row(name, *(f"{value:.3f}" for value in values.values()))
    table.add_section()
    table.add_row("s for 5 s", *(f"{value:.2f}" for value in costs.values()))
    console = Console(width=150)
    console.print(table)
    console.print(f"{machine()['processor']}, {os.cpu_count()} cores, one used")


if __name__ == "__main__":
    main()
