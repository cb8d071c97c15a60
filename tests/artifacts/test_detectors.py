"""Each detector on waves made by hand: what it must find, and what it must not."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from wavegan.artifacts import _impulses, _spectrum
from wavegan.artifacts.band_limit import BandLimit
from wavegan.artifacts.base import Artifact, Finding, interpolate_non_finite, merged
from wavegan.artifacts.buzz import Buzz
from wavegan.artifacts.clicks import Clicks
from wavegan.artifacts.clipping import Clipping
from wavegan.artifacts.dc import DC
from wavegan.artifacts.dropouts import Dropouts
from wavegan.artifacts.end_clicks import EndClicks
from wavegan.artifacts.hum import Hum
from wavegan.artifacts.level import Level, _k_weights
from wavegan.artifacts.non_finite import NonFinite
from wavegan.artifacts.spectral_holes import SpectralHoles
from wavegan.artifacts.tonal_lines import TonalLines
from wavegan.audio import io

RATE = 22050


def sine(hertz: float, seconds: float = 3.0, amplitude: float = 0.3) -> Tensor:
    time = torch.arange(round(seconds * RATE), dtype=torch.float64) / RATE
    return (amplitude * torch.sin(2 * math.pi * hertz * time + 0.3)).float()[None]


def noise(seconds: float = 3.0, amplitude: float = 0.01) -> Tensor:
    source = torch.Generator().manual_seed(1)
    return amplitude * torch.randn(1, round(seconds * RATE), generator=source)


def bursts(seconds: float = 3.0) -> Tensor:
    """Noise that rises and falls by 30 dB, like speech."""
    time = torch.arange(round(seconds * RATE)) / RATE
    return noise(seconds, 0.003) + noise(seconds, 0.1) * (torch.sin(2 * math.pi * time) > 0)


def only(findings: list[Finding]) -> Finding:
    assert len(findings) == 1, [finding.text for finding in findings]
    return findings[0]


def test_a_sine_of_full_scale_is_0_db_in_its_bin() -> None:
    look = _spectrum.spectrum(sine(RATE / 8, amplitude=1.0)[0], RATE, 0.05)
    assert look.db.max() == pytest.approx(0, abs=0.01)
    assert look.hertz[look.db[:, 0].argmax()] == RATE / 8


def test_linear_prediction_leaves_an_impulse_and_no_sine() -> None:
    wave = sine(440)[0] + noise(amplitude=1e-4)[0]
    wave[30000] += 0.05
    left = _impulses.residual(wave, RATE)
    assert left.shape == wave.shape
    assert left[100:].argmax() + 100 == 30000
    assert left[30000] == pytest.approx(0.05, rel=0.1)
    assert np.median(left) < 1e-3


@pytest.mark.parametrize("level", [-50, -55])
def test_a_line_in_hiss_has_the_frequency_and_level_it_was_given(level: float) -> None:
    found = only(TonalLines()(bursts() + sine(3170, amplitude=10 ** (level / 20)), RATE))
    assert found.low == pytest.approx(3170, abs=1)
    assert f"{level} dBFS" in found.text
    assert (found.start, found.end) == pytest.approx((0, 3), abs=0.2)


def test_a_note_that_is_held_or_dies_away_is_no_line() -> None:
    held = sine(440) + sine(880, amplitude=0.1) + noise(amplitude=1e-3)
    dying = held * torch.exp(-torch.arange(held.shape[1]) / RATE)
    assert TonalLines()(held, RATE) == []
    assert TonalLines()(dying, RATE) == []


@pytest.mark.parametrize(
    ("hertz", "stage"),
    [(11025, "stage 4 (x2)"), (5512.5, "stage 3 (x2)"), (689.0625 * 3, "stage 2 (x8)")],
)
def test_a_known_generators_stage_is_named(hertz: float, stage: str) -> None:
    detector = TonalLines(upsample_rates=[8, 8, 2, 2], hop_length=256)
    found = only(detector(bursts() + sine(hertz, amplitude=8e-3), RATE))
    assert found.cause.startswith(f"{stage} of your generator: ")


def test_stages_are_counted_from_the_frame_rate_on() -> None:
    """iSTFTNet's stages end below the sample rate: its second begins at 86.13 * 8 Hz too."""
    detector = TonalLines(upsample_rates=[8, 8], hop_length=256)
    found = only(detector(bursts() + sine(689.0625 * 5, amplitude=3e-3), RATE))
    assert found.cause.startswith("stage 2 (x8)")


