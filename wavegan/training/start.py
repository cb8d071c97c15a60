"""Facts about the start of a run, for its line in `metrics.jsonl`."""

from datetime import datetime, timezone
from typing import Any

from accelerate import Accelerator

from wavegan.machine import machine, versions
from wavegan.training.checkpoint import TrainState
from wavegan.training.files import Files


def facts(accelerator: Accelerator, train_state: TrainState, files: Files) -> dict[str, Any]:
    """Time, machine, versions, sizes of networks and data, and the factor of the learning rates.

    Args:
        accelerator: has the device, the precision and the number of processes.
        train_state: networks and progress.
        files: training and held-out files.
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
            name: sum(p.numel() for p in network.parameters())
            for name, network in train_state.networks.items()
        },
        "rate": train_state.progress.rate,
        "data": {
            "clips": len({clip.path for clip in train}),
            "seconds": round(sum(clip.seconds for clip in train), 1),
            "held_out": len(held_out),
            "fingerprint": files.manifest.fingerprint(),
        },
    }
