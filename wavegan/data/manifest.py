"""What a folder of audio holds: the clips that can be used, and the files that cannot, with why."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from wavegan.audio.opening import shown
from wavegan.counted import counted

SHORTEST = 0.015
"""Seconds. The shortest real drum hits last 17 ms; 255 samples at 22.05 kHz are 12 ms."""
QUIETEST = 1e-4
"""Peak, -80 dBFS: the dither of a 16-bit file stays below."""
STILLEST = 1e-5
"""Root mean square without the mean, -100 dBFS: an offset alone stays below."""
LOUDEST = 2.0
"""Peak above which a float file is used, but pointed out."""
SAMPLE_RATES = range(1000, 768_001)
"""Hz. Outside it the header is wrong."""


def printable(path: str) -> str:
    r"""Return a path on one line that any terminal takes: bytes that are not UTF-8 as `\xNN`.

    >>> printable("latin1_\udce9.wav")
    'latin1_\\xe9.wav'
    """
    return shown(path)


@dataclass(frozen=True, slots=True)
class Clip:
    """One usable audio file, or a stretch of one.

    Attributes:
        path: relative to the manifest's root, "/" between folders on every system; bytes that
            are not UTF-8 are kept as surrogate escapes (`os.fsencode` gives them back).
        sample_rate: Hz, of the file.
        channels: of the file, at least 1.
        frames: samples per channel that really decode, which may be fewer than the header says;
            of a stretch, those in it.
        label: name of the folder the file lies in, "" directly under the root.
        peak: largest absolute sample of the mono mix of the file.
        channel_peak: largest absolute sample of the file over all channels.
        notice: what a person should know about a file that is used all the same, or "".
        start: the first sample of a stretch, in the file; 0 for a whole file.
        content: checksum of all samples of the file, or "".
        damage: why fewer samples decode than the header promises, or "".
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
    """One file that is used although something is odd; `path` as in `Clip`, `reason` one line."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """A scanned folder.

    Attributes:
        root: the folder.
        clips: what can be used, sorted by path.
        rejected: what cannot, sorted by path.
        own: what could, but a command of ours made it; sorted by path.
        passed_over: a line for all that is passed over for being ours.
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
        """What to know about clips that are used in part or go far above full scale."""
        return tuple(Notice(clip.path, clip.notice) for clip in self.clips if clip.notice)

    def fingerprint(self) -> str:
        """Hash of what was accepted: the same wherever the folder lies and whenever it was copied.

        Two folders with equal fingerprints hold the same names with the same rates, channels,
        lengths and peaks. Rejected files do not count.
        """
        facts = [
            (c.path, c.sample_rate, c.channels, c.frames, f"{c.peak:.4g}", f"{c.channel_peak:.4g}")
            for c in sorted(self.clips, key=lambda clip: clip.path)
        ]
        return hashlib.sha256(json.dumps(facts).encode("ascii")).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Facts:
    """What decoding a file told; judged apart, so that a cache of them survives new thresholds.

    Attributes:
        sample_rate: Hz, of the header.
        channels: of the file.
        frames: samples per channel that decode.
        peak: largest absolute sample of the mono mix.
        channel_peak: largest absolute sample over all channels.
        swing: root mean square without the mean; an offset alone has none.
        non_finite: how many samples are NaN or infinite.
        damage: why fewer samples decode than the header promises, or "".
        error: why the file cannot be opened at all, or "".
        note: what a person should know of it all the same, or "".
        made_by: the command of ours that wrote the file, or "".
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


def judge(path: str, facts: Facts) -> Clip | Rejected:
    """Say whether a file can be used."""
    if reason := facts.error or _fault(facts):
        return Rejected(path, reason)
    notices = [facts.note] if facts.note else []
    if facts.damage:
        usable = facts.frames / facts.sample_rate
        notices.append(f"damaged or cut short, the first {usable:.2f} s are used: {facts.damage}")
    elif facts.channel_peak > LOUDEST:
        notices.append(f"peaks at {facts.channel_peak:.3g}, far above full scale (1.0)")
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
    """Return what makes a decoded file useless, or ""."""
    if facts.frames == 0:
        return f"no samples in it{': ' if facts.damage else ''}{facts.damage}"
    if facts.sample_rate not in SAMPLE_RATES:
        return f"sample rate {facts.sample_rate} Hz in its header: correct the header"
    if facts.frames < SHORTEST * facts.sample_rate:
        return f"too short: {counted(facts.frames, 'sample')}, {1000 * SHORTEST:.0f} ms are needed"
    if facts.non_finite:
        many = counted(facts.non_finite, "sample is", "samples are")
        return f"{many} NaN or infinite: export it again"
    if facts.channel_peak < QUIETEST or facts.swing < STILLEST:
        return f"silent: peak {facts.channel_peak:.1e}, and {facts.swing:.1e} rms without its mean"
    return ""
