"""WaveGAN's discriminator: the original's variables and scores; labels, deviations, penalties."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from wavegan.discriminators.base import ConditionedDiscriminator
from wavegan.discriminators.wavegan import WaveGANDiscriminator
from wavegan.errors import UserError
from wavegan.layers.phase_shuffle import PhaseShuffle
from wavegan.penalties import GradientPenalty

# What WaveGANDiscriminator of chrisdonahue/wavegan (dim 64, one channel, slice_len 16384) makes
# variables of: tf.layers.conv1d has a kernel (25, in, out), dense (in, out); 16 positions of the
# last width are flattened.
ORIGINAL = {
    "downconv_0/conv1d/kernel": (25, 1, 64),
    "downconv_0/conv1d/bias": (64,),
    "downconv_1/conv1d/kernel": (25, 64, 128),
    "downconv_1/conv1d/bias": (128,),
    "downconv_2/conv1d/kernel": (25, 128, 256),
    "downconv_2/conv1d/bias": (256,),
    "downconv_3/conv1d/kernel": (25, 256, 512),
    "downconv_3/conv1d/bias": (512,),
    "downconv_4/conv1d/kernel": (25, 512, 1024),
    "downconv_4/conv1d/bias": (1024,),
    "output/dense/kernel": (16 * 1024, 1),
    "output/dense/bias": (1,),
}
# slice_len 32768 and 65536 have one layer more
LONGER = {
    **{name: shape for name, shape in ORIGINAL.items() if name.startswith("downconv")},
    "downconv_5/conv1d/kernel": (25, 1024, 2048),
    "downconv_5/conv1d/bias": (2048,),
    "output/dense/kernel": (16 * 2048, 1),
    "output/dense/bias": (1,),
}
TOTALS = {16384: 17_427_969, 32768: 69_875_201, 65536: 69_875_201}
STRIDES = {16384: [4] * 5, 32768: [4] * 5 + [2], 65536: [4] * 6}
SMALL: dict[str, Any] = {"segment": 512, "dim": 4, "kernel_size": 9}
ALL: dict[str, Any] = {**SMALL, "channels": 2, "n_labels": 3, "minibatch_std": 2}


def ours(name: str) -> str:
    """Our name of a variable of the original."""
    scope, _, kind = name.split("/")
    place = "dense" if scope == "output" else f"downs.{scope[-1]}"
    return f"{place}.{'weight' if kind == 'kernel' else 'bias'}"


@pytest.mark.parametrize(
    ("segment", "table"), [(16384, ORIGINAL), (32768, LONGER), (65536, LONGER)]
)
def test_variables_are_the_originals(segment: int, table: dict[str, tuple[int, ...]]) -> None:
    with torch.device("meta"):
        net = WaveGANDiscriminator(segment=segment)
        (output,) = net(torch.zeros(2, 1, segment))
    shapes = {key: tuple(value.shape) for key, value in net.state_dict().items()}
    assert shapes == {ours(name): shape[::-1] for name, shape in table.items()}
    assert sum(math.prod(shape) for shape in table.values()) == TOTALS[segment]
    assert sum(value.numel() for value in net.parameters()) == TOTALS[segment]
    assert output.logits.shape == (2, 1)
    lengths = segment // np.cumprod(STRIDES[segment])
    assert [tuple(each.shape) for each in output.feature_maps] == [
        (2, 64 << layer, length) for layer, length in enumerate(lengths)
    ]


def conv_same(x: np.ndarray, kernel: np.ndarray, stride: int) -> np.ndarray:
    """`tf.layers.conv1d(padding="SAME")`; x `(T, in)`, kernel `(K, in, out)`, T a multiple."""
    before = (len(kernel) - stride) // 2
    wide = np.pad(x, [(before, len(kernel) - stride - before), (0, 0)])
    return sum(
        wide[tap : tap + len(x) : stride][: len(x) // stride] @ kernel[tap]
        for tap in range(len(kernel))
    )


def as_published(
    weights: dict[str, np.ndarray], x: np.ndarray, strides: list[int], phases: list[int]
) -> np.ndarray:
    """`WaveGANDiscriminator` on one clip `(T, C)`, in its order of axes, with the phases drawn."""
    for layer, stride in enumerate(strides):
        scope = f"downconv_{layer}/conv1d"
        x = conv_same(x, weights[f"{scope}/kernel"], stride) + weights[f"{scope}/bias"]
        x = np.maximum(0.2 * x, x)
        if layer < 4:
            left, right = max(phases[layer], 0), max(-phases[layer], 0)
            wide = np.pad(x, [(left, right), (0, 0)], mode="reflect")
            x = wide[right : right + len(x)]
    return x.reshape(-1) @ weights["output/dense/kernel"] + weights["output/dense/bias"]


@pytest.mark.parametrize("segment", STRIDES)
def test_scores_are_the_originals(segment: int, monkeypatch: pytest.MonkeyPatch) -> None:
    net = WaveGANDiscriminator(segment=segment, dim=2, channels=2).double()
    random = np.random.default_rng(0)
    weights = {}
    for key, value in net.named_parameters():
        drawn = random.standard_normal(value.shape) * math.prod(value.shape[1:]) ** -0.5
        value.data = torch.from_numpy(drawn)
        names = ORIGINAL if segment == 16384 else LONGER
        weights[next(name for name in names if ours(name) == key)] = drawn.T
    phases = [2, -1, 0, -2]
    left = iter(phases)
    monkeypatch.setattr(torch, "randint", lambda *_, **__: torch.tensor(next(left)))
    audio = random.uniform(-1, 1, (segment, 2))
    made = net(torch.from_numpy(audio.T.copy())[None])[0].logits.detach().numpy()
    assert next(left, None) is None  # a shuffle after each of four layers, no more
    published = as_published(weights, audio, STRIDES[segment], phases)
    assert abs(published[0]) > 0.01
    np.testing.assert_allclose(made[0], published, rtol=0, atol=1e-10)


def small(**options: Any) -> WaveGANDiscriminator:
    torch.manual_seed(0)
    return WaveGANDiscriminator(**{**SMALL, **options})


def noise(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1))


LABELS = torch.tensor([0, 1, 2, 0])


@pytest.mark.parametrize(
    ("segment", "drawn"), [(32, 0), (128, 1), (1024, 2), (16384, 4), (32768, 4), (262144, 4)]
)
def test_phase_is_shuffled_after_four_layers_and_never_the_last(segment: int, drawn: int) -> None:
    net = small(segment=segment, dim=1, max_dim=1)
    calls: list[int] = []
    net.shuffle.register_forward_hook(lambda *_: calls.append(1))
    net(noise(1, 1, segment))
    assert len(calls) == drawn


@torch.no_grad()
def test_phase_shuffle_changes_scores_in_training_only() -> None:
    net, audio = small(), noise(2, 1, 512)
    scores = {float(net(audio)[0].logits[0]) for _ in range(10)}
    assert len(scores) > 1
    scores = {float(net.eval()(audio)[0].logits[0]) for _ in range(10)}
    assert len(scores) == 1
    still = small(phase_shuffle=0)
    assert float(still(audio)[0].logits[0]) in scores


def test_feature_maps_are_not_shuffled() -> None:
    net, audio = small(), noise(2, 1, 512)
    firsts = [net(audio)[0].feature_maps[0] for _ in range(5)]
    assert all(torch.equal(each, firsts[0]) for each in firsts)
    assert (firsts[0] < 0).any()


def test_it_is_apart_where_clips_depend_on_the_batch() -> None:
    assert small().batch_dependent
    assert small(phase_shuffle=0, minibatch_std=4).batch_dependent
    assert not small(phase_shuffle=0).batch_dependent


def test_labels_are_projected_on_what_the_last_layer_sees() -> None:
    net = small(n_labels=3, phase_shuffle=0)
    audio = noise(1, 1, 512)
    (output,) = net(audio, torch.tensor([1]))
    features = output.feature_maps[-1].transpose(1, 2).flatten()
    assert net.projection is not None
    vector = net.dense.weight[0] + net.projection.embedding.weight[1]
    torch.testing.assert_close(output.logits[0, 0], features @ vector + net.dense.bias[0])
    assert not torch.allclose(output.logits, net(audio, torch.tensor([2]))[0].logits, atol=1e-4)


def test_labels_that_are_missing_or_unknown_are_refused() -> None:
    net = small(n_labels=3)
    with pytest.raises(UserError, match=r"label is missing.* 3 labels"):
        net(noise(2, 1, 512))
    with pytest.raises(UserError, match="label 9 is not known"):
        net(noise(2, 1, 512), torch.tensor([9, 0]))


def test_deviation_is_one_more_map_for_the_last_layer() -> None:
    net = small(minibatch_std=4, phase_shuffle=0)
    assert net.dense.in_features == 16 * (net.downs[-1].out_channels + 1)
    nn.init.zeros_(net.dense.weight)
    net.dense.weight.data.view(16, -1)[:, -1] = 1 / 16  # the last channel of each position
    audio = noise(1, 1, 512).expand(4, -1, -1)
    torch.testing.assert_close(net(audio)[0].logits, torch.full((4, 1), 1e-4))
    assert (net(noise(4, 1, 512))[0].logits > 0.01).all()


@pytest.mark.parametrize("shuffle", [0, 2])
def test_gradients_reach_every_parameter(shuffle: int) -> None:
    net = small(**{**ALL, "phase_shuffle": shuffle})
    audio = noise(4, 2, 512).requires_grad_()
    net(audio, LABELS)[0].logits.square().mean().backward()
    for key, value in (*net.named_parameters(), ("audio", audio)):
        assert value.grad is not None, key
        assert value.grad.isfinite().all(), key
        assert value.grad.abs().max() > 0, key


@torch.no_grad()
def test_bfloat16_autocast_stays_close() -> None:
    net, audio = small(**ALL), noise(4, 2, 512)
    torch.manual_seed(5)
    exact = net(audio, LABELS)[0]
    torch.manual_seed(5)
    with torch.autocast("cpu", torch.bfloat16):
        rough = net(audio, LABELS)[0]
    pairs = zip(
        [rough.logits, *rough.feature_maps], [exact.logits, *exact.feature_maps], strict=True
    )
    for one, other in pairs:
        assert 0 < (one.float() - other).abs().max() < 0.03 * other.abs().max()
    assert rough.feature_maps[0].dtype is torch.bfloat16


def test_second_derivatives_are_right() -> None:
    net = small(**{**ALL, "segment": 32, "dim": 2, "minibatch_std": 0}).double()
    audio = noise(2, 2, 32).double().requires_grad_()

    def score(x: Tensor, *_: Tensor) -> Tensor:
        torch.manual_seed(4)
        return net(x, LABELS[:2])[0].logits.square()

    assert torch.autograd.gradgradcheck(score, (audio, *net.parameters()))


def test_the_penalty_on_its_slope_moves_every_weight_but_the_last_bias() -> None:
    net = small(**ALL)
    real, fake = noise(4, 2, 512), 0.5 * noise(4, 2, 512).flip(-1)
    with torch.autocast("cpu", torch.bfloat16):
        value = GradientPenalty()(ConditionedDiscriminator(net, LABELS), real, fake)
    assert value.dtype is torch.float32
    value.backward()
    for key, parameter in net.named_parameters():
        if not key.endswith("bias"):
            assert parameter.grad is not None, key
            assert parameter.grad.isfinite().all(), key
            assert parameter.grad.abs().max() > 0, key


def test_a_critic_learns_to_tell_silence_from_noise() -> None:
    """Forty turns with the penalty, with which the slope stays near 1: the distance grows."""
    net = small()
    optimizer = torch.optim.Adam(net.parameters(), 5e-3, betas=(0.5, 0.9))
    real, fake = noise(8, 1, 512), torch.zeros(8, 1, 512)
    distances = []
    for _ in range(40):
        distance = net(real)[0].logits.mean() - net(fake)[0].logits.mean()
        loss = 10 * GradientPenalty()(net, real, fake) - distance
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        distances.append(float(distance.detach()))
    assert distances[-1] > distances[0] + 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"segment": 16000}, "segment 16000 is not a multiple of 512, .*: use 15872 or 16384"),
        ({"kernel_size": 3}, "kernel_size 3 is below the largest of the strides"),
        ({"phase_shuffle": -1}, "phase_shuffle -1 must be 0 or more"),
        ({"segment": 64, "strides": [16, 4], "phase_shuffle": 4}, "phase_shuffle 4 .* below 4"),
        ({"minibatch_std": 1}, "minibatch_std 1 must be 0"),
        ({"n_labels": -1}, "n_labels -1"),
        ({"dim": 0}, "dim 0 must be between 1 and max_dim 2048"),
    ],
)
def test_contradictions_are_refused(refused: Any, options: dict[str, Any], message: str) -> None:
    refused(WaveGANDiscriminator, options, message)


def test_the_largest_phase_shuffle_that_is_allowed_works() -> None:
    net = small(segment=64, strides=[16, 4], kernel_size=16, phase_shuffle=3)
    assert isinstance(net.shuffle, PhaseShuffle)
    for _ in range(20):
        net(noise(1, 1, 64))


def test_another_length_is_refused() -> None:
    with pytest.raises(UserError, match=r"audio has 500 samples, .* segments of 512"):
        small()(noise(1, 1, 500))
