"""Each verdict for a run made to get it, and none for a healthy run."""

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from wavegan.progress import alarms, typical, wording
from wavegan.progress.alarm import Alarm
from wavegan.progress.history import History
from wavegan.progress.verdict import run_verdict

Run = Callable[..., History]
CURVES = sorted(typical.CURVES.glob("*.json"))


def noisy(values: NDArray[np.float64], scatter: float = 0.005, seed: int = 0) -> list[float]:
    """Validations that scatter."""
    noise = np.random.default_rng(seed).standard_normal(len(values))
    return (values * (1 + scatter * noise)).tolist()  # type: ignore[no-any-return]


def decay(count: int, floor: float = 0.3, power: float = 1.0) -> NDArray[np.float64]:
    return floor + 0.5 * np.arange(1, count + 1.0) ** -power


def falling(count: int = 10, seed: int = 0) -> list[float]:
    return noisy(decay(count), seed=seed)


def levelled(count: int = 16) -> list[float]:
    return noisy(decay(count, power=3.0))


def test_a_healthy_run_that_falls(run: Run) -> None:
    found = run_verdict(run(falling()))
    assert (found.action, found.trend) == ("continue", "falling")
    assert found.confidence > 0.95
    assert found.health == {"G": "healthy", "D": "healthy"}
    assert found.text.startswith("Step 10,000 of 20,000: validation log-mel L1 0.3")
    assert "falling since step 5,000 by 13% (>99 % sure)" in found.text
    assert "D and G are healthy. No stored curve for this recipe. Continue." in found.text
    assert found.value == found.best_value
    assert found.remarks == ()


def test_its_plateau_is_predicted_with_the_time_until_then(run: Run) -> None:
    """0.3 + 0.5 / n, a validation every 1,000 steps: 0.25 / n = 0.02 (0.3 + 0.5 / n) at n = 40."""
    found = run_verdict(run(noisy(decay(20), 0.001), training={"steps": 60000}))
    assert found.plateau_step == pytest.approx(40000, rel=0.15)
    assert found.plateau_range is not None
    assert found.plateau_range[0] < 40000 < found.plateau_range[1]
    assert found.plateau_step is not None
    assert found.seconds_left == pytest.approx((found.plateau_step - 20000) / 10)
    assert ", in about 3" in found.text  # of minutes: 20,000 steps at 10 a second

    early = run_verdict(run(noisy(decay(20), 0.001), training={"steps": 25000}))
    assert early.seconds_left is None
    assert "after the run's end" in early.text


def test_one_that_ended_while_it_fell(run: Run) -> None:
    found = run_verdict(run(noisy(decay(20)), training={"steps": 20000}))
    assert (found.action, found.trend) == ("continue", "falling")
    assert "(wavegan train --resume runs/a training.steps=40000)" in found.text


def test_one_that_ended_near_its_plateau(run: Run) -> None:
    """0.3 + 0.5 x gains 2 % by doubling where 0.5 (1 - 2^-1.5) x = 0.02 (0.3 + 0.5 x): n = 14."""
    values = noisy(decay(20, power=1.5), 0.001)
    ended, running = run_verdict(run(values)), run_verdict(run(values, training={"steps": 40000}))
    assert (ended.action, ended.trend, ended.reason) == ("stop", "falling", "near its plateau")
    assert running.action == "continue"
    for found in (ended, running):
        assert "near its plateau: twice as many steps would gain less than 2 %" in found.text


def test_one_that_is_flat(run: Run) -> None:
    found = run_verdict(run(levelled()))
    assert (found.action, found.trend) == ("stop", "flat")
    assert "sure that it changes by less than 2 %" in found.text
    assert f"use runs/a (its best: step {found.best_step:,})" in found.text
    assert "Listen to its samples first" in found.text
    ended = run_verdict(run(levelled(20)))
    assert "Done: use runs/a" in ended.text


def test_flat_is_no_end_while_a_cosine_is_to_fall(run: Run) -> None:
    found = run_verdict(run(levelled(), training={"schedule": {"name": "cosine"}}))
    assert found.action == "continue"
    assert "the learning rate will" in found.text


def test_flat_is_no_end_of_a_run_that_has_hardly_begun(run: Run) -> None:
    found = run_verdict(run(levelled(), training={"steps": 1_000_000}))
    assert (found.action, found.reason) == ("wait", "flat, but young")


