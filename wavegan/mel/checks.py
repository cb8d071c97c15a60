"""Check the fields of a `Mel`: convert single values, then check how the fields fit together."""

import math
from collections.abc import Callable, Iterable
from typing import Any

from wavegan.errors import UserError, suggest
from wavegan.mel.fields import MelFields

LONGEST_FFT = 2**20
HIGHEST_RATE = 2**23
"""Highest sample rate, Hz; the fastest converters sample at a few million."""
LARGEST_BANK = 2**23
"""Largest filter bank, bands times bins: thirty times the largest one in use."""


def check(mel: MelFields) -> None:
    """Check the ranges of the fields, and that they fit together.

    Raises:
        UserError: they do not; names the fields and the nearest value that works.
    """
    _check_frames(mel)
    _check_bands(mel)
    _check_values(mel)


def _check_frames(mel: MelFields) -> None:
    for name in ("sample_rate", "n_fft", "hop_length", "win_length", "n_mels"):
        _require(getattr(mel, name) >= 1, f"{name} is {getattr(mel, name)}: it must be 1 or more")
    for name in ("sample_rate", "filterbank_rate", "output_rate"):
        rate = getattr(mel, name) or 1
        _require(
            rate <= HIGHEST_RATE,
            f"{name} {rate:.4g} is too large: use {HIGHEST_RATE} or less",
        )
    _require(
        mel.n_fft <= LONGEST_FFT,
        f"n_fft {mel.n_fft:.4g} is too large: use {LONGEST_FFT} or less",
    )
    _require(mel.n_fft % 2 == 0, f"n_fft {mel.n_fft} is odd: use {mel.n_fft + 1}")
    _require(
        mel.win_length <= mel.n_fft,
        f"win_length {mel.win_length} is above n_fft {mel.n_fft}: use {mel.n_fft} or less",
    )
    _require(
        mel.hop_length <= mel.win_length,
        f"hop_length {mel.hop_length} is above win_length {mel.win_length}, so frames would skip "
        f"samples: use {mel.win_length} or less",
    )
    _require(
        mel.audio_rate > 0 and mel.hop_length * mel.audio_rate % mel.sample_rate == 0,
        f"output_rate {mel.output_rate} does not give a whole number of samples for hop_length "
        f"{mel.hop_length} at sample_rate {mel.sample_rate}: use a multiple of "
        f"{mel.sample_rate // math.gcd(mel.hop_length, mel.sample_rate)}",
    )


def _check_bands(mel: MelFields) -> None:
    bins, half = mel.n_fft // 2 + 1, mel.bank_rate / 2
    owner = "filterbank_rate" if mel.filterbank_rate else "sample_rate"
    f_max = half if mel.f_max is None else mel.f_max
    _require(half > 0, f"{owner} is {mel.bank_rate}: it must be 1 or more")
    _require(
        f_max <= half,
        f"f_max {f_max:g} is above half of {owner} {mel.bank_rate}: use {half:g} or less",
    )
    _require(mel.f_min >= 0, f"f_min is {mel.f_min:g}: it must be 0 or more")
    _require(
        mel.f_min < f_max,
        f"f_min {mel.f_min:g} is not below f_max {f_max:g}: lower it or raise f_max",
    )
    _require(
        mel.n_mels <= bins,
        f"n_mels {mel.n_mels} is above the {bins} bins of n_fft {mel.n_fft}: use {bins} or less",
    )
    _require(
        mel.n_mels * bins <= LARGEST_BANK,
        f"n_mels {mel.n_mels} with n_fft {mel.n_fft} is too large: use "
        f"{LARGEST_BANK // bins} or less",
    )


def _check_values(mel: MelFields) -> None:
    for name, choices in _CHOICES.items():
        value = getattr(mel, name)
        if value not in choices:
            known = suggest(str(value), map(str, choices))
            raise UserError(f"mel.{name} is {value!r}, which is not a choice{known}")
    _require(mel.floor > 0, f"floor is {mel.floor:g}: it must be above 0, e.g. 1e-5")
    for name in ("magnitude_eps", "magnitude_floor"):
        _require(getattr(mel, name) >= 0, f"{name} is {getattr(mel, name):g}: it must be 0 or more")
    for name in ("mean", "scale"):
        value = getattr(mel, name)
        length = len(value) if isinstance(value, tuple) else mel.n_mels
        _require(
            length == mel.n_mels,
            f"{name} has {length} values, but n_mels is {mel.n_mels}: give one value, or one per "
            "band",
        )
    scales = mel.scale if isinstance(mel.scale, tuple) else (mel.scale,)
    _require(0.0 not in scales, "scale contains 0, but values are divided by it: use 1 instead")
    if mel.clip is not None:
        _require(mel.clip[0] < mel.clip[1], f"clip {mel.clip} must be (lowest, highest)")


def _require(holds: bool, message: str) -> None:
    if not holds:
        raise UserError(f"mel.{message}")


def _integer(name: str, value: Any) -> int:
    number = _number(name, value)
    if number != int(number):
        raise UserError(f"mel.{name} is {value!r}: it must be a whole number")
    return int(number)


def _number(name: str, value: Any) -> float:
    # YAML 1.1 reads 1e-5 (without a decimal point) as text.
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise UserError(f"mel.{name} is {value!r}: it must be a number")
    return number


def _numbers(name: str, value: Any) -> float | tuple[float, ...]:
    if isinstance(value, str) or not isinstance(value, Iterable):
        return _number(name, value)
    return tuple(_number(name, item) for item in value)


def _pair(name: str, value: Any) -> tuple[float, float]:
    numbers = _numbers(name, value)
    if not isinstance(numbers, tuple) or len(numbers) != 2:
        raise UserError(f"mel.{name} is {value!r}: it must be two numbers, lowest and highest")
    return numbers[0], numbers[1]


def _flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise UserError(f"mel.{name} is {value!r}: it must be true or false")
    return value


def _optional(convert: Callable[[str, Any], Any]) -> Callable[[str, Any], Any]:
    return lambda name, value: None if value is None else convert(name, value)


_CHOICES: dict[str, tuple[object, ...]] = {
    "mel_scale": ("slaney", "htk"),
    "precision": ("float32", "float64"),
    "mel_norm": ("slaney", None),
    "power": (1, 2),
    "log": ("ln", "log10", "db"),
    "floor_mode": ("clamp", "add"),
    "padding": ("same", "center"),
    "pad_mode": ("reflect", "zero"),
    "layout": ("frames_last", "frames_first"),
}
CONVERSIONS: dict[str, Callable[[str, Any], Any]] = {
    **dict.fromkeys(("sample_rate", "n_fft", "hop_length", "win_length", "n_mels"), _integer),
    **dict.fromkeys(("filterbank_rate", "output_rate"), _optional(_integer)),
    **dict.fromkeys(("f_min", "magnitude_eps", "magnitude_floor", "floor"), _number),
    **dict.fromkeys(("f_max", "mask_last"), _optional(_number)),
    **dict.fromkeys(("mean", "scale"), _optional(_numbers)),
    "mel_norm": lambda name, value: None if value == "none" else value,
    "power": _integer,
    "clip": _optional(_pair),
    "periodic": _flag,
}
