"""Random crops for training, each a pure function of a seed and its sample number."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.data import Dataset

from wavegan.audio.opening import shown
from wavegan.conditions import LABEL, MEL, Conditions
from wavegan.data import clips as reading
from wavegan.data.balance import Balanced
from wavegan.data.manifest import Clip, Rejected, printable
from wavegan.data.mels import Mels
from wavegan.errors import RunError, UserError, reason
from wavegan.random_streams import RunStream, of_run


@dataclass(frozen=True, slots=True)
class Item:
    """One crop.

    Attributes:
        audio: `(C, T)` float32.
        number: its global sample number.
        path: path of the clip, relative to the data folder.
        conditions: the index of the clip's label; the mel `(n_mels, L)` of exactly this crop if
            mels were given; and what a task adds.
        failed: files that were drawn before it and could not be read, with the reason.
        start: start of the crop in its file, in samples at the crops' rate.
    """

    audio: Tensor
    number: int
    path: str
    conditions: Conditions = field(default_factory=dict)
    failed: tuple[Rejected, ...] = ()
    start: int = 0


Conditioner = Callable[[Item], Conditions]
"""Makes additional conditions for a crop, in the process that reads it."""


class Segments(Dataset[Item]):
    """Crops of one length, drawn so that every second of audio is equally likely.

    A clip has one slot per (started) segment of its length. An epoch visits all slots once, in
    random order; the crop of a slot begins anywhere in its clip. Sample `n` is in epoch
    `n // len(self)` and depends only on the seed and `n`, not on the worker or process that reads
    it, nor on earlier reads. So a resumed run continues with the next number, and several processes
    read the same samples as one.

    Clips shorter than the segment are padded with zeros at the end, as in HiFi-GAN. A file that can
    no longer be read is replaced by the file of the next slot and named in `Item.failed`.

    If mels are given, a crop begins on a frame and includes its mel.

    `align="start"` is for sounds that need their attack: a crop begins at the start of its clip,
    and a clip has one slot. `balance=True` draws every label equally often.
    """

    def __init__(
        self,
        clips: Sequence[Clip],
        root: Path,
        *,
        sample_rate: int,
        segment: int,
        channels: int = 1,
        peak: float | None = None,
        seed: int = 0,
        labels: Sequence[str] | None = None,
        mels: Mels | None = None,
        balance: bool = False,
        align: Literal["random", "start"] = "random",
        conditioner: Conditioner | None = None,
    ) -> None:
        """Plan the slots; no file is opened.

        Args:
            clips: from the manifest.
            root: the folder their paths are relative to.
            sample_rate: of the crops, Hz; files at other rates are resampled.
            segment: length of a crop, samples.
            channels: channels of the crops.
            peak: scale each file to this peak (HiFi-GAN: 0.95), or None to keep its level.
            seed: 0 or more.
            labels: the labels in the order of their indices; default: the sorted labels of `clips`.
            mels: one for every clip; `segment` must then be a multiple of their hop length.
            balance: draw every label that has clips equally often; an epoch then has each slot of
                the label with the most slots once, and repeats the slots of other labels.
            align: where a crop begins in its clip: anywhere or at the first sample.
            conditioner: makes additional conditions for each crop; it is pickled for the workers.

        Raises:
            UserError: there are no clips, a number is out of range, or a clip's label is not in
                `labels`.
        """
        _check(clips, sample_rate=sample_rate, segment=segment, channels=channels, seed=seed)
        if peak is not None and not peak > 0:
            raise UserError(f"peak is {peak}: give a level above 0, such as 0.95, or null")
        self.clips = tuple(clips)
        self.root = root
        self.sample_rate = sample_rate
        self.segment = segment
        self.channels = channels
        self.peak = peak
        self.seed = seed
        self.mels = mels
        self.align = align
        self.conditioner = conditioner
        self.labels = tuple(labels) if labels is not None else _labels_of(clips)
        self._label_index = {label: index for index, label in enumerate(self.labels)}
        if unknown := set(_labels_of(clips)) - set(self.labels):
            raise UserError(
                f"labels: {printable(min(unknown))!r} is missing, but a clip has it: add it"
            )
        slots = [self._slots(clip) for clip in clips]
        self._ends: npt.NDArray[np.int64] = np.cumsum(slots)
        self._order: tuple[int, npt.NDArray[np.uint32]] | None = None
        indices = [self._label_index[clip.label] for clip in clips]
        self._balanced = Balanced(np.repeat(indices, slots), seed) if balance else None

    @property
    def slots(self) -> int:
        """How many crops fit into the clips without overlap."""
        return int(self._ends[-1])

    def __len__(self) -> int:
        """Return the number of samples in an epoch; without balancing: the number of slots."""
        return self.slots if self._balanced is None else len(self._balanced)

    def __getitem__(self, number: int) -> Item:
        """Return sample `number`; 0 or more, without an upper limit.

        Raises:
            RunError: none of the files can be read any more.
        """
        if number < 0:
            raise IndexError(f"sample number {number} is negative")
        place = self._place(number)
        failed: dict[str, Rejected] = {}
        for clip in self._candidates(number):
            if clip.path in failed:
                continue
            try:
                start, audio, mel = self._crop(clip, place)
            except (UserError, OSError) as error:
                failed[clip.path] = Rejected(clip.path, reason(error, shown(self.root / clip.path)))
                continue
            known = {LABEL: torch.tensor(self._label_index[clip.label])}
            if mel is not None:
                known[MEL] = mel
            begins = reading.offset(clip, self.sample_rate) + start
            item = Item(audio, number, clip.path, known, tuple(failed.values()), begins)
            if self.conditioner is None:
                return item
            return replace(item, conditions=known | dict(self.conditioner(item)))
        first = next(iter(failed.values()))
        raise RunError(
            f"none of the {len(failed)} training files under {self.root} can be read any more, for "
            f"example {printable(first.path)}: {first.reason}"
        )

    def _candidates(self, number: int) -> Iterator[Clip]:
        """Yield the clip of the sample's slot, then those of the slots after it."""
        drawn = (
            self._in_order(number) if self._balanced is None else self._balanced.candidates(number)
        )
        for slot in drawn:
            yield self.clips[int(np.searchsorted(self._ends, slot, side="right"))]

    def _in_order(self, number: int) -> Iterator[int]:
        """Yield the sample's slot in its epoch, then the following ones, cyclically."""
        epoch, place = divmod(number, len(self))
        order = self._order_of(epoch)
        for step in range(len(self)):
            yield int(order[(place + step) % len(self)])

    def _order_of(self, epoch: int) -> npt.NDArray[np.uint32]:
        """The order of the slots in an epoch; the last one is cached."""
        if self._order is None or self._order[0] != epoch:
            random = of_run(self.seed, RunStream.ORDER, epoch)
            self._order = epoch, random.permutation(np.arange(len(self), dtype=np.uint32))
        return self._order[1]

    def _slots(self, clip: Clip) -> int:
        """How many slots a clip has: one per started segment."""
        if self.align == "start":
            return 1
        return -(-clip.frames * self.sample_rate // (clip.sample_rate * self.segment))

    def _place(self, number: int) -> float:
        """The position of a sample in its clip, in [0, 1)."""
        if self.align == "start":
            return 0.0
        return float(of_run(self.seed, RunStream.OFFSET, number).random())

    def _crop(self, clip: Clip, place: float) -> tuple[int, Tensor, Tensor | None]:
        """Read a crop at position `place` in [0, 1).

        Returns:
            Its start in the clip, its audio `(C, segment)`, and its mel.
        """
        if self.mels is not None:
            first = reading.offset(clip, self.sample_rate)
            within = first, first + reading.length(clip, self.sample_rate)
            start, frames, mel = self.mels.crop(clip.path, self.segment, place, within)
            return start - first, self._audio(clip, start - first, frames), mel
        spare = max(0, reading.length(clip, self.sample_rate) - self.segment)
        start = int(place * (spare + 1))
        return start, self._audio(clip, start, self.segment), None

    def _audio(self, clip: Clip, start: int, frames: int) -> Tensor:
        """Read `frames` samples of a clip (fewer at its end) and pad them to the segment."""
        audio = reading.crop(
            clip,
            self.root,
            self.sample_rate,
            self.channels,
            self.peak,
            start=start,
            frames=frames,
        )
        return functional.pad(audio, (0, self.segment - audio.shape[-1]))


def _labels_of(clips: Sequence[Clip]) -> tuple[str, ...]:
    return tuple(sorted({clip.label for clip in clips}))


def _check(
    clips: Sequence[Clip], *, sample_rate: int, segment: int, channels: int, seed: int
) -> None:
    if not clips:
        raise UserError("clips: there are no clips to train on: give a folder with audio")
    least = {"sample_rate": (sample_rate, 1), "segment": (segment, 1), "channels": (channels, 1)}
    for name, (value, minimum) in {**least, "seed": (seed, 0)}.items():
        if value < minimum:
            raise UserError(f"{name} is {value}: give {minimum} or more")