def test_one_that_gets_worse_after_its_best(run: Run) -> None:
    values = noisy(np.r_[decay(8), 0.36 + 0.012 * np.arange(1, 9)])
    found = run_verdict(run(values))
    assert (found.action, found.trend, found.best_step) == ("stop", "rising", 8000)
    assert "Stop, and use runs/a (its best: step 8,000): it gets worse." in found.text
    assert "training.init_from=runs/a" in found.text


def test_one_that_overfits(run: Run) -> None:
    """The training loss keeps falling while validation rises."""
    values = noisy(np.r_[decay(8), 0.36 + 0.012 * np.arange(1, 9)])
    losses = 0.4 - 0.0005 * np.arange(320)
    found = run_verdict(run(values, train={"generator/mel": losses}))
    assert (found.action, found.reason) == ("more_data", "overfitting")
    assert "training losses fall while validation rises" in found.text
    assert "more recordings will help" in found.text


@pytest.mark.parametrize("made", [0, 1, 2, 3])
def test_too_early(run: Run, made: int) -> None:
    found = run_verdict(run(falling(10)[:made], windows=20 * made + 3))
    assert (found.action, found.trend) == ("wait", "unknown")
    assert math.isnan(found.confidence)
    due = 4000 if made else 1000
    number = "fourth" if made else "first"
    seconds = (due - 1000 * made - 150) / 10
    when = f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
    assert f"the {number} validation is due at step {due:,}, in about {when}." in found.text
    if made:
        assert f"too early to tell a trend ({made} of 4" in found.text


def test_a_run_that_ends_before_there_is_a_trend(run: Run) -> None:
    found = run_verdict(run(falling(10)[:2], training={"steps": 2000}))
    assert (found.action, found.trend) == ("stop", "unknown")
    assert "It has ended with 2 validations" in found.text
    found = run_verdict(run(falling(10)[:1], training={"steps": 1500}))
    assert "validates too rarely for a trend" in found.text


def test_a_run_that_ended_without_a_validation(run: Run) -> None:
    found = run_verdict(run([], training={"steps": 1000}, windows=20))
    assert (found.action, found.metric) == ("stop", None)
    assert "It has ended with 0 validations" in found.text


def test_nothing_written_yet(run: Run) -> None:
    found = run_verdict(run([], windows=0))
    assert (found.action, found.metric) == ("wait", None)
    assert "Step 0 of 20,000: no validation yet." in found.text
    assert "due at step 1,000." in found.text
    assert json.loads(json.dumps(found.to_dict()))["value"] is None


def test_d_overpowers_g(run: Run) -> None:
    sure = {"discriminator/accuracy_real": 0.995, "discriminator/accuracy_fake": 0.99}
    found = run_verdict(run(levelled(), train=sure))
    assert (found.action, found.health["D"]) == ("lower_rate", "overpowering")
    assert "D overpowers G: it classifies 99.0% of clips correctly" in found.text
    assert "Lower training.optimizer.discriminator_lr (to 0.0001)" in found.text


def test_a_strong_d_is_none_while_validation_falls_nor_is_a_critic(run: Run) -> None:
    sure = {"discriminator/accuracy_real": 0.995, "discriminator/accuracy_fake": 0.99}
    assert run_verdict(run(falling(), train=sure)).action == "continue"
    pairs = {
        "discriminator/accuracy_real": None,
        "discriminator/accuracy_fake": None,
        "discriminator/accuracy_pairs": 1.0,
    }
    critic = run_verdict(
        run(levelled(), train=pairs, recipe={"objective": {"name": "wasserstein"}})
    )
    assert critic.health["D"] == "healthy"
    other = run_verdict(
        run(levelled(), train=pairs, recipe={"objective": {"name": "relativistic"}})
    )
    assert other.health["D"] == "overpowering"


def test_a_d_that_never_learns(run: Run) -> None:
    """Two least-squares discriminators that cannot tell: 1.0 throughout."""
    blind = {
        "discriminator/accuracy_real": 0.51,
        "discriminator/accuracy_fake": 0.49,
        "discriminator/adversarial": 1.0,
    }
    found = run_verdict(run(falling(), train=blind))
    assert (found.action, found.health["D"]) == ("restart", "blind")
    assert "D learns nothing" in found.text


