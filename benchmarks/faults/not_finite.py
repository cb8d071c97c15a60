"""NaN, infinity and 10^30 in clips, mels, losses, gradients and weights, in one or two processes.

    python benchmarks/faults/not_finite.py [FAULT ...] --processes 1 2

Each fault is a small separate run. It survived if only finite values were saved, and

- `clip`, `mel`: the file was named and not used, whether it broke before the run or during it;
- `loss`, `gradient`, `penalty`, `slope`: the steps with the clip at fault were skipped, their batch
  recorded, the clip named, counted in `metrics.jsonl` and reported by `wavegan status`;
- `weight`: the run went back to its checkpoint, which `status` reports, and reached its end;
- `always`: the run ended with exit code 1, a diagnosis and its last good checkpoint.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch
from trial import REPO, Training, ended, row, wait

from wavegan import bundle, recipe
from wavegan.mel.spectrogram import MelSpectrogram

BAD, RATE, LENGTH = "bad", 22050, 3000
STEPS = 40
WORDS = (
    "data.workers=0",
    f"training.steps={STEPS}",
    "training.checkpoint_every=4",
    "training.validate_every=12",
)
NUMBERS = {"NaN": "nan", "infinity": "inf", "-infinity": "-inf"}
WRONG = {"NaN": np.nan, "infinity": np.inf, "10^30": 1e30}


@dataclass(frozen=True)
class Fault:
    """A fault, and the check of its outcome.

    Attributes:
        check: returns what is wrong with the run, its exit code and its output.
        words: fields of the recipe.
        spoil: damages the folder of clips before the run.
        later: damages it during training.
    """

    check: Callable[[Training, int, str], str | None]
    words: tuple[str, ...] = ()
    spoil: Callable[[Path], None] = lambda _: None
    later: Callable[[Path], None] | None = None


def kept_out(training: Training, code: int, said: str) -> str | None:
    """The file is named, and no step is skipped for it."""
    if code or f"{BAD}." not in said:
        return f"not named, or exit code {code}: {said}"
    return "steps were left out" if lines(training.run, "skip") else None


def left_out(training: Training, code: int, said: str) -> str | None:
    """The steps with the clip at fault are skipped, and no others."""
    skips, reported = lines(training.run, "skip"), status(training.run)
    if code or not skips or f"{BAD}.wav" not in said:
        return f"exit code {code}, {len(skips)} steps left out: {said}"
    steps = [skip["step"] for skip in skips]
    for number, skip in enumerate(skips, 1):
        batch = json.loads((training.run / skip["file"]).read_text())["clips"]
        marked = [clip for clip in batch if clip["path"] == f"{BAD}.wav"]
        long = set(range(skip["step"] - 3, skip["step"])) <= set(steps)  # tried no more
        named = [] if long else [f"{BAD}.wav"]
        if skip["guilty"] != named or skip["total"] != number or not marked:
            return f"written down: {skip}"
    counted = "1 step was" if len(skips) == 1 else f"{len(skips)} steps were"
    if f"{counted} skipped" not in reported or f"check {BAD}.wav" not in reported:
        return f"status: {reported}"
    return None


def went_back(training: Training, code: int, said: str) -> str | None:
    """The run goes back to its checkpoint, and reaches its end."""
    reported = status(training.run)
    if code or len(lines(training.run, "return")) != 1 or "back to" not in said:
        return f"exit code {code}: {said}"
    return None if "returned to a checkpoint once" in reported else f"status: {reported}"


def diagnosed(training: Training, code: int, said: str) -> str | None:
    """The run ends and says what to do."""
    errors = [line for line in said.splitlines() if line.startswith("error: ")]
    good = f"the last good checkpoint is {training.run}"
    whole = code == 1 and len(errors) == 1 and good in errors[0] and "training.optim" in errors[0]
    return None if whole else f"exit code {code}: {said}"


def clip(value: float) -> Callable[[Path], None]:
    """Set samples of a clip to a value."""

    def spoil(folder: Path) -> None:
        wave, _ = soundfile.read(folder / f"{BAD}.wav", dtype="float32")
        wave[LENGTH // 2 :: 7] = value
        aside = folder / "new.part"
        soundfile.write(aside, wave, RATE, subtype="FLOAT", format="WAV")
        aside.replace(folder / f"{BAD}.wav")

    return spoil


def mel(value: float) -> Callable[[Path], None]:
    """Set a value of a clip's mel."""

    def spoil(folder: Path) -> None:
        file = folder.parent / "mels" / f"{BAD}.npy"
        values = np.load(file)
        values[3, 5] = value
        aside = file.with_suffix(".part")
        with aside.open("wb") as stream:
            np.save(stream, values)
        aside.replace(file)

    return spoil


