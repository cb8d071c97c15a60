"""The calls of each system: its layout in, its layout out, the same audio."""

import dataclasses

import pytest
import torch

from wavegan import UserError, Vocoder, adapters, bundle

# networks with fresh weights are given noise as mels
pytestmark = pytest.mark.filterwarnings("ignore:mel values span:RuntimeWarning")
MEAN, STD = [-7.0 + band / 8 for band in range(8)], [1.5 + band / 10 for band in range(8)]


@pytest.fixture(scope="module")
def vocoder(tiny):
    torch.manual_seed(0)
    options = {**tiny.generator, "mel_mean": MEAN, "mel_std": STD}
    return Vocoder(bundle.build(dataclasses.replace(tiny, generator=options)), tiny.mel)


@pytest.fixture
def mel():
    return torch.randn(3, 8, 12, generator=torch.Generator().manual_seed(1)) - 7


def calls(mel):
    """For each adapter and layout: how it is called, and the shape that its system expects."""
    one = mel[0]
    return {
        "TransformersVocoder": [
            (lambda a: a(mel.transpose(1, 2)), (3, 192)),
            (lambda a: a(one.T), (192,)),
        ],
        "ParallelWaveGANVocoder": [
            (lambda a: a.inference(one.T, normalize_before=True), (192, 1)),
            (lambda a: a.inference(one.T.numpy(), normalize_before=True), (192, 1)),
        ],
        "ESPnetVocoder": [(lambda a: a(one.T), (192,))],
        "SpeechBrainVocoder": [
            (lambda a: a.decode_batch(mel), (3, 1, 192)),
            (lambda a: a.decode_batch(mel, mel_lens=[12, 12, 12], hop_len=16), (3, 1, 192)),
            (lambda a: a.decode_spectrogram(one), (1, 192)),
            (lambda a: a(mel), (3, 1, 192)),
        ],
        "NeMoVocoder": [(lambda a: a.convert_spectrogram_to_audio(spec=mel), (3, 192))],
        "CoquiVocoder": [(lambda a: a.inference(mel[:1]), (1, 1, 192))],
        "VocosVocoder": [(lambda a: a.decode(mel), (3, 192)), (lambda a: a.decode(one), (192,))],
        "HiFiGANVocoder": [
            (lambda a: a(mel).clamp(-1, 1), (3, 1, 192)),
            (lambda a: a(one), (1, 192)),
        ],
    }


@pytest.mark.parametrize("name", adapters.__all__)
def test_its_call_gives_the_vocoders_audio_in_its_layout(vocoder, mel, name):
    expected = vocoder(mel)
    adapter = getattr(adapters, name)(vocoder)
    for call, shape in calls(mel)[name]:
        made = call(adapter)
        assert made.shape == shape
        flat = made.reshape(-1, 192)
        torch.testing.assert_close(flat, expected[: len(flat)], rtol=0, atol=1e-6)
    assert adapter.sample_rate == 16000


@pytest.mark.parametrize("name", adapters.__all__)
def test_it_is_a_module_that_systems_can_handle(vocoder, name):
    adapter = getattr(adapters, name)(vocoder).to("cpu").eval()
    assert next(adapter.parameters()) is next(vocoder.generator.parameters())
    adapter.remove_weight_norm()
    assert not adapter.training


def test_parallel_wavegans_default_is_a_mel_already_normalised(vocoder, mel):
    mean, std = torch.tensor(MEAN)[:, None], torch.tensor(STD)[:, None]
    adapter = adapters.ParallelWaveGANVocoder(vocoder)
    made = adapter.inference(((mel[0] - mean) / std).T)
    torch.testing.assert_close(made[:, 0], vocoder(mel[0]), rtol=0, atol=1e-5)
    raw = adapter.inference(mel[0].T)
    assert (raw[:, 0] - made[:, 0]).abs().max() > 1e-3


def test_without_statistics_there_is_nothing_to_undo(tiny, mel):
    plain = Vocoder(bundle.build(tiny), tiny.mel)
    adapter = adapters.ParallelWaveGANVocoder(plain)
    torch.testing.assert_close(adapter.inference(mel[0].T)[:, 0], plain(mel[0]))


def test_espnet_reads_the_rate_as_fs(vocoder):
    assert adapters.ESPnetVocoder(vocoder).fs == 16000


def test_speechbrain_masks_by_length_and_items_do_not_hear_padding(vocoder, mel):
    made = adapters.SpeechBrainVocoder(vocoder).decode_batch(mel, mel_lens=torch.tensor([12, 5, 7]))
    for item, length in enumerate([12, 5, 7]):
        alone = vocoder(mel[item, :, :length])
        torch.testing.assert_close(made[item, 0, : length * 16], alone, rtol=0, atol=1e-6)
        assert not made[item, 0, length * 16 :].any()


def test_speechbrains_other_hop_length_is_refused(vocoder, mel):
    with pytest.raises(UserError, match="hop_len is 256, but this model makes 16 samples"):
        adapters.SpeechBrainVocoder(vocoder).decode_batch(mel, mel_lens=[1, 2, 3], hop_len=256)


def test_vocos_resynthesises_audio(vocoder):
    wave = torch.randn(2, 320, generator=torch.Generator().manual_seed(2)) / 4
    made = adapters.VocosVocoder(vocoder)(wave)
    assert torch.equal(made, vocoder(vocoder.mel(wave)))


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("TransformersVocoder", lambda a: a(torch.zeros(8))),
        ("ParallelWaveGANVocoder", lambda a: a.inference(torch.zeros(1, 4, 8))),
        ("ESPnetVocoder", lambda a: a(torch.zeros(1, 4, 8))),
        ("SpeechBrainVocoder", lambda a: a.decode_batch(torch.zeros(8, 4))),
        ("NeMoVocoder", lambda a: a.convert_spectrogram_to_audio(spec=torch.zeros(8, 4))),
        ("CoquiVocoder", lambda a: a.inference(torch.zeros(8, 4))),
    ],
)
def test_another_number_of_dimensions_is_refused(vocoder, name, call):
    with pytest.raises(UserError, match=r"mel has shape .*this call takes"):
        call(getattr(adapters, name)(vocoder))


def test_mels_of_another_front_end_are_converted(vocoder, mel):
    decimal = dataclasses.replace(vocoder.mel_config, log="log10")
    adapter = adapters.NeMoVocoder(vocoder, decimal)
    made = adapter.convert_spectrogram_to_audio(spec=mel / torch.log(torch.tensor(10.0)))
    torch.testing.assert_close(made, vocoder(mel), rtol=0, atol=1e-5)


def test_a_front_end_that_cannot_be_converted_is_refused_at_once(vocoder):
    with pytest.raises(UserError, match="mel_scale"):
        adapters.NeMoVocoder(vocoder, dataclasses.replace(vocoder.mel_config, mel_scale="htk"))


def test_a_preset_may_be_named(vocoder):
    with pytest.raises(UserError, match="n_mels"):
        adapters.HiFiGANVocoder(vocoder, "nemo-22k")


def test_matchas_denoiser_vocodes_zeros_in_silence(vocoder, recwarn):
    assert adapters.HiFiGANVocoder(vocoder)(torch.zeros(1, 8, 88)).shape == (1, 1, 1408)
    assert not recwarn.list


def test_an_unknown_adapter_is_no_attribute():
    with pytest.raises(AttributeError, match="KaldiVocoder"):
        _ = adapters.KaldiVocoder
