"""Small folders of other projects' layouts, with random weights by the names of their code."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
import yaml
from torch import Tensor, nn

HIFIGAN: dict[str, Any] = {
    "resblock": "2",
    "upsample_rates": [4, 4],
    "upsample_kernel_sizes": [8, 8],
    "upsample_initial_channel": 8,
    "resblock_kernel_sizes": [3],
    "resblock_dilation_sizes": [[1, 3]],
    "num_mels": 8,
    "n_fft": 64,
    "hop_size": 16,
    "win_size": 64,
    "sampling_rate": 16000,
    "fmin": 0,
    "fmax": None,
}
BIGVGAN = {**HIFIGAN, "resblock": "1", "activation": "snakebeta", "snake_logscale": True,
           "resblock_dilation_sizes": [[1, 3, 5]]}  # fmt: skip
ISTFTNET = {**BIGVGAN, "gen_istft_n_fft": 4, "gen_istft_hop_size": 1}
for _name in ("activation", "snake_logscale"):
    ISTFTNET.pop(_name)
UNIVNET: dict[str, Any] = {
    "audio": {
        "n_mel_channels": 4,
        "filter_length": 64,
        "hop_length": 8,
        "win_length": 48,
        "sampling_rate": 16000,
        "mel_fmin": 50.0,
        "mel_fmax": 7000.0,
    },
    "gen": {
        "noise_dim": 2,
        "channel_size": 3,
        "dilations": [1, 2, 5],
        "strides": [2, 4],
        "lReLU_slope": 0.1,
        "kpnet_conv_size": 3,
    },
}
CONVERTED = {
    "model_type": "univnet",
    "model_in_channels": 2,
    "model_hidden_channels": 3,
    "num_mel_bins": 4,
    "resblock_kernel_sizes": [3, 3],
    "resblock_stride_sizes": [2, 4],
    "resblock_dilation_sizes": [[1, 2, 5], [1, 2, 5]],
    "leaky_relu_slope": 0.1,
}
EXTRACTOR = {"sampling_rate": 16000, "filter_length": 64, "hop_length": 8, "win_length": 48,
             "fmin": 50.0, "fmax": 7000.0, "do_normalize": True}  # fmt: skip
STAGES = ("upsample_rates", "upsample_kernel_sizes", "upsample_initial_channel", "resblock",
          "resblock_kernel_sizes", "resblock_dilation_sizes")  # fmt: skip
TO_MAUM_AI = (
    ("conv_post.", "conv_post.1."),
    ("kernel_predictor.input_conv.", "kernel_predictor.input_conv.0."),
    ("kernel_predictor.resblocks.", "kernel_predictor.residual_convs."),
    (".conv1.", ".1."),
    (".conv2.", ".3."),
    (".convt_pre.", ".convt_pre.1."),
    (".conv.", ".1."),
)


def _built(name: str, **options: Any) -> dict[str, Tensor]:
    """The weights of one of our generators, with torch's old names of weight norm."""
    from wavegan import plugins

    torch.manual_seed(0)
    net: nn.Module = plugins.find("generators", name)(**options)
    names = {"original0": "weight_g", "original1": "weight_v"}
    made = {}
    for key, value in net.state_dict().items():
        module, _, part = key.partition(".parametrizations.weight.")
        made[f"{module}.{names[part]}" if part else key] = value
    return made


def _stages(config: Mapping[str, Any]) -> dict[str, Any]:
    return {"n_mels": config["num_mels"], **{name: config[name] for name in STAGES}}


def jik876(folder: Path) -> None:
    """HiFi-GAN's generator and discriminators, as its trainer saves them."""
    _described(folder, HIFIGAN, {"generator": _built("hifigan", **_stages(HIFIGAN))})
    layer = {"bias": torch.zeros(1), "weight_g": torch.ones(1, 1, 1), "weight_v": torch.ones(1)}
    weights = {f"discriminators.0.convs.0.{key}": value for key, value in layer.items()}
    torch.save({"mpd": weights, "msd": weights, "steps": 5}, folder / "do_00000005")


def istftnet(folder: Path) -> None:
    """ISTFTNet's generator."""
    options = {"istft_n_fft": 4, "istft_hop_length": 1, **_stages(ISTFTNET)}
    _described(folder, ISTFTNET, {"generator": _built("istftnet", **options)})


def bigvgan(folder: Path) -> None:
    """BigVGAN's generator."""
    options = {"activation": "snakebeta", "snake_logscale": True, **_stages(BIGVGAN)}
    _described(folder, BIGVGAN, {"generator": _built("bigvgan", **options)})


def _described(folder: Path, config: Mapping[str, Any], content: Any) -> None:
    (folder / "config.json").write_text(json.dumps(config))
    torch.save(content, folder / "g_00000005")


def _univnet() -> dict[str, Tensor]:
    return _built("univnet", n_mels=4, noise_channels=2, hidden_channels=3, leaky_slope=0.1,
                  upsample_rates=[2, 4], kernel_sizes=[3, 3], dilations=[[1, 2, 5]] * 2,
                  predictor_kernel_size=3)  # fmt: skip


def _maum_ai(key: str) -> str:
    """The project's name of a weight."""
    if key.startswith("resblocks."):
        key = f"res_stack{key.removeprefix('resblocks')}"
        key = key.replace(".resblocks.", ".conv_blocks.") if "kernel_p" not in key else key
    for ours, theirs in TO_MAUM_AI:
        key = key.replace(ours, theirs)
    return key


def maum_ai(folder: Path) -> None:
    """UnivNet's checkpoint, its settings inside, with discriminators."""
    saved = {_maum_ai(key): value for key, value in _univnet().items()}
    judges = {f"{part}.discriminators.0.bias": torch.zeros(1) for part in ("MRD", "MPD")}
    content = {"model_g": saved, "model_d": judges, "hp_str": yaml.safe_dump(UNIVNET), "step": 1}
    torch.save(content, folder / "run_0001.pt")


def transformers(folder: Path) -> None:
    """UnivNet as transformers saves it, with the file of its feature extractor."""
    (folder / "config.json").write_text(json.dumps(CONVERTED))
    (folder / "preprocessor_config.json").write_text(json.dumps(EXTRACTOR))
    torch.save(_univnet(), folder / "pytorch_model.bin")


MADE: dict[str, Callable[[Path], None]] = {
    "small-jik876": jik876,
    "small-istftnet": istftnet,
    "small-bigvgan": bigvgan,
    "small-maum-ai": maum_ai,
    "small-transformers-univnet": transformers,
}
