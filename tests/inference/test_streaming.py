"""Streams of mels through a vocoder, as a text-to-speech system uses them."""

import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from wavegan import Mel, UserError, Vocoder
from wavegan.audio import io
from wavegan.generators.hifigan import HiFiGAN
from wavegan.generators.parallel_wavegan import ParallelWaveGAN
from wavegan.generators.stylemelgan import StyleMelGAN
from wavegan.generators.univnet import UnivNet
from wavegan.inference import noise, pieces
from wavegan.mel import spectrogram

pytestmark = pytest.mark.filterwarnings("ignore:mel values:RuntimeWarning")
FRONT_END = Mel(sample_rate=16000, n_fft=64, hop_length=16, win_length=64, n_mels=8, f_max=None)
SPEECH = torch.randn(8, 300, generator=torch.Generator().manual_seed(3)) - 7
OPTIONS = {"n_mels": 8, "upsample_rates": [4, 4]}


def hifigan(**options: Any) -> HiFiGAN:
    torch.manual_seed(0)
    kernels = {"upsample_kernel_sizes": [8, 8], "upsample_initial_channel": 16}
    return HiFiGAN(**{**OPTIONS, **kernels, **options})


def pwg(rates: list[int]) -> ParallelWaveGAN:
    torch.manual_seed(0)
    sizes = {"layers": 4, "stacks": 2, "residual_channels": 8, "gate_channels": 8}
    return ParallelWaveGAN(n_mels=8, upsample_rates=rates, skip_channels=8, **sizes)


def chunks(mel: Tensor, *sizes: int) -> Iterator[Tensor]:
    place = 0
    while place < mel.shape[-1]:
        for size in sizes:
            yield mel[..., place : place + size]
            place += size


def joined(parts: Iterable[Tensor]) -> Tensor:
    return torch.cat(list(parts), -1)


def near(made: Tensor, whole: Tensor) -> bool:
    return made.shape == whole.shape and bool(
        (made - whole).abs().max() <= 1e-5 * whole.abs().max()
    )


@pytest.fixture(scope="module")
def vocoder() -> Vocoder:
    return Vocoder(hifigan(), FRONT_END)


@pytest.mark.parametrize("sizes", [(1,), (7, 1, 0, 30), (300,), (299, 1), (80,)])
@pytest.mark.parametrize("lead", [(), (1,), (2, 3)])
def test_all_chunks_together_are_the_whole(
    vocoder: Vocoder, sizes: tuple[int, ...], lead: tuple[int, ...]
) -> None:
    shifts = torch.arange(float(math.prod(lead))).reshape(*lead, 1, 1)
    mel = SPEECH + shifts
    made = joined(vocoder.stream(chunks(mel, *sizes)))
    assert near(made, vocoder(mel))


def test_frames_as_many_as_bands_are_not_turned(vocoder: Vocoder) -> None:
    assert near(joined(vocoder.stream(chunks(SPEECH, 8))), vocoder(SPEECH))


def test_each_sample_comes_as_soon_as_it_is_final(vocoder: Vocoder) -> None:
    after = vocoder.lookahead
    assert after is not None
    assert after > 0
    taken: list[int] = []

    def source() -> Iterator[Tensor]:
        for place in range(0, 300, 10):
            taken.append(place + 10)
            yield SPEECH[:, place : place + 10]

    done = 0
    for part in vocoder.stream(source()):
        done += part.shape[-1]
        if done < 300 * 16:
            assert done == (taken[-1] - after) * 16
    assert done == 300 * 16
    # and no sooner: a later frame changes the next sample's frame
    other = SPEECH.clone()
    other[:, 100:] *= 1000
    first, second = vocoder(SPEECH), vocoder(other)
    changed = int((first != second).nonzero()[0])
    assert (100 - after) * 16 <= changed < (100 - after + 2) * 16


