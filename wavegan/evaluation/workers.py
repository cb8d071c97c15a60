"""Measure many clips in parallel processes."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from multiprocessing.process import BaseProcess
from typing import Any

from wavegan import deaths
from wavegan.errors import RunError
from wavegan.evaluation.scoring import ClipScore, Job, Scorer

WORTH_A_PROCESS = 60.0
"""Seconds of audio for each process: starting one takes some seconds."""

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

Groups = Sequence[Sequence[int]]
"""Places of jobs."""
Scores = Iterator[tuple[Sequence[int], Sequence[ClipScore]]]

_scorer: Scorer | None = None


def score_all(
    jobs: Sequence[Job],
    options: Sequence[Any],
    *,
    processes: int | None,
    seconds: float,
    progress: Callable[[int, int], None],
) -> list[ClipScore]:
    """Measure all clips; the clips of one name, and their reference, go to one process.

    Args:
        jobs: the clips.
        options: of `Scorer`.
        processes: how many; None is as many as are worth starting, at most one for each processor.
        seconds: of audio in all jobs, about.
        progress: called with (done, all).

    Returns:
        The scores, in the order of `jobs`.

    Raises:
        RunError: a process died.
    """
    groups: dict[str, list[int]] = {}
    for place, job in enumerate(jobs):
        groups.setdefault(job.name, []).append(place)
    count = processes or min(processors(), int(seconds / WORTH_A_PROCESS))
    run = (
        _in_this_process
        if min(count, len(groups)) <= 1
        else partial(_in_processes, min(count, len(groups)))
    )
    scores: dict[int, ClipScore] = {}
    for places, found in run(list(groups.values()), jobs, options):
        scores.update(zip(places, found, strict=True))
        progress(len(scores), len(jobs))
    return [scores[place] for place in range(len(jobs))]


def processors() -> int:
    """Return how many processors this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def _in_this_process(groups: Groups, jobs: Sequence[Job], options: Sequence[Any]) -> Scores:
    scorer = Scorer(*options)
    for places in groups:
        for place in places:
            yield [place], [scorer(jobs[place])]


def _in_processes(
    count: int, groups: Groups, jobs: Sequence[Job], options: Sequence[Any]
) -> Scores:
    before, killed = set(multiprocessing.active_children()), deaths.out_of_memory()
    # spawn: forked processes would inherit torch's and BLAS's threads, and hang
    pool = ProcessPoolExecutor(
        count, multiprocessing.get_context("spawn"), initializer=_start, initargs=(options,)
    )
    done = False
    try:
        with _ignoring_interrupts(), _one_thread_each():
            futures = {
                pool.submit(_score, [jobs[place] for place in places]): places for places in groups
            }
        children = set(multiprocessing.active_children()) - before
        for future in as_completed(futures):
            yield futures[future], future.result()
        done = True
    except BrokenProcessPool:
        raise RunError(
            f"one of {count} measuring processes {_cause(children, killed)}: try --processes 1, "
            "which takes less memory"
        ) from None
    finally:
        if not done:
            for child in set(multiprocessing.active_children()) - before:
                child.terminate()
        pool.shutdown(wait=done, cancel_futures=True)


def _cause(children: Collection[BaseProcess], killed: int) -> str:
    """Why the first process ended: the pool ends the others by SIGTERM."""
    for child in children:
        child.join(1.0)
    codes = [child.exitcode for child in children if child.exitcode]
    others = [code for code in codes if code != -signal.SIGTERM] or codes
    return deaths.cause(others[0] if others else None, killed)


def _start(options: Sequence[Any]) -> None:
    """Build what a process needs once."""
    global _scorer  # noqa: PLW0603  # one for each process
    import torch

    if parent := multiprocessing.parent_process():
        deaths.end_with(parent.pid or 0, getattr(signal, "SIGKILL", signal.SIGTERM))
    torch.set_num_threads(1)
    _scorer = Scorer(*options)


def _score(jobs: Sequence[Job]) -> list[ClipScore]:
    if _scorer is None:
        raise RuntimeError("the process was not started by _start")
    return [_scorer(job) for job in jobs]


@contextmanager
def _ignoring_interrupts() -> Iterator[None]:
    """Start processes that ignore Ctrl-C: they inherit this, and this process ends them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    usual = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, usual)


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Start processes in which each library uses one thread."""
    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(dict.fromkeys(THREADS, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
