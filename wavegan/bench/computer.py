"""What a speed depends on besides the model: processor, instructions, versions, load."""

import os
from pathlib import Path
from typing import Any

import torch

from wavegan.machine import machine, versions

CPU = Path("/proc/cpuinfo")
INSTRUCTIONS = (
    *("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "avx512_fp16"),
    *("amx_bf16", "amx_int8", "amx_fp16", "asimd", "asimdhp", "bf16", "sve", "sve2", "i8mm"),
)
"""Names of the kernel for instructions that speed up convolutions, on x86 and ARM."""
LIMITS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")
BUSY = 0.5
"""Load per core, before anything is measured, from which other programs disturb it."""


def computer() -> dict[str, Any]:
    """Processor, cores, instructions, memory, versions and the load of the last minute."""
    return {
        **machine(),
        "usable_cores": cores(),
        "instructions": _instructions(),
        "torch_instructions": torch.backends.cpu.get_cpu_capability(),
        "versions": versions(),
        "load": _load(),
    }


def cores() -> int:
    """Number of threads for the whole machine: cores that this process may use.

    Torch's default, which counts the two threads of a core once, unless it is limited by the
    environment.
    """
    affinity = getattr(os, "sched_getaffinity", None)
    usable = len(affinity(0)) if affinity else os.cpu_count() or 1
    if any(name in os.environ for name in LIMITS):
        return usable
    return max(1, min(usable, torch.get_num_threads()))


def busy(found: dict[str, Any]) -> bool:
    """Whether other programs used the machine before."""
    return found["load"] is not None and found["load"] > BUSY * found["usable_cores"]


def _instructions() -> list[str]:
    try:
        lines = CPU.read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    words = next((line.split(":")[1].split() for line in lines if _lists_flags(line)), [])
    return [name for name in INSTRUCTIONS if name in words]


def _lists_flags(line: str) -> bool:
    return line.startswith(("flags", "Features")) and ":" in line


def _load() -> float | None:
    try:
        return round(os.getloadavg()[0], 2)
    except (OSError, AttributeError):
        return None
