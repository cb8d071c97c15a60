"""Validate a generator of sounds: compare a set of its clips with sets of real clips."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn

from wavegan.audio import io, made_by
from wavegan.audio.spectrogram_figure import sheet
from wavegan.conditions import LABEL
from wavegan.data.segments import Segments
from wavegan.discriminators.base import Discriminator
from wavegan.embeddings.base import Embedding
from wavegan.errors import UserError
from wavegan.generators.base import LatentGenerator
from wavegan.progress import alarms
from wavegan.progress.alarm import Alarm
from wavegan.random_streams import latents_of_samples
from wavegan.set_metrics.base import SetMetric
from wavegan.set_metrics.diversity import Diversity
from wavegan.set_metrics.frechet import Frechet
from wavegan.set_metrics.js import Js
from wavegan.set_metrics.ndb import Ndb
from wavegan.set_metrics.nearest_neighbour import NearestNeighbour
from wavegan.validation import preview_files
from wavegan.validation.base import Validation
from wavegan.validation.clips import warn_of_replaced

FIRST = 2**40
"""Number of the first clip: far from those of training, so the latents differ."""
AT_ONCE = 32
WIDEST, ROWS = 12, 4
"""Of the sheet of spectrograms: most labels that get a column each, and number of rows."""
ENOUGH = 16
"""Fewest held-out clips for which D's accuracy on them is reported."""
METRICS: Mapping[str, SetMetric] = {
    "frechet": Frechet(),
    "nearest_neighbour": NearestNeighbour(),
    "ndb": Ndb(),
    "js": Js(),
}


@dataclass(frozen=True)
class Clips:
    """A set of clips: audio `(N, C, T)` and labels `(N,)`."""

    audio: Tensor
    label: Tensor


