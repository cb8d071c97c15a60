"""Every generator of sounds, in both formats."""

import json
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from wavegan import Synthesizer, bundle, plugins
from wavegan.export import export_model, onnx_file, torch_file
from wavegan.generators.base import LatentGenerator

FILTERS = {
    "name": "source_filter",
    "dim": 8,
    "dense_dim": 16,
    "bands": 8,
    "spec_n_fft": 64,
    "spec_hop_length": 32,
}
TABLE: dict[str, dict[str, Any]] = {
    "wavegan": {"name": "wavegan", "dim": 2, "kernel_size": 5},
    "wavegan, norm": {"name": "wavegan", "dim": 2, "kernel_size": 5, "conditioning": "norm"},
    "stylewave": {"name": "stylewave", "dim": 4, "max_dim": 16, "style_dim": 8},
    "source_filter": FILTERS,
    "source_filter, noise": {**FILTERS, "voices": 0},
    "source_filter, circular": {**FILTERS, "circular": True, "voices": 2},
    "specgan": {
        "name": "specgan",
        "dim": 2,
        "spec_n_fft": 64,
        "spec_hop_length": 32,
        "stages": 3,
        "iterations": 2,
    },
}
FORMATS = {"onnx": (".onnx", onnx_file), "torch": (".pt2", torch_file)}
BOTH = [(name, made) for name in TABLE for made in FORMATS if (name, made) != ("specgan", "onnx")]
Model = Callable[..., Path]
Ran = Callable[..., str]


@pytest.fixture
def model(tmp_path: Path, saved: Callable[[Path, bundle.Config], Path]) -> Model:
    """Writes the bundle of a family."""

    def write(name: str, labels: tuple[str, ...] = ("a", "b", "c")) -> Path:
        config = bundle.Config(
            mel=None,
            generator=TABLE[name],
            sample_rate=8000,
            channels=2,
            task="synthesize",
            labels=labels,
            segment=1024,
        )
        return saved(tmp_path / "model", config)

    return write


def test_every_generator_is_here() -> None:
    found = {name: plugins.find("generators", name) for name in plugins.names("generators")}
    of_latents = {name for name, each in found.items() if issubclass(each, LatentGenerator)}
    assert {options["name"] for options in TABLE.values()} == of_latents


@pytest.mark.parametrize(("name", "made"), BOTH)
def test_a_batch_of_any_size_is_what_the_model_makes(
    name: str, made: str, tmp_path: Path, model: Model, ran: Ran
) -> None:
    folder, (ending, module) = model(name), FORMATS[made]
    exported = export_model(folder, tmp_path / f"sound{ending}", format=made)
    assert max(each.error for each in exported.compared) <= 1e-4
    synthesizer, run = Synthesizer.from_pretrained(folder), module.opened(exported.files[0])
    net = synthesizer.generator
    random = torch.Generator().manual_seed(3)
    latent = torch.randn(7, net.latent_dim, generator=random)
    label = torch.arange(7) % 3
    noise = [torch.randn(7, *shape, generator=random) for shape in net.noise_shapes()]
    ports = [port["name"] for port in exported.facts["inputs"]]
    given = dict(zip(ports, [each.numpy() for each in (latent, label, *noise)], strict=True))
    with torch.no_grad():
        expected = net.to_audio(net(latent, label, noise=noise)).numpy()
    (audio,) = run(given)
    assert audio.shape == (7, 2, 1024)
    assert np.abs(audio - expected).max() <= 2e-4 * np.abs(expected).max()
    facts = json.loads((tmp_path / "sound.json").read_text("utf-8"))
    assert (facts["labels"], facts["prior"]) == (["a", "b", "c"], net.prior)
    if made == "torch" and name != "stylewave":  # its sample takes seconds to load torch
        return
    gone = "wavegan torch" if made == "onnx" else "wavegan onnxruntime"
    said = ran(tmp_path / "sound.py", 7, tmp_path / "sound.wav", without=gone)
    assert "(1, 2, 1024) at 8000 Hz" in said
    with wave.open(str(tmp_path / "sound.wav")) as file:
        assert (file.getnchannels(), file.getframerate(), file.getnframes()) == (2, 8000, 1024)


def test_without_labels_there_is_no_such_input(tmp_path: Path, model: Model, ran: Ran) -> None:
    made = export_model(model("wavegan", labels=()), tmp_path / "sound.onnx")
    assert [port["name"] for port in made.facts["inputs"]] == ["latent"]
    assert made.facts["labels"] == []
    assert ran(tmp_path / "sound.py", without="torch")


def test_spectrograms_that_are_inverted_have_no_onnx(
    tmp_path: Path, model: Model, refusal: Ran
) -> None:
    line = refusal(model("specgan"), "--out", tmp_path / "sound.onnx")
    assert "Griffin-Lim" in line
    assert [each.name for each in tmp_path.iterdir()] == ["model"]


def test_sounds_are_not_streamed(tmp_path: Path, model: Model, refusal: Ran) -> None:
    line = refusal(model("wavegan"), "--out", tmp_path / "sound.onnx", "--streaming")
    assert "--streaming" in line