def test_a_causal_one_has_no_lookahead() -> None:
    causal = Vocoder(hifigan(causal=True), FRONT_END)
    assert causal.lookahead == 0
    stream = causal.stream(chunks(SPEECH, 5))
    assert next(stream).shape == (80,)
    assert near(torch.cat([causal(SPEECH[:, :5]), joined(stream)]), causal(SPEECH))


@pytest.mark.parametrize("rates", [[4, 4], [3], [5, 3]])
@pytest.mark.parametrize("frames", [40, 41, 300, 299, 3])
def test_drawn_noise_is_that_of_the_whole(rates: list[int], frames: int) -> None:
    """Also where torch draws the last values of a tensor again: at 16 k + r values."""
    network = pwg(rates)
    hop = network.hop_length
    mel = Mel(sample_rate=16000, n_fft=64, hop_length=hop, win_length=64, n_mels=8, f_max=None)
    vocoder = Vocoder(network, mel)
    given = SPEECH[:, :frames]
    assert near(joined(vocoder.stream(chunks(given, 13), seed=5)), vocoder(given, seed=5))
    assert not near(joined(vocoder.stream(chunks(given, 13), seed=6)), vocoder(given, seed=5))


def test_long_noise_passes_through_several_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(noise, "FEW", 64)
    vocoder = Vocoder(pwg([4, 4]), FRONT_END)
    pair = SPEECH.expand(2, -1, -1)
    assert near(joined(vocoder.stream(chunks(pair, 50))), vocoder(pair))


def test_given_noise_of_several_channels() -> None:
    torch.manual_seed(0)
    sizes = {"hidden_channels": 4, "kernel_sizes": [3, 3], "dilations": [[1, 3]] * 2}
    vocoder = Vocoder(UnivNet(noise_channels=4, **OPTIONS, **sizes), FRONT_END)
    given = torch.randn(4, 300)
    whole = vocoder(SPEECH, noise=given)
    assert near(joined(vocoder.stream(chunks(SPEECH, 20), noise=chunks(given, 33))), whole)
    first, again = (joined(vocoder.stream(chunks(SPEECH, size), seed=1)) for size in (20, 31))
    assert near(first, again)


def test_in_bfloat16_it_is_nearly_the_whole() -> None:
    vocoder = Vocoder(hifigan(upsample_initial_channel=64), FRONT_END, precision="bfloat16")
    made, whole = joined(vocoder.stream(chunks(SPEECH, 50))), vocoder(SPEECH)
    assert (made - whole).abs().max() <= 0.03 * whole.abs().max()


def test_a_consumer_may_stop_and_change_what_it_got(vocoder: Vocoder) -> None:
    stream = vocoder.stream(chunks(SPEECH, 40))
    next(stream).mul_(2)
    stream.close()  # type: ignore[attr-defined]
    assert list(vocoder.stream([])) == []
    assert list(vocoder.stream([SPEECH[:, :0]])) == []


def test_settings_of_the_caller_stay_outside(vocoder: Vocoder) -> None:
    with torch.autocast("cpu", torch.bfloat16):
        parts = []
        for part in vocoder.stream(chunks(SPEECH, 40)):
            assert torch.is_autocast_enabled("cpu")
            parts.append(part)
    assert near(joined(parts), vocoder(SPEECH))


