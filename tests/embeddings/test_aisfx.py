"""aiSFX: the spectrogram of Essentia, the network of its package, and sounds getting worse."""

import contextlib
import io as streams
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from wavegan import plugins
from wavegan.data import clips
from wavegan.data.scan import scan
from wavegan.embeddings.aisfx import AiSFX
from wavegan.errors import UserError
from wavegan.set_metrics.frechet import Frechet

RATE, SAMPLES = 44100, 44100


@cache
def embedding() -> AiSFX:
    try:
        return AiSFX().eval()
    except UserError as missing:
        pytest.skip(str(missing))


def chirp() -> Tensor:
    """0.68 s from 100 Hz up to 8.3 kHz, amplitude 1/2: `(1, 1, 30000)`."""
    time = np.arange(30000) / RATE
    wave = 0.5 * np.sin(2 * np.pi * (100 * time + 6000 * time * time))
    return torch.from_numpy(wave.astype(np.float32))[None, None]


def test_the_spectrogram_is_essentias() -> None:
    """Numbers that Essentia 2.1b6.dev1389 gives by the package's `spectrogram_essentia`."""
    found = embedding().spectrogram(chirp())
    assert found.shape == (1, 100, 96)
    assert not found[0, 31:].any()
    by_frame = {
        0: (5, 0.83381563, 0.17211549, 20.374771),
        7: (37, 0.84146553, 0.56482595, 6.2645082),
        29: (70, 0.8017821, 0.3312453, 32.935917),
        30: (70, 0.546154, 0.20528583, 20.582058),
    }
    for frame, (loudest, level, fortieth, total) in by_frame.items():
        bands = found[0, frame]
        assert int(bands.argmax()) == loudest
        assert float(bands.max()) == pytest.approx(level, abs=1e-5)
        assert float(bands[40]) == pytest.approx(fortieth, abs=1e-4)
        assert float(bands.sum()) == pytest.approx(total, abs=1e-3)


def test_the_embedding_is_the_packages() -> None:
    """Of 5 s: 216 frames, three full blocks and a rest that is left out."""
    found = embedding()
    package: Any = pytest.importorskip("aisfx.inference")
    wave = 0.1 * torch.randn(1, 1, 5 * RATE, generator=torch.Generator().manual_seed(0))
    wave[..., 100000:] *= 0.1

    class Net:
        get_embedding = staticmethod(found.network)

    spectrogram = found.spectrogram(wave)[0].numpy()
    assert spectrogram.shape == (217, 96)
    with contextlib.redirect_stdout(streams.StringIO()):
        blocks = package.model_get_embedding(spectrogram, 0.5, True, Net(), "cpu")
    assert blocks.shape == (3, 512)
    with torch.no_grad():
        assert torch.allclose(found(wave)[0], blocks.mean(0), atol=1e-5)


def test_a_clip_gets_the_same_vector_in_any_company() -> None:
    both = torch.cat([chirp(), 0.1 * chirp().flip(2)])
    with torch.no_grad():
        together = embedding()(both)
        apart = torch.cat([embedding()(each[None]) for each in both])
        stereo = embedding()(chirp().expand(1, 2, -1))
    assert together.shape == (2, 512)
    assert torch.allclose(together, apart, atol=1e-5)
    assert not torch.allclose(together[0], together[1], atol=0.1)
    assert torch.allclose(stereo[0], together[0], atol=1e-5)
    assert embedding().sample_rate == RATE


def test_any_length_will_do() -> None:
    with torch.no_grad():
        assert embedding()(torch.zeros(1, 1, 1)).isfinite().all()
        padded = torch.nn.functional.pad(chirp(), (0, 2048))
        assert torch.allclose(embedding()(padded), embedding()(chirp()), atol=0.05)


def degraded(audio: Tensor, low_pass: int | None = None, noise: float = 0.0) -> Tensor:
    """The sounds with white noise, or low-pass filtered at a frequency in Hz."""
    random = torch.Generator().manual_seed(0)
    audio = audio + noise * torch.randn(audio.shape, generator=random)
    if low_pass:
        spectrum = torch.fft.rfft(audio)
        spectrum[..., round(low_pass * audio.shape[-1] / RATE) :] = 0
        audio = torch.fft.irfft(spectrum, n=audio.shape[-1])
    return audio


@pytest.mark.slow
def test_the_frechet_distance_grows_as_drums_get_worse(shared: Path) -> None:
    manifest = scan(shared / "data" / "drums")
    chosen = manifest.clips[::22][:32]
    waves = [clips.crop(c, manifest.root, RATE, start=0, frames=SAMPLES) for c in chosen]
    drums = torch.stack([torch.nn.functional.pad(w, (0, SAMPLES - w.shape[-1])) for w in waves])
    assert drums.shape == (32, 1, SAMPLES)

    def listen(audio: Tensor) -> Tensor:
        with torch.no_grad():
            return torch.cat([embedding()(part) for part in audio.split(16)])

    real, others = listen(drums[::2]), drums[1::2]
    floor = Frechet()(listen(others), real)
    noises = [Frechet()(listen(degraded(others, noise=n)), real) for n in (0.003, 0.1)]
    assert floor < noises[0] < noises[1]
    passes = [Frechet()(listen(degraded(others, low_pass=f)), real) for f in (8000, 2000)]
    assert floor < passes[0] < passes[1]


@pytest.mark.parametrize("module", ["aisfx.models.cnn2d", "aisfx"])
def test_a_missing_package_names_the_command(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if module == "aisfx":
        for name in [name for name in sys.modules if name.startswith("aisfx.")]:
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(UserError, match=r"^aisfx: .*run .*pip install --no-deps aisfx$"):
        AiSFX()


def test_it_is_built_by_its_name() -> None:
    embedding()
    made = plugins.build("embeddings", "aisfx", {}, where="embedding", context={"sample_rate": 8})
    assert isinstance(made, AiSFX)
    assert not any(p.requires_grad for p in made.parameters())
