"""Read folders of ParallelWaveGAN: `config.yml`, `checkpoint-*steps.pkl` and mel statistics.

Source: github.com/kan-bayashi/ParallelWaveGAN (MIT), `parallel_wavegan/utils/utils.py`. As in its
own loader, statistics are applied if `stats.h5` or `stats.npy` is next to the checkpoint. Without
that file the generator's input is what the project calls normalized features.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from wavegan.bundle_config import Config, Model
from wavegan.errors import UserError
from wavegan.interop import _wrapped
from wavegan.interop._files import contents, errors_naming, field, state_dict, yaml_file
from wavegan.interop.base import Layout
from wavegan.interop.pwg import hifigan, melgan, parallel_wavegan, stylemelgan
from wavegan.interop.pwg.front_end import front_end, pqmf, statistics
from wavegan.mel.front_end import Mel

CONFIG = "config.yml"
SUFFIX = ".pkl"
OLDEST = "ParallelWaveGANGenerator"
"""The generator of configurations that are older than the field `generator_type`."""
GENERATORS = {
    "HiFiGANGenerator": hifigan.generator,
    "MelGANGenerator": melgan.generator,
    OLDEST: parallel_wavegan.generator,
    "StyleMelGANGenerator": stylemelgan.generator,
}
ANCHORS = {
    "HiFiGANGenerator": (r"input_conv\.", r"upsamples\.", r"blocks\.", r"output_conv\."),
    "MelGANGenerator": (r"melgan\.\d+\.",),
    OLDEST: (r"first_conv\.", r"upsample_net\.", r"conv_layers\.", r"last_conv_layers\."),
    "StyleMelGANGenerator": (r"noise_upsample\.", r"blocks\.", r"output_conv\."),
}
"""Patterns for the names of each generator's weights."""
TAKE_MEL = ("HiFiGANGenerator", "MelGANGenerator")
"""Generators whose `in_channels` are mel bands. Others have noise there, and the bands in
`aux_channels`."""
DISCRIMINATORS = (
    melgan.discriminators,
    parallel_wavegan.discriminators,
    stylemelgan.discriminators,
)
OUTSIDE = r"mean|scale|pqmf\.(analysis|synthesis|updown)_filter"
"""Further entries of a generator that was saved ready for inference."""


class ParallelWaveGAN(Layout):
    """A checkpoint file or folder; of several in a folder the highest step."""

    looks_for = f"*{SUFFIX} with {CONFIG} (ParallelWaveGAN)"

    def find(self, path: Path) -> Path | None:
        """The checkpoint, if the `config.yml` next to it describes a generator."""
        folder = path if path.is_dir() else path.parent
        whole = path.is_dir() or path.name == CONFIG
        files = [*folder.glob(f"*{SUFFIX}")] if whole else [path]
        files = [file for file in files if file.suffix == SUFFIX and file.is_file()]
        if not (folder / CONFIG).is_file():
            return None
        try:
            config = yaml_file(folder / CONFIG)
        except UserError:
            return None
        anchors = ANCHORS.get(str(config.get("generator_type", OLDEST)))
        if "generator_params" not in config:
            return None
        if files or anchors is None:
            return max(files, key=_step, default=None)
        return max(_wrapped.holding(folder if whole else path, anchors), key=_step, default=None)

    def read(self, file: Path, *, discriminators: bool) -> Model:
        """Read the generator, however it is wrapped, and the supported discriminators."""
        source = file.with_name(CONFIG)
        config = yaml_file(source)
        family = _family(config, source)
        with errors_naming(source):
            mel = front_end(config, source)
        content = contents(file)
        weights = _wrapped.generator(content, file, ANCHORS[family])
        inner = {key: value for key, value in weights.items() if not re.fullmatch(OUTSIDE, key)}
        params = _params(config, mel, source)
        options, renamed = GENERATORS[family](params, inner, source)
        options.pop("n_mels", None)
        if options.get("bands", 1) != 1:
            options |= pqmf(config, source)
        return Model(
            Config(
                mel=mel, generator={**options, **_statistics(file.parent, config, weights, mel)}
            ),
            weights=renamed,
            source=file,
            described_in=source,
            discriminators=_discriminators(config, content, file) if discriminators else {},
        )


def _step(file: Path) -> tuple[int, str]:
    digits = re.findall(r"\d+", file.stem)
    return int(digits[-1]) if digits else -1, file.name


def _family(config: Mapping[str, Any], source: Path) -> str:
    family = config.get("generator_type", OLDEST)
    if family not in GENERATORS:
        raise UserError(
            f"generator_type {family} cannot be read: only {', '.join(GENERATORS)}", at=source
        )
    return str(family)


def _params(config: Mapping[str, Any], mel: Mel, source: Path) -> dict[str, Any]:
    """`generator_params` with checked types; the older spelling "kernal" is accepted."""
    given = field(config, "generator_params", source) or {}
    if not isinstance(given, dict):
        raise UserError(f"generator_params is {given!r}: it must be a mapping", at=source)
    params = {str(key).replace("kernal", "kernel"): value for key, value in given.items()}
    for key, value in params.items():
        kind = None
        if key.endswith(("scales", "sizes", "dilations")):
            kind = "a list" if not isinstance(value, list | tuple) else None
        elif key.endswith(("channels", "layers", "stacks")):
            kind = "a whole number" if type(value) is not int else None
        if kind:
            raise UserError(f"generator_params.{key} is {value!r}: it must be {kind}", at=source)
    key = "in_channels" if config.get("generator_type") in TAKE_MEL else "aux_channels"
    if params.get(key, 80) != mel.n_mels:
        raise UserError(
            f"generator_params.{key} is {params.get(key, 80)}, but num_mels is "
            f"{mel.n_mels}: only generators that take mels can be read",
            at=source,
        )
    return params


def _statistics(
    folder: Path, config: Mapping[str, Any], weights: Mapping[str, Tensor], mel: Mel
) -> dict[str, Any]:
    """Statistics from the file next to the checkpoint, or else from the weights, or none."""
    found = statistics(folder, config, mel.n_mels)
    if found or not {"mean", "scale"} <= weights.keys():
        return found
    return {"mel_mean": weights["mean"].tolist(), "mel_std": weights["scale"].tolist()}


def _discriminators(
    config: Mapping[str, Any], content: Any, file: Path
) -> dict[str, dict[str, Tensor]]:
    """The discriminators that have the same network here; each family reads its own type."""
    model = content.get("model") if isinstance(content, Mapping) else None
    if not isinstance(model, Mapping) or not model.get("discriminator"):
        return {}
    weights = state_dict(content, file, "model", "discriminator")
    found: dict[str, dict[str, Tensor]] = {}
    for read in DISCRIMINATORS:
        found |= read(config, weights, file)
    return found
