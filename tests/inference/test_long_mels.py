"""Mels of minutes: decoded in pieces that equal the whole, in bounded memory."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from wavegan import Mel, MelSpectrogram, Vocoder, bundle
from wavegan.generators.base import MelGenerator
from wavegan.generators.parallel_wavegan import ParallelWaveGAN
from wavegan.generators.vocos import Vocos
from wavegan.inference import pieces
from wavegan.inference.revocode import revocode

pytestmark = pytest.mark.filterwarnings("ignore:mel values:RuntimeWarning")
MODELS = (
    *("bigvgan-v1-small", "descript-melgan", "jik876-v1-small", "jik876-v2", "jik876-v3"),
    *("pwg-hifigan", "pwg-mb-melgan", "pwg-melgan", "pwg-parallel-wavegan"),
    *("seungwonpark-melgan", "transformers-speecht5-hifigan", "vocos-small"),
)


def noise(*shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(3))


class Counting(MelGenerator):
    """Repeats each frame's mean; records its inputs."""

    hop_length, local = 16, True

    def __init__(self) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(1))
        self.given: list[tuple[int, ...]] = []

    def forward(self, mel: Tensor) -> Tensor:
        self.given.append(tuple(mel.shape))
        return self.gain * mel.mean(1, keepdim=True).repeat_interleave(16, -1)


class Whole(Counting):
    """Its output for a frame depends on all frames."""

    def forward(self, mel: Tensor) -> Tensor:
        return super().forward(mel - mel.mean(-1, keepdim=True))


class Undeclared(Counting):
    """A class outside the package that does not declare its receptive field."""

    local = False


@pytest.fixture(scope="module")
def vocoder(tiny: bundle.Config) -> Vocoder:
    torch.manual_seed(0)
    return Vocoder(bundle.build(tiny), tiny.mel)


@pytest.fixture
def hundred(monkeypatch: pytest.MonkeyPatch) -> int:
    """Frames of 16 samples that are decoded at once."""
    monkeypatch.setattr(pieces, "SAMPLES", 1600)
    return 100


