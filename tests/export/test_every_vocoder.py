"""Every family of vocoders, in both formats, whole and chunk by chunk."""

import json
import math
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from wavegan import Vocoder, bundle, plugins
from wavegan.export import export_model, numpy_parts, onnx_file, torch_file
from wavegan.export.plan import Run
from wavegan.generators.base import MelGenerator
from wavegan.mel.front_end import Mel

MEL: dict[str, Any] = {
    "sample_rate": 8000,
    "n_fft": 64,
    "hop_length": 16,
    "win_length": 64,
    "n_mels": 8,
    "f_max": None,
}
BLOCKS = {
    "upsample_rates": [4, 4],
    "upsample_kernel_sizes": [8, 8],
    "upsample_initial_channel": 16,
    "resblock_kernel_sizes": [3],
    "resblock_dilation_sizes": [[1, 3]],
}
VOCOS = {"name": "vocos", "dim": 16, "intermediate_dim": 24, "num_layers": 2, "n_fft": 64}
TABLE: dict[str, dict[str, Any]] = {
    "bigvgan": {"name": "bigvgan", **BLOCKS},
    "hifigan": {"name": "hifigan", **BLOCKS},
    "hifigan, causal": {"name": "hifigan", **BLOCKS, "causal": True},
    "istftnet": {
        "name": "istftnet",
        **BLOCKS,
        "upsample_rates": [2, 2],
        "upsample_kernel_sizes": [4, 4],
        "istft_n_fft": 16,
        "istft_hop_length": 4,
    },
    "melgan": {"name": "melgan", "upsample_rates": [4, 4], "upsample_initial_channel": 32},
    "melgan, bands": {
        "name": "melgan",
        "upsample_rates": [2, 2],
        "bands": 4,
        "upsample_initial_channel": 32,
    },
    "parallel_wavegan": {
        "name": "parallel_wavegan",
        "layers": 4,
        "stacks": 2,
        "residual_channels": 6,
        "gate_channels": 8,
        "skip_channels": 5,
        "upsample_rates": [4, 4],
    },
    "stylemelgan": {
        "name": "stylemelgan",
        "noise_channels": 5,
        "width": 6,
        "kernel_size": 5,
        "noise_upsample_rates": [3, 2],
        "upsample_rates": [2, 4, 2],
    },
    "univnet": {
        "name": "univnet",
        "upsample_rates": [4, 4],
        "hidden_channels": 4,
        "noise_channels": 3,
        "kernel_sizes": [3, 5],
        "dilations": [[1, 3], [1, 2, 9]],
        "predictor_channels": 6,
    },
    "vocos": {**VOCOS, "padding": "center"},
    "vocos, same": {**VOCOS, "padding": "same"},
    "phase_retrieval": {"name": "phase_retrieval", "width": 16, "layers": 1, "iterations": 3},
}
WITHOUT_ONNX = {"phase_retrieval"}
RUN_IN_TORCH = {"hifigan", "stylemelgan"}
"""Their samples are run in torch too, which takes seconds to load."""
NOT_LOCAL = {"stylemelgan"}
NOISE = {
    "parallel_wavegan": ["N", 1, "L * 16"],
    "stylemelgan": ["N", 5, "ceil(L / 6)"],
    "univnet": ["N", 3, "L"],
}
FORMATS = {"onnx": (".onnx", onnx_file), "torch": (".pt2", torch_file)}
BOTH = [(name, made) for name in TABLE for made in FORMATS if (made, name) not in
        {("onnx", each) for each in WITHOUT_ONNX}]  # fmt: skip
Config = Callable[[str], bundle.Config]
Ran = Callable[..., str]


@pytest.fixture
def model(tmp_path: Path, saved: Callable[[Path, bundle.Config], Path]) -> Callable[[str], Path]:
    """Writes the bundle of a family."""

    def write(name: str) -> Path:
        options = TABLE[name]
        mel = Mel(**MEL, padding=options.get("padding", "same"))
        return saved(tmp_path / "model", bundle.Config(mel=mel, generator=options))

    return write


def test_every_vocoder_is_here() -> None:
    found = [plugins.find("generators", name) for name in plugins.names("generators")]
    names = {
        type_.__module__.rpartition(".")[2] for type_ in found if issubclass(type_, MelGenerator)
    }
    assert {options["name"] for options in TABLE.values()} == names


def mels(batch: int, frames: int) -> torch.Tensor:
    return 9 * torch.rand(batch, 8, frames) - 11.5


def outputs(run: Run, inputs: dict[str, Any]) -> Any:
    """The audio of a graph, for Vocos by the numpy function of its sample."""
    made = run(inputs)
    return numpy_parts.istft(*made, 64, 16) if len(made) == 3 else made[0]  # type: ignore[arg-type]


