"""Read MelGAN of github.com/descriptinc/melgan-neurips (MIT): `args.yml` and `best_netG.pt`.

Kumar et al. 2019, "MelGAN" (arXiv 1910.06711). The two models that come with the project,
`linda_johnson.pt` and `multi_speaker.pt`, have no `args.yml`; all settings follow from the shapes.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from wavegan.bundle_config import Config, Model
from wavegan.errors import UserError
from wavegan.interop import _wrapped
from wavegan.interop._files import contents, errors_naming, state_dict, yaml_file
from wavegan.interop._keys import Rules, rename
from wavegan.interop._melgan import Shapes, rules, shapes
from wavegan.interop.base import Layout
from wavegan.mel.front_end import Mel

ARGUMENTS = "args.yml"
PEAK = 0.95
FRONT_END = Mel.preset("melgan-22k")
_INSIDE = (r"model\.1\.bias", r"model\.3\.bias", r"model\.4\.block\.2\.bias")
_GENERATORS = ("best_netG.pt", "netG.pt")


class Descript(Layout):
    """A generator file or folder; of a folder the best generator, or else the last.

    `msd` comes from the matching `netD.pt`.
    """

    looks_for = "best_netG.pt or netG.pt (descript MelGAN)"

    def find(self, path: Path) -> Path | None:
        """The project's file names, and files of any name with its weights."""
        if path.name == ARGUMENTS:
            path = path.parent
        if path.is_file():
            return path if path.name in _GENERATORS or _wrapped.holding(path, _INSIDE) else None
        named = [path / name for name in _GENERATORS if (path / name).is_file()]
        return named[0] if named else _wrapped.only(path, _INSIDE)

    def read(self, file: Path, *, discriminators: bool) -> Model:
        """Read the generator, and check it against its `args.yml`."""
        weights = _wrapped.generator(contents(file), file, _INSIDE[:1])
        found = shapes(weights, "model", file)
        layers = _residual_layers(weights, found)
        described = file.with_name(ARGUMENTS)
        if described.is_file():
            _compare(described, found, layers)
        of_d = file.with_name(file.name.replace("netG", "netD"))
        wanted = discriminators and of_d != file and of_d.is_file()
        with errors_naming(file):
            mel = Mel.from_dict({**FRONT_END.to_dict(), "n_mels": found.n_mels})
        return Model(
            Config(
                mel=mel,
                generator={
                    "name": "melgan",
                    "upsample_rates": found.upsample_rates,
                    "upsample_initial_channel": found.upsample_initial_channel,
                    "residual_layers": layers,
                },
                peak=PEAK,
            ),
            weights=rename(weights, _generator_rules(found, layers), file),
            source=file,
            described_in=described if described.is_file() else file,
            discriminators={"msd": _discriminator(of_d)} if wanted else {},
        )


def _residual_layers(weights: Mapping[str, Tensor], found: Shapes) -> int:
    layers = sum(bool(re.fullmatch(r"model\.\d+\.shortcut\.bias", key)) for key in weights)
    return layers // len(found.ups)


def _compare(file: Path, found: Shapes, layers: int) -> None:
    """Refuse weights that do not fit `args.yml`."""
    arguments = yaml_file(file)
    expected = {
        "n_mel_channels": found.n_mels,
        "ngf": found.upsample_initial_channel / 2 ** len(found.ups),
        "n_residual_layers": layers,
    }
    for name, value in expected.items():
        if name in arguments and arguments[name] != value:
            raise UserError(
                f"{name} is {arguments[name]!r}, but the network of the weights next to it "
                f"has {value:g}",
                at=file,
            )


def _generator_rules(found: Shapes, layers: int) -> Rules:
    residual = [f"model.{up + 1 + layer}" for up in found.ups for layer in range(layers)]
    return rules(
        f"model.{found.first}",
        [f"model.{up}" for up in found.ups],
        [(f"{each}.block.2", f"{each}.block.4", f"{each}.shortcut") for each in residual],
        f"model.{found.last}",
    )


def _discriminator(file: Path) -> dict[str, Tensor]:
    weights = state_dict(contents(file), file)
    layers = [
        int(m[1]) for key in weights if (m := re.match(r"model\.disc_\d+\.model\.layer_(\d+)", key))
    ]
    rules = [
        (r"model\.disc_(\d+)\.model\.layer_0\.1\.(.+)", r"discriminators.\1.convs.0.\2"),
        (r"model\.disc_(\d+)\.model\.layer_(\d+)\.0\.(.+)", r"discriminators.\1.convs.\2.\3"),
        (
            rf"model\.disc_(\d+)\.model\.layer_{max(layers, default=0)}\.([^.\d].*)",
            r"discriminators.\1.conv_post.\2",
        ),
    ]
    return rename(weights, rules, file)
