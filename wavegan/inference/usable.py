"""What a generated clip cannot be used for: silence, and loops of sounds that die away."""

import warnings
from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

SILENT = 1e-3
"""Peak, -60 dBFS, up to which a clip is silence."""
FRAME = 0.01
"""Seconds over which levels are taken; less where there would be fewer than 32 of them."""
FAINT = 40.0
"""dB below the loudest frame from which on a loop is silent."""
PAUSE = 0.25
"""Share of a loop that may be silent at a stretch."""
DECAY = 20.0
"""dB by which the loudest of a loop's last third may be below that of its first: pauses are no
decay."""
QUIETER = 20.0
"""dB by which a loop may be below the sound that it is a loop of, where nothing brings it up."""
LOUD = 0.1
"""Peak from which on nobody asks how loud that sound is."""


class UnusableWarning(UserWarning):
    """A clip is silent, or no loop."""


def silent(wave: Tensor) -> str | None:
    """Why a clip `(C, T)` is not worth keeping; None: there is something to hear."""
    return "silent: no sample above -60 dBFS" if float(wave.abs().max()) <= SILENT else None


def no_loop(
    loop: Tensor,
    sample_rate: int,
    plain: Callable[[], Tensor] | None = None,
    *,
    quieter: float = QUIETER,
) -> str | None:
    """Why a clip is no sound to hold a key for.

    A sound that dies away has nothing to repeat but its tail, which is faint, or silence.

    Args:
        loop: `(C, T)`.
        sample_rate: Hz.
        plain: makes the sound that it is a loop of, `(C, T)`; called where the loop is not loud.
        quieter: dB by which the loop may be below that.

    Returns:
        The reason in a few words; None: it can be used.
    """
    if (reason := silent(loop)) is not None:
        return f"{reason}: the sound dies away, and nothing of it is left to repeat"
    levels = _levels(loop, sample_rate)
    if plain is not None and float(loop.abs().max()) < LOUD:
        below = float(_levels(plain(), sample_rate).max() - levels.max())
        if below > quieter:
            return f"{below:.0f} dB quieter than the sound itself, which dies away"
    pause = _longest(levels < levels.max() - FAINT) / len(levels)
    if pause > PAUSE:
        return f"silent for {pause:.0%} of its length: the sound dies away"
    part = len(levels) // 3
    decay = float(levels[:part].max() - levels[-part:].max())
    if decay > DECAY:
        return f"{decay:.0f} dB quieter at its end than at its beginning: the sound dies away"
    return None


def dies_away(wave: Tensor, sample_rate: int, within: int) -> bool:
    """Whether nothing is heard of a clip `(C, T)` after its first `within` samples."""
    if wave.shape[-1] <= 2 * within:
        return False
    levels = _levels(wave, sample_rate)
    first = -(-within * len(levels) // wave.shape[-1])
    return bool(levels[first:].max() < levels.max() - FAINT)


def warn(
    clips: Tensor, first: int, sample_rate: int, plain: Callable[[int], Tensor] | None
) -> None:
    """Warn of clips that cannot be used.

    Args:
        clips: `(n, C, T)`.
        first: number of the first one.
        sample_rate: Hz.
        plain: where they are loops, makes the sound of the i-th; None: they are not.
    """
    said = []
    for place, clip in enumerate(clips):
        why = silent(clip) if plain is None else no_loop(clip, sample_rate, partial(plain, place))
        if why is not None:
            said.append(f"clip {first + place} is {why}")
    if said:
        more = f", and {len(said) - 1} more cannot be used" if len(said) > 1 else ""
        # the caller's caller, and no_grad's frame between
        warnings.warn(f"{said[0]}{more}", UnusableWarning, stacklevel=4)


def _levels(wave: Tensor, sample_rate: int) -> Tensor:
    """Mean power of frames, `(L,)` in dB; 32 frames at least, of a sample at least."""
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
