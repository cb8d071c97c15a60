"""The two turns: which network learns from what, worked out by hand for one weight."""

import math
from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from wavegan.conditions import NO_CONDITION, Conditions
from wavegan.discriminators.base import Discriminator, DiscriminatorOutput, Ensemble
from wavegan.discriminators.mpd import MultiPeriod
from wavegan.losses.base import Loss
from wavegan.objectives import LSGAN, Wasserstein
from wavegan.penalties import R1, GradientPenalty, Penalty
from wavegan.tasks.base import Generated, Task
from wavegan.training import step as module
from wavegan.training.step import LearningNetwork, Step

RATE = 0.1


class Amplifier(nn.Module):
    """G: `weight * audio`."""

    def __init__(self, weight: float = 0.5) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(weight))

    def forward(self, audio: Tensor) -> Tensor:
        return self.weight * audio


class TinyDiscriminator(Discriminator):
    """D: logits `weight * audio`, one feature map `2 * weight * audio`; remembers its calls."""

    def __init__(self, weight: float = 0.25) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(weight))
        self.calls: list[tuple[int, bool, bool]] = []

    def forward(self, audio: Tensor) -> list[DiscriminatorOutput]:
        self.calls.append((len(audio), audio.requires_grad, self.weight.requires_grad))
        logits = self.weight * audio
        return [DiscriminatorOutput(logits, [2 * logits])]


class Copy(Task):
    """The fake is what G makes of the real, or of the mel where there is one."""

    def generate(
        self, generator: nn.Module, audio: Tensor, conditions: Conditions = NO_CONDITION
    ) -> Generated:
        fake = generator(conditions.get("mel", audio))
        return Generated(fake=fake, real=audio, estimate=fake, reference=audio)


class Distance(Loss):
    """`factor * mean |estimate - reference|`."""

    def __init__(self, factor: float = 1.0) -> None:
        super().__init__()
        self.factor = factor
        self.dtypes: list[torch.dtype] = []

    def forward(self, estimate: Tensor, reference: Tensor) -> Tensor:
        self.dtypes += [estimate.dtype, reference.dtype]
        return self.factor * (estimate - reference).abs().mean()


class Heaviness(Penalty):
    """`weight ** 2` of a `TinyDiscriminator`; remembers what it was given."""

    def __init__(self, every: int = 1) -> None:
        self.every = every
        self.fakes: list[Tensor] = []

    def __call__(self, discriminator: Any, real: Tensor, fake: Tensor) -> Tensor:
        self.fakes.append(fake)
        weight = discriminator.network.weight
        assert isinstance(weight, Tensor)
        return weight.square()


def learner(network: nn.Module, clip: float | None = None, rate: float = RATE) -> LearningNetwork:
    return LearningNetwork(network, torch.optim.SGD(network.parameters(), lr=rate), clip)


def make(generator: nn.Module, discriminator: Discriminator | None, **options: Any) -> Step:
    defaults: dict[str, Any] = {
        "task": Copy(),
        "generator": learner(generator),
        "discriminator": None if discriminator is None else learner(discriminator),
        "objective": LSGAN(),
        "autocast": nullcontext,
        "losses": {"distance": (2.0, Distance())},
        "matching": (3.0, "hifigan"),
    }
    return Step(**{**defaults, **options})


def ones() -> Tensor:
    return torch.ones(2, 1, 8)


def weights(network: nn.Module) -> dict[str, Tensor]:
    return {key: value.detach().clone() for key, value in network.named_parameters()}


def moved(network: nn.Module, before: dict[str, Tensor]) -> bool:
    return any(not torch.equal(value, before[key]) for key, value in network.named_parameters())


def test_in_its_turn_d_learns_and_g_is_not_touched() -> None:
    """d/dw [(w - 1)^2 + (w / 2)^2] = 2 (w - 1) + w / 2 = -1.375 at w = 0.25, so w = 0.3875."""
    generator, discriminator = Amplifier(0.5), TinyDiscriminator(0.25)
    step = make(generator, discriminator)
    generated = step.task.generate(generator, ones())
    logs = step.discriminator_turn(step.discriminator, generated, 0)
    assert discriminator.weight.item() == pytest.approx(0.3875)
    assert generator.weight.item() == 0.5
    assert generator.weight.grad is None
    assert logs["discriminator/adversarial"].item() == pytest.approx(0.5625 + 0.015625)
    assert logs["discriminator/grad_norm"].item() == pytest.approx(1.375)


