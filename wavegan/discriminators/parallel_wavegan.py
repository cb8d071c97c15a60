"""Parallel WaveGAN's discriminator: a stack of dilated convolutions that scores every sample.

Source: Yamamoto, Song and Kim 2020, "Parallel WaveGAN" (arXiv 1910.11480), as in
github.com/kan-bayashi/ParallelWaveGAN (MIT).
"""

from torch import Tensor, nn

from wavegan.discriminators.base import Discriminator, DiscriminatorOutput
from wavegan.errors import UserError
from wavegan.layers.conv import same_padding
from wavegan.layers.nonlinearity import ActivationName, activation_function
from wavegan.layers.normalize_all import normalize_all
from wavegan.layers.wavenet import he_conv1d


class ParallelWaveGANDiscriminator(Discriminator):
    """Scores audio `(B, C, T)` with one logit per sample, `(B, 1, T)`.

    The feature maps are the activation of every layer except the last, `(B, conv_channels, T)`;
    the original does not use them.

    Args:
        channels: audio channels, C.
        kernel_size: kernel of all convolutions; odd.
        layers: number of convolutions, at least 2.
        conv_channels: width of all convolutions except the last.
        dilation_factor: 1 gives the dilations 1, 1, 2, 3 and so on; n gives 1, n, n² and so on.
            The last layer has 1.
        activation: see `wavegan.layers.nonlinearity`.
        leaky_slope: slope of "leaky_relu" below 0.
        bias: whether convolutions have a bias.
        weight_norm: use weight norm on all convolutions.

    Raises:
        UserError: an even kernel, or a number too small.
    """

    def __init__(
        self,
        *,
        channels: int = 1,
        kernel_size: int = 3,
        layers: int = 10,
        conv_channels: int = 64,
        dilation_factor: int = 1,
        activation: ActivationName = "leaky_relu",
        leaky_slope: float = 0.2,
        bias: bool = True,
        weight_norm: bool = True,
    ) -> None:
        super().__init__()
        _check(channels, kernel_size, layers, conv_channels, dilation_factor)
        self.activation = activation_function(activation, leaky_slope)
        self.convs = nn.ModuleList()
        width = channels
        for layer in range(layers - 1):
            dilation = max(layer, 1) if dilation_factor == 1 else dilation_factor**layer
            self.convs.append(
                he_conv1d(
                    width,
                    conv_channels,
                    kernel_size,
                    dilation=dilation,
                    padding=same_padding(kernel_size, dilation),
                    bias=bias,
                )
            )
            width = conv_channels
        self.conv_post = he_conv1d(
            width, 1, kernel_size, padding=same_padding(kernel_size), bias=bias
        )
        if weight_norm:
            normalize_all(self)

    def forward(self, audio: Tensor) -> list[DiscriminatorOutput]:
        """Score `(B, C, T)`; one output."""
        x, feature_maps = audio, []
        for conv in self.convs:
            x = self.activation(conv(x))
            feature_maps.append(x)
        return [DiscriminatorOutput(self.conv_post(x), feature_maps)]


def _check(channels: int, kernel_size: int, layers: int, width: int, factor: int) -> None:
    if kernel_size < 1 or kernel_size % 2 == 0:
        raise UserError(
            f"kernel_size {kernel_size} must be odd and positive: use {max(kernel_size + 1, 1)}"
        )
    if layers < 2 or min(channels, width, factor) < 1:
        raise UserError(
            f"layers {layers} must be at least 2, and channels {channels}, conv_channels {width} "
            f"and dilation_factor {factor} at least 1"
        )
