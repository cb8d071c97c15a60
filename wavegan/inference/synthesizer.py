"""Sounds from a trained model in two lines: a seed in, clips out."""

import secrets
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import torch
from numpy.typing import ArrayLike
from torch import Tensor

from wavegan.counted import counted
from wavegan.errors import UserError
from wavegan.generators.base import LatentGenerator
from wavegan.inference import labels as naming
from wavegan.inference import latents, opening, usable
from wavegan.inference.clip import Conditions, make
from wavegan.inference.clip_length import check_count, clip_length, warn_of_rounding
from wavegan.inference.given import numbers, real, whole
from wavegan.inference.invert import Inversion, fitted, search
from wavegan.inference.labels import Label, Labels
from wavegan.inference.placement import Placed
from wavegan.own_settings import own_settings
from wavegan.random_streams import ClipStream, draw_latents, of_clip

FADE = 0.005
"""Seconds over which a clip that is cut short fades out."""

Place = int | tuple[int, int]
"""Where a latent is from: a seed, or a seed and a clip's number."""


class Synthesizer(Placed[LatentGenerator]):
    """A generator of sounds with the names of its labels.

    >>> synthesizer = Synthesizer.from_pretrained("runs/my-drums")  # doctest: +SKIP
    >>> clips = synthesizer.sample(8, label="snare", seed=7)  # doctest: +SKIP

    Clip i of seed s is the same whatever is asked for beside it: its latent, its label (where none
    is asked for) and its noise are functions of (s, i) alone. Networks run clip by clip, because
    the rounding of a convolution depends on how many clips it is given; so a clip is the same to
    the last bit on one machine (another device or version of torch rounds otherwise).

    Args:
        generator: takes latents, makes `(B, C, T)`. It is the synthesizer's from now on: frozen,
            its weight norm folded, in float32.
        sample_rate: of the audio, Hz.
        channels: C.
        labels: names of its labels, in order; without names, their numbers (as texts).
        peak: the peak to which its training audio was scaled, or None.

    Attributes:
        last_seed: the seed of the latest `sample`; None before it.
    """

    def __init__(
        self,
        generator: LatentGenerator,
        sample_rate: int,
        *,
        channels: int = 1,
        labels: Sequence[str] = (),
        peak: float | None = None,
    ) -> None:
        names = tuple(labels) or tuple(str(number) for number in range(generator.n_labels))
        if generator.n_labels and len(names) != generator.n_labels:
            raise UserError(
                f"labels has {len(names)} names and the generator knows {generator.n_labels}"
            )
        super().__init__(generator)
        self.sample_rate, self.channels, self.peak = sample_rate, channels, peak
        self.labels = names if generator.n_labels else ()
        self.last_seed: int | None = None

    @classmethod
    def from_pretrained(
        cls,
        path: str | Path,
        device: str | torch.device = "cpu",
        *,
        trust_code: bool = False,
    ) -> "Synthesizer":
        """Open a model.

        Args:
            path: a run (which stands for its best checkpoint), a checkpoint or a bundle.
            device: where to compute.
            trust_code: let the model name a class outside wavegan, whose module is then imported
                and run. Nothing else of a model ever runs.

        Raises:
            UserError: nothing usable there, or it makes sound of mel spectrograms.
        """
        config, generator = opening.network(
            path,
            LatentGenerator,  # type: ignore[type-abstract]
            trust_code=trust_code,
        )
        return cls(
            generator,
            config.sample_rate,
            channels=config.channels,
            labels=config.labels,
            peak=config.peak,
        ).to(device)

    @property
    def seconds(self) -> float:
        """Length of a clip as the network makes it."""
        return self.generator.segment / self.sample_rate

    def __repr__(self) -> str:
        known = f"{counted(len(self.labels), 'label')}, " if self.labels else ""
        return (
            f"{type(self).__name__}({self.described()}, {known}{self.channels} x "
            f"{self.seconds:g} s at {self.sample_rate} Hz, on {self.device})"
        )

    @own_settings()
    def sample(
        self,
        n: int = 1,
        label: Labels = None,
        *,
        seed: int | None = None,
        seconds: float | None = None,
        truncation: float = 1.0,
        loop: bool = False,
        first: int = 0,
    ) -> Tensor:
        """Make sounds.

        Args:
            n: how many.
            label: a name, or an int, its place in `labels` ("2" is the label of that name, 2 the
                third one); or a sequence with one for each clip. None: clip i gets label i modulo
                their number, so that every label has its share.
            seed: of everything drawn; None draws one, which `last_seed` then says.
            seconds: length; None is `self.seconds`. A shorter clip is cut, with a fade of 5 ms. A
                longer one passes through several latents, of which the first is the short clip's.
            truncation: in [0, 1]; below 1 sounds are more alike and fail less often.
            loop: the clip may be repeated without a seam. Its length is then rounded to what the
                network can wrap, with a warning that says it.
            first: number of the first clip, for making a large set in parts.

        Returns:
            `(n, C, T)` on the CPU, as the network makes them: in about [-1, 1]. Peaks above full
            scale are kept, which integers cannot hold: scale such a clip before you write it, as
            `wavegan generate` does. Of clips that are silent, and loops of sounds that die away,
            a `UserWarning` tells; nothing is drawn again.

        Raises:
            UserError: an unknown label, or a number out of range.
            RunError: the network made values that are not finite.
        """
        n, first = whole(n, "n"), whole(first, "first")
        if n < 1:
            raise UserError(f"n is {n}: ask for 1 clip or more")
        self.last_seed = secrets.randbits(32) if seed is None else whole(seed, "seed")
        length = clip_length(self.generator, self.sample_rate, seconds, loop=loop)
        check_count(n, length, self.channels)
        prior, size = self.generator.prior, self.generator.latent_dim
        walks = [
            latents.drawn_walk(prior, size, length.windows, self.last_seed, index, loop=loop)
            for index in range(first, first + n)
        ]
        return self(
            torch.stack(walks),
            label,
            seed=self.last_seed,
            seconds=seconds,
            truncation=truncation,
            loop=loop,
            first=first,
        )

    # no_grad and not inference_mode: callers change the audio in place
    @own_settings()
    @torch.no_grad()
    def __call__(
        self,
        latent: ArrayLike,
        label: Labels = None,
        *,
        seed: int = 0,
        seconds: float | None = None,
        truncation: float = 1.0,
        loop: bool = False,
        first: int = 0,
    ) -> Tensor:
        """Make the sounds of latents that are known.

        Args:
            latent: `(n, D)`, or `(n, W, D)`: walks, spread evenly over the clip.
            label: see `sample`.
            seed: of the noise of networks that take some.
            seconds: see `sample`; None: as long as the walk is, its windows overlapping by half.
            truncation: see `sample`, also for what is returned and raised.
            loop: see `sample`.
            first: see `sample`.
        """
        net, rate = self.generator, self.sample_rate
        seed, first = whole(seed, "seed"), whole(first, "first")
        walks = latents.walks(numbers(latent, "latent"), net.latent_dim)
        truncation = real(truncation, "truncation")
        if not 0 <= truncation <= 1:
            raise UserError(f"truncation is {truncation}: give a number from 0 to 1")
        length = clip_length(net, rate, seconds, loop=loop, windows=walks.shape[1])
        if loop:
            warn_of_rounding(seconds, length, rate)
        chosen = naming.numbers(label, self.labels, len(walks), first)
        made = []
        for number, given in enumerate(walks):
            walk = latents.spread_evenly(given, length.windows, net.prior, loop=loop)
            own = Conditions(seed, first + number, truncation, loop)
            known = None if chosen is None else chosen[number]
            made.append(make(net, walk, known, own, length, round(FADE * rate)))
        clips = torch.stack(made)

        def plain(number: int) -> Tensor:
            """The sound that a loop is made of."""
            known = None if chosen is None else [chosen[number]]
            alone = walks[number : number + 1, :1]
            own = first + number
            return self(alone, known, seed=seed, truncation=truncation, first=own)[0]

        usable.warn(clips, first, rate, plain if loop and not net.circular else None)
        return clips

    @own_settings()
    def interpolate(
        self,
        a: Place,
        b: Place,
        steps: int,
        label: Label | None = None,
        *,
        seconds: float | None = None,
        truncation: float = 1.0,
        loop: bool = False,
    ) -> Tensor:
        """Sounds on the way from one to another, all with the first one's noise.

        Args:
            a: the seed of the first sound, or (seed, number of the clip).
            b: of the last.
            steps: how many sounds, both ends among them.
            label: of all; None: that of `a`.
            seconds: see `sample`, also for what is returned and raised.
            truncation: see `sample`.
            loop: see `sample`.
        """
        if whole(steps, "steps") < 2:
            raise UserError(f"steps is {steps}: two ends are 2 at least")
        length = clip_length(self.generator, self.sample_rate, seconds, loop=loop)
        check_count(steps, length, self.channels, "steps")
        start, stop, (seed, first) = self.latent(a), self.latent(b), _place(a)
        chosen = naming.numbers(label, self.labels, 1, first)
        made = partial(
            self,
            label=chosen,
            seed=seed,
            seconds=seconds,
            truncation=truncation,
            loop=loop,
            first=first,
        )
        places, prior = (step / (steps - 1) for step in range(steps)), self.generator.prior
        return torch.cat([made(latents.between(start, stop, place, prior)) for place in places])

    @own_settings()
    def latent(self, place: Place) -> Tensor:
        """The latent `(1, D)` of a seed's first clip, or of another of its clips."""
        numbers = of_clip(*_place(place), ClipStream.LATENT)
        return draw_latents(self.generator.prior, (1, self.generator.latent_dim), numbers)

    @own_settings()
    def invert(
        self,
        clip: ArrayLike,
        sample_rate: int | None = None,
        *,
        steps: int = 200,
        label: Label | None = None,
        seed: int = 0,
    ) -> Inversion:
        """Find the latent whose sound is nearest to a clip.

        Args:
            clip: `(T,)` or `(C, T)`; what is beyond `seconds` is not heard, and a shorter one is
                followed by silence. Its level does not matter.
            sample_rate: its rate, Hz; None: the model's.
            steps: of the search, for each of its starts.
            label: None tries all.
            seed: of the starts.

        Raises:
            UserError: an unknown label, or a clip that is empty, silent or not finite.
        """
        rate = self.sample_rate if sample_rate is None else whole(sample_rate, "sample_rate")
        given = numbers(clip, "clip").float().cpu().numpy()
        wave = fitted(given, rate, self.sample_rate, self.channels, self.generator.segment)
        every = list(range(len(self.labels))) or None
        known = every if label is None else naming.numbers(label, self.labels, 1)
        return search(
            self.generator,
            wave.to(self.device),
            self.sample_rate,
            labels=known,
            names=self.labels,
            peak=self.peak,
            steps=whole(steps, "steps"),
            seed=whole(seed, "seed"),
        )

    @own_settings()
    def vary(
        self, latent: ArrayLike, spread: float = 0.3, n: int = 8, seed: int = 0, *, first: int = 0
    ) -> Tensor:
        """Latents `(n, D)` near one, to be made sounds of by calling this.

        Args:
            latent: `(1, D)` or `(D,)`.
            spread: in [0, 1]; 0 gives the latent itself, 1 (of a normal prior) any other.
            n: how many.
            seed: of the neighbours.
            first: number of the first one.
        """
        net, one = self.generator, numbers(latent, "latent").reshape(1, -1)
        near, count = real(spread, "spread"), whole(n, "n")
        centre = latents.walks(one, net.latent_dim)[0]
        return latents.neighbours(
            centre, near, count, whole(seed, "seed"), net.prior, first=whole(first, "first")
        )


def _place(place: Place) -> tuple[int, int]:
    if isinstance(place, tuple | list) and len(place) == 2:
        return whole(place[0], "seed"), whole(place[1], "clip")
    return whole(place, "seed"), 0
