"""Base class of adapters: a vocoder with the interface of another system."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from wavegan.errors import UserError
from wavegan.inference.engine.precision import Precision
from wavegan.inference.given import numbers
from wavegan.inference.placement import warn_of_other_type
from wavegan.inference.vocoder import Vocoder
from wavegan.mel.front_end import Mel
from wavegan.own_settings import own_settings

Own = TypeVar("Own", bound="Adapter")


class Adapter(nn.Module):
    """Base of all adapters: a torch module, so `.to(device)`, `.eval()` and `.parameters()` work.

    It stays in float32, with a warning, if it or a parent module is converted to another type.

    Args:
        vocoder: the vocoder.
        mel: front-end of the calling system's mel spectrograms, a preset's name or a `Mel`. If it
            differs from the vocoder's own, mels are converted, provided that this is exact
            (another logarithm, other statistics, a lower floor). None: the same front-end.

    Raises:
        UserError: mels of `mel` cannot be converted exactly; the message has the fields that
            differ.
    """

    @own_settings()
    def __init__(self, vocoder: Vocoder, mel: Mel | str | None = None) -> None:
        super().__init__()
        self.vocoder = vocoder
        # registered as submodules, so they move with this module
        self.generator = vocoder.generator
        self.front_end = vocoder.front_end
        self.source = Mel.preset(mel) if isinstance(mel, str) else mel
        if self.source is not None:
            self._convert(torch.zeros(self.source.n_mels, 1))

    @classmethod
    def from_pretrained(
        cls: type[Own],
        path: str | Path,
        device: str | torch.device = "cpu",
        mel: Mel | str | None = None,
        *,
        precision: Precision = "auto",
        compile: bool = False,
        trust_code: bool = False,
    ) -> Own:
        """Open a model (see `Vocoder.from_pretrained`) for this system."""
        vocoder = Vocoder.from_pretrained(
            path, device, precision=precision, compile=compile, trust_code=trust_code
        )
        return cls(vocoder, mel)

    @property
    def sample_rate(self) -> int:
        """Sample rate of the audio, Hz."""
        return self.vocoder.sample_rate

    def remove_weight_norm(self) -> None:
        """Does nothing: weight norm was folded when the model was opened."""

    def __repr__(self) -> str:
        source = "" if self.source is None else f", mel={self.source}"
        return f"{type(self).__name__}({self.vocoder}{source})"

    @own_settings()
    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> "Adapter":
        """Apply `.to`, `.half` and the like to each tensor, but keep its type."""
        made = fn(torch.empty(0, dtype=torch.float32, device=self.vocoder.device))
        warn_of_other_type(made.dtype)
        if made.dtype != torch.float32:
            fn = partial(torch.Tensor.to, device=made.device)
        applied: Adapter = super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        return applied

    @own_settings()
    def vocode(
        self,
        mel: Tensor,
        lengths: Sequence[int] | Tensor | None = None,
        noise: ArrayLike | None = None,
    ) -> Tensor:
        """Audio `(B, T)` of mel spectrograms `(B, n_mels, L)`, 0 after an item's own length."""
        return self.vocoder(self._convert(mel), noise, lengths=lengths)

    def _convert(self, mel: Tensor) -> Tensor:
        if self.source is None:
            return mel
        return self.source.convert(mel, self.vocoder.mel_config)


def shaped(given: ArrayLike, dimensions: Sequence[int], layout: str) -> Tensor:
    """The mel as a tensor with a checked number of dimensions.

    Raises:
        UserError: it has another number of dimensions, or no numbers.
    """
    mel = numbers(given, "mel")
    if mel.ndim not in dimensions:
        raise UserError(f"mel has shape {tuple(mel.shape)}: this call takes {layout}")
    return mel
