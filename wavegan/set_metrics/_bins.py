"""Count the clips of two sets in bins of the embedding space."""

import torch
from torch import Tensor

from wavegan.errors import UserError

DEFAULT = 50
PER_BIN = 10
ROUNDS = 100
SEED = 0


def occupancy(made: Tensor, real: Tensor, bins: int | None) -> tuple[Tensor, Tensor]:
    """Count the clips of both sets in the bins: two `(K,)`, float64; every bin has a real clip.

    Bins are the cells of a k-means of the real clips. Each dimension is first divided by its
    standard deviation over the real clips, so that none dominates.

    Args:
        made: `(N, D)` float64.
        real: `(M, D)` float64.
        bins: K; None is 50, or fewer so that a bin holds ten real clips on average.

    Raises:
        UserError: there are more bins than different real clips.
    """
    count = max(2, min(DEFAULT, len(real) // PER_BIN)) if bins is None else bins
    deviation = real.std(0)
    scale = torch.where(deviation > 0, deviation, 1.0)
    made, real = made / scale, real / scale
    centres = _k_means(real, count)
    return _count(made, centres), _count(real, centres)


def check_bins(bins: int | None) -> None:
    """Refuse fewer than 2 bins."""
    if bins is not None and bins < 2:
        raise UserError(f"bins is {bins}: give 2 or more, or leave it out")


def _count(clips: Tensor, centres: Tensor) -> Tensor:
    return torch.bincount(_assign(clips, centres)[0], minlength=len(centres)).double()


def _assign(clips: Tensor, centres: Tensor) -> tuple[Tensor, Tensor]:
    """The nearest centre of each clip, and its distance."""
    distance, index = torch.cdist(clips, centres).min(1)
    return index, distance


def _k_means(clips: Tensor, count: int) -> Tensor:
    """Lloyd's algorithm from k-means++ centres (Arthur & Vassilvitskii 2007): `(count, D)`."""
    centres = _first_centres(clips, count)
    before = None
    for _ in range(ROUNDS):
        index, distance = _assign(clips, centres)
        if before is not None and torch.equal(index, before):
            break
        before = index
        sums = torch.zeros_like(centres).index_add_(0, index, clips)
        sizes = torch.bincount(index, minlength=count)
        centres = sums / sizes.clamp(min=1)[:, None]
        # a centre that lost all its clips moves to one of the clips farthest from their centres
        empty = (sizes == 0).nonzero()[:, 0]
        centres[empty] = clips[distance.argsort(descending=True)[: len(empty)]]
    return centres


def _first_centres(clips: Tensor, count: int) -> Tensor:
    """Draw clips, each with a probability by its squared distance to those already drawn."""
    random = torch.Generator().manual_seed(SEED)
    drawn = [clips[int(torch.randint(len(clips), (1,), generator=random))]]
    square = torch.full((len(clips),), torch.inf, dtype=clips.dtype)
    while len(drawn) < count:
        square = torch.minimum(square, (clips - drawn[-1]).square().sum(1))
        if not bool(square.any()):
            raise UserError(
                f"bins is {count}, but there are only {len(drawn)} different real clips: give fewer"
            )
        drawn.append(clips[int(torch.multinomial(square, 1, generator=random))])
    return torch.stack(drawn)
