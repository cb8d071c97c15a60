"""Latents: draw them from a seed, interpolate between them, find their neighbours."""

import math

import torch
from torch import Tensor

from wavegan.errors import UserError
from wavegan.random_streams import ClipStream, Prior, draw_latents, of_clip

# Windows from one drawn latent of a walk to the next: the length of two clips, as windows overlap
# by half. The windows between are interpolated, so a long sound evolves.
STRIDE = 4


def between(start: Tensor, stop: Tensor, place: float, prior: Prior) -> Tensor:
    """Interpolate from `start` to `stop`, each `(..., D)`, at `place` in [0, 1].

    Uniform latents are mixed linearly and stay in their cube. Normal ones follow the great circle
    (Shoemake 1985), which keeps their norm: the middle of a straight line would be nearer to the
    mean than the latents of training.
    """
    straight: Tensor = (1 - place) * start + place * stop
    if prior == "uniform":
        return straight
    cosine = torch.nn.functional.cosine_similarity(start, stop, dim=-1)[..., None]
    angle = torch.acos(cosine.clamp(-1, 1))
    sine = angle.sin()
    # The great circle through parallel or opposite vectors is not unique.
    parallel = sine < 1e-4
    sine = sine.masked_fill(parallel, 1.0)
    arc = ((1 - place) * angle).sin() / sine * start + (place * angle).sin() / sine * stop
    return torch.where(parallel, straight, arc)


def spread_evenly(latents: Tensor, windows: int, prior: Prior, *, loop: bool) -> Tensor:
    """A walk of `windows` latents through the given ones at even distances.

    Args:
        latents: `(A, D)`; the walk begins at the first.
        windows: W.
        prior: prior of the latents, which decides the interpolation.
        loop: return from the last latent to the first; otherwise the walk ends at the last.

    Returns:
        `(W, D)`; the latents themselves where W is A.
    """
    count = len(latents)
    if count == windows:
        return latents
    gap = count / windows if loop else (count - 1) / max(windows - 1, 1)
    points = []
    for window in range(windows):
        place = window * gap
        before = min(int(place + 1e-9), count - 1)
        after = (before + 1) % count if loop else min(before + 1, count - 1)
        points.append(between(latents[before], latents[after], max(place - before, 0.0), prior))
    return torch.stack(points)


def drawn_walk(
    prior: Prior, size: int, windows: int, seed: int, index: int, *, loop: bool
) -> Tensor:
    """The walk `(W, D)` of one clip. Every fourth window has a drawn latent.

    The first latent is the same for every W, so a longer clip begins with the sound of a shorter
    one. Except for loops, a longer walk begins with the shorter walk.
    """
    numbers = of_clip(seed, index, ClipStream.LATENT)
    if loop:
        count = min(windows, max(2, round(windows / STRIDE)))
        return spread_evenly(draw_latents(prior, (count, size), numbers), windows, prior, loop=True)
    count = 1 + -(-(windows - 1) // STRIDE)
    whole = 1 + (count - 1) * STRIDE
    drawn = draw_latents(prior, (count, size), numbers)
    return spread_evenly(drawn, whole, prior, loop=False)[:windows]


def neighbours(
    latent: Tensor, spread: float, count: int, seed: int, prior: Prior, *, first: int = 0
) -> Tensor:
    """Latents near one: `(count, D)`.

    A normal latent z becomes sqrt(1 - s^2) z + s e with e drawn from the prior, which is again a
    draw from the prior; a uniform one becomes z + s e, cut off at the ends of the cube.

    Args:
        latent: `(1, D)` or `(D,)`.
        spread: s, in [0, 1]; 0 gives the latent itself, 1 with a normal prior an unrelated one.
        count: number of neighbours.
        seed: seed of the neighbours; each depends on the seed and its number alone.
        prior: the generator's prior.
        first: number of the first neighbour.

    Raises:
        UserError: `spread` is out of range, or `count` is below 1.
    """
    if count < 1:
        raise UserError(f"n is {count}: give 1 or more")
    if not 0 <= spread <= 1:
        raise UserError(f"spread is {spread}: give a number from 0 to 1")
    centre = latent.reshape(1, -1).float().cpu()
    numbers = (of_clip(seed, first + number, ClipStream.NEIGHBOUR) for number in range(count))
    around = torch.cat([draw_latents(prior, centre.shape, one) for one in numbers])
    if prior == "normal":
        return math.sqrt(1 - spread**2) * centre + spread * around
    return (centre + spread * around).clamp(-1, 1)


def walks(latent: Tensor, size: int) -> Tensor:
    """A caller's latents `(n, D)` or `(n, W, D)` as walks `(n, W, D)` on the CPU.

    Raises:
        UserError: another shape, or values that are not finite.
    """
    given = latent.detach().float().cpu()
    if given.ndim not in (2, 3) or given.shape[-1] != size or not given.numel():
        raise UserError(
            f"latent has shape {tuple(given.shape)}: this model takes (n, {size}), "
            f"or walks (n, W, {size})"
        )
    if not bool(torch.isfinite(given).all()):
        raise UserError("latent has values that are not finite")
    return given[:, None] if given.ndim == 2 else given
