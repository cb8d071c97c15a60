"""BigVGAN's folders: golden parity, which file is used, discriminators, what is refused."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from wavegan import bundle, plugins, recipe
from wavegan.discriminators.base import Discriminator
from wavegan.discriminators.mrd import MultiResolution
from wavegan.errors import UserError
from wavegan.generators.bigvgan import BigVGAN
from wavegan.interop.base import recognise
from wavegan.interop.bigvgan import BigVGANLayout
from wavegan.layers.activations import half_band
from wavegan.mel.front_end import Mel
from wavegan.mel.spectrogram import MelSpectrogram
from wavegan.weights import load_strictly

GOLDEN = ("bigvgan-v1-small", "bigvgan-v2-small")
SMALL: dict[str, Any] = {
    "upsample_rates": [4, 2],
    "upsample_kernel_sizes": [8, 4],
    "upsample_initial_channel": 8,
    "resblock": "1",
    "resblock_kernel_sizes": [3],
    "resblock_dilation_sizes": [[1, 3]],
    "activation": "snakebeta",
    "snake_logscale": True,
}
FRONT_END = {
    "sampling_rate": 22050,
    "n_fft": 64,
    "hop_size": 8,
    "win_size": 64,
    "num_mels": 4,
    "fmin": 0,
    "fmax": None,
}
TAPS = torch.tensor(half_band(), dtype=torch.float32)[None, None]


def old_names(net: nn.Module) -> dict[str, Tensor]:
    """A state dict with the keys of the norms that the original uses."""
    renamed = {
        ".parametrizations.weight.original0": ".weight_g",
        ".parametrizations.weight.original1": ".weight_v",
        ".parametrizations.weight.original": ".weight_orig",
        ".parametrizations.weight.0._u": ".weight_u",
        ".parametrizations.weight.0._v": ".weight_v",
    }
    weights = {}
    for key, value in net.state_dict().items():
        ours = next((ours for ours in renamed if key.endswith(ours)), "")
        weights[key.removesuffix(ours) + renamed.get(ours, "")] = value
    return weights


def generator_of(options: dict[str, Any]) -> dict[str, Tensor]:
    """As the original saves it, with its filters."""
    weights = old_names(BigVGAN(n_mels=4, **options))
    places = {key.split(".act.")[0] for key in weights if ".act." in key}
    for place in places:
        weights[f"{place}.upsample.filter"] = TAPS
        weights[f"{place}.downsample.lowpass.filter"] = TAPS
    return weights


def written(folder: Path, *names: str, **changes: Any) -> Path:
    """A folder in the layout of the original; `None` removes a field."""
    folder.mkdir(exist_ok=True)
    config = {**SMALL, **FRONT_END, **changes}
    described = {k: v for k, v in config.items() if v is not None or k == "fmax"}
    (folder / "config.json").write_text(json.dumps(described))
    for name in names or ("bigvgan_generator.pt",):
        torch.save({"generator": generator_of(SMALL)}, folder / name)
    return folder


@pytest.mark.parametrize("name", GOLDEN)
@torch.no_grad()
def test_golden_folders_sound_as_the_original(golden: Any, name: str) -> None:
    folder, expected = golden(name)
    wave = expected["wave"]
    for path in (folder, folder / "bigvgan_generator.pt"):
        config, generator = bundle.load(path)
        made = generator(expected["mel"][None])[0, 0]
        assert made.shape == wave.shape
        assert (made - wave).abs().max() <= 1e-5 * wave.abs().max()
        assert config.peak == 0.95
        mel = MelSpectrogram(config.mel)(expected["source_wave"][None])
        assert (mel - expected["source_mel"]).abs().max() <= 1e-4


def test_the_front_ends_of_the_two_versions(shared: Path) -> None:
    first, second = (bundle.read(shared / "golden" / name) for name in GOLDEN)
    assert first.config.mel == Mel.preset("hifigan-22k")
    assert second.config.mel == Mel.preset("bigvgan-24k")
    assert first.config.generator["use_tanh_at_final"]
    assert first.config.generator["use_bias_at_final"]
    assert not second.config.generator["use_tanh_at_final"]
    assert not second.config.generator["use_bias_at_final"]
    assert not any(key.endswith(".filter") for key in first.weights)


@pytest.mark.parametrize(
    ("names", "taken"),
    [
        (["g_00000100", "g_00020000", "g_00003000", "bigvgan_generator.pt"], "g_00020000"),
        (["bigvgan_generator_3msteps.pt", "bigvgan_generator.pt"], "bigvgan_generator.pt"),
        (["bigvgan_generator_3msteps.pt", "bigvgan_generator_10msteps.pt"],
         "bigvgan_generator_10msteps.pt"),
    ],
)  # fmt: skip
def test_which_file_is_taken(tmp_path: Path, names: list[str], taken: str) -> None:
    folder = written(tmp_path / "model", *names)
    for other in ("do_00020000", "bigvgan_discriminator_optimizer.pt"):
        (folder / other).touch()
        assert BigVGANLayout().find(folder / other) is None
    for path in (folder, folder / "config.json"):
        assert BigVGANLayout().find(path) == folder / taken
    for name in names:
        assert BigVGANLayout().find(folder / name) == folder / name
    assert bundle.load(folder)[1].hop_length == 8


def test_other_folders_are_not_claimed(tmp_path: Path, shared: Path) -> None:
    for name in ("jik876-v2", "vocos-small", "transformers-speecht5-hifigan"):
        assert BigVGANLayout().find(shared / "golden" / name) is None
    folder = written(tmp_path / "model")
    (folder / "bigvgan_generator.pt").unlink()
    assert BigVGANLayout().find(folder) is None
    assert BigVGANLayout().find(folder / "nothing.pt") is None


@pytest.mark.parametrize(
    ("changes", "weights", "message"),
    [
        ({"snake_logscale": None}, {}, r"config.json: has no field 'snake_logscale'"),
        ({"activation": None}, {}, r"config.json: has no field 'activation'"),
        ({"activation": "snakegamma"}, {}, r"config.json: generator.activation.*'snakegamma'"),
        ({"resblock": "3"}, {}, r"config.json: generator.resblock.*'3'"),
        ({"hop_size": None}, {}, r"config.json: has no field 'hop_size'"),
        ({"hop_size": 16}, {}, r"config.json: mel.hop_length 16 is not 8"),
        ({"fmax": 20000}, {}, r"config.json: f_max|config.json: mel.f_max 20000"),
        ({}, {"resblocks.0.filter": TAPS}, r"generator.pt: .*resblocks.0.filter"),
        ({}, {"activation_post.upsample.filter": TAPS + 0.01},
         r"generator.pt: activation_post.upsample.filter is not BigVGAN's low-pass of 12 taps"),
        ({}, {"activation_post.downsample.lowpass.filter": TAPS[..., :10]}, r"low-pass of 12 taps"),
        ({"use_bias_at_final": False}, {}, r"generator.pt: .*conv_post.bias"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(
    tmp_path: Path, changes: dict[str, Any], weights: dict[str, Tensor], message: str
) -> None:
    folder = written(tmp_path / "model", **changes)
    file = folder / "bigvgan_generator.pt"
    torch.save({"generator": {**generator_of(SMALL), **weights}}, file)
    with pytest.raises(UserError, match=message) as refusal:
        bundle.load(folder)
    assert "\n" not in str(refusal.value)


def test_a_file_without_a_generator_is_refused(tmp_path: Path) -> None:
    folder = written(tmp_path / "model")
    torch.save({"model": {}}, folder / "bigvgan_generator.pt")
    with pytest.raises(UserError, match=r"generator.pt: it has no 'generator'; found model"):
        bundle.load(folder)


@pytest.mark.parametrize(("kind", "taken"), [("1", 3), ("2", 2)])
@pytest.mark.parametrize("listed", [4, 2])
def test_the_first_release_took_a_fixed_number_of_dilations(
    tmp_path: Path, kind: str, taken: int, listed: int
) -> None:
    dilations = [[1, 3, 5, 7][: min(listed, taken)]]
    options = {**SMALL, "resblock": kind, "resblock_dilation_sizes": dilations}
    folder = written(
        tmp_path / "model", resblock=kind, resblock_dilation_sizes=[[1, 3, 5, 7][:listed]]
    )
    torch.save({"generator": generator_of(options)}, folder / "bigvgan_generator.pt")
    config, _ = bundle.load(folder)
    assert config.generator["resblock_dilation_sizes"] == dilations


def test_the_first_release_took_a_number_for_block_2(tmp_path: Path) -> None:
    folder = written(tmp_path / "model", resblock=1)
    options = {**SMALL, "resblock": "2"}
    torch.save({"generator": generator_of(options)}, folder / "bigvgan_generator.pt")
    assert bundle.load(folder)[0].generator["resblock"] == "2"


def discriminators_of(folder: Path, name: str, content: dict[str, Any]) -> Path:
    torch.save({**content, "optim_g": {"state": {}}, "steps": 100, "epoch": 3}, folder / name)
    return folder


def small_discriminator(name: str, **options: Any) -> Discriminator:
    made: Discriminator = plugins.build(
        "discriminators", name, options, where="", context={"sample_rate": 22050, "channels": 1}
    )
    return made


@pytest.mark.parametrize(
    ("weights", "file_name"),
    [
        ("g_00000100", "do_00000100"),
        ("bigvgan_generator.pt", "bigvgan_discriminator_optimizer.pt"),
        ("bigvgan_generator_3msteps.pt", "bigvgan_discriminator_optimizer_3msteps.pt"),
    ],
)
@pytest.mark.parametrize("version", [1, 2])
def test_discriminators_come_by_the_names_of_the_presets(
    tmp_path: Path, weights: str, file_name: str, version: int
) -> None:
    changes = {"use_cqtd_instead_of_mrd": True} if version == 2 else {}
    folder = written(tmp_path / "model", weights, **changes)
    second = (
        small_discriminator("cqt", width=2)
        if version == 2
        else small_discriminator("mrd", layer_channels=2)
    )
    mpd = small_discriminator("mpd", layer_channels=[2, 2])
    saved = old_names(second)
    if version == 2:
        transform = "discriminators.1.cqt_transform"
        names = ("lowpass_filter", "lenghts", "cqt_kernels_real", "cqt_kernels_imag")
        saved |= {f"{transform}.{name}": torch.zeros(1) for name in names}
        saved["discriminators.1.resample.kernel"] = torch.zeros(2, 1, 15)
    discriminators_of(folder, file_name, {"mpd": old_names(mpd), "mrd": saved})

    assert recognise(folder).discriminators == {}  # type: ignore[union-attr]
    found = bundle.read(folder, discriminators=True).discriminators
    preset = recipe.load("bigvgan-v2-24k" if version == 2 else "bigvgan-base-24k")
    assert set(found) == set(preset.discriminators)
    for name, discriminator in (("mpd", mpd), ("cqt" if version == 2 else "mrd", second)):
        before = {key: value.clone() for key, value in discriminator.state_dict().items()}
        for parameter in discriminator.parameters():
            parameter.data.zero_()
        load_strictly(discriminator, found[name], folder)
        for key, value in discriminator.state_dict().items():
            assert torch.equal(value, before[key]), key


def test_unknown_weights_of_a_discriminator_stay_an_error(tmp_path: Path) -> None:
    folder = written(tmp_path / "model", use_cqtd_instead_of_mrd=True)
    discriminator = small_discriminator("cqt", width=2)
    saved = {**old_names(discriminator), "discriminators.0.cqt_transform.surprise": torch.zeros(1)}
    discriminators_of(
        folder,
        "bigvgan_discriminator_optimizer.pt",
        {"mpd": {"weight": torch.zeros(1)}, "mrd": saved},
    )
    found = bundle.read(folder, discriminators=True).discriminators
    with pytest.raises(UserError, match="surprise"):
        load_strictly(discriminator, found["cqt"], folder)


@torch.no_grad()
def test_spectral_norm_keeps_its_vectors(tmp_path: Path) -> None:
    folder = written(tmp_path / "model", "g_00000100", use_spectral_norm=True)
    torch.manual_seed(0)
    discriminator = MultiResolution(layer_channels=2, spectral_norm=True).eval()
    discriminators_of(
        folder, "do_00000100", {"mpd": {"weight": torch.zeros(1)}, "mrd": old_names(discriminator)}
    )
    found = bundle.read(folder, discriminators=True).discriminators
    audio = torch.randn(1, 1, 4000)
    fresh = MultiResolution(layer_channels=2, spectral_norm=True).eval()
    assert not torch.allclose(fresh(audio)[0].logits, discriminator(audio)[0].logits)
    load_strictly(fresh, found["mrd"], folder)
    assert torch.equal(fresh(audio)[0].logits, discriminator(audio)[0].logits)


def test_discriminators_that_are_not_there_or_not_offered(tmp_path: Path) -> None:
    folder = written(tmp_path / "model", use_mbd_instead_of_mrd=True)
    assert bundle.read(folder, discriminators=True).discriminators == {}
    mpd = old_names(small_discriminator("mpd", layer_channels=[2, 2]))
    name = "bigvgan_discriminator_optimizer.pt"
    discriminators_of(folder, name, {"mpd": mpd, "mrd": {"weight": torch.zeros(1)}})
    assert set(bundle.read(folder, discriminators=True).discriminators) == {"mpd"}
    shutil.move(folder / name, folder / "do_00000100")
    assert set(bundle.read(folder, discriminators=True).discriminators) == {"mpd"}
