"""Read the configuration of a Vocos release, or of its trainer, which contains the model's."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wavegan.errors import UserError, suggest
from wavegan.interop._files import field, yaml_file

CONFIG = "config.yaml"
CHECKPOINTS = "checkpoints"

# the arguments of each part with the original's defaults; `int` is a number without default
PARTS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "feature_extractor": (
        "vocos.feature_extractors.MelSpectrogramFeatures",
        {
            "sample_rate": 24000,
            "n_fft": 1024,
            "hop_length": 256,
            "n_mels": 100,
            "padding": "center",
        },
    ),
    "backbone": (
        "vocos.models.VocosBackbone",
        {
            "input_channels": int,
            "dim": int,
            "intermediate_dim": int,
            "num_layers": int,
            "layer_scale_init_value": None,
            "adanorm_num_embeddings": None,
        },
    ),
    "head": (
        "vocos.heads.ISTFTHead",
        {"dim": int, "n_fft": int, "hop_length": int, "padding": "same"},
    ),
}
EQUAL = (
    ("backbone", "input_channels", "feature_extractor", "n_mels"),
    ("head", "dim", "backbone", "dim"),
    ("head", "hop_length", "feature_extractor", "hop_length"),
)
REASONS: Mapping[str, str] = {
    "EncodecFeatures": "its input is EnCodec's codes, not a mel spectrogram",
    "VocosResNetBackbone": "residual blocks instead of ConvNeXt are not supported",
    "IMDCTSymExpHead": "an inverse MDCT instead of the STFT is not supported",
    "IMDCTCosHead": "an inverse MDCT instead of the STFT is not supported",
}


def parts(file: Path) -> dict[str, dict[str, Any]]:
    """The arguments of each part, with defaults.

    Raises:
        UserError: an unsupported class, or an unknown or wrong argument.
    """
    config = _model(yaml_file(file))
    found = {name: _part(config, name, file) for name in PARTS}
    _check(found, file)
    return found


def described(folder: Path) -> Path | None:
    """The `config.yaml` with Vocos' three parts for a folder of weights; None if there is none."""
    places = [folder, folder.parent] if folder.name == CHECKPOINTS else [folder]
    for file in (place / CONFIG for place in places):
        try:
            config = _model(yaml_file(file))
        except UserError:
            continue
        given = [config.get(name) for name in PARTS]
        if all(isinstance(part, dict) and "class_path" in part for part in given):
            return file
    return None


def _model(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """The model's part of a trainer configuration; a release has only that part."""
    model = config.get("model")
    inner = model.get("init_args") if isinstance(model, Mapping) else None
    return inner if isinstance(inner, Mapping) else config


def _part(config: Mapping[str, Any], name: str, file: Path) -> dict[str, Any]:
    """The arguments of one part, with defaults."""
    only, defaults = PARTS[name]
    path = str(field(config[name], "class_path", file))
    if path != only:
        reason = REASONS.get(path.rpartition(".")[2])
        raise UserError(
            f"{name} {path} cannot be read{': ' + reason if reason else ''}; only {only}", at=file
        )
    given = config[name].get("init_args") or {}
    if not isinstance(given, dict):
        raise UserError(f"{name}.init_args is not a mapping", at=file)
    for key in given:
        if key not in defaults:
            raise UserError(
                f"{name}.init_args.{key} is not known{suggest(str(key), defaults)}", at=file
            )
    made = {**defaults, **given}
    for key, value in made.items():
        wanted = _unfit(key, value)
        if wanted:
            found = f"is {value!r}" if key in given else "is missing"
            raise UserError(f"{name}.init_args.{key} {found}: it must be {wanted}", at=file)
    return made


def _unfit(key: str, value: Any) -> str | None:
    """What a wrong argument must be; None if it is right."""
    if key == "padding":
        return None if value in ("center", "same") else '"center" or "same"'
    if key == "adanorm_num_embeddings":
        # not even 0, as the original then requires a bandwidth, too
        return None if value is None else "null: norms that follow EnCodec's bandwidth are not read"
    if key == "layer_scale_init_value":
        number = type(value) in (int, float, type(None))
        return None if number else "a number or null"
    return None if type(value) is int and value > 0 else "a whole number above 0"


def _check(parts: Mapping[str, Mapping[str, Any]], file: Path) -> None:
    for part, key, other, other_key in EQUAL:
        if parts[part][key] != parts[other][other_key]:
            raise UserError(
                f"{part}.init_args.{key} {parts[part][key]} is not {other}.init_args."
                f"{other_key} {parts[other][other_key]}: they must be equal",
                at=file,
            )
