"""Runs made of invented figures."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from wavegan.progress.alarm import Alarm
from wavegan.progress.history import History

RECIPE: Mapping[str, Any] = {
    "task": {"name": "vocode"},
    "discriminators": {"mpd": {"name": "mpd"}},
    "objective": {"name": "lsgan"},
    "losses": {"mel": {"name": "mel", "weight": 45.0}},
    "data": {"workers": 2},
    "training": {
        "steps": 20000,
        "optimizer": {"lr": 2e-4, "discriminator_lr": None},
        "schedule": {"name": "constant"},
        "log_every": 50,
        "validate_every": 1000,
    },
}


@pytest.fixture
def run() -> Callable[..., History]:
    """Makes a run of a vocoder with a D, healthy but for what is given.

    `values` are its validations, every 1,000 steps; `train` replaces figures of its windows, each a
    number or a sequence, one for each of 20 windows between validations; `training` and `recipe`
    replace fields; `alarms` are what validations raised.
    """

    def made(
        values: Sequence[float],
        *,
        metric: str = "log_mel_l1",
        train: Mapping[str, Any] | None = None,
        training: Mapping[str, Any] | None = None,
        recipe: Mapping[str, Any] | None = None,
        alarms: Sequence[Alarm] = (),
        windows: int | None = None,
    ) -> History:
        count = 20 * len(values) if windows is None else windows
        rng = np.random.default_rng(0)
        usual = {
            "generator/mel": 0.4 + 0.02 * rng.standard_normal(count),
            "generator/total": 30 + rng.standard_normal(count),
            "generator/grad_norm": 50 * np.exp(0.3 * rng.standard_normal(count)),
            "discriminator/adversarial": 3 + 0.3 * rng.standard_normal(count),
            "discriminator/grad_norm": 5 * np.exp(0.3 * rng.standard_normal(count)),
            "discriminator/accuracy_real": 0.75 + 0.05 * rng.standard_normal(count),
            "discriminator/accuracy_fake": 0.8 + 0.05 * rng.standard_normal(count),
            "rate/generator": 2e-4,
            "speed/steps": 10.0,
            "speed/wait": 0.01,
        } | dict(train or {})
        columns = {k: np.broadcast_to(v, count).tolist() for k, v in usual.items() if v is not None}
        lines = tuple(
            {"kind": "train", "step": 50 * (n + 1), **{k: v[n] for k, v in columns.items()}}
            for n in range(count)
        )
        known = {**RECIPE, **(recipe or {})}
        known["training"] = {**RECIPE["training"], **(training or {})}
        validation = tuple(
            {"kind": "validation", "step": 1000 * (n + 1), metric: value}
            for n, value in enumerate(values)
        )
        return History(Path("runs/a"), known, lines, validation, tuple(alarms), ())

    return made
