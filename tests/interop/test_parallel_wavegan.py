"""ParallelWaveGAN's folders: the same audio, the same front-end, and what is refused."""

import sys
from collections import Counter
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch
import yaml
from torch import Tensor

from wavegan import bundle
from wavegan.discriminators.melgan_msd import MelGANMultiScale
from wavegan.errors import UserError
from wavegan.generators.melgan import MelGAN
from wavegan.interop.base import recognise
from wavegan.interop.pwg import hifigan, melgan
from wavegan.mel.front_end import Mel
from wavegan.mel.spectrogram import MelSpectrogram

GOLDEN = ["hifigan", "mb-melgan", "melgan", "parallel-wavegan", "style-melgan"]
FILE = Path("config.yml")
SMALL = {"in_channels": 6, "channels": 8, "upsample_scales": [4, 2], "stacks": 1}
# what MelGANGenerator and HiFiGANGenerator call their modules with one layer of each kind
MELGAN = {
    "melgan.1": "conv_pre",
    "melgan.3": "ups.0",
    "melgan.4.stack.2": "resblocks.0.conv1",
    "melgan.4.stack.4": "resblocks.0.conv2",
    "melgan.4.skip_layer": "resblocks.0.shortcut",
    "melgan.6": "ups.1",
    "melgan.7.stack.2": "resblocks.1.conv1",
    "melgan.7.stack.4": "resblocks.1.conv2",
    "melgan.7.skip_layer": "resblocks.1.shortcut",
    "melgan.10": "conv_post",
}
CAUSAL_MELGAN = {
    "melgan.0.conv": "conv_pre",
    "melgan.2.deconv": "ups.0",
    "melgan.3.stack.1.conv": "resblocks.0.conv1",
    "melgan.3.stack.3": "resblocks.0.conv2",
    "melgan.3.skip_layer": "resblocks.0.shortcut",
    "melgan.5.deconv": "ups.1",
    "melgan.6.stack.1.conv": "resblocks.1.conv1",
    "melgan.6.stack.3": "resblocks.1.conv2",
    "melgan.6.skip_layer": "resblocks.1.shortcut",
    "melgan.8.conv": "conv_post",
}
HIFIGAN = {
    "input_conv": "conv_pre",
    "upsamples.0.1": "ups.0",
    "blocks.0.convs1.2.1": "resblocks.0.convs1.2",
    "blocks.4.convs2.0.1": "resblocks.4.convs2.0",
    "output_conv.1": "conv_post",
}
CAUSAL_HIFIGAN_2 = {
    "input_conv.conv": "conv_pre",
    "upsamples.1.1.deconv": "ups.1",
    "blocks.3.convs1.1.1.conv": "resblocks.3.convs.1",
    "output_conv.1.conv": "conv_post",
}


def named(modules: Any) -> dict[str, Tensor]:
    return {f"{name}.{part}": torch.ones(1) for name in modules for part in ("bias", "weight_g")}


def write(
    folder: Path, generator: Any, *, params: dict[str, Any] | None = None, **config: Any
) -> Path:
    """A folder as the project writes it, by default of a small MelGAN."""
    made = {
        "sampling_rate": 16000, "fft_size": 512, "hop_size": 8, "win_length": 400, "num_mels": 6,
        "window": "hann", "fmin": 80, "fmax": 7600, "format": "npy", "version": "0.6.1",
        "generator_type": "MelGANGenerator", "generator_params": {**SMALL, **(params or {})},
    }  # fmt: skip
    made = {key: value for key, value in {**made, **config}.items() if value != "left out"}
    (folder / "config.yml").write_text(yaml.safe_dump(made))
    torch.save(generator, folder / "checkpoint-10steps.pkl")
    return folder


def small(**more: Any) -> tuple[MelGAN, dict[str, Tensor]]:
    """A network, and its weights as the project saves them: in a checkpoint, older weight norm."""
    net = MelGAN(
        n_mels=6, upsample_initial_channel=8, upsample_rates=[4, 2], residual_layers=1, **more
    )
    theirs = {ours: name for name, ours in MELGAN.items()}
    saved = {}
    for key, value in net.state_dict().items():
        module, _, rest = key.partition(".parametrizations.weight.original")
        name = f"weight_{'gv'[int(rest)]}" if rest else key.rpartition(".")[2]
        saved[f"{theirs[module if rest else key.rpartition('.')[0]]}.{name}"] = value
    return net, saved


