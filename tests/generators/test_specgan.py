"""SpecGAN's generator: the original's sizes and sums, labels, walks, loops, the way to audio."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from wavegan import plugins
from wavegan.audio import io
from wavegan.audio.stft import stft
from wavegan.errors import UserError
from wavegan.generators.specgan import SpecGAN

SMALL: dict[str, Any] = {"latent_dim": 6, "dim": 2, "label_dim": 3}

# Of each layer of the original at dim 64: the kernel as TensorFlow has it, and bins and frames
# after it.
LAYERS = [
    ((100, 4 * 4 * 1024), 4),
    ((5, 5, 512, 1024), 8),
    ((5, 5, 256, 512), 16),
    ((5, 5, 128, 256), 32),
    ((5, 5, 64, 128), 64),
    ((5, 5, 1, 64), 128),
]


def build(**options: Any) -> SpecGAN:
    torch.manual_seed(0)
    return SpecGAN(**{**SMALL, **options})


def latents(*shape: int, seed: int = 0) -> Tensor:
    return 2 * torch.rand(*shape, 6, generator=torch.Generator().manual_seed(seed)) - 1


def read(files: list[Path], sample_rate: int = 16000) -> Tensor:
    """The first 16384 samples of each file, (B, 1, T), at most 0.9 loud."""
    clips = torch.zeros(len(files), 1, 16384)
    for clip, file in zip(clips, files, strict=True):
        wave, _ = io.read(file, sample_rate=sample_rate, mono=True)
        clip[0, : wave.shape[-1]] = torch.from_numpy(wave[0, :16384]) * 0.9 / abs(wave).max()
    return clips


@pytest.fixture(scope="module")
def sounds(shared: Path) -> dict[str, Tensor]:
    """Four drum hits and four spoken digits."""
    drums = sorted((shared / "data" / "drums").glob("*/*.flac"))
    digits = sorted((shared / "data" / "digits").glob("*/george_00.flac"))
    return {"drums": read(drums[:: len(drums) // 4][:4]), "digits": read(digits[:4])}


def test_published_size_and_shapes() -> None:
    with torch.device("meta"):
        net = SpecGAN()
        x = torch.empty(2, 1024, 4, 4)
        for up, (_, size) in zip(net.ups, LAYERS[1:], strict=True):
            x = up(x)
            assert x.shape[2:] == (size, size)
        assert net(torch.empty(2, 100)).shape == (2, 1, 128, 128)
    weights = [net.dense.weight.T, *(up.weight.permute(2, 3, 1, 0) for up in net.ups)]
    assert [tuple(weight.shape) for weight in weights] == [shape for shape, _ in LAYERS]
    count = sum(parameter.numel() for parameter in net.parameters())
    biases = 4 * 4 * 1024 + 512 + 256 + 128 + 64 + 1
    assert count == sum(torch.empty(s, device="meta").numel() for s, _ in LAYERS) + biases
    assert count == 19_065_345
    assert (net.positions, net.hop_length, net.prior) == (4, 4096, "uniform")


def original(net: SpecGAN, latent: Tensor) -> Tensor:
    """The original's sums for one latent, written as TensorFlow defines them: (time, bins, C)."""
    maps = (net.dense.weight.T * latent[:, None]).sum(0) + net.dense.bias
    x = maps.reshape(net.positions, net.bins, -1).relu()
    for stage, up in enumerate(net.ups):
        kernel = up.weight.permute(3, 2, 1, 0)  # (time, bins, out, in)
        frames, bins = x.shape[:2]
        made = torch.zeros(2 * frames + 3, 2 * bins + 3, kernel.shape[2])
        for time in range(5):
            for place in range(5):
                part = made[time : time + 2 * frames : 2, place : place + 2 * bins : 2]
                part += torch.einsum("tfi,oi->tfo", x, kernel[time, place])
        made = made[1:-2, 1:-2] + up.bias  # of the 3 too many, "SAME" cuts 1 before and 2 behind
        x = made.tanh() if stage == len(net.ups) - 1 else made.relu()
    return x


@pytest.mark.parametrize("channels", [1, 2])
@torch.no_grad()
def test_two_implementations_agree(channels: int) -> None:
    net, latent = build(channels=channels, segment=8192), latents(1)
    made, expected = net(latent)[0], original(net, latent[0]).permute(2, 1, 0)
    assert made.shape == expected.shape == (channels, 128, 64)
    torch.testing.assert_close(made, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("options", "bins", "frames", "positions"),
    [
        ({}, 128, 128, 4),
        ({"segment": 4096}, 128, 32, 1),
        ({"segment": 65536, "stages": 6, "spec_n_fft": 512, "spec_hop_length": 256}, 256, 256, 4),
        ({"segment": 8192, "stages": 3, "spec_n_fft": 128, "spec_hop_length": 32}, 64, 256, 32),
        ({"kernel_size": 4, "channels": 2}, 128, 128, 4),
    ],
)
@torch.no_grad()
def test_sizes(options: dict[str, Any], bins: int, frames: int, positions: int) -> None:
    net = build(**options)
    made, channels = net(latents(2)), options.get("channels", 1)
    assert net.positions == positions
    assert made.shape == (2, channels, bins, frames)
    assert made.abs().max() <= 1
    net.iterations = 1
    audio = net.to_audio(made)
    assert audio.shape == (2, channels, net.segment)
    assert net.represent(audio).shape == made.shape


