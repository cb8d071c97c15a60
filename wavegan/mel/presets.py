"""The mel front-ends of published systems: the fields that differ from `Mel`'s defaults.

Each was checked against the reference implementation's own output or formula. Two traps: Vocos and
F5-TTS share weights but not the floor (silence is -16.1 or -11.5); StyleTTS 2 analyses 24 kHz
audio with a filter bank built for 16 kHz.
"""

from collections.abc import Mapping
from typing import Any

# BigVGAN, and other projects with HiFi-GAN's formula and the full bandwidth.
_BIGVGAN_24K: dict[str, Any] = {"sample_rate": 24000, "n_mels": 100, "f_max": 12000.0}
_BIGVGAN_44K: dict[str, Any] = {"sample_rate": 44100, "n_mels": 128, "f_max": 22050.0}
_COSYVOICE: dict[str, Any] = {
    "sample_rate": 24000,
    "n_fft": 1920,
    "hop_length": 480,
    "win_length": 1920,
}
_VOCOS: dict[str, Any] = {
    "sample_rate": 24000,
    "n_mels": 100,
    "f_max": 12000.0,
    "mel_scale": "htk",
    "mel_norm": None,
    "magnitude_eps": 0.0,
    "padding": "center",
}
# ParallelWaveGAN and relatives: log10, 80 to 7600 Hz, statistics stored with the weights.
_PWG: dict[str, Any] = {
    "f_min": 80.0,
    "f_max": 7600.0,
    "magnitude_eps": 0.0,
    "log": "log10",
    "floor": 1e-10,
    "padding": "center",
    "precision": "float64",
    "layout": "frames_first",
}
_ESPNET: dict[str, Any] = {**_PWG, "magnitude_floor": 1e-10, "precision": "float32"}

_UNIVNET_LOW, _UNIVNET_HIGH = -11.512925148010254, 2.3143386840820312

PRESETS: Mapping[str, Mapping[str, Any]] = {
    "hifigan-22k": {},
    "bigvgan-22k": {"f_max": 11025.0},
    "bigvgan-24k": _BIGVGAN_24K,
    "bigvgan-44k-256x": _BIGVGAN_44K,
    "bigvgan-44k-512x": {**_BIGVGAN_44K, "n_fft": 2048, "hop_length": 512, "win_length": 2048},
    "melgan-22k": {"f_max": 11025.0, "magnitude_eps": 0.0, "log": "log10"},
    "vocos-24k": {**_VOCOS, "floor": 1e-7},
    "f5-vocos-24k": {**_VOCOS, "floor": 1e-5},
    "speechbrain-22k": {"magnitude_eps": 0.0, "padding": "center"},
    "espnet-22k": _ESPNET,
    "espnet-24k": {
        **_ESPNET,
        "sample_rate": 24000,
        "n_fft": 2048,
        "hop_length": 300,
        "win_length": 1200,
    },
    "pwg-22k": _PWG,
    "speecht5-16k": {**_PWG, "sample_rate": 16000},
    "univnet-24k": {
        **_BIGVGAN_24K,
        "mean": (_UNIVNET_HIGH + _UNIVNET_LOW) / 2,
        "scale": (_UNIVNET_HIGH - _UNIVNET_LOW) / 2,
    },
    "nemo-22k": {
        "magnitude_eps": 0.0,
        "pad_mode": "zero",
        "periodic": False,
        "mask_last": -11.52,
    },
    "cosyvoice2-24k": {**_COSYVOICE, "f_max": 8000.0},
    "cosyvoice3-24k": {**_COSYVOICE, "f_max": 12000.0},
    "gpt-sovits-v3": _BIGVGAN_24K,
    "gpt-sovits-v4": {
        "sample_rate": 32000,
        "n_fft": 1280,
        "hop_length": 320,
        "win_length": 1280,
        "n_mels": 100,
        "f_max": 16000.0,
        "output_rate": 48000,
    },
    "fish-44k": {
        **_BIGVGAN_44K,
        "n_fft": 2048,
        "hop_length": 512,
        "win_length": 2048,
        "magnitude_eps": 1e-6,
    },
    "styletts2-24k": {
        "sample_rate": 24000,
        "n_fft": 2048,
        "hop_length": 300,
        "win_length": 1200,
        "mel_scale": "htk",
        "mel_norm": None,
        "filterbank_rate": 16000,
        "power": 2,
        "magnitude_eps": 0.0,
        "floor_mode": "add",
        "padding": "center",
        "mean": -4.0,
        "scale": 4.0,
    },
    # Decibels against a reference of 20, [-100, 0] mapped to [-4, 4]: 8 (dB - 20 + 100) / 100 - 4.
    "coqui-22k": {
        "f_max": 11025.0,
        "magnitude_eps": 0.0,
        "log": "db",
        "floor": 1e-8,
        "padding": "center",
        "mean": -30.0,
        "scale": 12.5,
        "clip": (-4.0, 4.0),
        "precision": "float64",
    },
}
