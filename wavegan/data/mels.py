"""Mel spectrograms that a TTS model made of the same sentences as the audio, paired by name."""

import os
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import numpy as np
import torch
from torch import Tensor

from wavegan.audio import mel_file
from wavegan.audio.mel import Mel, MelSpectrogram
from wavegan.audio.opening import shown
from wavegan.data import clips as reading
from wavegan.data.manifest import Clip, Manifest, Rejected, printable
from wavegan.errors import UserError

TOLERANCE = 1
"""Frames that a mel may have more or fewer than its audio: centred framing gives one more than
"same", and acoustic models that make two frames at a time round."""
TOO_LOUD = 0.99
"""Gain below which it is worth a notice that audio over full scale lost its mel's level."""
READERS = 8
SHOWN = 3


@dataclass(frozen=True, slots=True)
class PairedMel:
    """The mel of one clip.

    Attributes:
        path: below the folder of mels.
        found: frames in the file.
        expected: frames that the front-end makes of the audio.
    """

    path: str
    found: int
    expected: int

    @property
    def frames(self) -> int:
        """How many are used: mel or audio, the longer is cut."""
        return min(self.found, self.expected)


@dataclass(frozen=True, slots=True)
class Mels:
    """The mels of a manifest's clips.

    Attributes:
        root: their folder.
        mel: the front-end they are of.
        of: by the path of the clip.
        orphans: paths of mels without audio.
        silence: `(n_mels, 1)`, what the front-end makes of silence.
    """

    root: Path
    mel: Mel
    of: Mapping[str, PairedMel]
    orphans: tuple[str, ...]
    silence: Tensor

    @property
    def uneven(self) -> int:
        """How many are a frame longer or shorter than their audio."""
        return sum(paired.found != paired.expected for paired in self.of.values())

    def crop(
        self, path: str, segment: int, place: float, within: tuple[int, int] | None = None
    ) -> tuple[int, int, Tensor]:
        """Choose a stretch of a clip that begins on a frame, and read its mel.

        Args:
            path: of the clip.
            segment: samples wanted, a multiple of the hop length.
            place: in [0, 1), says where.
            within: the first sample and the one after the last to choose from; None is all.

        Returns:
            The first sample, how many samples have a mel (`segment`, or fewer where the clip is
            shorter), and the mel `(n_mels, mel.frames(segment))`, silent after its end. Frame `i`
            of it lies on sample `i * hop_length` of the stretch.

        Raises:
            UserError: the file is not what it was.
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
        """Read the mel of `samples` samples of a clip, `(n_mels, L)`; `start` is on a frame."""
        skipped = start // self.mel.hop_length
        frames = min(self.of[path].frames - skipped, self.mel.frames(samples))
        return self._read(path, skipped, frames)

    def on_frame(self, sample: int) -> int:
        """Return the first sample from one on that lies on a frame."""
        return -(-sample // self.mel.hop_length) * self.mel.hop_length

    def _read(self, path: str, start: int, frames: int) -> Tensor:
        file = self.root / self.of[path].path
        part = mel_file.read(file, self.mel.n_mels, self.mel.layout, start=start, frames=frames)
        if part.shape[-1] < frames or not part.isfinite().all():
            raise UserError(f"{shown(file)}: this mel has changed: start again")
        return part


def pair(manifest: Manifest, folder: Path, mel: Mel) -> tuple[Manifest, Mels]:
    """Find the mel of every clip.

    A mel belongs to the audio that has the same path below its folder but for the suffix; what
    is left over then, to that of the same name where there is only one.

    Args:
        manifest: the audio.
        folder: `.npy`, `.npz` and `.pt` files, at any depth.
        mel: the front-end they are of.

    Returns:
        The manifest of the clips that have a mel that fits, the others among its rejected files
        with the reason; and the mels.

    Raises:
        UserError: the folder is missing, two files claim one partner, or nothing fits.
    """
    files = _search(folder)
    usable = [clip.path for clip in manifest.clips]
    partners = _partners([*usable, *(file.path for file in manifest.rejected)], files)

    def judge(clip: Clip) -> PairedMel | Rejected:
        if clip.path not in partners:
            return Rejected(clip.path, "it has no mel")
        return _judge(clip, folder, partners[clip.path], mel)

    with ThreadPoolExecutor(READERS, thread_name_prefix="mels") as pool:
        judged = list(pool.map(judge, manifest.clips))
    found = {
        clip.path: verdict
        for clip, verdict in zip(manifest.clips, judged, strict=True)
        if isinstance(verdict, PairedMel)
    }
    rejected = [verdict for verdict in judged if isinstance(verdict, Rejected)]
    if not found:
        raise UserError(_nothing_fits(folder, files, rejected))
    kept = tuple(_with_notice(clip) for clip in manifest.clips if clip.path in found)
    everything = sorted((*manifest.rejected, *rejected), key=lambda file: file.path)
    orphans = tuple(sorted(set(files) - set(partners.values())))
    mels = Mels(folder, mel, found, orphans, _silence(mel))
    return replace(manifest, clips=kept, rejected=tuple(everything)), mels


def _search(folder: Path) -> list[str]:
    """Find every mel file under a folder; links are followed, to each folder once."""
    if not folder.is_dir():
        what = "it is a file: give a folder" if folder.exists() else "it does not exist"
        raise UserError(f"data.mels {folder}: {what}")
    found: list[str] = []
    seen: set[str] = set()
    for place, folders, names in os.walk(folder, followlinks=True):
        real = os.path.realpath(place)
        folders[:] = sorted(name for name in folders if real not in seen and name[0] != ".")
        if real not in seen:
            files = (Path(place, name) for name in names if name[0] != ".")
            mels = (file for file in files if file.suffix.lower() in mel_file.SUFFIXES)
            found += [file.relative_to(folder).as_posix() for file in mels]
        seen.add(real)
    return sorted(found)


def _partners(audio: Sequence[str], mels: Sequence[str]) -> dict[str, str]:
    """Say which mel is that of which audio: by the whole path first, then by the name alone."""
    exact = _matched(audio, mels, lambda path: str(PurePosixPath(path).with_suffix("")))
    left = [path for path in audio if path not in exact]
    taken = set(exact.values())
    free = [path for path in mels if path not in taken]
    return {**_matched(left, free, lambda path: PurePosixPath(path).stem), **exact}


def _matched(
    audio: Sequence[str], mels: Sequence[str], key: Callable[[str], str]
) -> dict[str, str]:
    """Pair files of one key each; refuse a key that two files share."""
    ours, theirs = _grouped(audio, key), _grouped(mels, key)
    pairs = {}
    for name in ours.keys() & theirs.keys():
        (sound, *others), (mel, *more) = ours[name], theirs[name]
        if others or more:
            two, one = ([sound, *others], mel) if others else ([mel, *more], sound)
            raise UserError(
                f"data.mels: {printable(two[0])} and {printable(two[1])} both go with "
                f"{printable(one)}: let each mel have the path of its audio, but for the suffix"
            )
        pairs[sound] = mel
    return pairs


def _grouped(paths: Iterable[str], key: Callable[[str], str]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = defaultdict(list)
    for path in sorted(paths):
        # macOS hands back decomposed names
        groups[unicodedata.normalize("NFC", key(path))].append(path)
    return groups


def _judge(clip: Clip, folder: Path, path: str, mel: Mel) -> PairedMel | Rejected:
    """Say whether a mel fits its audio; values are read only where the header's numbers fit."""
    try:
        values = mel_file.mapped(folder / path, mel.n_mels, mel.layout)
    except (UserError, OSError) as error:
        reason = str(error).removeprefix(f"{shown(folder / path)}: ")
        return Rejected(clip.path, f"its mel {printable(path)}: {reason}")
    samples = reading.length(clip, mel.sample_rate)
    paired = PairedMel(path, values.shape[1], mel.frames(samples))
    if abs(paired.found - paired.expected) > TOLERANCE or not paired.frames:
        return Rejected(
            clip.path,
            f"its mel {printable(path)} has {paired.found} frames, expected {paired.expected}: "
            f"{samples} samples at {mel.sample_rate} Hz, hop_length {mel.hop_length}",
        )
    if bad := values.size - int(np.count_nonzero(np.isfinite(values))):
        return Rejected(clip.path, f"its mel {printable(path)}: {bad} values are NaN or infinite")
    return paired


def _with_notice(clip: Clip) -> Clip:
    if reading.gain(clip) >= TOO_LOUD:
        return clip
    level = f"over full scale and brought down to it, unlike its mel (peak {clip.peak:.3g})"
    return replace(clip, notice="; ".join(filter(None, (clip.notice, level))))


def _nothing_fits(folder: Path, files: Sequence[str], rejected: Sequence[Rejected]) -> str:
    if not files:
        return f"data.mels {folder}: holds no {', '.join(mel_file.SUFFIXES)} files"
    # files that have a mel tell more than those that have none
    telling = sorted(rejected, key=lambda file: file.reason == "it has no mel")
    reasons = "; ".join(f"{printable(file.path)}: {file.reason}" for file in telling[:SHOWN])
    return (
        f"data.mels {folder}: none of the {len(rejected)} audio files has a mel that fits: "
        f"{reasons}"
    )


def _silence(mel: Mel) -> Tensor:
    """What the front-end makes of zeros, `(n_mels, 1)`: not the last frame, which may be masked."""
    made: Tensor = MelSpectrogram(mel)(torch.zeros(8 * mel.n_fft))
    middle = made.shape[-1] // 2
    return made[:, middle : middle + 1].clone()
