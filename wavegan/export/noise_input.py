"""The noise input of a vocoder's graph."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from wavegan.errors import UserError
from wavegan.export.plan import Port
from wavegan.generators.base import MelGenerator

MOST_FRAMES = 4096


@dataclass(frozen=True)
class NoiseInput:
    """How much noise a generator takes for L frames.

    Attributes:
        channels: of the noise; 0: it takes none.
        values_per_frame: its values per frame, or 1.
        frames_per_value: frames for each value, rounded up; above 1 only with 1 value per frame.
    """

    channels: int = 0
    values_per_frame: int = 1
    frames_per_value: int = 1

    @classmethod
    def of(cls, generator: MelGenerator) -> "NoiseInput":
        """Measure a generator.

        Raises:
            UserError: its noise is not proportional to the frames.
        """
        one, two = generator.noise_shape(1), generator.noise_shape(2)
        if one is None or two is None:
            return cls()
        if two[1] == 2 * one[1]:
            return cls(one[0], values_per_frame=one[1])
        for frames in range(1, MOST_FRAMES):
            shape = generator.noise_shape(frames + 1)
            if one[1] == 1 and shape is not None and shape[1] == 2:
                return cls(one[0], frames_per_value=frames)
        raise UserError("this model cannot be exported: its noise is not proportional to the mel")

    @property
    def size(self) -> str:
        """The length of the noise in terms of L."""
        if self.frames_per_value > 1:
            return f"ceil(L / {self.frames_per_value})"
        return "L" if self.values_per_frame == 1 else f"L * {self.values_per_frame}"

    @property
    def ports(self) -> tuple[Port, ...]:
        """The input for the noise, if there is one."""
        if not self.channels:
            return ()
        return (Port("noise", ("N", self.channels, self.size), "standard normal noise"),)

    @property
    def code(self) -> str:
        """The line of a usage sample that draws noise for `mel`."""
        if not self.channels:
            return ""
        length = "mel.shape[2]"
        if self.values_per_frame > 1:
            length = f"mel.shape[2] * {self.values_per_frame}"
        if self.frames_per_value > 1:
            length = f"-(-mel.shape[2] // {self.frames_per_value})"
        shape = f"(len(mel), {self.channels}, {length})"
        return f"noise = np.random.default_rng(0).standard_normal({shape}, np.float32)\n"

    @property
    def argument(self) -> str:
        """The noise among the inputs of a usage sample's call."""
        return ', "noise": noise' if self.channels else ""

    @property
    def last(self) -> str:
        """The noise as the last argument of a usage sample's call."""
        return ", noise" if self.channels else ""

    @property
    def facts(self) -> dict[str, int]:
        """What the JSON file says of it."""
        if not self.channels:
            return {}
        return {"noise_channels": self.channels, "frames_per_noise_value": self.frames_per_value}

    def drawn(self, batch: int, frames: int) -> list[NDArray[np.float32]]:
        """Noise for a batch; empty if there is none."""
        if not self.channels:
            return []
        length = -(-frames * self.values_per_frame // self.frames_per_value)
        random = np.random.default_rng(length)
        return [random.standard_normal((batch, self.channels, length), dtype=np.float32)]

    def padded(self, mel: Tensor, *noise: Tensor) -> Tensor:
        """Repeat the last frame up to the end of the noise, as such a generator does itself.

        Its own padding has a length that tracing cannot follow.
        """
        if self.frames_per_value == 1:
            return mel
        place = torch.arange(noise[0].shape[-1] * self.frames_per_value, device=mel.device)
        return mel[..., place.clamp(max=mel.shape[-1] - 1)]