def checkpoint(weights: Any, **more: Any) -> dict[str, Any]:
    """With the states that a training adds; `MultiStepLR` keeps its milestones in a `Counter`."""
    return {
        "model": {"generator": weights, **more},
        "optimizer": {"generator": {"state": {0: {"exp_avg": torch.ones(1)}}}},
        "scheduler": {"generator": {"milestones": Counter([100000, 200000]), "gamma": 0.5}},
        "steps": 10,
        "epochs": 1,
    }


@pytest.mark.parametrize("name", GOLDEN)
@torch.no_grad()
def test_output_equals_the_originals(golden: Any, name: str) -> None:
    folder, expected = golden(f"pwg-{name}")
    config, net = bundle.load(folder)
    inputs = [expected["mel"][None]]
    if "noise" in expected:
        noise = expected["noise"]
        inputs.append(noise.T[None] if noise.ndim == 2 else noise)
        assert inputs[1].shape[1:] == net.noise_shape(inputs[0].shape[-1])
    wave = expected["wave"]
    audio = net(*inputs)[0, 0]
    assert audio.shape == wave.shape
    assert wave.abs().max() > 0.01
    assert (audio - wave).abs().max() <= 1e-5 * wave.abs().max()
    heard = MelSpectrogram(config.mel)(expected["source_wave"][None])[0]
    assert (heard - expected["source_mel"]).abs().max() < 2e-5
    assert config.peak is None
    assert config.mel.layout == "frames_first"


@torch.no_grad()
def test_a_checkpoint_is_found_by_any_of_its_paths(tmp_path: Path) -> None:
    net, saved = small()
    write(tmp_path, checkpoint(saved))
    torch.save(checkpoint({**saved, "melgan.10.bias": saved["melgan.10.bias"] + 1}),
               tmp_path / "checkpoint-9steps.pkl")  # fmt: skip
    mel = torch.randn(1, 6, 20)
    for path in (tmp_path, tmp_path / "config.yml", tmp_path / "checkpoint-10steps.pkl"):
        assert torch.allclose(bundle.load(path)[1](mel), net(mel), atol=1e-6)
    other = bundle.load(tmp_path / "checkpoint-9steps.pkl")[1]
    assert (other(mel) - net(mel)).abs().max() > 0.1
    (tmp_path / "config.yml").unlink()
    assert recognise(tmp_path) is None
    with pytest.raises(UserError, match=r"\*\.pkl with config\.yml \(ParallelWaveGAN\)"):
        bundle.load(tmp_path)


@torch.no_grad()
def test_weights_alone_and_with_what_inference_adds(tmp_path: Path) -> None:
    """`torch.save(model.state_dict())` of a model in training or after loading."""
    net, saved = small()
    mel = torch.randn(1, 6, 20)
    assert torch.allclose(bundle.load(write(tmp_path, saved))[1](mel), net(mel), atol=1e-6)
    mean, scale = torch.randn(6), torch.rand(6) + 0.5
    added = {"mean": mean, "scale": scale, "pqmf.updown_filter": torch.ones(1)}
    loaded = bundle.load(write(tmp_path, {**saved, **added}))[1]
    expected = net((mel - mean[:, None]) / scale[:, None])
    assert torch.allclose(loaded(mel), expected, atol=1e-6)


@torch.no_grad()
def test_folded_weights_load_as_well(tmp_path: Path) -> None:
    net, saved = small()
    plain = {
        f"{theirs}.{part}": getattr(net.get_submodule(ours), part)
        for theirs, ours in MELGAN.items()
        for part in ("weight", "bias")
    }
    assert plain.keys() != saved.keys()
    write(tmp_path, checkpoint(plain), params={"use_weight_norm": False})
    mel = torch.randn(1, 6, 20)
    assert torch.allclose(bundle.load(tmp_path)[1](mel), net(mel), atol=1e-6)


@pytest.mark.parametrize("kind", ["npy", "hdf5"])
def test_statistics_become_options(tmp_path: Path, kind: str) -> None:
    mean, scale = np.arange(6, dtype="float32"), np.arange(1, 7, dtype="float32") / 7
    write(tmp_path, small()[1], format=kind)
    assert not {"mel_mean", "mel_std"} & recognised(tmp_path).keys()
    if kind == "npy":
        np.save(tmp_path / "stats.npy", np.stack([mean, scale])[:, None])
    else:
        with h5py.File(tmp_path / "stats.h5", "w") as file:
            file["mean"], file["scale"] = mean, scale[None]
    options = recognised(tmp_path)
    assert options["mel_mean"] == mean.tolist()
    assert options["mel_std"] == scale.tolist()
    assert bundle.load(tmp_path)[1].hop_length == 8


