"""Measure one clip of one system: read, align, compute metrics."""

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor

from wavegan.audio import io
from wavegan.audio.opening import shown
from wavegan.audio.silence import is_silent
from wavegan.counted import counted
from wavegan.errors import UserError
from wavegan.evaluation.alignment import Align, Aligned, align
from wavegan.evaluation.baselines import Baseline, Made
from wavegan.evaluation.levels import matching_gain
from wavegan.evaluation.longest import refuse_long
from wavegan.evaluation.selection import BEFORE_MATCHING, build_metric
from wavegan.metrics.base import Metric

Silent = Literal["", "estimate", "reference", "both"]
SILENT: Mapping[Silent, str] = {
    "estimate": "the estimate is silent",
    "reference": "the reference is silent",
    "both": "both clips are silent",
}
About = Literal["the estimate's file", "the reference's file", "the pair", "a metric"]
CANCELLED = 0.01
"""A mono mix below this share of the channels' peak (-40 dB): the channels cancel each other."""


@dataclass(frozen=True)
class Job:
    """A clip to measure.

    Attributes:
        name: of the clip.
        reference: its file.
        estimate: its file, or the name of the floor that is made of the reference.
    """

    name: str
    reference: Path
    estimate: Path | str


@dataclass(frozen=True)
class Note:
    """A line for the user about a clip, and what the line is about."""

    about: About
    text: str

    def __str__(self) -> str:
        return f"{self.about}: {self.text}" if self.about.endswith("file") else self.text


@dataclass(frozen=True)
class ClipScore:
    """The metrics of a clip, and how it was compared.

    Attributes:
        name: of the clip.
        values: by metric; NaN if undefined.
        notes: lines for the user.
        error: why nothing was measured, or "".
        seconds: length that was compared.
        sample_rate: of the reference, Hz.
        gain: of the estimate, or None.
        shift: seconds by which the estimate was moved forward.
        lag: seconds by which it is still late.
        cut: whether the longer clip was cut at its end.
        resampled: whether the estimate had another rate.
        mixed: whether both were mixed to mono.
        kilobits: bit rate of an encoded floor, kbit/s.
        silent: which of the two clips is silent.
    """

    name: str
    values: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()
    error: str = ""
    seconds: float = 0.0
    sample_rate: int = 0
    gain: float | None = None
    shift: float = 0.0
    lag: float = 0.0
    cut: bool = False
    resampled: bool = False
    mixed: bool = False
    kilobits: float | None = None
    silent: Silent = ""

    def to_dict(self) -> dict[str, Any]:
        """Return what goes into JSON: None for NaN."""
        values = {key: v if math.isfinite(v) else None for key, v in self.values.items()}
        extra = {"gain": self.gain} if self.gain is not None else {}
        shift = {"shift_seconds": self.shift} if self.shift else {}
        notes = [str(note) for note in self.notes]
        return {"name": shown(self.name), "values": values, "notes": notes} | extra | shift


@dataclass(frozen=True)
class _Read:
    estimate: Tensor
    reference: Tensor
    sample_rate: int
    notes: tuple[Note, ...] = ()
    resampled: bool = False
    mixed: bool = False
    kilobits: float | None = None
    made: bool = False


