"""A small training to be hit by faults, for the scripts beside this file."""

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
"""Seconds after which a process that did not end is said to hang: busy machines have slow ones."""
COMPARED = ("*.safetensors", "*.pt")


@dataclass
class Training:
    """A run that is trained by the real command, in a process group of its own.

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
        """Begin, or go on."""
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
        """Go on to the end, undisturbed; returns what was said."""
        process = self.start()
        said = ended(process)
        if said is None or process.returncode:
            raise RuntimeError(f"{self.run} ended with code {process.returncode}: {said or 'hung'}")
        return said

    def steps(self) -> int:
        """How many windows of steps were measured so far."""
        try:
            return (self.run / "metrics.jsonl").read_text().count('"kind": "train"')
        except FileNotFoundError:
            return 0

    def saving(self) -> bool:
        """Whether a checkpoint is being written at this moment."""
        return any((self.run / "checkpoints").glob(".*.part-*"))

    def validating(self) -> bool:
        """Whether previews were written of which no checkpoint is there yet."""
        done = {entry.name for entry in (self.run / "checkpoints").glob("0*")}
        return any(entry.name not in done for entry in (self.run / "samples").glob("0*"))

    def result(self) -> tuple[str, list[str]]:
        """A hash of all that the checkpoints hold, and what was measured, times left out."""
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
    """What a file holds, for comparing: of torch's own, its values, as its layout may differ."""
    if file.suffix != ".pt":
        return file.read_bytes()
    state = torch.load(file, map_location="cpu", weights_only=True)
    return repr(plain(state)).encode()


def plain(state: object) -> object:
    """Nested values without tensors: those as a hash of their bytes."""
    if isinstance(state, torch.Tensor):
        return str(state.dtype), hashlib.sha256(state.numpy().tobytes()).hexdigest()
    if isinstance(state, dict):
        return sorted((str(key), plain(value)) for key, value in state.items())
    if isinstance(state, list | tuple):
        return [plain(value) for value in state]
    return state


def wait(process: "subprocess.Popen[str]", condition: Callable[[], bool]) -> bool:
    """Wait until a condition holds; False: the process ended before, or it took too long."""
    end = time.monotonic() + PATIENCE
    while not condition():
        if process.poll() is not None or time.monotonic() > end:
            return False
        time.sleep(0.001)
    return True


def ended(process: "subprocess.Popen[str]") -> str | None:
    """What a process said by its end; None: it hung, and was killed with its group."""
    try:
        return process.communicate(timeout=PATIENCE)[1]
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return None


def alive(group: int) -> bool:
    """Whether anything of a process group lives, a few seconds after it should have ended."""
    for _ in range(100):
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return False
        time.sleep(0.1)
    return True


def moment(training: Training, kind: str, dice: random.Random) -> Callable[[], bool]:
    """A condition that holds at a moment of a kind: in a step, while saving, while validating."""
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
