"""Read HiFi-GAN of github.com/jik876/hifi-gan (MIT): `g_*`, `do_*` and `config.json`.

Kong, Kim and Bae 2020, "HiFi-GAN" (arXiv 2010.05646). Forks with the same files are read, too, if
network and front-end are the same.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wavegan.bundle_config import Config, Model
from wavegan.errors import UserError
from wavegan.interop import _wrapped
from wavegan.interop._files import SUFFIXES, contents, errors_naming, json_file, several
from wavegan.interop._jik876_config import CONFIG, PEAK, PLAIN_MEL, front_end, stages
from wavegan.interop._jik876_keys import discriminators as read_discriminators
from wavegan.interop._jik876_keys import nearest_discriminators, step_of
from wavegan.interop.base import Layout

_NO_GENERATOR = re.compile(r"do_|disc|opt")
_FIELDS = {"upsample_rates", "upsample_kernel_sizes", "upsample_initial_channel", "num_mels"}
_OF_OTHERS = {"activation", "snake_logscale", "gen_istft_n_fft", "architectures", "model_type"}
_ANCHORS = (r"conv_pre\.", r"ups\.\d+\.\D", r"resblocks\.\d+\.convs1?\.", r"conv_post\.")
_ONLY: Mapping[str, tuple[Any, ...]] = {
    **PLAIN_MEL,
    "resblock": ("1", "2", 1, 2),
    "preemph": (0, None, False),
    "causal": (False, None),
    "use_causal_conv": (False, None),
    "use_tanh_at_final": (True,),
    "lrelu_slope": (0.1,),
    "leaky_relu_slope": (0.1,),
    "mini_nsf": (False, None),
    "do_normalize": (False, None),
}
"""Fields of forks that change the sound, with the values that do not change it."""


class Jik876(Layout):
    """A generator file or folder; of several numbered `g_*` the highest step.

    `mpd` and `msd` come from the `do_*` of the same or the nearest step.
    """

    looks_for = "g_* or generator* with config.json (jik876 HiFi-GAN)"

    def find(self, path: Path) -> Path | None:
        """A `config.json` with HiFi-GAN's fields, or its weights without a `config.json`."""
        folder = path if path.is_dir() else path.parent
        config = _content(folder / CONFIG)
        if config is not None and (not config.keys() >= _FIELDS or _OF_OTHERS & config.keys()):
            return None
        if path.is_dir() or path.name == CONFIG:
            files = [file for file in sorted(folder.iterdir()) if _is_weights(file)]
        else:
            files = [path] if _is_weights(path) or "." not in path.name else []
        chosen = _choose(files, certain=config is not None)
        if len(chosen) > 1:
            raise several(folder, chosen)
        return chosen[0] if chosen else None

    def read(self, file: Path, *, discriminators: bool) -> Model:
        """Read the generator, however it is wrapped, and its `config.json`."""
        source = file.with_name(CONFIG)
        if not source.is_file():
            raise UserError(
                f"weights of HiFi-GAN without their settings: put the {CONFIG} that they "
                "were trained with next to them",
                at=file,
            )
        config = json_file(source)
        weights = _wrapped.generator(contents(file), file, _ANCHORS)
        of_d = nearest_discriminators(file) if discriminators else None
        with errors_naming(source):
            _refuse_what_differs(config)
            mel = front_end(config, source)
        return Model(
            Config(
                mel=mel, generator={"name": "hifigan", **stages(config, weights, source)}, peak=PEAK
            ),
            weights=weights,
            source=file,
            described_in=source,
            discriminators=read_discriminators(of_d) if of_d else {},
        )


def _content(file: Path) -> dict[str, Any] | None:
    """The content of a configuration; None if it is missing or unreadable."""
    try:
        return json_file(file)
    except UserError:
        return None


def _is_weights(file: Path) -> bool:
    named = file.name.startswith("generator") and "." not in file.name
    other = file.suffix in SUFFIXES and not _NO_GENERATOR.match(file.name)
    return file.is_file() and (step_of(file) is not None or named or other)


def _choose(files: list[Path], *, certain: bool) -> list[Path]:
    """The last of numbered files; if uncertain, only files with HiFi-GAN's weight names."""
    numbered = {step: file for file in files if (step := step_of(file)) is not None}
    if numbered:
        files = [numbered[max(numbered)]]
    if certain and len(files) == 1:
        return files
    return [file for file in files if _wrapped.matches(file, _ANCHORS)]


def _refuse_what_differs(config: Mapping[str, Any]) -> None:
    for name, values in _ONLY.items():
        if name in config and config[name] not in values:
            raise UserError(f"{name} is {config[name]!r}: only {values[0]!r} can be read")