@pytest.mark.parametrize("loop", [False, True])
@pytest.mark.parametrize(
    ("windows", "positions", "expected"),
    [(1, None, (4, 4)), (3, None, (8, 6)), (3, 7, (7, 7)), (2, 5, (5, 5))],
)
@torch.no_grad()
def test_walks_are_as_long_as_they_say(
    windows: int, positions: int | None, expected: tuple[int, int], loop: bool
) -> None:
    """In time alone; the audio is `positions * segment / 4` samples long."""
    net = build(iterations=1)
    made = net(latents(2, windows), positions=positions, loop=loop)
    assert made.shape == (2, 1, 128, 32 * expected[loop])
    assert net.to_audio(made, loop=loop).shape == (2, 1, 4096 * expected[loop])


@torch.no_grad()
def test_a_walk_of_one_is_a_latent_and_each_item_is_what_it_is_alone() -> None:
    net, walk = build(), latents(3, 2)
    torch.testing.assert_close(net(walk[:, :1]), net(walk[:, 0]))
    together = net(walk, positions=6)
    for item in range(3):
        torch.testing.assert_close(together[item], net(walk[item : item + 1], positions=6)[0])
    assert not torch.allclose(together[0], together[1], atol=1e-3)


@torch.no_grad()
def test_a_walk_begins_as_its_first_latent_does() -> None:
    """A stage reaches 3 cells ahead of its own: together not 3 positions of the smallest map.

    The windows of three latents at 12 positions lie side by side, so the first frame knows one.
    """
    net, walk = build(), latents(1, 3)
    together = net(walk, positions=12)
    torch.testing.assert_close(together[..., :16], net(walk[:, 0])[..., :16])
    assert not torch.allclose(together[..., 128:144], net(walk[:, 1])[..., :16], atol=1e-4)


@torch.no_grad()
def test_a_loop_that_begins_with_the_other_latent_is_the_same_loop() -> None:
    """Bins stay in place; time rolls by half. Then nothing marks the cut."""
    net, walk = build(), latents(1, 2)
    made = net(walk, loop=True, positions=6)
    turned = net(walk.flip(1), loop=True, positions=6)
    torch.testing.assert_close(turned, made.roll(96, -1))
    one, other = (net.to_audio(x, loop=True) for x in (made, turned))
    torch.testing.assert_close(other, one.roll(3 * 4096, -1), rtol=1e-3, atol=1e-4)
    assert not torch.allclose(net(walk, positions=6), made, atol=1e-3)


@torch.no_grad()
def test_labels_change_the_sound_and_must_be_known() -> None:
    net, latent = build(n_labels=3), latents(2)
    one, other = (net(latent, torch.tensor(labels)) for labels in ([0, 1], [0, 2]))
    assert torch.equal(one[0], other[0])
    assert not torch.allclose(one[1], other[1], atol=1e-3)
    walk = net(latents(2, 3), torch.tensor([0, 1]))
    assert walk.shape == (2, 1, 128, 256)
    with pytest.raises(UserError, match=r"label is missing.* 3 labels"):
        net(latent)
    with pytest.raises(UserError, match="label 3 is not known"):
        net(latent, torch.tensor([0, 3]))
    assert torch.equal(build()(latent, torch.tensor([7, 7])), build()(latent))


@torch.no_grad()
def test_truncation_draws_latents_towards_their_mean() -> None:
    net, latent = build(), latents(2)
    assert torch.equal(net(latent, truncation=0.5), net(latent * 0.5))
    mean = net(latent, truncation=0.0)
    assert torch.equal(mean[0], mean[1])


@torch.no_grad()
def test_nothing_is_drawn() -> None:
    net, state = build(), torch.get_rng_state()
    assert torch.equal(net.to_audio(net(latents(1))), net.to_audio(net(latents(1))))
    assert torch.equal(torch.get_rng_state(), state)
    assert net.noise_shapes() == []


@pytest.mark.parametrize("loop", [False, True])
def test_gradients_reach_every_parameter(loop: bool) -> None:
    net = build(n_labels=3, channels=2)
    net(latents(3, 2), torch.tensor([0, 1, 2]), loop=loop).square().mean().backward()
    for key, parameter in net.named_parameters():
        assert parameter.grad is not None, key
        assert parameter.grad.isfinite().all(), key
        assert parameter.grad.abs().max() > 0, key


@torch.no_grad()
def test_bfloat16_autocast_stays_close() -> None:
    net, walk = build(n_labels=3), latents(2, 2)
    given = (walk, torch.tensor([0, 2]))
    with torch.autocast("cpu", torch.bfloat16):
        rough = net(*given, loop=True)
    exact = net(*given, loop=True)
    assert rough.dtype is torch.bfloat16
    error = (rough.float() - exact).square().mean() / exact.square().mean()
    assert 0 < error < 1e-3


