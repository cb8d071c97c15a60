"""Models as objects: copied, pickled, sent to other processes, moved, described."""

import copy
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from wavegan import Synthesizer, UserError, Vocoder, adapters, bundle
from wavegan.generators.wavegan import WaveGAN

pytestmark = pytest.mark.filterwarnings("ignore:mel values:RuntimeWarning")
MEL = torch.randn(1, 8, 12, generator=torch.Generator().manual_seed(3)) - 7


@pytest.fixture(scope="module")
def vocoder(save_tiny: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Vocoder:
    return Vocoder.from_pretrained(save_tiny(tmp_path_factory.mktemp("model")))


@pytest.fixture(scope="module")
def unfolded(tiny: bundle.Config) -> Vocoder:
    """Built by hand from a network that still has its weight norm."""
    torch.manual_seed(0)
    return Vocoder(bundle.build(tiny), tiny.mel)


@pytest.fixture(scope="module")
def sounds() -> Synthesizer:
    torch.manual_seed(0)
    network = WaveGAN(segment=512, dim=2, latent_dim=8, kernel_size=5, n_labels=2)
    return Synthesizer(network, 8000, labels=("low", "high"))


def audio(model: Any) -> Tensor:
    made: Tensor = model.sample(2, seed=7) if isinstance(model, Synthesizer) else model(MEL)
    return made


WAYS: dict[str, Callable[[Any], Any]] = {
    "copy": copy.copy,
    "deep copy": copy.deepcopy,
    "pickle": lambda model: pickle.loads(pickle.dumps(model)),
    "oldest pickle": lambda model: pickle.loads(pickle.dumps(model, protocol=2)),
}


@pytest.fixture(params=["vocoder", "unfolded", "sounds", "adapter", "adapter of unfolded"])
def model(request: pytest.FixtureRequest) -> Any:
    if request.param.startswith("adapter"):
        name = "unfolded" if request.param.endswith("unfolded") else "vocoder"
        return adapters.HiFiGANVocoder(request.getfixturevalue(name))
    return request.getfixturevalue(request.param)


@pytest.mark.parametrize("way", WAYS)
def test_a_copy_makes_the_same_samples(model: Any, way: str) -> None:
    expected = audio(model)
    made = WAYS[way](model)
    assert torch.equal(audio(made), expected)
    assert torch.equal(audio(made.to("cpu")), expected)
    assert torch.equal(audio(model), expected)
    assert repr(made) == repr(model)
    if isinstance(made, adapters.HiFiGANVocoder):
        assert made.generator is made.vocoder.generator
        assert made.front_end is made.vocoder.front_end


def test_a_deep_copy_stands_alone(vocoder: Vocoder) -> None:
    expected = audio(vocoder)
    other = copy.deepcopy(vocoder)
    with torch.no_grad():
        for parameter in other.generator.parameters():
            parameter.zero_()
    assert not torch.equal(audio(other), expected)
    assert torch.equal(audio(vocoder), expected)


def test_a_copy_made_after_long_mels_does_too(
    vocoder: Vocoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wavegan.inference.pieces.SAMPLES", 1600)
    long = MEL.tile(1, 1, 20)
    expected = vocoder(long)
    assert torch.equal(pickle.loads(pickle.dumps(vocoder))(long), expected)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["vocoder", "sounds"])
def test_workers_that_are_spawned_make_the_same_samples(
    request: pytest.FixtureRequest, kind: str, tmp_path: Path
) -> None:
    """In a separate program: spawned processes import the one that started them."""
    model = request.getfixturevalue(kind)
    (tmp_path / "model.pickle").write_bytes(pickle.dumps(model))
    (tmp_path / "program.py").write_text(PROGRAM, encoding="utf-8")
    torch.save(MEL, tmp_path / "mel.pt")
    subprocess.run([sys.executable, "program.py"], cwd=tmp_path, check=True)
    made = torch.load(tmp_path / "made.pt")
    assert len(made) == 2
    assert all(torch.equal(one, audio(model)) for one in made)


PROGRAM = """
import math, multiprocessing, pickle, torch
from wavegan.inference import half
from wavegan.inference.engine import engine

half.FASTER = engine.HINDRANCE = math.inf  # nothing is chosen by timing, as in conftest.py

def work(model):
    mel = torch.load("mel.pt")
    return (model.sample(2, seed=7) if hasattr(model, "sample") else model(mel)).numpy()

if __name__ == "__main__":
    model = pickle.load(open("model.pickle", "rb"))
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        made = pool.map(work, [model, model])
    torch.save([torch.from_numpy(one) for one in made], "made.pt")
"""

HALVED: dict[str, Callable[[Any], Any]] = {
    "half": lambda m: m.half(),
    "bfloat16": lambda m: m.bfloat16(),
    "to(float16)": lambda m: m.to(torch.float16),
    "to(dtype=)": lambda m: m.to(dtype=torch.bfloat16),
    "to(cpu, float16)": lambda m: m.to("cpu", torch.float16),
    "to(float64)": lambda m: m.to(torch.float64),
}


@pytest.mark.parametrize("way", HALVED)
def test_it_stays_in_float32_and_says_so(model: Any, way: str) -> None:
    expected = audio(model)
    with pytest.warns(UserWarning, match="stays in float32") as said:
        made = HALVED[way](model)
    assert said[0].filename == __file__
    assert made is model
    assert torch.equal(audio(made), expected)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(audio(made), expected)


def test_a_module_that_holds_an_adapter_is_halved_without_it(vocoder: Vocoder) -> None:
    adapter = adapters.HiFiGANVocoder(vocoder)
    whole = nn.ModuleDict({"acoustic": nn.Linear(2, 2), "vocoder": adapter})
    expected = adapter(MEL)
    with pytest.warns(UserWarning, match="stays in float32"):
        whole.half()
    assert whole["acoustic"].weight.dtype == torch.float16
    assert torch.equal(adapter(MEL), expected)
    assert (adapter(MEL.half()) - expected).abs().max() < 1e-2


def test_float32_is_what_it_is(vocoder: Vocoder, recwarn: Any) -> None:
    assert vocoder.to(torch.float32) is vocoder
    assert vocoder.to("cpu", torch.float32) is vocoder
    assert adapters.HiFiGANVocoder(vocoder).float().to(torch.float32) is not None
    assert not [one for one in recwarn if "float32" in str(one.message)]


@pytest.mark.parametrize("device", ["banana", "meta", 3.5, MEL])
def test_what_is_no_device_is_refused(vocoder: Vocoder, sounds: Synthesizer, device: Any) -> None:
    expected = audio(vocoder)
    for model in (vocoder, sounds):
        with pytest.raises(UserError, match="device") as error:
            model.to(device)
        assert "\n" not in str(error.value)
    assert torch.equal(audio(vocoder), expected)
    with pytest.raises(UserError, match="dtype"):
        vocoder.to("cpu", "float16")


def test_they_say_what_they_are(vocoder: Vocoder, sounds: Synthesizer) -> None:
    count = sum(parameter.numel() for parameter in vocoder.generator.parameters())
    for part in ("Vocoder", "HiFiGAN", str(count), "8 bands", "16 samples", "16000 Hz", "cpu"):
        assert part in repr(vocoder)
    for part in ("Synthesizer", "WaveGAN", "2 labels", "0.064 s", "8000 Hz", "cpu"):
        assert part in repr(sounds)
    assert repr(adapters.NeMoVocoder(vocoder)) == f"NeMoVocoder({vocoder!r})"
