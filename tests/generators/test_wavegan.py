"""WaveGAN's generator: the original's variables and output; labels, walks, loops."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from wavegan.errors import UserError
from wavegan.generators.wavegan import WaveGAN
from wavegan.layers.wave_same import Upsample

# What WaveGANGenerator of chrisdonahue/wavegan (slice_len 16384, dim 64, nch 1) makes variables of:
# tf.layers.dense has a kernel (in, out), conv2d_transpose (1, 25, out, in), conv1d (25, in, out).
# z_project: 100 to 4 · 4 · dim · dim_mul = 16 · 1024; each upconv halves dim_mul. The first half of
# the names is also in web/ckpts/drums/manifest.json there, with these shapes.
ORIGINAL = {
    "z_project/dense/kernel": (100, 16384),
    "z_project/dense/bias": (16384,),
    "upconv_0/conv2d_transpose/kernel": (1, 25, 512, 1024),
    "upconv_0/conv2d_transpose/bias": (512,),
    "upconv_1/conv2d_transpose/kernel": (1, 25, 256, 512),
    "upconv_1/conv2d_transpose/bias": (256,),
    "upconv_2/conv2d_transpose/kernel": (1, 25, 128, 256),
    "upconv_2/conv2d_transpose/bias": (128,),
    "upconv_3/conv2d_transpose/kernel": (1, 25, 64, 128),
    "upconv_3/conv2d_transpose/bias": (64,),
    "upconv_4/conv2d_transpose/kernel": (1, 25, 1, 64),
    "upconv_4/conv2d_transpose/bias": (1,),
}
# slice_len 32768 and 65536 begin with dim_mul 32, and dim channels go to nch in upconv_5
LONGER = {
    "z_project/dense/kernel": (100, 32768),
    "z_project/dense/bias": (32768,),
    "upconv_0/conv2d_transpose/kernel": (1, 25, 1024, 2048),
    "upconv_0/conv2d_transpose/bias": (1024,),
    "upconv_1/conv2d_transpose/kernel": (1, 25, 512, 1024),
    "upconv_1/conv2d_transpose/bias": (512,),
    "upconv_2/conv2d_transpose/kernel": (1, 25, 256, 512),
    "upconv_2/conv2d_transpose/bias": (256,),
    "upconv_3/conv2d_transpose/kernel": (1, 25, 128, 256),
    "upconv_3/conv2d_transpose/bias": (128,),
    "upconv_4/conv2d_transpose/kernel": (1, 25, 64, 128),
    "upconv_4/conv2d_transpose/bias": (64,),
    "upconv_5/conv2d_transpose/kernel": (1, 25, 1, 64),
    "upconv_5/conv2d_transpose/bias": (1,),
}
TOTALS = {16384: 19_065_345, 32768: 73_149_953, 65536: 73_149_953}
UPSAMPLES: list[Upsample] = ["transposed", "nearest", "linear"]
SMALL: dict[str, Any] = {"segment": 512, "latent_dim": 10, "dim": 4, "kernel_size": 9}


def ours(name: str) -> str:
    """Our name of a variable of the original."""
    scope, _, kind = name.split("/")
    place = "dense" if scope == "z_project" else f"ups.{scope[-1]}.conv"
    return f"{place}.{'weight' if kind == 'kernel' else 'bias'}"


def transposed(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Of a TensorFlow kernel, without the height of 1: PyTorch's order is the reverse one."""
    return shape[::-1][:3] if len(shape) > 1 else shape


