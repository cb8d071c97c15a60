"""What goes wrong with the players, by what the training windows wrote down."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from wavegan.progress import rates
from wavegan.progress.history import History
from wavegan.progress.trouble import Player, Trouble

SIDE: Mapping[Player, str] = {"G": "generator", "D": "discriminator"}
CHANCE = {"lsgan": 0.5, "hinge": 2.0, "nonsaturating": 2 * math.log(2), "relativistic": math.log(2)}
"""D's loss for each judge that cannot tell, by the objective's name."""

PASSING = 3
"""Windows in a row without a finite loss, where such steps are left out, that are a trouble."""
EXPLODED, VANISHED = 20.0, 1e-3
"""Gradient norm over its own median."""
ENOUGH = 20
"""Windows before a norm or an accuracy is judged."""
WINS_PAIRS, WINS_BOTH = 0.995, 0.98
"""Accuracy from which on D leaves G nothing to learn from."""
BLIND, EVER, LEARNT = 0.03, 0.6, 1000
"""Distance from 0.5 within which D cannot tell; an accuracy that shows that it once could; steps
after which it should."""
WAITS = 0.2
"""Share of the time that may go into waiting for the loader."""


def troubles(history: History, improving: bool) -> tuple[Trouble, ...]:
    """All that is wrong with the training, the gravest first.

    Args:
        history: the run.
        improving: whether validations get better: a strong D, or a weak gradient, is then none.
    """
    checks: Sequence[Callable[[History, bool], Trouble | None]] = (
        _not_finite,
        *(() if history.step < history.early else GROWN),
    )
    found = (check(history, improving) for check in checks)
    return tuple(trouble for trouble in found if trouble is not None)


def accuracies(history: History) -> dict[str, list[float]]:
    """D's shares of right answers by window, by `real` and `fake` or by `pairs`."""
    names = ("real", "fake", "pairs")
    found = {n: history.series("train", f"discriminator/accuracy_{n}")[1] for n in names}
    return {name: shares for name, shares in found.items() if shares}


def loader_waits(history: History) -> str | None:
    """A sentence where much of the time goes into waiting for the loader."""
    recent = history.series("train", "speed/wait")[1][-10:]
    share = float(np.median(recent)) if len(recent) >= 5 else 0.0
    if not share > WAITS:
        return None
    workers = _data(history).get("workers")
    now = "chosen by the machine" if workers is None else f"now {workers}"
    return (
        f"{share:.0%} of the time goes into waiting for the loader: raise data.workers ({now}), or "
        "bring the files to a local disk, as WAV or FLAC at the recipe's sample rate."
    )


def _not_finite(history: History, _improving: bool) -> Trouble | None:
    last = history.train[-1] if history.train else {}
    # a step that was left out is no trouble by itself: training goes on, or goes back
    recent = history.train[-PASSING:] if history.skips else history.train[-1:]
    names = [
        name
        for name in last
        if name.startswith(tuple(SIDE.values()))
        and not any(_finite(line.get(name)) for line in recent)
    ]
    if not names:
        return None
    # a term is named before the total and the norm that it spoils
    name = min(names, key=lambda n: (n.endswith(("/total", "/grad_norm")), "accuracy" in n, n))
    player: Player = "D" if name.startswith(SIDE["D"]) else "G"
    return Trouble(
        "not finite",
        player,
        f"{name} is not finite at step {int(last['step']):,}.",
        "Go on from the last checkpoint with half the rate (--resume, training.optimizer.lr="
        f"{_half_rate(history):.2g}), or set training.clip_generator and clip_discriminator.",
        "restart",
    )


def _exploding(history: History, _improving: bool) -> Trouble | None:
    for player in SIDE:
        ratio, recent = _norm(history, player)
        if ratio > EXPLODED:
            return Trouble(
                "exploding",
                player,
                f"The gradients of {player} explode: their norm is {recent:.3g}, {ratio:.0f} times "
                "its usual.",
                f"Lower training.optimizer.lr to {_half_rate(history):.2g}, or set "
                f"training.clip_{SIDE[player]}.",
                "lower_rate",
            )
    return None


def _vanishing(history: History, improving: bool) -> Trouble | None:
    for player in SIDE:
        ratio, recent = _norm(history, player)
        if ratio < VANISHED and not improving:
            return Trouble(
                "vanishing",
                player,
                f"The gradients of {player} vanish: their norm is {recent:.2g}, {ratio:.1g} of its "
                "usual.",
                "Start again from an earlier checkpoint (training.init_from) with a lower "
                "training.optimizer.lr.",
                "restart",
            )
    return None