def test_a_discriminators_weight_counts_in_both_turns() -> None:
    """Two members with weights 2 and 0.5 give 2.5 times each term of one with weight 1."""
    generator = Amplifier(0.5)
    discriminator = Ensemble(
        {"a": TinyDiscriminator(0.25), "b": TinyDiscriminator(0.25)}, {"a": 2.0, "b": 0.5}
    )
    step = make(generator, discriminator)
    generated = step.task.generate(generator, ones())
    terms = step.adversarial_terms(discriminator, generated)
    single = step.adversarial_terms(TinyDiscriminator(0.25), generated)
    for name in ("adversarial", "feature_matching"):
        assert terms[name][1].item() == pytest.approx(2.5 * single[name][1].item())
    logs = step.discriminator_turn(step.discriminator, generated, 0)
    assert logs["discriminator/adversarial"].item() == pytest.approx(2.5 * (0.5625 + 0.015625))
    learnt = [member.weight.item() for member in discriminator.members.values()]
    assert learnt == pytest.approx([0.25 + 2 * 0.1375, 0.25 + 0.5 * 0.1375])


def test_d_gets_detached_fakes_and_real_in_one_batch() -> None:
    generator, discriminator, penalty = Amplifier(), TinyDiscriminator(), Heaviness()
    step = make(generator, discriminator, penalties={"heavy": (1.0, penalty)})
    generated = step.task.generate(generator, ones())
    assert generated.fake.requires_grad
    step.discriminator_turn(step.discriminator, generated, 0)
    assert discriminator.calls == [(4, False, True)]
    assert not penalty.fakes[0].requires_grad


def test_in_its_turn_g_learns_and_d_is_not_touched() -> None:
    """At g = 0.5, w = 0.25, audio 1:

    distance 2 |g - 1|: slope -2; adversarial (w g - 1)^2: 2 w (w g - 1) = -0.4375; feature
    matching 3 * 2 w |g - 1|: -1.5. In all -3.9375, so g = 0.89375.
    """
    generator, discriminator = Amplifier(0.5), TinyDiscriminator(0.25)
    step = make(generator, discriminator)
    logs = step.generator_turn(step.discriminator, step.task.generate(generator, ones()))
    assert generator.weight.item() == pytest.approx(0.89375)
    assert discriminator.weight.item() == 0.25
    assert discriminator.weight.grad is None
    assert discriminator.weight.requires_grad
    assert {name: value.item() for name, value in logs.items()} == pytest.approx(
        {
            "generator/distance": 0.5,
            "generator/adversarial": 0.765625,
            "generator/feature_matching": 0.25,
            "generator/total": 2 * 0.5 + 0.765625 + 3 * 0.25,
            "generator/grad_norm": 3.9375,
        }
    )
    # the fake with a graph to G, the real without; D frozen for both
    assert discriminator.calls == [(2, True, False), (2, False, False)]


def test_after_a_whole_step_d_holds_the_gradient_of_its_own_turn() -> None:
    """G's turn is against the D that has just learnt: w = 0.3875."""
    generator, discriminator = Amplifier(0.5), TinyDiscriminator(0.25)
    logs = make(generator, discriminator)(ones(), 0, adversarial=True)
    assert discriminator.weight.item() == pytest.approx(0.3875)
    assert discriminator.weight.grad is not None
    assert discriminator.weight.grad.item() == pytest.approx(-1.375)
    assert discriminator.weight.requires_grad
    slope = -2 + 2 * 0.3875 * (0.5 * 0.3875 - 1) - 6 * 0.3875
    assert generator.weight.item() == pytest.approx(0.5 - RATE * slope)
    assert logs["generator/adversarial"].item() == pytest.approx((0.5 * 0.3875 - 1) ** 2)


