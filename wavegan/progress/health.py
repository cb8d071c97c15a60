"""Find problems of the networks in the figures of the training windows."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from wavegan.progress import rates
from wavegan.progress.alarm import Alarm, Network
from wavegan.progress.history import History
from wavegan.progress.thresholds import (
    AT_CHANCE,
    BLIND,
    ENOUGH,
    EVER,
    EXPLODED,
    LEARNT,
    MOSTLY,
    PASSING,
    STILL,
    VANISHED,
    WAITS,
    WINS,
    WINS_PAIRS,
)

NETWORKS: Sequence[Network] = ("generator", "discriminator")
CHANCE = {"lsgan": 0.5, "hinge": 2.0, "nonsaturating": 2 * math.log(2), "relativistic": math.log(2)}
"""Loss of one discriminator at chance, by the objective's name."""


def problems(history: History, improving: bool) -> tuple[Alarm, ...]:
    """All problems of the training, the worst first.

    Args:
        history: the run.
        improving: whether validations improve: then a strong D or a weak gradient is no problem.
    """
    checks: Sequence[Callable[[History, bool], Alarm | None]] = (
        _not_finite,
        *(() if history.step < history.early else GROWN),
    )
    found = (check(history, improving) for check in checks)
    return tuple(alarm for alarm in found if alarm is not None)


def accuracies(history: History) -> dict[str, list[float]]:
    """D's accuracy in each window, for `real` and `fake` or for `pairs`."""
    names = ("real", "fake", "pairs")
    found = {n: history.series("train", f"discriminator/accuracy_{n}")[1] for n in names}
    return {name: shares for name, shares in found.items() if shares}


def loader_waits(history: History) -> Alarm | None:
    """An alarm if training waits for the loader for much of the time."""
    recent = history.series("train", "speed/wait")[1][-10:]
    share = float(np.median(recent)) if len(recent) >= 5 else 0.0
    if not share > WAITS:
        return None
    workers = _data(history).get("workers")
    seen = {"share": share} | ({"workers": workers} if isinstance(workers, int) else {})
    return Alarm("loader waits", None, "continue", history.step, seen)


def _not_finite(history: History, _improving: bool) -> Alarm | None:
    last = history.train[-1] if history.train else {}
    # a skipped step is no problem by itself: training continues, or returns to a checkpoint
    recent = history.train[-PASSING:] if history.skips else history.train[-1:]
    names = [
        name
        for name in last
        if name.startswith(tuple(NETWORKS)) and not any(_finite(line.get(name)) for line in recent)
    ]
    if not names:
        return None
    # name the term rather than the total and the norm that contain it
    name = min(names, key=lambda n: (n.endswith(("/total", "/grad_norm")), "accuracy" in n, n))
    network: Network = "discriminator" if name.startswith("discriminator") else "generator"
    seen = {name: math.nan, "lr": _half_rate(history)}
    return Alarm("not finite", network, "restart", int(last["step"]), seen, term=name)


def _exploding(history: History, _improving: bool) -> Alarm | None:
    for network in NETWORKS:
        ratio, recent = _norm(history, network)
        if ratio > EXPLODED:
            seen = {"norm": recent, "ratio": ratio, "lr": _half_rate(history)}
            return Alarm("exploding", network, "lower_rate", history.step, seen)
    return None


def _vanishing(history: History, improving: bool) -> Alarm | None:
    for network in NETWORKS:
        ratio, recent = _norm(history, network)
        if ratio < VANISHED and not improving:
            seen = {"norm": recent, "ratio": ratio}
            return Alarm("vanishing", network, "restart", history.step, seen)
    return None


