"""Measure training speed on a quiet and a busy machine, by how long OpenMP's threads spin.

    python benchmarks/busy_machine.py examples/speech

Trains `tiny` for several rounds with each setting, alone and next to one busy process per core, and
prints the steps per second of the slowest and fastest round. "Set by the command" is plain
`wavegan train`; the others are set in the environment, "OpenMP's default" by loading torch first.
`--json FILE` also writes the figures.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.table import Table

from wavegan.spinning import CHOSEN

WARM_UP = 3
"""Steps before the measurement."""
COMMAND = "from wavegan.cli import app; app()"
OWN = f"import torch; {COMMAND}"
SETTINGS: dict[str, tuple[str, dict[str, str]]] = {
    "OpenMP's default": (OWN, {}),
    "set by the command": (COMMAND, {}),
    "OMP_WAIT_POLICY=passive": (COMMAND, {"OMP_WAIT_POLICY": "passive"}),
    "GOMP_SPINCOUNT=1000": (COMMAND, {"GOMP_SPINCOUNT": "1000"}),
    "GOMP_SPINCOUNT=300000": (COMMAND, {"GOMP_SPINCOUNT": "300000"}),
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("data", type=Path, help="a folder of audio")
    parser.add_argument("--seconds", type=float, default=20.0, help="length of each measurement")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--only", nargs="*", choices=SETTINGS, default=[*SETTINGS])
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    rows: dict[str, dict[str, list[float]]] = {
        name: {"quiet": [], "busy": []} for name in options.only
    }
    for _ in range(options.rounds):
        for name in options.only:
            code, environment = SETTINGS[name]
            rows[name]["quiet"].append(speed(options.data, code, environment, options.seconds))
            with busy():
                rows[name]["busy"].append(speed(options.data, code, environment, options.seconds))
    show(rows)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


@contextmanager
def busy() -> Iterator[None]:
    """Run a busy process on every core."""
    others = [
        subprocess.Popen([sys.executable, "-c", "while True: pass"])
        for _ in range(os.cpu_count() or 1)
    ]
    try:
        yield
    finally:
        for process in others:
            process.kill()
            process.wait()


def speed(data: Path, code: str, environment: dict[str, str], seconds: float) -> float:
    """Start a training, measure its steps per second, and stop it."""
    inherited = {name: value for name, value in os.environ.items() if name not in CHOSEN}
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        words = ["train", "tiny", str(data), "--out", str(run), "--quiet", "training.log_every=1"]
        process = subprocess.Popen(
            [sys.executable, "-c", code, *words], env={**inherited, **environment}
        )
        try:
            wait(process, run, WARM_UP)
            start, first = time.monotonic(), steps(run)
            # slow settings may need longer for a single step
            while time.monotonic() < start + seconds or steps(run) == first:
                time.sleep(0.05)
            return (steps(run) - first) / (time.monotonic() - start)
        finally:
            process.kill()
            process.wait()


def wait(process: "subprocess.Popen[bytes]", run: Path, count: int) -> None:
    """Wait until this many steps are logged."""
    while steps(run) < count:
        if process.poll() is not None:
            raise SystemExit(f"the training exited with code {process.returncode}")
        time.sleep(0.05)


def steps(run: Path) -> int:
    """Number of steps that a run has logged."""
    try:
        return (run / "metrics.jsonl").read_text(encoding="utf-8").count('"kind": "train"')
    except FileNotFoundError:
        return 0


def show(rows: dict[str, dict[str, list[float]]]) -> None:
    """Print the table."""
    table = Table(title=f"steps per second of `tiny`, {os.cpu_count()} cores")
    table.add_column("setting")
    for name in ("quiet", "busy"):
        table.add_column(name, justify="right")
    for setting, values in rows.items():
        cells = [f"{min(v):.1f} to {max(v):.1f}" for v in values.values()]
        table.add_row(setting, *cells)
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
