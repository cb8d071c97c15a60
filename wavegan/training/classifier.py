"""Train a judge: a classifier of labelled sounds that scores sets of generated ones."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from wavegan import atomic, checksums
from wavegan.counted import counted
from wavegan.data import clips as reading
from wavegan.data.manifest import Clip, Manifest, Rejected, printable
from wavegan.data.scan import scan
from wavegan.data.split import split
from wavegan.embeddings.classifier import Classifier
from wavegan.errors import RunError, UserError
from wavegan.targets import check_folder
from wavegan.training.classifier_batch import batch, mask

if TYPE_CHECKING:
    from wavegan.training.log import Listener

FILES, HELD_OUT = ("config.json", "model.safetensors"), "held_out.txt"
HIGHEST_RATE = 22050
LONGEST = 10.0
"""Maximum of the default input length, seconds."""
BATCH, LEARNING_RATE, WARM_UP = 64, 2e-3, 0.1
VALIDATIONS = 20


@dataclass(frozen=True)
class Trained:
    """Result of training a judge.

    Attributes:
        accuracy: share of the held-out clips classified correctly, in [0, 1].
        step: the best step; the weights are from it.
        sample_rate: Hz.
        seconds: length of the input.
        labels: in the order of the logits.
        clips: number of training clips.
        held_out: number of held-out clips.
        left_out: files that were not used, with reasons.
    """

    accuracy: float
    step: int
    sample_rate: int
    seconds: float
    labels: tuple[str, ...]
    clips: int
    held_out: int
    left_out: tuple[Rejected, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return a dictionary for JSON."""
        left_out = [{**asdict(e), "path": printable(e.path)} for e in self.left_out]
        return {**asdict(self), "left_out": left_out}


@dataclass(frozen=True)
class _Data:
    """Clips in memory: training audio `(1, T)` by label, held-out audio `(N, 1, samples)`."""

    by_label: list[list[Tensor]]
    held_audio: Tensor
    held_label: Tensor
    held_paths: tuple[str, ...]


def train(
    folder: Path,
    out: Path,
    *,
    listener: "Listener",
    seconds: float | None = None,
    sample_rate: int | None = None,
    steps: int = 1000,
    validation: float | Path = 0.1,
    seed: int = 0,
    device: torch.device | None = None,
    force: bool = False,
) -> Trained:
    """Train a `Classifier` on a folder with one subfolder per label, and keep its best step.

    Cross-entropy, AdamW, one cycle of the learning rate; all labels are drawn equally often. Clips
    are augmented by shift, gain, noise and masks (SpecAugment, Park et al. 2019,
    arXiv:1904.08779). All clips are in memory. On a CPU the result depends only on the seed.

    Args:
        folder: labelled sounds.
        out: folder for `config.json`, `model.safetensors` and `held_out.txt` (the held-out clips);
            new or empty.
        listener: receives progress and notes.
        seconds: input length; None covers 95 % of the clips, up to 10 s.
        sample_rate: Hz; None is the most common one, up to 22050.
        steps: steps of 64 clips each.
        validation: held-out clips: a share, a number of files, or a list file (`data.split`).
        seed: 0 or more.
        device: None is the CPU.
        force: replace an existing judge.

    Raises:
        UserError: fewer than two labels, a field out of range, or `out` is in use.
        RunError: the loss is no longer finite.
    """
    check_folder(out, own=(*FILES, HELD_OUT, checksums.NAME), inputs=[folder], force=force)
    _check(seconds=seconds, sample_rate=sample_rate, steps=steps, seed=seed)
    manifest = _labelled(scan(folder))
    for line in manifest.passed_over:
        listener.note(line)
    parts = split(manifest, validation=validation, by_label=True, option="--validation")
    for line in parts.notes:
        listener.note(line)
    if not parts.validation:
        raise UserError(
            "--validation: no clip is held out, but the judge's best step is chosen on held-out "
            "clips: give each label 2 clips or more, and hold out some"
        )
    labels = sorted({clip.label for clip in parts.train})
    rate = sample_rate or _usual_rate(parts.train)
    samples = round((seconds or _usual_seconds(parts.train)) * rate)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        judge = Classifier(rate, labels, samples).to(device or torch.device("cpu"))
    left_out = list(manifest.rejected)
    data = _load(parts.train, parts.validation, manifest.root, judge, left_out)
    for entry in left_out:
        listener.note(f"left out: {printable(entry.path)}: {entry.reason}")
    clips = sum(map(len, data.by_label))
    listener.note(
        f"{counted(clips, 'training clip')} of {counted(len(labels), 'label')}, "
        f"{len(data.held_paths)} held out; input: the first {samples / rate:.2f} s at {rate} Hz"
    )
    accuracy, step = _fit(judge, data, steps, seed, listener)
    with atomic.folder(out) as temporary:
        judge.save(temporary)
        names = "".join(f"{path}\n" for path in data.held_paths)
        (temporary / HELD_OUT).write_text(names, encoding="utf-8", errors="surrogateescape")
    return Trained(
        accuracy, step, rate, samples / rate, tuple(labels), clips, len(data.held_paths),
        tuple(left_out),
    )  # fmt: skip