def faults(folder: Path) -> dict[str, Fault]:
    """All faults by name."""
    mels = (f"data.mels={folder / 'mels'}",)
    found = {}
    for name, value in WRONG.items():
        found[f"clip {name}"] = Fault(kept_out, spoil=clip(value))
        found[f"clip {name}, since"] = Fault(kept_out, later=clip(value))
        found[f"mel {name}"] = Fault(kept_out, mels, spoil=mel(value))
        found[f"mel {name}, since"] = Fault(kept_out, mels, later=mel(value))
    for name, number in NUMBERS.items():
        loss = f"number: '{number}'}}"
        for what, way in (("loss", "value"), ("gradient", "slope")):
            own = (f"losses.own={{weight: 1, name: 'spoil:Loss', way: {way}, {loss}",)
            found[f"{what} of G {name}"] = Fault(left_out, own)
            own = (f"penalties.own={{weight: 1, name: 'spoil:Penalty', way: {way}, {loss}",)
            found[f"{what} of D {name}"] = Fault(left_out, own)
        own = (f"losses.own={{weight: 1, name: 'spoil:Loss', way: weight, {loss}",)
        found[f"weight of G {name}"] = Fault(went_back, own)
        own = (f"penalties.own={{weight: 1, name: 'spoil:Penalty', way: weight, {loss}",)
        found[f"weight of D {name}"] = Fault(went_back, own)
    own = ("losses.own={weight: 1, name: 'spoil:Loss', way: always}",)
    found["loss of G always NaN"] = Fault(diagnosed, own)
    own = ("penalties.own={weight: 1, name: 'spoil:Penalty', way: always}",)
    found["loss of D always NaN"] = Fault(diagnosed, own)
    return found


def main() -> None:
    """Try each with one process and with two, and print rows."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("faults", nargs="*", metavar="FAULT", help="the beginning of a name")
    parser.add_argument("--processes", type=int, nargs="*", default=[1, 2])
    given = parser.parse_args()
    chosen = tuple(given.faults)
    for processes in given.processes:
        failures, tried = [], 0
        for name in faults(Path()):
            if chosen and not name.startswith(chosen):
                continue
            tried += 1
            with tempfile.TemporaryDirectory() as folder:
                fault = faults(Path(folder))[name]
                failure = attempt(fault, Path(folder), processes)
                reported = "failed" if failure else "right"
                print(f"  {name}: {reported}", file=sys.stderr, flush=True)
                if failure:
                    failures.append(f"{name}: {failure}")
        many = "one process" if processes == 1 else "two processes"
        row(f"NaN, infinity, 10^30, {many}", tried, tried - len(failures), failures)


def attempt(fault: Fault, folder: Path, processes: int) -> str | None:
    """Make clips, spoil them, train; returns what went wrong."""
    data = folder / "clips"
    make(data)
    fault.spoil(data)
    held = f"data.validation={folder / 'held.txt'}"
    (folder / "held.txt").write_text("good0.wav\n")
    training = Training(
        folder / "run",
        (*WORDS, held, *fault.words),
        options=("--processes", str(processes)) if processes > 1 else (),
        data=data,
        environment={"PYTHONPATH": os.pathsep.join((str(REPO), str(Path(__file__).parent)))},
    )
    process = training.start()
    if fault.later:
        wait(process, lambda: training.steps() > 2)
        fault.later(data)
    said = ended(process)
    if said is None:
        return "hung"
    if "Traceback" in said:
        return said
    if strange := not_finite(training.run):
        return f"saved: {strange}"
    return fault.check(training, process.returncode, said)


def make(folder: Path) -> None:
    """Sixteen clips, each one or two crops long, one of positive mean; and their mels."""
    folder.mkdir()
    (folder.parent / "mels").mkdir()
    random = np.random.default_rng(0)
    front_end = MelSpectrogram(recipe.load(str(REPO / "tests" / "small.yaml"), []).front_end())
    for number in range(16):
        name = BAD if number == 5 else f"good{number}"
        wave = (0.3 * random.standard_normal(LENGTH).clip(-3, 3)).astype(np.float32)
        wave = wave / 4 + 0.6 if name == BAD else wave
        soundfile.write(folder / f"{name}.wav", wave, RATE, subtype="FLOAT")
        values = front_end(torch.from_numpy(wave)[None])[0].numpy()
        np.save(folder.parent / "mels" / f"{name}.npy", values)


def lines(run: Path, kind: str) -> list[dict[str, Any]]:
    """The logged lines of a kind."""
    found = map(json.loads, (run / "metrics.jsonl").read_text().splitlines())
    return [line for line in found if line["kind"] == kind]


def status(run: Path) -> str:
    """The output of `wavegan status` on one line."""
    command = [sys.executable, "-m", "wavegan", "status", str(run)]
    reported = subprocess.run(command, cwd=REPO, capture_output=True, text=True, check=False)
    return " ".join((reported.stdout + reported.stderr).split())


def not_finite(run: Path) -> list[str]:
    """The files of checkpoints with values that are not finite."""

    def finite(value: Any) -> bool:
        if isinstance(value, torch.Tensor):
            return not value.is_floating_point() or bool(value.isfinite().all())
        parts = value.values() if isinstance(value, dict) else value
        return all(map(finite, parts)) if isinstance(value, dict | list | tuple) else True

    states = {file: torch.load(file, weights_only=True) for file in run.rglob("*.pt")}
    weights = {file: bundle.read_weights(file) for file in run.rglob("*.safetensors")}
    return [str(file) for file, held in (states | weights).items() if not finite(held)]


if __name__ == "__main__":
    main()
