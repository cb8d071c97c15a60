"""Augmentation: the physics of each change, gradients of both orders, and which clips change."""

import math
from functools import partial

import pytest
import torch
from torch import Tensor

from wavegan.data._augment_time import at_speed, masked, shifted
from wavegan.data._augment_tone import BANDS, equalised, noisy
from wavegan.data.augment import Augment
from wavegan.errors import UserError

OFF = {"polarity": False, "channels": False, "gain": 0.0, "shift": 0.0, "equalise": 0.0}
ALL = {"speed": 0.5, "noise": 0.1, "mask": 0.25}
KINDS = {
    "polarity": {"polarity": True},
    "channels": {"channels": True},
    "gain": {"gain": 6.0},
    "shift": {"shift": 0.25},
    "looped shift": {"shift": 0.25, "loop": True},
    "speed": {"speed": 1.0},
    "equalise": {"equalise": 6.0},
    "looped equalise": {"equalise": 6.0, "loop": True},
    "noise": {"noise": 0.1},
    "mask": {"mask": 0.3},
}


def only(kind: str, p: float = 1.0) -> Augment:
    return Augment(p, **{**OFF, **KINDS[kind]})


def clips(batch: int = 4, channels: int = 2, samples: int = 400, seed: int = 1) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return 0.3 * torch.randn(batch, channels, samples, generator=generator)


def decibels(ratio: Tensor) -> Tensor:
    return 20 * torch.log10(ratio)


def tone(frequency: float, samples: int = 4000) -> Tensor:
    """A sine `(1, 1, T)`; frequency in cycles a sample."""
    return torch.sin(2 * math.pi * frequency * torch.arange(samples).double())[None, None].float()


def test_at_p_0_audio_comes_back_bit_for_bit() -> None:
    audio = clips()
    before = torch.get_rng_state()
    assert torch.equal(Augment(**ALL)(audio), audio)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("kind", KINDS)
def test_p_is_the_share_of_clips_that_are_changed(kind: str) -> None:
    """Of 400 clips; the others stay bit for bit. 5 standard deviations are 50 clips or fewer."""
    audio, augment = clips(400, samples=64), only(kind, 0.0)
    for p in (0.3, 0.7, 1.0):
        augment.p = p
        torch.manual_seed(0)
        made = augment(audio)
        assert made.shape == audio.shape
        assert made.dtype == audio.dtype
        assert made.isfinite().all()
        changed = int((made != audio).flatten(1).any(1).sum())
        # a clip that is chosen keeps its sign or order half of the time, and 1 shift in 33 is 0
        share = {"polarity": 0.5, "channels": 0.5}.get(kind, 32 / 33 if "shift" in kind else 1.0)
        assert abs(changed - 400 * p * share) <= 50 * math.sqrt(1.2 - p * share)


@pytest.mark.parametrize("kind", KINDS)
def test_each_clip_draws_its_own(kind: str) -> None:
    torch.manual_seed(0)
    same = clips(1).expand(12, -1, -1)
    different = len({tuple(clip.flatten().tolist()) for clip in only(kind)(same)})
    assert different >= (2 if kind in ("polarity", "channels") else 9)


def test_randomness_is_torchs_global_generator() -> None:
    audio, made = clips(), []
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        made.append(Augment(0.7, **ALL)(audio))
    assert torch.equal(made[0], made[1])
    assert not torch.equal(made[0], made[2])


def test_mono_and_short_clips_pass() -> None:
    torch.manual_seed(0)
    for samples in (1, 2, 7):
        assert Augment(1.0, **ALL)(clips(3, 1, samples)).shape == (3, 1, samples)
    audio = clips(8, 1)
    assert torch.equal(only("channels")(audio), audio)


def test_polarity_and_channels_turn_half_of_the_chosen_over() -> None:
    """So the mean of D's input of one sign is 1 - p of it, never below 0."""
    for p in (0.4, 1.0):
        torch.manual_seed(0)
        signs = only("polarity", p)(torch.ones(4000, 1, 1))
        assert set(signs.flatten().tolist()) == {-1.0, 1.0}
        assert signs.mean().item() == pytest.approx(1 - p, abs=0.05)
        left = only("channels", p)(torch.tensor([1.0, 0.0]).repeat(4000, 1)[..., None])[:, 0]
        assert left.mean().item() == pytest.approx(1 - p / 2, abs=0.03)


def test_gain_is_uniform_in_decibels() -> None:
    torch.manual_seed(0)
    gains = decibels(Augment(1.0, **{**OFF, "gain": 12.0})(torch.ones(4000, 1, 1)).flatten())
    quartiles = gains.quantile(torch.tensor([0.0, 0.25, 0.5, 0.75, 1.0]))
    torch.testing.assert_close(quartiles, torch.tensor([-12.0, -6, 0, 6, 12]), atol=0.6, rtol=0)
    assert gains.abs().max() <= 12.001


