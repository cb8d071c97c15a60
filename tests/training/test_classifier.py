"""Training a judge: it learns, the seed decides, and folders that do not fit are refused."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from wavegan.audio import io
from wavegan.cli.console import Silent
from wavegan.embeddings.classifier import Classifier
from wavegan.errors import UserError
from wavegan.training import classifier, classifier_batch

CPU = torch.device("cpu")


class NoteCollector(Silent):
    """Records notes."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.accuracies: list[float] = []

    def note(self, text: str) -> None:
        self.notes.append(text)

    def validation(self, step, values, best) -> None:
        self.accuracies.append(values["accuracy"])


def write(file: Path, hertz: float, *, seconds: float = 0.1, rate: int = 4000) -> None:
    """A tone at full level with a little noise."""
    file.parent.mkdir(parents=True, exist_ok=True)
    place = np.arange(round(seconds * rate)) / rate
    noise = np.random.default_rng(int(hertz)).standard_normal(len(place))
    audio = 0.5 * np.sin(2 * math.pi * hertz * place) + 0.01 * noise
    io.write(file, audio.astype(np.float32)[None], rate)


@pytest.fixture(scope="module")
def tones(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Low and high tones of 100 ms, 24 each, among other files."""
    folder = tmp_path_factory.mktemp("tones")
    for number in range(24):
        write(folder / "low" / f"{number:02d}.wav", 200 + 10 * number)
        write(folder / "high" / f"{number:02d}.wav", 1200 + 20 * number)
    write(folder / "stray.wav", 440)
    (folder / "low" / "broken.wav").write_bytes(b"RIFF")
    return folder


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(classifier, "BATCH", 16)


def test_it_learns_and_keeps_its_best_step(tones: Path, tmp_path: Path) -> None:
    heard = NoteCollector()
    made = classifier.train(tones, tmp_path / "j", listener=heard, steps=40, validation=8)
    assert made.accuracy == max(heard.accuracies) == 1.0
    assert heard.accuracies[0] < 1
    assert (made.labels, made.clips, made.held_out) == (("high", "low"), 40, 8)
    assert (made.sample_rate, made.seconds) == (4000, pytest.approx(0.1))
    assert {entry.path for entry in made.left_out} == {"stray.wav", "low/broken.wav"}
    assert any("stray.wav: it is not in a label's folder" in note for note in heard.notes)
    json.dumps(made.to_dict())
    judge = Classifier.load(tmp_path / "j")
    held = (tmp_path / "j" / "held_out.txt").read_text().split()
    assert len(held) == 8
    for path in held:
        audio, _ = io.read(tones / path)
        guess = int(judge.logits(torch.from_numpy(audio)[None]).argmax())
        assert judge.labels[guess] == path.split("/")[0]


def test_the_weights_are_those_of_the_best_step_also_if_worse_ones_follow(
    tones: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of equal accuracies the one with the lower loss is best."""
    found = iter([(0.5, 1.0), (0.9, 0.4), (0.9, 0.3), (0.9, 0.35), (0.6, 0.1)])
    kept = []

    def validate(judge: Classifier, _: object) -> tuple[float, float]:
        kept.append({key: value.clone() for key, value in judge.state_dict().items()})
        return next(found)

    monkeypatch.setattr(classifier, "_validate", validate)
    made = classifier.train(tones, tmp_path / "j", listener=Silent(), steps=5)
    assert (made.accuracy, made.step) == (0.9, 3)
    saved = Classifier.load(tmp_path / "j").state_dict()
    assert all(torch.equal(saved[key], kept[2][key]) for key in saved)
    assert not torch.equal(saved["head.weight"], kept[4]["head.weight"])


def test_the_seed_decides_and_the_global_generator_does_not(tones: Path, tmp_path: Path) -> None:
    def weights(name: str, seed: int) -> dict[str, torch.Tensor]:
        state = torch.get_rng_state()
        classifier.train(tones, tmp_path / name, listener=Silent(), steps=3, seed=seed)
        assert torch.equal(torch.get_rng_state(), state)
        torch.rand(3)
        return Classifier.load(tmp_path / name).state_dict()

    first, again, other = weights("a", 1), weights("b", 1), weights("c", 2)
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert not torch.equal(first["head.weight"], other["head.weight"])


def test_rate_and_length_follow_from_the_data(tmp_path: Path) -> None:
    """Most files are at 48 kHz, above the highest rate; 95 % last 0.2 s at most."""
    data = tmp_path / "data"
    for number in range(12):
        write(data / "a" / f"{number}.wav", 300 + number, seconds=0.2, rate=48000)
        write(data / "b" / f"{number}.wav", 900 + number, seconds=0.1, rate=16000)
    write(data / "a" / "more.wav", 500, seconds=3.0, rate=48000)
    made = classifier.train(data, tmp_path / "j", listener=Silent(), steps=1, validation=2)
    assert (made.sample_rate, made.seconds) == (22050, pytest.approx(0.2, abs=0.001))
    asked = classifier.train(
        data, tmp_path / "k", listener=Silent(), steps=1, seconds=0.5, sample_rate=8000
    )
    assert (asked.sample_rate, asked.seconds) == (8000, 0.5)


def test_labels_are_drawn_alike_however_many_clips_they_have() -> None:
    by_label = [[torch.full((1, 9), 1.0)] * 99, [torch.full((1, 9), -1.0)]]
    audio, label = classifier_batch.batch(by_label, 9, 2000, np.random.default_rng(0))
    assert 900 < int((label == 0).sum()) < 1100
    assert bool(((audio.mean((1, 2)) > 0) == (label == 0)).all())


def test_clips_are_moved_made_louder_and_hissed_within_bounds() -> None:
    clip = torch.zeros(1, 40)
    clip[0, 0] = 1
    audio, _ = classifier_batch.batch([[clip]], 100, 500, np.random.default_rng(0))
    peak, place = audio.abs().max(2)
    assert (int(place.min()), int(place.max())) == (0, 20)  # a fifth of 100
    assert -12.5 < float(20 * peak.min().log10()) < -11
    assert 2.5 < float(20 * peak.max().log10()) < 4
    assert bool(audio[..., -10:].any(2).all())
    longer = torch.arange(1000.0)[None]
    crops, _ = classifier_batch.batch([[longer]], 100, 50, np.random.default_rng(0))
    assert len({round(float(crop[0, 99] / (crop[0, 99] - crop[0, 0]))) for crop in crops}) > 3


def test_masks_silence_some_bands_and_frames_of_each_clip() -> None:
    seen = classifier_batch.mask(torch.ones(200, 64, 50), np.random.default_rng(0))
    bands, frames = (seen.sum(2) == 0).sum(1), (seen.sum(1) == 0).sum(1)
    assert 5 < float(bands.float().mean()) < 14
    assert 4 < float(frames.float().mean()) < 11
    assert int(bands.max()) <= 0.3 * 64 + 2
    assert len(bands.unique()) > 5


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"seconds": 0.0}, "seconds is 0.0: give 0.01 to 600"),
        ({"steps": 0}, "steps is 0: give 1 or more"),
        ({"seed": -1}, "seed is -1: give 0 or more"),
        ({"sample_rate": 10}, "sample_rate is 10: give 1000 Hz or more"),
        ({"validation": 2.5}, "validation is 2.5: give a whole number of files"),
    ],
)
def test_refusals(tones: Path, tmp_path: Path, options: dict[str, float], message: str) -> None:
    with pytest.raises(UserError, match=message):
        classifier.train(tones, tmp_path / "j", listener=Silent(), **options)
    assert not (tmp_path / "j").exists()


def test_folders_that_do_not_fit_are_refused(tones: Path, tmp_path: Path) -> None:
    write(tmp_path / "flat" / "a.wav", 300)
    write(tmp_path / "one" / "kick" / "a.wav", 300)
    for name, message in (("flat", "found no folders with audio"), ("one", "found only 'kick'")):
        with pytest.raises(UserError, match=message):
            classifier.train(tmp_path / name, tmp_path / "j", listener=Silent())
    with pytest.raises(UserError, match=r"flat: it is in use .*give a new folder"):
        classifier.train(tones, tmp_path / "flat", listener=Silent())
    listing = tmp_path / "list.txt"
    listing.write_text("".join(f"high/{number:02d}\n" for number in range(24)))
    with pytest.raises(UserError, match="labels has 1"):
        classifier.train(tones, tmp_path / "j", listener=Silent(), validation=listing)
    for label in "abc":
        write(tmp_path / "three" / label / f"{label}.wav", 300)
    listing.write_text("c.wav")
    with pytest.raises(UserError, match="no held-out clip is usable"):
        classifier.train(tmp_path / "three", tmp_path / "j", listener=Silent(), validation=listing)
