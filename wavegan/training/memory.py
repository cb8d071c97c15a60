"""How much memory work takes, by looking at it while it is done."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import torch

EVERY = 0.005
"""Seconds from one look at a process to the next; a GPU keeps account by itself."""


class Memory:
    """Memory of this process, or of the GPU.

    Attributes:
        peak: the most that was used the last time it was watched, bytes.
    """

    def __init__(self, device: torch.device) -> None:
        self.device, self.process = device, psutil.Process()
        self.peak = 0

    @property
    def total(self) -> int:
        """Bytes that the machine, or the GPU, has."""
        if self.device.type == "cuda":
            return int(torch.cuda.mem_get_info(self.device)[1])
        return int(psutil.virtual_memory().total)

    def free(self) -> int:
        """Bytes that nobody uses."""
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
        """Take note of the peak."""
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
