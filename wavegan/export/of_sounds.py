"""The plan of a generator of sounds: latents, labels and noise in, clips out."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from wavegan.counted import counted
from wavegan.export.filtered import without_complex_numbers
from wavegan.export.plan import Case, Format, Plan, Port, Sample
from wavegan.export.signals import nudged
from wavegan.generators.base import LatentGenerator
from wavegan.inference.synthesizer import Synthesizer

BATCHES, TRACED = (1, 2, 5), 2
"""Items that are compared, and those of the traced example."""


def plan(synthesizer: Synthesizer, name: str, target: Format) -> Plan:
    """How to export a generator of sounds: clips of its own length, without truncation.

    Args:
        synthesizer: on the CPU.
        name: of its generator.
        target: as for vocoders.
    """
    generator = synthesizer.generator
    network = without_complex_numbers(generator) if target == "onnx" else generator
    ports = _inputs(synthesizer)
    size = (synthesizer.channels, generator.segment)
    text = f"clips at {synthesizer.sample_rate} Hz, in about [-1, 1]"
    drawn = _drawn(synthesizer, TRACED)
    return Plan(
        network=Clips(network),
        inputs=ports,
        outputs=(Port("audio", ("N", *size), text),),
        example=tuple(torch.from_numpy(each) for each in drawn.values()),
        cases=lambda: [_case(synthesizer, batch) for batch in BATCHES],
        facts={
            "kind": "sounds",
            "generator": name,
            "sample_rate": synthesizer.sample_rate,
            "channels": synthesizer.channels,
            "samples": generator.segment,
            "latent_dim": generator.latent_dim,
            "prior": generator.prior,
            "labels": list(synthesizer.labels),
        },
        metadata={
            "model_type": name,
            "sample_rate": synthesizer.sample_rate,
            "version": 1,
            "generator": name,
            "channels": synthesizer.channels,
            "labels": ",".join(synthesizer.labels),
        },
        sample=_sample(synthesizer, ports),
    )


class Clips(nn.Module):
    """Latents, labels if the generator has some, then noise, to clips `(B, C, T)`."""

    def __init__(self, generator: LatentGenerator) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, *inputs: Tensor) -> Tensor:
        """Make clips."""
        latent, *rest = inputs
        label = rest.pop(0) if self.generator.n_labels else None
        return self.generator.to_audio(self.generator(latent, label, noise=rest))


def _inputs(synthesizer: Synthesizer) -> tuple[Port, ...]:
    generator = synthesizer.generator
    prior = {"normal": "standard normal", "uniform": "uniform in [-1, 1]"}[generator.prior]
    ports = [Port("latent", ("N", generator.latent_dim), f"{prior} numbers")]
    if generator.n_labels:
        ports.append(Port("label", ("N",), "positions in `labels`", "int64"))
    shapes = generator.noise_shapes()
    names = ["noise"] if len(shapes) == 1 else [f"noise_{i}" for i in range(len(shapes))]
    noises = zip(names, shapes, strict=True)
    return (*ports, *(Port(n, ("N", *shape), "standard normal noise") for n, shape in noises))


def _drawn(synthesizer: Synthesizer, batch: int) -> dict[str, NDArray[Any]]:
    """Inputs of a batch by name."""
    random = np.random.default_rng(batch)
    made: dict[str, NDArray[Any]] = {}
    for port in _inputs(synthesizer):
        shape = (batch, *(int(size) for size in port.shape[1:]))
        if port.dtype == "int64":
            made[port.name] = np.arange(batch) % synthesizer.generator.n_labels
        elif port.name == "latent" and synthesizer.generator.prior == "uniform":
            made[port.name] = random.uniform(-1, 1, shape).astype(np.float32)
        else:
            made[port.name] = random.standard_normal(shape, dtype=np.float32)
    return made


def _case(synthesizer: Synthesizer, batch: int) -> Case:
    inputs = _drawn(synthesizer, batch)

    def made(**changed: NDArray[Any]) -> NDArray[np.float32]:
        given = {**inputs, **changed}
        with torch.no_grad():
            clips: Tensor = Clips(synthesizer.generator)(*map(torch.from_numpy, given.values()))
        return clips.numpy()

    return Case(
        counted(batch, "clip"),
        lambda run: run(inputs)[0],
        made(),
        lambda: made(latent=nudged(inputs["latent"])),
    )


def _sample(synthesizer: Synthesizer, ports: tuple[Port, ...]) -> Sample:
    lines = ["random = np.random.default_rng(int(sys.argv[1]) if len(sys.argv) > 1 else 0)"]
    lines.append("inputs = {")
    for port in ports:
        shape = ", ".join(str(size) for size in (1, *port.shape[1:]))
        if port.dtype == "int64":
            draw = 'np.array([0]),  # a position in about["labels"]'
        elif port.name == "latent" and synthesizer.generator.prior == "uniform":
            draw = f"random.uniform(-1, 1, ({shape})).astype(np.float32),"
        else:
            draw = f"random.standard_normal(({shape}), np.float32),"
        lines.append(f'    "{port.name}": {draw}')
    lines += ["}", "audio = run(inputs)[0]  # (N, C, T)"]
    return Sample("A sound: give SEED and AUDIO.wav.", "\n".join(lines) + "\n")