def recognised(folder: Path) -> Any:
    foreign = recognise(folder)
    assert foreign is not None
    return foreign.config.generator


def test_without_h5py_it_says_what_helps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, small()[1], format="hdf5")
    (tmp_path / "stats.h5").write_bytes(b"anything")
    with pytest.raises(UserError, match=r"stats\.h5: damaged, or without"):
        recognise(tmp_path)
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(UserError, match=r"stats\.h5: .*wavegan\[interop\].* stats\.npy "):
        recognise(tmp_path)
    np.save(tmp_path / "stats.npy", np.ones((2, 6), "float32"))
    assert recognised(tmp_path)["mel_mean"] == [1.0] * 6


def test_statistics_of_other_bands_or_no_numbers_are_refused(tmp_path: Path) -> None:
    write(tmp_path, small()[1])
    for values, message in (
        (np.ones((2, 5)), r"stats.npy: .* statistics of 5 bands, .*num_mels .* is 6"),
        (np.full((2, 6), np.nan), r"stats.npy: .*not finite"),
        (np.ones(()), r"stats.npy: damaged"),
    ):
        np.save(tmp_path / "stats.npy", values)
        with pytest.raises(UserError, match=message):
            recognise(tmp_path)


def test_the_front_end_is_the_configurations(tmp_path: Path) -> None:
    def mel(**config: Any) -> Mel:
        foreign = recognise(write(tmp_path, small()[1], **config))
        assert foreign is not None
        return foreign.config.mel

    made = mel()
    assert (made.sample_rate, made.n_fft, made.hop_length, made.win_length) == (16000, 512, 8, 400)
    assert (made.n_mels, made.f_min, made.f_max) == (6, 80.0, 7600.0)
    assert (made.log, made.floor, made.padding, made.magnitude_eps) == (
        "log10", 1e-10, "center", 0.0
    )  # fmt: skip
    assert mel(win_length=None).win_length == 512
    assert (mel(fmin=None, fmax=None).f_min, mel(fmin=None, fmax=None).f_max) == (0.0, 8000.0)
    assert mel(log_base=None).log == "ln"
    assert mel(eps=1e-5).floor == 1e-5
    # scales only what is learned
    assert mel(global_gain_scale=0.8) == made
    slower = mel(sampling_rate_for_feats=4000, fmax=1900)
    assert (slower.sample_rate, slower.hop_length, slower.audio_rate) == (4000, 2, 16000)
    assert slower.samples_per_frame == 8


def bank(folder: Path, **config: Any) -> dict[str, Any]:
    weights = small(bands=4)[1]
    options = recognised(write(folder, weights, params={"out_channels": 4}, hop_size=32, **config))
    assert options["bands"] == 4
    return {key[5:]: value for key, value in options.items() if key.startswith("pqmf_")}


