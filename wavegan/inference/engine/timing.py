"""Compare the speed of two ways to compute something, also next to busy processes."""

import time
from collections.abc import Callable

import torch

RUNS = 3


def speedup(slow: Callable[[], object], fast: Callable[[], object]) -> float:
    """How many times faster the second function is, on one thread.

    Counts the thread's own time on the processor, not the time that passes, and alternates: so load
    from other programs changes little.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        slow(), fast()
        times = [(_seconds(slow), _seconds(fast)) for _ in range(RUNS)]
    finally:
        torch.set_num_threads(threads)
    return min(each for each, _ in times) / min(each for _, each in times)


def _seconds(run: Callable[[], object]) -> float:
    start = time.thread_time()
    run()
    # of a work that the clock cannot see
    return max(time.thread_time() - start, 1e-9)
