"""Read MelGAN of github.com/seungwonpark/melgan (BSD): one `.pt` that includes its settings.

Kumar et al. 2019, "MelGAN" (arXiv 1910.06711), with the front-end of NVIDIA's Tacotron 2: natural
logarithm, no epsilon in the magnitude, centred frames. The network scales its input by
(mel + 5) / 5. The project's own `inference` appends ten frames of silence and cuts their output
off, to keep the last frames away from the edge; here this is up to the caller.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from wavegan.bundle_config import Config, Model
from wavegan.interop import _hp_str, _wrapped
from wavegan.interop._files import contents, errors_naming, field, state_dict
from wavegan.interop._keys import Rules, rename
from wavegan.interop._melgan import Shapes, rules, shapes
from wavegan.interop.base import Layout
from wavegan.mel.front_end import Mel

MEL_MEAN, MEL_STD = -5.0, 5.0
PUBLISHED: Mapping[str, Any] = {
    "sampling_rate": 22050,
    "filter_length": 1024,
    "hop_length": 256,
    "win_length": 1024,
    "n_mel_channels": 80,
    "mel_fmin": 0.0,
    "mel_fmax": 8000.0,
}
"""The section `audio` of the published models' settings."""
_INSIDE = (r"generator\.1\.", r"generator\.3\.", r"generator\.\d+\.shortcuts\.")
_DISCRIMINATOR: Rules = [
    (r"discriminators\.(\d+)\.discriminator\.0\.1\.(.+)", r"discriminators.\1.convs.0.\2"),
    (r"discriminators\.(\d+)\.discriminator\.([1-5])\.0\.(.+)", r"discriminators.\1.convs.\2.\3"),
    (r"discriminators\.(\d+)\.discriminator\.6\.(.+)", r"discriminators.\1.conv_post.\2"),
]


class Seungwonpark(Layout):
    """A checkpoint file, or a run's folder, of which the last epoch is used. It includes `msd`."""

    looks_for = "a .pt with model_g and hp_str (seungwonpark MelGAN)"

    def find(self, path: Path) -> Path | None:
        """Recognised by weight names, as UnivNet's code uses the same top-level keys.

        Raises:
            UserError: a folder has checkpoints of several runs.
        """
        return _hp_str.find(path, _INSIDE)

    def read(self, file: Path, *, discriminators: bool) -> Model:
        """Read generator and settings, and the discriminator if the file has it."""
        content = contents(file)
        weights = _wrapped.generator(content, file, _INSIDE)
        found = shapes(weights, "generator", file)
        layers = _residual_layers(weights, found)
        settings = _hp_str.settings(content, file)
        audio = field(settings, "audio", file) if settings else PUBLISHED
        msd = {}
        if discriminators and "model_d" in content:
            msd = {"msd": rename(state_dict(content, file, "model_d"), _DISCRIMINATOR, file)}
        with errors_naming(file):
            options = _hp_str.mel_options(audio, file)
            mel = Mel(**options, magnitude_eps=0.0, padding="center", precision="float64")
        return Model(
            Config(
                mel=mel,
                generator={
                    "name": "melgan",
                    "upsample_rates": found.upsample_rates,
                    "upsample_initial_channel": found.upsample_initial_channel,
                    "residual_layers": layers,
                    "mel_mean": MEL_MEAN,
                    "mel_std": MEL_STD,
                },
            ),
            weights=rename(weights, _generator_rules(found, layers), file),
            source=file,
            described_in=file,
            discriminators=msd,
        )


def _residual_layers(weights: Mapping[str, Tensor], found: Shapes) -> int:
    pattern = re.compile(rf"generator\.{found.ups[0] + 1}\.shortcuts\.\d+\.bias")
    return sum(bool(pattern.fullmatch(key)) for key in weights)


def _generator_rules(found: Shapes, layers: int) -> Rules:
    return rules(
        f"generator.{found.first}",
        [f"generator.{up}" for up in found.ups],
        [
            (f"{stack}.blocks.{layer}.2", f"{stack}.blocks.{layer}.4", f"{stack}.shortcuts.{layer}")
            for stack in (f"generator.{up + 1}" for up in found.ups)
            for layer in range(layers)
        ],
        f"generator.{found.last}",
    )
