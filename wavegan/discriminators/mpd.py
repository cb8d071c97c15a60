"""Multi-period discriminator: 2-D convolutions over audio folded at prime periods.

Source: Kong, Kim and Bae 2020, "HiFi-GAN" (arXiv 2010.05646). Module names are those of
github.com/jik876/hifi-gan (MIT), so the `mpd` weights of its checkpoints load unchanged.
"""

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn.functional import leaky_relu, pad

from wavegan.discriminators.base import Discriminator, DiscriminatorOutput
from wavegan.errors import UserError
from wavegan.layers.blocks import HIFIGAN_SLOPE
from wavegan.layers.conv import Norm, normalized

KERNEL = 5
STRIDE = 3


class MultiPeriod(Discriminator):
    """Scores audio `(B, C, T)` once per period; T must exceed the largest period.

    Per period the logits are `(B, N)`; the feature maps are the activation of each layer,
    `(B, width, T', period)`, and last the logits before flattening, as published.

    Args:
        channels: audio channels, C.
        periods: periods in samples; each folds the audio to `(B, C, T / period, period)`.
        layer_channels: width of each convolution (kernel 5); all except the last have stride 3.
        spectral_norm: use spectral norm instead of weight norm.
        leaky_slope: slope of the leaky ReLUs; UnivNet has 0.2.

    Raises:
        UserError: a list is empty or has a number below 1.
    """

    def __init__(
        self,
        *,
        channels: int = 1,
        periods: Sequence[int] = (2, 3, 5, 7, 11),
        layer_channels: Sequence[int] = (32, 128, 512, 1024, 1024),
        spectral_norm: bool = False,
        leaky_slope: float = HIFIGAN_SLOPE,
    ) -> None:
        super().__init__()
        if channels < 1 or min(layer_channels, default=0) < 1:
            raise UserError(
                f"channels {channels} and layer_channels {list(layer_channels)} must be at "
                "least 1, with one layer or more"
            )
        if min(periods, default=0) < 1 or len(set(periods)) < len(periods):
            proposal = sorted({max(period, 1) for period in periods}) or [2, 3, 5, 7, 11]
            raise UserError(
                f"periods {list(periods)} must be one or more different integers of at least 1, "
                f"such as {proposal}"
            )
        self.discriminators = nn.ModuleList(
            _Period(
                period,
                channels,
                layer_channels,
                "spectral" if spectral_norm else "weight",
                leaky_slope,
            )
            for period in periods
        )

    def forward(self, audio: Tensor) -> list[DiscriminatorOutput]:
        """Score `(B, C, T)`; one output per period."""
        return [discriminator(audio) for discriminator in self.discriminators]


class _Period(nn.Module):
    def __init__(
        self, period: int, channels: int, widths: Sequence[int], norm: Norm, slope: float
    ) -> None:
        super().__init__()
        self.period = period
        self.slope = slope
        strides = [STRIDE] * (len(widths) - 1) + [1]
        self.convs = nn.ModuleList(
            normalized(nn.Conv2d(before, width, (KERNEL, 1), (stride, 1), (KERNEL // 2, 0)), norm)
            for before, width, stride in zip([channels, *widths[:-1]], widths, strides, strict=True)
        )
        self.conv_post = normalized(nn.Conv2d(widths[-1], 1, (3, 1), padding=(1, 0)), norm)

    def forward(self, audio: Tensor) -> DiscriminatorOutput:
        batch, channels, length = audio.shape
        missing = -length % self.period
        if missing:
            audio = pad(audio, (0, missing), "reflect")
        x = audio.reshape(batch, channels, -1, self.period)
        feature_maps = []
        for conv in self.convs:
            x = leaky_relu(conv(x), self.slope)
            feature_maps.append(x)
        x = self.conv_post(x)
        feature_maps.append(x)
        return DiscriminatorOutput(x.flatten(1), feature_maps)