def test_a_mel_is_handed_to_the_task() -> None:
    """Of a mel of twos G makes 0.5 * 2, which is the audio."""
    logs = make(Amplifier(0.5), None)(ones(), 0, adversarial=False, conditions={"mel": 2 * ones()})
    assert logs["generator/distance"] == 0


def test_gradients_of_an_earlier_step_are_gone() -> None:
    """Two steps of a D whose rate is 0 see the same gradient, not its double."""
    generator, discriminator = Amplifier(), TinyDiscriminator()
    step = make(generator, discriminator)
    step.generator = learner(generator, rate=0.0)
    step.discriminator = learner(discriminator, rate=0.0)
    first, second = (step(ones(), number, adversarial=True) for number in range(2))
    assert first.keys() == second.keys()
    for name, value in first.items():
        assert second[name].item() == value.item(), name


def test_every_named_term_is_logged_and_totals_are_their_weighted_sums() -> None:
    step = make(
        Amplifier(),
        TinyDiscriminator(),
        losses={"near": (2.0, Distance()), "far": (0.5, Distance(7.0))},
        penalties={"heavy": (4.0, Heaviness())},
    )
    logs = {k: v.item() for k, v in step(torch.randn(2, 1, 8), 0, adversarial=True).items()}
    assert set(logs) == {
        "discriminator/accuracy_fake",
        "discriminator/accuracy_real",
        "discriminator/adversarial",
        "discriminator/heavy",
        "discriminator/total",
        "discriminator/grad_norm",
        "generator/near",
        "generator/far",
        "generator/adversarial",
        "generator/feature_matching",
        "generator/total",
        "generator/grad_norm",
    }
    assert logs["generator/total"] == pytest.approx(
        2 * logs["generator/near"]
        + 0.5 * logs["generator/far"]
        + logs["generator/adversarial"]
        + 3 * logs["generator/feature_matching"],
        rel=1e-6,
    )
    assert logs["generator/far"] == pytest.approx(7 * logs["generator/near"], rel=1e-6)
    assert logs["discriminator/heavy"] == 0.0625
    assert logs["discriminator/total"] == pytest.approx(
        logs["discriminator/adversarial"] + 4 * 0.0625, rel=1e-6
    )


def test_scalars_stay_on_the_device_without_a_graph() -> None:
    logs = make(Amplifier(), TinyDiscriminator())(ones(), 0, adversarial=True)
    for name, value in logs.items():
        assert isinstance(value, Tensor), name
        assert value.shape == (), name
        assert not value.requires_grad, name


def test_a_lazy_penalty_comes_every_nth_step_and_n_times_as_strong() -> None:
    generator, discriminator = Amplifier(), TinyDiscriminator()
    step = make(generator, discriminator, penalties={"heavy": (4.0, Heaviness(every=3))})
    step.discriminator = learner(discriminator, rate=0.0)
    for number in range(7):
        logs = step(ones(), number, adversarial=True)
        extra = logs["discriminator/total"] - logs["discriminator/adversarial"]
        assert ("discriminator/heavy" in logs) is (number % 3 == 0)
        # weight 4 * every 3 * 0.25^2, of which the log has the plain value
        assert extra.item() == pytest.approx(0.75 if number % 3 == 0 else 0.0, abs=1e-6)
        assert logs.get("discriminator/heavy", torch.tensor(0.0625)).item() == 0.0625


def test_a_penalty_pulls_d() -> None:
    """With the gradient -1.375 of its turn and 4 * 2 w = 2 of the penalty: w = 0.25 - 0.0625."""
    discriminator = TinyDiscriminator(0.25)
    step = make(Amplifier(0.5), discriminator, penalties={"heavy": (4.0, Heaviness())})
    step(ones(), 0, adversarial=True)
    assert discriminator.weight.item() == pytest.approx(0.1875)


def test_feature_matching_of_weight_zero_is_not_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_args: object, **_kwargs: object) -> Tensor:
        raise AssertionError("computed in vain")

    monkeypatch.setattr(module, "feature_matching", forbidden)
    step = make(Amplifier(), TinyDiscriminator(), matching=(0.0, "hifigan"))
    logs = step(ones(), 0, adversarial=True)
    assert "generator/feature_matching" not in logs
    assert "generator/adversarial" in logs
    with pytest.raises(AssertionError, match="in vain"):
        make(Amplifier(), TinyDiscriminator())(ones(), 0, adversarial=True)


