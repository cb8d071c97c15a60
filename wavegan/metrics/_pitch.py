"""Pitch tracks of clips, cached for all pitch metrics, and the base class of these metrics."""

import getpass
import hashlib
import importlib
import tempfile
from abc import abstractmethod
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from threading import Event
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from wavegan.audio.resample import resample_array
from wavegan.errors import UserError
from wavegan.metrics._pair import same_length
from wavegan.metrics.base import Metric

Tracker = Literal["pyin", "swift_f0"]

RATE = 16000
HOP = 256
FRAME = 1024
F_MIN = 50.0
F_MAX = 550.0
KEPT = 64
"""Cached tracks, as a reference is used by several metrics and systems."""


@dataclass(frozen=True)
class Track:
    """The pitch of one channel, every 16 ms.

    Attributes:
        hertz: `(L,)`; valid where voiced.
        voiced: `(L,)`, the tracker's decision.
        periodicity: `(L,)`, its probability of voicing, 0 to 1.
    """

    hertz: NDArray[Any]
    voiced: NDArray[Any]
    periodicity: NDArray[Any]


class PitchMetric(Metric):
    """A metric of two tracks, both at 16 kHz, every 16 ms, from 50 to 550 Hz.

    Args:
        tracker: "pyin" (Mauch and Dixon 2014, in librosa: frames of 64 ms, bins of 10 cents, voiced
            only if some threshold finds a period) or "swift_f0" (a small network in the package
            `swift-f0`; ten times as fast).

    Raises:
        UserError: the tracker's package is missing.
    """

    def __init__(self, tracker: Tracker = "pyin") -> None:
        self.tracker: Tracker = tracker
        package, extra = {
            "pyin": ("librosa", "metrics"),
            "swift_f0": ("swift_f0", "trained-metrics"),
        }[tracker]
        try:
            importlib.import_module(package)
        except ImportError as error:
            raise UserError(f'{package}: {error}; run pip install "wavegan[{extra}]"') from error

    @property
    def settings(self) -> dict[str, Any]:
        """The tracker, its rate, sizes in samples and range in Hz, and its package's version."""
        sizes: dict[str, Any] = {"tracker": self.tracker, "rate": RATE, "hop_length": HOP}
        if self.tracker == "pyin":
            sizes |= {"frame_length": FRAME, "librosa": version("librosa")}
        else:
            sizes["swift-f0"] = version("swift-f0")
        return {**sizes, "f_min": F_MIN, "f_max": F_MAX}

    def __call__(self, estimate: torch.Tensor, reference: torch.Tensor, sample_rate: int) -> float:
        """Compare `(C, T)` with `(C, T)`; see `same_length` for clips that differ in length."""
        pair = same_length(estimate, reference, sample_rate)
        values = [
            self.compare(*(track(channel.numpy(), sample_rate, self.tracker) for channel in both))
            for both in zip(*pair, strict=True)
        ]
        return float(np.mean(values))

    @abstractmethod
    def compare(self, estimate: Track, reference: Track) -> float:
        """The metric of one channel; NaN if undefined."""


def track(wave: NDArray[Any], sample_rate: int, tracker: Tracker = "pyin") -> Track:
    """The pitch of `(T,)` at `sample_rate` Hz; the last 64 tracks are cached."""
    key = (tracker, sample_rate, hashlib.sha256(wave.tobytes()).digest())
    if key in _TRACKS:
        _TRACKS.move_to_end(key)
    else:
        _TRACKS[key] = _TRACKERS[tracker](resample_array(wave, sample_rate, RATE))
        while len(_TRACKS) > KEPT:
            _TRACKS.popitem(last=False)
    return _TRACKS[key]


def both_voiced(estimate: Track, reference: Track) -> tuple[NDArray[Any], NDArray[Any]]:
    """log2 of both pitches in the frames voiced in both."""
    voiced = estimate.voiced & reference.voiced
    return np.log2(estimate.hertz[voiced]), np.log2(reference.hertz[voiced])


def _pyin(wave: NDArray[Any]) -> Track:
    librosa = importlib.import_module("librosa")
    with _compiling_alone():
        hertz, voiced, probability = librosa.pyin(
            wave,
            fmin=F_MIN,
            fmax=F_MAX,
            sr=RATE,
            frame_length=FRAME,
            hop_length=HOP,
            # with the default, 0.01, a fifth of the frames of white noise are voiced
            no_trough_prob=0,
        )
    return Track(hertz, voiced, probability)


@contextmanager
def _compiling_alone() -> Iterator[None]:
    """Let one process at a time make its first call.

    numba compiles librosa's functions at their first call ever and keeps them in files. Two
    processes that do so at once can leave files that do not fit each other, with which every later
    call ends in a segmentation fault.
    """
    if _COMPILED.is_set():
        yield
        return
    lock = importlib.import_module("filelock").FileLock(
        Path(tempfile.gettempdir()) / f"wavegan-numba-{getpass.getuser()}.lock"
    )
    with lock:
        yield
    _COMPILED.set()


_COMPILED = Event()


def _swift(wave: NDArray[Any]) -> Track:
    found = _detector().detect(wave, RATE, fmin=F_MIN, fmax=F_MAX)
    return Track(found.pitch_hz, found.confidence >= 0.5, found.confidence)


@lru_cache(maxsize=1)
def _detector() -> Any:
    return importlib.import_module("swift_f0").SwiftF0(threads=1)


_TRACKERS: dict[Tracker, Callable[[NDArray[Any]], Track]] = {"pyin": _pyin, "swift_f0": _swift}
_TRACKS: OrderedDict[tuple[Tracker, int, bytes], Track] = OrderedDict()
