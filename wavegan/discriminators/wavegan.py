"""WaveGAN's discriminator: strided convolutions over the whole clip, phase shuffle, one score.

Source: Donahue, McAuley and Puckette 2019, "Adversarial Audio Synthesis" (arXiv 1802.04208), as in
github.com/chrisdonahue/wavegan (MIT) without batch normalisation, its default. Labels by
projection: Miyato and Koyama 2018 (arXiv 1802.05637). Minibatch deviation: Karras et al. 2018
(arXiv 1710.10196).
"""

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from wavegan.discriminators._segment import check_segment
from wavegan.discriminators.base import Discriminator, DiscriminatorOutput
from wavegan.errors import UserError
from wavegan.layers.conditioning import LabelProjection, check_labels
from wavegan.layers.minibatch_std import MinibatchStd
from wavegan.layers.phase_shuffle import PhaseShuffle
from wavegan.layers.wave_same import SameConv1d, start_as_tensorflow
from wavegan.layers.wave_strides import check_strides, layer_widths, usual_strides

# the original shuffles after four layers, with either five or six layers
SHUFFLED_LAYERS = 4


class WaveGANDiscriminator(Discriminator):
    """Scores clips `(B, channels, segment)`, of exactly this length.

    The logits are `(B, 1)`; the feature maps are the activation of every layer, `(B, width, T')`,
    before the phase shuffle.

    Args:
        segment: samples of a clip, a multiple of the product of `strides`.
        channels: audio channels.
        n_labels: K, number of labels; the inner product of a label's embedding with the input of
            the last layer is added to the logits.
        dim: channels after the first layer; each further one has twice as many.
        max_dim: maximum width of a layer.
        kernel_size: kernel of the convolutions; at least the stride.
        strides: strides of the layers; None: 4 each, with a final 2 if needed, down to 16 to 31
            positions. 16384 is 16 · 4⁵, 32768 is 16 · 4⁵ · 2.
        phase_shuffle: largest shift in samples after each of the first four layers, except the
            last layer; 0: none. Off in `eval()`.
        leaky_slope: slope of the activations below 0.
        minibatch_std: clips per group for the minibatch deviation before the last layer
            (`layers/minibatch_std.py`); 0: none.

    Raises:
        UserError: options contradict each other; the message has the nearest segments.
    """

    def __init__(
        self,
        *,
        segment: int = 16384,
        channels: int = 1,
        n_labels: int = 0,
        dim: int = 64,
        max_dim: int = 2048,
        kernel_size: int = 25,
        strides: Sequence[int] | None = None,
        phase_shuffle: int = 2,
        leaky_slope: float = 0.2,
        minibatch_std: int = 0,
    ) -> None:
        super().__init__()
        if channels < 1 or n_labels < 0:
            raise UserError(
                f"channels {channels} must be at least 1 and n_labels {n_labels} at least 0"
            )
        strides = usual_strides(segment) if strides is None else strides
        positions = check_strides(segment, strides, kernel_size)
        _check_shuffle(phase_shuffle, segment, strides)
        self.shortest = self.segment = segment
        self.n_labels = n_labels
        self.batch_dependent = phase_shuffle > 0 or minibatch_std > 0
        self.leaky_slope = leaky_slope
        widths = layer_widths(dim, max_dim, len(strides))
        self.downs = nn.ModuleList(
            SameConv1d(above, below, kernel_size, stride)
            for (above, below), stride in zip(pairwise([channels, *widths]), strides, strict=True)
        )
        self.shuffle = PhaseShuffle(phase_shuffle)
        self.spread = MinibatchStd(minibatch_std) if minibatch_std else None
        features = positions * (widths[-1] + bool(minibatch_std))
        self.dense = nn.Linear(features, 1)
        start_as_tensorflow(self.dense)
        self.projection = LabelProjection(features, n_labels) if n_labels else None

    def forward(self, audio: Tensor, label: Tensor | None = None) -> list[DiscriminatorOutput]:
        """Score `(B, channels, segment)`, with labels `(B,)` if there are any; one output.

        Raises:
            UserError: the audio has another length, or labels are missing or unknown.
        """
        check_segment(audio, self.segment)
        label = check_labels(label, self.n_labels, len(audio))
        x, feature_maps = audio, []
        for layer, down in enumerate(self.downs):
            x = self.shuffle(x) if 0 < layer <= SHUFFLED_LAYERS else x
            x = leaky_relu(down(x), self.leaky_slope)
            feature_maps.append(x)
        return [DiscriminatorOutput(self._score(x, label), feature_maps)]

    def _score(self, x: Tensor, label: Tensor | None) -> Tensor:
        """`(B, width, positions)` to logits `(B, 1)`."""
        if self.spread is not None:
            x = self.spread(x)
        # positions before channels, as in the original, so its weights fit unchanged
        features = x.transpose(1, 2).flatten(1)
        logits: Tensor = self.dense(features)
        if self.projection is not None:
            logits = logits + self.projection(features, label)
        return logits


def _check_shuffle(radius: int, segment: int, strides: Sequence[int]) -> None:
    """Refuse shifts as long as the shortest shuffled map, as they cannot be reflected."""
    shortest = segment
    for stride in strides[:-1][:SHUFFLED_LAYERS]:
        shortest //= stride
    if len(strides) > 1 and radius >= shortest:
        raise UserError(
            f"phase_shuffle {radius} must be below {shortest}, the length of the last shuffled map "
            f"with segment {segment} and strides {list(strides)}"
        )