def convergence(net: SpecGAN, audio: Tensor) -> float:
    """The mean distance of the returned magnitudes from those of the audio."""
    window = torch.hann_window(256)
    made, truth = (
        stft(x, 256, 128, window, padding="same").abs().flatten(1)
        for x in (net.to_audio(net.represent(audio)), audio)
    )
    return float((torch.linalg.norm(made - truth, dim=1) / torch.linalg.norm(truth, dim=1)).mean())


@pytest.mark.parametrize("name", ["drums", "digits"])
@torch.no_grad()
def test_real_audio_comes_back(sounds: dict[str, Tensor], name: str) -> None:
    """As near as Griffin-Lim comes: clipping takes a thousandth, see below.

    Measured, drums and digits: 0.85 and 0.84 without iterations, 0.09 and 0.14 after the published
    16, 0.05 and 0.08 after 48, 0.04 and 0.04 after 48 fast ones.
    """
    net = build()
    net.fit(sounds[name].split(2))
    errors = {}
    for iterations, momentum in [(0, 0.0), (16, 0.0), (48, 0.0), (48, 0.99)]:
        net.iterations, net.momentum = iterations, momentum
        errors[iterations, momentum] = convergence(net, sounds[name])
    assert errors[0, 0.0] > 0.5
    assert errors[16, 0.0] < 0.18
    assert errors[48, 0.0] < 0.85 * errors[16, 0.0]
    assert errors[48, 0.99] < 0.85 * errors[48, 0.0]


@pytest.mark.parametrize("name", ["drums", "digits"])
@torch.no_grad()
def test_clipping_costs_little(sounds: dict[str, Tensor], name: str) -> None:
    """The magnitudes that three deviations leave, against all."""
    net = build()
    net.fit(sounds[name].split(2))
    spectrogram, made = net.spectrogram, net.represent(sounds[name])
    kept = (made * 3 * spectrogram.std[:-1] + spectrogram.mean[:-1]).exp()
    truth = spectrogram.logarithm(sounds[name])[..., :-1, :].exp()
    assert torch.linalg.norm(kept - truth) < 0.005 * torch.linalg.norm(truth)
    wide = build(clip=100.0)
    wide.fit(sounds[name].split(2))
    normal = wide.represent(sounds[name]) * 100
    assert normal.mean((0, 1, 3)).abs().max() < 1e-3
    assert (normal.std((0, 1, 3), correction=0) - 1).abs().max() < 1e-3


@torch.no_grad()
def test_statistics_travel_with_the_weights(sounds: dict[str, Tensor]) -> None:
    one, other = build(), build()
    one.fit([sounds["drums"]])
    assert not torch.equal(one.represent(sounds["drums"]), other.represent(sounds["drums"]))
    other.load_state_dict(one.state_dict())
    assert torch.equal(one.represent(sounds["drums"]), other.represent(sounds["drums"]))


def test_the_gradient_of_the_audio_reaches_the_network() -> None:
    net = build()
    net.to_audio(net(latents(1))).square().mean().backward()
    for key, parameter in net.named_parameters():
        assert parameter.grad is not None, key
        assert parameter.grad.isfinite().all(), key


def test_the_front_ends_hop_is_another() -> None:
    """A recipe's context has the front-end's `hop_length`, which it ignores."""
    context = {"hop_length": 256, "channels": 2, "segment": 8192, "n_labels": 0, "n_mels": 80}
    with torch.device("meta"):
        net = plugins.build("generators", "specgan", {}, where="generator", context=context)
    assert (net.segment, net.positions, net.spectrogram.hop_length) == (8192, 2, 128)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"segment": 16000}, r"^segment 16000 must be a multiple of 4096 .*: use 16384$"),
        ({"spec_n_fft": 400}, r"^spec_n_fft 400 must be a multiple of 64 .*: use 384$"),
        ({"spec_n_fft": 128}, r"^spec_n_fft 128 .* twice spec_hop_length 128: use 256$"),
        ({"stages": 0}, r"^spec_hop_length 128 and stages 0 must be at least 1$"),
        ({"kernel_size": 1}, r"^kernel_size 1 must be at least the stride, 2: use 5$"),
        ({"channels": 0}, r"^channels 0, .* must be at least 1"),
        ({"dim": 0}, r"dim 0 must be at least 1"),
        ({"n_labels": -1}, r"n_labels -1 at least 0$"),
        ({"clip": 0}, r"^clip is 0: give a positive number"),
        ({"iterations": -1}, r"^iterations is -1: give 0 to 1000"),
        ({"momentum": 2.0}, r"^momentum is 2\.0: give 0 \(plain\) to 1\.2"),
    ],
)
def test_contradictions_are_refused(refused: Any, options: dict[str, Any], message: str) -> None:
    refused(SpecGAN, options, message)


def test_a_latent_of_another_length_is_refused() -> None:
    with pytest.raises(UserError, match=r"latent has shape \(1, 5\)"):
        build()(torch.zeros(1, 5))