@pytest.mark.parametrize("frames", [101, 250, 1000, 1001])
def test_it_is_the_whole(vocoder: Vocoder, hundred: int, frames: int) -> None:
    mel = noise(8, frames) - 7
    whole = vocoder.generator(mel[None])[0, 0]
    torch.testing.assert_close(vocoder(mel), whole, rtol=0, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_published_networks_too(
    golden: Callable[[str], tuple[Path, dict[str, Tensor]]],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    vocoder = Vocoder.from_pretrained(golden(name)[0])
    mel = vocoder.mel(0.1 * noise(256 * 700) * torch.linspace(0, 99, 256 * 700).sin().abs())
    mel = mel[:, :600]
    whole = vocoder(mel)
    monkeypatch.setattr(pieces, "SAMPLES", 256 * 150)
    cut = vocoder(mel)
    assert vocoder.reach is not None
    # convolutions of few frames round otherwise; weights that were drawn are louder than speech
    torch.testing.assert_close(cut, whole, rtol=0, atol=4e-6 * max(1.0, float(whole.abs().max())))


def test_centred_frames_and_noise_too(tiny: bundle.Config, hundred: int) -> None:
    torch.manual_seed(0)
    centred = Vocoder(
        Vocos(n_mels=8, dim=16, intermediate_dim=32, num_layers=2, n_fft=64, hop_length=16),
        tiny.mel,
    )
    noisy = ParallelWaveGAN(
        n_mels=8, layers=4, stacks=2, residual_channels=4, gate_channels=4, skip_channels=4,
        upsample_rates=[4, 4],
    )  # fmt: skip
    for made in (centred, Vocoder(noisy, tiny.mel)):
        mel = noise(2, 8, 333) - 7
        given = made.generator.noise_shape(333) and noise(2, *made.generator.noise_shape(333))
        cut = made(mel) if given is None else made(mel, given)
        for item in range(2):
            own = [mel[item, None]] if given is None else [mel[item, None], given[item, None]]
            whole = made.generator(*own)[0, 0]
            torch.testing.assert_close(cut[item], whole, rtol=0, atol=2e-6)


def test_short_mels_are_one_call(tiny: bundle.Config, hundred: int) -> None:
    network = Counting()
    Vocoder(network, tiny.mel)(noise(5, 8, 20))
    # before it the engine looks at the network once
    assert network.given == [(1, 8, 64), (5, 8, 20)]


def test_long_ones_are_even_pieces_and_batches_fewer_at_once(
    tiny: bundle.Config, hundred: int
) -> None:
    network = Counting()
    made = Vocoder(network, tiny.mel)
    mel = noise(1, 8, 990)
    torch.testing.assert_close(made(mel), network(mel)[:, 0], rtol=0, atol=1e-6)
    # how far it looks is tried once, and what it runs is looked at once
    assert network.given[:2] == [(1, 8, 64)] * 2
    assert {shape[0] for shape in network.given[2:-1]} == {1}
    assert len(network.given[2:-1]) == 10
    assert all(99 <= shape[2] < 99 + 16 for shape in network.given[2:-1])
    network.given.clear()
    made(noise(7, 8, 40))
    assert network.given == [(2, 8, 40), (2, 8, 40), (2, 8, 40), (1, 8, 40)]


class Forgiving(Counting):
    """It depends on all frames and hides NaN."""

    def forward(self, mel: Tensor) -> Tensor:
        return super().forward((mel - mel.mean(-1, keepdim=True)).nan_to_num())


@pytest.mark.parametrize("kind", [Whole, Undeclared, Forgiving])
def test_what_depends_on_all_is_decoded_whole(
    tiny: bundle.Config, hundred: int, kind: type[Counting]
) -> None:
    network = kind()
    mel = noise(1, 8, 990)
    made = Vocoder(network, tiny.mel)(mel)
    assert network.given[-1] == (1, 8, 990)
    assert torch.equal(made, network(mel)[:, 0])


def test_lists_and_padded_batches_of_long_mels(vocoder: Vocoder, hundred: int) -> None:
    mel = noise(2, 8, 300) - 7
    made = vocoder(mel, lengths=[300, 150])
    assert torch.equal(made[1, :2400], vocoder(mel[1, :, :150]))
    assert not made[1, 2400:].any()
    assert torch.equal(vocoder([mel[0]])[0], made[0])


@pytest.mark.parametrize(
    "mel",
    [
        Mel(sample_rate=16000, n_fft=64, hop_length=16, win_length=64, n_mels=8, f_max=None),
        Mel.preset("vocos-24k"),
        Mel(padding="center", pad_mode="zero"),
        Mel(precision="float64", mask_last=-11.5, mean=-5.0, scale=2.0),
    ],
    ids=["same", "centred", "centred, zeros", "float64"],
)
@pytest.mark.parametrize("rest", [0, 1, 77])
def test_mels_of_long_waves_are_made_in_blocks(
    mel: Mel, rest: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    front_end, wave = MelSpectrogram(mel), noise(2, 50 * mel.hop_length + rest) / 10
    whole = front_end(wave)
    monkeypatch.setattr("wavegan.mel.spectrogram.LONGEST", 7 * mel.n_fft)
    blocks = front_end(wave)
    assert blocks.shape == whole.shape
    torch.testing.assert_close(blocks, whole, rtol=0, atol=2e-5)


def test_a_long_recording_is_copied_in_pieces(vocoder: Vocoder, hundred: int) -> None:
    wave = noise(16 * 500 + 7) / 10
    made = revocode(vocoder, wave)
    assert made.shape == wave.shape
    assert made.isfinite().all()


@pytest.mark.slow
def test_memory_does_not_grow_with_the_length(
    save_tiny: Callable[..., Path], tmp_path: Path, script: Callable[[str], ModuleType]
) -> None:
    """Eight minutes, whole, take 1 GiB of this small network, and in pieces 0.2."""
    program = script("long_mels").__file__
    peaks: dict[Any, float] = {}
    for minutes in ("0", "8"):
        command = [sys.executable, str(program), str(save_tiny(tmp_path)), "--minutes", minutes]
        made = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        peaks[minutes] = json.loads(made)["peak_gib"]
    assert peaks["8"] - peaks["0"] < 0.4