def test_older_versions_had_another_bank(tmp_path: Path) -> None:
    new = {"taps": 62, "cutoff_ratio": 0.142, "beta": 9.0}
    old = {"taps": 62, "cutoff_ratio": 0.15, "beta": 9.0}
    for version, expected in (
        ("left out", old), ("0.1.0", old), ("0.4.1", old), ("0.4.2", old), (0.4, old),
        ("0.4.3", new), ("0.4.2a", new), ("0.5.0a", new), ("0.10.0", new), ("1.0", new),
    ):  # fmt: skip
        assert bank(tmp_path, version=version) == expected, version
    for version in ("0.4.0", "0.6.1"):
        assert bank(tmp_path, version=version, pqmf_params={"taps": 50}) == {**new, "taps": 50}
    with pytest.raises(UserError, match=r"config.yml: pqmf_params.tapes .*taps"):
        bank(tmp_path, pqmf_params={"tapes": 50})


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"generator_type": "UHiFiGANGenerator"},
         r"config.yml: generator_type UHiFiGANGenerator .*HiFiGANGenerator, MelGANGenerator"),
        ({"generator_type": "VQVAE", "window": None}, r"generator_type VQVAE cannot be read"),
        ({"window": "hamming"}, r"config.yml: window is 'hamming': only 'hann'"),
        ({"log_base": 2.0}, r"config.yml: log_base is 2.0: only 10 or null"),
        ({"num_mels": 80}, r"generator_params.in_channels is 6, but num_mels is 80"),
        ({"num_mels": "six"}, r"config.yml: num_mels is 'six': .*whole number"),
        ({"hop_size": "left out"}, r"config.yml: has no field 'hop_size'"),
        ({"hop_size": 10}, r"config.yml: .*hop_length 10 is not 8"),
        ({"sampling_rate_for_feats": 4000, "hop_size": 10}, r"sampling_rate_for_feats 4000.*10"),
        ({"fmax": 9000}, r"config.yml: .*f_max 9000"),
        ({"generator_params": [1]}, r"generator_params is \[1\]: it must be a mapping"),
        ({"params": {"stakcs": 3}}, r"config.yml: generator_params.stakcs .*stacks"),
        ({"params": {"stacks": "3"}}, r"generator_params.stacks is '3': .*whole number"),
        ({"params": {"upsample_scales": 8}}, r"generator_params.upsample_scales is 8: .*a list"),
        ({"params": {"stacks": 2}}, r"config.yml: the weight 'melgan.6.bias' does not belong"),
        ({"params": {"channels": 16}}, r"checkpoint-10steps.pkl: weights do not fit"),
        ({"params": {"pad": "ConstantPad1d", "pad_params": {"value": 1.0}}}, r"pad_params.*1.0"),
        ({"params": {"pad": "ReflectPad"}}, r"generator_params.pad 'ReflectPad' .*ReflectionPad1d"),
        ({"params": {"nonlinear_activation": "PReLU"}}, r"nonlinear_activation 'PReLU' is not"),
        ({"params": {"nonlinear_activation": "ELU", "nonlinear_activation_params": {"alpha": 2}}},
         r"nonlinear_activation_params .*alpha"),
        ({"params": {"nonlinear_activation_params": {"negative_slope": 0.2, "inplace": True}}},
         r"nonlinear_activation_params.inplace true"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_by_name(
    tmp_path: Path, config: dict[str, Any], message: str
) -> None:
    write(tmp_path, checkpoint(small()[1]), **config)
    with pytest.raises(UserError, match=message) as refusal:
        bundle.load(tmp_path)
    assert "\n" not in str(refusal.value)
    assert str(refusal.value).count("config.yml") <= 1


@pytest.mark.parametrize(
    ("pad", "given", "mode"),
    [
        ("ConstantPad1d", {"value": 0.0}, "zeros"),
        ("ReplicationPad1d", {}, "replicate"),
        ("CircularPad1d", None, "circular"),
    ],
)
def test_melgan_in_all_its_settings(pad: str, given: Any, mode: str) -> None:
    params = {
        "in_channels": 6, "out_channels": 2, "kernel_size": 6, "channels": 8, "bias": False,
        "upsample_scales": [4, 2], "stack_kernel_size": 2, "stacks": 1,
        "nonlinear_activation": "ELU", "nonlinear_activation_params": {"alpha": 1.0},
        "pad": pad, "pad_params": given, "use_final_nonlinear_activation": False,
        "use_weight_norm": True, "use_causal_conv": True,
    }  # fmt: skip
    options, renamed = melgan.generator(params, named(CAUSAL_MELGAN), FILE)
    assert renamed.keys() == named(CAUSAL_MELGAN.values()).keys()
    assert options == {
        "name": "melgan", "n_mels": 6, "bands": 2, "kernel_size": 6, "upsample_initial_channel": 8,
        "bias": False, "upsample_rates": [4, 2], "residual_kernel_size": 2, "residual_layers": 1,
        "activation": "elu", "leaky_slope": 0.01, "padding_mode": mode, "final_tanh": False,
        "causal": True,
    }  # fmt: skip


def test_melgans_defaults_are_the_projects() -> None:
    options, _ = melgan.generator({}, {}, FILE)
    assert options.pop("name") == "melgan"
    with torch.device("meta"):
        assert str(MelGAN(**options)) == str(MelGAN())
    assert melgan.generator({**SMALL}, named(MELGAN), FILE)[1].keys() == (
        named(MELGAN.values()).keys()
    )


def test_hifigan_in_all_its_settings() -> None:
    params: dict[str, Any] = {
        "in_channels": 6, "out_channels": 1, "channels": 8, "kernel_size": 5,
        "upsample_scales": [5, 3], "upsample_kernel_sizes": [10, 6],
        "resblock_kernel_sizes": [3, 5], "resblock_dilations": [[1, 3], [1]],
        "use_additional_convs": False, "bias": False, "nonlinear_activation": "LeakyReLU",
        "nonlinear_activation_params": {"negative_slope": 0.3}, "use_causal_conv": True,
        "use_weight_norm": False,
    }  # fmt: skip
    options, renamed = hifigan.generator(params, named(CAUSAL_HIFIGAN_2), FILE)
    assert renamed.keys() == named(CAUSAL_HIFIGAN_2.values()).keys()
    assert options == {
        "name": "hifigan", "n_mels": 6, "upsample_initial_channel": 8, "kernel_size": 5,
        "upsample_rates": [5, 3], "upsample_kernel_sizes": [10, 6], "resblock": "2",
        "resblock_kernel_sizes": [3, 5], "resblock_dilation_sizes": [[1, 3], [1]], "bias": False,
        "activation": "leaky_relu", "leaky_slope": 0.3, "causal": True, "output_padding": False,
    }  # fmt: skip
    assert hifigan.generator({}, named(HIFIGAN), FILE)[1].keys() == (named(HIFIGAN.values()).keys())
    params["use_causal_conv"] = False
    assert hifigan.generator(params, {}, FILE)[0]["output_padding"]
    for wrong, message in (
        ({"upsample_kernel_sizes": [11, 6]}, r"upsample_kernel_sizes is \[11, 6\].*twice"),
        ({"out_channels": 4}, r"generator_params.out_channels 4"),
        ({"use_spk_id": True}, r"generator_params.use_spk_id"),
        ({"nonlinear_activation_params": {"inplace": True}}, r"inplace true"),
        ({"nonlinear_activation_params": 0.1}, r"nonlinear_activation_params is 0.1"),
    ):
        with pytest.raises(UserError, match=message):
            hifigan.generator({**params, **wrong}, {}, FILE)
    with pytest.raises(UserError, match=r"weight 'blocks.0.convs2.0.1.bias' does not belong"):
        hifigan.generator(params, named(["blocks.0.convs2.0.1"]), FILE)


def test_a_misspelt_field_of_older_configurations(tmp_path: Path) -> None:
    params = {"in_channels": 6, "upsample_kernal_sizes": [8, 4], "upsample_scales": [4, 2]}
    options = recognised(
        write(tmp_path, named(HIFIGAN), generator_type="HiFiGANGenerator", generator_params=params)
    )
    assert options["upsample_kernel_sizes"] == [8, 4]


def discriminator_weights(net: MelGANMultiScale) -> dict[str, Tensor]:
    """By the project's names."""
    saved = {}
    for key, value in net.state_dict().items():
        _, scale, rest = key.split(".", 2)
        module, _, parameter = rest.rpartition(".parametrizations.weight.original")
        name = f"weight_{'gv'[int(parameter)]}" if module else rest.rpartition(".")[2]
        place = (module or rest.rpartition(".")[0]).removeprefix("convs.")
        inner = {"0": "0.1", "conv_post": "5"}.get(place, f"{place}.0")
        saved[f"discriminators.{scale}.layers.{inner}.{name}"] = value
    return saved


@torch.no_grad()
def test_melgans_discriminator_comes_along(tmp_path: Path) -> None:
    original = MelGANMultiScale(base_channels=4, layers=3, max_channels=16, kernel_sizes=[3, 3])
    kind = {"discriminator_type": "MelGANMultiScaleDiscriminator"}
    saved = checkpoint(small()[1], discriminator=discriminator_weights(original))
    write(tmp_path, saved, **kind)
    assert not bundle.read(tmp_path).discriminators
    found = bundle.read(tmp_path, discriminators=True).discriminators
    assert found.keys() == {"msd"}
    other = MelGANMultiScale(base_channels=4, layers=3, max_channels=16, kernel_sizes=[3, 3])
    other.load_state_dict(found["msd"], strict=True)
    audio = torch.randn(1, 1, 4000)
    for one, two in zip(original(audio), other(audio), strict=True):
        assert torch.equal(one.logits, two.logits)
    for config in (
        {"discriminator_type": "HiFiGANMultiScaleMultiPeriodDiscriminator"},
        {**kind, "discriminator_params": {"pad": "ReplicationPad1d"}},
        {**kind, "discriminator_params": {"downsample_pooling_params": {"kernel_size": 2}}},
    ):
        write(tmp_path, saved, **config)
        assert not bundle.read(tmp_path, discriminators=True).discriminators