@pytest.mark.parametrize(("name", "made"), BOTH)
def test_the_graph_takes_any_length_and_batch(
    name: str, made: str, tmp_path: Path, model: Callable[[str], Path], ran: Ran
) -> None:
    folder, (ending, module) = model(name), FORMATS[made]
    exported = export_model(folder, tmp_path / f"voice{ending}", format=made)
    assert len(exported.compared) == 6
    assert max(each.error for each in exported.compared) < 2e-5
    vocoder, run = Vocoder.from_pretrained(folder), module.opened(exported.files[0])
    for batch, frames in ((1, 6), (3, 31), (2, 96)):
        mel = mels(batch, frames)
        inputs = {"mel": mel.numpy()}
        shape = vocoder.generator.noise_shape(frames)
        noise = None if shape is None else torch.randn(batch, *shape)
        if noise is not None:
            inputs["noise"] = noise.numpy()
        audio, expected = outputs(run, inputs), vocoder(mel, noise).numpy()
        assert audio.shape == expected.shape
        assert np.abs(audio - expected).max() <= 1e-4 * np.abs(expected).max()
    facts = json.loads((tmp_path / "voice.json").read_text("utf-8"))
    assert Mel.from_dict(facts["mel"]) == vocoder.mel_config
    assert (facts["sample_rate"], facts["hop_length"]) == (8000, 16)
    shapes = {port["name"]: port["shape"] for port in facts["inputs"]}
    assert shapes == {"mel": ["N", 8, "L"]} | ({"noise": NOISE[name]} if name in NOISE else {})
    if made == "onnx" or name in RUN_IN_TORCH:
        gone = "wavegan torch" if made == "onnx" else "wavegan onnxruntime"
        samples = vocoder.generator.output_length(100)
        assert f"(1, {samples}) at 8000 Hz" in ran(tmp_path / "voice.py", without=gone)


@pytest.mark.parametrize("name", [name for name in TABLE if name not in NOT_LOCAL | WITHOUT_ONNX])
def test_chunks_of_any_length_are_the_whole(
    name: str, tmp_path: Path, model: Callable[[str], Path], ran: Ran
) -> None:
    folder = model(name)
    exported = export_model(folder, tmp_path / "voice.onnx", streaming=True)
    vocoder, run = Vocoder.from_pretrained(folder), onnx_file.opened(exported.files[0])
    reach, about = vocoder.reach, exported.facts["streaming"]
    assert reach is not None
    assert (about["before"], about["after"]) == (reach.before, reach.after)
    assert about["after"] == 0 if name == "hifigan, causal" else about["after"] > 0
    assert about["lookahead_seconds"] == about["after"] * 16 / 8000
    assert about["latency_seconds"] == (about["chunk"] + about["after"]) * 16 / 8000
    mel = mels(2, 90)
    shape = vocoder.generator.noise_shape(90)
    noise = None if shape is None else torch.randn(2, *shape)
    expected = vocoder(mel, noise).numpy()
    for chunk in (7, 90, 200):
        given = None if noise is None else noise.numpy()
        stream = numpy_parts.stream(run, mel.numpy(), {**about, "chunk": chunk}, given)
        parts = list(stream)
        assert len(parts) == math.ceil(expected.shape[1] / 16 / chunk)
        assert parts[0].shape == (2, min(chunk * 16, expected.shape[1]))
        error = np.abs(np.concatenate(parts, 1) - expected).max()
        assert error <= 1e-4 * np.abs(expected).max()
    np.save(tmp_path / "mel.npy", mel[0].numpy())
    said = ran(tmp_path / "voice.py", tmp_path / "mel.npy", tmp_path / "voice.wav", without="torch")
    assert f"(1, {expected.shape[1]})" in said
    if noise is None:
        with wave.open(str(tmp_path / "voice.wav")) as file:
            heard = np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32767
        np.testing.assert_allclose(heard, expected[0].clip(-1, 1), atol=1e-4)


@pytest.mark.parametrize("name", ["hifigan", "vocos", "univnet"])
def test_a_program_of_torch_streams_too(
    name: str, tmp_path: Path, model: Callable[[str], Path], ran: Ran
) -> None:
    made = export_model(model(name), tmp_path / "voice.pt2", format="torch", streaming=True)
    assert max(each.error for each in made.compared) < 1e-5
    if name == "univnet":
        assert "at 8000 Hz" in ran(tmp_path / "voice.py")


def test_what_needs_the_whole_mel_is_not_streamed(
    tmp_path: Path, model: Callable[[str], Path], refusal: Ran
) -> None:
    line = refusal(model("stylemelgan"), "--out", tmp_path / "voice.onnx", "--streaming")
    assert "--streaming" in line
    assert "stylemelgan" in line
    assert [each.name for each in tmp_path.iterdir()] == ["model"]


def test_phases_that_are_searched_have_no_onnx(
    tmp_path: Path, model: Callable[[str], Path], refusal: Ran
) -> None:
    line = refusal(model("phase_retrieval"), "--out", tmp_path / "voice.onnx")
    assert "Griffin-Lim" in line
    assert "--format torch" in line
    assert [each.name for each in tmp_path.iterdir()] == ["model"]
