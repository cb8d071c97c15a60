"""`wavegan export`: what it writes, what it says, and what it refuses."""

import importlib.util
import json
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from click.testing import Result
from torch import Tensor

from wavegan import RunError, Vocoder, bundle
from wavegan.audio import io
from wavegan.export import export_model, onnx_file
from wavegan.generators.base import MelGenerator
from wavegan.generators.hifigan import HiFiGAN
from wavegan.mel.front_end import Mel

Export = Callable[..., Result]
Ran = Callable[..., str]


@pytest.fixture
def model(tmp_path: Path, save_tiny: Callable[[Path], Path]) -> Path:
    """A HiFi-GAN that is exported at once."""
    (tmp_path / "model").mkdir()
    return save_tiny(tmp_path / "model")


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_three_files_and_the_comparison(tmp_path: Path, model: Path, export: Export) -> None:
    result = export(model, "--out", tmp_path / "new" / "my.voice.onnx")
    assert (result.exit_code, result.stdout) == (0, "")
    assert names(tmp_path / "new") == ["my.voice.json", "my.voice.onnx", "my.voice.py"]
    first, *compared, last = result.stderr.splitlines()
    assert "onnxruntime" in first
    assert [line.split(":")[0].split() for line in compared] == [
        [str(batch), "x", str(frames), "frames"] for batch in (1, 2) for frames in (20, 75, 200)
    ]
    assert all(float(line.split(":")[1]) < 1e-5 for line in compared)
    assert "my.voice.json" in last
    assert export(model, "-o", tmp_path / "b.onnx", "--quiet").output == ""


def test_json_on_stdout_is_one_object(tmp_path: Path, model: Path, export: Export) -> None:
    result = export(model, "--out", tmp_path / "voice.pt2", "--format", "torch", "--json")
    assert result.stderr == ""
    said = json.loads(result.stdout)
    assert said["files"] == [str(tmp_path / f"voice.{ending}") for ending in ("pt2", "json", "py")]
    assert len(said["largest_differences"]) == 6
    assert "torch" in said["engine"]


def test_the_json_file_tells_all_that_a_program_needs(tmp_path: Path, model: Path) -> None:
    export_model(model, tmp_path / "voice.onnx")
    facts = json.loads((tmp_path / "voice.json").read_text("utf-8"))
    vocoder = Vocoder.from_pretrained(model)
    assert facts["mel"] == vocoder.mel_config.to_dict()
    assert facts["file"] == "voice.onnx"
    assert (facts["sample_rate"], facts["hop_length"], facts["n_mels"]) == (16000, 16, 8)
    assert facts["precision"] == "float32"
    assert facts["inputs"][0]["shape"] == ["N", 8, "L"]
    assert facts["outputs"][0]["shape"] == ["N", "L * 16"]
    assert facts["inputs"][0]["dtype"] == facts["outputs"][0]["dtype"] == "float32"
    silence = vocoder.mel(torch.zeros(1600))
    np.testing.assert_allclose(facts["silence"], silence[:, 50], rtol=1e-6)
    assert 0 <= facts["parity"]["largest_difference"] < 1e-5


def test_the_onnx_file_is_what_sherpa_onnx_reads(tmp_path: Path, model: Path) -> None:
    export_model(model, tmp_path / "voice.onnx")
    loaded = onnx.load(tmp_path / "voice.onnx")
    metadata = {entry.key: entry.value for entry in loaded.metadata_props}
    assert metadata["model_type"] == "hifigan"
    assert (metadata["sample_rate"], metadata["version"]) == ("16000", "1")
    assert shapes(loaded.graph.input) == {"mel": ["N", 8, "L"]}
    assert shapes(loaded.graph.output) == {"audio": ["N", "L * 16"]}
    kinds = {value.type.tensor_type.elem_type for value in loaded.graph.input}
    assert kinds == {onnx.TensorProto.FLOAT}
    assert [each.version for each in loaded.opset_import if not each.domain] == [18]
    assert loaded.ir_version == 8
    # neither the places of source files nor of the model
    assert str(tmp_path).encode() not in (tmp_path / "voice.onnx").read_bytes()
    assert b"wavegan/generators" not in (tmp_path / "voice.onnx").read_bytes()


def test_vocos_has_spectra_and_their_inverse_in_its_metadata(
    tmp_path: Path, saved: Callable[[Path, bundle.Config], Path]
) -> None:
    mel = Mel(sample_rate=8000, n_fft=64, hop_length=16, win_length=64, n_mels=8, f_max=None,
              padding="center")  # fmt: skip
    options = {"name": "vocos", "dim": 8, "intermediate_dim": 8, "num_layers": 1, "n_fft": 48}
    folder = saved(tmp_path / "vocos", bundle.Config(mel=mel, generator=options))
    export_model(folder, tmp_path / "voice.onnx")
    loaded = onnx.load(tmp_path / "voice.onnx")
    metadata = {entry.key: entry.value for entry in loaded.metadata_props}
    wanted = {
        "model_type": "vocos",
        "n_fft": "48",
        "hop_length": "16",
        "win_length": "48",
        "window_type": "hann",
        "center": "1",
        "normalized": "0",
        "pad_mode": "reflect",
        "sample_rate": "8000",
        "version": "1",
    }
    assert wanted.items() <= metadata.items()
    spectrum = ["N", 25, "L"]
    assert shapes(loaded.graph.output) == {"mag": spectrum, "x": spectrum, "y": spectrum}
    assert not {node.op_type for node in loaded.graph.node} & {"ConvTranspose", "DFT", "STFT"}


