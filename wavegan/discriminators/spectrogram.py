"""A critic of waveforms with 2-D convolutions over their log spectrogram.

Sources: SpecGAN's critic (Donahue, McAuley and Puckette 2019, "Adversarial Audio Synthesis", arXiv
1802.04208), with convolutions of stride 2 on a spectrogram with normalised bins. There the
generator makes spectrograms; here it makes audio, so critics of several resolutions can be
combined, as in Jang et al. 2021, "UnivNet" (arXiv 2106.07889). Labels by projection: Miyato and
Koyama 2018 (arXiv 1802.05637).
"""

from collections.abc import Iterable, Sequence

from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from wavegan.discriminators._segment import check_segment
from wavegan.discriminators.base import Discriminator, DiscriminatorOutput
from wavegan.errors import UserError
from wavegan.layers.conditioning import LabelProjection, check_labels
from wavegan.layers.log_spectrogram import LogSpectrogram

SLOPE = 0.2
SHORTEST = 8
"""Fewest bins or frames that are halved."""


class SpectrogramDiscriminator(Discriminator):
    """Scores clips `(B, channels, segment)`, of exactly this length, at one resolution.

    The input of the layers is the log spectrogram, normalised by each bin's mean and deviation,
    which `fit` measures on real clips. Gradient penalties refer to this spectrogram, as the slope
    of the logarithm near silence is not a property of the critic. The logits are `(B, 1)`; the
    feature maps are the activation of every convolution, `(B, width, F, L)`.

    Args:
        segment: samples of a clip.
        channels: audio channels.
        n_labels: K, number of labels; the inner product of a label's embedding with the input of
            the last layer is added to the logits.
        spec_n_fft: FFT size, samples; even.
        spec_hop_length: hop of the spectrogram, samples; at most half of spec_n_fft.
        bins: number of bins to use, from the lowest; None: all except that at half the rate.
        dim: channels after the first convolution; each further one has twice as many.
        max_dim: maximum width of a layer.
        kernel_size: kernel along both axes; odd.
        places: convolutions halve the spectrogram until bins times frames is at most this.
        floor: added to magnitudes, so much softer sound is treated as silence.

    Raises:
        UserError: options contradict each other; the message has a valid value.
    """

    def __init__(
        self,
        *,
        segment: int = 16384,
        channels: int = 1,
        n_labels: int = 0,
        spec_n_fft: int = 256,
        spec_hop_length: int = 128,
        bins: int | None = None,
        dim: int = 16,
        max_dim: int = 128,
        kernel_size: int = 5,
        places: int = 96,
        floor: float = 1e-2,
    ) -> None:
        super().__init__()
        bins = spec_n_fft // 2 if bins is None else bins
        _check(channels, n_labels, dim, max_dim, kernel_size, places)
        if not 1 <= bins <= spec_n_fft // 2:
            raise UserError(
                f"bins {bins} must be from 1 to half of spec_n_fft {spec_n_fft}: {spec_n_fft // 2}"
            )
        if segment < spec_hop_length:
            raise UserError(
                f"segment {segment} has no frame: use {spec_hop_length}, the spec_hop_length"
            )
        self.shortest = self.segment = segment
        self.n_labels, self.bins = n_labels, bins
        self.spectrogram = LogSpectrogram(spec_n_fft, spec_hop_length, floor=floor)
        self.downs = nn.ModuleList()
        width, height, length = channels, bins, segment // spec_hop_length
        while height * length > places and max(height, length) >= SHORTEST:
            stride = (1 + (height >= SHORTEST), 1 + (length >= SHORTEST))
            wider = min(dim << len(self.downs), max_dim)
            self.downs.append(nn.Conv2d(width, wider, kernel_size, stride, kernel_size // 2))
            width, height, length = wider, -(-height // stride[0]), -(-length // stride[1])
        features = width * height * length
        self.dense = nn.Linear(features, 1)
        self.projection = LabelProjection(features, n_labels) if n_labels else None

    def forward(self, audio: Tensor, label: Tensor | None = None) -> list[DiscriminatorOutput]:
        """Score `(B, channels, segment)`, with labels `(B,)` if there are any; one output.

        Raises:
            UserError: the audio has another length, or labels are missing or unknown.
        """
        return self.score(self.preprocess(audio), label)

    def preprocess(self, audio: Tensor) -> list[Tensor]:
        """The spectrogram `(B, channels, bins, L)` of `(B, channels, segment)`, float32."""
        check_segment(audio, self.segment)
        return [self.spectrogram.normalized(audio)[..., : self.bins, :]]

    def score(
        self, seen: Sequence[Tensor], label: Tensor | None = None
    ) -> list[DiscriminatorOutput]:
        """Score one spectrogram."""
        (x,) = seen
        label = check_labels(label, self.n_labels, len(x))
        feature_maps = []
        for down in self.downs:
            x = leaky_relu(down(x), SLOPE)
            feature_maps.append(x)
        features = x.flatten(1)
        logits: Tensor = self.dense(features)
        if self.projection is not None:
            logits = logits + self.projection(features, label)
        return [DiscriminatorOutput(logits, feature_maps)]

    def fit(self, crops: Iterable[Tensor]) -> None:
        """Measure each bin's mean and deviation on real crops `(B, C, T)`."""
        self.spectrogram.fit(crops)


def _check(
    channels: int, n_labels: int, dim: int, max_dim: int, kernel_size: int, places: int
) -> None:
    if min(channels, dim, places) < 1 or n_labels < 0:
        raise UserError(
            f"channels {channels}, dim {dim} and places {places} must be at least 1, n_labels "
            f"{n_labels} at least 0"
        )
    if max_dim < dim:
        raise UserError(f"max_dim {max_dim} must be at least dim: use {dim}")
    if kernel_size < 1 or kernel_size % 2 == 0:
        raise UserError(f"kernel_size {kernel_size} must be odd: use {max(kernel_size + 1, 1)}")
