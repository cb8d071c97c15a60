"""Check the two sets that a set metric receives."""

from torch import Tensor

from wavegan.errors import UserError


def checked(
    made: Tensor, real: Tensor, *, least_made: int = 1, least_real: int = 2
) -> tuple[Tensor, Tensor]:
    """Return the two sets as float64 on the CPU, without gradient.

    Args:
        made: `(N, D)`.
        real: `(M, D)`.
        least_made: the smallest N that the metric is defined for.
        least_real: the smallest M.

    Raises:
        UserError: shapes do not fit together, too few clips, or numbers that are not finite.
    """
    if made.dim() != 2 or real.dim() != 2 or made.shape[1] != real.shape[1]:
        raise UserError(
            "set metrics compare two tensors (clips, dimensions) of one embedding; "
            f"got made {tuple(made.shape)}, real {tuple(real.shape)}"
        )
    for name, clips, least in (("made", made, least_made), ("real", real, least_real)):
        if len(clips) < least:
            raise UserError(f"{len(clips)} {name} clips: this metric needs {least} or more")
        if not clips.isfinite().all():
            raise UserError(
                f"the embeddings of the {name} clips hold NaN or infinite numbers: check the clips"
            )
    return made.detach().double().cpu(), real.detach().double().cpu()
