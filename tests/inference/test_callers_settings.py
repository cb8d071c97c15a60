"""With any settings of torch: the same float32 samples, and the caller's settings unchanged."""

import dataclasses
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from wavegan import Mel, MelSpectrogram, Synthesizer, Vocoder, adapters, bundle
from wavegan.audio.griffin_lim import griffin_lim
from wavegan.audio.stft import magnitude
from wavegan.mel.spectrogram import mel_filterbank
from wavegan.metrics.log_mel_l1 import LogMelL1
from wavegan.metrics.lsd import LSD
from wavegan.metrics.mrstft import MRSTFT

pytestmark = pytest.mark.filterwarnings("ignore:mel values:RuntimeWarning")


@contextmanager
def put(read: Callable[[], Any], write: Callable[[Any], Any], value: Any) -> Iterator[None]:
    before = read()
    write(value)
    try:
        yield
    finally:
        write(before)


def default_dtype(dtype: torch.dtype) -> AbstractContextManager[None]:
    return put(torch.get_default_dtype, torch.set_default_dtype, dtype)


@contextmanager
def several() -> Iterator[None]:
    with ExitStack() as stack:
        for state in ("autocast bfloat16", "float64", "device meta", "inference mode"):
            stack.enter_context(STATES[state]())
        yield


@contextmanager
def strict() -> Iterator[None]:
    with warnings.catch_warnings(), np.errstate(all="raise"):
        warnings.simplefilter("error")
        yield


STATES: dict[str, Callable[[], AbstractContextManager[Any]]] = {
    "autocast bfloat16": lambda: torch.autocast("cpu", torch.bfloat16),
    "autocast float16": lambda: torch.autocast("cpu", torch.float16),
    "autocast cuda": lambda: put(
        lambda: torch.is_autocast_enabled("cuda"),
        lambda on: torch.set_autocast_enabled("cuda", on),
        True,
    ),
    "float64": lambda: default_dtype(torch.float64),
    "float16": lambda: default_dtype(torch.float16),
    "bfloat16": lambda: default_dtype(torch.bfloat16),
    "device meta": lambda: put(lambda: None, torch.set_default_device, "meta"),
    "with device meta": lambda: torch.device("meta"),
    "inference mode": torch.inference_mode,
    "no grad": torch.no_grad,
    "grad": torch.enable_grad,
    "anomalies": torch.autograd.detect_anomaly,
    "deterministic": lambda: put(
        torch.are_deterministic_algorithms_enabled, torch.use_deterministic_algorithms, True
    ),
    "fast matrices": lambda: put(
        torch.get_float32_matmul_precision, torch.set_float32_matmul_precision, "medium"
    ),
    "errors": strict,
    "several": several,
}


def settings() -> dict[str, Any]:
    """All settings that a call could change."""
    return {
        "autocast": [torch.is_autocast_enabled(kind) for kind in ("cpu", "cuda", "mps")],
        "autocast dtype": torch.get_autocast_dtype("cpu"),
        "dtype": torch.get_default_dtype(),
        "device": torch.get_default_device(),
        "inference": torch.is_inference_mode_enabled(),
        "grad": torch.is_grad_enabled(),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "matrices": torch.get_float32_matmul_precision(),
        "threads": torch.get_num_threads(),
        "numpy": np.geterr(),
        "torch's random state": torch.get_rng_state().tolist(),
        "numpy's random state": np.random.get_state()[1].tolist(),
    }


class Models:
    """The inputs of the calls, made before any setting changes."""

    def __init__(self, vocoder: Path, sounds: Path) -> None:
        self.vocoder_at, self.sounds_at = vocoder, sounds
        self.vocoder = Vocoder.from_pretrained(vocoder)
        self.sounds = Synthesizer.from_pretrained(sounds)
        self.adapter = adapters.HiFiGANVocoder(self.vocoder)
        self.decimal = dataclasses.replace(self.vocoder.mel_config, log="log10")
        self.front_end = MelSpectrogram(self.vocoder.mel_config)
        numbers = torch.Generator().manual_seed(1)
        self.wave = torch.randn(1, 1600, generator=numbers) * 0.1
        self.mel = self.vocoder.mel(self.wave)
        self.latent = torch.randn(2, 8, generator=numbers)


