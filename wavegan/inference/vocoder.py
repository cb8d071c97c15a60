"""Vocoders: open one, and run it on mels, on streams of mels, and on files."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import torch
from numpy.typing import ArrayLike
from torch import Tensor

from wavegan.errors import UserError
from wavegan.generators.base import MelGenerator
from wavegan.inference import file_vocoding, opening
from wavegan.inference.base_vocoder import BaseVocoder
from wavegan.inference.caller_warning import warn_caller
from wavegan.inference.engine.precision import Precision
from wavegan.inference.streaming import overlapped, streamed
from wavegan.targets import check_files


class Vocoder(BaseVocoder):
    """A generator with the mel front-end it was trained on.

    >>> vocoder = Vocoder.from_pretrained("runs/my-voice")  # doctest: +SKIP
    >>> audio = vocoder(vocoder.mel(wave))  # doctest: +SKIP

    Args:
        generator: maps `(B, n_mels, L)` to `(B, 1, T)`. It is changed in place: frozen, weight
            norm folded, in float32.
        mel: its front-end.
        peak: the peak to which its training audio was scaled, or None.
        precision: see `from_pretrained`.
        compile: see `from_pretrained`.

    Attributes:
        mel_config: all fields of its front-end.
    """

    @classmethod
    def from_pretrained(
        cls,
        path: str | Path,
        device: str | torch.device = "cpu",
        *,
        precision: Precision = "auto",
        compile: bool = False,
        trust_code: bool = False,
    ) -> "Vocoder":
        """Open a model: ours or another project's.

        Args:
            path: a run (its best checkpoint is used), a checkpoint, a bundle, or the folder or
                weights file of HiFi-GAN, MelGAN, ParallelWaveGAN, BigVGAN, Vocos and others,
                recognised by the files (see `docs/tts.md`).
            device: device to compute on.
            precision: "float32", which equals the authors' code to about 1e-6 of the peak;
                "bfloat16"; "float16" (not on a CPU); or "auto". On a CPU, "auto" is bfloat16 if
                that is faster and, in a test with this network at the first call, sounds the same;
                else, and on a GPU, float32.
            compile: also compile the network with `torch.compile`, which takes a minute or more and
                needs a C++ compiler.
            trust_code: allow the model to name a class outside wavegan; its module is imported
                and run. No other code of a model ever runs.

        Raises:
            UserError: there is no usable model, it is not a vocoder, or the device cannot compute
                in this precision.
        """
        config, generator = opening.network(
            path,
            MelGenerator,  # type: ignore[type-abstract]
            trust_code=trust_code,
        )
        if config.mel is None:
            raise UserError(
                f"{path}: the model takes a mel, but its configuration has no front-end (mel)"
            )
        return cls(generator, config.mel, config.peak, precision=precision, compile=compile).to(
            device
        )

    @property
    def lookahead(self) -> int | None:
        """Number of frames after a frame that its samples depend on; None if it cannot stream."""
        return None if self.reach is None else self.reach.after

    def stream(
        self,
        mels: Iterable[ArrayLike],
        noise: Iterable[ArrayLike] | None = None,
        *,
        seed: int = 0,
        cuda_graphs: bool = False,
    ) -> Iterator[Tensor]:
        """Vocode a mel while it is being made.

        In float32 all audio together equals the whole mel's to 1e-5 of the peak. A sample comes as
        soon as no later frame can change it: `lookahead` frames after its own. Each chunk costs
        `reach.before + reach.after` frames more than its own.

        Args:
            mels: chunks `(..., n_mels, L')` of any lengths, frames last; a batch has one length.
            noise: for models that take noise: `(..., channels, length)` per chunk or in other
                pieces, in time for its frames. None draws it from `seed`: with one channel that of
                the whole mel, with several (UnivNet) other noise.
            seed: seed of the noise.
            cuda_graphs: on a CUDA device, replay the network's work for chunks of a size that comes
                again, which saves the time to launch it.

        Yields:
            Audio `(..., T')` after each chunk that settles samples, and after the last chunk.

        Raises:
            UserError: the model needs the whole mel (see `stream_overlapped`); a chunk that does
                not fit; too few frames in all.
        """
        return streamed(self, mels, noise, seed, cuda_graphs=cuda_graphs)

    def stream_overlapped(
        self, mels: Iterable[ArrayLike], *, window: int = 256, overlap: int = 32
    ) -> Iterator[Tensor]:
        """Vocode a mel in windows that overlap and cross-fade: not what the whole mel gives.

        For models that cannot `stream`. Noise of a model is drawn from seed 0 for each window.

        Args:
            mels: see `stream`.
            window: frames per window.
            overlap: frames that two windows share; below `window`.

        Yields:
            Audio `(..., T')` after each window.

        Raises:
            UserError: see `stream`.
        """
        return overlapped(self, mels, window, overlap)

    def vocode_file(
        self, source: str | Path, target: str | Path, *, subtype: str | None = None
    ) -> int:
        """Vocode one file to another, block by block if it is long: hours need no more memory.

        Args:
            source: a recording, which is copied through its mel, or a mel (`.npy`, `.npz`, `.pt`).
            target: the audio file; its extension is the format. It is overwritten.
            subtype: see `wavegan.audio.io.write`.

        Returns:
            Number of samples beyond full scale, which were clipped.

        Raises:
            UserError: the input cannot be read or does not fit the model, or the two are one file.
            RunError: the output cannot be written.
        """
        source, target = Path(source), Path(target)
        check_files([target], inputs=[source], other="another target", force=True)
        made = file_vocoding.made(self, source, lambda note: warn_caller(note, UserWarning))
        return file_vocoding.write(made, target, subtype=subtype)
