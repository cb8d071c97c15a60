"""Discriminators that judge clips of one length only."""

from torch import Tensor

from wavegan.errors import UserError


def check_segment(audio: Tensor, segment: int) -> None:
    """Refuse audio `(B, C, T)` of another length than `segment` samples.

    Raises:
        UserError: names both lengths.
    """
    if audio.shape[-1] != segment:
        raise UserError(
            f"audio of {audio.shape[-1]} samples: this discriminator judges segments of {segment}"
        )
