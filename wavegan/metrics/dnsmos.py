"""DNSMOS P.835 (Reddy, Gopal & Cutler 2022, arXiv:2110.01763): quality of noisy speech."""

from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from wavegan.metrics import _predictors
from wavegan.metrics._predictors import Array
from wavegan.metrics.base import Metric

RATE = 16000
SECONDS = 9.01
WINDOW = 144160
"""Input length of the network: 9.01 s."""
OVERALL = (-0.06766283, 1.11546468, 0.04602535)
"""The package's polynomial from the network's raw overall score to a listener's."""


class DNSMOS(Metric):
    """OVRL, the overall quality of P.835 (not SIG, BAK or P.808), about 1 to 5; channel mean.

    It takes the clip without a reference, at 16 kHz (soxr, HQ), in windows of 9.01 s, one per
    second, and averages their scores; a shorter clip is repeated, as in the package. It was trained
    on noisy telephony: levels matter, and good vocoders hardly differ.

    The network is from the package `speechmos` (MIT), which is not used itself, as it would also
    compute P.808. NaN for a silent channel or a clip under a quarter of a second.

    Raises:
        UserError: the package `speechmos` is missing.
    """

    label = "DNSMOS-OVRL ↑"
    unit = "MOS"
    higher_is_better = True
    needs_reference = False

    def __init__(self) -> None:
        self._folder = Path(str(_predictors.package("speechmos", "dnsmos").__file__)).parent
        _predictors.package("onnxruntime", "dnsmos")

    @property
    def settings(self) -> dict[str, Any]:
        """The package, the name of the score, and the sample rate, Hz."""
        return {"package": _predictors.release("speechmos"), "score": "P.835 OVRL", "rate": RATE}

    def __call__(self, estimate: Tensor, reference: Tensor, sample_rate: int) -> float:
        """Score `(C, T)`; `reference` is ignored."""
        return _predictors.each_channel(
            self._score, [_predictors.alone(estimate)], sample_rate, RATE
        )

    def _score(self, channel: Array) -> float:
        raw = [self._session.run(None, {"input_1": w[None]})[0][0][2] for w in _windows(channel)]
        return float(np.polyval(OVERALL, np.array(raw, np.float64)).mean())

    @cached_property
    def _session(self) -> Any:
        return _predictors.onnx_session(
            self._folder / "dnsmos_models" / "sig_bak_ovr.onnx", "dnsmos"
        )


def _windows(channel: Array) -> list[Array]:
    while len(channel) < WINDOW:
        channel = np.concatenate([channel, channel])
    # as in the package: by whole seconds, without windows with a rounded-down end
    count = max(0, int(len(channel) // RATE - SECONDS)) + 1
    ends = [int((second + SECONDS) * RATE) for second in range(count)]
    starts = [second * RATE for second, end in enumerate(ends) if end - second * RATE >= WINDOW]
    return [channel[start : start + WINDOW] for start in starts]
