"""Vocoders with the interfaces of other systems, one file per interface.

Example: `from wavegan.adapters import TransformersVocoder`. Modules load on first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wavegan.adapters.coqui import CoquiVocoder
    from wavegan.adapters.espnet import ESPnetVocoder
    from wavegan.adapters.hifigan import HiFiGANVocoder
    from wavegan.adapters.nemo import NeMoVocoder
    from wavegan.adapters.parallel_wavegan import ParallelWaveGANVocoder
    from wavegan.adapters.speechbrain import SpeechBrainVocoder
    from wavegan.adapters.transformers import TransformersVocoder
    from wavegan.adapters.vocos import VocosVocoder

_HOMES = {
    "CoquiVocoder": "coqui",
    "ESPnetVocoder": "espnet",
    "HiFiGANVocoder": "hifigan",
    "NeMoVocoder": "nemo",
    "ParallelWaveGANVocoder": "parallel_wavegan",
    "SpeechBrainVocoder": "speechbrain",
    "TransformersVocoder": "transformers",
    "VocosVocoder": "vocos",
}

__all__ = [
    "CoquiVocoder",
    "ESPnetVocoder",
    "HiFiGANVocoder",
    "NeMoVocoder",
    "ParallelWaveGANVocoder",
    "SpeechBrainVocoder",
    "TransformersVocoder",
    "VocosVocoder",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"wavegan.adapters.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'wavegan.adapters' has no attribute {name!r}")
