"""HiFi-GAN: the original's outputs, sizes, lengths and refusals."""

import json
import math
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import leaky_relu, silu

from wavegan.errors import UserError
from wavegan.generators.hifigan import HiFiGAN
from wavegan.layers.weight_norm import fold_weight_norm

DILATIONS = [[1, 3, 5]] * 3
V1 = {
    "upsample_rates": [8, 8, 2, 2], "upsample_kernel_sizes": [16, 16, 4, 4],
    "upsample_initial_channel": 512, "resblock": "1",
    "resblock_kernel_sizes": [3, 7, 11], "resblock_dilation_sizes": DILATIONS,
}  # fmt: skip
V2 = {**V1, "upsample_initial_channel": 128}
V3 = {
    "upsample_rates": [8, 8, 4], "upsample_kernel_sizes": [16, 16, 8],
    "upsample_initial_channel": 256, "resblock": "2",
    "resblock_kernel_sizes": [3, 5, 7], "resblock_dilation_sizes": [[1, 2], [2, 6], [3, 12]],
}  # fmt: skip
SMALL: dict[str, Any] = {
    "n_mels": 8, "upsample_rates": [4, 2], "upsample_kernel_sizes": [8, 4],
    "upsample_initial_channel": 16,
    "resblock_kernel_sizes": [3, 5], "resblock_dilation_sizes": [[1, 3], [1]],
}  # fmt: skip


def paper_count(config: dict[str, Any], *, folded: bool) -> int:
    """Parameters by the layers of the paper's appendix A.1, with or without weight norm's gains."""
    gain = 0 if folded else 1
    width = int(config["upsample_initial_channel"])
    count: int = 80 * 7 * width + width * (1 + gain)
    per_dilation = 2 if config["resblock"] == "1" else 1
    for kernel in config["upsample_kernel_sizes"]:
        count += width * (width // 2) * kernel + width // 2 + gain * width
        width //= 2
        for size, dilations in zip(
            config["resblock_kernel_sizes"], config["resblock_dilation_sizes"], strict=True
        ):
            convolutions = per_dilation * len(dilations)
            count += convolutions * (width * width * size + width * (1 + gain))
    return count + width * 7 + 1 + gain


def opened(golden: Any, name: str) -> tuple[dict[str, Any], dict[str, Tensor], dict[str, Tensor]]:
    """Options and weights of the original, and what it made with them."""
    folder, expected = golden(name)
    config = json.loads((folder / "config.json").read_text())
    options = {key: value for key, value in config.items() if key in V1}
    options |= {"n_mels": config["num_mels"], "hop_length": config["hop_size"]}
    weights = torch.load(folder / "g_00000100", weights_only=True)["generator"]
    return options, weights, expected


@pytest.mark.parametrize("name", ["jik876-v1-small", "jik876-v2", "jik876-v3"])
@torch.no_grad()
def test_output_equals_the_originals(golden: Any, name: str) -> None:
    options, weights, expected = opened(golden, name)
    net = HiFiGAN(**options).eval()
    net.load_state_dict(weights, strict=True)
    mel, wave = expected["mel"], expected["wave"]
    tolerance = 1e-5 * wave.abs().max()
    assert wave.abs().max() > 0.1
    unfolded = net(mel[None])[0, 0]
    assert (unfolded - wave).abs().max() <= tolerance
    folded = fold_weight_norm(net)(mel[None])[0, 0]
    assert (folded - wave).abs().max() <= tolerance
    assert (folded - unfolded).abs().max() <= 1e-6
    assert not [key for key in net.state_dict() if not key.endswith((".weight", ".bias"))]


@pytest.mark.parametrize(
    ("config", "millions"), [(V1, 13.92), (V2, 0.92), (V3, 1.46)], ids=["V1", "V2", "V3"]
)
def test_parameter_counts_of_the_paper(config: dict[str, Any], millions: float) -> None:
    with torch.device("meta"):
        net = HiFiGAN(**config)
    assert sum(p.numel() for p in net.parameters()) == paper_count(config, folded=False)
    count = sum(p.numel() for p in fold_weight_norm(net).parameters())
    assert count == paper_count(config, folded=True)
    # The paper cuts its figures after two digits.
    assert math.floor(count / 1e4) / 100 == millions


@pytest.mark.parametrize(("name", "config"), [("jik876-v2", V2), ("jik876-v3", V3)])
def test_parameter_counts_of_the_originals(golden: Any, name: str, config: dict[str, Any]) -> None:
    _, weights, _ = opened(golden, name)
    with torch.device("meta"):
        net = HiFiGAN(**config)
    assert sum(p.numel() for p in net.parameters()) == sum(w.numel() for w in weights.values())


def test_the_defaults_are_v1() -> None:
    with torch.device("meta"):
        ours, v1 = HiFiGAN(), HiFiGAN(n_mels=80, channels=1, **V1)  # type: ignore[arg-type]
    assert str(ours) == str(v1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"upsample_kernel_sizes": [15, 16, 4, 4]},
         r"upsample_kernel_sizes \[15, 16.*upsample_rates \[8, 8, 2, 2\].*\[16, 16, 4, 4\]$"),
        ({"upsample_kernel_sizes": [6, 16, 4, 4]},
         r"upsample_kernel_sizes \[6, .*upsample_rates.*\[8, 16, 4, 4\]"),
        ({"upsample_kernel_sizes": [16, 16, 4]},
         r"upsample_kernel_sizes \[16, 16, 4\].*upsample_rates.*\[16, 16, 4, 4\]"),
        ({"upsample_rates": [8, 8, 4]},
         r"upsample_kernel_sizes \[16, 16, 4, 4\].*upsample_rates \[8, 8, 4\].*\[16, 16, 4\]"),
        ({"upsample_rates": [8, 8, 0, 2]}, r"upsample_rates \[8, 8, 0, 2\].*\[8, 8, 1, 2\]"),
        ({"hop_length": 300},
         r"mel.hop_length 300 .*generator.upsample_rates \[8, 8, 2, 2\].*mel.hop_length to 256.*"
         r"upsample_rates to \[10, 5, 3, 2\].*upsample_kernel_sizes to \[20, 11, 7, 4\]"),
        ({"resblock": "3"}, r'resblock \'3\'.*"1" or "2"'),
        ({"resblock_kernel_sizes": [3, 8, 11]},
         r"resblock_kernel_sizes \[3, 8, 11\] and resblock_dilation_sizes .*\[3, 9, 11\]"),
        ({"resblock_kernel_sizes": [3, 7]},
         r"resblock_kernel_sizes \[3, 7\].*\[3, 7\] and \[\[1, 3, 5\], \[1, 3, 5\]\]$"),
        ({"resblock_dilation_sizes": [[1], [], [0]]},
         r"resblock_dilation_sizes \[\[1\], \[\], \[0\]\].*\[\[1\], \[1, 3, 5\], \[1\]\]$"),
        ({"upsample_initial_channel": 8}, r"upsample_initial_channel 8.*upsample_rates.*least 16"),
        ({"n_mels": 0}, r"n_mels 0 and channels 1"),
        ({"channels": 0}, r"n_mels 80 and channels 0"),
        ({"kernel_size": 6}, r"^kernel_size 6 must be odd and positive: use 7$"),
        ({"causal": True, "upsample_kernel_sizes": [16, 16, 6, 4]},
         r"upsample_kernel_sizes \[16, 16, 6, 4\] with causal.*upsample_rates \[8, 8, 2, 2\]: "
         r"use \[16, 16, 4, 4\]$"),
        ({"output_padding": True, "upsample_kernel_sizes": [7, 16, 4, 4]},
         r"upsample_kernel_sizes .*upsample_rates.*\[8, 16, 4, 4\]"),
        ({"activation": "snake"}, r"activation 'snake' is not known"),
    ],
)  # fmt: skip
def test_contradictions_are_refused(refused: Any, options: dict[str, Any], message: str) -> None:
    refused(HiFiGAN, options, message)