def test_without_a_discriminator_g_learns_from_the_losses_alone() -> None:
    """The slope of 2 |g - 1| is -2: g = 0.5 + 0.2."""
    generator = Amplifier(0.5)
    logs = make(generator, None)(ones(), 0, adversarial=True)
    assert set(logs) == {"generator/distance", "generator/total", "generator/grad_norm"}
    assert generator.weight.item() == pytest.approx(0.7)


def test_d_rests_until_it_takes_part() -> None:
    generator, discriminator = Amplifier(0.5), TinyDiscriminator(0.25)
    logs = make(generator, discriminator)(ones(), 0, adversarial=False)
    assert set(logs) == {"generator/distance", "generator/total", "generator/grad_norm"}
    assert generator.weight.item() == pytest.approx(0.7)
    assert discriminator.weight.item() == 0.25
    assert discriminator.weight.grad is None
    assert discriminator.calls == []


def test_clipping_bounds_what_is_applied_and_logs_what_was() -> None:
    """G's slope is -3.9375 and D's -1.375, see above; each is cut to its own largest norm."""
    generator, discriminator = Amplifier(0.5), TinyDiscriminator(0.25)
    step = make(generator, discriminator)
    step.generator = learner(generator, clip=2.0)
    step.discriminator = learner(discriminator, clip=0.5)
    generated = step.task.generate(generator, ones())
    logs = step.generator_turn(step.discriminator, generated)
    assert logs["generator/grad_norm"].item() == pytest.approx(3.9375)
    assert generator.weight.item() == pytest.approx(0.5 + RATE * 2.0, rel=1e-5)
    logs = step.discriminator_turn(step.discriminator, generated, 0)
    assert logs["discriminator/grad_norm"].item() == pytest.approx(1.375)
    assert discriminator.weight.item() == pytest.approx(0.25 + RATE * 0.5, rel=1e-5)


def test_clipping_is_of_the_norm_over_all_parameters() -> None:
    """Gradients (3, 4) have the norm 5: clipped to 1 they become (0.6, 0.8)."""
    net = nn.ParameterList([torch.zeros(1), torch.zeros(1)])
    made = learner(net, clip=1.0, rate=1.0)
    norm = made.update(3 * net[0].sum() + 4 * net[1].sum())
    assert norm.item() == pytest.approx(5)
    assert [p.item() for p in net] == pytest.approx([-0.6, -0.8], rel=1e-5)


def test_gradients_below_the_largest_norm_are_left_alone() -> None:
    generator = Amplifier(0.5)
    step = make(generator, None)
    step.generator = learner(generator, clip=100.0)
    step(ones(), 0, adversarial=False)
    assert generator.weight.item() == pytest.approx(0.7)


def small_discriminator(spectral_norm: bool = False) -> Ensemble:
    torch.manual_seed(0)
    mpd = MultiPeriod(periods=[2, 3], layer_channels=[4, 8], spectral_norm=spectral_norm)
    return Ensemble({"mpd": mpd})


def small_generator() -> nn.Module:
    torch.manual_seed(1)
    return nn.Sequential(nn.Conv1d(1, 4, 5, padding=2), nn.Tanh(), nn.Conv1d(4, 1, 5, padding=2))


def noise(samples: int = 120) -> Tensor:
    return torch.randn(2, 1, samples, generator=torch.Generator().manual_seed(2)).clamp(-1, 1)


