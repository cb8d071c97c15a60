"""The slope of a discriminator, which gradient penalties are about."""

import torch
from torch import Tensor

from wavegan.penalties.base import Judge


def slope(discriminator: Judge, audio: Tensor) -> Tensor:
    """The gradient of each clip's score with respect to the clip, with a graph to D's weights.

    The score of one clip is the mean of its logits, summed over the sub-discriminators: what every
    objective averages over the batch. So the slope depends neither on the batch size nor on the
    number of processes. It is computed in float32, also under autocast.

    Args:
        discriminator: the judge.
        audio: `(B, C, T)`.

    Returns:
        `(B, C, T)`.
    """
    audio = audio.detach().requires_grad_()
    with torch.autocast(audio.device.type, enabled=False):
        scores = [output.logits.reshape(len(audio), -1).mean(1) for output in discriminator(audio)]
        total = torch.stack(scores).sum()
        (gradient,) = torch.autograd.grad(total, audio, create_graph=True)
    return gradient
