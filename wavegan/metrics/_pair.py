"""The one rule by which every metric makes two clips equally long."""

from torch import Tensor

from wavegan.errors import UserError

# A little over one hop of every mel preset (20 ms at most): a vocoder's output may differ from
# its reference by the unfinished frame at the end, and by nothing else.
LONGEST_REST = 0.025


def same_length(estimate: Tensor, reference: Tensor, sample_rate: int) -> tuple[Tensor, Tensor]:
    """Cut the longer clip at its end to the shorter one, as float32 on the CPU, without gradient.

    Args:
        estimate: `(C, T)`.
        reference: `(C, T)`; T may differ by up to 25 ms.
        sample_rate: Hz.

    Raises:
        UserError: when the lengths differ by more, the channels differ, a clip is empty or holds
            a sample that is not finite.
    """
    shapes = f"estimate {tuple(estimate.shape)}, reference {tuple(reference.shape)}"
    if estimate.dim() != 2 or reference.dim() != 2 or len(estimate) != len(reference):
        raise UserError(f"metrics compare (channels, samples) with the same channels; got {shapes}")
    samples = min(estimate.shape[1], reference.shape[1])
    rest = max(estimate.shape[1], reference.shape[1]) - samples
    if samples == 0 or rest > LONGEST_REST * sample_rate:
        raise UserError(
            f"{shapes}: the lengths may differ by {round(LONGEST_REST * sample_rate)} samples"
            " and must not be 0; pair each clip with its own reference, cut alike"
        )
    first, second = (clip[:, :samples].detach().float().cpu() for clip in (estimate, reference))
    for name, clip in (("estimate", first), ("reference", second)):
        if not clip.isfinite().all():
            raise UserError(
                f"the {name} holds NaN or infinite samples: there is nothing to measure"
            )
    return first, second
