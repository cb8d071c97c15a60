"""Number of frames of each item of a padded batch."""

import torch
from torch import Tensor

from wavegan.errors import UserError
from wavegan.inference.given import numbers


def item_lengths(mel: Tensor, lengths: object, mask: object) -> list[int]:
    """Frames of each item.

    Args:
        mel: `(B, n_mels, L)`.
        lengths: `(B,)`, 1 to L.
        mask: `(..., L)` with B rows, true at an item's frames, with padding after them.

    Returns:
        B numbers; L each if neither is given.

    Raises:
        UserError: both are given, or they do not fit the mel.
    """
    batch, _, frames = mel.shape
    if mask is not None:
        if lengths is not None:
            raise UserError("lengths and mask are both given: give one of them")
        return _from_mask(mask, batch, frames)
    if lengths is None:
        return [frames] * batch
    given = numbers(lengths, "lengths").reshape(-1).tolist()
    fitting = all(1 <= length <= frames and length == int(length) for length in given)
    if len(given) != batch or not fitting:
        raise UserError(
            f"lengths are {given}: give {batch} numbers of frames from 1 to {frames}, one for each "
            "item of mel"
        )
    return [int(length) for length in given]


def _from_mask(mask: object, batch: int, frames: int) -> list[int]:
    rows = numbers(mask, "mask", boolean=True).bool()
    if rows.shape[-1:] != (frames,) or rows.numel() != batch * frames:
        raise UserError(
            f"mask has shape {tuple(rows.shape)}: give one row of {frames} for each of the "
            f"{batch} items of mel"
        )
    rows = rows.reshape(batch, frames)
    counts = rows.sum(-1)
    starts = torch.arange(frames, device=rows.device) < counts[:, None]
    if bool((counts == 0).any()) or not torch.equal(starts, rows):
        raise UserError(
            "mask: each row must be true for one or more frames, then false for padding"
        )
    return [int(count) for count in counts]
