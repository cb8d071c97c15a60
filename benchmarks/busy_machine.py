"""Measure speed on a quiet and a busy machine, by how long OpenMP's threads spin.

    python benchmarks/busy_machine.py examples/speech
    python benchmarks/busy_machine.py examples/speech --work vocode bench --model runs/my-voice

Trains `tiny`, vocodes the folder and runs `wavegan bench` for several rounds with each setting,
alone and next to one busy process per core, and prints the speed of the slowest and fastest round:
steps per second, and seconds of audio per second. "Set by the command" is the plain command; the
others are set in the environment, "OpenMP's default" by loading torch first. `--json FILE` also
writes the figures. Without `--model` it is HiFi-GAN V3.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from families import model
from rich.console import Console
from rich.table import Table

from wavegan.audio import io
from wavegan.spinning import CHOSEN

WARM_UP = 3
"""Steps before the measurement."""
COMMAND = "from wavegan.cli import app; app()"
OWN = f"import torch; {COMMAND}"
Rows = dict[str, dict[str, list[float]]]
"""Speeds by setting, quiet and busy."""
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
    parser.add_argument("--work", nargs="+", choices=WORK, default=[*WORK])
    parser.add_argument("--model", type=Path, help="a vocoder")
    parser.add_argument("--seconds", type=float, default=20.0, help="length of each measurement")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--only", nargs="*", choices=SETTINGS, default=[*SETTINGS])
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    found: dict[str, Rows] = {}
    with tempfile.TemporaryDirectory() as folder:
        options.model = options.model or model("hifigan-v3", Path(folder))
        for work in options.work:
            found[work] = measured(work, options)
            show(work, found[work])
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def measured(work: str, options: argparse.Namespace) -> Rows:
    """Speeds of each setting, alone and next to others."""
    rows: Rows = {name: {"quiet": [], "busy": []} for name in options.only}
    for _ in range(options.rounds):
        for name in options.only:
            code, environment = SETTINGS[name]
            inherited = {key: value for key, value in os.environ.items() if key not in CHOSEN}
            given = code, {**inherited, **environment}
            rows[name]["quiet"].append(WORK[work][1](options, *given))
            with busy():
                rows[name]["busy"].append(WORK[work][1](options, *given))
    return rows


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


def training(options: argparse.Namespace, code: str, environment: dict[str, str]) -> float:
    """Start a training, measure its steps per second, and stop it."""
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        words = ["train", "tiny", str(options.data), "--out", str(run), "--quiet"]
        process = started(code, [*words, "training.log_every=1"], environment)
        try:
            wait(process, run, WARM_UP)
            start, first = time.monotonic(), steps(run)
            # slow settings may need longer for a single step
            while time.monotonic() < start + options.seconds or steps(run) == first:
                time.sleep(0.05)
            return (steps(run) - first) / (time.monotonic() - start)
        finally:
            process.kill()
            process.wait()


def vocoding(options: argparse.Namespace, code: str, environment: dict[str, str]) -> float:
    """Vocode the folder; seconds of audio per second after the first file is written."""
    with tempfile.TemporaryDirectory() as folder:
        words = ["vocode", str(options.data), "--model", str(options.model), "--out", folder]
        process = started(code, [*words, "--quiet"], environment)
        if process.wait():
            raise SystemExit(f"vocode exited with code {process.returncode}")
        files = sorted(Path(folder).rglob("*.wav"), key=lambda file: file.stat().st_mtime_ns)
        took = (files[-1].stat().st_mtime_ns - files[0].stat().st_mtime_ns) / 1e9
        return sum(seconds(file) for file in files[1:]) / took


def seconds(file: Path) -> float:
    """Length of an audio file."""
    info = io.probe(file)
    return info.frames / info.sample_rate


def benchmarking(options: argparse.Namespace, code: str, environment: dict[str, str]) -> float:
    """Seconds of audio per second that `bench` measures in float32 with all cores."""
    words = ["bench", str(options.model), "--precision", "float32", "--batch", "1"]
    words += ["--threads", str(os.cpu_count() or 1), "--seconds", "2", "--json", "-", "--quiet"]
    process = started(
        code, [*words, "--budget", str(options.seconds)], environment, stdout=subprocess.PIPE
    )
    output, _ = process.communicate()
    if process.returncode:
        raise SystemExit(f"bench exited with code {process.returncode}")
    return float(json.loads(output)["rows"][0]["times_real_time"])


def started(
    code: str, words: list[str], environment: dict[str, str], **streams: int
) -> "subprocess.Popen[bytes]":
    """Start a command in an environment."""
    return subprocess.Popen([sys.executable, "-c", code, *words], env=environment, **streams)


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


def show(work: str, rows: Rows) -> None:
    """Print the table."""
    table = Table(title=f"{work}: {WORK[work][0]}, {os.cpu_count()} cores")
    table.add_column("setting")
    for name in ("quiet", "busy", "busy / quiet"):
        table.add_column(name, justify="right")
    for setting, values in rows.items():
        cells = [f"{min(v):.1f} to {max(v):.1f}" for v in values.values()]
        share = statistics.median(values["busy"]) / statistics.median(values["quiet"])
        table.add_row(setting, *cells, f"{share:.0%}")
    Console(width=100).print(table)


WORK: dict[str, tuple[str, Callable[[argparse.Namespace, str, dict[str, str]], float]]] = {
    "train": ("steps per second of `tiny`", training),
    "vocode": ("seconds of audio per second", vocoding),
    "bench": ("seconds of audio per second", benchmarking),
}
"""Each command with its unit and how it is measured."""


if __name__ == "__main__":
    main()
