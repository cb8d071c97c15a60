"""The residual discriminator of github.com/kan-bayashi/ParallelWaveGAN (MIT): a WaveNet.

Source: the generator of Yamamoto, Song and Kim 2020, "Parallel WaveGAN" (arXiv 1910.11480),
without a condition; `ResidualParallelWaveGANDiscriminator` there.
"""

from torch import Tensor

from wavegan.discriminators.base import Discriminator, DiscriminatorOutput
from wavegan.errors import UserError
from wavegan.layers.nonlinearity import ActivationName, activation_function
from wavegan.layers.normalize_all import normalize_all
from wavegan.layers.wavenet import WaveNet


class ResidualParallelWaveGANDiscriminator(Discriminator):
    """Scores audio `(B, C, T)` with one logit per sample, `(B, 1, T)`.

    The only feature map is the sum of the skip connections, `(B, skip_channels, T)`; the original
    does not use it.

    Args:
        channels: audio channels, C.
        kernel_size: kernel of the dilated convolutions; odd.
        layers: number of dilated convolutions, a multiple of `stacks`.
        stacks: number of stacks; each restarts the dilations 1, 2, 4 and so on.
        residual_channels: channels between the layers.
        gate_channels: channels of the dilated convolutions; even.
        skip_channels: channels of the sum of skip connections.
        dropout: dropout rate before each dilated convolution in training.
        bias: whether the layers' convolutions have a bias.
        weight_norm: use weight norm on all convolutions.
        causal: samples do not influence earlier ones.
        activation: activation of the first and the last two convolutions (see
            `wavegan.layers.nonlinearity`).
        leaky_slope: slope of "leaky_relu" below 0.

    Raises:
        UserError: options contradict each other.
    """

    def __init__(
        self,
        *,
        channels: int = 1,
        kernel_size: int = 3,
        layers: int = 30,
        stacks: int = 3,
        residual_channels: int = 64,
        gate_channels: int = 128,
        skip_channels: int = 64,
        dropout: float = 0.0,
        bias: bool = True,
        weight_norm: bool = True,
        causal: bool = False,
        activation: ActivationName = "leaky_relu",
        leaky_slope: float = 0.2,
    ) -> None:
        super().__init__()
        if channels < 1:
            raise UserError(f"channels {channels} must be at least 1")
        function = activation_function(activation, leaky_slope)
        self.wavenet = WaveNet(
            in_channels=channels,
            out_channels=1,
            layers=layers,
            stacks=stacks,
            kernel_size=kernel_size,
            residual_channels=residual_channels,
            gate_channels=gate_channels,
            skip_channels=skip_channels,
            condition_channels=0,
            dropout=dropout,
            bias=bias,
            causal=causal,
            activation=function,
            input_activation=function,
        )
        if weight_norm:
            normalize_all(self)

    def forward(self, audio: Tensor) -> list[DiscriminatorOutput]:
        """Score `(B, C, T)`; one output."""
        skips = self.wavenet.skips(audio)
        return [DiscriminatorOutput(self.wavenet.head(skips), [skips])]
