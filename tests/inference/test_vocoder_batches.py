"""Batches of different lengths, noise inputs and frames first: each item is what it is alone."""

import dataclasses
import warnings

import numpy as np
import pytest
import torch

from wavegan import UserError, Vocoder, bundle
from wavegan.generators.base import MelGenerator
from wavegan.generators.melgan import MelGAN


class Noisy(MelGenerator):
    """Two channels of noise every second frame, added to the mel."""

    hop_length = 16

    def __init__(self):
        super().__init__()
        self.gain = torch.nn.Parameter(torch.ones(1))

    def noise_shape(self, frames):
        return 2, -(-frames // 2)

    def forward(self, mel, noise=None):
        heard = noise.sum(1).repeat_interleave(32, -1)[:, : mel.shape[-1] * 16]
        return self.gain * (heard + mel.mean(1).repeat_interleave(16, -1))[:, None]


@pytest.fixture(scope="module")
def vocoder(tiny):
    torch.manual_seed(0)
    return Vocoder(bundle.build(tiny), tiny.mel)


@pytest.fixture
def noisy(tiny):
    return Vocoder(Noisy(), tiny.mel)


def mels(*shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(3)) - 7


LENGTHS = [20, 7, 20, 1, 13]


def as_mask(lengths, frames):
    return torch.arange(frames) < torch.tensor(lengths)[:, None]


@pytest.mark.parametrize("way", ["lengths", "tensor", "mask"])
def test_each_item_of_a_padded_batch_equals_its_own_run(vocoder, way):
    batch = mels(5, 8, 20)
    given = {
        "lengths": {"lengths": LENGTHS},
        "tensor": {"lengths": torch.tensor(LENGTHS)},
        "mask": {"mask": as_mask(LENGTHS, 20)},
    }[way]
    made = vocoder(batch, **given)
    assert made.shape == (5, 320)
    for item, length in enumerate(LENGTHS):
        alone = vocoder(batch[item, :, :length])
        torch.testing.assert_close(made[item, : length * 16], alone, rtol=0, atol=1e-6)
        assert not made[item, length * 16 :].any()
    plain = vocoder(batch)
    assert (plain[1, 90:112] - made[1, 90:112]).abs().max() > 1e-4  # padding is heard otherwise


def test_padding_may_hold_anything(vocoder):
    batch = mels(2, 8, 10)
    louder = batch.clone()
    louder[1, :, 4:] = 0
    assert torch.equal(vocoder(batch, lengths=[10, 4]), vocoder(louder, lengths=[10, 4]))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"lengths": [3]}, r"lengths are \[3\]: give 2 numbers of frames from 1 to 6"),
        ({"lengths": [3, 7]}, r"lengths are \[3, 7\]"),
        ({"lengths": [0, 6]}, r"lengths are \[0, 6\]"),
        ({"mask": torch.ones(2, 5)}, r"mask has shape \(2, 5\): give one row of 6"),
        ({"mask": as_mask([2, 0], 6)}, "mask: .* one or more frames"),
        ({"mask": ~as_mask([2, 3], 6)}, "mask: .* then false"),
        ({"mask": as_mask([2, 3], 6), "lengths": [2, 3]}, "give one of them"),
        ({"noise": torch.zeros(2, 1, 96)}, "noise: this model takes no noise"),
    ],
)
def test_what_does_not_fit_the_batch_is_refused(vocoder, given, message):
    with pytest.raises(UserError, match=message):
        vocoder(mels(2, 8, 6), **given)


def test_noise_is_drawn_from_the_seed_alone(noisy):
    batch = mels(3, 8, 9)
    state = torch.get_rng_state()
    made = noisy(batch, lengths=[9, 4, 9])
    assert torch.equal(torch.get_rng_state(), state)
    for item, length in enumerate([9, 4, 9]):
        alone = noisy(batch[item, :, :length])
        assert torch.equal(made[item, : length * 16], alone)
    assert torch.equal(noisy(batch), noisy(batch, seed=0))
    assert not torch.equal(noisy(batch), noisy(batch, seed=1))


