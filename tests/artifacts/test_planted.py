"""Artifacts planted into clean speech are found with the right name and place, and nothing else."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from torch import Tensor

from wavegan.audio import io
from wavegan.diagnosis.diagnose import examine

NAMES = (
    *("line, rate / 4", "line, 3170 Hz", "checkerboard", "hum", "offset"),
    *("click at start", "click at end", "cut", "click", "seams", "clipping", "band limit", "hole"),
    *("buzz", "metallic hiss", "dropout", "NaN", "too quiet", "too loud", "silence"),
    *("dead channel", "unequal channels", "wrong sign"),
)
IMPLIED = {
    # made of a clip with the gain that makes it loud
    "too loud": {"clipping"},
    # pulses and tones are put there as loud as the hiss was, which may be the clip's peak
    "buzz": {"too loud"},
    "metallic hiss": {"too loud"},
}


def test_every_plant_is_tested(planted: ModuleType) -> None:
    assert set(NAMES) == set(planted.PLANTS)
    assert len(NAMES) >= 12


@pytest.mark.parametrize("name", NAMES)
def test_a_planted_artifact_is_named_and_nothing_else_is(
    name: str, planted: ModuleType, benchmark: ModuleType, clips: list[tuple[Tensor, int]]
) -> None:
    plant = planted.PLANTS[name]
    level = plant.levels[min(1, len(plant.levels) - 1)]
    for clip, rate in clips:
        made = plant.put(clip[0].double().numpy(), rate, level)
        found = examine(torch.from_numpy(np.atleast_2d(made.audio)).float(), rate)
        right = [finding for finding in found if benchmark.is_right(finding, plant, made)]
        assert right, (name, [finding.text for finding in found])
        assert right[0].cause
        others = {finding.what for finding in found if finding not in right}
        assert others <= IMPLIED.get(name, set()), (name, others)


def test_the_row_of_seams_names_its_period(
    planted: ModuleType, clips: list[tuple[Tensor, int]]
) -> None:
    clip, rate = clips[0]
    made = planted.PLANTS["seams"].put(clip[0].double().numpy(), rate, 6)
    found = examine(torch.from_numpy(made.audio)[None].float(), rate)
    assert [finding.what for finding in found] == ["click that comes back"]
    assert f"every {8192 / rate:.4f} s (8192 samples)" in found[0].text


def test_nothing_is_found_in_the_speech_of_the_repository(speech: Path) -> None:
    for file in sorted(speech.glob("*.flac")):
        audio, rate = io.read(file, mono=False)
        assert examine(torch.from_numpy(audio), rate) == [], file.name


@pytest.mark.slow
def test_nothing_is_found_in_speech_single(shared: Path) -> None:
    files = sorted((shared / "data" / "speech-single" / "wavs").glob("*.flac"))
    assert len(files) == 661

    def texts(file: Path) -> list[str]:
        audio, rate = io.read(file, mono=False)
        return [finding.text for finding in examine(torch.from_numpy(audio), rate)]

    with ThreadPoolExecutor(2) as threads:
        found = dict(zip(files, threads.map(texts, files), strict=True))
    assert not any(found.values()), {file.name: said for file, said in found.items() if said}


@pytest.mark.parametrize("rate", [8000, 16000, 24000, 44100, 48000])
def test_lines_and_clicks_are_found_at_any_rate(
    rate: int, planted: ModuleType, benchmark: ModuleType, speech: Path
) -> None:
    audio, _ = io.read(sorted(speech.glob("*.flac"))[0], sample_rate=rate)
    for name in ("line, rate / 4", "click", "clipping", "dropout", "offset"):
        plant = planted.PLANTS[name]
        made = plant.put(audio[0].astype(np.float64), rate, plant.levels[0])
        found = examine(torch.from_numpy(made.audio)[None].float(), rate)
        assert any(benchmark.is_right(finding, plant, made) for finding in found), (name, rate)