@pytest.fixture(scope="module")
def models(save_tiny: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Models:
    options = {"name": "wavegan", "dim": 2, "latent_dim": 8, "kernel_size": 5, "strides": [4, 4]}
    config = bundle.Config(
        mel=Mel(sample_rate=8000, n_fft=256, hop_length=64, win_length=256, n_mels=20, f_max=4000),
        generator=options,
        task="synthesize",
        labels=("low", "high"),
        segment=512,
    )
    folder = tmp_path_factory.mktemp("sounds")
    torch.manual_seed(0)
    bundle.save(folder, config, bundle.build(config).state_dict())
    return Models(save_tiny(tmp_path_factory.mktemp("vocoder")), folder)


def metrics(m: Models) -> list[float]:
    return [
        metric(m.wave, m.wave.flip(-1), 16000)
        for metric in (LogMelL1(m.vocoder.mel_config), LSD(), MRSTFT())
    ]


CALLS: dict[str, Callable[[Models], Any]] = {
    "vocoder": lambda m: m.vocoder(m.mel),
    "vocoder, a list": lambda m: m.vocoder([m.mel[0], m.mel[0, :, :7].numpy()]),
    "vocoder, loaded": lambda m: Vocoder.from_pretrained(m.vocoder_at)(m.mel),
    "vocoder, built": lambda m: Vocoder(m.vocoder.generator, m.vocoder.mel_config)(m.mel),
    "vocoder.mel": lambda m: m.vocoder.mel(m.wave),
    "vocoder.mel, loaded": lambda m: Vocoder.from_pretrained(m.vocoder_at).mel(m.wave.numpy()),
    "vocoder, long": lambda m: m.vocoder(m.mel.tile(1, 1, 200)),
    "adapter": lambda m: m.adapter(m.mel),
    "adapter, converting": lambda m: adapters.CoquiVocoder(m.vocoder, m.decimal).inference(m.mel),
    "sounds.sample": lambda m: m.sounds.sample(3, seed=np.int64(7)),
    "sounds, cut": lambda m: m.sounds.sample(1, seed=7, seconds=0.05),
    "sounds, long": lambda m: m.sounds.sample(1, seed=7, seconds=0.2, truncation=0.5),
    "sounds, loaded": lambda m: Synthesizer.from_pretrained(m.sounds_at).sample(2, seed=7),
    "sounds, called": lambda m: m.sounds(m.latent, label=["low", "high"]),
    "sounds.interpolate": lambda m: m.sounds.interpolate(1, (2, 3), 3),
    "sounds.latent": lambda m: m.sounds.latent((7, 1)),
    "sounds.vary": lambda m: m.sounds.vary(m.latent[0], n=2),
    "sounds.invert": lambda m: m.sounds.invert(m.wave, steps=3, label="low").latent,
    "Mel.convert": lambda m: m.decimal.convert(m.mel, m.vocoder.mel_config),
    "MelSpectrogram": lambda m: m.front_end(m.wave),
    "MelSpectrogram, made": lambda m: MelSpectrogram(m.vocoder.mel_config)(m.wave),
    "mel_filterbank": lambda m: mel_filterbank(m.vocoder.mel_config),
    "magnitude": lambda m: magnitude(m.wave, 64, 16),
    "griffin_lim": lambda m: griffin_lim(
        m.mel.exp().repeat(1, 5, 1)[:, :33], 64, 16, m.front_end.window, seed=3, momentum=0.5
    ),
    "metrics": lambda m: torch.from_numpy(np.array(metrics(m))),
}
ROUNDED = {"sounds.invert"}
"""Descents: what is found is the same to some digits."""


def as_list(made: Any) -> list[Tensor]:
    return list(made) if isinstance(made, list) else [made]


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("call", CALLS)
def test_it_is_the_same_whatever_the_caller_has_set(models: Models, call: str, state: str) -> None:
    expected = as_list(CALLS[call](models))
    with STATES[state]():
        before = settings()
        made = as_list(CALLS[call](models))
        assert settings() == before
    assert len(made) == len(expected)
    for one, wanted in zip(made, expected, strict=True):
        assert one.dtype == (torch.float64 if call == "metrics" else torch.float32)
        assert one.device.type == "cpu"
        torch.testing.assert_close(one, wanted, rtol=0, atol=1e-4 if call in ROUNDED else 0)


@pytest.mark.parametrize("call", [call for call in CALLS if call.startswith(("voc", "sou", "ada"))])
def test_audio_made_in_inference_mode_can_be_changed_and_learned_from(
    models: Models, call: str
) -> None:
    with torch.inference_mode():
        made = as_list(CALLS[call](models))
    for one in made:
        assert not one.is_inference()
        one.mul_(0.5)
        weight = torch.ones(1, requires_grad=True)
        (weight * one).sum().backward()
        assert weight.grad is not None


@pytest.mark.parametrize("state", ["inference mode", "no grad", "several"])
def test_a_model_loaded_anywhere_learns_latents_afterwards(models: Models, state: str) -> None:
    with STATES[state]():
        loaded = Synthesizer.from_pretrained(models.sounds_at)
    expected = models.sounds.invert(models.wave, steps=3, label="low")
    found = loaded.invert(models.wave, steps=3, label="low")
    assert found.distance == pytest.approx(expected.distance, rel=1e-4)
    assert not any(parameter.is_inference() for parameter in loaded.generator.parameters())


def test_more_threads_change_no_more_than_the_last_digits(models: Models) -> None:
    expected = models.vocoder(models.mel)
    before = torch.get_num_threads()
    torch.set_num_threads(before + 1)
    try:
        made = models.vocoder(models.mel)
        assert torch.get_num_threads() == before + 1
    finally:
        torch.set_num_threads(before)
    torch.testing.assert_close(made, expected, rtol=0, atol=1e-6)


def test_threads_that_compute_at_once_leave_the_callers_settings(models: Models) -> None:
    """Otherwise each would restore what another one had set."""
    expected, made = models.vocoder(models.mel), []

    def work() -> None:
        made.extend(models.vocoder(models.mel) for _ in range(40))

    with STATES["float64"](), STATES["fast matrices"]():
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert torch.get_default_dtype() == torch.float64
        assert torch.get_float32_matmul_precision() == "medium"
    assert len(made) == 160
    assert all(torch.equal(one, expected) for one in made)


def test_a_refusal_leaves_the_callers_settings_too(models: Models) -> None:
    with several():
        before = settings()
        with pytest.raises(ValueError, match="mel"):
            models.vocoder(np.zeros(3))
        assert settings() == before


def test_gradients_pass_through_the_front_end_as_the_caller_wants_it(models: Models) -> None:
    wave = models.wave.clone().requires_grad_()
    with torch.autocast("cpu", torch.bfloat16):
        models.front_end(wave).sum().backward()
    assert wave.grad is not None
    with torch.no_grad():
        assert not models.front_end(wave).requires_grad


@pytest.mark.parametrize("state", ["float64", "float16", "several"])
def test_a_network_built_with_the_callers_settings_is_taken(
    tiny: bundle.Config, models: Models, state: str
) -> None:
    with default_dtype(torch.float64):
        network = bundle.build(tiny)
    network.load_state_dict(bundle.build(tiny).double().state_dict())
    with STATES[state]():
        made = Vocoder(network, tiny.mel)(models.mel)
    assert made.dtype == torch.float32
    assert {parameter.dtype for parameter in network.parameters()} == {torch.float32}
