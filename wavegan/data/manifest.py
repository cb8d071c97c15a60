"""The manifest of a folder of audio: its usable clips, and its rejected files with reasons."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from wavegan.audio.opening import shown
from wavegan.counted import counted

SHORTEST = 0.015
"""Seconds. The shortest real drum hits last 17 ms; 255 samples at 22.05 kHz are 12 ms."""
QUIETEST = 1e-4
"""Peak, -80 dBFS: the dither of a 16-bit file is below this."""
STILLEST = 1e-5
"""Root mean square without the mean, -100 dBFS: a file with only an offset is below this."""
LOUDEST = 2.0
"""Peak above which a float file gets a notice."""
SAMPLE_RATES = range(1000, 768_001)
"""Hz. Outside this range the header is wrong."""


def printable(path: str) -> str:
    r"""A path on one line, safe to print: bytes that are not UTF-8 become `\xNN`.

    >>> printable("latin1_\udce9.wav")
    'latin1_\\xe9.wav'
    """
    return shown(path)


@dataclass(frozen=True, slots=True)
class Clip:
    """One usable audio file, or a stretch of one.

    Attributes:
        path: relative to the manifest's root, with "/" on every system; bytes that are not UTF-8
            are surrogate escapes (`os.fsencode` restores them).
        sample_rate: Hz, of the file.
        channels: channels of the file, at least 1.
        frames: samples per channel that can be decoded, maybe fewer than the header says; of a
            stretch: its length.
        label: name of the file's folder, "" directly under the root.
        peak: largest absolute sample of the file's mono mix.
        channel_peak: largest absolute sample of the file over all channels.
        notice: something unusual about the file, or "".
        start: first sample of a stretch in the file; 0 for a whole file.
        content: checksum of all samples of the file, or "".
        damage: why fewer samples can be decoded than the header says, or "".
    """

    path: str
    sample_rate: int
    channels: int
    frames: int
    label: str
    peak: float
    channel_peak: float
    notice: str = ""
    start: int = 0
    content: str = ""
    damage: str = ""

    @property
    def seconds(self) -> float:
        """Duration."""
        return self.frames / self.sample_rate


@dataclass(frozen=True, slots=True)
class Rejected:
    """One file (or folder) that cannot be used; `path` as in `Clip`, `reason` is one line."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Notice:
    """One file that is used although it is unusual; `path` as in `Clip`, `reason` is one line."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """A scanned folder.

    Attributes:
        root: the folder.
        clips: usable clips, sorted by path.
        rejected: unusable files, sorted by path.
        own: usable clips that a wavegan command made and that are skipped, sorted by path.
        passed_over: a line for each group of skipped files of wavegan.
    """

    root: Path
    clips: tuple[Clip, ...]
    rejected: tuple[Rejected, ...]
    own: tuple[Clip, ...] = ()
    passed_over: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        """Duration of all clips together."""
        return sum(clip.seconds for clip in self.clips)

    @property
    def labels(self) -> tuple[str, ...]:
        """The distinct labels, sorted: a label's place here is its index."""
        return tuple(sorted({clip.label for clip in self.clips}))

    @property
    def notices(self) -> tuple[Notice, ...]:
        """Notices of clips that are used only in part or are far above full scale."""
        return tuple(Notice(clip.path, clip.notice) for clip in self.clips if clip.notice)

    def fingerprint(self) -> str:
        """Hash of the usable clips; it does not depend on the folder's path or on file times.

        Two folders with equal fingerprints have files with the same names, sample rates, channels,
        lengths and peaks. Rejected files do not count.
        """
        facts = [
            (c.path, c.sample_rate, c.channels, c.frames, f"{c.peak:.4g}", f"{c.channel_peak:.4g}")
            for c in sorted(self.clips, key=lambda clip: clip.path)
        ]
        return hashlib.sha256(json.dumps(facts).encode("ascii")).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Facts:
    """Measurements of a decoded file, without thresholds, so that a cache of them stays valid.

    Attributes:
        sample_rate: Hz, from the header.
        channels: channels of the file.
        frames: samples per channel that can be decoded.
        peak: largest absolute sample of the mono mix.
        channel_peak: largest absolute sample over all channels.
        swing: root mean square without the mean; 0 for a constant offset.
        non_finite: number of samples that are NaN or infinite.
        damage: why fewer samples can be decoded than the header says, or "".
        error: why the file cannot be opened, or "".
        note: something unusual about the file, or "".
        made_by: the wavegan command that wrote the file, or "".
        content: checksum of all samples, or "".
    """

    sample_rate: int = 0
    channels: int = 0
    frames: int = 0
    peak: float = 0.0
    channel_peak: float = 0.0
    swing: float = 0.0
    non_finite: int = 0
    damage: str = ""
    error: str = ""
    note: str = ""
    made_by: str = ""
    content: str = ""


def to_clip(path: str, facts: Facts) -> Clip | Rejected:
    """Decide whether a file can be used."""
    if reason := facts.error or _fault(facts):
        return Rejected(path, reason)
    notices = [facts.note] if facts.note else []
    if facts.damage:
        usable = facts.frames / facts.sample_rate
        notices.append(f"damaged or cut short, the first {usable:.2f} s are used: {facts.damage}")
    elif facts.channel_peak > LOUDEST:
        notices.append(f"its peak is {facts.channel_peak:.3g}, far above full scale (1.0)")
    return Clip(
        path=path,
        sample_rate=facts.sample_rate,
        channels=facts.channels,
        frames=facts.frames,
        label=PurePosixPath(path).parent.name,
        peak=facts.peak,
        channel_peak=facts.channel_peak,
        notice="; ".join(notices),
        content=facts.content,
        damage=facts.damage,
    )


def _fault(facts: Facts) -> str:
    """Why a decoded file cannot be used, or ""."""
    if facts.frames == 0:
        return f"it has no samples{': ' if facts.damage else ''}{facts.damage}"
    if facts.sample_rate not in SAMPLE_RATES:
        return f"its header has sample rate {facts.sample_rate} Hz: correct the header"
    if facts.frames < SHORTEST * facts.sample_rate:
        return (
            f"too short: it has {counted(facts.frames, 'sample')}, but {1000 * SHORTEST:.0f} ms "
            "are needed"
        )
    if facts.non_finite:
        many = counted(facts.non_finite, "sample is", "samples are")
        return f"{many} NaN or infinite: export it again"
    if facts.channel_peak < QUIETEST or facts.swing < STILLEST:
        return f"silent: peak {facts.channel_peak:.1e}, and {facts.swing:.1e} rms without its mean"
    return ""
