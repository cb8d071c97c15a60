"""Prepare the clips of one trial so that rate, length, channels and level are equal."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from wavegan.audio import io
from wavegan.audio.opening import Wave
from wavegan.audio.resample import resample_array
from wavegan.audio.silence import INAUDIBLE
from wavegan.errors import UserError
from wavegan.listening import level
from wavegan.listening.low_pass import audible, low_pass
from wavegan.listening.pairing import ANCHORS, REFERENCE, Source

FADE = 0.01
"""Seconds of fade-out where a clip is cut."""
GAP = 0.4
"""Seconds of silence at the end, so that a looped clip has a pause."""
UNEQUAL = 0.1
"""Seconds by which lengths may differ without a note."""
COARSE = {"PCM_16", "PCM_S8", "PCM_U8", "ULAW", "ALAW", "VORBIS", "OPUS", "MPEG_LAYER_III"}
"""Subtypes that fit into 16 bits without audible loss."""


@dataclass(frozen=True)
class Stimuli:
    """The conditions of one trial, with the same rate, length and number of channels.

    Attributes:
        clip: its name.
        waves: (C, T) by condition.
        sample_rate: Hz.
        subtype: "PCM_16", or "PCM_24" if a source has more than 16 bits.
        gains: applied dB, by condition.
        method: how levels were measured; see `Levels`.
        notes: notes for the user.
    """

    clip: str
    waves: dict[str, Wave]
    sample_rate: int
    subtype: str
    gains: dict[str, float]
    method: str
    notes: tuple[str, ...]

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        frames: int = next(iter(self.waves.values())).shape[-1]
        return frames / self.sample_rate


def prepare(
    sources: Sequence[Source], clip: str, *, seconds: float, match: bool, anchors: bool
) -> Stimuli:
    """Read a clip of every source and equalise their formats.

    All get the highest rate among them, so that nothing is lost, and the most channels (mono is
    copied). Clips longer than `seconds` are cut there and faded out; clips shorter than the
    longest are padded with silence. The reference, if there is a source with that name, keeps its
    level, unless a clip would exceed full scale: then all are turned down by the same gain.
    Anchors are made from the reference, at its final level.

    Raises:
        UserError: a file cannot be read, or the reference is silent up to `seconds`.
    """
    notes: list[str] = []
    waves, rate, subtype = _read(sources, clip, notes)
    waves = _cut(waves, rate, seconds, notes)
    has_reference = REFERENCE in waves
    if has_reference and np.abs(waves[REFERENCE]).max(initial=0.0) < INAUDIBLE:
        raise UserError(f"the reference is silent for its first {seconds:g} s")
    levels = level.Levels(dict.fromkeys(waves, 0.0), "none")
    if match:
        levels = level.match(waves, rate, REFERENCE if has_reference else None)
        notes += levels.notes
        waves = {name: level.amplified(wave, levels.gains[name]) for name, wave in waves.items()}
    waves = _padded(waves, rate, notes)
    if anchors and has_reference:
        waves |= _anchors(waves[REFERENCE], rate)
    waves, down = level.fit(waves)
    if down <= -1:
        notes.append(f"all are turned down by {-down:.1f} dB to avoid clipping")
    gains = {name: levels.gains.get(name, 0.0) + down for name in waves}
    return Stimuli(clip, waves, rate, subtype, gains, levels.method, tuple(notes))


def _read(
    sources: Sequence[Source], clip: str, notes: list[str]
) -> tuple[dict[str, Wave], int, str]:
    """The clips of all sources, at their highest rate and largest number of channels."""
    found = {}
    subtypes = set()
    for source in sources:
        path = source.root / source.clips[clip].path
        odd: list[str] = []
        wave, rate = io.read(path, mono=False, on_note=odd.append)
        notes += [f"{source.name}: {note}" for note in odd]
        if len(wave) > 2:
            notes.append(f"{source.name}: {len(wave)} channels are mixed to one")
            wave = wave.mean(0, keepdims=True)
        found[source.name] = wave, rate
        subtypes.add(io.probe(path).subtype)
    highest = max(rate for _, rate in found.values())
    rates = {name: rate for name, (_, rate) in found.items()}
    if len(set(rates.values())) > 1:
        lower = ", ".join(f"{name} ({r} Hz)" for name, r in rates.items() if r < highest)
        notes.append(f"resampled to {highest} Hz: {lower}")
    channels = max(len(wave) for wave, _ in found.values())
    waves = {
        name: np.broadcast_to(wave, (channels, wave.shape[-1]))
        for name, wave in (
            (name, resample_array(wave, rate, highest, quality="VHQ"))
            for name, (wave, rate) in found.items()
        )
    }
    return waves, highest, "PCM_16" if subtypes <= COARSE else "PCM_24"


def _cut(waves: dict[str, Wave], rate: int, seconds: float, notes: list[str]) -> dict[str, Wave]:
    """Cut and fade out clips that are longer than `seconds`."""
    limit, fade = round(seconds * rate), round(FADE * rate)
    cut = {name: wave[:, :limit].copy() for name, wave in waves.items()}
    for name, wave in waves.items():
        if wave.shape[-1] > limit:
            cut[name][:, -fade:] *= np.linspace(1, 0, fade, dtype=np.float32)
    if any(wave.shape[-1] > limit for wave in waves.values()):
        notes.append(f"cut to {seconds:g} s")
    return cut


def _padded(waves: dict[str, Wave], rate: int, notes: list[str]) -> dict[str, Wave]:
    """Pad all to the length of the longest, plus a gap."""
    lengths = {name: wave.shape[-1] for name, wave in waves.items()}
    longest = max(lengths.values())
    for name, length in lengths.items():
        if longest - length > UNEQUAL * rate:
            missing = (longest - length) / rate
            notes.append(f"{name}: {missing:.2f} s shorter than the longest; padded with silence")
    total = longest + math.ceil(GAP * rate)
    return {
        name: np.pad(wave, ((0, 0), (0, total - wave.shape[-1]))) for name, wave in waves.items()
    }


def _anchors(reference: Wave, rate: int) -> dict[str, Wave]:
    return {
        name: low_pass(reference, rate, cutoff)
        for name, cutoff in ANCHORS.items()
        if audible(cutoff, rate)
    }