class TestRefusals:
    @pytest.mark.parametrize(
        ("given", "message"),
        [
            ([SPEECH, SPEECH[:4]], r"chunk 1 .*\(4, 300\)"),
            ([SPEECH, SPEECH[None]], r"chunk 1 .*\(1,\)"),
            ([SPEECH / 0], r"chunk 0 .*finite"),
            (["mel"], "chunk 0"),
            ([SPEECH.T], r"chunk 0 .*\(300, 8\)"),
        ],
    )
    def test_chunks_that_do_not_fit(self, vocoder: Vocoder, given: Any, message: str) -> None:
        with pytest.raises(UserError, match=message):
            list(vocoder.stream(given))

    def test_noise_for_a_model_without(self, vocoder: Vocoder) -> None:
        with pytest.raises(UserError, match="noise"):
            vocoder.stream([SPEECH], noise=[torch.zeros(1, 10)])

    @pytest.mark.parametrize("given", [torch.zeros(1, 100), torch.zeros(3, 4800)])
    def test_noise_that_does_not_fit(self, given: Tensor) -> None:
        vocoder = Vocoder(pwg([4, 4]), FRONT_END)
        with pytest.raises(UserError, match=r"noise has shape"):
            list(vocoder.stream([SPEECH], noise=[given]))

    def test_one_that_needs_the_whole_mel(self) -> None:
        torch.manual_seed(0)
        network = StyleMelGAN(n_mels=8, width=8)
        vocoder = Vocoder(network, FRONT_END)
        assert vocoder.lookahead is None
        with pytest.raises(UserError, match=r"StyleMelGAN.*stream_overlapped"):
            vocoder.stream([SPEECH])


class TestOverlapped:
    @pytest.mark.parametrize("sizes", [(300,), (20, 3), (60,)])
    @pytest.mark.parametrize("frames", [300, 47, 10])
    def test_is_the_whole_up_to_what_a_window_does_not_see(
        self, vocoder: Vocoder, sizes: tuple[int, ...], frames: int
    ) -> None:
        mel = SPEECH[:, :frames]
        reach = vocoder.reach
        assert reach is not None
        overlap = 2 * sum(reach)
        made = joined(
            vocoder.stream_overlapped(chunks(mel, *sizes), window=overlap + 20, overlap=overlap)
        )
        whole = vocoder(mel)
        assert made.shape == whole.shape
        assert (made - whole).square().sum() < 0.02 * whole.square().sum()

    def test_windows_must_be_wider_than_their_overlap(self, vocoder: Vocoder) -> None:
        with pytest.raises(UserError, match="window 8, overlap 8"):
            vocoder.stream_overlapped([SPEECH], window=8, overlap=8)


class TestFiles:
    def test_a_recording_is_copied_as_by_hand(self, vocoder: Vocoder, tmp_path: Path) -> None:
        wave = torch.sin(torch.arange(8000) / 9).numpy() / 2
        io.write(tmp_path / "in.wav", wave[None], 16000, subtype="FLOAT")
        vocoder.vocode_file(tmp_path / "in.wav", tmp_path / "new" / "out.wav", subtype="FLOAT")
        made, rate = io.read(tmp_path / "new" / "out.wav")
        assert (made.shape, rate) == ((1, 8000), 16000)
        expected = vocoder(vocoder.mel(torch.from_numpy(wave)))
        assert np.abs(made[0, :7000] - expected.numpy()[:7000]).max() < 1e-5

    def test_long_ones_go_by_in_blocks(
        self, vocoder: Vocoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        np.save(tmp_path / "mel.npy", SPEECH.numpy())
        vocoder.vocode_file(tmp_path / "mel.npy", str(tmp_path / "whole.wav"))
        monkeypatch.setattr(pieces, "SAMPLES", 1600)
        monkeypatch.setattr(spectrogram, "LONGEST", 4000)
        vocoder.vocode_file(str(tmp_path / "mel.npy"), tmp_path / "blocks.wav")
        first, second = (io.read(tmp_path / f"{name}.wav")[0] for name in ("whole", "blocks"))
        assert first.shape == second.shape == (1, 4800)
        # pieces of other lengths round their last bits differently
        assert np.abs(first - second).max() <= 1.01 / 2**15

    def test_the_input_is_not_overwritten(self, vocoder: Vocoder, tmp_path: Path) -> None:
        io.write(tmp_path / "in.wav", np.zeros((1, 8000), np.float32), 16000)
        before = (tmp_path / "in.wav").read_bytes()
        with pytest.raises(UserError, match=r"in\.wav"):
            vocoder.vocode_file(tmp_path / "in.wav", tmp_path / "in.wav")
        assert (tmp_path / "in.wav").read_bytes() == before
