"""StyleWave: lengths, styles and their average, noise, walks, loops, refusals."""

import math
from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import Tensor

from wavegan.errors import UserError
from wavegan.generators.stylewave import StyleWave
from wavegan.layers.walk import shares

SMALL: dict[str, Any] = {
    "segment": 128,
    "latent_dim": 6,
    "style_dim": 8,
    "dim": 4,
    "max_dim": 8,
    "kernel_size": 5,
    "strides": [4, 2],
}
UPSAMPLES = ["learned", "filtered"]


def made(*, labels: int = 0, noisy: bool = False, **options: Any) -> StyleWave:
    """A small network in `eval()` whose averages are not 0."""
    torch.manual_seed(0)
    net = StyleWave(**{**SMALL, **options}, n_labels=labels).eval()
    torch.nn.init.normal_(net.mapping.w_avg)
    # as different styles as after training
    for key, parameter in net.named_parameters():
        if key.endswith("affine.weight"):
            torch.nn.init.normal_(parameter, std=3)
        if noisy and key.endswith("noise_strength"):
            torch.nn.init.normal_(parameter)
    return net


def silent(net: StyleWave, batch: int, positions: int | None = None) -> list[Tensor]:
    return [torch.zeros(batch, *shape) for shape in net.noise_shapes(positions)]


def drawn(net: StyleWave, batch: int, positions: int | None = None) -> list[Tensor]:
    return [torch.randn(batch, *shape) for shape in net.noise_shapes(positions)]


@pytest.mark.parametrize("upsample", UPSAMPLES)
@pytest.mark.parametrize(
    ("segment", "strides"),
    [
        (16384, [4, 4, 4, 4]),
        (8192, [4, 4, 4, 4]),
        (24000, [5, 4, 4, 4, 3]),
        (11025, [5, 5, 3, 3]),
        (16000, [5, 4, 4, 4]),
        (127 * 7, [7]),
    ],
)
@torch.no_grad()
def test_any_segment_that_factors_has_strides(
    segment: int, strides: list[int], upsample: str
) -> None:
    for channels in (1, 2):
        net = StyleWave(
            segment=segment, channels=channels, dim=2, max_dim=4, latent_dim=3, upsample=upsample
        )
        assert (net.strides, net.segment) == (strides, segment)
        assert net.positions * math.prod(strides) == segment
        assert net.hop_length * net.positions == segment
        assert net(torch.randn(2, 3)).shape == (2, channels, segment)


def test_size_of_the_default() -> None:
    """Counted by hand: learned map, layers, outputs, mapping."""
    with torch.device("meta"):
        net = StyleWave(n_labels=10)
    widths, kernel, style = [256, 256, 128, 64, 32], 9, 256

    def conv(above: int, made: int, kernel: int) -> int:
        return above * made * kernel + (style + 1) * above

    count = widths[0] * 64 + conv(widths[0], widths[0], kernel) + 2 * widths[0]
    for above, below in pairwise(widths):
        count += conv(above, 4 * below, 3) + conv(below, below, kernel) + 4 * below
    count += sum(conv(width, 1, 1) for width in widths) + 1
    count += 10 * 128 + (256 + 1) * 256 + (256 + 1) * 256
    assert sum(p.numel() for p in net.parameters()) == count
    assert net.noise_shapes() == [(1, 64)] + [(1, 64 * 4**n) for n in (1, 1, 2, 2, 3, 3, 4, 4)]
    assert net.noise_shapes(100)[-1] == (1, 25600)
    assert (net.positions, net.latent_dim, net.n_labels, net.prior) == (64, 128, 10, "normal")


@pytest.mark.parametrize("upsample", UPSAMPLES)
@torch.no_grad()
def test_fresh_clips_are_as_loud_as_sounds_are(upsample: str) -> None:
    torch.manual_seed(0)
    net = StyleWave(segment=4096, upsample=upsample)
    audio = net(torch.randn(16, 128))
    assert 0.1 < audio.std() < 0.5
    assert audio.abs().max() < 1


