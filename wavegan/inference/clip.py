"""Generate one clip from one walk through latent space. Sound generators run only here."""

from typing import NamedTuple

import torch
from torch import Tensor

from wavegan.errors import RunError
from wavegan.generators.base import LatentGenerator
from wavegan.inference.clip_length import ClipLength
from wavegan.inference.engine.engine import Engine
from wavegan.random_streams import ClipStream, draw_latents, of_clip


class Conditions(NamedTuple):
    """What a clip depends on besides its latents, label and length.

    Attributes:
        seed: seed of its noise.
        number: number of the clip among those of the seed.
        truncation: in [0, 1].
        loop: whether it repeats without a seam.
    """

    seed: int
    number: int
    truncation: float = 1.0
    loop: bool = False


def noise_of(
    generator: LatentGenerator, seed: int, number: int, positions: int | None = None
) -> list[Tensor] | None:
    """A clip's noise on the CPU, one `(1, *shape)` per shape; None if the network takes none."""
    numbers = of_clip(seed, number, ClipStream.NOISE)
    shapes = generator.noise_shapes(positions)
    return [draw_latents("normal", (1, *shape), numbers) for shape in shapes] or None


def make(
    engine: Engine[LatentGenerator],
    walk: Tensor,
    label: int | None,
    conditions: Conditions,
    length: ClipLength,
    fade: int,
) -> Tensor:
    """Make a clip `(C, T)` on the CPU. Torch's global random state is neither used nor changed.

    Samples are those of the network: about [-1, 1], and some beyond where nothing bounds them.

    Args:
        engine: runs the network.
        walk: `(W, D)`, where W is `length.windows`.
        label: number of the label.
        conditions: what else the clip depends on.
        length: of the clip.
        fade: samples over which a clip that is cut short fades out.

    Raises:
        RunError: the network made values that are not finite.
    """
    seed, number, truncation, loop = conditions
    generator, device = engine.network, engine.device
    noise = noise_of(generator, seed, number, length.positions)
    # Other random numbers of a network, such as phases, must depend on this clip alone.
    own = int(of_clip(seed, number, ClipStream.NETWORK).integers(2**63))
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.manual_seed(own)
        made = engine(
            walk[None].to(device),
            None if label is None else torch.tensor([label], device=device),
            noise=None if noise is None else [values.to(device) for values in noise],
            truncation=truncation,
            positions=length.positions,
            loop=loop,
        )
        wave = generator.to_audio(made, loop=loop)[0].float().cpu()
    if not bool(wave.isfinite().all()):
        raise RunError(
            "the model's output has values that are not finite: its training diverged; "
            "use an earlier checkpoint of the run"
        )
    return _cut(wave, length.samples, fade)


def _cut(wave: Tensor, samples: int, fade: int) -> Tensor:
    """The first `samples`, with a fade-out if the wave is longer."""
    if wave.shape[-1] <= samples:
        return wave
    fade = min(samples, fade)
    cut = wave[..., :samples].clone()
    cut[..., samples - fade :] *= torch.linspace(1, 0, fade + 1)[1:]
    return cut