def shapes(values: Any) -> dict[str, list[int | str]]:
    """Names and sizes of a graph's inputs or outputs."""
    return {
        value.name: [size.dim_param or size.dim_value for size in value.type.tensor_type.shape.dim]
        for value in values
    }


def test_what_is_there_already_is_kept(
    tmp_path: Path, model: Path, export: Export, refusal: Ran
) -> None:
    (tmp_path / "voice.json").write_text("mine")
    line = refusal(model, "--out", tmp_path / "voice.onnx")
    assert str(tmp_path / "voice.json") in line
    assert "--force" in line
    assert names(tmp_path) == ["model", "voice.json"]
    assert export(model, "--out", tmp_path / "voice.onnx", "--force").exit_code == 0
    assert names(tmp_path) == ["model", "voice.json", "voice.onnx", "voice.py"]
    assert (tmp_path / "voice.json").read_text() != "mine"
    # what is read is kept, whatever is forced
    assert "is an input" in refusal(model, "--out", model / "config.onnx", "--force")


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--out", "voice.onnx", "--format", "onx"], ["--format", "'onnx'"]),
        (["--out", "voice.pt2"], ["--out", ".onnx"]),
        (["--out", "voice.onnx", "--format", "torch"], ["--out", ".pt2"]),
        (["--out", "wave.onnx"], ["--out", "wave.py"]),
        (["--out", "onnxruntime.onnx"], ["--out", "onnxruntime.py"]),
    ],
)
def test_mistakes_are_named(
    words: list[str],
    named: list[str],
    tmp_path: Path,
    model: Path,
    refusal: Ran,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    line = refusal(model, *words)
    for each in named:
        assert each in line
    assert names(tmp_path) == ["model"]


def test_a_missing_package_is_named_before_the_work(
    tmp_path: Path, model: Path, refusal: Ran, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = importlib.util.find_spec

    def find(name: str, package: str | None = None) -> ModuleSpec | None:
        return None if name == "onnxscript" else found(name, package)

    monkeypatch.setattr(onnx_file, "find_spec", find)
    line = refusal(model, "--out", tmp_path / "voice.onnx")
    assert "onnxscript" in line
    assert 'pip install "wavegan[export]"' in line
    assert names(tmp_path) == ["model"]


def test_a_graph_that_differs_is_not_kept(
    tmp_path: Path, model: Path, refusal: Ran, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "voice.onnx").write_text("old")
    forward = HiFiGAN.forward

    def other(self: HiFiGAN, mel: Tensor, noise: Tensor | None = None) -> Tensor:
        made = forward(self, mel, noise)
        return made * 1.001 if torch.compiler.is_exporting() else made

    monkeypatch.setattr(HiFiGAN, "forward", other)
    line = refusal(model, "--out", tmp_path / "voice.onnx", "--force", code=1)
    assert "1.0e-03" in line
    assert names(tmp_path) == ["model", "voice.onnx"]
    assert (tmp_path / "voice.onnx").read_text() == "old"


@pytest.mark.parametrize("strange", [torch.nan, torch.inf])
def test_values_that_are_not_finite_are_a_difference(
    strange: float, tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forward = HiFiGAN.forward

    def broken(self: HiFiGAN, mel: Tensor, noise: Tensor | None = None) -> Tensor:
        made = forward(self, mel, noise)
        return made * strange if torch.compiler.is_exporting() else made

    monkeypatch.setattr(HiFiGAN, "forward", broken)
    with pytest.raises(RunError, match="differs"):
        export_model(model, tmp_path / "voice.onnx")
    assert names(tmp_path) == ["model"]


@pytest.mark.parametrize("made", ["onnx", "torch"])
def test_a_network_for_one_length_is_refused_by_name(
    made: str, tmp_path: Path, model: Path, refusal: Ran, monkeypatch: pytest.MonkeyPatch
) -> None:
    def counted(self: HiFiGAN, mel: Tensor, noise: Tensor | None = None) -> Tensor:
        return mel.new_zeros(len(mel), 1, int(mel.mean()))

    monkeypatch.setattr(HiFiGAN, "forward", counted)
    monkeypatch.setattr(MelGenerator, "local", False)
    out = tmp_path / ("voice.onnx" if made == "onnx" else "voice.pt2")
    line = refusal(model, "--out", out, "--format", made, code=1)
    assert "hifigan cannot be exported" in line
    assert names(tmp_path) == ["model"]


def test_a_real_voice_is_the_same(shared: Path, tmp_path: Path, speech: Path, ran: Ran) -> None:
    folder = shared / "pretrained" / "hifigan-v3-ljspeech"
    made = export_model(folder, tmp_path / "voice.onnx")
    vocoder = Vocoder.from_pretrained(folder)
    wave, _ = io.read(min(speech.glob("*.flac")), sample_rate=vocoder.sample_rate)
    mel = vocoder.mel(wave.reshape(1, -1))[..., :120]
    (audio,) = onnx_file.opened(made.files[0])({"mel": mel.numpy()})
    expected = vocoder(mel).numpy()
    assert expected.std() > 0.01
    assert np.abs(audio - expected).max() < 1e-4 * np.abs(expected).max()
    np.save(tmp_path / "mel.npy", mel[0].numpy())
    assert "(1, 30720) at 22050 Hz" in ran(
        tmp_path / "voice.py", tmp_path / "mel.npy", without="wavegan torch"
    )