def test_shifts_move_samples_and_fill_with_zeros_or_around() -> None:
    audio = torch.arange(1.0, 6.0).repeat(3, 2, 1)
    moved = torch.tensor([2, 0, -1])
    assert shifted(audio, moved)[:, 0].tolist() == [
        [0, 0, 1, 2, 3],
        [1, 2, 3, 4, 5],
        [2, 3, 4, 5, 0],
    ]
    around = shifted(audio, moved, loop=True)
    assert around[:, 1].tolist() == [[4, 5, 1, 2, 3], [1, 2, 3, 4, 5], [2, 3, 4, 5, 1]]


def test_shifts_reach_as_far_as_they_say_both_ways() -> None:
    torch.manual_seed(0)
    click = torch.zeros(2000, 1, 100)
    click[..., 50] = 1
    places = Augment(1.0, **{**OFF, "shift": 0.2})(click)[:, 0].argmax(-1)
    assert places.unique().tolist() == list(range(30, 71))


def test_where_a_looped_shift_puts_sounds_can_be_undone_unless_it_always_shifts() -> None:
    """A spectrum of the positions without a zero divides out; at p 1 it passes through zero."""
    click = torch.zeros(20_000, 1, 64)
    click[..., 0] = 1
    lowest = []
    for p in (0.7, 1.0):
        torch.manual_seed(0)
        heard = Augment(p, **{**OFF, "shift": 0.2, "loop": True})(click).mean(0)[0]
        lowest.append(torch.fft.rfft(heard).real.min().item())
    assert lowest == pytest.approx([0.3 - 0.7 * 0.22, -0.22], abs=0.03)


@pytest.mark.parametrize("speed", [0.94, 0.999, 1.06, 1.3])
def test_speed_multiplies_frequency_from_the_first_sample_on(speed: float) -> None:
    made = at_speed(tone(0.11), torch.tensor([speed]))[0, 0]
    exact = round(speed * 2**16) / 2**16
    inside = slice(20, int(3900 / max(speed, 1)))
    error = (made - tone(0.11 * exact)[0, 0])[inside].abs().max()
    assert error < 0.005
    after = math.ceil(4010 / speed)
    assert not made[after:].any()


def test_speed_1_changes_nothing_and_silence_and_offsets_stay() -> None:
    audio = clips(3)
    torch.testing.assert_close(at_speed(audio, torch.ones(3)), audio, atol=1e-6, rtol=0)
    level = at_speed(torch.ones(1, 1, 200), torch.tensor([0.97]))
    torch.testing.assert_close(level[..., 10:190], torch.ones(1, 1, 180))


def test_what_would_fold_over_is_filtered_out() -> None:
    """0.47 cycles a sample, played 1.3 times as fast, would come back at 0.39."""
    made = at_speed(tone(0.47), torch.tensor([1.3]))[0, 0, 20:2900]
    assert made.square().mean().sqrt() < 0.02


def test_the_equaliser_has_the_gains_of_its_anchors() -> None:
    """Read off the response to a click: 8 octaves, the highest at half the sample rate."""
    torch.manual_seed(0)
    gains = 6 * torch.randn(5, BANDS)
    click = torch.zeros(5, 1, 4096)
    click[..., 0] = 1
    response = torch.fft.rfft(equalised(click, gains)).abs()[:, 0]
    anchors = [2048 >> octave for octave in reversed(range(BANDS))]
    torch.testing.assert_close(decibels(response[:, anchors]), gains, atol=0.1, rtol=0)
    low = decibels(response[:, : anchors[0]])
    torch.testing.assert_close(low, gains[:, :1].expand_as(low), atol=0.3, rtol=0)


@pytest.mark.parametrize("length", [16, 17])
def test_even_short_loops_get_exactly_the_gains_of_their_bins(length: int) -> None:
    gains = torch.tensor([[7.0, -6, 3, 0, -9, 6, -3, 4]])
    click = torch.zeros(1, 1, length)
    click[..., 0] = 1
    made = decibels(torch.fft.rfft(equalised(click, gains, loop=True)).abs())[0, 0]
    assert made[0].item() == pytest.approx(7, abs=1e-3)
    if length == 16:
        bins = [made[place].item() for place in (1, 2, 4, 8)]
        assert bins == pytest.approx([-9, 6, -3, 4], abs=1e-3)
    else:
        assert -9 < made[1].item() < 6  # no bin is on an anchor
        assert -3 < made[8].item() < 4


