"""The real `SpeechT5ForTextToSpeech` speaks through our vocoder as through its own."""

import pytest
import torch

from wavegan.adapters import TransformersVocoder


@pytest.fixture(scope="module")
def speaker(transformers):
    torch.manual_seed(0)
    config = transformers.SpeechT5Config(
        vocab_size=20,
        hidden_size=16,
        encoder_layers=1,
        encoder_attention_heads=2,
        encoder_ffn_dim=16,
        decoder_layers=1,
        decoder_attention_heads=2,
        decoder_ffn_dim=16,
        speech_decoder_prenet_units=16,
        speech_decoder_prenet_layers=2,
        speech_decoder_postnet_units=16,
        speech_decoder_postnet_layers=2,
        speaker_embedding_dim=8,
        positional_dropout=0.0,
        speech_decoder_prenet_dropout=0.0,
    )
    return transformers.SpeechT5ForTextToSpeech(config).eval()


@pytest.fixture(scope="module")
def both(transformers, tmp_path_factory):
    """transformers' vocoder with random statistics, and ours from the folder it saves."""
    torch.manual_seed(1)
    config = transformers.SpeechT5HifiGanConfig(upsample_initial_channel=32)
    theirs = transformers.SpeechT5HifiGan(config).eval()
    with torch.no_grad():
        theirs.mean.normal_(-2, 0.3)
        theirs.scale.uniform_(0.5, 1.5)
    folder = tmp_path_factory.mktemp("hifigan")
    theirs.save_pretrained(folder)
    return theirs, TransformersVocoder.from_pretrained(folder)


@pytest.mark.parametrize("texts", [1, 2])
@pytest.mark.parametrize("with_lengths", [False, True])
def test_generate_speech_takes_it_as_its_vocoder(speaker, both, texts, with_lengths):
    theirs, ours = both
    spoken = []
    for vocoder in (theirs, ours):
        torch.manual_seed(2)
        spoken.append(
            speaker.generate_speech(
                torch.tensor([[3, 5, 7, 9]] * texts),
                torch.ones(texts, 8) / 8**0.5,
                attention_mask=torch.ones(texts, 4, dtype=torch.long),
                minlenratio=2.0,
                maxlenratio=4.0,
                vocoder=vocoder,
                return_output_lengths=with_lengths,
            )
        )
    if with_lengths:
        assert spoken[0][1] == spoken[1][1]
        spoken = [each[0] for each in spoken]
    expected, made = spoken
    assert made.shape == expected.shape
    assert made.shape[-1] >= 8 * 256
    assert (made - expected).abs().max() <= 1e-5 * expected.abs().max()
