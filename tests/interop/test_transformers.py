"""transformers' vocoders: the golden folder, the real classes, and what is refused."""

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from wavegan import bundle
from wavegan.errors import UserError
from wavegan.mel.front_end import Mel
from wavegan.mel.spectrogram import MelSpectrogram

TINY = {"model_in_dim": 5, "upsample_initial_channel": 16}
HIFIGANS: list[dict[str, Any]] = [
    {},
    {"normalize_before": False, "leaky_relu_slope": 0.3},
    {
        "upsample_rates": [5, 3],
        "upsample_kernel_sizes": [11, 3],
        "resblock_kernel_sizes": [3, 5],
        "resblock_dilation_sizes": [[1, 2], [3]],
        "sampling_rate": 24000,
    },
    {"upsample_rates": [10, 6, 5], "upsample_kernel_sizes": [20, 12, 11], "leaky_relu_slope": 0.2},
]
UNIVNETS: list[dict[str, Any]] = [
    {},
    {"leaky_relu_slope": 0.1, "kernel_predictor_conv_size": 5, "kernel_predictor_num_blocks": 1},
    {
        "resblock_kernel_sizes": [5, 3],
        "resblock_stride_sizes": [3, 2],
        "resblock_dilation_sizes": [[1, 2], [1, 3, 5]],
        "kernel_predictor_dropout": 0.5,
    },
]


def shaken(model: Any) -> Any:
    """Weights and statistics that differ from their initial values, which are small or 0 and 1."""
    generator = torch.Generator().manual_seed(1)
    for name, value in model.state_dict().items():
        lowest = 0.5 if name.endswith("scale") else -0.5
        value.copy_(torch.rand(value.shape, generator=generator) + lowest)
    return model.eval()


def parity(found: torch.Tensor, expected: torch.Tensor) -> None:
    assert found.shape == expected.shape
    assert expected.abs().max() > 0.01
    assert (found - expected).abs().max() <= 1e-5 * expected.abs().max()


def write(folder: Path, config: Any, weights: dict[str, torch.Tensor] | None = None) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps({"architectures": ["Any"], **config}))
    save_file(weights or {"a": torch.zeros(1)}, folder / "model.safetensors")
    return folder


@torch.no_grad()
def test_the_golden_folder(golden: Any) -> None:
    folder, expected = golden("transformers-speecht5-hifigan")
    for path in (folder, folder / "config.json", folder / "model.safetensors"):
        config, generator = bundle.load(path)
        assert config.mel == Mel.preset("speecht5-16k")
        made = generator(expected["mel"].T[None])[0, 0]
        parity(made, expected["wave"])


@pytest.mark.parametrize("options", HIFIGANS)
@pytest.mark.parametrize("family", ["SpeechT5HifiGan", "FastSpeech2ConformerHifiGan"])
@torch.no_grad()
def test_hifigan_equals_the_real_class(
    transformers: ModuleType, tmp_path: Path, family: str, options: dict[str, Any]
) -> None:
    made = getattr(transformers, f"{family}Config")(**TINY, **options)
    model = shaken(getattr(transformers, family)(made))
    model.save_pretrained(tmp_path)
    config, generator = bundle.load(tmp_path)
    mel = torch.randn(2, 9, 5)
    parity(generator(mel.mT)[:, 0], model(mel))
    usual_rate = 16000 if family == "SpeechT5HifiGan" else 22050
    assert config.mel.sample_rate == options.get("sampling_rate", usual_rate)
    assert config.mel.hop_length == generator.hop_length == np.prod(made.upsample_rates)
    assert config.mel.layout == "frames_first"


@torch.no_grad()
def test_the_vocoder_inside_a_text_to_speech_model(
    transformers: ModuleType, tmp_path: Path
) -> None:
    vocoder = transformers.FastSpeech2ConformerHifiGanConfig(**TINY, leaky_relu_slope=0.2)
    speech = transformers.FastSpeech2ConformerConfig(
        vocab_size=7, hidden_size=8, encoder_layers=1, decoder_layers=1, num_mel_bins=5,
        encoder_num_attention_heads=2, decoder_num_attention_heads=2, encoder_linear_units=8,
        decoder_linear_units=8, speech_decoder_postnet_units=4, speech_decoder_postnet_layers=2,
    )  # fmt: skip
    both = transformers.FastSpeech2ConformerWithHifiGanConfig(
        model_config=speech.to_dict(), vocoder_config=vocoder.to_dict()
    )
    model = transformers.FastSpeech2ConformerWithHifiGan(both).eval()
    shaken(model.vocoder)
    model.save_pretrained(tmp_path)
    config, generator = bundle.load(tmp_path)
    mel = torch.randn(2, 9, 5)
    parity(generator(mel.mT)[:, 0], model.vocoder(mel))
    assert (config.mel.sample_rate, config.mel.hop_length) == (22050, 256)


@pytest.mark.parametrize("options", UNIVNETS)
@torch.no_grad()
def test_univnet_equals_the_real_class(
    transformers: ModuleType, tmp_path: Path, options: dict[str, Any]
) -> None:
    sizes = {
        "model_hidden_channels": 4,
        "num_mel_bins": 6,
        "model_in_channels": 3,
        "kernel_predictor_hidden_channels": 3,
    }
    made = transformers.UnivNetConfig(**sizes, **options)
    model = shaken(transformers.UnivNetModel(made))
    model.save_pretrained(tmp_path)
    config, generator = bundle.load(tmp_path)
    assert config.mel.hop_length == np.prod(made.resblock_stride_sizes)
    mel, noise = torch.randn(2, 9, 6), torch.randn(2, 9, 3)
    parity(generator(mel.mT, noise.mT)[:, 0], model(mel, noise).waveforms)


