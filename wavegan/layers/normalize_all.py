"""Weight norm on every convolution of a network at once, as ParallelWaveGAN puts it on."""

from torch import nn

from wavegan.layers.conv import normalized


def normalize_all(network: nn.Module) -> None:
    """Put weight norm on each convolution inside, in place.

    Call it last: the norm starts from the weights as they are, so no initialisation is lost.
    """
    for module in list(network.modules()):
        if isinstance(module, nn.Conv1d | nn.Conv2d | nn.ConvTranspose1d):
            normalized(module)
