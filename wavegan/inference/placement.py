"""Where a model computes, and in what: always float32."""

import torch
from torch import nn

from wavegan.errors import UserError


def move(device: str | torch.device | torch.dtype | None, dtype: object, *parts: nn.Module) -> None:
    """Move modules to a device, as `Module.to` is called.

    Args:
        device: where to; a dtype in its place is one.
        dtype: float32 or None.
        parts: what is moved.

    Raises:
        UserError: no such device here, or another dtype; nothing was moved then.
    """
    if isinstance(device, torch.dtype):
        device, dtype = None, device
    refuse_other_types(dtype)
    if device is None:
        return
    try:
        for part in parts:
            part.to(device)
    except (RuntimeError, AssertionError, TypeError) as error:
        raise UserError(f"device {device}: {str(error).splitlines()[0]}") from None


def refuse_other_types(dtype: object) -> None:
    """Refuse to compute in anything but float32.

    Raises:
        UserError: says what to do instead.
    """
    if dtype not in (None, torch.float32):
        raise UserError(
            f"dtype {dtype}: models compute in float32, inside autocast too, and take mels of any "
            'float type: leave the dtype out, as in .to("cuda")'
        )


def described(network: nn.Module) -> str:
    """Its class and how many weights it has, as in "HiFiGAN with 13.94 M weights"."""
    count = sum(parameter.numel() for parameter in network.parameters())
    size = f"{count / 1e6:.2f} M" if count >= 10_000 else str(count)
    return f"{type(network).__name__} with {size} weights"