@pytest.mark.parametrize(
    ("segment", "table"), [(16384, ORIGINAL), (32768, LONGER), (65536, LONGER)]
)
def test_variables_are_the_originals(segment: int, table: dict[str, tuple[int, ...]]) -> None:
    with torch.device("meta"):
        net = WaveGAN(segment=segment)
    shapes = {key: tuple(value.shape) for key, value in net.state_dict().items()}
    assert shapes == {ours(name): transposed(shape) for name, shape in table.items()}
    assert sum(math.prod(shape) for shape in table.values()) == TOTALS[segment]
    assert sum(value.numel() for value in net.parameters()) == TOTALS[segment]
    assert (net.positions, net.hop_length, net.prior) == (16, segment // 16, "uniform")


def test_the_filter_after_it_has_512_taps_and_no_bias() -> None:
    with torch.device("meta"):
        net = WaveGAN(post_filter=512)
    extra = {k: tuple(v.shape) for k, v in net.named_parameters() if k.startswith("filter")}
    assert extra == {"filter.weight": (1, 1, 512)}


def conv_same(x: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """`tf.layers.conv1d(padding="same")` at stride 1; x `(T, in)`, kernel `(K, in, out)`."""
    before = (len(kernel) - 1) // 2
    wide = np.pad(x, [(before, len(kernel) - 1 - before), (0, 0)])
    return sum(wide[tap : tap + len(x)] @ kernel[tap] for tap in range(len(kernel)))


def transpose_same(x: np.ndarray, kernel: np.ndarray, stride: int) -> np.ndarray:
    """`tf.layers.conv2d_transpose(padding="same")`; x `(T, in)`, kernel `(1, K, out, in)`."""
    taps, out = kernel.shape[1:3]
    wide = np.zeros((len(x) * stride + taps, out))
    for tap in range(taps):
        wide[tap : tap + len(x) * stride : stride] += x @ kernel[0, tap].T
    return wide[(taps - stride) // 2 :][: len(x) * stride]


def as_published(
    weights: dict[str, np.ndarray], latent: np.ndarray, strides: list[int], upsample: Upsample
) -> np.ndarray:
    """`WaveGANGenerator` and `pp_filt` on one latent, in the original's order of axes."""
    x = latent @ weights["z_project/kernel"] + weights["z_project/bias"]
    x = np.maximum(x.reshape(16, -1), 0)
    for layer, stride in enumerate(strides):
        kernel = weights[f"upconv_{layer}/kernel"]
        if upsample == "transposed":
            x = transpose_same(x, kernel, stride)
        else:
            x = conv_same(x.repeat(stride, 0), kernel)
        x = x + weights[f"upconv_{layer}/bias"]
        x = np.maximum(x, 0) if layer < len(strides) - 1 else np.tanh(x)
    return conv_same(x, weights["pp_filt/kernel"])


@pytest.mark.parametrize("upsample", ["transposed", "nearest"])
@pytest.mark.parametrize(
    ("segment", "strides"), [(16384, [4] * 5), (32768, [4] * 5 + [2]), (65536, [4] * 6)]
)
def test_output_is_the_originals(segment: int, strides: list[int], upsample: Upsample) -> None:
    net = WaveGAN(segment=segment, dim=2, upsample=upsample, post_filter=512).double()
    random = np.random.default_rng(0)
    weights = {}
    for key, value in net.named_parameters():
        scope = "z_project" if key[0] == "d" else "pp_filt" if key[0] == "f" else f"upconv_{key[4]}"
        kind = "kernel" if value.ndim > 1 else "bias"
        drawn = random.standard_normal(value.shape) * math.prod(value.shape[1:]) ** -0.5
        value.data = torch.from_numpy(drawn)
        drawn = drawn.T
        is_transposed = scope.startswith("upconv") and kind == "kernel" and upsample == "transposed"
        weights[f"{scope}/{kind}"] = drawn[None] if is_transposed else drawn
    latent = random.uniform(-1, 1, 100)
    made = net(torch.from_numpy(latent)[None]).detach()[0].T.numpy()
    assert made.std() > 0.005
    published = as_published(weights, latent, strides, upsample)
    np.testing.assert_allclose(made, published, rtol=0, atol=1e-12)


def small(**options: Any) -> WaveGAN:
    """A small generator whose biases are not zero."""
    torch.manual_seed(0)
    net = WaveGAN(**{**SMALL, **options})
    for key, value in net.named_parameters():
        if key.endswith("bias"):
            nn.init.normal_(value, std=0.1)
    return net


def uniform(*shape: int) -> Tensor:
    return 2 * torch.rand(*shape, generator=torch.Generator().manual_seed(1)) - 1


@pytest.mark.parametrize("conditioning", ["concatenate", "norm"])
@pytest.mark.parametrize("upsample", UPSAMPLES)
def test_gradients_reach_every_parameter(upsample: Upsample, conditioning: Any) -> None:
    net = small(
        upsample=upsample, conditioning=conditioning, n_labels=2, channels=2, post_filter=16
    )
    made = net(uniform(4, 10), torch.tensor([0, 1, 1, 0]))
    assert made.shape == (4, 2, 512)
    made.square().mean().backward()
    for key, value in net.named_parameters():
        assert value.grad is not None, key
        assert value.grad.isfinite().all(), key
        assert value.grad.abs().max() > 0, key


@pytest.mark.parametrize(
    "options",
    [{}, {"post_filter": 16}, {"upsample": "nearest"}, {"upsample": "linear"}],
    ids=["transposed", "filtered", "nearest", "linear"],
)
@pytest.mark.parametrize("conditioning", ["concatenate", "norm"])
@torch.no_grad()
def test_bfloat16_autocast_stays_close(options: dict[str, Any], conditioning: Any) -> None:
    net = small(**options, conditioning=conditioning, n_labels=3)
    given = uniform(3, 2, 10), torch.tensor([0, 1, 2])
    for loop in (False, True):
        exact = net(*given, loop=loop)
        with torch.autocast("cpu", torch.bfloat16):
            rough = net(*given, loop=loop)
        assert rough.dtype is torch.float32
        assert 0 < (rough - exact).abs().max() < 0.03 * exact.abs().max()


@pytest.mark.parametrize("conditioning", ["concatenate", "norm"])
@torch.no_grad()
def test_labels_change_the_clip_and_only_their_own(conditioning: Any) -> None:
    net = small(conditioning=conditioning, n_labels=3)
    for norm in net.norms:
        nn.init.normal_(norm.scale.weight, 1, 0.5)
    latent = uniform(1, 10).expand(3, -1)
    made = net(latent, torch.tensor([0, 1, 2]))
    assert not torch.allclose(made[0], made[1], atol=1e-3)
    torch.testing.assert_close(net(latent[:1], torch.tensor([1])), made[1:2])


@pytest.mark.parametrize("conditioning", ["concatenate", "norm"])
@torch.no_grad()
def test_each_walk_of_a_batch_is_made_as_it_is_alone(conditioning: Any) -> None:
    net = small(conditioning=conditioning, n_labels=3)
    for norm in net.norms:
        nn.init.normal_(norm.scale.weight, 1, 0.5)
    walks, label = uniform(3, 4, 10), torch.tensor([0, 1, 2])
    made = net(walks, label)
    for item in range(3):
        alone = net(walks[item : item + 1], label[item : item + 1])
        torch.testing.assert_close(alone[0], made[item])


def test_labels_that_are_missing_or_unknown_are_refused() -> None:
    net = small(n_labels=3)
    with pytest.raises(UserError, match=r"label is missing.* 3 labels"):
        net(uniform(2, 10))
    with pytest.raises(UserError, match="label 3 is not known: give 2 numbers from 0 to 2"):
        net(uniform(2, 10), torch.tensor([0, 3]))


@torch.no_grad()
def test_without_labels_the_argument_is_ignored() -> None:
    net = small()
    torch.testing.assert_close(net(uniform(2, 10), torch.tensor([7, 7])), net(uniform(2, 10)))


@torch.no_grad()
def test_truncation_shrinks_latents() -> None:
    net, latent = small(), uniform(2, 10)
    torch.testing.assert_close(net(latent, truncation=0.4), net(0.4 * latent))
    still = net(latent, truncation=0.0)
    torch.testing.assert_close(still[0], still[1])


@torch.no_grad()
def test_a_walk_of_one_is_the_clip() -> None:
    net, latent = small(), uniform(2, 10)
    torch.testing.assert_close(net(latent[:, None]), net(latent))
    torch.testing.assert_close(net(latent[:, None], positions=16), net(latent))


@pytest.mark.parametrize("upsample", UPSAMPLES)
@pytest.mark.parametrize("conditioning", ["concatenate", "norm"])
@torch.no_grad()
def test_the_ends_of_a_walk_are_those_of_its_first_and_last_clip(
    upsample: Upsample, conditioning: Any
) -> None:
    net = small(upsample=upsample, conditioning=conditioning, n_labels=2)
    walk, label = uniform(1, 4, 10), torch.tensor([1])
    made = net(walk, label)
    assert made.shape == (1, 1, 512 // 16 * (16 + 3 * 8))
    own = 3 * 512 // 16  # positions that no other window nor kernel comes near
    torch.testing.assert_close(made[..., :own], net(walk[:, 0], label)[..., :own])
    torch.testing.assert_close(made[..., -own:], net(walk[:, 3], label)[..., -own:])
    assert net(walk, label, positions=50).shape == (1, 1, 512 // 16 * 50)


def of_rolled_map(net: WaveGAN, walk: Tensor, *, loop: bool) -> Tensor:
    """The output for the walk's map rolled by one position."""
    joined = net._joined
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(net, "_joined", lambda *given: joined(*given).roll(1, -1))
        made: Tensor = net(walk, loop=loop)
    return made


@pytest.mark.parametrize("upsample", UPSAMPLES)
@pytest.mark.parametrize(
    "options", [{}, {"strides": [3, 4, 2], "segment": 384}, {"circular": True}]
)
@torch.no_grad()
def test_a_loop_of_a_rolled_map_is_the_loop_rolled(
    upsample: Upsample, options: dict[str, Any]
) -> None:
    net = small(**{"upsample": upsample, "post_filter": 16, **options})
    walk = uniform(2, 3, 10)
    loop = net(walk, loop=True)
    assert loop.shape == (2, 1, net.hop_length * net.positions // 2 * 3)
    assert loop.std() > 0.01
    rolled = of_rolled_map(net, walk, loop=True)
    torch.testing.assert_close(rolled, loop.roll(net.hop_length, -1), rtol=0, atol=2e-6)
    if not net.circular:
        cut = of_rolled_map(net, walk, loop=False)
        assert not torch.allclose(cut, net(walk).roll(net.hop_length, -1), atol=1e-3)


@torch.no_grad()
def test_a_single_clip_loops_through_its_own_middle() -> None:
    net, latent = small(), uniform(1, 10)
    loop = net(latent, loop=True)
    assert loop.shape == (1, 1, 512)
    torch.testing.assert_close(loop[..., :256], loop[..., 256:])


@pytest.mark.parametrize("upsample", UPSAMPLES)
@torch.no_grad()
def test_a_circular_network_makes_loops_of_whole_maps(upsample: Upsample) -> None:
    net = small(circular=True, upsample=upsample, post_filter=16)
    latent = uniform(1, 10)
    made = net(latent)
    torch.testing.assert_close(net(latent, loop=True), made)
    assert not torch.allclose(made[..., :256], made[..., 256:], atol=1e-3)
    # twice the map gives twice the clip: nothing marks where it begins
    maps = net._maps(latent[:, None], None)
    twice = maps[:, 0].repeat(1, 1, 2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(net, "_joined", lambda *_: twice)
        torch.testing.assert_close(net(latent), made.repeat(1, 1, 2))
    assert not torch.allclose(small(upsample=upsample, post_filter=16)(latent), made, atol=1e-3)


@torch.no_grad()
def test_it_draws_nothing() -> None:
    net = small()
    before = torch.get_rng_state()
    net(uniform(2, 10), noise=[])
    assert torch.equal(torch.get_rng_state(), before)
    assert net.noise_shapes() == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"segment": 16000}, "segment 16000 is not a multiple of 512, .*: use 15872 or 16384"),
        ({"segment": 100, "strides": [4, 8]}, "segment 100 is not a multiple of 32, .* 96 or 128"),
        ({"kernel_size": 3}, "kernel_size 3 is below the largest of the strides"),
        ({"dim": 64, "max_dim": 32}, "dim 64 must be between 1 and max_dim 32"),
        ({"channels": 0}, "channels 0 and latent_dim 100 must be at least 1"),
        ({"post_filter": -1}, "post_filter -1 at least 0"),
    ],
)
def test_contradictions_are_refused(refused: Any, options: dict[str, Any], message: str) -> None:
    refused(WaveGAN, options, message)


def test_latents_and_lengths_that_do_not_fit_are_refused() -> None:
    net = small()
    with pytest.raises(UserError, match=r"latent has shape \(2, 11\).* \(B, 10\)"):
        net(uniform(2, 11))
    with pytest.raises(UserError, match=r"positions is 40, .*a walk of 2 latents.* fills 16 to 32"):
        net(uniform(1, 2, 10), positions=40)
