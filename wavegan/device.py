"""Choose the torch device by name."""

import torch

from wavegan.errors import UserError


def choose(name: str) -> torch.device:
    """The device for `auto`, `cpu`, `cuda` or `mps`.

    Raises:
        UserError: the name is unknown, or this machine has no such device.
    """
    usable = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        return torch.device(next(device for device, there in usable.items() if there))
    if name not in usable:
        raise UserError(f"--device {name}: no such device; give auto, {', '.join(usable)}")
    if not usable[name]:
        raise UserError(f"--device {name}: torch finds no such device here; use --device cpu")
    return torch.device(name)
