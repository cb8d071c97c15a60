"""What R1 and R2 share: a discriminator that has to be flat at some clips."""

from torch import Tensor

from wavegan.errors import UserError
from wavegan.penalties._slope import slope
from wavegan.penalties.base import Judge


def check(name: str, gamma: float, every: int) -> None:
    """Refuse options out of their range.

    Raises:
        UserError: when `gamma` is negative or `every` is below 1.
    """
    if not 0 <= gamma < float("inf"):
        raise UserError(f"{name}: gamma is {gamma}; give a number of at least 0")
    if every < 1:
        raise UserError(f"{name}: every is {every}; give a whole number of at least 1")


def steepness(discriminator: Judge, audio: Tensor, gamma: float) -> Tensor:
    """`gamma / 2` times the squared slope at `audio` `(B, C, T)`, its mean over the batch."""
    steep = slope(discriminator, discriminator.see(audio.detach()))
    return gamma / 2 * steep.square().sum(1).mean()
