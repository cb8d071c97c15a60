"""Interface of ParallelWaveGAN's models: `inference(c, normalize_before)`, frames first."""

from numpy.typing import ArrayLike
from torch import Tensor

from wavegan.adapters.base import Adapter, shaped
from wavegan.layers.standardize import Standardize


class ParallelWaveGANVocoder(Adapter):
    """`inference(c)`: `(L, n_mels)` to `(T, 1)`.

    Source: github.com/kan-bayashi/ParallelWaveGAN, `inference` of its generators.
    """

    def inference(
        self, c: ArrayLike, normalize_before: bool = False, *, x: ArrayLike | None = None
    ) -> Tensor:
        """Vocode one utterance.

        Args:
            c: `(L, n_mels)`, tensor or array.
            normalize_before: whether `c` is raw and still has to be normalized by the model's
                statistics. As in ParallelWaveGAN, the default is normalized input.
            x: noise `(T, 1)` for Parallel WaveGAN; None draws it.

        Returns:
            `(T, 1)`.
        """
        mel = shaped(c, (2,), "(L, n_mels)").T
        statistics = getattr(self.vocoder.generator, "standardize", None)
        if not normalize_before and isinstance(statistics, Standardize):
            mel = mel.to(statistics.mean) * statistics.std + statistics.mean
        return self.vocode(mel, noise=x)[:, None]

    forward = inference