def test_a_line_off_the_grid_is_not_put_down_to_upsampling() -> None:
    found = only(TonalLines()(bursts() + sine(3170, amplitude=3e-3), RATE))
    assert "steady tone" in found.cause


@pytest.mark.parametrize("base", [50, 60])
def test_hum_is_reported_by_two_lines_and_is_no_tonal_line(base: int) -> None:
    wave = bursts() + sine(base, amplitude=0.01) + sine(3 * base, amplitude=0.01)
    found = only(Hum()(wave, RATE))
    assert f"hum of {base} Hz" in found.text
    assert (found.low, found.high) == pytest.approx((base, 3 * base), abs=1)
    assert TonalLines()(wave, RATE) == []
    assert Hum()(bursts() + sine(2 * base, amplitude=0.01), RATE) == []
    assert "lines at" in only(Hum()(bursts() + sine(base, amplitude=0.01), RATE)).text


def test_an_offset_is_measured_and_a_low_note_is_none() -> None:
    found = only(DC()(noise() + 0.01, RATE))
    assert found.strength == pytest.approx(1.0, abs=0.02)
    assert DC()(sine(23), RATE) == []
    assert DC()(noise() + 0.003, RATE) == []


def test_a_wave_cut_off_flat_is_clipped_and_a_slow_one_is_not() -> None:
    loud = sine(300, amplitude=0.8)
    found = only(Clipping()(loud.clamp(-0.6, 0.6), RATE))
    assert "at -4.4 dBFS" in found.text
    assert "at full scale" in only(Clipping()((2 * loud).clamp(-1, 1), RATE)).text
    assert Clipping()(loud, RATE) == []
    slow = (sine(20, amplitude=0.5) * 32768).round() / 32768
    assert Clipping()(slow, RATE) == []


def test_a_hole_in_sound_is_a_dropout_and_a_pause_is_not() -> None:
    wave = noise(amplitude=0.1)
    wave[:, 20000:20400] = 0
    found = only(Dropouts()(wave, RATE))
    assert (found.start, found.end) == pytest.approx((20000 / RATE, 20400 / RATE), abs=1e-3)
    stuck = noise(amplitude=0.1)
    stuck[:, 20000:20400] = 0.05
    assert "the same value, +0.050" in only(Dropouts()(stuck, RATE)).text
    fading = noise(amplitude=0.1)
    fading[:, 10000:20000] *= torch.linspace(1, 0, 10000) ** 3
    fading[:, 20000:30000] = 0
    assert Dropouts()(fading, RATE) == []
    assert Dropouts()(fading - 0.05, RATE) == []


