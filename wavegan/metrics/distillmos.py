"""DistillMOS (Stahl & Gamper 2025, arXiv:2502.05356): predicted opinion score of speech."""

import contextlib
import io
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from wavegan.metrics import _predictors
from wavegan.metrics._predictors import Array
from wavegan.metrics.base import Metric

RATE = 16000
COMMAND = (
    'pip install "wavegan[metrics]" transformers && pip install --no-deps distillmos xls-r-sqa'
)


class DistillMOS(Metric):
    """The mean opinion score predicted by a small network, 1 (bad) to 5; the mean over channels.

    It takes the clip without a reference, at 16 kHz (soxr, HQ) and scaled to its peak, in windows
    of 7.68 s, and averages their scores; a shorter clip is padded with silence. It saturates near
    real speech: it detects faults, but does not rank good vocoders.

    NaN for a silent channel or a clip under a quarter of a second. The package's weights (version
    7, MIT) are read at the first call.

    Raises:
        UserError: the package `distillmos` is missing.
    """

    label = "DistillMOS ↑"
    unit = "MOS"
    higher_is_better = True
    needs_reference = False

    def __init__(self) -> None:
        # it imports torchaudio only for its command line, and that import may fail
        with _predictors.without("torchaudio"):
            self._package = _predictors.package("distillmos", "distillmos", COMMAND)

    @property
    def settings(self) -> dict[str, Any]:
        """The package and its sample rate, Hz."""
        return {"package": _predictors.release("distillmos"), "rate": RATE}

    def __call__(self, estimate: Tensor, reference: Tensor, sample_rate: int) -> float:
        """Score `(C, T)`; `reference` is ignored."""
        return _predictors.each_channel(
            self._score, [_predictors.alone(estimate)], sample_rate, RATE
        )

    def _score(self, channel: Array) -> float:
        with torch.inference_mode(), _predictors.one_thread():
            return float(self._model(torch.from_numpy(channel)[None]))

    @cached_property
    def _model(self) -> Any:
        # it prints the path of its weights, which would mix with a command's output
        with contextlib.redirect_stdout(io.StringIO()), torch.random.fork_rng(devices=[]):
            return self._package.ConvTransformerSQAModel().eval()
