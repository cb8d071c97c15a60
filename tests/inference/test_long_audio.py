"""Hours of audio through a vocoder: block by block, with the same samples as in one piece."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from wavegan import Mel, Vocoder, bundle, memory_limit
from wavegan.audio import io
from wavegan.audio.window import Window
from wavegan.errors import UserError
from wavegan.generators.base import MelGenerator
from wavegan.generators.parallel_wavegan import ParallelWaveGAN
from wavegan.generators.stylemelgan import StyleMelGAN
from wavegan.generators.univnet import UnivNet
from wavegan.generators.vocos import Vocos
from wavegan.inference import long_audio, noise, pieces, whole
from wavegan.inference.revocode import revocode
from wavegan.mel import mel_file, spectrogram
from wavegan.mel.blocks import mel_blocks
from wavegan.mel.spectrogram import MelSpectrogram

RATE = 16000
Opened = Callable[[str], Vocoder]


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small blocks, so that files of a second count as long."""
    monkeypatch.setattr(pieces, "SAMPLES", 1600)
    monkeypatch.setattr(spectrogram, "LONGEST", 4000)
    monkeypatch.setattr(mel_file, "BLOCK", 70)
    monkeypatch.setattr(noise, "BLOCK", 800)


@pytest.fixture(scope="module")
def opened(tiny: bundle.Config) -> Opened:
    def made(kind: str) -> Vocoder:
        torch.manual_seed(0)
        if kind == "hifigan":
            return Vocoder(bundle.build(tiny), tiny.mel, 0.95)
        if kind == "as recorded":
            return Vocoder(bundle.build(tiny), tiny.mel)
        if kind == "vocos":
            centred = dataclasses.replace(tiny.mel, padding="center", mask_last=-3.0, mean=-5.0)
            options = {"dim": 16, "intermediate_dim": 32, "num_layers": 2, "n_fft": 64}
            return Vocoder(Vocos(n_mels=8, hop_length=16, **options), centred, 0.5)
        if kind == "univnet":
            univnet = {"hidden_channels": 4, "kernel_sizes": [3, 3], "dilations": [[1, 3]] * 2}
            return Vocoder(
                UnivNet(n_mels=8, noise_channels=4, upsample_rates=[4, 4], **univnet), tiny.mel
            )
        network = ParallelWaveGAN(
            n_mels=8, layers=4, stacks=2, residual_channels=4, gate_channels=4, skip_channels=4,
            upsample_rates=[4, 4],
        )  # fmt: skip
        return Vocoder(network, tiny.mel)

    return made


KINDS = ("hifigan", "as recorded", "vocos", "parallel_wavegan", "univnet")


def sound(*shape: int) -> "np.ndarray[tuple[int, ...], np.dtype[np.float32]]":
    return np.random.default_rng(0).uniform(-0.3, 0.3, shape).astype(np.float32)


def joined(long: long_audio.LongAudio | None) -> Tensor:
    assert long is not None
    blocks = list(long.blocks)
    assert len(blocks) > 2
    audio = torch.cat(blocks)
    assert len(audio) == long.samples
    return audio


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("file", "shape", "rate"),
    [
        ("a.wav", (1, 9000), RATE),
        ("a.flac", (2, 9001), RATE),
        ("a.wav", (2, 30_011), 44100),
        ("a.ogg", (1, 8000), 8000),
        ("a.mp3", (2, 20_000), 22050),
    ],
)
def test_a_recording_in_blocks_is_the_whole(
    tmp_path: Path, opened: Opened, kind: str, file: str, shape: tuple[int, int], rate: int
) -> None:
    io.write(tmp_path / file, sound(*shape), rate)
    vocoder = opened(kind)
    long = joined(long_audio.copied(vocoder, tmp_path / file))
    original = torch.from_numpy(io.read(tmp_path / file, sample_rate=RATE)[0][0])
    assert torch.equal(long, revocode(vocoder, original))
    assert long.any()


