"""A WaveNet as a discriminator, the other one of github.com/kan-bayashi/ParallelWaveGAN (MIT).

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
    """Judges audio `(B, C, T)` with one logit for each sample, `(B, 1, T)`.

    The one feature map is the sum of the layers' skips, `(B, skip_channels, T)`; the original uses
    none.

    Args:
        channels: audio channels, C.
        kernel_size: of the dilated convolutions; odd.
        layers: dilated convolutions, a multiple of `stacks`.
        stacks: how often the dilations 1, 2, 4 and so on start anew.
        residual_channels: of what passes from layer to layer.
        gate_channels: of the dilated convolutions; even.
        skip_channels: of what the layers add up.
        dropout: share dropped before each dilated convolution in training.
        bias: whether the layers' convolutions have one.
        weight_norm: on all convolutions.
        causal: no sample influences what comes before it.
        activation: of the first and the two last convolutions, see `wavegan.layers.nonlinearity`.
        leaky_slope: of "leaky_relu" below 0.

    Raises:
        UserError: two of these contradict each other.
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
        """Judge `(B, C, T)`; one output."""
        skips = self.wavenet.skips(audio)
        return [DiscriminatorOutput(self.wavenet.head(skips), [skips])]
