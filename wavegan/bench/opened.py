"""Open a model in a given precision. The only file here that knows the engine's interface."""

from pathlib import Path
from typing import NamedTuple, cast

import torch

from wavegan import bundle
from wavegan.errors import UserError
from wavegan.generators.base import Generator, LatentGenerator, MelGenerator
from wavegan.inference import half
from wavegan.inference.engine.precision import Exact, Precision
from wavegan.inference.synthesizer import Synthesizer
from wavegan.inference.vocoder import Vocoder
from wavegan.own_settings import own_settings

Model = Vocoder | Synthesizer


class Source(NamedTuple):
    """A model and how to open it.

    Attributes:
        path: the model.
        sounds: it generates sounds, and is no vocoder.
        device: name of the device.
        compiled: use `torch.compile`.
        trust_code: allow classes outside wavegan.
    """

    path: str
    sounds: bool
    device: str = "cpu"
    compiled: bool = False
    trust_code: bool = False


def opened(source: Source, precision: Precision) -> Model:
    """Open a vocoder or a generator of sounds.

    Raises:
        UserError: there is no usable model, or the device cannot compute in this precision.
    """
    cls = Synthesizer if source.sounds else Vocoder
    return cls.from_pretrained(
        source.path,
        source.device,
        precision=precision,
        compile=source.compiled,
        trust_code=source.trust_code,
    )


def used(model: Model) -> Exact:
    """The precision that a model computes in; "auto" is decided at the first call."""
    return cast("Exact", model.precision_used)


def sounds_the_same(model: Vocoder) -> bool:
    """Whether a vocoder sounds the same in bfloat16 as in float32, by the test of "auto"."""
    with own_settings(), torch.no_grad():
        try:
            return half.difference(model.engine, model.front_end, model.peak) <= half.SAME
        except RuntimeError:
            # some operation of the network has no bfloat16
            return False


def plain_network(path: str | Path, *, trust_code: bool = False) -> Generator:
    """The network of a model as its class defines it, on the CPU, in float32, without an engine.

    Raises:
        UserError: there is no usable model, or it is neither a vocoder nor a generator of sounds.
    """
    _, network = bundle.load(path, trust_code=trust_code)
    if not isinstance(network, MelGenerator | LatentGenerator):
        raise UserError(
            f"{path}: it is neither a vocoder nor a generator of sounds, so nothing here can run it"
        )
    return network.eval().requires_grad_(False)