def test_a_false_sample_is_a_click_and_a_drum_is_none() -> None:
    wave = sine(200) + noise()
    wave[:, 30000] += 0.3
    found = only(Clicks()(wave, RATE))
    assert found.start == pytest.approx(30000 / RATE, abs=2 / RATE)
    drum = torch.zeros(1, 2 * RATE)
    drum[:, RATE:] = noise(1.0, 0.5) * torch.exp(-torch.arange(RATE) / 2000)
    assert Clicks()(drum + noise(2.0, 1e-4), RATE) == []
    pulses = noise(amplitude=1e-3)
    pulses[:, :: RATE // 100] += 0.2
    assert Clicks()(pulses, RATE) == []


def test_clicks_at_the_seams_of_chunks_have_one_period() -> None:
    wave = sine(200) + noise(amplitude=0.005)
    wave[:, 4096::5120] += 0.2
    found = only(Clicks()(wave, RATE))
    assert found.what == "click that comes back"
    assert "(5120 samples)" in found.text
    wave = sine(200) + noise(amplitude=0.005)
    wave[:, [9000, 21000, 30500, 50321]] += 0.2
    assert only(Clicks()(wave, RATE)).what == "click"


def test_a_burst_at_an_edge_is_a_click_and_a_drum_is_none() -> None:
    quiet = noise(amplitude=1e-3)
    quiet[:, RATE : 2 * RATE] *= 200
    edge = quiet.clone()
    edge[:, -5:] = 0.1
    found = only(EndClicks()(edge, RATE))
    assert (found.what, found.start) == ("click at the end", pytest.approx(3.0))
    assert only(EndClicks()(edge.flip(1), RATE)).what == "click at the start"
    assert EndClicks()(quiet, RATE) == []
    drum = noise(1.0, 0.5) * torch.exp(-torch.arange(RATE) / 300)
    assert EndClicks()(drum, RATE) == []


def test_a_cut_is_reported_unless_it_is_a_loop() -> None:
    wave = sine(10.1, 1.04, 0.5)
    assert only(EndClicks()(wave * torch.linspace(0, 1, wave.shape[1]), RATE)).what == (
        "cut at the end"
    )
    loop = sine(10, 1.0, 0.5)
    assert EndClicks()(loop, RATE) == []


def low_passed(wave: Tensor, hertz: float) -> Tensor:
    spectrum = torch.fft.rfft(wave.double())
    spectrum[:, round(hertz * wave.shape[1] / RATE) :] = 0
    return torch.fft.irfft(spectrum, wave.shape[1]).float()


def test_a_band_limit_is_where_the_filter_is() -> None:
    found = only(BandLimit()(low_passed(bursts(), 8000), RATE))
    assert found.low == pytest.approx(8000, rel=0.01)
    assert "recording of 16000 Hz" in found.cause
    assert BandLimit()(bursts(), RATE) == []
    assert BandLimit()(low_passed(bursts(), 10700), RATE) == []


def test_a_hole_has_two_sides() -> None:
    wave = bursts()
    gap = low_passed(wave, 3000) + wave - low_passed(wave, 4000)
    found = only(SpectralHoles()(gap, RATE))
    assert (found.low, found.high) == pytest.approx((3000, 4000), abs=60)
    assert SpectralHoles()(low_passed(wave, 4000), RATE) == []
    notes = sum((sine(220 * n, amplitude=0.1 / n) for n in range(1, 20)), noise(amplitude=1e-4))
    assert SpectralHoles()(notes, RATE) == []


def syllables(hiss: Tensor) -> Tensor:
    """Vowels of 0.25 s, each followed by as much of the hiss."""
    voice = sum(sine(130 * n, amplitude=0.2 / n) for n in range(1, 12))
    time = torch.arange(voice.shape[1]) / RATE
    return torch.where((time % 0.5) < 0.25, voice, hiss) + noise(amplitude=1e-4)


def test_pulses_in_hiss_buzz_and_hiss_does_not() -> None:
    assert Buzz()(syllables(noise(amplitude=0.05)), RATE) == []
    pulses = torch.zeros_like(noise())
    pulses[:, :: RATE // 90] = 0.5
    found = only(Buzz()(syllables(pulses - low_passed(pulses, 1500)), RATE))
    assert found.what == "buzz"
    assert found.low == pytest.approx(90, rel=0.05)
    ringing = noise(amplitude=0.05) + sine(4200, amplitude=0.05)
    tone = only(Buzz()(syllables(ringing), RATE))
    assert (tone.what, tone.low) == ("metallic tone", pytest.approx(4200, rel=0.01))


def test_a_note_does_not_buzz() -> None:
    notes = sum(sine(523 * n, amplitude=0.1) for n in range(1, 10))
    assert Buzz()(notes * torch.exp(-torch.arange(notes.shape[1]) / RATE), RATE) == []


def test_levels() -> None:
    def kinds(audio: Tensor) -> list[str]:
        return [finding.what for finding in Level()(audio, RATE)]

    wave = noise(amplitude=0.1)
    assert kinds(wave) == []
    assert kinds(wave * 0) == ["silence"]
    assert kinds(wave * 0.01) == ["too quiet"]
    assert kinds(wave * 20) == ["too loud"]
    assert kinds(torch.cat([wave, wave * 0])) == ["dead channel"]
    assert kinds(torch.cat([wave, 0.05 * wave.flip(1)])) == ["unequal channels"]
    assert kinds(torch.cat([wave, -wave])) == ["channels cancel"]
    assert kinds(torch.cat([wave, wave.flip(1)])) == []


def test_a_level_unlike_the_originals_is_reported_in_lu(clips: list[tuple[Tensor, int]]) -> None:
    clip, rate = clips[0]
    found = only(Level().against(0.5 * clip, clip, rate))
    assert found.strength == pytest.approx(20 * math.log10(2), abs=0.01)
    assert "6.0 LU quieter" in found.text
    assert Level().against(0.9 * clip, clip, rate) == []


def test_loudness_weights_as_bs_1770_does() -> None:
    """A tone of 997 Hz counts 0.69 dB more, as the standard's offset of 0.691 undoes; at 50 Hz the
    high-pass takes most."""
    level = Level()
    low = only(level.against(sine(997, amplitude=0.3), sine(997, amplitude=0.1), RATE))
    assert low.strength == pytest.approx(20 * math.log10(3), abs=0.01)
    assert _k_weights(np.array([997.0]))[0] == pytest.approx(0.69, abs=0.02)
    assert _k_weights(np.array([10000.0]))[0] == pytest.approx(4.0, abs=0.1)
    assert _k_weights(np.array([20.0]))[0] < -10


def test_values_that_are_not_finite_are_counted_and_interpolated() -> None:
    wave = noise()
    wave[:, 100:103], wave[:, 200] = math.nan, math.inf
    found = only(NonFinite()(wave, RATE))
    assert found.text == "3 samples are NaN, 1 infinite"
    assert (found.start, found.end) == pytest.approx((100 / RATE, 201 / RATE))
    whole = interpolate_non_finite(wave)
    assert bool(whole.isfinite().all())
    assert float(whole[0, 101]) == pytest.approx(float(wave[0, 99] + wave[0, 103]) / 2, abs=1e-6)
    assert NonFinite()(noise(), RATE) == []


DETECTORS: tuple[Artifact, ...] = (
    *(BandLimit(), Buzz(), Clicks(), Clipping(), DC(), Dropouts(), EndClicks(), Hum(), Level()),
    *(NonFinite(), SpectralHoles(), TonalLines()),
)


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda detector: type(detector).__name__)
@pytest.mark.parametrize("samples", [1, 2, 50, 1000, 9000])
@pytest.mark.parametrize("rate", [8000, 48000])
def test_short_and_silent_clips_break_nothing(detector: Artifact, samples: int, rate: int) -> None:
    for clip in (torch.zeros(1, samples), torch.ones(2, samples), noise()[:, :samples]):
        assert isinstance(detector(clip, rate), list)


@pytest.mark.parametrize("detector", DETECTORS, ids=lambda detector: type(detector).__name__)
def test_denormal_silence_is_what_zeros_are(
    detector: Artifact, silences: Callable[..., dict[str, Tensor]]
) -> None:
    kinds = silences(1, 9000)
    said = {kind: [found.what for found in detector(kinds[kind], 22050)] for kind in kinds}
    assert set(map(tuple, said.values())) == {tuple(said["zeros"])}
    for clip in kinds.values():
        for found in detector.against(clip, noise()[:, :9000], 22050):
            assert math.isfinite(found.strength)


def test_channels_that_say_the_same_are_reported_once(clips: list[tuple[Tensor, int]]) -> None:
    clip, rate = clips[0]
    offset = clip + 0.03
    assert len(DC()(torch.cat([offset, offset]), rate)) == 1
    assert len(DC()(torch.cat([offset, 0.5 * offset]), rate)) == 1


def test_what_the_original_has_too_is_not_told() -> None:
    wave, reference = low_passed(bursts(), 8000), low_passed(bursts().flip(1), 8050)
    assert len(BandLimit()(wave, RATE)) == 1
    assert BandLimit().against(wave, reference, RATE) == []
    assert len(BandLimit().against(wave, bursts(), RATE)) == 1


def test_findings_are_merged_by_kind_frequency_and_time() -> None:
    def finding(start: float, low: float, strength: float) -> Finding:
        return Finding("x", "x", "", "", start, start + 1, strength, "dB", low, low)

    one = only(merged([finding(0, 100, 1), finding(0.5, 101, 2)]))
    assert (one.start, one.end, one.strength) == (0, 1.5, 2)
    assert len(merged([finding(0, 100, 1), finding(0, 110, 1)])) == 2
    assert len(merged([finding(0, 100, 1), finding(2, 100, 1)])) == 2


def test_real_vocoders_lines_are_found(shared: Path) -> None:
    """WaveGlow makes samples in groups of 8: its lines are at multiples of 22050 / 8 Hz."""
    demo = shared / "data" / "vocoder-demo" / "ljspeech"
    for number in (1, 2):
        audio, rate = io.read(demo / "waveglow" / f"{number}.flac")
        found = TonalLines()(torch.from_numpy(audio), rate)
        assert {round(finding.low or 0) for finding in found} >= {2756, 11025}
        original, _ = io.read(demo / "ground-truth" / f"{number}.flac")
        assert TonalLines()(torch.from_numpy(original), rate) == []