@pytest.mark.parametrize("upsample", UPSAMPLES)
@pytest.mark.parametrize("labels", [0, 3])
@pytest.mark.parametrize("windows", [1, 3])
def test_gradients_reach_every_parameter(upsample: str, labels: int, windows: int) -> None:
    torch.manual_seed(0)
    net = StyleWave(**SMALL, n_labels=labels, channels=2, upsample=upsample)
    label = torch.tensor([2, 0, 1, 1]) if labels else None
    net(torch.randn(4, windows, 6), label).square().mean().backward()
    for key, parameter in net.named_parameters():
        assert parameter.grad is not None, key
        assert parameter.grad.isfinite().all(), key
        assert parameter.grad.abs().max() > 0, key
    if net.mapping.embedding is not None:
        grad = net.mapping.embedding.weight.grad
        assert grad is not None
        assert (grad.abs().amax(1) > 0).all()


@torch.no_grad()
def test_labels_change_the_sound() -> None:
    net = made(labels=3)
    latent, noise = torch.randn(2, 6), silent(net, 2)
    one, other = (net(latent, torch.tensor([0, k]), noise=noise) for k in (1, 2))
    assert torch.equal(one[0], other[0])
    assert not torch.allclose(one[1], other[1], atol=1e-2)


@torch.no_grad()
def test_truncation_draws_towards_the_average_of_the_label() -> None:
    net = made(labels=3)
    latent, label = torch.randn(5, 6), torch.tensor([0, 0, 1, 1, 2])
    noise = silent(net, 5)

    def audio(truncation: float, latent: Tensor = latent) -> Tensor:
        return net(latent, label, noise=noise, truncation=truncation)

    none = audio(0)
    torch.testing.assert_close(none, audio(0, torch.randn(5, 6)))
    torch.testing.assert_close(none[0], none[1])
    torch.testing.assert_close(none[2], none[3])
    assert not torch.allclose(none[0], none[2], atol=1e-2)
    assert not torch.allclose(none[0], none[4], atol=1e-2)
    distances = [(audio(psi) - none).square().mean() for psi in (0.1, 0.5, 1.0)]
    assert 0 < distances[0] < distances[1] < distances[2]


@torch.no_grad()
def test_only_training_takes_averages_and_mixes() -> None:
    net = made(labels=2)
    latent, label = torch.randn(4, 6), torch.tensor([1, 1, 1, 1])
    before, state = net.mapping.w_avg.clone(), torch.get_rng_state()
    clips = net(latent, label, noise=silent(net, 4))
    assert torch.equal(net.mapping.w_avg, before)
    assert torch.equal(torch.get_rng_state(), state)
    net.train()
    mixed = net(latent, label, noise=silent(net, 4))
    assert not torch.equal(torch.get_rng_state(), state)
    assert torch.equal(net.mapping.w_avg[0], before[0])
    torch.testing.assert_close(net.mapping.w_avg[1], net.mapping(latent, label).mean(0))
    assert not torch.allclose(mixed, clips, atol=1e-2)
    net.mixing = 0
    torch.testing.assert_close(net(latent, label, noise=silent(net, 4)), clips)


@torch.no_grad()
def test_a_second_latent_takes_over_from_a_layer_on() -> None:
    net = made(mixing=0.75).train()
    first = net.mapping(torch.randn(400, 6))
    torch.manual_seed(1)
    styles = net._styles(torch.ones(400, 1, 6), None, 1.0)
    assert len(styles) == len(net.layers) == 5
    own = net.mapping(torch.ones(400, 6))
    mine = torch.stack([(one[:, 0] == own).all(1) for one in styles])
    assert not (own == first).all(1).any()
    assert mine[0].all()  # the first layer's style is always the first latent's
    assert (mine[1:] <= mine[:-1]).all()  # once it has taken over it stays
    starts = mine.sum(0).bincount(minlength=6)
    assert starts[0] == 0
    assert starts[5] == pytest.approx(100, abs=30)  # never: a quarter
    assert all(start == pytest.approx(75, abs=30) for start in starts[1:5].tolist())


@torch.no_grad()
def test_only_noise_that_was_not_given_is_random() -> None:
    net = made(noisy=True)
    latent, noise = torch.randn(2, 6), drawn(net, 2)
    state = torch.get_rng_state()
    given = net(latent, noise=noise)
    assert torch.equal(net(latent, noise=noise), given)
    assert torch.equal(torch.get_rng_state(), state)
    free = net(latent)
    torch.set_rng_state(state)
    assert torch.equal(net(latent, noise=drawn(net, 2)), free)
    for layer in range(len(noise)):
        other = [each + (number == layer) for number, each in enumerate(noise)]
        assert not torch.allclose(net(latent, noise=other), given, atol=1e-3)


