"""The peers of `benchmarks/vocoders.py` compute what the plain network computes."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

from wavegan import bundle
from wavegan.mel.front_end import Mel

NAMES = ("in_turns", "families", "case", "torch_peers", "runtime_peers", "vocoders")
HIFIGAN = {
    "name": "hifigan",
    "upsample_rates": [4, 4],
    "upsample_kernel_sizes": [8, 8],
    "upsample_initial_channel": 16,
    "resblock_kernel_sizes": [3, 5],
    "resblock_dilation_sizes": [[1, 3], [1, 2]],
}
VOCOS = {"name": "vocos", "dim": 8, "intermediate_dim": 12, "num_layers": 2, "n_fft": 64}


@pytest.fixture(scope="module")
def scripts(script: Callable[[str], ModuleType]) -> dict[str, ModuleType]:
    return {name: script(name) for name in NAMES}


@pytest.fixture
def case(scripts: dict[str, ModuleType], tmp_path: Path) -> Callable[[dict[str, Any]], Any]:
    def made(generator: dict[str, Any]) -> Any:
        mel = Mel(sample_rate=16000, n_fft=64, hop_length=16, win_length=64, n_mels=8, f_max=None)
        config = bundle.Config(mel=mel, generator=generator)
        torch.manual_seed(0)
        folder = tmp_path / "model"
        folder.mkdir()
        bundle.save(folder, config, bundle.build(config).state_dict())
        return scripts["case"].Case(folder, 0.5, 1, tmp_path)

    return made


@pytest.mark.parametrize(
    ("generator", "peer"),
    [
        (HIFIGAN, "ours-f32"),
        (HIFIGAN, "transformers"),
        (HIFIGAN, "onnxruntime"),
        (HIFIGAN, "openvino-f32"),
        (HIFIGAN, "ours-bf16"),
        (VOCOS, "ours-f32"),
        (VOCOS, "vocos"),
    ],
)
def test_a_peer_gives_the_plain_networks_audio(
    scripts: dict[str, ModuleType],
    case: Callable[[dict[str, Any]], Any],
    generator: dict[str, Any],
    peer: str,
) -> None:
    given, vocoders = case(generator), scripts["vocoders"]
    found = vocoders.measured(given, ["plain", peer], 2)
    if "not installed" in found["skipped"].get(peer, ""):
        pytest.skip(found["skipped"][peer])
    assert found["skipped"] == {}
    assert not vocoders.differs(found, peer)
    assert found["peers"]["plain"]["ratio"]["median"] == 1
    assert found["peers"][peer]["times_real_time"] > 0


def test_a_peer_that_lacks_a_family_is_skipped(
    scripts: dict[str, ModuleType], case: Callable[[dict[str, Any]], Any]
) -> None:
    two = {**HIFIGAN, "resblock": "2"}
    found = scripts["vocoders"].measured(case(two), ["transformers", "vocos", "plain"], 1)
    assert set(found["skipped"]) == {"transformers", "vocos"}
    assert set(found["peers"]) == {"plain"}


def test_another_output_is_noticed(scripts: dict[str, ModuleType]) -> None:
    vocoders = scripts["vocoders"]
    wave = torch.sin(torch.arange(1000) / 10)
    found = {
        "peers": {
            "close": vocoders.difference(wave + 1e-5, wave),
            "far": vocoders.difference(wave + 0.01, wave),
            "rough-bf16": vocoders.difference(wave + 0.01, wave),
            "other-bf16": vocoders.difference(torch.zeros(1000), wave),
            "short": vocoders.difference(wave[:-1], wave),
        }
    }
    wrong = [peer for peer in found["peers"] if vocoders.differs(found, peer)]
    assert wrong == ["far", "other-bf16", "short"]


def test_ratios_compare_the_runs_of_a_round(scripts: dict[str, ModuleType]) -> None:
    in_turns = scripts["in_turns"]
    took = {"first": [1.0, 4.0, 2.0], "other": [0.5, 1.0, 2.0]}
    assert in_turns.ratios(took, "first")["other"] == (2.0, 1.0, 4.0)
    order: list[str] = []
    calls = {name: (lambda name=name: order.append(name)) for name in "ab"}
    assert set(in_turns.run(calls, 2)) == {"a", "b"}
    assert order == ["a", "b"] * 3
