"""Length check of discriminators that take clips of one length."""

from torch import Tensor

from wavegan.errors import UserError


def check_segment(audio: Tensor, segment: int) -> None:
    """Refuse audio `(B, C, T)` of another length than `segment` samples.

    Raises:
        UserError: the message has both lengths.
    """
    if audio.shape[-1] != segment:
        raise UserError(
            f"audio has {audio.shape[-1]} samples, but this discriminator takes segments of "
            f"{segment}: set its segment to data.segment"
        )