class Scorer:
    """Measures clips. Each process builds one and keeps it, as metrics take seconds to build.

    Args:
        metrics: keys or `package.module:Class`.
        baselines: by name.
        match_gain: give each estimate the level of its reference first (`levels`).
        how: how clips of different lengths are aligned (`alignment.align`).
    """

    def __init__(
        self,
        metrics: Sequence[str],
        baselines: Mapping[str, Baseline],
        match_gain: bool = False,
        how: Align = "auto",
    ) -> None:
        self._metrics = {key: build_metric(key) for key in metrics}
        self._baselines, self._match_gain, self._how = baselines, match_gain, how

    @torch.no_grad()
    def __call__(self, job: Job) -> ClipScore:
        """Measure one clip; problems with its files are in the result."""
        try:
            return self._measured(job.name, self._read(job))
        except (UserError, OSError) as error:
            return ClipScore(job.name, error=str(error))

    def _read(self, job: Job) -> _Read:
        said: list[Note] = []
        refuse_long(io.probe(job.reference))
        wave, rate = io.read(
            job.reference,
            mono=False,
            on_note=lambda note: said.append(Note("the reference's file", note)),
        )
        reference = _checked(torch.from_numpy(wave), job.reference)
        if isinstance(job.estimate, str):
            made: Made = self._baselines[job.estimate](reference, rate)
            notes = tuple(said)
            return _Read(made.audio, reference, rate, notes, kilobits=made.kilobits, made=True)
        info = io.probe(job.estimate)
        refuse_long(info, rate)
        own_rate = info.sample_rate
        wave, _ = io.read(
            job.estimate,
            sample_rate=rate,
            mono=False,
            on_note=lambda note: said.append(Note("the estimate's file", note)),
        )
        estimate = _checked(torch.from_numpy(wave), job.estimate)
        if own_rate != rate:
            said.append(Note("the pair", f"resampled from {own_rate} to {rate} Hz"))
        notes = tuple(said)
        if len(estimate) == len(reference):
            return _Read(estimate, reference, rate, notes, own_rate != rate)
        channels = f"{len(estimate)} channels against {len(reference)}: both mixed to mono"
        return _Read(
            _mixed(estimate, job.estimate),
            _mixed(reference, job.reference),
            rate,
            (*notes, Note("the pair", channels)),
            own_rate != rate,
            mixed=True,
        )

    def _measured(self, name: str, read: _Read) -> ClipScore:
        rate = read.sample_rate
        # a floor is in time with its reference
        pair = (
            Aligned(read.estimate, read.reference)
            if read.made
            else align(read.estimate, read.reference, rate, self._how)
        )
        fit = {
            key: metric
            for key, metric in self._metrics.items()
            if not pair.refused or metric.any_length or not metric.needs_reference
        }
        if not fit:
            raise UserError(pair.refused)
        gain = None
        matched = pair.estimate
        if self._match_gain:
            gain = matching_gain(pair.estimate, pair.reference)
            matched = pair.estimate * gain
        silent = _silence(pair)
        values = {}
        notes = [*read.notes, *(Note("the pair", text) for text in _said_of(pair, rate, silent))]
        for key, metric in self._metrics.items():
            estimate = pair.estimate if key in BEFORE_MATCHING else matched
            value, said = (
                _value(metric, estimate, pair.reference, rate) if key in fit else (math.nan, [])
            )
            values[key] = value
            notes += [Note("a metric", f"{key}: {text}") for text in said]
        return ClipScore(
            name,
            values,
            tuple(notes),
            seconds=pair.reference.shape[1] / rate,
            sample_rate=rate,
            gain=gain,
            shift=pair.shift / rate,
            lag=pair.lag,
            cut=pair.cut > 0 and not pair.shift,
            resampled=read.resampled,
            mixed=read.mixed,
            kilobits=read.kilobits,
            silent=silent,
        )


def _value(
    metric: Metric, estimate: Tensor, reference: Tensor, rate: int
) -> tuple[float, list[str]]:
    """The value of a metric and its warnings; NaN if it fails on this clip."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            value = float(metric(estimate, reference, rate))
        # packages of metrics raise anything, and one clip must not end a long run
        except Exception as error:
            return math.nan, [" ".join(f"{type(error).__name__}: {error}".split())]
    said = [" ".join(str(w.message).split()) for w in caught if _matters(w.category)]
    return value, list(dict.fromkeys(said))


def _matters(category: type[Warning]) -> bool:
    return not issubclass(category, DeprecationWarning | PendingDeprecationWarning | FutureWarning)


def _said_of(pair: Aligned, rate: int, silent: Silent) -> list[str]:
    notes = [pair.refused] if pair.refused else []
    if pair.shift:
        side = "late" if pair.shift > 0 else "early"
        notes.append(
            f"the estimate was {abs(pair.shift) / rate:.3f} s {side} and was shifted; both were "
            "cut to their overlap"
        )
    elif pair.cut:
        notes.append(
            f"{counted(pair.cut, 'sample')} at the end of the longer clip are not compared"
        )
    if silent:
        notes.append(SILENT[silent])
    if pair.lag:
        notes.append(f"the estimate is {abs(pair.lag):.3f} s {'late' if pair.lag > 0 else 'early'}")
    return notes


def _silence(pair: Aligned) -> Silent:
    """Which of the clips is silent, or "" if none is."""
    made, real = is_silent(pair.estimate), is_silent(pair.reference)
    if made and real:
        return "both"
    return "estimate" if made else "reference" if real else ""


def _checked(wave: Tensor, file: Path) -> Tensor:
    if not wave.shape[1]:
        raise UserError("it has no samples", at=shown(file))
    if not wave.isfinite().all():
        raise UserError("some of its samples are NaN or infinite", at=shown(file))
    return wave


def _mixed(wave: Tensor, file: Path) -> Tensor:
    """The mean of the channels; refuses channels that cancel each other."""
    mix = wave.mean(0, keepdim=True)
    if float(mix.abs().max()) < CANCELLED * float(wave.abs().max()):
        raise UserError(
            "its channels cancel each other when mixed to mono: give one channel", at=shown(file)
        )
    return mix
