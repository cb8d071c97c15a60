"""Mel front-ends of transformers' vocoders, which are not in their `config.json`."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from wavegan.errors import UserError
from wavegan.mel.front_end import Mel

EXTRACTOR = "preprocessor_config.json"
LOWEST, HIGHEST = -11.512925148010254, 2.3143386840820312  # the defaults, from Tacotron 2


def of_hifigan(preset: str, rate: int, hop: int, bands: int) -> Mel:
    """The front-end of SpeechT5 or ESPnet with a vocoder's sample rate and hop.

    The published ones of this family are decimal logarithms from 80 to 7600 Hz, with a window of
    four hops and an FFT of the next power of two (hop 256 at 16 and 22.05 kHz, 300 at 24 kHz).
    Others are assumed to be the same.

    Args:
        preset: name of the most similar published front-end.
        rate: sample rate, Hz.
        hop: product of the generator's upsampling rates.
        bands: number of mel bands.
    """
    window = 4 * hop
    return replace(
        Mel.preset(preset),
        sample_rate=rate,
        n_fft=_next_power_of_two(window),
        hop_length=hop,
        win_length=window,
        n_mels=bands,
        f_max=min(7600.0, rate / 2),
        layout="frames_first",
    )


def of_univnet(extractor: Mapping[str, Any], hop: int, bands: int) -> Mel:
    """UnivNet's front-end from `preprocessor_config.json`, with the defaults of its class.

    The logarithm is rescaled to [-1, 1] only with `do_normalize`; the published weights, from
    maum-ai, were trained without it.

    Args:
        extractor: fields of `preprocessor_config.json`; empty if there is none.
        hop: product of the generator's upsampling rates.
        bands: number of mel bands.

    Raises:
        UserError: a field has an unsupported value.
    """
    fixed = {
        "center": False,
        "win_function": "hann_window",
        "compression_factor": 1.0,
        "num_mel_bins": bands,
    }
    for name, value in fixed.items():
        if extractor.get(name, value) != value:
            raise UserError(
                f"{name} {extractor[name]!r} is not supported, only {value}", at=EXTRACTOR
            )
    window = extractor.get("win_length", 1024)
    mel = replace(
        Mel.preset("univnet-24k"),
        sample_rate=extractor.get("sampling_rate", 24000),
        n_fft=extractor.get("filter_length", 1024) or _next_power_of_two(window),
        hop_length=extractor.get("hop_length", hop),
        win_length=window,
        n_mels=bands,
        f_min=extractor.get("fmin", 0.0),
        f_max=extractor.get("fmax"),
        magnitude_eps=extractor.get("mel_floor", 1e-9),
        floor=extractor.get("compression_clip_val", 1e-5),
        precision="float64",
        layout="frames_first",
    )
    return replace(mel, **_rescaling(extractor))


def _rescaling(extractor: Mapping[str, Any]) -> dict[str, Any]:
    """`2 (x - lowest) / (highest - lowest) - 1` as a mean and a scale, with `do_normalize`."""
    if not extractor.get("do_normalize", False):
        return {"mean": None, "scale": None}
    lowest = extractor.get("normalize_min", LOWEST)
    highest = extractor.get("normalize_max", HIGHEST)
    return {"mean": (highest + lowest) / 2, "scale": (highest - lowest) / 2}


def _next_power_of_two(number: int) -> int:
    return 1 << (number - 1).bit_length()
