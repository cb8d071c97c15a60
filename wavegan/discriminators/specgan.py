"""SpecGAN's critic: 2-D convolutions over spectrograms.

Source: Donahue, McAuley and Puckette 2019, "Adversarial Audio Synthesis" (arXiv 1802.04208), as in
github.com/chrisdonahue/wavegan (MIT) without batch normalisation, its default. Labels by
projection: Miyato and Koyama 2018 (arXiv 1802.05637).
"""

from itertools import pairwise

from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from wavegan.discriminators.base import Discriminator, DiscriminatorOutput
from wavegan.errors import UserError
from wavegan.layers.conditioning import LabelProjection, check_labels
from wavegan.layers.spec_conv import HalvingConv2d, map_size
from wavegan.layers.wave_same import start_as_tensorflow

SLOPE = 0.2


class SpecGANDiscriminator(Discriminator):
    """Scores spectrograms `(B, C, spec_n_fft / 2, L)` of the generator `specgan`.

    The logits are `(B, 1)`; the feature maps are the activation of every convolution,
    `(B, width, F', L')`.

    Args:
        segment: samples of the clips, L * spec_hop_length.
        channels: audio channels, C.
        n_labels: K, number of labels; the inner product of a label's embedding with the input of
            the last layer is added to the logits.
        dim: channels after the first convolution; each further one has twice as many.
        stages: number of convolutions; each halves bins and frames.
        kernel_size: their kernel, bins and frames.
        spec_n_fft: that of the generator.
        spec_hop_length: that of the generator.

    Raises:
        UserError: options contradict each other.
    """

    def __init__(
        self,
        *,
        segment: int = 16384,
        channels: int = 1,
        n_labels: int = 0,
        dim: int = 64,
        stages: int = 5,
        kernel_size: int = 5,
        spec_n_fft: int = 256,
        spec_hop_length: int = 128,
    ) -> None:
        super().__init__()
        if min(channels, dim) < 1 or n_labels < 0:
            raise UserError(
                f"channels {channels} and dim {dim} must be at least 1, n_labels {n_labels} at "
                "least 0"
            )
        bins, positions = map_size(segment, spec_n_fft, spec_hop_length, stages)
        self.n_labels = n_labels
        self.shape = (channels, spec_n_fft // 2, segment // spec_hop_length)
        widths = [dim * 2**stage for stage in range(stages)]
        self.downs = nn.ModuleList(
            HalvingConv2d(above, below, kernel_size)
            for above, below in pairwise([channels, *widths])
        )
        features = widths[-1] * bins * positions
        self.dense = nn.Linear(features, 1)
        start_as_tensorflow(self.dense)
        self.projection = LabelProjection(features, n_labels) if n_labels else None

    def forward(self, audio: Tensor, label: Tensor | None = None) -> list[DiscriminatorOutput]:
        """Score spectrograms `(B, C, spec_n_fft / 2, L)`, with labels `(B,)` if there are any.

        Raises:
            UserError: they have another shape, or a label is missing or unknown.
        """
        if tuple(audio.shape[1:]) != self.shape:
            raise UserError(
                f"the discriminator specgan takes spectrograms {self.shape}, but the input is "
                f"{tuple(audio.shape[1:])}: set the generator to specgan, with the same spec_n_fft "
                "and spec_hop_length"
            )
        label = check_labels(label, self.n_labels, len(audio))
        x, feature_maps = audio, []
        for down in self.downs:
            x = leaky_relu(down(x), SLOPE)
            feature_maps.append(x)
        # frames, then bins, then channels, as in the original, so its weights fit unchanged
        features = x.permute(0, 3, 2, 1).flatten(1)
        logits = self.dense(features)
        if self.projection is not None:
            logits = logits + self.projection(features, label)
        return [DiscriminatorOutput(logits, feature_maps)]
