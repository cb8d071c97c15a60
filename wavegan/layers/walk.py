"""Walks through latent space: join the maps of several latents without a seam."""

import torch
from torch import Tensor

from wavegan.errors import UserError


def as_walk(latent: Tensor, latent_dim: int) -> Tensor:
    """A latent `(B, D)` or a walk `(B, W, D)` as a walk.

    Args:
        latent: the latent or walk.
        latent_dim: D of the network.

    Raises:
        UserError: it has another shape, or W is 0.
    """
    walk = latent.unsqueeze(1) if latent.ndim == 2 else latent
    if walk.ndim != 3 or walk.shape[-1] != latent_dim or not walk.shape[1]:
        raise UserError(
            f"latent has shape {tuple(latent.shape)}: this network takes (B, {latent_dim}), or a "
            f"walk (B, W, {latent_dim})"
        )
    return walk


def overlap(maps: Tensor, positions: int | None = None, *, loop: bool = False) -> Tensor:
    """Overlap the maps of a walk's latents with a cross-fade from each to the next.

    A single map with `loop` is overlapped with itself, shifted by half its length, so that its two
    ends meet at its former middle.

    Args:
        maps: `(B, W, channels, size)`.
        positions: wanted length; None: the windows overlap by half.
        loop: the result wraps around.

    Returns:
        `(B, channels, positions)`.

    Raises:
        UserError: W windows of `size` do not cover `positions`, or do not fit into it.
    """
    if loop and maps.shape[1] == 1:
        maps = maps.expand(-1, 2, -1, -1)
    windows, size = maps.shape[1], maps.shape[-1]
    positions = _half_overlapped(windows, size, loop) if positions is None else positions
    share = shares(windows, size, positions, loop).to(maps)
    joined = maps.new_zeros(maps.shape[0], maps.shape[2], positions)
    for number, start in enumerate(_starts(windows, size, positions, loop)):
        where = (start + torch.arange(size, device=maps.device)) % positions
        joined = joined.index_add(2, where, maps[:, number] * share[number, where])
    return joined


def shares(windows: int, size: int, positions: int, loop: bool) -> Tensor:
    """The weight of each window at each position: `(W, positions)`, with sum 1 at every position.

    Windows are triangles, but flat at the two ends of a map that is not a loop.

    Raises:
        UserError: as `overlap`.
    """
    place = torch.arange(size, dtype=torch.float32)
    triangle = torch.minimum(place + 0.5, size - place - 0.5)
    table = torch.zeros(windows, positions)
    for number, start in enumerate(_starts(windows, size, positions, loop)):
        window = triangle.clone()
        if not loop and number == 0:
            window[: size // 2] = triangle.max()
        if not loop and number == windows - 1:
            window[size // 2 :] = triangle.max()
        table[number, (start + torch.arange(size)) % positions] = window
    return table / table.sum(0)


def _half_overlapped(windows: int, size: int, loop: bool) -> int:
    step = max(size // 2, 1)
    return max(size, windows * step) if loop else size + (windows - 1) * step


def _starts(windows: int, size: int, positions: int, loop: bool) -> list[int]:
    """The start of each window: evenly spaced over the map, or around it for a loop."""
    longest = windows * size
    if not size <= positions <= longest:
        fills = f"{size} to {longest}" if windows > 1 else f"exactly {size}"
        raise UserError(
            f"positions is {positions}, but a walk of {windows} latents, each {size} positions "
            f"long, fills {fills}: give a number in this range, or another number of latents"
        )
    gap = positions / windows if loop else (positions - size) / max(windows - 1, 1)
    return [round(number * gap) for number in range(windows)]
