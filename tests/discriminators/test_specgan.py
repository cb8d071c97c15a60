"""SpecGAN's critic: the original's sizes and sums, labels, penalties."""

from typing import Any

import pytest
import torch
from torch import Tensor

from wavegan.discriminators.specgan import SpecGANDiscriminator
from wavegan.errors import UserError

SMALL: dict[str, Any] = {"dim": 2}

# Of each layer of the original at dim 64: the kernel as TensorFlow has it, and bins and frames
# after it.
LAYERS = [
    ((5, 5, 1, 64), 64),
    ((5, 5, 64, 128), 32),
    ((5, 5, 128, 256), 16),
    ((5, 5, 256, 512), 8),
    ((5, 5, 512, 1024), 4),
    ((4 * 4 * 1024, 1), 1),
]


def build(**options: Any) -> SpecGANDiscriminator:
    torch.manual_seed(0)
    return SpecGANDiscriminator(**{**SMALL, **options})


def spectrograms(batch: int = 2, channels: int = 1, frames: int = 128, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return 2 * torch.rand(batch, channels, 128, frames, generator=generator) - 1


def test_published_size_and_shapes() -> None:
    with torch.device("meta"):
        net = SpecGANDiscriminator()
        (output,) = net(torch.empty(3, 1, 128, 128))
    assert output.logits.shape == (3, 1)
    assert len(output.feature_maps) == 5
    for feature_map, (shape, size) in zip(output.feature_maps, LAYERS[:-1], strict=True):
        assert feature_map.shape == (3, shape[3], size, size)
    weights = [*(down.weight.permute(2, 3, 1, 0) for down in net.downs), net.dense.weight.T]
    assert [tuple(weight.shape) for weight in weights] == [shape for shape, _ in LAYERS]
    count = sum(parameter.numel() for parameter in net.parameters())
    biases = 64 + 128 + 256 + 512 + 1024 + 1
    assert count == sum(torch.empty(s, device="meta").numel() for s, _ in LAYERS) + biases
    assert count == 17_427_969


def original(net: SpecGANDiscriminator, spectrogram: Tensor) -> Tensor:
    """The original's sums for one (C, bins, time), written as TensorFlow defines them."""
    x = spectrogram.permute(2, 1, 0)  # (time, bins, C)
    for down in net.downs:
        kernel = down.weight.permute(3, 2, 1, 0)  # (time, bins, in, out)
        frames, bins = x.shape[0] // 2, x.shape[1] // 2
        # 3 zeros are needed, of which "SAME" puts 1 before and 2 behind
        padded = torch.zeros(x.shape[0] + 3, x.shape[1] + 3, x.shape[2])
        padded[1:-2, 1:-2] = x
        made = down.bias.expand(frames, bins, -1)
        for time in range(5):
            for place in range(5):
                seen = padded[time : time + 2 * frames : 2, place : place + 2 * bins : 2]
                made = made + torch.einsum("tfi,io->tfo", seen, kernel[time, place])
        x = torch.maximum(0.2 * made, made)
    return (x.flatten() * net.dense.weight[0]).sum() + net.dense.bias


@pytest.mark.parametrize("channels", [1, 2])
@torch.no_grad()
def test_two_implementations_agree(channels: int) -> None:
    net = build(channels=channels, segment=8192)
    given = spectrograms(1, channels, 64)
    logits = net(given)[0].logits[0]
    torch.testing.assert_close(logits, original(net, given[0]), rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_labels_are_scored_by_projection() -> None:
    """Each label's vector is multiplied with what the last layer sees: logits are its sum."""
    net, given = build(n_labels=3), spectrograms()
    assert net.projection is not None
    label = torch.tensor([2, 0])
    net.projection.embedding.weight.zero_()
    plain = net(given, label)[0].logits
    net.projection.embedding.weight[2].copy_(2 * net.dense.weight[0])
    found = net(given, label)[0].logits
    expected = plain + 2 * (plain - net.dense.bias) * torch.tensor([[1.0], [0.0]])
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_labels_must_be_known() -> None:
    net, given = build(n_labels=3), spectrograms()
    with pytest.raises(UserError, match=r"label is missing.* 3 labels"):
        net(given)
    with pytest.raises(UserError, match="label -1 is not known"):
        net(given, torch.tensor([0, -1]))
    plain = build()
    assert torch.equal(plain(given, torch.tensor([9, 9]))[0].logits, plain(given)[0].logits)


def test_gradients_reach_every_parameter_and_every_cell() -> None:
    net, given = build(n_labels=3, channels=2), spectrograms(3, 2).requires_grad_()
    net(given, torch.tensor([0, 1, 2]))[0].logits.square().mean().backward()
    assert given.grad is not None
    assert (given.grad != 0).all()
    for key, parameter in net.named_parameters():
        assert parameter.grad is not None, key
        assert parameter.grad.isfinite().all(), key
        assert parameter.grad.abs().max() > 0, key


def test_its_slope_can_be_punished() -> None:
    """WGAN-GP needs the gradient of a gradient; the last bias alone has no part in a slope."""
    net = build()
    given = spectrograms(3).requires_grad_()
    (gradient,) = torch.autograd.grad(net(given)[0].logits.sum(), given, create_graph=True)
    (gradient.flatten(1).norm(dim=1) - 1).square().mean().backward()
    for key, parameter in net.named_parameters():
        if key.endswith("weight"):
            assert parameter.grad is not None, key
            assert parameter.grad.abs().max() > 0, key


@torch.no_grad()
def test_each_item_is_scored_as_alone() -> None:
    net, given = build(), spectrograms(3)
    together = net(given)[0].logits
    for item in range(3):
        torch.testing.assert_close(net(given[item : item + 1])[0].logits[0], together[item])
    assert not net.batch_dependent


@torch.no_grad()
def test_bfloat16_autocast_stays_close() -> None:
    net, given, label = build(n_labels=2), spectrograms(), torch.tensor([0, 1])
    (exact,) = net(given, label)
    with torch.autocast("cpu", torch.bfloat16):
        (rough,) = net(given, label)
    for one, other in zip(
        [rough.logits, *rough.feature_maps], [exact.logits, *exact.feature_maps], strict=True
    ):
        assert 0 < (one.float() - other).abs().max() < 0.03 * other.abs().max()


@pytest.mark.parametrize(
    "shape", [(2, 1, 16384), (2, 1, 128, 64), (2, 1, 256, 128), (2, 2, 128, 128)]
)
def test_what_is_no_such_spectrogram_is_refused(shape: tuple[int, ...]) -> None:
    message = r"takes spectrograms \(1, 128, 128\), .* same spec_n_fft"
    with pytest.raises(UserError, match=message):
        build()(torch.zeros(shape))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"segment": 16000}, r"^segment 16000 must be a multiple of 4096 .*: use 16384$"),
        ({"spec_n_fft": 400}, r"^spec_n_fft 400 must be a multiple of 64 .*: use 384$"),
        ({"stages": 0}, r"^spec_hop_length 128 and stages 0 must be at least 1$"),
        ({"kernel_size": 1}, r"^kernel_size 1 must be at least the stride, 2: use 5$"),
        ({"channels": 0}, r"^channels 0 and dim 64 must be at least 1"),
        ({"dim": 0}, r"dim 0 must be at least 1"),
        ({"n_labels": -1}, r"n_labels -1 at least 0$"),
    ],
)
def test_contradictions_are_refused(refused: Any, options: dict[str, Any], message: str) -> None:
    refused(SpecGANDiscriminator, options, message)
