"""Vocoders of the published sizes, for `vocoders.py` and `streaming.py`.

Weights are random (their values do not change the speed), except for families whose real ones are
in the folder that `WAVEGAN_SHARED` names.
"""

import os
from pathlib import Path

import torch

from wavegan import bundle, recipe

FAMILIES = {
    "hifigan-v1": "hifigan-v1",
    "hifigan-v2": "hifigan-v2",
    "hifigan-v3": "hifigan-v3",
    "melgan": "melgan",
    "mb-melgan": "mb-melgan",
    "istftnet": "istftnet",
    "bigvgan-base": "bigvgan-base-24k",
    "vocos": "vocos-24k",
    "univnet": "univnet-c16",
    "tiny": "tiny",
}
"""Each family and the recipe of its size."""
REAL = {"hifigan-v3": "pretrained/hifigan-v3-ljspeech"}
"""Places of real weights in the shared folder."""
GAIN = {"melgan": 1.5}
"""Gain of random weights whose output would be nearly constant, so that rounding is all of it."""


def model(family: str, folder: Path) -> Path:
    """The path of a model of this family; one with random weights is written into `folder`."""
    shared = Path(os.environ.get("WAVEGAN_SHARED", "../shared"))
    if family in REAL and (shared / REAL[family]).exists():
        return shared / REAL[family]
    config = bundle.describe(recipe.load(FAMILIES[family]))
    torch.manual_seed(0)
    gain = GAIN.get(family, 1.0)
    weights = {
        key: gain * value if key.endswith("original0") else value
        for key, value in bundle.build(config).state_dict().items()
    }
    place = folder / family
    place.mkdir()
    bundle.save(place, config, weights)
    return place
