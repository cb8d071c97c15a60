"""Convert the mel of one front-end to that of another, if this is possible without loss.

The base of the logarithm, `mean` and `scale` can be undone. A higher floor, a narrower clip and a
masked last frame can be applied. All other differences act before the bands are summed, or discard
values: these are refused with the name of the field.
"""

import math
from typing import TYPE_CHECKING

from wavegan.errors import UserError
from wavegan.mel.fields import MelFields

if TYPE_CHECKING:
    from torch import Tensor

# These fields change the bands themselves; no function of a band's value can undo them.
_BANDS = (
    "sample_rate", "n_fft", "hop_length", "win_length", "n_mels", "f_min", "f_max", "mel_scale",
    "mel_norm", "power", "magnitude_eps", "magnitude_floor", "padding", "pad_mode", "periodic",
)  # fmt: skip
# Tolerance for bounds: the same statistics may be written in two ways and round differently.
_ROUNDING = 1e-6


def differences(source: MelFields, target: MelFields) -> list[str]:
    """The differences that make a conversion impossible; empty if `convert` is exact.

    Returns:
        One text per field: its name and both values.
    """
    found = [
        f"{name} is {_shown(getattr(source, name))}, wanted {_shown(getattr(target, name))}"
        for name in _BANDS
        if getattr(source, name) != getattr(target, name)
    ]
    banks = (source.filterbank_rate, target.filterbank_rate)
    if source.bank_rate != target.bank_rate and banks != (None, None):
        found.append(f"filterbank_rate is {source.bank_rate}, wanted {target.bank_rate}")
    if source.mask_last is not None and target.mask_last is None:
        found.append(f"mask_last is {source.mask_last:g}, wanted none")
    # Bands that differ have no ranges to compare: their number may differ too.
    same_bands = source.n_mels == target.n_mels and source.power == target.power
    return found + (_lost(source, target) if same_bands else [])


def convert(mel: "Tensor", source: MelFields, target: MelFields) -> "Tensor":
    """See `Mel.convert`."""
    from wavegan.own_settings import own_settings

    obstacles = differences(source, target)
    if obstacles:
        raise UserError(
            f"this mel cannot be converted: {'; '.join(obstacles)}: compute it from the audio with "
            "the wanted front-end, or use a model with this front-end"
        )
    if mel.ndim < 2 or mel.shape[-2] != source.n_mels or not mel.shape[-1]:
        raise UserError(
            f"mel has shape {tuple(mel.shape)}: it must be (..., {source.n_mels}, frames)"
        )
    if _values(source) == _values(target):
        return mel
    with own_settings():
        wide = mel.double() if mel.dtype.itemsize > 4 else mel.float()
        logarithm = _refloor(_denormalize(wide, source) * nepers(source), source, target)
        return _normalize(_mask_last(logarithm / nepers(target), target), target)


def nepers(mel: MelFields) -> float:
    """One unit of this front-end's logarithm in units of the natural logarithm."""
    return {"ln": 1.0, "log10": math.log(10), "db": mel.power * math.log(10) / 20}[mel.log]


def statistics(mel: MelFields) -> list[tuple[float, float]]:
    """(mean, scale) of each band, or one pair for all bands."""
    means = mel.mean if isinstance(mel.mean, tuple) else (mel.mean or 0.0,)
    scales = mel.scale if isinstance(mel.scale, tuple) else (mel.scale or 1.0,)
    bands = max(len(means), len(scales))
    wide = [v * bands if len(v) == 1 else v for v in (means, scales)]
    return list(zip(*wide, strict=True))


def _lost(source: MelFields, target: MelFields) -> list[str]:
    """The floor and clip of the source if they discard more than those of the target."""
    found = []
    ranges = _kept(source), _kept(target)
    bands = max(map(len, ranges))
    pairs = [(kept * bands if len(kept) == 1 else kept) for kept in ranges]
    bounds = list(zip(*pairs, strict=True))
    floor = source.floor if source.floor_mode == "clamp" else 0.0
    # `add` leaves little precision for small values, so there too the floor may only rise.
    lowered = source.floor_mode == "add" and target.floor < source.floor
    too_low = [s for s, t in bounds if t[0] < s[0] * (1 - _ROUNDING)]
    if lowered or any(low <= floor for low, _ in too_low):
        found.append(f"floor is {_floor(source)}, wanted {_floor(target)}")
    too_high = any(t[1] > s[1] * (1 + _ROUNDING) for s, t in bounds)
    if too_high or any(low > floor for low, _ in too_low):
        found.append(f"clip is {_clip(source)}, wanted {_clip(target)}")
    return found


def _kept(mel: MelFields) -> list[tuple[float, float]]:
    """The range of band values (before the logarithm) that stay distinct, per band."""
    floor, added = (mel.floor, 0.0) if mel.floor_mode == "clamp" else (0.0, mel.floor)
    if mel.clip is None:
        return [(floor, math.inf)]
    kept = []
    for mean, scale in statistics(mel):
        ends = sorted((end * scale + mean) * nepers(mel) for end in mel.clip)
        low, high = (math.exp(min(end, 700.0)) - added for end in ends)
        kept.append((max(floor, low), high))
    return kept


def _values(mel: MelFields) -> tuple[object, ...]:
    """All fields that act on a band after it was summed."""
    stats = tuple(statistics(mel))
    return mel.log, mel.floor, mel.floor_mode, mel.mask_last, mel.clip, stats


def _refloor(logarithm: "Tensor", source: MelFields, target: MelFields) -> "Tensor":
    """Change the floor of natural logarithms."""
    if (source.floor, source.floor_mode) == (target.floor, target.floor_mode):
        return logarithm
    if source.floor_mode == target.floor_mode == "clamp":
        return logarithm.clamp(min=math.log(target.floor))
    bands = logarithm.exp() - (source.floor if source.floor_mode == "add" else 0.0)
    if target.floor_mode == "clamp":
        return bands.clamp(min=target.floor).log()
    return (bands.clamp(min=0.0) + target.floor).log()


def _mask_last(logarithm: "Tensor", target: MelFields) -> "Tensor":
    if target.mask_last is None:
        return logarithm
    import torch

    last = torch.full_like(logarithm[..., -1:], target.mask_last)
    return torch.cat([logarithm[..., :-1], last], dim=-1)


def _denormalize(values: "Tensor", mel: MelFields) -> "Tensor":
    mean, scale = _columns(values, mel)
    return values * scale + mean


def _normalize(logarithm: "Tensor", mel: MelFields) -> "Tensor":
    mean, scale = _columns(logarithm, mel)
    values = (logarithm - mean) / scale
    return values if mel.clip is None else values.clamp(*mel.clip)


def _columns(like: "Tensor", mel: MelFields) -> "tuple[Tensor, Tensor]":
    """Mean and scale as (n_mels or 1, 1), to broadcast over frames."""
    mean, scale = zip(*statistics(mel), strict=True)
    return like.new_tensor(mean)[:, None], like.new_tensor(scale)[:, None]


def _floor(mel: MelFields) -> str:
    return f"{mel.floor:g} ({mel.floor_mode})"


def _clip(mel: MelFields) -> str:
    if mel.clip is None:
        return "none"
    low, high = mel.clip
    plain = mel.mean is None and mel.scale is None
    return f"{low:g} to {high:g}{'' if plain else ' after mean and scale'}"


def _shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else "none" if value is None else str(value)