@torch.no_grad()
def test_each_clip_is_what_it_is_alone() -> None:
    net = made(labels=3, noisy=True)
    latent, label, noise = torch.randn(3, 2, 6), torch.tensor([0, 2, 2]), drawn(net, 3, 24)
    together = net(latent, label, noise=noise)
    for item in range(3):
        one = slice(item, item + 1)
        alone = net(latent[one], label[one], noise=[each[one] for each in noise])
        torch.testing.assert_close(alone[0], together[item])


@pytest.mark.parametrize(
    ("windows", "positions", "loop", "length"),
    [
        (1, None, False, 128),
        (1, None, True, 128),
        (1, 24, True, 192),
        (3, None, False, 256),
        (3, None, True, 192),
        (3, 41, False, 328),
        (3, 41, True, 328),
        (3, 48, False, 384),
    ],
)
@pytest.mark.parametrize("circular", [False, True])
@torch.no_grad()
def test_walks_are_as_long_as_they_say(
    windows: int, positions: int | None, loop: bool, length: int, circular: bool
) -> None:
    net = made(circular=circular)
    audio = net(torch.randn(2, windows, 6), positions=positions, loop=loop)
    assert audio.shape == (2, 1, length)


@torch.no_grad()
def test_a_walk_of_one_latent_is_the_latent() -> None:
    net = made()
    latent = torch.randn(2, 6)
    assert torch.equal(net(latent), net(latent[:, None]))


@torch.no_grad()
def test_a_walk_has_each_latents_style_where_it_is_heard_alone() -> None:
    """So a walk whose windows all have one latent sounds like that latent, whatever the shares."""
    net = made()
    latent = torch.randn(1, 4, 6)
    noise = silent(net, 1, 64)
    walk = net(latent, noise=noise, positions=64)
    assert shares(4, 16, 64, False).max(0).values.min() == 1  # side by side
    for window in range(4):
        same = latent[:, window : window + 1].expand(-1, 4, -1)
        alone = net(same, noise=noise, positions=64)
        inner = slice((16 * window + 6) * 8, (16 * window + 10) * 8)
        torch.testing.assert_close(walk[..., inner], alone[..., inner])
        outside = slice((16 * window + 20) * 8 % 512, (16 * window + 24) * 8 % 512)
        assert not torch.allclose(walk[..., outside], alone[..., outside], atol=1e-2)


@pytest.mark.parametrize("upsample", UPSAMPLES)
@pytest.mark.parametrize("strides", [[4, 2], [3, 2], [2, 2, 2]])
@torch.no_grad()
def test_rolling_a_looped_map_rolls_the_audio(upsample: str, strides: list[int]) -> None:
    hop = math.prod(strides)
    net = made(circular=True, upsample=upsample, strides=strides, segment=16 * hop)
    latent, noise = torch.randn(2, 6), silent(net, 2)
    before = net(latent, noise=noise)
    net.constant.copy_(net.constant.roll(1, -1))
    torch.testing.assert_close(
        net(latent, noise=noise, loop=True), before.roll(hop, -1), rtol=0, atol=1e-5
    )
    assert (before - before.roll(hop, -1)).abs().max() > 0.1


