"""Generate clips from walks through latent space. Sound generators run only here."""

from collections.abc import Sequence
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


class Clip(NamedTuple):
    """One clip to make.

    Attributes:
        walk: latents `(W, D)`, where W is the `windows` of its length.
        label: number of its label; None if the network has none.
        conditions: what else it depends on.
    """

    walk: Tensor
    label: int | None
    conditions: Conditions


def make(
    engine: Engine[LatentGenerator], clips: Sequence[Clip], length: ClipLength, fade: int
) -> list[Tensor]:
    """Make clips `(C, T)` on the CPU, all in one run of the network.

    Torch's global random state is neither used nor changed. Samples are those of the network: about
    [-1, 1], and some beyond where nothing bounds them.

    Args:
        engine: runs the network.
        clips: the clips, of one truncation and all loops or none.
        length: of each clip.
        fade: samples over which a clip that is cut short fades out.

    Raises:
        RunError: the network made values that are not finite.
    """
    generator, device = engine.network, engine.device
    seed, number, truncation, loop = clips[0].conditions
    noises = [_noise(generator, clip, length.positions) for clip in clips]
    labels = [clip.label for clip in clips if clip.label is not None]
    # Other random numbers of a network, such as phases, must depend on this clip alone.
    own = int(of_clip(seed, number, ClipStream.NETWORK).integers(2**63))
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.manual_seed(own)
        made = engine(
            torch.stack([clip.walk for clip in clips]).to(device),
            torch.tensor(labels, device=device) if labels else None,
            noise=[torch.cat(parts).to(device) for parts in zip(*noises, strict=True)] or None,
            truncation=truncation,
            positions=length.positions,
            loop=loop,
        )
        waves = generator.to_audio(made, loop=loop).float().cpu()
    if not bool(waves.isfinite().all()):
        raise RunError(
            "the model's output has values that are not finite: its training diverged; "
            "use an earlier checkpoint of the run"
        )
    return [_cut(wave, length.samples, fade) for wave in waves]


def _noise(generator: LatentGenerator, clip: Clip, positions: int) -> list[Tensor]:
    conditions = clip.conditions
    return noise_of(generator, conditions.seed, conditions.number, positions) or []


def _cut(wave: Tensor, samples: int, fade: int) -> Tensor:
    """The first `samples`, with a fade-out if the wave is longer."""
    if wave.shape[-1] <= samples:
        return wave
    fade = min(samples, fade)
    cut = wave[..., :samples].clone()
    cut[..., samples - fade :] *= torch.linspace(1, 0, fade + 1)[1:]
    return cut
