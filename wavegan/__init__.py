"""Audio and music GANs. Public names load on first use; `import wavegan` does not import torch."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wavegan.errors import RunError, UserError
    from wavegan.inference.opening import load
    from wavegan.inference.synthesizer import Synthesizer
    from wavegan.inference.vocoder import Vocoder
    from wavegan.mel.front_end import Mel
    from wavegan.mel.spectrogram import MelSpectrogram

__version__ = "0.1.0"

_HOMES = {
    "Mel": "wavegan.mel.front_end",
    "MelSpectrogram": "wavegan.mel.spectrogram",
    "RunError": "wavegan.errors",
    "Synthesizer": "wavegan.inference.synthesizer",
    "UserError": "wavegan.errors",
    "Vocoder": "wavegan.inference.vocoder",
    "load": "wavegan.inference.opening",
}

__all__ = [
    "Mel",
    "MelSpectrogram",
    "RunError",
    "Synthesizer",
    "UserError",
    "Vocoder",
    "__version__",
    "load",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'wavegan' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