@dataclass
class Generation(Validation):
    """Compare clips of fixed latents, equally many per label, with training and held-out clips.

    Figures in the space of `embedding`: `frechet`, distance to the training clips, lower is better;
    `diversity`, relative to that of training clips, the mean over labels; `nearest_neighbour`,
    distance to the nearest training clip relative to that between training clips, near 0 for
    copies; `ndb` and `js` of bins; with labels `label_agreement`, the share of clips whose nearest
    training clip has the same label. Figures of D: the share of training, generated and (if there
    are enough) held-out clips that it classifies correctly. The threshold is the middle between
    its mean scores of training and of generated clips.

    Attributes:
        train: training crops.
        held_out: held-out crops; None if there are none.
        embedding: maps clips to vectors.
        labels: names of the labels; empty if there are none.
        sample_rate: Hz.
        count: number of clips to generate, and maximum number to read of each set.
        preview_count: number of preview clips to write.
        seed: seed of the latents.
    """

    train: Segments
    held_out: Segments | None
    embedding: Embedding
    labels: tuple[str, ...]
    sample_rate: int
    count: int
    preview_count: int
    seed: int
    best: str = "frechet"

    @torch.no_grad()
    def __call__(
        self, generator: nn.Module, discriminator: nn.Module | None, previews: Path
    ) -> dict[str, float]:
        """Generate, measure, and write the first clips and a sheet of their spectrograms."""
        network = cast(LatentGenerator, generator)
        modes = [(n, n.training) for n in (generator, discriminator) if n is not None]
        for module, _ in modes:
            module.eval()
        made, label = self.make(network, self.count)
        audio = torch.cat(
            [network.to_audio(part).float().cpu() for part in torch.split(made, AT_ONCE)]
        )
        values = self.measure(Clips(audio, label))
        if discriminator is not None:
            values |= self.accuracies(cast(Discriminator, discriminator), network, made, label)
        for module, mode in modes:
            module.train(mode)
        self.write(previews, audio, label)
        return values

    @torch.no_grad()
    def preview(self, generator: nn.Module, previews: Path) -> None:
        """Write the first clips of the same latents without measuring them."""
        if self.preview_count:
            network, mode = cast(LatentGenerator, generator), generator.training
            network.eval()
            made, label = self.make(network, min(self.preview_count, self.count))
            generator.train(mode)
            self.write(previews, network.to_audio(made).float().cpu(), label)

    def alarms(
        self, step: int, values: Mapping[str, float], past: Sequence[Mapping[str, float]]
    ) -> list[Alarm]:
        """Mode collapse, and a D that is too strong or has memorized the training clips."""
        return alarms.of(step, values, past)

    def make(self, network: LatentGenerator, count: int) -> tuple[Tensor, Tensor]:
        """Generate clips from the first fixed latents; returns them and their labels, in rotation.

        Waves are clipped at full scale, as recordings are.
        """
        device = next(network.parameters()).device
        numbers = torch.arange(count) + FIRST
        label = torch.arange(count) % max(1, len(self.labels))
        drawn = latents_of_samples(network.prior, network.latent_dim, self.seed, numbers)
        made = [
            network(z.to(device), y.to(device) if network.n_labels else None)
            for z, y in zip(torch.split(drawn, AT_ONCE), torch.split(label, AT_ONCE), strict=True)
        ]
        clips = torch.cat(made)
        return (clips.clamp(-1, 1) if network.makes_waves else clips), label

    def measure(self, made: Clips) -> dict[str, float]:
        """The figures of a set of clips."""
        real, vectors = self.vectors, self.embed(made.audio)
        values = {name: _figure(metric, vectors, real) for name, metric in METRICS.items()}
        values["diversity"] = _diversity(vectors, real, made.label, self.real.label)
        if self.labels:
            nearest = torch.cdist(vectors, real).argmin(1)
            agree = self.real.label[nearest] == made.label
            values["label_agreement"] = float(agree.double().mean())
        return values

    def accuracies(
        self, discriminator: Discriminator, network: LatentGenerator, made: Tensor, label: Tensor
    ) -> dict[str, float]:
        """D's accuracy on generated, training and held-out clips."""
        device = next(discriminator.parameters()).device
        scores = {"fake": _scores(discriminator, made, label, device)}
        for name, clips in (("real", self.real), ("held_out", self.unseen)):
            if clips is None:
                continue
            shown = network.represent(clips.audio.to(device))
            scores[name] = _scores(discriminator, shown, clips.label, device)
        middle = (scores["real"].mean() + scores["fake"].mean()) / 2
        right = {name: (score > middle).double().mean() for name, score in scores.items()}
        right["fake"] = 1 - right["fake"]
        if len(scores.get("held_out", ())) < ENOUGH:
            right.pop("held_out", None)
        return {f"accuracy_{name}": float(share) for name, share in right.items()}

    @cached_property
    def real(self) -> Clips:
        """Training clips."""
        return _read(self.train, self.count)

    @cached_property
    def unseen(self) -> Clips | None:
        """Held-out clips."""
        return None if self.held_out is None else _read(self.held_out, self.count)

    @cached_property
    def vectors(self) -> Tensor:
        """Embeddings of training clips."""
        return self.embed(self.real.audio)

    def embed(self, audio: Tensor) -> Tensor:
        """`(N, D)` of `(N, C, T)`."""
        return torch.cat([self.embedding(part) for part in torch.split(audio, AT_ONCE)])

    def write(self, folder: Path, audio: Tensor, label: Tensor) -> None:
        """Write the first clips as `NN_LABEL.wav`, and a sheet if matplotlib is installed."""
        if not self.preview_count:
            return
        names = [self.labels[int(own)] if self.labels else "" for own in label]
        waves = [clip.clamp(-1, 1).numpy() for clip in audio]

        def files() -> None:
            for number in range(min(self.preview_count, len(waves))):
                name = "_".join(filter(None, (f"{number:02d}", names[number])))
                file, tags = folder / f"{name}.wav", made_by.mark("train")
                io.write(file, waves[number], self.sample_rate, tags=tags)
            if find_spec("matplotlib"):
                columns = len(self.labels) if 1 < len(self.labels) <= WIDEST else 8
                shown = list(zip(names, waves, strict=True))[: ROWS * columns]
                sheet(folder / "sheet.png", shown, self.sample_rate, columns)

        preview_files.write(folder, files)


def _figure(metric: SetMetric, made: Tensor, real: Tensor) -> float:
    """A figure; NaN if a set is too small or too unusual for it, so training continues."""
    try:
        return metric(made, real)
    except UserError:
        return math.nan


def _diversity(made: Tensor, real: Tensor, label: Tensor, real_label: Tensor) -> float:
    """The mean over labels: over all clips, one sound per label would look diverse."""
    pairs = [(made[label == own], real[real_label == own]) for own in torch.unique(label)]
    figures = [_figure(Diversity(), ours, theirs) for ours, theirs in pairs]
    known = [figure for figure in figures if not math.isnan(figure)]
    return sum(known) / len(known) if known else math.nan


def _read(segments: Segments, count: int) -> Clips:
    items = [segments[number] for number in range(min(count, len(segments)))]
    warn_of_replaced(failure for item in items for failure in item.failed)
    audio = torch.stack([item.audio for item in items])
    return Clips(audio, torch.tensor([int(item.conditions[LABEL]) for item in items]))


def _scores(
    discriminator: Discriminator, audio: Tensor, label: Tensor, device: torch.device
) -> Tensor:
    """The mean logit of each clip over all members of D."""
    scores = []
    for part, own in zip(torch.split(audio, AT_ONCE), torch.split(label, AT_ONCE), strict=True):
        shown = part.to(device)
        labels = (own.to(device),) if discriminator.n_labels else ()
        outputs = discriminator(shown, *labels)
        means = [output.logits.float().reshape(len(shown), -1).mean(1) for output in outputs]
        scores.append(torch.stack(means).mean(0).cpu())
    return torch.cat(scores)
