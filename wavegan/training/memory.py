"""Measure the peak memory of this process or of the GPU."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import torch

EVERY = 0.005
"""Seconds between samples of the process's memory; CUDA records its own peak."""


class Memory:
    """Memory of this process, or of the GPU.

    Attributes:
        peak: peak use in the last `watched` block, bytes.
    """

    def __init__(self, device: torch.device) -> None:
        self.device, self.process = device, psutil.Process()
        self.peak = 0

    @property
    def total(self) -> int:
        """Bytes of memory of the machine or the GPU."""
        if self.device.type == "cuda":
            return int(torch.cuda.mem_get_info(self.device)[1])
        return int(psutil.virtual_memory().total)

    def free(self) -> int:
        """Unused bytes."""
        if self.device.type == "cuda":
            return int(torch.cuda.mem_get_info(self.device)[0])
        return int(psutil.virtual_memory().available)

    def used(self) -> int:
        """Bytes that this process uses."""
        if self.device.type == "cuda":
            return torch.cuda.memory_reserved(self.device)
        return int(self.process.memory_info().rss)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Record the peak inside the block."""
        if self.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self.device)
            yield
            self.peak = torch.cuda.max_memory_reserved(self.device)
            return
        self.peak, done = 0, threading.Event()

        def sample() -> None:
            while not done.wait(EVERY):
                self.peak = max(self.peak, self.used())

        thread = threading.Thread(target=sample, daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()
            self.peak = max(self.peak, self.used())
