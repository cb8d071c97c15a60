"""Settings of ParallelWaveGAN's configurations, turned into options of this package's plug-ins.

Nothing is passed over in silence: a setting without a counterpart here is refused by its name.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wavegan.errors import UserError, suggest

ACTIVATIONS = {
    "LeakyReLU": "leaky_relu", "ReLU": "relu", "ELU": "elu", "SELU": "selu", "CELU": "celu",
    "GELU": "gelu", "SiLU": "silu", "Mish": "mish", "Softplus": "softplus", "Tanh": "tanh",
}  # fmt: skip
TORCH_SLOPE = 0.01
"""What `torch.nn.LeakyReLU` has where the configuration names none."""


def options(
    params: Mapping[str, Any], names: Mapping[str, str | None], file: Path, where: str
) -> dict[str, Any]:
    """Rename settings; those whose new name is None are known and read elsewhere, or say nothing.

    Args:
        params: as the configuration has them.
        names: this package's name of each.
        file: the configuration, for messages.
        where: the field that holds them, for messages.

    Raises:
        UserError: a setting that is not among `names`.
    """
    for key in params:
        if key not in names:
            raise UserError(f"{file}: {where}.{key} is not known here{suggest(str(key), names)}")
    return {new: params[old] for old, new in names.items() if new is not None and old in params}


def activation(name: Any, params: Any, file: Path, where: str) -> tuple[str, float]:
    """An activation of `torch.nn` and its parameters as a name here and a slope.

    Args:
        name: of the class.
        params: of its constructor, or None.
        file: the configuration, for messages.
        where: the field that names it, for messages; its parameters are in `{where}_params`.

    Raises:
        UserError: a name or a parameter that has no counterpart here.
    """
    if not isinstance(params, Mapping | None):
        raise UserError(f"{file}: {where}_params is {params!r}: it must be a mapping")
    if name not in ACTIVATIONS:
        raise UserError(
            f"{file}: {where} {name!r} is not known here{suggest(str(name), ACTIVATIONS)}"
        )
    # done in place it changes no number where nothing else reads its input, as in the families
    # that call this; `residual` refuses it where something does
    given = {key: value for key, value in dict(params or {}).items() if key != "inplace"}
    slope = given.pop("negative_slope", TORCH_SLOPE) if name == "LeakyReLU" else TORCH_SLOPE
    if given:
        raise UserError(
            f"{file}: {where}_params {given} of {where} {name} are not known here: only "
            "negative_slope of LeakyReLU is"
        )
    return ACTIVATIONS[name], float(slope)


def mono(params: Mapping[str, Any], file: Path) -> None:
    """Refuse a generator of sub-bands where this package's has none.

    Raises:
        UserError: `out_channels` is not 1.
    """
    if params.get("out_channels", 1) != 1:
        raise UserError(
            f"{file}: generator_params.out_channels {params['out_channels']} is not known here: "
            "this generator makes one channel; only MelGAN's makes sub-bands"
        )
