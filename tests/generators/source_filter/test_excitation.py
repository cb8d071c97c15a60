"""Pulses against sums of cosines, and bands that do not change a flat spectrum."""

import math

import pytest
import torch

from wavegan.generators._source_filter.excitation import band_shapes, pulses

RATE = 8000


def steady(pitch: float, samples: int = RATE) -> torch.Tensor:
    return torch.full((1, samples), pitch)


@pytest.mark.parametrize(("pitch", "overtones"), [(100.0, None), (700.0, None), (100.0, 3)])
def test_it_is_the_sum_of_its_overtones(pitch: float, overtones: int | None) -> None:
    time = torch.arange(1, RATE + 1, dtype=torch.float64) / RATE
    room = RATE / 2 / pitch
    count = math.floor(room) if overtones is None else overtones
    wanted = torch.zeros_like(time)
    for k in range(1, count + 1):
        # the highest below half the sample rate fades in
        weight = room - math.floor(room) if overtones is None and k == math.floor(room) else 1.0
        wanted += weight * torch.cos(2 * torch.pi * k * pitch * time)
    wanted *= math.sqrt(2 / min(room, overtones or room))
    made = pulses(steady(pitch), RATE, overtones=overtones)[0].double()
    torch.testing.assert_close(made, wanted, rtol=0, atol=1e-4)


@pytest.mark.parametrize(("pitch", "overtones"), [(61.3, None), (233.0, None), (50.0, 1)])
def test_it_is_about_as_strong_as_white_noise(pitch: float, overtones: int | None) -> None:
    power = pulses(steady(pitch, 80_000), RATE, overtones=overtones).square().mean()
    assert power.item() == pytest.approx(1, abs=0.08)


def test_nothing_is_mirrored_at_half_the_sample_rate() -> None:
    """A pitch that glides through an octave has no component between its overtones."""
    window = torch.hann_window(RATE)
    spectrum = torch.fft.rfft(pulses(steady(230.0), RATE)[0] * window).abs()
    between = torch.ones_like(spectrum, dtype=torch.bool)
    for k in range(1, 18):
        between[230 * k - 3 : 230 * k + 4] = False
    assert spectrum[between].max() < 1e-4 * spectrum.max()


def test_overtones_do_not_come_and_go_at_once() -> None:
    """The smallest change of the pitch at which there is one more overtone."""
    above, below = (pulses(steady(400 + change, 50), RATE) for change in (1e-3, -1e-3))
    assert (above - below).abs().max() < 0.02 * above.abs().max()


def test_a_loop_has_whole_periods() -> None:
    """82.6 periods become 83, and the next round is the same."""
    pitch = torch.linspace(90, 130.3, 6000)[None].requires_grad_()
    made = pulses(pitch, RATE, loop=True)
    moved = pitch * 83 / (pitch.sum() / RATE)
    torch.testing.assert_close(made, pulses(moved, RATE), rtol=0, atol=5e-3)
    again = pulses(moved.repeat(1, 2), RATE)[:, 6000:]
    torch.testing.assert_close(made, again, rtol=0, atol=1e-2)
    made.square().sum().backward()
    assert pitch.grad is not None
    assert pitch.grad.isfinite().all()


def test_a_long_clip_is_as_precise_as_a_short_one() -> None:
    """The last second of ten minutes, 60,000 periods later."""
    made = pulses(steady(100.0, 600 * RATE), RATE)[0, -RATE:]
    torch.testing.assert_close(made, pulses(steady(100.0), RATE)[0], rtol=0, atol=1e-2)


def test_gradients_are_those_of_the_phase() -> None:
    pitch = torch.linspace(200, 220, 40, dtype=torch.float32)[None].requires_grad_()
    made = pulses(pitch, RATE, overtones=2)
    made[0, -1].backward()
    assert pitch.grad is not None
    numeric = []
    for place in (0, 20, 39):
        moved = [pitch.detach().clone() for _ in range(2)]
        moved[0][0, place] += 0.5
        moved[1][0, place] -= 0.5
        ends = [pulses(each, RATE, overtones=2)[0, -1] for each in moved]
        numeric.append(ends[0] - ends[1])
    torch.testing.assert_close(
        pitch.grad[0, [0, 20, 39]], torch.stack(numeric), rtol=0.02, atol=1e-5
    )


def test_bands_draw_lines_and_are_evenly_spaced_in_mel() -> None:
    shapes = band_shapes(5, 129, RATE)
    assert shapes.shape == (129, 5)
    torch.testing.assert_close(shapes.sum(1), torch.ones(129))
    assert shapes[0].tolist() == [1, 0, 0, 0, 0]
    assert shapes[-1].tolist() == [0, 0, 0, 0, 1]
    # the middle of 2146 mel, that of 4000 Hz, is 1073 mel: 1113 Hz
    assert shapes[:, 2].argmax().item() == pytest.approx(1113 / 4000 * 128, abs=0.5)
