"""Checks of the two clips of a metric: shapes and lengths."""

from torch import Tensor

from wavegan.audio.silence import INAUDIBLE
from wavegan.errors import UserError

# A little over one hop of any mel preset (at most 20 ms): a vocoder's output may differ in length
# from its reference by the incomplete last frame only.
LONGEST_REST = 0.025


def same_length(estimate: Tensor, reference: Tensor, sample_rate: int) -> tuple[Tensor, Tensor]:
    """Cut the longer clip at its end to the shorter one, as float32 on the CPU, without gradient.

    Args:
        estimate: `(C, T)`.
        reference: `(C, T)`; T may differ by up to 25 ms.
        sample_rate: Hz.

    Raises:
        UserError: the lengths differ by more, the channels differ, a clip is empty, or a sample is
            not finite.
    """
    first, second = comparable(estimate, reference)
    samples = min(first.shape[1], second.shape[1])
    rest = max(first.shape[1], second.shape[1]) - samples
    if rest > LONGEST_REST * sample_rate:
        raise UserError(
            f"{_shapes(estimate, reference)}: the lengths may differ by at most"
            f" {round(LONGEST_REST * sample_rate)} samples; pair each clip with its own"
            " reference, cut the same way"
        )
    return first[:, :samples], second[:, :samples]


def comparable(estimate: Tensor, reference: Tensor) -> tuple[Tensor, Tensor]:
    """Both clips as float32 on the CPU, without gradient, at their own lengths.

    Args:
        estimate: `(C, T)`.
        reference: `(C, T)` with the same channels and any length.

    Raises:
        UserError: the channels differ, a clip is empty, or a sample is not finite.
    """
    shapes = _shapes(estimate, reference)
    if estimate.dim() != 2 or reference.dim() != 2 or len(estimate) != len(reference):
        raise UserError(f"metrics compare (channels, samples) with the same channels; got {shapes}")
    if not (estimate.numel() and reference.numel()):
        raise UserError(f"{shapes}: the lengths must not be 0")
    first, second = (clip.detach().float().cpu() for clip in (estimate, reference))
    for name, clip in (("estimate", first), ("reference", second)):
        if not clip.isfinite().all():
            raise UserError(
                f"the {name} has NaN or infinite samples, so it cannot be measured: "
                "leave the clip out or replace it"
            )
    return _audible(first), _audible(second)


def _audible(clip: Tensor) -> Tensor:
    """The clip with zeros for inaudible channels, as metrics do not handle denormal numbers."""
    return clip.where(clip.abs().amax(1, keepdim=True) >= INAUDIBLE, 0)


def _shapes(estimate: Tensor, reference: Tensor) -> str:
    return f"estimate {tuple(estimate.shape)}, reference {tuple(reference.shape)}"
