"""Degradations of known order are ranked correctly by every metric that can measure them.

The table says what each is held to and what it must leave alone; `docs/metrics.md` says why, and
shows what was measured.
"""

import math
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from wavegan import plugins

pytest.importorskip("pesq")
pytest.importorskip("pystoi")
pytest.importorskip("pyloudnorm")
pytest.importorskip("librosa")
pytestmark = pytest.mark.slow

ALL = (1, 2, 3)
HEARS: dict[str, dict[str, tuple[int, ...]]] = {
    # its front-end ends at 8 kHz
    "log_mel_l1": {
        "noise": ALL,
        "low-pass": (2, 3),
        "delay": ALL,
        "pitch": ALL,
        "clicks": ALL,
        "Griffin-Lim": ALL,
    },
    "mrstft": {
        "noise": ALL,
        "low-pass": ALL,
        "delay": ALL,
        "pitch": ALL,
        "clicks": ALL,
        "Griffin-Lim": ALL,
    },
    # Griffin-Lim of a mel up to 8 kHz leaves the band above empty, which outweighs the rest
    "lsd": {"noise": ALL, "low-pass": ALL, "delay": ALL, "pitch": ALL, "clicks": ALL},
    "mcd": {"noise": ALL, "low-pass": ALL, "delay": ALL, "pitch": ALL, "clicks": ALL},
    # a path through time is free to flee from harm, and takes a delay away
    "mcd_dtw": {"noise": ALL, "pitch": ALL, "clicks": ALL},
    # the band ends at 8 kHz, a delay is taken away
    "pesq_wb": {
        "noise": ALL,
        "low-pass": (2, 3),
        "pitch": ALL,
        "clicks": ALL,
        "Griffin-Lim": ALL,
    },
    # the band ends at 3.4 kHz
    "pesq_nb": {"noise": ALL, "low-pass": (3,), "pitch": ALL, "clicks": ALL, "Griffin-Lim": ALL},
    # the highest of its bands begins at 3.4 kHz and ends at 4.3 kHz
    "stoi": {
        "noise": ALL,
        "low-pass": (2, 3),
        "delay": ALL,
        "clicks": ALL,
        "Griffin-Lim": ALL,
    },
    "f0_rmse": {"delay": ALL, "pitch": ALL},
    "f0_corr": {"delay": ALL},
    "vuv_f1": {"delay": ALL},
    "periodicity_rmse": {"noise": ALL, "delay": ALL, "clicks": ALL, "Griffin-Lim": ALL},
    # power that is added or taken away
    "loudness": {"noise": ALL, "low-pass": ALL, "clicks": ALL},
}
DEAF: dict[tuple[str, str], tuple[tuple[int, ...], float]] = {
    # steps that leave the score where it was, and how near it stays
    ("log_mel_l1", "low-pass"): ((1,), 0.01),
    ("pesq_wb", "low-pass"): ((1,), 0.01),
    ("pesq_nb", "low-pass"): ((1, 2), 0.01),
    ("stoi", "low-pass"): ((1,), 0.001),
    ("loudness", "delay"): (ALL, 0.1),
    ("f0_corr", "pitch"): (ALL, 0.03),
    ("f0_corr", "noise"): ((1, 2), 0.005),
}


@pytest.fixture(scope="module")
def benchmark(script: Callable[[str], ModuleType]) -> ModuleType:
    return script("degradations")


@pytest.fixture(scope="module")
def figures(benchmark: ModuleType, speech: Path) -> Any:
    return benchmark.measure(benchmark.read(speech, 3, seconds=2.5), list(HEARS))


def better(name: str) -> int:
    """1 where high values are good, -1 where low ones are."""
    return 1 if plugins.find("metrics", name).higher_is_better else -1


def test_every_core_metric_has_its_claims(benchmark: ModuleType) -> None:
    assert set(HEARS) == set(benchmark.CORE) <= set(plugins.names("metrics"))
    for claims in HEARS.values():
        assert set(claims) <= set(benchmark.KINDS)


@pytest.mark.parametrize("name", HEARS)
def test_the_untouched_clip_scores_best(name: str, figures: Any) -> None:
    for kind, means in figures[name].items():
        for step, value in enumerate(means[1:], start=1):
            sense = better(name)
            assert sense * means[0] >= sense * value, (kind, means)
            if step in HEARS[name].get(kind, ()):
                assert means[0] != value, (kind, means)


@pytest.mark.parametrize(("name", "kind"), [(n, kind) for n, c in HEARS.items() for kind in c])
def test_more_harm_scores_worse(name: str, kind: str, figures: Any) -> None:
    means = [figures[name][kind][step] for step in (0, *HEARS[name][kind])]
    assert all(math.isfinite(value) for value in means)
    scores = [better(name) * value for value in means]
    assert scores == sorted(scores, reverse=True), means
    assert len(set(scores)) == len(scores), means


@pytest.mark.parametrize(("name", "kind"), DEAF)
def test_what_it_cannot_hear_leaves_it_alone(name: str, kind: str, figures: Any) -> None:
    steps, near = DEAF[name, kind]
    means = figures[name][kind]
    for step in steps:
        assert means[step] == pytest.approx(means[0], abs=near), (step, means)


def test_a_pitch_shift_is_measured_in_cents(figures: Any) -> None:
    """6 % are 101 cents; of 1 % (17 cents) little is left after tracker and stretching errors."""
    one, three, six = figures["f0_rmse"]["pitch"][1:]
    assert six == pytest.approx(1200 * math.log2(1.06), abs=12)
    assert three == pytest.approx(1200 * math.log2(1.03), abs=12)
    assert one < 0.75 * three


def test_warping_takes_a_delay_away(figures: Any) -> None:
    """Of whole frames, 20 and 50 ms, next to nothing is left but the beginning."""
    for step in (2, 3):
        assert figures["mcd_dtw"]["delay"][step] < 0.1 * figures["mcd"]["delay"][step]


def test_a_folder_without_sound_is_named(benchmark: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(benchmark.UserError, match=r"no \.wav"):
        benchmark.read(tmp_path, 3)


def test_the_noise_is_that_of_a_quantiser(benchmark: ModuleType) -> None:
    """Triangular dither and rounding: a quarter of a squared step, whatever the sound."""
    import torch

    clip = 0.5 * torch.sin(torch.arange(40000) / 7.0)[None]
    for bits in (10, 8, 6):
        error = benchmark.noise(clip, bits) - clip
        assert float(error.square().mean()) == pytest.approx(0.25 * 4.0 ** (1 - bits), rel=0.03)


def test_the_low_pass_and_the_clicks_are_what_they_say(benchmark: ModuleType) -> None:
    import torch

    time = torch.arange(22050) / 22050
    low, high = (torch.sin(2 * torch.pi * hertz * time)[None] for hertz in (3500, 4100))
    kept = benchmark.low_pass(low + high, 4000)
    assert float((kept - low).abs().max()) < 0.01
    few, strong = (benchmark.KINDS["clicks"][step](low) - low for step in ("few", "strong"))
    assert int((few != 0).sum()) == 2
    assert int((strong != 0).sum()) == 20
    assert float(strong.max()) == pytest.approx(0.9)
    assert bool((strong[few != 0] != 0).all())
