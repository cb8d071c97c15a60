"""Check whether a mel's values fit a front-end; a wrong front-end is the most common mismatch.

Three of the tests are physics, which all audio within [-1, 1] passes: no value is below that of
silence, no band and no frame is above that of a full-scale wave, and the floor is that of silence.
The others use measured bounds: linear magnitudes, statistics, and the fluctuation of real sound
between neighbouring values, which another base of the logarithm or a division changes.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from wavegan.mel.convert import nepers, statistics
from wavegan.mel.front_end import Mel
from wavegan.mel.presets import PRESETS
from wavegan.mel.spectrogram import MelSpectrogram, mel_filterbank
from wavegan.mel.texture import Texture, natural, noise, texture

# A mel is suspicious if more than _SHARE of its values are more than _MARGIN nepers out of bounds:
# predicted mels scatter around the floor, and float files may exceed full scale a little.
_MARGIN, _SHARE = 1.0, 0.002
# The tests use _BLOCKS blocks of _BLOCK frames.
_BLOCKS, _BLOCK = 4, 160
# Fluctuation of real sound, in nepers (see `texture`), was 0.31 to 1.2 in 300 recordings. Values
# below `_NARROW` were divided by more than the ratio of the logarithms' bases.
_CALM, _WILD, _FRAMES = 0.28, 1.3, 32
_STILL, _NARROW = 0.03, 0.12
# Recordings divided by about four: smoother than any recording, and never far below zero.
_DIVIDED, _SHALLOW = 0.2, -3.5
# Lower bound of log10 mels of recordings, the share of values allowed below it, and the highest
# mean: steady noise at full level fluctuates as little, but its natural logarithms are higher.
_DEEPEST, _QUIET, _MEAN = -7.0, 0.02, -1.7
# Nepers between the mean of all values and that of full-scale noise. White noise with peaks within
# full scale is at -1.2 or less, no wave is above 0.3. Recordings, even clipped ones, are below -1
# or as rough as noise (at least 0.95 of it in 4,000 mels).
_LOUDEST, _LOUD, _SMOOTH = 0.4, -1.2, 0.9
# Tolerance of mean 0 and deviation 1 for standardized values.
_EXACT = 0.01
_NORMALISED = "normalised mels (mean taken off, divided by a scale)"


@dataclass(frozen=True)
class Limits:
    """Bounds of a front-end's values, in its own units.

    Attributes:
        low: (n_mels, 1), the values of silence.
        high: (n_mels, 1), upper bounds for any wave within [-1, 1].
        loudest: upper bound of the mean over the bands of a frame, in nepers before the statistics.
    """

    low: Tensor
    high: Tensor
    loudest: float


@lru_cache(maxsize=32)
def limits(spec: Mel) -> Limits:
    """The bounds of a front-end's values.

    By Parseval and Cauchy-Schwarz: the sum of the squared magnitudes of a frame is at most
    n_fft / 2 times that of the window, for any wave.
    """
    front_end, bank = MelSpectrogram(spec), mel_filterbank(spec)
    silence = front_end(torch.zeros(4 * spec.n_fft + spec.hop_length))[:, :1]
    energy = spec.n_fft / 2 * float(front_end.window.square().sum())
    rows, columns = bank, bank.sum(0)
    if spec.power == 1:
        highest = rows.square().sum(1).sqrt() * math.sqrt(energy)
        frame = float(columns.square().sum().sqrt()) * math.sqrt(energy)
    else:
        highest, frame = rows.amax(1) * energy, float(columns.amax()) * energy
    unit = nepers(spec)
    loud = front_end.normalize(highest.clamp(min=spec.floor).log()[:, None] / unit)
    low, high = torch.minimum(silence, loud), torch.maximum(silence, loud)
    return Limits(low, high, math.log(frame / spec.n_mels + spec.floor))


def suspicious(mel: Tensor, spec: Mel) -> str | None:
    """A warning if the values look like those of another front-end.

    This costs one pass over `mel` on its device and one transfer of at most 640 frames (some
    milliseconds). Values cannot show every difference: if `spec` and the mel's own front-end have
    about the same range (another `f_max`, `mel_scale` or hop), the result is None.

    Args:
        mel: (..., n_mels, L), before any statistics that the model applies itself.
        spec: the front-end that the model expects.

    Returns:
        One line with the values found and expected, what they look like and what to do; or None.
    """
    if mel.ndim < 2 or mel.shape[-2] != spec.n_mels or not mel.numel():
        return None
    lowest, highest = (float(end) for end in torch.aminmax(mel.detach().float()))
    # A constant is not a mel: denoisers vocode zeros as a probe. Infinities are reported elsewhere.
    if not math.isfinite(highest - lowest) or highest - lowest < 1e-6:
        return None
    cells = _sample(mel.detach())
    found = (
        _linear(cells)
        or _beyond(cells, spec)
        or _standardized(mel, cells, spec)
        or _foreign_floor(cells, spec)
        or _stretched(cells, spec)
    )
    if found is None:
        return None
    bounds = limits(spec)
    return (
        f"mel values span {lowest:.2f} to {highest:.2f}; this model's front-end ({describe(spec)}) "
        f"gives {float(bounds.low.min()):.2f} to at most {float(bounds.high.max()):.2f}: "
        f"it looks like {found}: convert with Mel.convert, or see `wavegan doctor mel`"
    )


def describe(spec: Mel) -> str:
    """A short text with the fields that determine the range of values."""
    parts = [spec.log, f"floor {spec.floor:g}"]
    if spec.mean is not None or spec.scale is not None:
        parts.append("mean and scale")
    if spec.clip is not None:
        parts.append(f"clip {spec.clip[0]:g} to {spec.clip[1]:g}")
    return ", ".join(parts)


def _sample(mel: Tensor) -> Tensor:
    """Blocks of consecutive frames (N, n_mels, frames) from the whole mel, on the CPU."""
    flat = mel.reshape(-1, *mel.shape[-2:])
    items = flat[:: max(1, -(-len(flat) // _BLOCKS))]
    count, frames = max(1, _BLOCKS // len(items)), items.shape[-1]
    if frames > count * _BLOCK:
        starts = [int(i * (frames - _BLOCK) / max(1, count - 1)) for i in range(count)]
        items = torch.cat([items[..., start : start + _BLOCK] for start in starts])
    return items.float().cpu()


def _beyond(cells: Tensor, spec: Mel) -> str | None:
    """Find values that no wave can have."""
    bounds, raw = limits(spec), natural(cells, spec)
    ends = torch.stack([natural(bounds.low, spec), natural(bounds.high, spec)])
    lowest, highest = float(cells.min()), float(cells.max())
    if (raw < ends.amin(0) - _MARGIN).float().mean() > _SHARE:
        return _what_is_low(lowest, spec)
    too_high = (raw > ends.amax(0) + _MARGIN).float().mean() > _SHARE
    # If most bands are at their maximum together, the frame has more power than any wave.
    too_loud = (raw.mean(-2) > bounds.loudest + _MARGIN).float().mean() > _SHARE
    if not (too_high or too_loud):
        return None
    if lowest >= 0:
        return "mels of audio in integers (16 bits add 10.4 to natural logarithms)"
    if highest - lowest > 40:
        return "decibels"
    if spec.log == "log10" and lowest < -5:
        return "natural-log mels"
    return f"{_NORMALISED}, or mels of audio in integers"


def _what_is_low(lowest: float, spec: Mel) -> str:
    if lowest < -30:
        return "decibels"
    if spec.mean is not None or spec.scale is not None:
        return "mels that are not normalised with this model's mean and scale"
    if spec.log == "log10":
        return "natural-log mels"
    return "mels with a lower floor or a smaller magnitude_eps"


def _linear(cells: Tensor) -> str | None:
    """Find linear magnitudes: no negative values, and most are tiny compared with the peaks."""
    if cells.min() < 0 or cells.median() > 0.05 * cells.max():
        return None
    return "linear magnitudes, without the logarithm"


def _standardized(mel: Tensor, cells: Tensor, spec: Mel) -> str | None:
    """Find standardized mels: mean 0 and deviation 1 exactly overall, or roughly in every band."""
    if cells.shape[-1] < _FRAMES or spec.mean is not None or spec.scale is not None:
        return None
    spread, centre = (float(moment) for moment in torch.std_mean(mel.detach().float()))
    if abs(centre) < _EXACT and abs(spread - 1) < _EXACT:
        return _NORMALISED
    bands = cells.transpose(0, 1).flatten(1)
    sounding = bands[bands.std(1) > 0.05]  # the highest bands of upsampled audio are constant
    if 2 * len(sounding) < len(bands):
        return None
    centres, spreads = sounding.mean(1), sounding.std(1)
    even = centres.std() < 0.25 and centres.mean().abs() < 0.3 and spreads.std() < 0.25
    return _NORMALISED if even and 0.7 < spreads.mean() < 1.4 else None


def _foreign_floor(cells: Tensor, spec: Mel) -> str | None:
    """Find a floor that is not that of silence: many bands of a frame at the lowest value."""
    lowest = cells.min()
    at_floor = (cells - lowest).abs() < 1e-4
    frames = (at_floor.float().mean(-2) >= 0.2).sum()
    if frames < 2 or at_floor.float().mean() < 0.005:
        return None
    unit = float(natural(torch.ones(1, 1), spec).mean() - natural(torch.zeros(1, 1), spec).mean())
    near = 0.02 / abs(unit)
    if bool(((limits(spec).low - lowest).abs() < near).any()) or _masks(float(lowest), spec):
        return None
    kinds = {describe(other): None for other in _presets() if _floor_is(other, float(lowest))}
    if kinds:
        return f"mels with another floor or base of the logarithm ({' or '.join(kinds)})"
    return f"mels with another floor: their silence is {float(lowest):.4g}"


def _masks(value: float, spec: Mel) -> bool:
    return spec.mask_last is not None and abs(value - spec.mask_last) < 0.02


def _presets() -> list[Mel]:
    return [Mel(**fields) for fields in PRESETS.values()]


def _floor_is(spec: Mel, value: float) -> bool:
    mean, scale = statistics(spec)[0]
    silence = (math.log(spec.floor) / nepers(spec) - mean) / scale
    if spec.clip is not None:
        silence = min(max(silence, spec.clip[0]), spec.clip[1])
    return abs(silence - value) < 2e-3


def _stretched(cells: Tensor, spec: Mel) -> str | None:
    """Find a spread and a fluctuation that only another base or a division explains."""
    if cells.shape[-1] < _FRAMES or spec.mean is not None or spec.scale is not None:
        return None
    raw, steady = natural(cells, spec) / spec.power, noise(spec)
    found = texture(raw)
    if found is None or steady is None:
        return None
    # A wave whose bands are nearly always as loud as full-scale noise is as rough as noise.
    excess, grain = float(raw.mean()) - steady.level, found.grain(steady.texture)
    if excess > _LOUDEST or (excess > _LOUD and grain < _SMOOTH):
        return _NORMALISED
    if spec.log == "log10" and found.fluctuation > _WILD:
        return "natural-log mels"
    return None if found.is_noise(steady.texture) else _squeezed(raw, found, spec)


def _squeezed(raw: Tensor, found: Texture, spec: Mel) -> str | None:
    """Find less fluctuation than sound has, in a mel that is not steady noise."""
    narrow = _STILL < found.fluctuation < _NARROW and raw.amax() - raw.amin() < 3
    shallow = float((raw < _SHALLOW).float().mean()) < _QUIET and float(raw.mean()) > _SHALLOW
    if shallow and _STILL < found.fluctuation < _DIVIDED:
        return _NORMALISED
    if narrow and raw.mean() * spec.power > natural(limits(spec).low, spec).mean() + 3:
        return _NORMALISED
    calm = spec.log == "ln" and found.fluctuation < _CALM
    return "log10 mels" if calm and _in_reach_of_log10(raw, limits(spec)) else None


def _in_reach_of_log10(raw: Tensor, bounds: Limits) -> bool:
    """Whether the values are in the range of log10 mels of recordings."""
    deep = float((raw < _DEEPEST).float().mean())
    ceiling = float(bounds.high.max()) / math.log(10) + 0.15
    return deep < _QUIET and float(raw.amax()) < ceiling and float(raw.mean()) < _MEAN