@pytest.mark.parametrize("samples", [4001, 4015, 4016, 4017, 8191, 8192])
@pytest.mark.parametrize("kind", ["hifigan", "vocos"])
def test_odd_lengths_too(tmp_path: Path, opened: Opened, samples: int, kind: str) -> None:
    io.write(tmp_path / "a.wav", sound(samples), RATE)
    vocoder = opened(kind)
    long = joined(long_audio.copied(vocoder, tmp_path / "a.wav"))
    original = torch.from_numpy(io.read(tmp_path / "a.wav")[0][0])
    assert torch.equal(long, revocode(vocoder, original))


def test_short_ones_are_made_at_once(tmp_path: Path, opened: Opened) -> None:
    io.write(tmp_path / "a.wav", sound(4000), RATE)
    np.save(tmp_path / "a.npy", sound(8, 250))
    assert long_audio.copied(opened("hifigan"), tmp_path / "a.wav") is None
    assert long_audio.vocoded(opened("hifigan"), tmp_path / "a.npy") is None


@pytest.mark.parametrize("peak", [0.95, None])
def test_silence_and_quiet_recordings(tmp_path: Path, tiny: bundle.Config, peak: float) -> None:
    torch.manual_seed(0)
    vocoder = Vocoder(bundle.build(tiny), tiny.mel, peak)
    for name, gain in (("silence", 0.0), ("inaudible", 1e-6), ("quiet", 1e-3)):
        io.write(tmp_path / f"{name}.wav", gain * sound(9000), RATE, subtype="FLOAT")
        long = joined(long_audio.copied(vocoder, tmp_path / f"{name}.wav"))
        original = torch.from_numpy(io.read(tmp_path / f"{name}.wav")[0][0])
        assert torch.equal(long, revocode(vocoder, original)), name


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.filterwarnings("ignore:mel values:RuntimeWarning")
def test_a_mel_in_blocks_is_the_whole(
    tmp_path: Path, opened: Opened, kind: str, turned: bool
) -> None:
    mel = 3 * sound(8, 601) - 7
    np.save(tmp_path / "a.npy", (mel.T if turned else mel).astype(np.float64))
    np.savez(tmp_path / "a.npz", mel=mel[None])
    vocoder = opened(kind)
    made = vocoder(mel)
    for file in ("a.npy", "a.npz"):
        long = joined(long_audio.vocoded(vocoder, tmp_path / file))
        assert torch.equal(long, made)


