"""HiFi-GAN's discriminators as github.com/jik876/hifi-gan saves them, beside each generator.

Their names are this package's but for spectral norm, which torch kept under other names then.
Its forks write the same file, whatever their generator is.
"""

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from wavegan.interop._files import state_dict, torch_file
from wavegan.interop._keys import Rules, rename

MEMBERS = ("mpd", "msd")

_CONV = r"(discriminators\.\d+\.(?:convs\.\d+|conv_post))\."
RULES: Rules = [
    (_CONV + r"weight_orig", r"\1.parametrizations.weight.original"),
    (_CONV + r"spectral_u", r"\1.parametrizations.weight.0._u"),
    (_CONV + r"spectral_v", r"\1.parametrizations.weight.0._v"),
    (_CONV + r"(bias|weight|weight_g|weight_v|parametrizations\.weight\..+)", r"\1.\2"),
]


def discriminators(file: Path) -> dict[str, dict[str, Tensor]]:
    """The weights of `mpd` and `msd` in a file `do_*`; an older one may lack one of them.

    Raises:
        UserError: it is no such file, or of other networks.
    """
    content = torch_file(file)
    names = [name for name in MEMBERS if isinstance(content, Mapping) and name in content]
    return {
        name: rename(_told_apart(state_dict(content, file, name)), RULES, file)
        for name in names or MEMBERS
    }


def newest_beside(generator: Path, step: int | None) -> Path | None:
    """The file `do_*` in a generator's folder of the nearest step; of the highest, if it has none.

    A fine-tuning that starts with a somewhat older or newer judge still has one that knows audio.
    """
    steps = {
        int(digits): file
        for file in sorted(generator.parent.glob("do_*"))
        if (digits := file.name.removeprefix("do_").split(".")[0]).isdigit()
    }
    if not steps:
        return None
    return steps[max(steps) if step is None else min(steps, key=lambda each: abs(each - step))]


def _told_apart(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Name spectral norm's vectors apart from weight norm's direction, also called `weight_v`."""
    spectral = {key.removesuffix("weight_orig") for key in weights if key.endswith(".weight_orig")}
    named = {}
    for key, value in weights.items():
        module, parameter = key[: key.rfind(".") + 1], key[key.rfind(".") + 1 :]
        apart = module in spectral and parameter in ("weight_u", "weight_v")
        named[module + parameter.replace("weight", "spectral") if apart else key] = value
    return named
