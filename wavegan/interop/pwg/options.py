"""Convert ParallelWaveGAN's settings to options of this package's plug-ins.

Settings without a counterpart here are refused, never ignored.
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
"""Default of `torch.nn.LeakyReLU`."""


def options(
    params: Mapping[str, Any], names: Mapping[str, str | None], file: Path, where: str
) -> dict[str, Any]:
    """Rename settings; those with the new name None are read elsewhere or have no effect.

    Args:
        params: settings of the configuration.
        names: this package's name for each setting.
        file: the configuration, for messages.
        where: the field that contains them, for messages.

    Raises:
        UserError: a setting is not in `names`.
    """
    for key in params:
        if key not in names:
            raise UserError(f"{where}.{key} is not supported{suggest(str(key), names)}", at=file)
    return {new: params[old] for old, new in names.items() if new is not None and old in params}


def activation(name: Any, params: Any, file: Path, where: str) -> tuple[str, float]:
    """Convert an activation of `torch.nn` with its parameters to our name and a slope.

    Args:
        name: name of the class.
        params: parameters of its constructor, or None.
        file: the configuration, for messages.
        where: the field that names it, for messages; its parameters are in `{where}_params`.

    Raises:
        UserError: a name or parameter has no counterpart here.
    """
    if not isinstance(params, Mapping | None):
        raise UserError(f"{where}_params is {params!r}: it must be a mapping", at=file)
    if name not in ACTIVATIONS:
        raise UserError(
            f"{where} {name!r} is not supported{suggest(str(name), ACTIVATIONS)}", at=file
        )
    # in-place changes nothing if nothing else reads the input, as in the families that call this;
    # `residual` refuses it otherwise
    given = {key: value for key, value in dict(params or {}).items() if key != "inplace"}
    slope = given.pop("negative_slope", TORCH_SLOPE) if name == "LeakyReLU" else TORCH_SLOPE
    if given:
        raise UserError(
            f"{where}_params {given} of {where} {name} are not supported: only "
            "negative_slope of LeakyReLU is",
            at=file,
        )
    return ACTIVATIONS[name], float(slope)


def mono(params: Mapping[str, Any], file: Path) -> None:
    """Refuse sub-bands for generators that have none here.

    Raises:
        UserError: `out_channels` is not 1.
    """
    if params.get("out_channels", 1) != 1:
        raise UserError(
            f"generator_params.out_channels {params['out_channels']} is not supported: "
            "only MelGAN makes sub-bands, this generator one channel",
            at=file,
        )
