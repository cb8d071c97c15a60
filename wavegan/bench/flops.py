"""Count the operations of a network: convolutions and matrix products."""

from collections.abc import Callable

import torch
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils.flop_counter import FlopCounterMode

from wavegan.generators.base import Generator, LatentGenerator, MelGenerator
from wavegan.inference.clip_length import clip_length


def operations(
    network: Generator, seconds: float | None, sample_rate: int, n_mels: int | None
) -> int:
    """Floating-point operations for one item; a multiplication and an addition are two.

    Only convolutions and matrix products count: not activations, sums, or Fourier transforms.

    Args:
        network: the plain network in float32, on the CPU.
        seconds: length of the item; None: that of a sound generator's clip.
        sample_rate: of its audio, Hz.
        n_mels: number of mel bands of a vocoder.
    """
    if isinstance(network, MelGenerator):
        frames = max(-(-round((seconds or 0.0) * sample_rate) // network.hop_length), 1)
        return _counted(lambda: _vocode(network, n_mels or 0, frames))
    if isinstance(network, LatentGenerator):
        return _counted(lambda: _generate(network, seconds, sample_rate))
    raise TypeError(type(network).__name__)


def _counted(call: Callable[[], object]) -> int:
    """Count without computing; networks whose shapes depend on values have to compute."""
    try:
        with FakeTensorMode(allow_non_fake_inputs=True):
            return _total(call)
    except Exception:
        return _total(call)


def _total(call: Callable[[], object]) -> int:
    with torch.no_grad(), torch.random.fork_rng([]), FlopCounterMode(display=False) as counter:
        call()
    return int(counter.get_total_flops())


def _vocode(network: MelGenerator, n_mels: int, frames: int) -> None:
    shape = network.noise_shape(frames)
    noise = None if shape is None else torch.zeros(1, *shape)
    network(torch.zeros(1, n_mels, frames), noise)


def _generate(network: LatentGenerator, seconds: float | None, sample_rate: int) -> None:
    length = clip_length(network, sample_rate, seconds)
    label = torch.zeros(1, dtype=torch.long) if network.n_labels else None
    walk = torch.zeros(1, length.windows, network.latent_dim)
    network.to_audio(network(walk, label, positions=length.positions))