def _check(*, seconds: float | None, sample_rate: int | None, **counts: int) -> None:
    if seconds is not None and not 0.01 <= seconds <= 600:
        raise UserError(f"seconds is {seconds}: give 0.01 to 600")
    least = {"steps": 1, "seed": 0}
    for name, value in counts.items():
        if value < least[name]:
            raise UserError(f"{name} is {value}: give {least[name]} or more")
    if sample_rate is not None and sample_rate < 1000:
        raise UserError(f"sample_rate is {sample_rate}: give 1000 Hz or more")


def _labelled(manifest: Manifest) -> Manifest:
    """Leave out the clips that are in no subfolder; two labels must remain."""
    labels = set(manifest.labels) - {""}
    if len(labels) < 2:
        found = f"only {printable(min(labels))!r}" if labels else "no folders with audio"
        raise UserError(
            f"data folder {manifest.root}: a judge needs two labels or more, and found {found}: "
            "put the clips of each label into a folder named after it"
        )
    stray = [
        Rejected(c.path, "it is not in a label's folder") for c in manifest.clips if not c.label
    ]
    clips = tuple(clip for clip in manifest.clips if clip.label)
    return replace(manifest, clips=clips, rejected=(*manifest.rejected, *stray))


def _usual_rate(clips: Sequence[Clip]) -> int:
    rates = Counter(clip.sample_rate for clip in clips)
    return min(HIGHEST_RATE, max(rates, key=lambda rate: (rates[rate], rate)))


def _usual_seconds(clips: Sequence[Clip]) -> float:
    return min(LONGEST, float(np.quantile([clip.seconds for clip in clips], 0.95)))


def _load(
    train: Sequence[Clip],
    held: Sequence[Clip],
    root: Path,
    judge: Classifier,
    left_out: list[Rejected],
) -> _Data:
    """Read all clips; adds those that can no longer be read to `left_out`."""
    index = {label: number for number, label in enumerate(judge.labels)}
    by_label: list[list[Tensor]] = [[] for _ in index]
    for clip in train:
        longest = reading.length(clip, judge.sample_rate)
        if (audio := _read(clip, root, judge, longest, left_out)) is not None:
            by_label[index[clip.label]].append(audio)
    for label, clips in zip(judge.labels, by_label, strict=True):
        if not clips:
            raise UserError(
                f"data folder {root}: no clip of {label!r} can be read any more: restore its files"
            )
    audios, numbers, paths = [], [], []
    for clip in held:
        if clip.label not in index:
            left_out.append(Rejected(clip.path, "held out, but its label has no training clip"))
        elif (audio := _read(clip, root, judge, judge.samples, left_out)) is not None:
            audios.append(functional.pad(audio, (0, judge.samples - audio.shape[-1])))
            numbers.append(index[clip.label])
            paths.append(clip.path)
    if not paths:
        raise UserError(f"data folder {root}: no held-out clip is usable: hold out more")
    return _Data(by_label, torch.stack(audios), torch.tensor(numbers), tuple(paths))


def _read(
    clip: Clip, root: Path, judge: Classifier, frames: int, left_out: list[Rejected]
) -> Tensor | None:
    try:
        return reading.crop(clip, root, judge.sample_rate, start=0, frames=frames)
    except (UserError, OSError) as error:
        left_out.append(Rejected(clip.path, str(error)))
        return None


def _fit(
    judge: Classifier, data: _Data, steps: int, seed: int, listener: "Listener"
) -> tuple[float, int]:
    """Train, and load the weights of the best step; returns its (accuracy, step)."""
    device = next(judge.parameters()).device
    optimizer = torch.optim.AdamW(judge.parameters(), lr=LEARNING_RATE, weight_decay=0.01)
    best, best_step, kept = (-1.0, 0.0), 0, {}
    every = max(1, steps // VALIDATIONS)
    for step in range(1, steps + 1):
        random = np.random.default_rng([seed, step])
        optimizer.param_groups[0]["lr"] = LEARNING_RATE * _cycle(step / steps)
        audio, label = batch(data.by_label, judge.samples, BATCH, random)
        masked = mask(judge.train().spectrogram(audio.to(device)), random)
        loss = functional.cross_entropy(judge.guess(judge.embed(masked)), label.to(device))
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        if step % every and step != steps:
            continue
        if not math.isfinite(loss.item()):
            raise RunError(
                f"the loss is {loss.item()} at step {step}: check the clips for damage, or give "
                "another --seed"
            )
        accuracy, error = _validate(judge, data)
        found = (accuracy, -error)
        listener.validation(step, {"accuracy": accuracy, "loss": error}, found > best)
        if found > best:
            best, best_step = found, step
            kept = {key: value.clone() for key, value in judge.state_dict().items()}
    judge.load_state_dict(kept)
    return best[0], best_step


def _cycle(done: float) -> float:
    """Factor of the learning rate: linear warm-up, then cosine decay."""
    if done < WARM_UP:
        return done / WARM_UP
    return 0.5 + 0.5 * math.cos(math.pi * (done - WARM_UP) / (1 - WARM_UP))


@torch.no_grad()
def _validate(judge: Classifier, data: _Data) -> tuple[float, float]:
    """Accuracy and cross-entropy on the held-out clips."""
    device = next(judge.parameters()).device
    parts = [
        judge.eval().logits(part.to(device)).cpu() for part in torch.split(data.held_audio, BATCH)
    ]
    logits = torch.cat(parts)
    right = (logits.argmax(1) == data.held_label).double().mean()
    return float(right), float(functional.cross_entropy(logits, data.held_label))
