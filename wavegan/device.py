"""Where to compute, by name."""

import torch

from wavegan.errors import UserError


def choose(name: str) -> torch.device:
    """`auto`, `cpu`, `cuda` or `mps` as a device that is there.

    Raises:
        UserError: another name, or no such device here.
    """
    usable = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        return torch.device(next(device for device, there in usable.items() if there))
    if name not in usable:
        raise UserError(f"--device {name}: give auto, {', '.join(usable)}")
    if not usable[name]:
        raise UserError(f"--device {name}: this torch sees none here; use --device cpu")
    return torch.device(name)
