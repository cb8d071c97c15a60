"""Small models of every family, as bundles, and calls of the command."""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest
import torch
from click.testing import Result
from typer.testing import CliRunner

from wavegan import bundle
from wavegan.cli import app
from wavegan.mel.front_end import Mel

MEL: dict[str, Any] = {
    "sample_rate": 8000,
    "n_fft": 64,
    "hop_length": 16,
    "win_length": 64,
    "n_mels": 8,
    "f_max": None,
}


class Small(NamedTuple):
    """A model that is exported in seconds.

    Attributes:
        options: of its generator, with its name.
        mel: changed fields of its front-end.
    """

    options: dict[str, Any]
    mel: Mapping[str, Any] = MappingProxyType({})


BLOCKS = {
    "upsample_rates": [4, 4],
    "upsample_kernel_sizes": [8, 8],
    "upsample_initial_channel": 16,
    "resblock_kernel_sizes": [3],
    "resblock_dilation_sizes": [[1, 3]],
}
VOCOS = {"name": "vocos", "dim": 16, "intermediate_dim": 24, "num_layers": 2, "n_fft": 64}
VOCODERS = {
    "bigvgan": Small({"name": "bigvgan", **BLOCKS}),
    "hifigan": Small({"name": "hifigan", **BLOCKS}),
    "hifigan-causal": Small({"name": "hifigan", **BLOCKS, "causal": True}),
    "istftnet": Small({"name": "istftnet", **BLOCKS, "upsample_rates": [2, 2],
                       "upsample_kernel_sizes": [4, 4], "istft_n_fft": 16, "istft_hop_length": 4}),
    "melgan": Small({"name": "melgan", "upsample_rates": [4, 4], "upsample_initial_channel": 32}),
    "mb-melgan": Small({"name": "melgan", "upsample_rates": [2, 2], "bands": 4,
                        "upsample_initial_channel": 32}),
    "parallel_wavegan": Small({"name": "parallel_wavegan", "layers": 4, "stacks": 2,
                               "residual_channels": 6, "gate_channels": 8, "skip_channels": 5,
                               "upsample_rates": [4, 4]}),
    "stylemelgan": Small({"name": "stylemelgan", "noise_channels": 5, "width": 6, "kernel_size": 5,
                          "noise_upsample_rates": [3, 2], "upsample_rates": [2, 4, 2]}),
    "univnet": Small({"name": "univnet", "upsample_rates": [4, 4], "hidden_channels": 4,
                      "noise_channels": 3, "kernel_sizes": [3, 5], "predictor_channels": 6,
                      "dilations": [[1, 3], [1, 2, 9]]}),
    "vocos": Small(VOCOS, {"padding": "center"}),
    "vocos-same": Small({**VOCOS, "padding": "same"}),
}  # fmt: skip
PHASES = Small({"name": "phase_retrieval", "width": 16, "layers": 1, "iterations": 3})
FILTERS = {"name": "source_filter", "dim": 8, "dense_dim": 16, "bands": 8, "spec_n_fft": 64,
           "spec_hop_length": 32}  # fmt: skip
SOUNDS = {
    "wavegan": {"name": "wavegan", "dim": 2, "kernel_size": 5},
    "wavegan-norm": {"name": "wavegan", "dim": 2, "kernel_size": 5, "conditioning": "norm"},
    "stylewave": {"name": "stylewave", "dim": 4, "max_dim": 16, "style_dim": 8},
    "source_filter": FILTERS,
    "source_filter-noise": {**FILTERS, "voices": 0},
    "source_filter-circular": {**FILTERS, "circular": True, "voices": 2},
}
SPECTROGRAMS = {"name": "specgan", "dim": 2, "spec_n_fft": 64, "spec_hop_length": 32, "stages": 3}


def saved(folder: Path, config: bundle.Config) -> Path:
    """Write a bundle with fresh weights, as loud as trained ones: zeros are moved a little."""
    torch.manual_seed(0)
    net = bundle.build(config)
    with torch.no_grad():
        for parameter in net.parameters():
            if not parameter.any():
                parameter.normal_(std=0.1)
    folder.mkdir(parents=True)
    bundle.save(folder, config, net.state_dict())
    return folder


@pytest.fixture
def vocoder(tmp_path: Path) -> Callable[[Small], Path]:
    """Writes a bundle of a vocoder."""

    def write(small: Small) -> Path:
        mel = Mel(**{**MEL, **small.mel})
        return saved(tmp_path / "model", bundle.Config(mel=mel, generator=small.options))

    return write


@pytest.fixture
def sounds(tmp_path: Path) -> Callable[..., Path]:
    """Writes a bundle of a generator of sounds."""

    def write(options: dict[str, Any], *, labels: tuple[str, ...] = ("a", "b", "c")) -> Path:
        config = bundle.Config(
            mel=None,
            generator=options,
            sample_rate=8000,
            channels=2,
            task="synthesize",
            labels=labels,
            segment=1024,
        )
        return saved(tmp_path / "model", config)

    return write


def export(*words: object) -> Result:
    """Call the command."""
    runner = CliRunner(env={"WAVEGAN_DEBUG": None})
    return runner.invoke(app, ["export", *(str(word) for word in words)])


def good(result: Result) -> Result:
    """Assert that it worked."""
    assert result.exit_code == 0, result.output
    return result


def wrong(result: Result, code: int = 2) -> str:
    """The one line on stderr of a call with a mistake in it."""
    assert result.exit_code == code, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1
    return result.stderr


def ran(script: Path, *words: object, without: str = "") -> str:
    """What a usage sample prints in a process of its own, where some package cannot be imported."""
    code = (
        "import runpy, sys\n"
        "for name in sys.argv.pop(1).split():\n"
        "    sys.modules[name] = None\n"
        "sys.argv.pop(0)\n"
        "runpy.run_path(sys.argv[0], run_name='__main__')\n"
    )
    command = [sys.executable, "-I", "-c", code, without, str(script), *map(str, words)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout


def facts(file: Path) -> dict[str, Any]:
    """The JSON file beside an exported one."""
    content: dict[str, Any] = json.loads(file.with_suffix(".json").read_text("utf-8"))
    return content
