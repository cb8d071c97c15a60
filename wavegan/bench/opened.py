"""Open a model in a given precision. The only file here that knows the engine's interface."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import torch
from torch import Tensor

from wavegan.errors import UserError
from wavegan.generators.base import Generator
from wavegan.inference.opening import load
from wavegan.inference.synthesizer import Synthesizer
from wavegan.inference.vocoder import Vocoder

Model = Vocoder | Synthesizer


def opened(
    path: str | Path,
    device: torch.device,
    precision: str,
    *,
    compiled: bool = False,
    trust_code: bool = False,
) -> Model:
    """Open a vocoder or a generator of sounds.

    Args:
        path: see `wavegan.load`.
        device: device to compute on.
        precision: auto, float32, bfloat16 or float16.
        compiled: use `torch.compile`.
        trust_code: see `wavegan.load`.

    Raises:
        UserError: there is no usable model, it is neither of the two, or it cannot compute so.
    """
    if precision not in ("auto", "float32") or compiled:
        raise UserError(f"--precision {precision}: models compute in float32; leave it out")
    model = load(path, device, trust_code=trust_code)
    if not isinstance(model, Vocoder | Synthesizer):
        raise UserError(f"{path}: it is neither a vocoder nor a generator of sounds")
    return model


def precision_used(model: Model) -> str:
    """Precision in which a model computes, after its first call."""
    return str(next(model.generator.parameters()).dtype).removeprefix("torch.")


def plain_network(path: str | Path, *, trust_code: bool = False) -> Generator:
    """The network of a model as its class defines it, on the CPU, in float32."""
    network: Generator = opened(
        path, torch.device("cpu"), "float32", trust_code=trust_code
    ).generator
    return network


def streams(vocoder: Vocoder) -> bool:
    """Whether a vocoder can decode a stream of mels."""
    return vocoder.reach is not None


def stream(vocoder: Vocoder, chunks: Iterable[Tensor]) -> Iterator[Tensor]:
    """The audio `(T',)` of a stream of mels `(n_mels, L')`, as soon as it is known."""
    known, heard = vocoder.reach, 0
    mel = torch.empty(vocoder.n_mels, 0, device=vocoder.device)
    for chunk in chunks:
        mel = torch.cat([mel, chunk], -1)
        ready = mel.shape[-1] - (known.after if known else 0)
        if ready > heard:
            yield vocoder(mel)[heard * vocoder.hop_length : ready * vocoder.hop_length]
            heard = ready
