"""Find unusable generated clips: silence, and loops of sounds that die away."""

import warnings
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

SILENT = 1e-3
"""Highest peak of a silent clip, -60 dBFS."""
FRAME = 0.01
"""Seconds of a frame for level measurement; less if a clip would have fewer than 32 frames."""
FAINT = 40.0
"""dB below the loudest frame at which a frame of a loop counts as silent."""
PAUSE = 0.25
"""Largest share of a loop that may be silent in one stretch."""
DECAY = 20.0
"""dB by which the loudest frame of a loop's last third may be below that of its first third. The
loudest frames are compared, as pauses are not decay."""
QUIETER = 20.0
"""dB by which a loop may be below the sound it is made from, if it is not scaled up later."""
LOUD = 0.1
"""Peak above which a loop is loud enough, however loud the sound is."""


class UnusableWarning(UserWarning):
    """A clip is silent, or cannot be looped."""


def silent(wave: Tensor) -> str | None:
    """Why a clip `(C, T)` counts as silent; None if it is not."""
    return "silent: no sample above -60 dBFS" if float(wave.abs().max()) <= SILENT else None


def no_loop(
    loop: Tensor,
    sample_rate: int,
    plain: Callable[[], Tensor] | None = None,
    *,
    quieter: float = QUIETER,
) -> str | None:
    """Why a clip cannot be used as a loop.

    A sound that dies away leaves only its faint tail, or silence, to repeat.

    Args:
        loop: `(C, T)`.
        sample_rate: Hz.
        plain: makes the sound `(C, T)` that it loops; called only if the loop is not loud.
        quieter: dB by which the loop may be below that sound.

    Returns:
        The reason in a few words; None if it can be used.
    """
    if (reason := silent(loop)) is not None:
        return f"{reason}: the sound dies away, so nothing is left to repeat"
    levels = _levels(loop, sample_rate)
    if plain is not None and float(loop.abs().max()) < LOUD:
        below = float(_levels(plain(), sample_rate).max() - levels.max())
        if below > quieter:
            return f"{below:.0f} dB quieter than the sound without looping, which dies away"
    pause = _longest(levels < levels.max() - FAINT) / len(levels)
    if pause > PAUSE:
        return f"silent for {pause:.0%} of its length: the sound dies away"
    part = len(levels) // 3
    decay = float(levels[:part].max() - levels[-part:].max())
    if decay > DECAY:
        return f"{decay:.0f} dB quieter at its end than at its beginning: the sound dies away"
    return None


def dies_away(wave: Tensor, sample_rate: int, within: int) -> bool:
    """Whether a clip `(C, T)` is inaudible after its first `within` samples."""
    if wave.shape[-1] <= 2 * within:
        return False
    levels = _levels(wave, sample_rate)
    first = -(-within * len(levels) // wave.shape[-1])
    return bool(levels[first:].max() < levels.max() - FAINT)


def warn(
    clips: Tensor, first: int, sample_rate: int, plain: Callable[[int], Tensor] | None
) -> None:
    """Warn about clips that cannot be used.

    Args:
        clips: `(n, C, T)`.
        first: number of the first clip.
        sample_rate: Hz.
        plain: for loops, makes the i-th sound without looping; None if they are not loops.
    """
    reasons = []
    for place, clip in enumerate(clips):
        why = silent(clip) if plain is None else no_loop(clip, sample_rate, partial(plain, place))
        if why is not None:
            reasons.append(f"clip {first + place} is {why}")
    if reasons:
        more = f", and {len(reasons) - 1} more cannot be used" if len(reasons) > 1 else ""
        # the caller's caller, with no_grad's frame in between
        warnings.warn(f"{reasons[0]}{more}", UnusableWarning, stacklevel=4)


def _levels(wave: Tensor, sample_rate: int) -> Tensor:
    """Mean power of frames, `(L,)` in dB; at least 32 frames of at least one sample."""
    size = max(min(round(FRAME * sample_rate), wave.shape[-1] // 32), 1)
    whole = wave[:, : wave.shape[-1] // size * size].double()
    power = whole.square().mean(0).reshape(-1, size).mean(1)
    return 10 * torch.log10(power + 1e-20)


def _longest(quiet: Tensor) -> int:
    """The longest run of true in a circle."""
    if bool(quiet.all()):
        return len(quiet)
    start = int((~quiet).nonzero()[0])
    longest = run = 0
    for flag in torch.roll(quiet, -start).tolist():
        run = run + 1 if flag else 0
        longest = max(longest, run)
    return longest
