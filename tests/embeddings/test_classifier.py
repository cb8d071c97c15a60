"""The classifier: its size, clips of any length, and its files."""

import json
from itertools import pairwise
from pathlib import Path

import pytest
import torch

from wavegan.embeddings.classifier import Classifier
from wavegan.errors import UserError

LABELS = ["kick", "hat_open", "snare"]


def classifier(samples: int = 4000, width: int = 2) -> Classifier:
    torch.manual_seed(0)
    return Classifier(8000, LABELS, samples, width=width, dim=6).eval()


def clips(count: int, samples: int, channels: int = 1) -> torch.Tensor:
    random = torch.Generator().manual_seed(1)
    return 0.1 * torch.randn(count, channels, samples, generator=random)


def test_its_size_is_that_of_the_drawing() -> None:
    """Convolutions 1-24-48-96-192-288 of 9 taps, norms of 2 a channel, then two linear layers."""
    sizes = [1, 24, 48, 96, 192, 288]
    convolutions = sum(9 * a * b + 2 * b for a, b in pairwise(sizes))
    expected = convolutions + (2 * 288 + 1) * 128 + (128 + 1) * 3
    network = Classifier(16000, LABELS, 16000)
    assert sum(p.numel() for p in network.parameters()) == expected == 791_147


@pytest.mark.parametrize("sample_rate", [8000, 16000, 22050, 44100])
@pytest.mark.parametrize("seconds", [0.02, 1.0])
def test_any_rate_and_length(sample_rate: int, seconds: float) -> None:
    judge = Classifier(sample_rate, LABELS, 300, width=2, dim=6).eval()
    audio = clips(2, round(seconds * sample_rate), channels=2)
    assert judge(audio).shape == (2, 6)
    assert judge.logits(audio).shape == (2, 3)
    assert torch.equal(judge.guess(judge(audio)), judge.logits(audio))


def test_short_clips_are_padded_to_the_length_of_training() -> None:
    judge = classifier()
    audio = clips(2, 1500)
    padded = torch.nn.functional.pad(audio, (0, 2500))
    assert torch.equal(judge(audio), judge(padded))
    longer = torch.nn.functional.pad(audio, (0, 9000))
    assert not torch.allclose(judge(audio), judge(longer))


def test_what_is_pooled_is_the_mean_and_the_maximum() -> None:
    """Of 24 maps, over all bands and frames: 24 means, then 24 maxima."""
    judge = classifier(samples=300)
    seen = torch.rand(1, 64, 64, generator=torch.Generator().manual_seed(2))
    inputs = []
    judge.project.register_forward_pre_hook(lambda _, given: inputs.append(given[0]))
    judge.embed(seen)
    maps = judge.blocks(seen[:, None]).flatten(2)
    assert torch.allclose(inputs[0][0, :24], maps.mean(2)[0], atol=1e-6)
    assert torch.equal(inputs[0][0, 24:], maps.max(2).values[0])


def test_a_clip_is_classified_alike_in_any_batch() -> None:
    judge, audio = classifier(), clips(3, 4000)
    assert torch.allclose(judge(audio)[1:2], judge(audio[1:2]), atol=1e-5)


def test_the_spectrogram_runs_from_silence_to_full_scale() -> None:
    judge = classifier()
    assert float(judge.spectrogram(torch.zeros(1, 1, 4000)).abs().max()) < 1e-6
    sine = torch.sin(torch.arange(8000) * 0.8)[None, None]
    assert float(judge.spectrogram(sine)[..., 8:-8].max()) == pytest.approx(1, abs=0.03)


def test_gradients_reach_every_parameter() -> None:
    judge = classifier().train()
    judge.logits(clips(4, 4000)).square().sum().backward()
    assert all(p.grad is not None and bool(p.grad.any()) for p in judge.parameters())


def test_bfloat16_gives_nearly_the_same_logits() -> None:
    judge, audio = classifier(), clips(2, 4000)
    with torch.autocast("cpu", torch.bfloat16):
        inside = judge.logits(audio)
    assert inside.dtype == torch.float32
    assert torch.allclose(inside, judge.logits(audio), atol=0.05)


def test_saved_and_opened_it_is_the_same(tmp_path: Path) -> None:
    judge = classifier()
    for norm in (judge.blocks[0][1], judge.blocks[3][1]):
        norm.running_mean.uniform_()
    judge.save(tmp_path)
    opened = Classifier.load(tmp_path)
    assert not opened.training
    assert (opened.labels, opened.samples, opened.sample_rate) == (LABELS, 4000, 8000)
    audio = clips(2, 4000)
    assert torch.equal(opened.logits(audio), judge.logits(audio))


def test_labels_may_be_names_of_folders_that_are_not_utf8(tmp_path: Path) -> None:
    labels = ["kick", "sn\udce9", "日本"]
    Classifier(8000, labels, 4000, width=4, dim=8).save(tmp_path)
    assert Classifier.load(tmp_path).labels == labels


def test_files_that_are_missing_or_wrong_are_named(tmp_path: Path) -> None:
    def refuses(message: str) -> None:
        with pytest.raises(UserError, match=message) as refusal:
            Classifier.load(tmp_path)
        assert str(tmp_path) in str(refusal.value)
        assert "\n" not in str(refusal.value)

    config, weights = tmp_path / "config.json", tmp_path / "model.safetensors"
    refuses(r"not a judge, as config.json is missing; make one with: wavegan judge train")
    classifier().save(tmp_path)
    (tmp_path / "checksums.json").unlink()  # each change is met itself, not by its checksum
    good = json.loads(config.read_text())
    for change, message in (
        ({"format": "other"}, "not a judge's file"),
        ({"samples": "long"}, "samples: "),
        ({"colour": 1}, "unknown field 'colour'"),
        ({"labels": ["kick"]}, "labels has 1"),
        ({"labels": [1, 2, 3]}, "labels"),
        ({"width": 3}, "model.safetensors: weights do not fit"),
    ):
        config.write_text(json.dumps({**good, **change}))
        refuses(message)
    config.write_text("{")
    refuses("config.json: not JSON")
    config.write_text(json.dumps(good))
    weights.write_bytes(weights.read_bytes()[:-9])
    refuses("model.safetensors: damaged, or not safetensors")
    weights.unlink()
    refuses(r"not a judge, as model.safetensors is missing")


@pytest.mark.parametrize(
    ("labels", "samples", "message"),
    [
        (["a"], 100, "labels has 1: a classifier needs two or more"),
        (["a", "b", "a"], 100, "labels has 'a' twice"),
        (["a", "b"], 0, "samples is 0: give 1 or more"),
    ],
)
def test_refusals(labels: list[str], samples: int, message: str) -> None:
    with pytest.raises(UserError, match=message):
        Classifier(8000, labels, samples)
