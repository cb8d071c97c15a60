"""What a run starts, or goes on, with, for the line that it writes down of it."""

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from accelerate import Accelerator
from torch import nn

from wavegan.machine import machine, versions
from wavegan.training.files import Files


def facts(
    accelerator: Accelerator, networks: Mapping[str, nn.Module], files: Files
) -> dict[str, Any]:
    """Machine, versions, sizes of the networks, the data by its amount and fingerprint, the time.

    Args:
        accelerator: tells the device, the precision and the number of processes.
        networks: by name.
        files: what trains and what is held out.
    """
    train, held_out = files.split.train, files.split.validation
    return {
        "time": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "machine": machine(),
        "versions": versions(),
        "processes": accelerator.num_processes,
        "device": str(accelerator.device),
        "precision": accelerator.mixed_precision,
        "parameters": {
            name: sum(p.numel() for p in network.parameters()) for name, network in networks.items()
        },
        "data": {
            "clips": len({clip.path for clip in train}),
            "seconds": round(sum(clip.seconds for clip in train), 1),
            "held_out": len(held_out),
            "fingerprint": files.manifest.fingerprint(),
        },
    }
