"""Generate sounds from a trained model: a seed in, clips out."""

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
from wavegan.inference.clip import Clip, Conditions
from wavegan.inference.clip_batches import ClipBatches
from wavegan.inference.clip_length import check_count, clip_length, warn_of_rounding
from wavegan.inference.engine.precision import Precision
from wavegan.inference.given import numbers, real, whole
from wavegan.inference.invert import Inversion, fitted, search
from wavegan.inference.labels import Label, Labels
from wavegan.inference.placement import Placed
from wavegan.own_settings import own_settings
from wavegan.random_streams import ClipStream, draw_latents, of_clip

FADE = 0.005
"""Seconds of fade-out at the end of a clip that is cut."""

Place = int | tuple[int, int]
"""Origin of a latent: a seed, or a seed and a clip's number."""


class Synthesizer(Placed[LatentGenerator]):
    """A generator of sounds with the names of its labels.

    >>> synthesizer = Synthesizer.from_pretrained("runs/my-drums")  # doctest: +SKIP
    >>> clips = synthesizer.sample(8, label="snare", seed=7)  # doctest: +SKIP

    Clip i of seed s does not depend on the other clips: its latent, its noise and (if none is
    given) its label are functions of (s, i) alone. Several clips run at once only if their
    samples are equal to those of each alone (`ClipBatches`). So a clip is bit-identical on one
    machine; other devices and versions of torch round differently.

    Args:
        generator: maps latents to `(B, C, T)`. It is changed in place: frozen, weight norm folded,
            in float32.
        sample_rate: sample rate of the audio, Hz.
        channels: C.
        labels: names of its labels, in order; by default their numbers as strings.
        peak: the peak to which its training audio was scaled, or None.
        precision: see `from_pretrained`.
        compile: see `from_pretrained`.

    Attributes:
        last_seed: seed of the last call of `sample`; None before the first.
    """

    def __init__(
        self,
        generator: LatentGenerator,
        sample_rate: int,
        *,
        channels: int = 1,
        labels: Sequence[str] = (),
        peak: float | None = None,
        precision: Precision = "float32",
        compile: bool = False,
    ) -> None:
        names = tuple(labels) or tuple(str(number) for number in range(generator.n_labels))
        if generator.n_labels and len(names) != generator.n_labels:
            raise UserError(
                f"labels has {len(names)} names, but the generator has {generator.n_labels} labels"
            )
        super().__init__(generator, precision, compile=compile)
        self._batches = ClipBatches(self.engine)
        self.sample_rate, self.channels, self.peak = sample_rate, channels, peak
        self.labels = names if generator.n_labels else ()
        self.last_seed: int | None = None

    @classmethod
    def from_pretrained(
        cls,
        path: str | Path,
        device: str | torch.device = "cpu",
        *,
        precision: Precision = "auto",
        compile: bool = False,
        trust_code: bool = False,
    ) -> "Synthesizer":
        """Open a model.

        Args:
            path: a run (its best checkpoint is used), a checkpoint or a bundle.
            device: device to compute on.
            precision: "float32"; "bfloat16", in which a seed gives a slightly different clip;
                "float16" (not on a CPU); or "auto", here always float32.
            compile: also compile the network with `torch.compile`, which takes a minute or more and
                needs a C++ compiler.
            trust_code: allow the model to name a class outside wavegan; its module is imported
                and run. No other code of a model ever runs.

        Raises:
            UserError: there is no usable model, it is a vocoder, or the device cannot compute in
                this precision.
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
            precision=precision,
            compile=compile,
        ).to(device)

    def run_example(self) -> Tensor:
        """Generate a clip without meaning."""
        net = self.generator
        label = torch.zeros(1, dtype=torch.int64, device=self.device) if net.n_labels else None
        noise = [torch.zeros(1, *shape, device=self.device) for shape in net.noise_shapes()]
        latent = torch.zeros(1, net.latent_dim, device=self.device)
        made: Tensor = net(latent, label, noise=noise or None)
        return made

    @property
    def seconds(self) -> float:
        """Length of the network's clips, seconds."""
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
        """Generate sounds.

        Args:
            n: number of clips.
            label: a name, an int (its position in `labels`: "2" is the label of that name, 2 the
                third one), or a sequence with one per clip. With None, clip i gets label i modulo
                the number of labels, which spreads the labels evenly.
            seed: seed of all random numbers; None draws one and stores it in `last_seed`.
            seconds: length; None is `self.seconds`. A shorter clip is cut, with a fade of 5 ms. A
                longer one passes through several latents; the first is that of the short clip.
            truncation: in [0, 1]; below 1 sounds are less diverse and fail less often.
            loop: make clips that repeat without a seam. The length is rounded to one that the
                network can wrap, with a warning.
            first: number of the first clip, to make a large set in parts.

        Returns:
            `(n, C, T)` on the CPU, in about [-1, 1]. Peaks above full scale are kept: scale such a
            clip before you write it as integers, as `wavegan generate` does. Silent clips and
            loops of sounds that die away give a `UserWarning`; they are not drawn again.

        Raises:
            UserError: an unknown label, or a number out of range.
            RunError: the network made values that are not finite.
        """
        n, first = whole(n, "n"), whole(first, "first")
        if n < 1:
            raise UserError(f"n is {n}: give 1 or more")
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
        """Generate sounds from given latents.

        Args:
            latent: `(n, D)`, or walks `(n, W, D)`, spread evenly over the clip.
            label: see `sample`.
            seed: seed of the noise, for networks that take noise.
            seconds: see `sample`; None is the length of the walk, with windows that overlap by
                half.
            truncation: see `sample`, also for return value and errors.
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
        wanted = [
            Clip(
                latents.spread_evenly(walk, length.windows, net.prior, loop=loop),
                None if chosen is None else chosen[number],
                Conditions(seed, first + number, truncation, loop),
            )
            for number, walk in enumerate(walks)
        ]
        clips = torch.stack(self._batches.make(wanted, length, round(FADE * rate)))

        def plain(number: int) -> Tensor:
            """The sound of a loop without looping."""
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
        """Interpolate between two sounds, all with the noise of the first.

        Args:
            a: the first sound: its seed, or (seed, number of the clip).
            b: the last sound.
            steps: number of sounds, with both ends.
            label: label of all sounds; None: that of `a`.
            seconds: see `sample`, also for return value and errors.
            truncation: see `sample`.
            loop: see `sample`.
        """
        if whole(steps, "steps") < 2:
            raise UserError(f"steps is {steps}: give 2 or more, as both ends count")
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
        """The latent `(1, D)` of a seed's first clip, or of the clip with a given number."""
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
            clip: `(T,)` or `(C, T)`; it is cut or padded with silence to `seconds`. Its level does
                not matter.
            sample_rate: its sample rate, Hz; None: the model's.
            steps: number of descent steps from each start.
            label: the label; None tries all.
            seed: seed of the starts.

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
        """Latents `(n, D)` near a given one. Call the synthesizer with them to get sounds.

        Args:
            latent: `(1, D)` or `(D,)`.
            spread: in [0, 1]; 0 gives the latent itself, 1 (with a normal prior) an unrelated one.
            n: number of latents.
            seed: seed of the neighbours.
            first: number of the first neighbour.
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
