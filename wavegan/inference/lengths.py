"""How many frames each item of a padded batch has."""

from collections.abc import Sequence

import torch
from torch import Tensor

from wavegan.errors import UserError


def item_lengths(
    mel: Tensor, lengths: Sequence[int] | Tensor | None, mask: Tensor | None
) -> list[int]:
    """Frames of each item.

    Args:
        mel: `(B, n_mels, L)`.
        lengths: `(B,)`, 1 to L.
        mask: `(..., L)` with B rows: true at an item's frames, which come first.

    Returns:
        B numbers; L each where neither is given.

    Raises:
        UserError: both are given, or they do not fit the mel.
    """
    batch, _, frames = mel.shape
    if mask is not None:
        if lengths is not None:
            raise UserError("lengths and mask say the same: give one of them")
        return _from_mask(mask, batch, frames)
    if lengths is None:
        return [frames] * batch
    given = [int(length) for length in torch.as_tensor(lengths).reshape(-1)]
    if len(given) != batch or any(not 1 <= length <= frames for length in given):
        raise UserError(
            f"lengths are {given}: give {batch} numbers of frames from 1 to {frames}, one for each "
            "item of mel"
        )
    return given


def _from_mask(mask: Tensor, batch: int, frames: int) -> list[int]:
    rows = torch.as_tensor(mask).bool()
    if rows.shape[-1:] != (frames,) or rows.numel() != batch * frames:
        raise UserError(
            f"mask has shape {tuple(rows.shape)}: give one row of {frames} for each of the "
            f"{batch} items of mel"
        )
    rows = rows.reshape(batch, frames)
    counts = rows.sum(-1)
    starts = torch.arange(frames, device=rows.device) < counts[:, None]
    if bool((counts == 0).any()) or not torch.equal(starts, rows):
        raise UserError("mask: each item's frames come first, one at least, and padding after them")
    return [int(count) for count in counts]