@pytest.mark.parametrize("shape", [(2, 5), (5, 2), (1, 2, 5), (3, 5, 2), (3, 2, 5)])
def test_noise_is_taken_in_the_shapes_that_projects_keep_it_in(noisy, shape):
    batch = mels(3, 8, 9)
    given = torch.randn(shape, generator=torch.Generator().manual_seed(5))
    laid_out = given if shape[-2:] == (2, 5) else given.transpose(-1, -2)
    expected = noisy.generator(batch, laid_out.reshape(-1, 2, 5).expand(3, -1, -1))[:, 0]
    assert torch.equal(noisy(batch, given), expected)
    assert torch.equal(noisy(batch, noise=given.numpy()), expected)


def test_given_noise_goes_with_its_item(noisy):
    batch, given = mels(2, 8, 6), torch.randn(2, 2, 3)
    made = noisy(batch, given, lengths=[3, 6])
    assert torch.equal(made[0, :48], noisy(batch[0, :, :3], given[0, :, :2]))
    assert torch.equal(made[1], noisy(batch[1], given[1]))


@pytest.mark.parametrize("shape", [(4,), (2, 4), (3, 5), (4, 2, 5)])
def test_noise_of_another_shape_is_refused(noisy, shape):
    with pytest.raises(UserError, match="noise"):
        noisy(mels(3, 8, 9), torch.zeros(shape))


def test_frames_first_is_understood_where_the_project_has_it(vocoder):
    first = Vocoder(
        vocoder.generator, dataclasses.replace(vocoder.mel_config, layout="frames_first")
    )
    mel = mels(2, 8, 10)
    assert torch.equal(first(mel.transpose(1, 2)), vocoder(mel))
    assert torch.equal(first(mel), vocoder(mel))
    with pytest.raises(UserError, match=r"\(2, 10, 8\): this vocoder takes \(\.\.\., 8, frames\)"):
        vocoder(mel.transpose(1, 2))


def test_values_of_another_front_end_are_warned_of_once(vocoder):
    fresh = Vocoder(vocoder.generator, vocoder.mel_config)
    wave = torch.sin(torch.arange(3200) * 0.3) / 2
    linear = fresh.mel(wave).exp()
    with pytest.warns(RuntimeWarning, match="mel values span .*doctor mel") as caught:
        [fresh(linear) for _ in range(2)]
    assert len(caught) == 1
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Vocoder(vocoder.generator, vocoder.mel_config)(fresh.mel(wave))


def test_arrays_are_taken_and_audio_can_be_changed_in_place(vocoder):
    mel = mels(8, 5)
    made = vocoder(mel.numpy())
    assert torch.equal(made, vocoder(mel))
    made *= 0.5  # inference-mode tensors would refuse
    assert np.isfinite(made.numpy()).all()


def test_too_few_frames_for_reflected_borders_are_refused(tiny):
    network = MelGAN(n_mels=8, upsample_rates=[4, 4], upsample_initial_channel=8)
    short = Vocoder(network, tiny.mel)
    with pytest.raises(UserError, match=r"mel has 2 frames, .* reflects its borders"):
        short(mels(8, 2))
    assert short(mels(8, 8)).shape == (128,)


def test_a_network_that_fails_at_any_length_says_so_itself(tiny, monkeypatch):
    network = MelGAN(n_mels=8, upsample_rates=[4, 4], upsample_initial_channel=8)
    broken = Vocoder(network, tiny.mel)

    def fails(*_given):
        raise RuntimeError("Padding size of another matter")

    monkeypatch.setattr(broken.generator, "forward", fails)
    with pytest.raises(RuntimeError, match="of another matter") as caught:
        broken(mels(8, 2))
    assert not isinstance(caught.value, UserError)