@pytest.mark.parametrize(
    ("rates", "kernels"), [([5, 5, 4, 3], [10, 10, 8, 6]), ([3, 2], [4, 5]), ([1, 5], [3, 6])]
)
@torch.no_grad()
def test_output_padding_takes_odd_differences(rates: list[int], kernels: list[int]) -> None:
    """As ParallelWaveGAN's 24 kHz configurations need them."""
    options: dict[str, Any] = {
        **SMALL, "upsample_rates": rates, "upsample_kernel_sizes": kernels, "n_mels": 3
    }  # fmt: skip
    with pytest.raises(UserError, match="differs from it by"):
        HiFiGAN(**options)
    net = HiFiGAN(**options, output_padding=True)
    assert net(torch.randn(1, 3, 7)).shape == (1, 1, 7 * math.prod(rates))


@pytest.mark.parametrize("rates", [[4, 2], [5, 1, 3]])
@torch.no_grad()
def test_the_causal_variant_uses_no_later_frame(rates: list[int]) -> None:
    torch.manual_seed(0)
    options: dict[str, Any] = {
        **SMALL, "upsample_rates": rates, "upsample_kernel_sizes": [2 * rate for rate in rates]
    }  # fmt: skip
    net = HiFiGAN(**options, causal=True)
    mel = torch.randn(1, 8, 24)
    changed = mel.clone()
    changed[..., 15:] += 1
    one, other = net(mel), net(changed)
    assert one.shape == (1, 1, 24 * net.hop_length)
    assert int((one != other)[0, 0].nonzero()[0]) == 15 * net.hop_length


@torch.no_grad()
def test_the_activation_stands_before_all_but_the_first_and_the_last_convolution() -> None:
    torch.manual_seed(0)
    net = HiFiGAN(**{**SMALL, "resblock_kernel_sizes": [3], "resblock_dilation_sizes": [[1, 3]]},
                  activation="silu")  # fmt: skip
    mel = torch.randn(1, 8, 8)
    x = net.conv_pre(mel)
    for up, block in zip(net.ups, net.resblocks, strict=True):
        x = up(silu(x))
        for dilated, plain in zip(block.convs1, block.convs2, strict=True):
            x = x + plain(silu(dilated(silu(x))))
    expected = torch.tanh(net.conv_post(leaky_relu(x, 0.01)))
    assert (net(mel) - expected).abs().max() < 1e-6


@torch.no_grad()
def test_every_option_changes_the_sound() -> None:
    """With the same weights."""
    net = HiFiGAN(**SMALL)
    mel = torch.randn(1, 8, 8)
    for options in ({"activation": "silu"}, {"leaky_slope": 0.2}, {"causal": True}):
        other = HiFiGAN(**SMALL, **options)  # type: ignore[arg-type]
        other.load_state_dict(net.state_dict(), strict=True)
        assert (net(mel) - other(mel)).abs().max() > 1e-5, options
    plain = HiFiGAN(**SMALL, bias=False, kernel_size=5)
    assert not [key for key in plain.state_dict() if key.endswith("bias")]
    assert plain.conv_pre.kernel_size == plain.conv_post.kernel_size == (5,)


def test_a_matching_hop_length_is_accepted() -> None:
    assert HiFiGAN(**SMALL, hop_length=8).hop_length == 8
