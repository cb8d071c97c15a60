"""The vocoder in two lines: shapes, equal batches, refusals, and a published network's output."""

import dataclasses
import json
import warnings

import pytest
import torch

from wavegan import UserError, Vocoder, bundle
from wavegan.mel.front_end import Mel
from wavegan.mel.spectrogram import MelSpectrogram

# networks with fresh weights are given noise as mels
pytestmark = pytest.mark.filterwarnings("ignore:mel values span:RuntimeWarning")


@pytest.fixture(scope="module")
def folder(tmp_path_factory, save_tiny):
    return save_tiny(tmp_path_factory.mktemp("model"))


@pytest.fixture
def vocoder(folder):
    return Vocoder.from_pretrained(folder)


def noise(*shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(3))


@pytest.mark.parametrize("shape", [(8, 10), (1, 8, 10), (4, 8, 1), (2, 3, 8, 7), (0, 8, 5)])
def test_frames_become_hop_length_samples_each(vocoder, shape):
    made = vocoder(noise(*shape))
    assert made.shape == (*shape[:-2], shape[-1] * 16)
    assert made.dtype == torch.float32
    assert made.isfinite().all()


def test_a_batch_gives_what_each_mel_alone_gives(vocoder):
    mels = noise(2, 3, 8, 20)
    together = vocoder(mels)
    for i in range(2):
        for j in range(3):
            torch.testing.assert_close(together[i, j], vocoder(mels[i, j]), rtol=0, atol=1e-6)
    assert together.std() > 1e-3
    assert (together[0, 0] - together[1, 2]).abs().max() > 1e-3


def test_it_is_deterministic_and_keeps_no_graph(vocoder, folder):
    mel = noise(8, 20).requires_grad_()
    made = vocoder(mel)
    assert torch.equal(made, vocoder(mel))
    assert torch.equal(made, Vocoder.from_pretrained(str(folder))(mel))
    assert not made.requires_grad
    assert not vocoder.mel(noise(100).requires_grad_()).requires_grad
    assert not any(parameter.requires_grad for parameter in vocoder.generator.parameters())
    assert not vocoder.generator.training


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.int64])
def test_mels_of_other_number_types_are_taken(vocoder, dtype):
    mel = (4 * noise(8, 12)).round()
    made = vocoder(mel.to(dtype))
    assert made.dtype == torch.float32
    assert torch.equal(made, vocoder(mel))


def test_it_says_what_it_takes_and_makes(vocoder, tiny):
    assert (vocoder.sample_rate, vocoder.hop_length, vocoder.n_mels) == (16000, 16, 8)
    assert vocoder.device == torch.device("cpu")
    assert vocoder.mel_config == tiny.mel
    assert vocoder.mel_config is vocoder.mel_config
    assert vocoder.peak == 0.95


@pytest.mark.parametrize("shape", [(400,), (2, 333), (2, 1, 160)])
def test_its_mel_is_that_of_its_front_end(vocoder, shape, tiny):
    wave = noise(*shape) / 4
    mel = vocoder.mel(wave)
    assert mel.shape == (*shape[:-1], 8, shape[-1] // 16)
    assert torch.equal(mel, MelSpectrogram(tiny.mel)(wave))
    assert torch.equal(vocoder.mel(wave.double()), vocoder.mel(wave))
    assert vocoder(mel).shape == (*shape[:-1], shape[-1] // 16 * 16)


def test_the_weights_are_folded(vocoder):
    assert not [key for key in vocoder.generator.state_dict() if "parametrizations" in key]


def test_to_returns_the_vocoder_and_names_a_device_that_is_not_there(vocoder):
    assert vocoder.to("cpu") is vocoder
    with pytest.raises(UserError, match=r"^device banana: .*banana"):
        vocoder.to("banana")
    if not torch.cuda.is_available():
        with pytest.raises(UserError, match=r"^device cuda: ") as error:
            vocoder.to("cuda")
        assert "\n" not in str(error.value)


def test_a_bad_device_is_named_on_opening_too(folder):
    with pytest.raises(UserError, match="device banana"):
        Vocoder.from_pretrained(folder, device="banana")


@pytest.mark.parametrize(
    ("mel", "message"),
    [
        (torch.zeros(7, 10), r"shape \(7, 10\): this vocoder takes \(\.\.\., 8, frames\)"),
        (torch.zeros(10, 8), r"shape \(10, 8\)"),
        (torch.zeros(8), r"shape \(8,\)"),
        (torch.zeros(8, 0), "no frames"),
        (torch.zeros(2, 8, 0), "no frames"),
        (torch.full((8, 3), torch.nan), "not finite"),
        (torch.full((8, 3), -torch.inf), "not finite"),
    ],
)
def test_a_mel_that_does_not_fit_is_refused(vocoder, mel, message):
    with pytest.raises(UserError, match=message):
        vocoder(mel)


def test_a_square_mel_is_oriented_by_its_values_or_by_default_with_a_warning(vocoder):
    walk = torch.linspace(-11, -4, 8)[:, None] + torch.linspace(0, 0.1, 8)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        right = vocoder(walk)
    with pytest.warns(RuntimeWarning, match=r"8 x 8 values .*\(frames, n_mels\) and transposed"):
        assert torch.equal(vocoder(walk.T), right)
    fresh = Vocoder(vocoder.generator, vocoder.mel_config)
    drawn = torch.rand(3, 8, 8, generator=torch.Generator().manual_seed(0)) - 5
    with pytest.warns(RuntimeWarning, match=r"axis order of 8 x 8 values is unclear") as said:
        made = [fresh(drawn) for _ in range(2)]
    assert len(said) == 1
    assert torch.equal(*made)


def test_an_empty_wave_is_refused(vocoder):
    with pytest.raises(UserError, match="0"):
        vocoder.mel(torch.zeros(0))


def test_a_model_of_another_task_is_no_vocoder(folder, tmp_path):
    config, generator = bundle.load(folder)
    bundle.save(tmp_path, dataclasses.replace(config, task="generate"), generator.state_dict())
    with pytest.raises(UserError, match="'generate' among the tasks"):
        Vocoder.from_pretrained(tmp_path)


def test_published_weights_in_a_bundle_give_the_originals_wave(golden, tmp_path):
    folder, expected = golden("jik876-v3")
    published = json.loads((folder / "config.json").read_text())
    options = {
        key: value
        for key, value in published.items()
        if key.startswith("upsample_") or key.startswith("resblock")
    }
    config = bundle.Config(mel=Mel.preset("hifigan-22k"), generator={"name": "hifigan", **options})
    weights = torch.load(folder / "g_00000100", weights_only=True)["generator"]
    bundle.save(tmp_path, config, weights)
    vocoder = Vocoder.from_pretrained(tmp_path)
    made, wave = vocoder(expected["mel"]), expected["wave"]
    assert made.shape == wave.shape
    assert wave.abs().max() > 0.1
    assert (made - wave).abs().max() <= 1e-5 * wave.abs().max()
    assert vocoder.sample_rate == published["sampling_rate"]