def run(discriminator: Discriminator, steps: int = 2, **options: Any) -> list[dict[str, float]]:
    """Steps on noise; all weights of both networks must move, and all scalars be finite.

    All but D's last biases where the objective is Wasserstein's: they cancel out of
    `mean(fake) - mean(real)` and of every slope.
    """
    cancels = isinstance(options.get("objective"), Wasserstein)
    generator = small_generator()
    step = make(generator, discriminator, **options)
    before = weights(generator), weights(discriminator)
    logs = [step(noise(), number, adversarial=True) for number in range(steps)]
    for network, old in zip((generator, discriminator), before, strict=True):
        for name, value in network.named_parameters():
            if not (cancels and network is discriminator and name.endswith("conv_post.bias")):
                assert not torch.equal(value, old[name]), name
            assert value.isfinite().all(), name
            assert value.requires_grad, name
    for log in logs:
        assert all(value.isfinite() for value in log.values())
        assert all(value.dtype == torch.float32 for value in log.values())
    return [{name: value.item() for name, value in log.items()} for log in logs]


def test_a_discriminator_with_spectral_norm() -> None:
    discriminator = small_discriminator(spectral_norm=True)
    assert any("original" in name for name, _ in discriminator.named_parameters())
    run(discriminator)


@pytest.mark.parametrize(
    ("objective", "name", "penalty"),
    [(LSGAN(), "r1", R1(every=2)), (Wasserstein(), "gradient", GradientPenalty())],
)
@pytest.mark.parametrize("autocast", [False, True])
def test_gradient_penalties_in_the_real_step(
    objective: Any, name: str, penalty: Penalty, autocast: bool
) -> None:
    """A penalty's own backward goes through D twice; in the total it has its weight."""
    logs = run(
        small_discriminator(),
        steps=3,
        objective=objective,
        penalties={name: (5.0, penalty)},
        autocast=half if autocast else nullcontext,
    )
    for number, log in enumerate(logs):
        due = number % penalty.every == 0
        assert (f"discriminator/{name}" in log) is due
        value = log.get(f"discriminator/{name}", 0.0)
        assert value > 0 or not due
        assert log["discriminator/total"] == pytest.approx(
            log["discriminator/adversarial"] + 5 * penalty.every * value, rel=1e-5
        )


def test_the_gradient_penalty_holds_a_critic_near_slope_one() -> None:
    """The mean of 8 logits `w x` has the slope w / sqrt(8).

    10 (w / sqrt(8) - 1)^2 - w / 2, for the mean of real less that of fake is 1 / 2, is smallest at
    w = sqrt(8) + 0.2.
    """
    generator, discriminator = Amplifier(0.5), TinyDiscriminator(0.25)
    step = make(generator, discriminator, objective=Wasserstein())
    step.penalties = {"gradient": (10.0, GradientPenalty())}
    step.generator = learner(generator, rate=0.0)
    for number in range(60):
        step(ones(), number, adversarial=True)
    assert discriminator.weight.item() == pytest.approx(math.sqrt(8) + 0.2, abs=1e-4)


def half() -> Any:
    return torch.autocast("cpu", dtype=torch.bfloat16)


def test_under_bfloat16_the_networks_are_rough_and_the_losses_exact() -> None:
    """Losses are given float32 waves, objectives float32 logits."""
    loss, discriminator = Distance(), small_discriminator()
    seen: list[torch.dtype] = []
    objective = Listening(seen)
    logs = run(discriminator, losses={"d": (1.0, loss)}, objective=objective, autocast=half)
    assert set(loss.dtypes) == {torch.float32}
    assert set(seen) == {torch.float32}
    exact = run(small_discriminator(), losses={"d": (1.0, Distance())}, objective=LSGAN())
    rough = logs[0]["generator/d"]
    assert rough != exact[0]["generator/d"]
    assert rough == pytest.approx(exact[0]["generator/d"], rel=0.02)


class Listening(LSGAN):
    """Records the precision of the logits."""

    def __init__(self, seen: list[torch.dtype]) -> None:
        self.seen = seen

    def discriminator(self, real: Sequence[Tensor], fake: Sequence[Tensor]) -> Tensor:
        self.seen += [logits.dtype for logits in (*real, *fake)]
        return super().discriminator(real, fake)

    def generator(self, real: Sequence[Tensor], fake: Sequence[Tensor]) -> Tensor:
        self.seen += [logits.dtype for logits in (*real, *fake)]
        return super().generator(real, fake)