def _norm(history: History, player: Player) -> tuple[float, float]:
    """The recent gradient norm over its own median so far, and the norm."""
    steps, found = history.series("train", f"{SIDE[player]}/grad_norm")
    # G learns from other losses once D comes into play
    start = history.setting("training", "adversarial_from", 0)
    since = start if history.step > start else 0
    norms = [v for s, v in zip(steps, found, strict=True) if s > since and _finite(v)]
    if len(norms) < ENOUGH:
        return 1.0, math.nan
    recent = float(np.median(norms[-max(3, len(norms) // 20) :]))
    usual = float(np.median(norms))
    return (recent / usual if usual > 0 else 1.0), recent


def _overpowering(history: History, improving: bool) -> Trouble | None:
    shares = _recent(accuracies(history))
    # a critic is there to be as right as it can be
    if improving or not shares or _objective(history) == "wasserstein":
        return None
    least = min(shares.values())
    if least < (WINS_PAIRS if "pairs" in shares else WINS_BOTH):
        return None
    told = "pairs" if "pairs" in shares else "clips"
    own = history.section("training", "optimizer").get("discriminator_lr")
    rate = own * history.rate if own else _half_rate(history) * 2
    return Trouble(
        "overpowering",
        "D",
        f"D overpowers G: it tells {least:.1%} of {told} right, and the validations get no better.",
        f"Lower training.optimizer.discriminator_lr (to {rate / 2:.2g}), or add or raise a "
        "penalty (penalties.r1).",
        "lower_rate",
    )


def _blind(history: History, _improving: bool) -> Trouble | None:
    """D never could tell; one that no longer can has met a good G."""
    found = accuracies(history)
    losses = [v for v in history.series("train", "discriminator/adversarial")[1] if _finite(v)]
    few = not found or min(map(len, found.values())) < ENOUGH or len(losses) < ENOUGH
    if few or history.step < history.setting("training", "adversarial_from", 0) + LEARNT:
        return None
    share = np.mean([np.array(values) for values in found.values()], axis=0)
    unable = (np.abs(share - 0.5) < BLIND).mean() >= 0.9 and share.max() < EVER
    if not unable or not _flat(np.array(losses), CHANCE.get(_objective(history))):
        return None
    return Trouble(
        "blind",
        "D",
        "D learns nothing: it never told real from generated (50 % right all along, its loss at "
        "chance), so G learns nothing from it either.",
        "Start again with a higher training.optimizer.discriminator_lr, weaker penalties or other "
        "discriminators.",
        "restart",
    )


def _one_sided(history: History, _improving: bool) -> Trouble | None:
    """D says the same of everything: its accuracies are pinned, one at 1 and one at 0."""
    shares = _recent(accuracies(history))
    if "real" not in shares or _objective(history) == "wasserstein":
        return None
    side = "real" if shares["real"] > shares["fake"] else "generated"
    if max(shares.values()) < WINS_BOTH or min(shares.values()) > 1 - WINS_BOTH:
        return None
    return Trouble(
        "one-sided",
        "D",
        f"D takes everything for {side} ({shares['real']:.1%} of real and {shares['fake']:.1%} of "
        "generated clips judged rightly): G learns nothing from it.",
        "Start again from an earlier checkpoint (training.init_from) with half of "
        "training.optimizer.discriminator_lr, or with training.clip_discriminator.",
        "restart",
    )


def _flat(losses: np.ndarray, chance: float | None) -> bool:
    """Whether D's loss stays where it is for judges that cannot tell, whatever their number."""
    middle = float(np.median(losses))
    if chance is None:  # no unit to compare with
        return float(np.abs(losses - middle).max()) <= max(0.02 * abs(middle), 0.02)
    return middle >= 0.9 * chance and float(np.std(losses)) <= 0.02 * middle


def _recent(shares: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """Means over the last quarter of the windows, where there are enough."""
    if not shares or min(map(len, shares.values())) < ENOUGH:
        return {}
    return {name: float(np.mean(v[-max(10, len(v) // 4) :])) for name, v in shares.items()}


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


GROWN: Sequence[Callable[[History, bool], Trouble | None]] = (
    rates.fallen,
    rates.fallen_for_d,
    _exploding,
    _overpowering,
    _one_sided,
    _blind,
    _vanishing,
)
"""Checks of a run that is no longer young, the gravest first."""
