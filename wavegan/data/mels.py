"""Pair mels of a TTS model with their audio by name, and read crops of them."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

import numpy as np
import torch
from torch import Tensor

from wavegan.audio.opening import shown
from wavegan.counted import counted
from wavegan.data import clips as reading
from wavegan.data import mel_names
from wavegan.data.manifest import Clip, Manifest, Rejected, printable
from wavegan.errors import UserError, reason
from wavegan.mel import mel_file
from wavegan.mel.front_end import Mel
from wavegan.mel.layout import Orientation
from wavegan.mel.spectrogram import MelSpectrogram
from wavegan.mel.value_range import limits

TOLERANCE = 1
"""Largest difference in frames between a mel and its audio: "center" framing gives one more than
"same", and acoustic models that make two frames at a time round."""
TOO_LOUD = 0.99
"""Gain below which a clip gets a notice: it was scaled down to full scale, its mel was not."""
BEYOND = 1000
"""How many times the range of its front-end a value may reach: `mel_fit` reports another scale, but
values such as 1e30 are refused."""
READERS = 8
SHOWN = 3


@dataclass(frozen=True, slots=True)
class PairedMel:
    """The mel of one clip.

    Attributes:
        path: relative to the folder of mels.
        found: frames in the file.
        expected: frames that the front-end makes from the audio.
        orientation: axis order in the file.
    """

    path: str
    found: int
    expected: int
    orientation: Orientation

    @property
    def frames(self) -> int:
        """How many frames are used: the longer of mel and audio is cut."""
        return min(self.found, self.expected)


@dataclass(frozen=True, slots=True)
class Mels:
    """The mels of a manifest's clips.

    Attributes:
        root: their folder.
        mel: their front-end.
        of: paired mels by path of the clip.
        orphans: paths of mels without audio.
        silence: `(n_mels, 1)`, the front-end's mel of silence.
        told_apart: mels by path of their clip, if the mel's name has additional words.
    """

    root: Path
    mel: Mel
    of: Mapping[str, PairedMel]
    orphans: tuple[str, ...]
    silence: Tensor
    told_apart: Mapping[str, str] = field(default_factory=dict)

    @property
    def uneven(self) -> int:
        """How many mels are a frame longer or shorter than their audio."""
        return sum(paired.found != paired.expected for paired in self.of.values())

    @property
    def turned(self) -> int:
        """How many mels are stored as (frames, n_mels)."""
        return sum(paired.orientation.turned for paired in self.of.values())

    @property
    def unclear(self) -> list[PairedMel]:
        """Mels with as many frames as bands whose axis order was guessed."""
        return [paired for paired in self.of.values() if paired.orientation.doubt]

    def crop(
        self, path: str, segment: int, place: float, within: tuple[int, int] | None = None
    ) -> tuple[int, int, Tensor]:
        """Choose a crop of a clip that begins on a frame, and read its mel.

        Args:
            path: path of the clip.
            segment: length of the crop in samples, a multiple of the hop length.
            place: position of the crop, in [0, 1).
            within: first sample, and sample after the last, of the allowed range; None: all.

        Returns:
            The first sample, how many samples have a mel (`segment`, or fewer if the clip is
            shorter), and the mel `(n_mels, mel.frames(segment))`, silent after its end. Frame `i`
            belongs to sample `i * hop_length` of the crop.

        Raises:
            UserError: the file has changed.
        """
        hop, wanted = self.mel.hop_length, self.mel.frames(segment)
        first, frames = 0, self.of[path].frames
        if within is not None:
            first = self.on_frame(within[0]) // hop
            frames = max(0, min(frames, self.mel.frames(within[1])) - first)
        start = first + int(place * (max(0, frames - wanted) + 1))
        part = self._read(path, start, min(wanted, frames))
        missing = self.silence.expand(-1, wanted - part.shape[-1])
        return start * hop, min(segment, frames * hop), torch.cat([part, missing], dim=-1)

    def first(self, path: str, samples: int, start: int = 0) -> Tensor:
        """Read the mel `(n_mels, L)` of `samples` samples of a clip; `start` is on a frame."""
        skipped = start // self.mel.hop_length
        frames = min(self.of[path].frames - skipped, self.mel.frames(samples))
        return self._read(path, skipped, frames)

    def on_frame(self, sample: int) -> int:
        """The first sample on a frame that is not before `sample`."""
        return -(-sample // self.mel.hop_length) * self.mel.hop_length

    def _read(self, path: str, start: int, frames: int) -> Tensor:
        file = self.root / self.of[path].path
        part = mel_file.read(file, self.mel.n_mels, self.mel.layout, start=start, frames=frames)
        # the comparison is also false for NaN
        if part.shape[-1] < frames or not bool((part.abs() <= largest(self.mel)).all()):
            raise UserError("this mel has changed during training: start again", at=shown(file))
        return part


def pair(manifest: Manifest, folder: Path, mel: Mel) -> tuple[Manifest, Mels]:
    """Find the mel of every clip.

    A mel belongs to the audio with the same relative path without suffix; the rest is paired by
    name, if the name is unique (see `mel_names`).

    Args:
        manifest: the audio.
        folder: folder of `.npy`, `.npz` and `.pt` files, at any depth.
        mel: the front-end of the mels.

    Returns:
        A manifest of the clips whose mel fits (the others are rejected, with the reason), and the
        mels.

    Raises:
        UserError: the folder is missing, two files match the same partner, or no mel fits.
    """
    files = mel_names.search(folder)
    usable = [clip.path for clip in manifest.clips]
    named = mel_names.partners([*usable, *(file.path for file in manifest.rejected)], files)
    partners = named.of

    def paired(clip: Clip) -> PairedMel | Rejected:
        if clip.path not in partners:
            return Rejected(clip.path, "it has no mel")
        return _paired(clip, folder, partners[clip.path], mel)

    with ThreadPoolExecutor(READERS, thread_name_prefix="mels") as pool:
        read = list(pool.map(paired, manifest.clips))
    found = {
        clip.path: result
        for clip, result in zip(manifest.clips, read, strict=True)
        if isinstance(result, PairedMel)
    }
    rejected = [result for result in read if isinstance(result, Rejected)]
    if not found:
        raise UserError(_nothing_fits(folder, files, rejected, partners))
    kept = tuple(_with_notice(clip) for clip in manifest.clips if clip.path in found)
    everything = sorted((*manifest.rejected, *rejected), key=lambda file: file.path)
    orphans = tuple(sorted(set(files) - set(partners.values())))
    told_apart = {path: mel for path, mel in named.told_apart.items() if path in found}
    mels = Mels(folder, mel, found, orphans, _silence(mel), told_apart)
    return replace(manifest, clips=kept, rejected=tuple(everything)), mels


def _paired(clip: Clip, folder: Path, path: str, mel: Mel) -> PairedMel | Rejected:
    """Decide whether a mel fits its audio; values are read only if the shape fits."""
    try:
        values, orientation = mel_file.oriented(folder / path, mel.n_mels, mel.layout)
    except (UserError, OSError) as error:
        why = reason(error, shown(folder / path))
        return Rejected(clip.path, f"its mel {printable(path)}: {why}")
    samples = reading.length(clip, mel.sample_rate)
    paired = PairedMel(path, values.shape[1], mel.frames(samples), orientation)
    if abs(paired.found - paired.expected) > TOLERANCE or not paired.frames:
        return Rejected(
            clip.path,
            f"its mel {printable(path)} has {paired.found} frames, expected {paired.expected} for "
            f"{samples} samples at {mel.sample_rate} Hz with hop_length {mel.hop_length}",
        )
    if bad := values.size - int(np.count_nonzero(np.isfinite(values))):
        return Rejected(
            clip.path,
            f"its mel {printable(path)}: {counted(bad, 'value is', 'values are')} NaN or infinite",
        )
    if (peak := float(np.abs(values).max())) > largest(mel):
        return Rejected(
            clip.path,
            f"its mel {printable(path)} has values up to {peak:.3g}, but no front-end gives more "
            f"than {largest(mel):.3g}: make it again",
        )
    return paired


def largest(mel: Mel) -> float:
    """The largest absolute value that a mel of any scale can have."""
    bounds = limits(mel)
    return BEYOND * max(1.0, float(bounds.low.abs().max()), float(bounds.high.abs().max()))


def _with_notice(clip: Clip) -> Clip:
    if reading.gain(clip) >= TOO_LOUD:
        return clip
    level = f"above full scale and scaled down to it, but its mel is not (peak {clip.peak:.3g})"
    return replace(clip, notice="; ".join(filter(None, (clip.notice, level))))


def _nothing_fits(
    folder: Path, files: Sequence[str], rejected: Sequence[Rejected], partners: Mapping[str, str]
) -> str:
    if not files:
        return f"data.mels {folder}: it has no {', '.join(mel_file.SUFFIXES)} files"
    # reasons of files with a mel are more useful: show them first
    telling = sorted(rejected, key=lambda file: file.path not in partners)
    reasons = "; ".join(f"{printable(file.path)}: {file.reason}" for file in telling[:SHOWN])
    text = (
        f"data.mels {folder}: none of the {len(rejected)} audio files has a mel that fits: "
        f"{reasons}"
    )
    if telling[0].path in partners:
        return text
    sought = PurePosixPath(telling[0].path).with_suffix(mel_file.SUFFIXES[0])
    there = ", ".join(printable(path) for path in files[:SHOWN])
    return f"{text} (looked for {printable(str(sought))}, found {there})"


def _silence(mel: Mel) -> Tensor:
    """The mel of silence `(n_mels, 1)`: a middle frame, because the last one may be masked."""
    silent: Tensor = MelSpectrogram(mel)(torch.zeros(8 * mel.n_fft))
    middle = silent.shape[-1] // 2
    return silent[:, middle : middle + 1].clone()
