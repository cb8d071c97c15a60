"""Convert the activation of ParallelWaveGAN's residual generators, MelGAN and HiFi-GAN."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wavegan.errors import UserError
from wavegan.interop.pwg.options import activation

NAME = "nonlinear_activation"
TORCH_DEFAULTS = {"alpha": 1.0, "beta": 1.0, "threshold": 20.0, "approximate": "none"}


def residual_activation(
    params: Mapping[str, Any], default_slope: float, file: Path
) -> dict[str, Any]:
    """The options `activation` and `leaky_slope`.

    Args:
        params: `generator_params`.
        default_slope: the project's default.
        file: the configuration, for messages.

    Raises:
        UserError: the activation has no counterpart here.
    """
    given = params.get(f"{NAME}_params", {"negative_slope": default_slope})
    if not isinstance(given, Mapping | None):
        raise UserError(
            f"generator_params.{NAME}_params is {given!r}: it must be a mapping", at=file
        )
    if given and given.get("inplace"):
        # it overwrites the input that the block adds to its output
        raise UserError(
            f"generator_params.{NAME}_params.inplace true is not supported, as it changes "
            "residual blocks: only false is",
            at=file,
        )
    changed = {
        key: value
        for key, value in (given or {}).items()
        if key not in TORCH_DEFAULTS or value != TORCH_DEFAULTS[key]
    }
    where = f"generator_params.{NAME}"
    name, slope = activation(params.get(NAME, "LeakyReLU"), changed, file, where)
    return {"activation": name, "leaky_slope": slope}