def _norm(history: History, network: Network) -> tuple[float, float]:
    """The recent gradient norm divided by its median so far, and the norm."""
    steps, found = history.series("train", f"{network}/grad_norm")
    # G's losses change when D starts
    start = history.setting("training", "adversarial_from", 0)
    since = start if history.step > start else 0
    norms = [v for s, v in zip(steps, found, strict=True) if s > since and _finite(v)]
    if len(norms) < ENOUGH:
        return 1.0, math.nan
    recent = float(np.median(norms[-max(3, len(norms) // 20) :]))
    usual = float(np.median(norms))
    return (recent / usual if usual > 0 else 1.0), recent


def _overpowering(history: History, improving: bool) -> Alarm | None:
    shares = _recent(accuracies(history))
    # a Wasserstein critic should be as accurate as possible
    if improving or not shares or _objective(history) == "wasserstein":
        return None
    if min(shares.values()) < (WINS_PAIRS if "pairs" in shares else WINS):
        return None
    own = history.section("training", "optimizer").get("discriminator_lr")
    rate = own * history.rate if own else _half_rate(history) * 2
    seen = {**_accuracies(shares), "discriminator_lr": rate / 2}
    return Alarm("overpowering", "discriminator", "lower_rate", history.step, seen)


def _blind(history: History, _improving: bool) -> Alarm | None:
    """D was never better than chance. If it once was, G has become good."""
    found = accuracies(history)
    losses = [v for v in history.series("train", "discriminator/adversarial")[1] if _finite(v)]
    few = not found or min(map(len, found.values())) < ENOUGH or len(losses) < ENOUGH
    if few or history.step < history.setting("training", "adversarial_from", 0) + LEARNT:
        return None
    share = np.mean([np.array(values) for values in found.values()], axis=0)
    unable = (np.abs(share - 0.5) < BLIND).mean() >= MOSTLY and share.max() < EVER
    if not unable or not _flat(np.array(losses), CHANCE.get(_objective(history))):
        return None
    seen = {"accuracy": float(share.mean()), "loss": float(np.median(losses))}
    return Alarm("blind", "discriminator", "restart", history.step, seen)


def _one_sided(history: History, _improving: bool) -> Alarm | None:
    """D gives the same answer for all clips: one accuracy stays at 1, the other at 0."""
    shares = _recent(accuracies(history))
    if "real" not in shares or _objective(history) == "wasserstein":
        return None
    if max(shares.values()) < WINS or min(shares.values()) > 1 - WINS:
        return None
    seen = _accuracies(shares)
    return Alarm("one-sided", "discriminator", "restart", history.step, seen)


def _flat(losses: np.ndarray, chance: float | None) -> bool:
    """Whether D's loss stays at chance, whatever the number of its members."""
    middle = float(np.median(losses))
    if chance is None:  # no unit to compare with
        return float(np.abs(losses - middle).max()) <= max(STILL * abs(middle), STILL)
    return middle >= AT_CHANCE * chance and float(np.std(losses)) <= STILL * middle


def _recent(shares: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """Means over the last quarter of the windows; empty if there are too few."""
    if not shares or min(map(len, shares.values())) < ENOUGH:
        return {}
    return {name: float(np.mean(v[-max(10, len(v) // 4) :])) for name, v in shares.items()}


def _accuracies(shares: Mapping[str, float]) -> dict[str, float]:
    """Accuracies by their keys in `metrics.jsonl`."""
    return {f"accuracy_{name}": share for name, share in shares.items()}


def _half_rate(history: History) -> float:
    rate = history.section("training", "optimizer").get("lr", 2e-4)
    return float(rate) * history.rate / 2


def _objective(history: History) -> str:
    chosen = history.recipe.get("objective")
    return str(chosen.get("name", "")) if isinstance(chosen, dict) else ""


def _data(history: History) -> Mapping[str, Any]:
    data = history.recipe.get("data")
    return data if isinstance(data, dict) else {}


def _finite(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


GROWN: Sequence[Callable[[History, bool], Alarm | None]] = (
    rates.fallen,
    rates.fallen_of_d,
    _exploding,
    _overpowering,
    _one_sided,
    _blind,
    _vanishing,
)
"""Checks after the early steps, the worst problems first."""