def test_what_is_wrong_is_found_before_the_work(tmp_path: Path, opened: Opened) -> None:
    vocoder, wave = opened("hifigan"), sound(9000)
    wave[8999] = np.nan
    mel = sound(8, 601)
    mel[3, 600] = np.inf
    np.save(tmp_path / "nan.npy", mel)
    io.write(tmp_path / "cut.flac", sound(90_000), RATE)
    data = (tmp_path / "cut.flac").read_bytes()
    (tmp_path / "cut.flac").write_bytes(data[: len(data) // 2])
    import soundfile

    soundfile.write(tmp_path / "nan.wav", wave, RATE, "FLOAT")
    soundfile.write(tmp_path / "loud.wav", 1000 * sound(9000), RATE, "FLOAT")
    with pytest.raises(UserError, match=r"nan\.wav.* not finite"):
        long_audio.copied(vocoder, tmp_path / "nan.wav")
    with pytest.raises(UserError, match=r"nan\.npy: .* not finite"):
        long_audio.vocoded(vocoder, tmp_path / "nan.npy")
    with pytest.raises(io.ShortReadError, match=r"cut\.flac: damaged"):
        long_audio.copied(vocoder, tmp_path / "cut.flac")
    with pytest.raises(UserError, match=r"loud\.wav peaks at 29"):
        long_audio.copied(opened("as recorded"), tmp_path / "loud.wav")


def test_a_long_mel_of_another_front_end_is_said(tmp_path: Path, opened: Opened) -> None:
    np.save(tmp_path / "linear.npy", np.abs(sound(8, 3000)) ** 8)
    with pytest.warns(RuntimeWarning, match="mel values span"):
        long_audio.vocoded(opened("hifigan"), tmp_path / "linear.npy")


class Undeclared(MelGenerator):
    """A class outside the package with an unknown receptive field."""

    hop_length = 16

    def __init__(self) -> None:
        super().__init__()
        self.up = nn.ConvTranspose1d(8, 1, 16, 16)

    def forward(self, mel: Tensor) -> Tensor:
        made: Tensor = self.up(mel)
        return made


def test_what_has_to_be_made_at_once_is_bounded(
    tmp_path: Path, tiny: bundle.Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    vocoder = Vocoder(Undeclared(), tiny.mel)
    io.write(tmp_path / "a.wav", sound(20 * RATE), RATE)
    np.save(tmp_path / "a.npy", sound(8, 20_000))
    assert long_audio.copied(vocoder, tmp_path / "a.wav") is None
    monkeypatch.setenv(memory_limit.VARIABLE, "0.351")
    for make, file in ((long_audio.copied, "a.wav"), (long_audio.vocoded, "a.npy")):
        with pytest.raises(
            UserError, match=rf"{file[0]}\{file[1:]}: 20 s .*{memory_limit.VARIABLE}"
        ):
            make(vocoder, tmp_path / file)
    monkeypatch.setenv(memory_limit.VARIABLE, "much")
    with pytest.raises(UserError, match=f"{memory_limit.VARIABLE}=much"):
        long_audio.copied(vocoder, tmp_path / "a.wav")


def test_what_a_network_holds_is_counted(tiny: bundle.Config) -> None:
    """A mel and its audio are in memory; the memory of convolutions is added."""
    most = whole._bytes_per_frame(Undeclared(), 8) - whole.COPIES * 4 * 16
    assert most == pytest.approx(whole.SCRATCH * 4 * 16, rel=0.1)
    networks = (StyleMelGAN(n_mels=8, width=width) for width in (8, 16))
    narrow, wide = (whole._bytes_per_frame(network, 8) for network in networks)
    assert 1.7 < wide / narrow < 2.1


@pytest.mark.parametrize("padding", ["same", "center"])
@pytest.mark.parametrize("pad_mode", ["reflect", "zero"])
@pytest.mark.parametrize("size", [1, 33, 1000, 10**5])
def test_mels_of_blocks_are_those_of_the_whole(padding: str, pad_mode: str, size: int) -> None:
    mel = Mel(
        sample_rate=RATE, n_fft=256, hop_length=60, win_length=200, n_mels=8, f_max=None,
        padding=padding, pad_mode=pad_mode, mask_last=-2.0, scale=3.0, clip=(-3.0, 1.0),
    )  # fmt: skip
    front_end, wave = MelSpectrogram(mel), torch.from_numpy(sound(5003))
    blocks = list(mel_blocks(front_end, wave.split(size), len(wave)))
    assert len(blocks) > 3
    assert torch.equal(torch.cat(blocks, -1), front_end(wave))


@pytest.mark.parametrize("length", [1, 15, 16, 799, 800, 815, 816, 1600, 2417])
def test_noise_in_blocks_is_that_at_once(length: int) -> None:
    for channels in (1, 3):
        blocks = list(noise.draw_blocks((channels, length), 5))
        assert torch.equal(torch.cat(blocks, -1), noise.draw((channels, length), 5)[0])


def test_a_window_lets_go_of_what_is_behind_it() -> None:
    window = Window(torch.arange(100.0).split(7))
    for first, last in ((0, 3), (2, 40), (30, 41), (41, 41), (60, 99), (95, 200)):
        assert window.between(first, last).tolist() == list(range(first, min(last, 100)))
        assert sum(block.shape[-1] for block in window._held) <= last - first + 7
