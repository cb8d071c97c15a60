"""Files and weights of github.com/jik876/hifi-gan: `g_STEP`, each with a `do_STEP`.

The names of its discriminators are those of this package, except for spectral norm, which had
other names in torch then. Forks write the same files, whatever their generator.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from wavegan.interop._files import state_dict, torch_file
from wavegan.interop._keys import Rules, rename

MEMBERS = ("mpd", "msd")

_STEP = re.compile(r"g_(\d+)(?:\.(?:pt|pth|ckpt|bin))?")
_SPECTRAL = {"weight_orig": "original", "weight_u": "0._u", "weight_v": "0._v"}
_PARAMETER = r"(?:bias|weight|weight_g|weight_v|parametrizations\.weight\..+)"
RULES: Rules = [(rf"discriminators\.\d+\.(?:convs\.\d+|conv_post)\.{_PARAMETER}", r"\g<0>")]


def step_of(file: Path) -> int | None:
    """The number in the name of a generator's file `g_STEP`; None for other names."""
    match = _STEP.fullmatch(file.name)
    return int(match[1]) if match else None


def nearest_discriminators(generator: Path) -> Path | None:
    """The `do_*` file nearest in step to a generator file, or the last one if it has no step.

    A slightly older or newer trained discriminator is still better for fine-tuning than a new one.
    """
    steps = {
        int(digits): file
        for file in sorted(generator.parent.glob("do_*"))
        if (digits := file.name.removeprefix("do_").split(".")[0]).isdigit()
    }
    if not steps:
        return None
    step = step_of(generator)
    return steps[max(steps) if step is None else min(steps, key=lambda each: abs(each - step))]


def discriminators(file: Path) -> dict[str, dict[str, Tensor]]:
    """The weights of `mpd` and `msd` in a `do_*` file; an older one may lack one of them.

    Raises:
        UserError: it is not such a file, or has other networks.
    """
    content = torch_file(file)
    names = [name for name in MEMBERS if isinstance(content, Mapping) and name in content]
    return {
        name: rename(norms_renamed(state_dict(content, file, name)), RULES, file)
        for name in names or MEMBERS
    }


def norms_renamed(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Rename the old keys of spectral norm; those of weight norm load unchanged.

    Both have a `weight_v`; it belongs to spectral norm only if there is a `weight_orig`.
    """
    spectral = {key.rpartition(".")[0] for key in weights if key.endswith(".weight_orig")}
    renamed = {}
    for key, value in weights.items():
        module, _, name = key.rpartition(".")
        if module in spectral and name in _SPECTRAL:
            renamed[f"{module}.parametrizations.weight.{_SPECTRAL[name]}"] = value
        else:
            renamed[key] = value
    return renamed
