"""Read weight files safely and load them strictly."""

import os
from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load, load_file
from torch import Tensor, nn

from wavegan import file_kinds
from wavegan.errors import UserError
from wavegan.layers.weight_norm import fold_where_plain


def read_weights(file: Path) -> dict[str, Tensor]:
    """Read a `.safetensors` file.

    Raises:
        UserError: it is missing, truncated or not a safetensors file.
    """
    try:
        _check_header(file)
        # safetensors accepts only UTF-8 names; surrogate escapes of other bytes are not printable
        return load_file(file) if str(file).isprintable() else load(file.read_bytes())
    except FileNotFoundError:
        raise UserError(f"{file}: no such file") from None
    except SafetensorError as error:
        reason = file_kinds.no_weights_reason(file) or error
        raise UserError(f"{file}: damaged or not a safetensors file ({reason})") from None


def _check_header(file: Path) -> None:
    """Refuse huge headers (safetensors allows 100 MB); raises the true error of a failed open."""
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        size = os.fstat(stream.fileno()).st_size
    if file_kinds.LONGEST_HEADER < length < size:
        raise UserError(
            f"{file}: its header has {length:,} bytes, at most {file_kinds.LONGEST_HEADER:,} are "
            "allowed"
        )


def load_strictly(module: nn.Module, weights: Mapping[str, Tensor], source: Path) -> None:
    """Load weights; every key must fit. Weight norm may be in either style, or folded.

    Raises:
        UserError: the weights do not fit; names the file and the first keys that are missing,
            unknown or of another shape.
    """
    fold_where_plain(module, weights.keys())
    try:
        module.load_state_dict(dict(weights), strict=True)
    except RuntimeError as error:
        lines = [line.strip() for line in str(error).splitlines()[1:] if line.strip()]
        reason = " ".join(lines)[:300]
        raise UserError(f"{source}: weights do not fit the configuration: {reason}") from None
