"""Put weight norm on every convolution of a network, like ParallelWaveGAN."""

from torch import nn

from wavegan.layers.conv import normalized


def normalize_all(network: nn.Module) -> None:
    """Put weight norm on each convolution of a network, in place.

    Call it last: the norm starts from the current weights, so their initialisation is kept.
    """
    for module in list(network.modules()):
        if isinstance(module, nn.Conv1d | nn.Conv2d | nn.ConvTranspose1d):
            normalized(module)