def test_a_d_that_no_longer_can_tell_has_met_a_good_g(run: Run) -> None:
    once = np.r_[np.full(100, 0.8), np.full(100, 0.5)]
    met = {"discriminator/accuracy_real": once, "discriminator/accuracy_fake": once}
    assert run_verdict(run(falling(), train=met)).health["D"] == "healthy"


def test_a_rate_that_decayed_to_nothing(run: Run) -> None:
    """An exponential schedule stepped each step instead of each epoch."""
    steps = 50 * np.arange(1, 321)
    found = run_verdict(run(levelled(), train={"rate/generator": 2e-4 * 0.984**steps}))
    assert found.action == "restart"
    assert f"fallen from {2e-4 * 0.984**50:.1e} to {2e-4 * 0.984**16000:.1e}: since" in found.text
    assert 2e-4 * 0.984**16000 < 1e-115
    assert "since about step 500 of" in found.text  # 0.984^450 is 7e-4 of the first window's
    assert "slower training.schedule" in found.text


def test_a_rate_that_a_cosine_brought_to_nothing_at_the_end_is_none(run: Run) -> None:
    place = np.arange(1, 401) / 400
    rate = 1e-3 * (1 + np.cos(np.pi * place))
    for made in (100, 380, 400):
        values = noisy(decay(20))[: made // 20]
        given = {"rate/generator": rate[:made]}
        schedule = {"schedule": {"name": "cosine"}}
        found = run_verdict(run(values, train=given, training=schedule, windows=made))
        assert "learning rate has fallen" not in found.text


def test_a_loss_that_is_not_finite(run: Run) -> None:
    spoilt = np.r_[np.full(199, 0.4), math.nan]
    totals = np.r_[np.full(199, 30.0), math.nan]
    found = run_verdict(run(falling(), train={"generator/mel": spoilt, "generator/total": totals}))
    assert (found.action, found.health["G"]) == ("restart", "not finite")
    assert "generator/mel is not finite at step 10,000." in found.text
    assert "training.optimizer.lr=0.0001" in found.text
    assert found.health["D"] == "healthy"


def test_gradients_that_explode_or_vanish(run: Run) -> None:
    norms = np.r_[np.full(180, 5.0), np.geomspace(5, 5e4, 20)]
    found = run_verdict(run(falling(), train={"generator/grad_norm": norms}))
    assert (found.action, found.health["G"]) == ("lower_rate", "exploding")
    norms = np.r_[np.full(300, 5.0), np.full(20, 1e-4)]
    found = run_verdict(run(levelled(), train={"discriminator/grad_norm": norms}))
    assert (found.action, found.health["D"]) == ("restart", "vanishing")


def test_g_meets_d_late(run: Run) -> None:
    """Its gradients grow a hundredfold when D starts."""
    norms = np.r_[np.full(150, 0.5), np.full(50, 50.0)]
    absent = np.r_[np.full(150, math.nan), np.full(50, 0.7)]
    given = {"generator/grad_norm": norms, "discriminator/accuracy_real": absent}
    found = run_verdict(run(falling(), train=given, training={"adversarial_from": 7500}))
    assert found.action == "continue"
    before = run_verdict(run(falling(), training={"adversarial_from": 15000}))
    assert "D is not used before step 15,000" in before.text


def test_the_loader_holds_it_up(run: Run) -> None:
    found = run_verdict(run(falling(), train={"speed/wait": 0.35}))
    assert found.action == "continue"
    assert "waits for the loader 35% of the time" in found.text
    assert "raise data.workers (now 2)" in found.text
    assert len(found.remarks) == 1


FIGURES = {"diversity": 0.9, "frechet": 9.0, "accuracy_real": 0.8, "accuracy_fake": 0.8}
WINNING = {"accuracy_real": 1.0, "accuracy_fake": 1.0}


@pytest.mark.parametrize(
    ("now", "before", "action", "network"),
    [
        ({"diversity": 0.1}, {}, "restart", "G"),
        (WINNING, {**WINNING, "frechet": 5.0}, "lower_rate", "D"),
        ({"accuracy_held_out": 0.3}, {}, "more_data", "D"),
    ],
)
def test_alarms_of_the_last_validation_decide(
    run: Run, now: dict[str, float], before: dict[str, float], action: str, network: str
) -> None:
    figures, past = FIGURES | now, [FIGURES | before] * 4
    (alarm,) = alarms.of(16000, figures, past)
    made = run(levelled(16), metric="frechet", alarms=[alarm])
    found = run_verdict(made)
    assert found.action == action
    assert (found.reason, found.health[network]) == (alarm.name, alarm.name)
    assert wording.sentence(alarm) in found.text
    stale = run_verdict(replace(made, alarms=(replace(alarm, step=15000),)))
    assert stale.action == "stop"


def test_of_an_alarm_that_has_its_text_alone_the_figures_decide(run: Run) -> None:
    """Older runs wrote only the text, which no program reads."""
    old = Alarm.of_line({"step": 16000, "text": "D knows the training clips by heart: odd; look"})
    made = run(levelled(16), metric="frechet", alarms=[old])
    assert run_verdict(made).action == "stop"
    *past, last = made.validation
    lively = [{**line, "diversity": 0.9} for line in past]
    made = replace(made, validation=(*lively, {**last, "diversity": 0.1}))
    assert (run_verdict(made).action, run_verdict(made).health["G"]) == ("restart", "collapse")


@pytest.mark.parametrize("seed", range(5))
def test_healthy_runs_raise_no_false_alarm(run: Run, seed: int) -> None:
    """At every validation of a run that falls, and scatters."""
    values = noisy(decay(20, floor=0.2, power=0.7), 0.02, seed)
    for made in range(1, 21):
        found = run_verdict(run(values[:made], training={"steps": 40000}))
        assert found.action in ("continue", "wait"), found.text
        assert set(found.health.values()) == {"healthy"}


def test_rising_feature_matching_is_normal(run: Run) -> None:
    given = {"generator/feature_matching": np.linspace(1, 9, 200)}
    assert run_verdict(run(falling(), train=given)).text == run_verdict(run(falling())).text


def test_whatever_is_written_a_verdict_comes(run: Run) -> None:
    rng = np.random.default_rng(4)
    for number in range(60):
        count = int(rng.integers(0, 12))
        odd = [math.nan, 0.0, -1.0, 1e300, 1.0]
        values = [float(rng.choice([rng.standard_normal(), rng.choice(odd)])) for _ in range(count)]
        train = {"generator/grad_norm": 0.0, "speed/steps": 0.0} if number % 2 else {}
        found = run_verdict(run(values, train=train, recipe={"losses": None, "data": None}))
        assert json.dumps(found.to_dict(), allow_nan=False)


def test_a_recipe_of_another_kind_does_not_matter() -> None:
    found = run_verdict(History(Path("a"), {"training": 3, "objective": []}, (), (), (), ()))
    assert found.action == "wait"


@pytest.mark.parametrize("file", CURVES, ids=lambda file: file.stem)
def test_real_runs_get_sensible_paragraphs(run: Run, file: Path) -> None:
    """The stored curves are real runs: they fall from early on, or were flat at their end."""
    stored = json.loads(file.read_text())
    made = run([], windows=0, recipe={"losses": {}, "discriminators": {}})
    recipe = dict(made.recipe) | stored["identity"]
    recipe["training"] = {**stored["identity"]["training"], "steps": stored["steps"]}
    recipe["training"]["schedule"] = {"name": "cosine"}
    lines = [{"kind": "validation", "step": s, stored["metric"]: v} for s, v in stored["points"]]
    for count in range(4, len(lines) + 1):
        found = run_verdict(replace(made, recipe=recipe, validation=tuple(lines[:count])))
        wanted = "stop" if stored["recipe"] == "tiny" and count >= 8 else "continue"
        assert found.action == wanted, found.text
        assert found.typical_of == stored["recipe"]
        assert found.typical == pytest.approx(lines[count - 1][stored["metric"]], rel=1e-5)
        assert f"Typical of {stored['recipe']} at " in found.text


@pytest.mark.parametrize("steps", [20_000, 5_000])
def test_with_nothing_held_out_that_is_said_and_no_validation_waited_for(
    run: Run, steps: int
) -> None:
    history = run(falling(5), training={"steps": steps})
    nothing = replace(
        history, validation=(), starts=({"step": 0, "data": {"clips": 3, "held_out": 0}},)
    )
    found = run_verdict(nothing)
    assert (found.metric, found.reason) == (None, "nothing is measured")
    assert found.action == ("continue" if steps > 5_000 else "stop")
    assert "nothing is held out" in found.text
    assert "due at step" not in found.text
    # sounds are measured all the same
    measured = replace(history, starts=nothing.starts)
    assert run_verdict(measured).value == run_verdict(history).value
    assert run_verdict(measured).text == run_verdict(history).text