@pytest.mark.parametrize("upsample", UPSAMPLES)
@pytest.mark.parametrize("windows", [2, 4])
@torch.no_grad()
def test_a_looped_walk_has_no_beginning(upsample: str, windows: int) -> None:
    """Starting it one latent later plays the same sound from there."""
    net = made(upsample=upsample, noisy=True)
    latent = torch.randn(2, windows, 6)
    positions = windows * 12
    noise = drawn(net, 2, positions)
    rolled = [each.roll(-each.shape[-1] // windows, -1) for each in noise]
    audio = net(latent, noise=noise, positions=positions, loop=True)
    later = net(latent.roll(-1, 1), noise=rolled, positions=positions, loop=True)
    torch.testing.assert_close(later, audio.roll(-12 * 8, -1), rtol=0, atol=1e-5)
    assert (later - audio).abs().max() > 0.1
    straight = net(latent, noise=noise, positions=positions)
    assert not torch.allclose(straight, audio, atol=1e-2)


@torch.no_grad()
def test_a_loop_of_one_latent_is_faded_into_itself_unless_trained_for_loops() -> None:
    plain, circular = made(), made(circular=True)
    latent, noise = torch.randn(1, 6), silent(plain, 1)
    half = plain(latent, noise=noise, loop=True)
    # both halves of the map are the same, so are those of the sound
    torch.testing.assert_close(half, half.roll(64, -1))
    assert not torch.allclose(plain(latent, noise=noise), half, atol=1e-2)
    whole = circular(latent, noise=noise, loop=True)
    assert torch.equal(whole, circular(latent, noise=noise))
    assert not torch.allclose(whole, whole.roll(64, -1), atol=1e-2)


@pytest.mark.parametrize("upsample", UPSAMPLES)
@torch.no_grad()
def test_bfloat16_autocast_stays_close(upsample: str) -> None:
    torch.manual_seed(0)
    net = StyleWave(segment=1024, upsample=upsample, dim=8, max_dim=32).eval()
    latent, noise = torch.randn(3, 2, 128), drawn(net, 3, 96)
    exact = net(latent, noise=noise)
    with torch.autocast("cpu", torch.bfloat16):
        rough = net(latent, noise=noise)
    assert rough.dtype is torch.float32
    assert 0 < (rough - exact).square().mean() < 1e-3 * exact.square().mean()


@torch.no_grad()
def test_without_tanh_peaks_beyond_full_scale_are_kept() -> None:
    net = made(final_tanh=False, mixing=0.0)
    torch.nn.init.constant_(net.output_bias, 30)
    latent, noise = torch.randn(4, 6), silent(net, 4)
    clips = net(latent, noise=noise)
    assert clips.max() > 1
    assert torch.equal(clips, net.train()(latent, noise=noise))


@torch.no_grad()
def test_weights_and_averages_are_saved() -> None:
    """Filters follow from the options."""
    net = made(labels=2)
    parameters = {key for key, _ in net.named_parameters()}
    assert set(net.state_dict()) == parameters | {"mapping.w_avg", "mapping.seen"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"channels": 0}, r"channels 0, .*at least 1"),
        ({"mapping_layers": 0}, r"mapping_layers 0 must be at least 1"),
        ({"n_labels": -1}, r"n_labels -1 at least 0"),
        ({"kernel_size": 4}, r"kernel_size 4 must be odd: use 5$"),
        ({"mixing": 1.5}, r"mixing 1.5 must be from 0 to 1: use 1.0;"),
        ({"average_decay": 1.0}, r"average_decay 1.0 from 0 to below 1: use 0.999$"),
        ({"dim": 16}, r"dim 16 .* max_dim 8$"),
        ({"strides": [4, 3]}, r"segment 128 is not a multiple of 12, .* use 120 or 132$"),
        ({"strides": []}, r"strides \[\] must be one or more"),
        ({"segment": 8191, "strides": None}, r"segment 8191 .*: use 8190 or 8192, or set"),
        ({"segment": 5, "strides": None}, r"segment 5 .*: use 16, or set strides$"),
    ],
)
def test_contradictions_are_refused(refused: Any, options: dict[str, Any], message: str) -> None:
    refused(StyleWave, {**SMALL, **options}, message)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"latent": torch.zeros(2, 5)}, r"latent has shape \(2, 5\).*\(B, 6\)"),
        ({"label": None}, r"label is missing"),
        ({"label": torch.tensor([0, 3])}, r"label 3 is not known"),
        ({"truncation": 1.2}, r"truncation 1.2 must be from 0 to 1"),
        ({"noise": [torch.zeros(2, 1, 16)]}, r"noise has the shapes \[\(2, 1, 16\)\].*\(2, 1, 128"),
        ({"positions": 40}, r"positions is 40, .*a walk of 1 latents"),
    ],
)
def test_what_does_not_fit_is_refused(given: dict[str, Any], message: str) -> None:
    net = made(labels=3)
    usual = {"latent": torch.zeros(2, 6), "label": torch.tensor([0, 1])}
    with pytest.raises(UserError, match=message) as refusal:
        net(**{**usual, **given})
    assert "\n" not in str(refusal.value)


@torch.no_grad()
def test_labels_are_ignored_where_none_are_known() -> None:
    net = made()
    latent, noise = torch.randn(2, 6), silent(net, 2)
    assert torch.equal(net(latent, torch.tensor([7, 7]), noise=noise), net(latent, noise=noise))
