"""What tests of other projects' weights may ask for."""

import sys
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def transformers() -> ModuleType:
    """The real transformers, where it is installed.

    It imports torchaudio where it finds it, and fails where that is built for another torch; so
    torchaudio is hidden while the classes that tests use are imported.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "torchaudio", None)
        module: ModuleType = pytest.importorskip("transformers")
        for name in (
            "SpeechT5HifiGan",
            "FastSpeech2ConformerHifiGan",
            "FastSpeech2ConformerWithHifiGan",
            "UnivNetModel",
            "UnivNetFeatureExtractor",
        ):
            getattr(module, name)
    return module
