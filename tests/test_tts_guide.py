"""The guide's example for a text-to-speech system runs in this very environment, in a new Python.

Nothing is hidden from it: what is installed beside us has to load beside us.
"""

import importlib.util
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[1]
GUIDE = (REPO / "docs" / "tts.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
(EXAMPLE,) = [block for block in BLOCKS if "SpeechT5ForTextToSpeech" in block]
GIVEN = """
import torch, transformers

torch.manual_seed(0)
small = dict(
    vocab_size=20, hidden_size=16, encoder_layers=1, encoder_attention_heads=2, encoder_ffn_dim=16,
    decoder_layers=1, decoder_attention_heads=2, decoder_ffn_dim=16, speech_decoder_prenet_units=16,
    speech_decoder_postnet_units=16, speaker_embedding_dim=8,
)
model = transformers.SpeechT5ForTextToSpeech(transformers.SpeechT5Config(**small)).eval()
theirs = transformers.SpeechT5HifiGanConfig(upsample_initial_channel=32)
transformers.SpeechT5HifiGan(theirs).save_pretrained("microsoft-speecht5_hifigan/")
input_ids, speaker_embeddings = torch.tensor([[3, 5, 7]]), torch.ones(1, 8) / 8**0.5
"""


def in_a_new_python(code: str, folder: Path) -> str:
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_the_example_speaks(tmp_path: Path) -> None:
    pytest.importorskip("transformers", reason="the example needs it: pip install transformers")
    code = (
        f"{GIVEN}\n{textwrap.dedent(EXAMPLE)}\nprint(speech.ndim, len(speech) % 256, len(speech))"
    )
    dimensions, rest, samples = map(int, in_a_new_python(code, tmp_path).split()[-3:])
    assert (dimensions, rest) == (1, 0)
    assert samples >= 256


@pytest.mark.parametrize("name", ["torchaudio", "torchvision"])
def test_packages_built_for_a_torch_load_with_it_or_are_missing(name: str, tmp_path: Path) -> None:
    if importlib.util.find_spec(name) is not None:
        in_a_new_python(f"import {name}", tmp_path)
