"""Peers of `vocoders.py` that are torch modules: ours, the plain network, and other packages."""

import importlib.util
import re
import sys
import types
from collections.abc import Callable, Mapping

import torch
from case import Call, Case, Skip, cause, need
from torch import Tensor, nn

from wavegan import Vocoder
from wavegan.errors import UserError
from wavegan.generators.hifigan import HiFiGAN
from wavegan.generators.vocos import Vocos
from wavegan.inference.engine.precision import Precision

SIZES = (
    "upsample_rates",
    "upsample_kernel_sizes",
    "upsample_initial_channel",
    "resblock_kernel_sizes",
    "resblock_dilation_sizes",
)
"""Options of HiFi-GAN with the same name in transformers."""
VOCOS = (
    (r"blocks\.(\d+)\.scale", r"backbone.convnext.\1.gamma"),
    (r"blocks\.(\d+)\.depthwise\.(.+)", r"backbone.convnext.\1.dwconv.\2"),
    (r"blocks\.(\d+)\.norm\.(.+)", r"backbone.convnext.\1.norm.\2"),
    (r"blocks\.(\d+)\.expand\.(.+)", r"backbone.convnext.\1.pwconv1.\2"),
    (r"blocks\.(\d+)\.contract\.(.+)", r"backbone.convnext.\1.pwconv2.\2"),
    (r"final_norm\.(.+)", r"backbone.final_layer_norm.\1"),
    (r"(embed|norm)\.(.+)", r"backbone.\1.\2"),
)
"""Names of weights here and in the package vocos."""


def ours(case: Case, precision: Precision = "float32", *, compiled: bool = False) -> Call:
    """`Vocoder`."""
    try:
        vocoder = Vocoder.from_pretrained(case.path, precision=precision, compile=compiled)
    except UserError as error:
        raise Skip(str(error)) from None
    mel, *noise = (each[0] for each in case.inputs)
    return lambda: vocoder(mel, *noise)


def plain(case: Case) -> Call:
    """The network in eager mode."""
    return _of(case.opened[1], case.inputs)


def compiled(case: Case) -> Call:
    """The network with `torch.compile`."""
    call = _of(torch.compile(case.opened[1]), case.inputs)
    try:
        call()
    except Exception as error:
        raise Skip(f"torch.compile fails: {cause(error)}") from None
    return call


def transformers(case: Case) -> Call:
    """`SpeechT5HifiGan` of transformers in eager mode."""
    config, network = case.opened
    if not isinstance(network, HiFiGAN):
        raise Skip("transformers has HiFi-GAN only")
    if config.generator.get("resblock") == "2":
        raise Skip("transformers has no residual block 2")
    need("transformers")
    from transformers import SpeechT5HifiGan, SpeechT5HifiGanConfig

    sizes = {key: config.generator[key] for key in SIZES}
    theirs = SpeechT5HifiGan(
        SpeechT5HifiGanConfig(
            model_in_dim=case.vocoder.n_mels,
            sampling_rate=case.vocoder.sample_rate,
            normalize_before=False,
            **sizes,
        )
    )
    weights = {
        re.sub(r"^ups\.", "upsampler.", key): value
        for key, value in network.state_dict().items()
        if not key.startswith("standardize.")
    }
    _load(theirs, weights, own={"mean", "scale"})
    # a single spectrogram `(L, n_mels)` gives `(T,)`
    return _of(theirs, (case.inputs[0][0].T.contiguous(),), batched=False)


def vocos(case: Case) -> Call:
    """The network of the package vocos in eager mode."""
    _, network = case.opened
    if not isinstance(network, Vocos):
        raise Skip("vocos has Vocos only")
    # its feature extractors import these; they are not used here
    for name in ("torchaudio", "torchaudio.functional", "torchaudio.functional.functional"):
        _stand_in(name, "_hz_to_mel", "_mel_to_hz")
    _stand_in("encodec", "EncodecModel")
    need("vocos")
    from vocos.heads import ISTFTHead
    from vocos.models import VocosBackbone

    blocks = network.blocks
    inner = blocks[0].expand.out_features
    theirs = nn.ModuleDict(
        {
            "backbone": VocosBackbone(
                case.vocoder.n_mels, len(network.norm.weight), inner, len(blocks)
            ),
            "head": ISTFTHead(
                len(network.norm.weight),
                network.head.inverse.n_fft,
                network.hop_length,
                network.padding,
            ),
        }
    )
    _load(theirs, dict(_renamed(network.state_dict(), VOCOS)), own={"head.istft.window"})
    return _of(lambda mel: theirs["head"](theirs["backbone"](mel)), case.inputs, batched=False)


def _of(
    network: Callable[..., Tensor], inputs: tuple[Tensor, ...], *, batched: bool = True
) -> Call:
    """Call a network without gradients; `batched`: its output is `(1, 1, T)`."""

    def call() -> Tensor:
        with torch.no_grad():
            made = network(*inputs)
            return made[0, 0] if batched else made.reshape(-1)

    return call


def _load(theirs: nn.Module, weights: Mapping[str, Tensor], own: set[str]) -> None:
    """Load weights; only those in `own` may be missing."""
    theirs.eval().requires_grad_(False)
    found = theirs.load_state_dict(weights, strict=False)
    if found.unexpected_keys or set(found.missing_keys) - own:
        raise RuntimeError(f"weights do not fit: {found}")


def _renamed(
    weights: Mapping[str, Tensor], rules: tuple[tuple[str, str], ...]
) -> Mapping[str, Tensor]:
    renamed = {}
    for key, value in weights.items():
        for pattern, name in rules:
            if re.fullmatch(pattern, key):
                renamed[re.sub(pattern, name, key)] = value
                break
        else:
            renamed[key] = value
    return renamed


def _stand_in(name: str, *attributes: str) -> None:
    """Put an empty module in the place of a package that is not installed."""
    if name in sys.modules or ("." not in name and importlib.util.find_spec(name)):
        return
    module = types.ModuleType(name)
    for attribute in attributes:
        setattr(module, attribute, None)
    sys.modules[name] = module