@pytest.mark.parametrize("training", [True, False])
def test_the_step_leaves_the_mode_of_the_networks(training: bool) -> None:
    generator, discriminator = Amplifier().train(training), TinyDiscriminator().train(training)
    make(generator, discriminator)(ones(), 0, adversarial=True)
    assert (generator.training, discriminator.training) == (training, training)


class Labelled(TinyDiscriminator):
    """Records the labels of each batch."""

    def __init__(self, apart: bool = False) -> None:
        super().__init__()
        self.n_labels, self.batch_dependent = 2, apart
        self.conditioned: list[list[int]] = []

    def forward(self, audio: Tensor, label: Tensor | None = None) -> list[DiscriminatorOutput]:
        assert label is not None
        self.conditioned.append(label.tolist())
        return super().forward(audio)


class CopyWithLabel(Copy):
    """Passes the labels on."""

    def generate(
        self, generator: nn.Module, audio: Tensor, conditions: Conditions = NO_CONDITION
    ) -> Generated:
        return super().generate(generator, audio)._replace(label=conditions.get("label"))


class Louder(nn.Module):
    """An augmentation: `3 * audio`; counts its calls."""

    calls = 0

    def forward(self, audio: Tensor) -> Tensor:
        self.calls += 1
        return 3 * audio


def test_g_waits_for_n_turns_of_d() -> None:
    generator, discriminator = Amplifier(0.5), TinyDiscriminator(0.25)
    step = make(generator, discriminator, n_critic=3)
    for number in range(2):
        logs = step(ones(), number, adversarial=True)
        assert not any(name.startswith("generator/") for name in logs)
        assert generator.weight.item() == 0.5
    assert discriminator.weight.item() != 0.25
    assert "generator/total" in step(ones(), 2, adversarial=True)
    assert generator.weight.item() != 0.5


def test_without_d_every_step_is_gs() -> None:
    generator = Amplifier(0.5)
    assert "generator/total" in make(generator, None, n_critic=3)(ones(), 0, adversarial=False)


@pytest.mark.parametrize("apart", [False, True])
def test_d_gets_the_labels_of_real_and_fake(apart: bool) -> None:
    """D's turn: both in one batch, or in one each; a penalty; G's turn: fake, then real."""
    discriminator = Labelled(apart)
    step = make(Amplifier(), discriminator, task=CopyWithLabel(), penalties={"r1": (1.0, R1())})
    step(ones(), 0, adversarial=True, conditions={"label": torch.tensor([1, 0])})
    both = [[1, 0], [1, 0]] if apart else [[1, 0, 1, 0]]
    assert discriminator.conditioned == [*both, [1, 0], [1, 0], [1, 0]]


def test_real_and_fake_apart_give_the_same_where_d_does_not_mix_clips() -> None:
    together = make(Amplifier(), TinyDiscriminator())(noise(8), 0, adversarial=True)
    discriminator = TinyDiscriminator()
    discriminator.batch_dependent = True
    separate = make(Amplifier(), discriminator)(noise(8), 0, adversarial=True)
    assert discriminator.calls[0][0] == 2
    for name, value in together.items():
        assert separate[name].item() == pytest.approx(value.item()), name


def test_d_sees_real_and_fake_augmented_and_its_sign_is_logged() -> None:
    """At w = 0.25 and 3 * audio: (0.75 - 1)^2 + 0.375^2; (0.75 - 0.5) is above neutral."""
    augment = Louder()
    logs = make(Amplifier(0.5), TinyDiscriminator(0.25), augment=augment)(
        ones(), 0, adversarial=True
    )
    assert logs["discriminator/adversarial"].item() == pytest.approx(0.0625 + 0.140625)
    assert logs["discriminator/sign"].item() == 1
    assert augment.calls == 3


def test_a_penalty_is_about_what_d_sees_once_it_is_augmented() -> None:
    """The mean of 8 logits `w x` has the slope w / 8 at each sample: R1 is 5 * 8 * that^2."""
    step = make(
        Amplifier(), TinyDiscriminator(0.25), augment=Louder(), penalties={"r1": (1.0, R1())}
    )
    logs = step(ones(), 0, adversarial=True)
    assert logs["discriminator/r1"].item() == pytest.approx(5 * 8 * (0.25 / 8) ** 2)
