"""A small training run for fault injection, used by the scripts in this folder."""

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch

REPO = Path(__file__).resolve().parents[2]
RECIPE, SPEECH = REPO / "tests" / "small.yaml", REPO / "examples" / "speech"
PATIENCE = 1800.0
"""Seconds after which a process that has not ended counts as hanging; long, for busy machines."""
COMPARED = ("*.safetensors", "*.pt")


@dataclass
class Training:
    """A run that the real command trains, in a separate process group.

    Attributes:
        run: its folder.
        words: fields of the recipe.
        options: further options of the command.
        data: the folder of audio.
        environment: further variables.
    """

    run: Path
    words: Sequence[str] = ()
    options: Sequence[str] = ()
    data: Path = SPEECH
    environment: Mapping[str, str] = field(default_factory=dict)

    def start(self) -> "subprocess.Popen[str]":
        """Start or resume."""
        command = [sys.executable, "-m", "wavegan", "train", str(RECIPE), str(self.data)]
        return subprocess.Popen(
            [*command, "--out", str(self.run), "--device", "cpu", *self.options, *self.words],
            cwd=REPO,
            env={
                **os.environ,
                "OMP_NUM_THREADS": "1",
                "PYTHONPATH": str(REPO),
                **self.environment,
            },
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def finish(self) -> str:
        """Train to the end without a fault; returns the output."""
        process = self.start()
        said = ended(process)
        if said is None or process.returncode:
            raise RuntimeError(f"{self.run} ended with code {process.returncode}: {said or 'hung'}")
        return said

    def steps(self) -> int:
        """Number of windows logged so far."""
        try:
            return (self.run / "metrics.jsonl").read_text().count('"kind": "train"')
        except FileNotFoundError:
            return 0

    def saving(self) -> bool:
        """Whether a checkpoint is being written at this moment."""
        return any((self.run / "checkpoints").glob(".*.part-*"))

    def validating(self) -> bool:
        """Whether there are previews of a step without a checkpoint yet."""
        done = {entry.name for entry in (self.run / "checkpoints").glob("0*")}
        return any(entry.name not in done for entry in (self.run / "samples").glob("0*"))

    def result(self) -> tuple[str, list[str]]:
        """A hash of the content of all checkpoints, and the logged metrics without times."""
        digest = hashlib.sha256()
        files = [file for kind in COMPARED for file in self.run.rglob(kind)]
        for file in sorted([*files, *self.run.glob("checkpoints/best.json")]):
            digest.update(str(file.relative_to(self.run)).encode() + content(file))
        lines = map(json.loads, (self.run / "metrics.jsonl").read_text().splitlines())
        measured = [
            {key: value for key, value in line.items() if not key.startswith("speed/")}
            for line in lines
            if line["kind"] != "start"
        ]
        return digest.hexdigest(), [json.dumps(line) for line in measured]


def content(file: Path) -> bytes:
    """A file's content for comparison; of torch's files the values, as their layout may differ."""
    if file.suffix != ".pt":
        return file.read_bytes()
    state = torch.load(file, map_location="cpu", weights_only=True)
    return repr(plain(state)).encode()


def plain(state: object) -> object:
    """Nested values with each tensor replaced by a hash of its bytes."""
    if isinstance(state, torch.Tensor):
        return str(state.dtype), hashlib.sha256(state.numpy().tobytes()).hexdigest()
    if isinstance(state, dict):
        return sorted((str(key), plain(value)) for key, value in state.items())
    if isinstance(state, list | tuple):
        return [plain(value) for value in state]
    return state


def wait(process: "subprocess.Popen[str]", condition: Callable[[], bool]) -> bool:
    """Wait for a condition; False: the process ended first, or it took too long."""
    end = time.monotonic() + PATIENCE
    while not condition():
        if process.poll() is not None or time.monotonic() > end:
            return False
        time.sleep(0.001)
    return True


def ended(process: "subprocess.Popen[str]") -> str | None:
    """The output of a process at its end; None: it hung, and was killed with its group."""
    try:
        return process.communicate(timeout=PATIENCE)[1]
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return None


def alive(group: int) -> bool:
    """Whether a process of the group still runs, some seconds after it should have ended."""
    for _ in range(100):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return False
        time.sleep(0.1)
    return True


def moment(training: Training, kind: str, dice: random.Random) -> Callable[[], bool]:
    """The condition for a kind of moment: in a step, while saving, while validating."""
    if kind == "saving":
        return training.saving
    if kind == "validating":
        return training.validating
    start = training.steps()
    until = start + dice.randint(1, 5)
    return lambda: training.steps() >= until


def row(fault: str, tried: int, survived: int, failures: Sequence[str]) -> None:
    """Print a row of the table in docs/reliability.md, and below it what went wrong."""
    print(f"| {fault} | {tried} | {survived} |")
    for failure in failures:
        print(f"  {failure}")
