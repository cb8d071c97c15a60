"""sherpa-onnx itself reads what we export, and makes the model's audio of it."""

import subprocess
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from wavegan import Vocoder, bundle
from wavegan.export import export_model
from wavegan.mel.front_end import Mel

pytestmark = pytest.mark.skipif(
    find_spec("sherpa_onnx") is None, reason="sherpa-onnx is not installed"
)
# a process of its own: sherpa-onnx brings another onnxruntime
SPEAK = """
import sys
import numpy as np
import sherpa_onnx as sherpa
folder = sys.argv[1]
names = {"acoustic_model": "acoustic.onnx", "vocoder": "voice.onnx"}
names |= {"lexicon": "lexicon.txt", "tokens": "tokens.txt"}
matcha = {key: f"{folder}/{name}" for key, name in names.items()}
model = sherpa.OfflineTtsModelConfig(matcha=sherpa.OfflineTtsMatchaModelConfig(**matcha))
config = sherpa.OfflineTtsConfig(model=model)
assert config.validate()
made = sherpa.OfflineTts(config).generate("你好")
np.save(f"{folder}/spoken.npy", np.asarray(made.samples, np.float32))
print(made.sample_rate)
"""
FAMILIES: dict[str, dict[str, Any]] = {
    "hifigan": {
        "name": "hifigan",
        "upsample_rates": [4, 4],
        "upsample_kernel_sizes": [8, 8],
        "upsample_initial_channel": 16,
    },
    "melgan": {"name": "melgan", "upsample_rates": [2, 2], "bands": 4},
    "vocos": {"name": "vocos", "dim": 16, "intermediate_dim": 24, "num_layers": 2, "n_fft": 64},
    "vocos, same": {"name": "vocos", "dim": 16, "intermediate_dim": 24, "num_layers": 2,
                    "n_fft": 64, "padding": "same"},
}  # fmt: skip


def acoustic_model(mel: NDArray[np.float32], rate: int, folder: Path) -> None:
    """A Matcha model that always speaks the same mel `(1, n_mels, L)`."""
    numbers = {"x_length": TensorProto.INT64} | dict.fromkeys(
        ("noise_scale", "length_scale"), TensorProto.FLOAT
    )
    inputs = [helper.make_tensor_value_info("x", TensorProto.INT64, [1, "T"])]
    inputs += [helper.make_tensor_value_info(name, kind, [1]) for name, kind in numbers.items()]
    output = helper.make_tensor_value_info("mel", TensorProto.FLOAT, list(mel.shape))
    constant = helper.make_node("Constant", [], ["mel"], value=numpy_helper.from_array(mel))
    graph = helper.make_graph([constant], "acoustic", inputs, [output])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    facts = {"sample_rate": rate, "n_speakers": 1, "jieba": 1, "use_eos_bos": 0, "pad_id": 0}
    helper.set_model_props(model, {key: str(value) for key, value in facts.items()})
    onnx.save(model, folder / "acoustic.onnx")
    (folder / "tokens.txt").write_text("_ 0\na 1\nb 2\n", encoding="utf-8")
    (folder / "lexicon.txt").write_text("你 a\n好 b\n", encoding="utf-8")


@pytest.mark.parametrize("name", FAMILIES)
def test_it_speaks_with_our_vocoder(
    name: str, tmp_path: Path, saved: Callable[[Path, bundle.Config], Path]
) -> None:
    options = FAMILIES[name]
    front = Mel(sample_rate=16000, n_fft=64, hop_length=16, win_length=64, n_mels=8, f_max=None,
                padding="center" if name == "vocos" else "same")  # fmt: skip
    folder = saved(tmp_path / "model", bundle.Config(mel=front, generator=options))
    export_model(folder, tmp_path / "voice.onnx")
    mel = 9 * torch.rand(1, 8, 60) - 11.5
    acoustic_model(mel.numpy(), 16000, tmp_path)
    command = [sys.executable, "-c", SPEAK, str(tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == "16000"
    expected = Vocoder.from_pretrained(folder)(mel)[0].numpy()
    spoken = np.load(tmp_path / "spoken.npy")
    assert spoken.shape == expected.shape
    assert np.abs(spoken - expected).max() <= 1e-5 * np.abs(expected).max()
