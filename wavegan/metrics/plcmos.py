"""PLCMOS (Diener et al. 2023, arXiv:2305.15127): quality of packet loss concealment in speech."""

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from wavegan.metrics import _predictors
from wavegan.metrics._predictors import Array
from wavegan.metrics.base import Metric

RATE = 16000
FRAME, HOP = 512, 256
RATERS = 15
RATER_SIZE = 64
SEED = 0
QUIETEST = -12 * np.log(10)
"""Level of digital silence in the package: nepers below the softest power of the clip."""
SILENCE = -8 * np.log(10)


class PLCMOS(Metric):
    """The mean opinion score predicted by version 2, about 1 to 5; the mean over channels.

    It takes the clip without a reference, at 16 kHz (soxr, HQ), and detects gaps, clicks and
    robotic stretches. The network takes a random rater; the score is the mean of 15 raters. The
    package draws new ones for each clip, so its scores vary by some hundredths; here the 15 raters
    are always the same (`numpy.random.RandomState(0)`).

    The network is from the package `speechmos` (MIT). NaN for a silent channel or a clip under a
    quarter of a second.

    Raises:
        UserError: the package `speechmos` is missing.
    """

    label = "PLCMOS ↑"
    unit = "MOS"
    higher_is_better = True
    needs_reference = False

    def __init__(self) -> None:
        self._folder = Path(str(_predictors.package("speechmos", "plcmos").__file__)).parent
        _predictors.package("onnxruntime", "plcmos")
        raters = np.random.RandomState(SEED).normal(size=(RATERS, 1, RATER_SIZE))
        self._raters = raters.astype(np.float32)

    @property
    def settings(self) -> dict[str, Any]:
        """The package, its model, and the sample rate, Hz."""
        return {"package": _predictors.release("speechmos"), "model": "plcmos_v2", "rate": RATE}

    def __call__(self, estimate: Tensor, reference: Tensor, sample_rate: int) -> float:
        """Score `(C, T)`; `reference` is ignored."""
        return _predictors.each_channel(
            self._score, [_predictors.alone(estimate)], sample_rate, RATE
        )

    def _score(self, channel: Array) -> float:
        features = _log_power(channel)[None, None]
        scores = [
            self._session.run(None, {"degraded_audio": features, "rater_embed": rater})[0]
            for rater in self._raters
        ]
        return float(np.mean(scores))

    @cached_property
    def _session(self) -> Any:
        return _predictors.onnx_session(self._folder / "plcmos_models" / "plcmos_v2.onnx", "plcmos")


def _log_power(channel: Array) -> Array:
    """The network's input: ln power of 257 frequencies divided by 20, one row per 16 ms."""
    count = -(-(len(channel) + FRAME - HOP) // HOP)
    padded = np.zeros((count - 1) * HOP + FRAME)
    padded[FRAME - HOP :][: len(channel)] = channel
    frames = np.lib.stride_tricks.sliding_window_view(padded, FRAME)[::HOP]
    power = np.abs(np.fft.rfft(frames * np.hamming(FRAME + 1)[:-1])) ** 2
    some = power > 0
    least = np.log(power[some].min()) + QUIETEST if some.any() else SILENCE
    level = np.log(power, out=np.full_like(power, least), where=some) / 20
    features: Array = level.astype(np.float32)
    return features
