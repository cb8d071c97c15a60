"""Read folders of iSTFTNet: `g_*` weights with a `config.json` that has `gen_istft_n_fft`.

Source: github.com/rishikksh20/iSTFTNet-pytorch (Apache 2.0), which has the files of
github.com/jik876/hifi-gan (MIT).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wavegan.bundle_config import Config, Model
from wavegan.errors import UserError
from wavegan.interop import _wrapped
from wavegan.interop._files import contents, errors_naming, field, json_file
from wavegan.interop._jik876_config import CONFIG, PEAK, PLAIN_MEL, front_end, stages
from wavegan.interop._jik876_keys import discriminators as read_discriminators
from wavegan.interop._jik876_keys import nearest_discriminators, step_of
from wavegan.interop.base import Layout

ANCHORS = (r"conv_pre\.", r"ups\.", r"resblocks\.", r"conv_post\.")
# fields of derived projects, with the values that change neither the network nor the mel
ONLY: Mapping[str, tuple[Any, ...]] = {
    **PLAIN_MEL,
    "subbands": (1, None),
    "F0_path": (None,),
}


class ISTFTNetLayout(Layout):
    """A folder with `g_*`, maybe `do_*`, and `config.json`; the highest step is used."""

    looks_for = f"g_* with {CONFIG} that has gen_istft_n_fft (iSTFTNet)"

    def find(self, path: Path) -> Path | None:
        """The generator's weights file."""
        folder = path if path.is_dir() else path.parent
        if not (folder / CONFIG).is_file():
            return None
        whole = path.is_dir() or path.name == CONFIG
        given = [*folder.iterdir()] if whole else [path]
        files = [file for file in given if file.name.startswith("g_") and file.is_file()]
        try:
            config = json_file(folder / CONFIG)
        except UserError:
            return None
        if "gen_istft_n_fft" not in config:
            return None
        place = folder if whole else path
        return max(files, key=_order) if files else _wrapped.only(place, ANCHORS)

    def read(self, file: Path, *, discriminators: bool) -> Model:
        """Read the generator; `mpd` and `msd` from the `do_*` of the nearest step, if any."""
        described = file.parent / CONFIG
        config = json_file(described)
        weights = _wrapped.generator(contents(file), file, ANCHORS)
        of_d = nearest_discriminators(file) if discriminators else None
        with errors_naming(described):
            _refuse_what_differs(config)
            mel = front_end(config, described)
        return Model(
            Config(
                mel=mel,
                generator={
                    "name": "istftnet",
                    **stages(config, weights, described),
                    "istft_n_fft": field(config, "gen_istft_n_fft", described),
                    "istft_hop_length": field(config, "gen_istft_hop_size", described),
                },
                peak=PEAK,
            ),
            weights=weights,
            source=file,
            described_in=described,
            discriminators=read_discriminators(of_d) if of_d else {},
        )


def _refuse_what_differs(config: Mapping[str, Any]) -> None:
    for key, values in ONLY.items():
        if config.get(key) not in values:
            raise UserError(
                f"{key} is {config[key]!r}: only plain iSTFTNet, with {values[0]!r}, can be read"
            )


def _order(file: Path) -> int:
    """The step, -1 for files without one."""
    step = step_of(file)
    return -1 if step is None else step
