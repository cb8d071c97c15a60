"""The machine and the package versions, recorded with every measurement."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("wavegan", "torch", "numpy", "librosa", "soundfile", "accelerate", "pesq", "pystoi")


def machine() -> dict[str, object]:
    """Processor, cores, memory in GiB, system, and the GPUs that torch finds."""
    import torch

    found: dict[str, object] = {
        "processor": _processor(),
        "cores": os.cpu_count() or 0,
        "memory_gib": _memory(),
        "system": platform.platform(terse=True),
    }
    if torch.cuda.is_available():
        count = torch.cuda.device_count()
        found["gpus"] = [torch.cuda.get_device_name(n) for n in range(count)]
    return found


def versions() -> dict[str, str]:
    """Versions of Python and of the installed packages that affect results."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1] for line in text.splitlines() if line.startswith("model name")]
    return names[0].strip() if names else platform.machine()


def _memory() -> float | None:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    except (ValueError, OSError, AttributeError):
        return None