def test_the_equaliser_gives_attacks_no_forerunner() -> None:
    click = torch.zeros(1, 1, 4096)
    click[..., 2000] = 1
    gains = torch.tensor([[12.0, -12] * (BANDS // 2)])
    made = equalised(click, gains)[0, 0]
    assert made[:2000].abs().max() < 1e-4
    assert made[2000] > 0.2
    assert made[2001:].abs().max() > 0.05


@pytest.mark.parametrize("length", [500, 501])
def test_a_looped_equaliser_commutes_with_turning_the_loop(length: int) -> None:
    gains = torch.tensor([[9.0, -6, 3, 0, -9, 6, -3, 4]])
    audio = clips(1, 1, length)
    turned = equalised(audio.roll(77, -1), gains, loop=True)
    made = equalised(audio, gains, loop=True)
    torch.testing.assert_close(made.roll(77, -1), turned, atol=1e-6, rtol=0)
    assert (equalised(audio, gains) - made).abs().max() > 1e-3


def test_equalisers_add_up_in_decibels_and_0_changes_nothing() -> None:
    audio, first, second = clips(1), torch.randn(1, BANDS), 3 * torch.randn(1, BANDS)
    for loop in (False, True):
        change = partial(equalised, loop=loop)
        torch.testing.assert_close(
            change(change(audio, first), second), change(audio, first + second), atol=1e-4, rtol=0
        )
        torch.testing.assert_close(change(audio, 0 * first), audio, atol=1e-6, rtol=0)


def test_noise_has_the_given_level_relative_to_its_clip() -> None:
    torch.manual_seed(0)
    audio = clips(2, 1, 100_000) * torch.tensor([1.0, 0.01])[:, None, None]
    noise = torch.randn_like(audio)
    added = noisy(audio, noise, torch.tensor([0.1, -0.5])) - audio
    ratio = added.square().mean((1, 2)).sqrt() / audio.square().mean((1, 2)).sqrt()
    torch.testing.assert_close(ratio, torch.tensor([0.1, 0.5]), atol=0.005, rtol=0)
    assert noisy(0 * audio, noise, torch.ones(2)).abs().max() < 1e-3


def test_the_mask_silences_one_piece() -> None:
    audio = torch.ones(2, 1, 8)
    assert masked(audio, torch.tensor([3, -2]), 4)[:, 0].tolist() == [
        [1, 1, 1, 0, 0, 0, 0, 1],
        [0, 0, 1, 1, 1, 1, 1, 1],
    ]
    torch.manual_seed(0)
    made = Augment(1.0, **{**OFF, "mask": 0.25})(torch.ones(2000, 2, 40))
    assert torch.equal(made[:, 0], made[:, 1])
    silent = (made[:, 0] == 0).sum(1)
    assert (int(silent.min()), int(silent.max())) == (5, 10)
    assert (made[:, 0] == 0).float().mean(0).min() > 0.1  # every place is silenced now and then


@pytest.mark.parametrize("kind", [*KINDS, "all"])
def test_gradients_of_both_orders_are_those_of_the_function(kind: str) -> None:
    augment = Augment(1.0, **ALL) if kind == "all" else only(kind)
    audio = clips(2, 2, 6).double().requires_grad_()

    def seeded(audio: Tensor) -> Tensor:
        torch.manual_seed(4)
        return augment(audio)

    assert torch.autograd.gradcheck(seeded, audio)
    # most are linear: a curved discriminator makes the second order matter
    assert torch.autograd.gradgradcheck(lambda audio: seeded(audio.tanh()).tanh(), audio)


def test_gradients_are_finite_at_silence() -> None:
    """Where the square root of the level has none."""
    audio = torch.zeros(4, 1, 64, requires_grad=True)
    torch.manual_seed(0)
    made = Augment(1.0, **ALL)(audio)
    (slope,) = torch.autograd.grad(made.square().sum(), audio, create_graph=True)
    (curve,) = torch.autograd.grad(slope.square().sum(), audio)
    assert made.isfinite().all()
    assert slope.isfinite().all()
    assert curve.isfinite().all()


def test_audio_is_computed_as_it_is_under_autocast() -> None:
    audio, made = clips(), []
    for enabled in (False, True):
        torch.manual_seed(0)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=enabled):
            made.append(Augment(1.0, **ALL)(audio))
    assert made[1].dtype == torch.float32
    assert torch.equal(*made)


def test_options_switch_changes_on_and_off() -> None:
    assert len(Augment().changes) == 5
    assert len(Augment(**ALL).changes) == 8
    assert len(only("mask").changes) == 1
    assert not list(Augment().state_dict())


def test_what_cannot_be_is_refused() -> None:
    for name, value in {"p": 1.1, "gain": -1.0, "shift": 1.5, "speed": 13.0, "mask": -0.1}.items():
        with pytest.raises(UserError, match=f"augment: {name} is {value}: give a number from 0"):
            Augment(**{name: value})
    with pytest.raises(UserError, match="noise is nan"):
        Augment(noise=float("nan"))
    with pytest.raises(UserError, match="speed is"):
        Augment(loop=True, speed=0.5)
    with pytest.raises(UserError, match="every change is off"):
        Augment(**OFF)
