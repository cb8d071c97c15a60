"""DNSMOS P.835 (Reddy, Gopal & Cutler 2022, arXiv:2110.01763): speech quality amid noise."""

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
"""What the network takes: 9.01 s."""
OVERALL = (-0.06766283, 1.11546468, 0.04602535)
"""The package's polynomial from the network's raw overall score to a listener's."""


class DNSMOS(Metric):
    """OVRL, the overall quality of P.835 (not SIG, BAK or P.808), about 1 to 5; mean over channels.

    It hears the clip alone, at 16 kHz (soxr, HQ), in windows of 9.01 s, one each second, whose
    scores are averaged; a shorter clip is repeated, as the package does. It was trained on noisy
    telephony: levels matter, and good vocoders hardly differ.

    The network is the one in the package `speechmos` (MIT), which is not imported: it would
    compute P.808 too. NaN for a silent channel or a clip under a quarter of a second.

    Raises:
        UserError: when the package `speechmos` is missing.
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
        """The package, the score of its several, and the rate it hears, Hz."""
        return {"package": _predictors.release("speechmos"), "score": "P.835 OVRL", "rate": RATE}

    def __call__(self, estimate: Tensor, reference: Tensor, sample_rate: int) -> float:
        """Judge `(C, T)`; `reference` is left aside."""
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
    # as the package has it: by whole seconds, and without windows whose end it rounds down
    count = max(0, int(len(channel) // RATE - SECONDS)) + 1
    ends = [int((second + SECONDS) * RATE) for second in range(count)]
    starts = [second * RATE for second, end in enumerate(ends) if end - second * RATE >= WINDOW]
    return [channel[start : start + WINDOW] for start in starts]
