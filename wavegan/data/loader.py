"""The training loader: the same batches for any number of processes and workers, at any step."""

import multiprocessing
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from functools import partial

import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from wavegan.data import worker
from wavegan.data.batch import Batch, collate
from wavegan.data.manifest import Rejected, printable
from wavegan.data.readers import Readers
from wavegan.data.segments import Item, Segments
from wavegan.errors import RunError, UserError

MOST_WORKERS = 4


def training_loader(
    segments: Segments,
    *,
    batch_size: int,
    steps: int,
    start_step: int = 0,
    rank: int = 0,
    world: int = 1,
    num_workers: int | None = None,
    prefetch: int = 4,
    pin_memory: bool = False,
) -> Iterator[Batch]:
    """The batches of one process for steps `start_step` to `steps - 1`.

    Step `s` has the samples `s * batch_size` to `(s + 1) * batch_size - 1`; process `rank` of
    `world` gets an equal, contiguous share of them. To resume, pass another `start_step`. A warning
    names each file that had to be replaced, once. Close or drop the iterator to end the workers
    early. While the iterator is alive, it handles SIGCHLD.

    Args:
        segments: the samples.
        batch_size: samples per step, over all processes.
        steps: the step at which training ends.
        start_step: the first step to yield.
        rank: number of this process, 0 to `world - 1`.
        world: number of processes that train together.
        num_workers: processes that read files for this rank; 0: this process reads; None: chosen
            by the number of processors.
        prefetch: batches that each worker prepares in advance.
        pin_memory: put batches in page-locked memory, for faster copies to a GPU.

    Raises:
        UserError: the batch cannot be divided equally, or a number is out of range.
        ReaderDiedError: from the iterator: a worker was killed.
    """
    batches = _StepBatches(batch_size, steps, start_step, rank, world)
    workers = _choose_workers(world) if num_workers is None else num_workers
    if workers < 0:
        raise UserError(f"num_workers is {workers}: give 0 or more")
    if prefetch < 1:
        raise UserError(f"prefetch is {prefetch}: give 1 or more")
    loader: DataLoader[Batch | RunError] = DataLoader(
        _Items(segments),  # type: ignore[arg-type]  # its items become batches in collate
        batch_sampler=batches,
        num_workers=workers,
        collate_fn=_collate,
        pin_memory=pin_memory,
        worker_init_fn=partial(worker.start, parent=os.getpid()),
        multiprocessing_context=_start_method() if workers else None,
        prefetch_factor=prefetch if workers else None,
        # an iterator seeds its workers from this generator; the global one is left alone, because
        # the trainer saves and restores it
        generator=torch.Generator().manual_seed(0),
    )
    return _warn_of_failures(loader)


class _StepBatches(Sampler[list[int]]):
    """For each step, the sample numbers of one process."""

    def __init__(self, batch_size: int, steps: int, start_step: int, rank: int, world: int) -> None:
        if batch_size < 1 or batch_size % world:
            raise UserError(
                f"batch_size is {batch_size}: it must be a multiple of {world}, the number of "
                "processes, because it counts the samples of all processes"
            )
        if not 0 <= rank < world:
            raise UserError(f"rank is {rank}: with {world} processes give 0 to {world - 1}")
        if not 0 <= start_step <= steps:
            raise UserError(f"start_step is {start_step}: give 0 to steps ({steps})")
        self._steps = range(start_step, steps)
        self._batch_size = batch_size
        self._share = batch_size // world
        self._offset = rank * self._share

    def __len__(self) -> int:
        return len(self._steps)

    def __iter__(self) -> Iterator[list[int]]:
        for step in self._steps:
            first = step * self._batch_size + self._offset
            yield list(range(first, first + self._share))


def _warn_of_failures(loader: "DataLoader[Batch | RunError]") -> Iterator[Batch]:
    # here and not in `Segments`: each worker has its own copy of that
    named: set[str] = set()
    before = set(multiprocessing.active_children())
    with worker.held_signals():
        batches = iter(loader)
    readers = Readers([p for p in multiprocessing.active_children() if p not in before])
    with readers.watched():
        try:
            while (batch := _next(batches, readers)) is not None:
                for failure in batch.failed:
                    if failure.path not in named:
                        named.add(failure.path)
                        _warn(failure)
                yield batch
        finally:
            readers.abandon(batches)


def _next(batches: Iterator[Batch | RunError], readers: Readers) -> Batch | None:
    with readers.awaited():
        batch = next(batches, None)
    if isinstance(batch, RunError):
        raise batch
    return batch


class _Items(Dataset[Item | RunError]):
    """Segments that return RunErrors: torch would replace a raised one by text and traceback."""

    def __init__(self, segments: Segments) -> None:
        self._segments = segments

    def __getitem__(self, number: int) -> Item | RunError:
        try:
            return self._segments[number]
        except RunError as error:
            return error


def _collate(items: Sequence[Item | RunError]) -> Batch | RunError:
    failed = [item for item in items if isinstance(item, RunError)]
    return failed[0] if failed else collate([i for i in items if isinstance(i, Item)])


def _warn(failure: Rejected) -> None:
    warnings.warn(
        f"{printable(failure.path)} was replaced by another file: {failure.reason}",
        RuntimeWarning,
        stacklevel=3,
    )


def _choose_workers(world: int) -> int:
    """The number of workers, leaving one processor for the training process."""
    available = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    return max(1, min(MOST_WORKERS, available // world - 1))


def _start_method() -> str:
    """The start method of workers.

    On Linux they are forked: this is fast, shares the list of clips, and works in a script without
    a `__main__` guard. It is safe because a worker only reads files and computes on one thread,
    without CUDA and without the parent's thread pools. macOS frameworks do not survive a fork, and
    Windows has no fork: there workers are spawned and import torch again.
    """
    return "fork" if sys.platform == "linux" else "spawn"
