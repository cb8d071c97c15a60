"""Compare the output of every golden checkpoint with that of its own project.

    python benchmarks/golden.py

Opens each folder of `$WAVEGAN_SHARED/golden` (default ../shared) with `Vocoder.from_pretrained`.
Prints the largest absolute error of the waveform relative to its peak, and of the log-mel of the
source recording. `--json FILE` also writes the figures.
"""

import argparse
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from wavegan import Vocoder

SHARED = Path(os.environ.get("WAVEGAN_SHARED", Path(__file__).parents[2] / "shared"))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("folder", type=Path, nargs="?", default=SHARED / "golden")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    folders = sorted(file.parent for file in options.folder.glob("*/expected.npz"))
    rows = {folder.name: compare(folder) for folder in folders}
    show(rows)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


def compare(folder: Path) -> dict[str, Any]:
    """The model's name and rate, and its errors against `expected.npz`."""
    vocoder = Vocoder.from_pretrained(folder)
    expected = np.load(folder / "expected.npz")
    made = vocoder(expected["mel"], noise=expected.get("noise")).numpy()
    wave = expected["wave"]
    row = {
        "generator": type(vocoder.generator).__name__,
        "sample_rate": vocoder.sample_rate,
        "samples": made.shape == wave.shape,
        "wave error / peak": float(np.abs(made - wave).max() / np.abs(wave).max()),
        "log-mel error": None,
    }
    if "source_mel" in expected:
        mel = vocoder.mel(torch.from_numpy(expected["source_wave"])).numpy()
        row["log-mel error"] = float(np.abs(mel - expected["source_mel"]).max())
    return row


def show(rows: dict[str, dict[str, Any]]) -> None:
    """Print the table."""
    table = Table(title="against the output of their own projects")
    table.add_column("checkpoint")
    for name in next(iter(rows.values())):
        table.add_column(name, justify="right")
    for checkpoint, values in rows.items():
        table.add_row(checkpoint, *map(shown, values.values()))
    Console(width=120).print(table)


def shown(value: object) -> str:
    """One cell."""
    if isinstance(value, bool):
        return "equal" if value else "DIFFER"
    return "-" if value is None else f"{value:.1e}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main()
