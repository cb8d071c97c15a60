"""What every discriminator must do; the tests of a single one are in its own file."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor

from wavegan import plugins
from wavegan.discriminators.base import Discriminator
from wavegan.layers.weight_norm import fold_weight_norm

Options = dict[str, Any]


class Case(NamedTuple):
    """One discriminator, small, of two channels.

    Attributes:
        options: that make it small.
        samples: that it takes at once.
        variants: further options by name; each is tested in every way.
        needed: options without a default.
        unused: what begins the names of parameters that no output depends on.
    """

    options: Options
    samples: int
    variants: Mapping[str, Options] = {"plain": {}}
    needed: Mapping[str, Any] = {}
    unused: str | None = None


SPECTRAL: Mapping[str, Options] = {"weight norm": {}, "spectral norm": {"spectral_norm": True}}
TABLE = {
    "banded_mrd": Case(
        {"fft_sizes": [128, 64], "width": 4},
        700,
        {"vocos": {}, "dac": {"padding": "same", "first_layer": True}},
    ),
    "cqt": Case(
        {"hop_lengths": [256], "octaves": [8], "bins_per_octave": [12], "width": 3},
        1024,
        {"plain": {}, "normalized": {"normalize_volume": True}},
        needed={"sample_rate": 22050},
    ),
    "melgan_msd": Case({"base_channels": 8, "layers": 2, "downsampling_factor": 2}, 200),
    "mpd": Case({"layer_channels": [4, 8, 8]}, 200, SPECTRAL),
    "mrd": Case(
        {"resolutions": [[256, 60, 150], [512, 101, 300], [128, 32, 128]], "layer_channels": 3},
        500,
        SPECTRAL,
    ),
    "msd": Case({"layer_channels": [4, 16, 16, 32, 16, 16, 4]}, 400),
    "parallel_wavegan": Case(
        {"layers": 5, "conv_channels": 6}, 200, {"plain": {}, "elu": {"activation": "elu"}}
    ),
    "residual_parallel_wavegan": Case(
        {
            "layers": 4,
            "stacks": 2,
            "residual_channels": 6,
            "gate_channels": 8,
            "skip_channels": 5,
        },
        200,
        {"plain": {}, "causal": {"causal": True}},
        unused="wavenet.blocks.3.residual",  # the last layer hands nothing on
    ),
    "spectrogram": Case(
        {"segment": 600, "spec_n_fft": 64, "spec_hop_length": 20, "dim": 4, "places": 40},
        600,
        {"plain": {}, "low": {"bins": 9}},
    ),
    "stylemelgan": Case(
        {
            "window_sizes": [64, 128],
            "bands": [1, 2],
            "taps": [62, 62],
            "cutoff_ratios": [0.5, 0.267],
            "betas": [9.0, 9.0],
            "base_channels": 8,
            "max_channels": 16,
            "downsampling_rates": [2, 1],
            "repeats": 1,
        },
        300,
    ),
    "subband": Case(
        {
            "filters": (8, 62, 0.07949, 9.0),
            "bands": [3, 8],
            "kernel_sizes": [5, 3],
            "dilations": [[3, 5], [1, 2]],
            "layer_channels": [8, 8, 16],
            "strides": [1, 3, 1],
            "segment": 512,
            "segment_filters": (16, 128, 0.05, 9.0),
            "segment_kernel_size": 3,
            "segment_dilations": [[1, 2], [1, 2], [2, 3]],
            "segment_channels": [8, 16, 8],
        },
        512,
        {**SPECTRAL, "any length": {"segment": None}},
    ),
    "wave_resnet": Case(
        {"segment": 256, "dim": 4, "group_width": 4},
        256,
        {"plain": {}, "equalized": {"equalized": True}},
    ),
    "wavegan": Case({"segment": 512, "dim": 4}, 512),
}
OF_SPECTROGRAMS = {"specgan"}
EACH = [
    pytest.param(name, variant, id=f"{name}-{variant}")
    for name, case in TABLE.items()
    for variant in case.variants
]


def made(name: str, variant: str) -> tuple[Discriminator, Tensor]:
    """A discriminator and two channels of three clips, the first half of which is silent."""
    torch.manual_seed(0)
    case = TABLE[name]
    options = {**case.needed, **case.options, **case.variants[variant], "channels": 2}
    net: Discriminator = plugins.find("discriminators", name)(**options)
    audio = torch.randn(3, 2, case.samples)
    audio[..., : case.samples // 2] = 0
    return net, audio


def judged(net: Discriminator, audio: Tensor) -> Iterator[Tensor]:
    """Logits and feature maps of all outputs; random windows have the same positions."""
    torch.manual_seed(1)
    for output in net(audio):
        yield output.logits
        yield from output.feature_maps


def test_every_discriminator_is_here() -> None:
    """Those of spectrograms are in their own files."""
    assert sorted({*TABLE, *OF_SPECTROGRAMS}) == plugins.names("discriminators")


@pytest.mark.parametrize("name", TABLE)
def test_it_is_built_without_memory_at_its_published_size(name: str) -> None:
    with torch.device("meta"):
        net = plugins.find("discriminators", name)(**TABLE[name].needed)
    assert {parameter.device.type for parameter in net.parameters()} == {"meta"}


@pytest.mark.parametrize(("name", "variant"), EACH)
def test_gradients_reach_every_parameter_and_channel(name: str, variant: str) -> None:
    net, audio = made(name, variant)
    audio.requires_grad_()
    torch.manual_seed(1)
    torch.autograd.backward([output.logits.square().mean() for output in net(audio)])
    assert audio.grad is not None
    assert audio.grad.isfinite().all()
    assert (audio.grad.abs().amax(-1) > 0).all()
    unused = TABLE[name].unused
    for key, parameter in net.named_parameters():
        if unused and key.startswith(unused):
            assert parameter.grad is None, key
            continue
        assert parameter.grad is not None, key
        assert parameter.grad.isfinite().all(), key
        assert parameter.grad.abs().max() > 0, key


@pytest.mark.parametrize(("name", "variant"), EACH)
def test_silence_has_finite_gradients(name: str, variant: str) -> None:
    net, audio = made(name, variant)
    silence = torch.zeros_like(audio, requires_grad=True)
    torch.autograd.backward([output.logits.mean() for output in net(silence)])
    for parameter in (silence, *net.parameters()):
        assert parameter.grad is None or parameter.grad.isfinite().all()
    assert silence.grad is not None


@pytest.mark.parametrize("name", TABLE)
def test_denormal_silence_has_finite_gradients(
    name: str, silences: Callable[..., dict[str, Tensor]]
) -> None:
    net, audio = made(name, next(iter(TABLE[name].variants)))
    for kind, silence in silences(*audio.shape).items():
        heard = silence.clone().requires_grad_()
        torch.autograd.backward([output.logits.mean() for output in net(heard)])
        assert heard.grad is not None
        assert heard.grad.isfinite().all(), kind


def has_amx() -> bool:
    file = Path("/proc/cpuinfo")
    return file.is_file() and "amx_bf16" in file.read_text()


@pytest.mark.parametrize(("name", "variant"), EACH)
@torch.no_grad()
def test_bfloat16_autocast_stays_close(name: str, variant: str) -> None:
    if name in ("mrd", "banded_mrd") and has_amx():
        pytest.skip(
            "with AMX, torch's bfloat16 convolution reads beyond inputs narrower than a kernel"
        )
    net, audio = made(name, variant)
    exact = list(judged(net.eval(), audio))
    with torch.autocast("cpu", torch.bfloat16):
        rough = list(judged(net, audio))
    for one, other in zip(rough, exact, strict=True):
        assert one.dtype is torch.bfloat16
        assert 0 < (one.float() - other).abs().max() < 0.03 * other.abs().max()


@pytest.mark.parametrize(("name", "variant"), EACH)
@torch.no_grad()
def test_folding_weight_norm_changes_nothing(name: str, variant: str) -> None:
    net, audio = made(name, variant)
    net.eval()
    for key, parameter in net.named_parameters():
        if key.endswith("original0"):
            parameter.mul_(0.5 + torch.rand_like(parameter))
    before = list(judged(net, audio))
    fold_weight_norm(net)
    for one, other in zip(judged(net, audio), before, strict=True):
        torch.testing.assert_close(one, other)
    assert not [key for key in net.state_dict() if "parametrizations" in key]


@pytest.mark.parametrize(("name", "variant"), EACH)
@torch.no_grad()
def test_each_item_of_a_batch_is_scored_as_alone(name: str, variant: str) -> None:
    net, audio = made(name, variant)
    together = list(judged(net.eval(), audio))
    for item in range(3):
        alone = judged(net, audio[item : item + 1])
        for one, other in zip(alone, together, strict=True):
            torch.testing.assert_close(one[0], other[item])


@pytest.mark.parametrize(
    "name", [name for name in TABLE if "spectral norm" in TABLE[name].variants]
)
@pytest.mark.parametrize("variant", SPECTRAL)
def test_the_norm_is_the_one_that_was_asked_for(name: str, variant: str) -> None:
    net, _ = made(name, variant)
    last = {key.rsplit(".", 1)[1] for key, _ in net.named_parameters()}
    gains = {"original"} if variant == "spectral norm" else {"original0", "original1"}
    assert last == {"bias"} | gains


@pytest.mark.parametrize("name", TABLE)
def test_less_than_one_channel_is_refused(refused: Any, name: str) -> None:
    options = {**TABLE[name].needed, **TABLE[name].options, "channels": 0}
    refused(plugins.find("discriminators", name), options, r"\bchannels 0\b.*at least 1")
