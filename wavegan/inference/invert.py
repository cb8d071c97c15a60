"""Find the latent of a real clip by gradient descent (Webster et al. 2019, arXiv:1901.03396).

Distances between sounds have many local minima, so the search tries many latents first and
descends from the best few. Latents stay in the prior's range, the only one the network knows.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from wavegan.audio.resample import resample_array
from wavegan.audio.silence import INAUDIBLE
from wavegan.errors import UserError
from wavegan.generators.base import LatentGenerator
from wavegan.inference.clip import noise_of
from wavegan.inference.given import MOST_CHANNELS
from wavegan.losses.multi_scale_mel import MultiScaleMel
from wavegan.random_streams import ClipStream, draw_latents, of_clip

CANDIDATES, STARTS = 32, 4
MOST_STEPS = 100_000
RATE = 0.05
"""Initial learning rate of Adam. It falls to a tenth along a cosine."""

LEVEL = 0.1
"""RMS to which waves are scaled before they are compared, as their level does not count."""


@dataclass(frozen=True)
class Inversion:
    """The result of a search.

    Attributes:
        latent: `(1, D)`, on the CPU.
        label: name of its label; None if the model has no labels.
        distance: distance from its sound to the clip: multi-scale mel, or the mean absolute
            difference of spectrograms if the network makes spectrograms.
        before: distance of the best latent before the descent.
    """

    latent: Tensor
    label: str | None
    distance: float
    before: float


def fitted(
    clip: NDArray[np.float32], rate: int, wanted_rate: int, channels: int, segment: int
) -> Tensor:
    """Convert a clip `(T,)` or `(C, T)` to the model's rate, channels and length.

    Raises:
        UserError: it is empty, silent or not finite, or its channels do not fit the model.
    """
    wave = np.atleast_2d(clip)
    usable = clip.ndim in (1, 2) and wave.size and np.isfinite(wave).all()
    if not usable or np.abs(wave).max() < INAUDIBLE:
        raise UserError(
            f"the clip (shape {np.shape(clip)}) is empty, silent or not finite: "
            "give (T,) or (C, T) of sound"
        )
    if wave.shape[1] <= MOST_CHANNELS < wave.shape[0]:
        raise UserError(
            f"clip has shape {wave.shape}, soundfile's order: samples must be the last dimension; "
            "give clip.T"
        )
    if rate < 1:
        raise UserError(f"sample_rate is {rate}: give the clip's sample rate in Hz")
    if channels == 1:
        wave = wave.mean(0, keepdims=True)
    elif len(wave) == 1:
        wave = np.repeat(wave, channels, 0)
    if len(wave) != channels:
        raise UserError(
            f"the clip has {len(wave)} channels, the model {channels}: mix it to {channels}"
        )
    made = torch.from_numpy(resample_array(wave, rate, wanted_rate).copy())[None, :, :segment]
    if not bool(made.any()):
        raise UserError(
            f"the first {segment / wanted_rate:.2f} s of the clip, the only part used, are "
            "silent: cut the silence off"
        )
    return torch.nn.functional.pad(made, (0, segment - made.shape[-1]))


def search(
    generator: LatentGenerator,
    clip: Tensor,
    sample_rate: int,
    *,
    labels: Sequence[int] | None,
    names: Sequence[str],
    peak: float | None,
    steps: int,
    seed: int,
) -> Inversion:
    """Find the latent of a clip.

    Args:
        generator: the network, with frozen weights.
        clip: `(1, C, segment)`.
        sample_rate: Hz.
        labels: labels to try; None if the network has none.
        names: names of all labels.
        peak: peak to scale the clip to, for a network that makes spectrograms; None tries the
            clip's own level and some around the typical level of the network's sounds, and takes
            the one nearest to each start. Other networks ignore the level.
        steps: number of descent steps.
        seed: seed of the initial latents.

    Raises:
        UserError: `steps` is below 0 or above `MOST_STEPS`.
    """
    if not 0 <= steps <= MOST_STEPS:
        raise UserError(f"steps is {steps}: give 0 to {MOST_STEPS}")
    run = _Search(generator, sample_rate, seed)
    start, label = run.candidates(labels)
    with torch.no_grad():
        made = [run.made(*pair) for pair in _rows(start, label)]
        peaks = torch.stack([generator.to_audio(one).abs().max() for one in made])
        gains = run.gains(float(clip.abs().max()), float(peaks.median()), peak)
        targets = run.features(generator.represent(torch.cat([gain * clip for gain in gains])))
        table = torch.stack([_distances(run.features(one), targets) for one in made])
    first, loudness = table.min(1)
    best = first.argsort()[:STARTS]
    target = [one[loudness[best]] for one in targets]
    known = None if label is None else label[best]
    found, distance = run.descend(start[best], known, target, first[best], steps)
    nearest = int(distance.argmin())
    chosen = None if label is None else names[int(label[best][nearest])]
    return Inversion(
        found[nearest][None].cpu(), chosen, float(distance[nearest]), float(first.min())
    )


class _Search:
    """A network with the noise and the distance of a search."""

    def __init__(self, generator: LatentGenerator, sample_rate: int, seed: int) -> None:
        self.generator, self.seed = generator, seed
        self.device = next(generator.parameters()).device
        noise = noise_of(generator, seed, 0, generator.positions)
        self.noise = None if noise is None else [values.to(self.device) for values in noise]
        self.makes_waves = generator.makes_waves
        self.scales = MultiScaleMel(sample_rate).to(self.device).scales

    def features(self, made: Tensor) -> list[Tensor]:
        """The features to compare, `(B, ...)` each, of audio or of the network's output.

        Waves give mel spectrograms at one level. Spectrograms stay unchanged, as the effect of the
        level on them depends on the network.
        """
        if not self.makes_waves:
            return [made]
        loudness = made.square().mean((1, 2), keepdim=True).clamp(min=1e-12).sqrt()
        return [scale(LEVEL * made / loudness) for scale in self.scales]

    def gains(self, clip: float, usual: float, peak: float | None) -> list[float]:
        """Gains to try for a clip, from its peak, the sounds' usual peak and the model's peak."""
        if self.makes_waves:
            return [1.0]
        if peak is not None:
            return [peak / clip]
        return [1.0, *(usual / clip * 2.0**power for power in range(-2, 3))]

    def candidates(self, labels: Sequence[int] | None) -> tuple[Tensor, Tensor | None]:
        """Latents `(N, D)` to try, and their labels `(N,)`, in rotation."""
        count = CANDIDATES if labels is None else max(CANDIDATES, 4 * len(labels))
        numbers = of_clip(self.seed, 0, ClipStream.LATENT)
        shape = count, self.generator.latent_dim
        start = draw_latents(self.generator.prior, shape, numbers).to(self.device)
        if labels is None:
            return start, None
        turns = [labels[i % len(labels)] for i in range(count)]
        return start, torch.tensor(turns, device=self.device)

    def descend(
        self,
        start: Tensor,
        label: Tensor | None,
        target: list[Tensor],
        first: Tensor,
        steps: int,
    ) -> tuple[Tensor, Tensor]:
        """The best latent reached from each start, and its distance."""
        best, distance = start.clone(), first.clone()
        latent = start.clone().requires_grad_()
        optimizer = torch.optim.Adam([latent], lr=RATE)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, max(steps, 1), RATE / 10)
        for _ in range(steps):
            with torch.enable_grad():
                each = _distances(self.features(self.made(latent, label)), target)
                (gradient,) = torch.autograd.grad(each.sum(), latent)
            better = each.detach() < distance
            distance = torch.where(better, each.detach(), distance)
            best = torch.where(better[:, None], latent.detach(), best)
            latent.grad = gradient
            optimizer.step()
            schedule.step()
            self._keep(latent)
        return best, distance

    def made(self, latent: Tensor, label: Tensor | None) -> Tensor:
        """The network's output for latents `(N, D)`, all with the same noise."""
        rows = len(latent)
        noise = None if self.noise is None else [
            values.expand(rows, *values.shape[1:]) for values in self.noise
        ]  # fmt: skip
        made: Tensor = self.generator(latent, label, noise=noise)
        return made

    @torch.no_grad()
    def _keep(self, latent: Tensor) -> None:
        """Move latents back into the prior's range."""
        if self.generator.prior == "uniform":
            latent.clamp_(-1, 1)
            return
        size = latent.shape[-1]
        # Squared norms are chi-squared with mean D and variance 2 D; 3 deviations cover 99.9 %.
        longest = (size + 3 * (2 * size) ** 0.5) ** 0.5
        latent.mul_((longest / latent.norm(dim=-1, keepdim=True).clamp(min=1e-9)).clamp(max=1))


def _rows(latent: Tensor, label: Tensor | None) -> list[tuple[Tensor, Tensor | None]]:
    return [
        (latent[i : i + 1], None if label is None else label[i : i + 1]) for i in range(len(latent))
    ]


def _distances(features: list[Tensor], target: list[Tensor]) -> Tensor:
    """Distances `(N,)` of each row from its target, or of one row from all targets."""
    gaps = [
        (one - other).abs().flatten(1).mean(1) for one, other in zip(features, target, strict=True)
    ]
    return torch.stack(gaps).sum(0)