@pytest.mark.parametrize("family", ["SpeechT5HifiGan", "UnivNetModel"])
@torch.no_grad()
def test_with_weight_norm_and_as_a_pickle(
    transformers: ModuleType, tmp_path: Path, family: str
) -> None:
    config = "SpeechT5HifiGanConfig" if family == "SpeechT5HifiGan" else "UnivNetConfig"
    options = TINY if family == "SpeechT5HifiGan" else {"model_hidden_channels": 4}
    model = shaken(getattr(transformers, family)(getattr(transformers, config)(**options)))
    model.save_pretrained(tmp_path / "plain")
    model.apply_weight_norm()
    model.save_pretrained(tmp_path / "normed")
    pickled = tmp_path / "pickled"
    pickled.mkdir()
    (pickled / "config.json").write_bytes((tmp_path / "plain" / "config.json").read_bytes())
    torch.save(model.state_dict(), pickled / "pytorch_model.bin")
    plain, normed, third = (bundle.load(tmp_path / n)[1] for n in ("plain", "normed", "pickled"))
    expected = plain.state_dict()
    for other in (normed, third):
        for key, value in other.state_dict().items():
            assert torch.allclose(value, expected[key], atol=1e-6), key
    assert "normed" in str(bundle.read(tmp_path / "normed").source)


@pytest.mark.parametrize("normalize", [None, False, True])
def test_univnets_front_end_is_what_the_extractor_does(
    transformers: ModuleType, tmp_path: Path, speech: Path, normalize: bool | None
) -> None:
    from wavegan.audio import io

    options = {"do_normalize": normalize, "fmax": 9000.0, "mel_floor": 1e-8}
    extractor = transformers.UnivNetFeatureExtractor(**({} if normalize is None else options))
    write(tmp_path, {"model_type": "univnet"})
    if normalize is not None:
        extractor.save_pretrained(tmp_path)
    mel = bundle.read(tmp_path).config.mel
    wave, _ = io.read(sorted(speech.glob("*.flac"))[0], sample_rate=24000, mono=True)
    wave = wave[:, 6000 : 6000 + 24 * 256]
    found = MelSpectrogram(mel)(torch.from_numpy(wave))[0]
    expected = torch.from_numpy(extractor.mel_spectrogram(wave[0]).T)
    if extractor.do_normalize:
        expected = extractor.normalize(expected)
        assert expected.abs().max() < 2
    assert (found - expected).abs().max() < 2e-4


def test_front_ends_of_other_rates_are_the_published_ones(tmp_path: Path) -> None:
    """ESPnet's recipes at 22.05 and 24 kHz, which the rule for any rate and hop must give."""
    for name, rates in (("espnet-22k", [8, 8, 2, 2]), ("espnet-24k", [10, 6, 5])):
        published = Mel.preset(name)
        config = {
            "model_type": "fastspeech2_conformer_hifigan",
            "sampling_rate": published.sample_rate,
            "upsample_rates": rates,
            "normalize_before": False,
        }
        folder = write(tmp_path / name, config, {"conv_pre.bias": torch.zeros(1)})
        assert bundle.read(folder).config.mel == published


HIFIGAN = {"model_type": "speecht5_hifigan"}


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            {"model_type": "bert"},
            r"model_type 'bert' is not a vocoder; known: fastspeech2.*univnet$",
        ),
        ({"model_type": "univnett"}, r"did you mean 'univnet'\?"),
        (HIFIGAN, r"has no field 'mean'"),
        ({**HIFIGAN, "normalize_before": False}, r"weight 'a' does not belong"),
        (
            {**HIFIGAN, "normalize_before": False, "upsample_rates": ["8"]},
            r"upsampling rates \[.8.\]: they must",
        ),
        ({"model_type": "univnet", "model_hidden_channels": 0}, r"hidden_channels 0 must be"),
        ({"model_type": "univnet", "kernel_predictor_conv_size": 4}, r"kernel_size 4 must be odd"),
        ({"model_type": "univnet", "leaky_relu_slope": "x"}, r"leaky_slope"),
    ],
)
def test_what_is_refused(tmp_path: Path, config: dict[str, Any], message: str) -> None:
    folder = write(tmp_path / "model", config)
    with pytest.raises(UserError, match=message) as refusal:
        bundle.load(folder)
    assert str(folder) in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_an_extractor_that_cannot_be_followed_is_refused(tmp_path: Path) -> None:
    folder = write(tmp_path, {"model_type": "univnet"})
    for field, value in (("center", True), ("win_function", "hamming_window")):
        (folder / "preprocessor_config.json").write_text(json.dumps({field: value}))
        with pytest.raises(UserError, match=rf"preprocessor_config.json: {field} .*not supported"):
            bundle.read(folder)


def test_weights_in_several_files_are_refused(transformers: ModuleType, tmp_path: Path) -> None:
    model = transformers.UnivNetModel(transformers.UnivNetConfig())
    model.save_pretrained(tmp_path, max_shard_size="100KB")
    assert not (tmp_path / "model.safetensors").exists()
    with pytest.raises(UserError, match=r"several files: save them as one with.*max_shard_size"):
        bundle.read(tmp_path)
