"""Trained weights of another project sound like their authors' published samples."""

import csv
from pathlib import Path

import pytest
import torch

from wavegan import Vocoder
from wavegan.audio import io
from wavegan.inference.revocode import revocode
from wavegan.metrics.pesq_wb import PESQ


@pytest.fixture(scope="module")
def demo(shared) -> Path:
    return shared / "data" / "vocoder-demo"


@pytest.fixture(scope="module")
def vocoder(shared):
    return Vocoder.from_pretrained(shared / "pretrained" / "hifigan-v3-ljspeech")


def clips(demo):
    for file in sorted((demo / "ljspeech" / "ground-truth").glob("*.flac")):
        wave, _ = io.read(file, sample_rate=22050, mono=True)
        yield torch.from_numpy(wave)


def test_copy_synthesis_scores_what_the_published_samples_score(demo, vocoder):
    with (demo / "reference_scores.tsv").open() as table:
        rows = [row for row in csv.DictReader(table, delimiter="\t") if row["part"] == "ljspeech"]
    published = [float(row["pesq_wb"]) for row in rows if row["system"] == "hifigan-v3"]
    ours = []
    for wave in clips(demo):
        made = revocode(vocoder, wave[0])[None]
        assert made.shape == wave.shape
        ours.append(PESQ()(made, wave, 22050))
    assert len(ours) == len(published) == 5
    assert sum(ours) / 5 == pytest.approx(sum(published) / 5, abs=0.1)


def test_speech_that_fades_out_ends_without_a_click(demo, vocoder):
    wave = next(clips(demo))[0, : 256 * 300].clone()
    wave[-5120:] *= torch.linspace(1, 0, 5120) ** 4
    made = vocoder(vocoder.mel(wave))
    assert made.shape == wave.shape
    assert made[-256:].abs().max() < 0.01 * made.abs().max()
    assert made[-1].abs() < 0.003 * made.abs().max()
