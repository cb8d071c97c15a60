"""melgan-neurips: its outputs, its `args.yml` and weights without one, its discriminator."""

import re
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from torch import Tensor, nn

from wavegan import bundle
from wavegan.discriminators.melgan_msd import MelGANMultiScale
from wavegan.generators.melgan import MelGAN
from wavegan.layers.weight_norm import fold_weight_norm
from wavegan.mel.front_end import Mel
from wavegan.mel.spectrogram import MelSpectrogram
from wavegan.weights import load_strictly

PARTS = {"conv1": "block.2", "conv2": "block.4", "shortcut": "shortcut"}
NORM = {"original0": "weight_g", "original1": "weight_v"}


def their_norm(key: str) -> str:
    return re.sub(r"parametrizations\.weight\.(\w+)", lambda match: NORM[match[1]], key)


def their_names(net: MelGAN, layers: int) -> dict[str, Tensor]:
    """Counted as the original appends its modules: 2 for the start, 2 + layers for each stage."""

    def named(key: str) -> str:
        module, rest = key.split(".", 1)
        if module == "conv_pre":
            return f"model.1.{rest}"
        if module == "conv_post":
            return f"model.{4 + len(net.ups) * (2 + layers)}.{rest}"
        number, rest = rest.split(".", 1)
        if module == "ups":
            return f"model.{3 + int(number) * (2 + layers)}.{rest}"
        stage, layer = divmod(int(number), layers)
        part, rest = rest.split(".", 1)
        return f"model.{4 + stage * (2 + layers) + layer}.{PARTS[part]}.{rest}"

    return {their_norm(named(key)): value for key, value in net.state_dict().items()}


def their_discriminators(net: nn.Module, layers: int) -> dict[str, Tensor]:
    def named(key: str) -> str:
        _, scale, part, rest = key.split(".", 3)
        where = f"model.disc_{scale}.model.layer_"
        if part == "conv_post":
            return f"{where}{layers + 2}.{rest}"
        number, rest = rest.split(".", 1)
        return f"{where}{number}.{0 if int(number) else 1}.{rest}"

    return {their_norm(named(key)): value for key, value in net.state_dict().items()}


def network(
    ngf: int = 1,
    layers: int = 3,
    n_mels: int = 8,
    seed: int = 0,
    rates: tuple[int, ...] = (8, 8, 2, 2),
) -> MelGAN:
    torch.manual_seed(seed)
    net = MelGAN(
        n_mels=n_mels,
        upsample_rates=rates,
        upsample_initial_channel=ngf * 2 ** len(rates),
        residual_layers=layers,
    )
    with torch.no_grad():
        for name, parameter in net.named_parameters():
            if name.endswith("original0"):
                parameter.mul_(2 + torch.rand_like(parameter))
    return net.eval().requires_grad_(False)


def arguments(**changed: Any) -> str:
    reported = {"n_mel_channels": 8, "ngf": 1, "n_residual_layers": 3, "num_D": 3, **changed}
    return "!!python/object:argparse.Namespace\n" + yaml.safe_dump(reported)


def save(folder: Path, net: MelGAN, layers: int = 3, name: str = "best_netG.pt") -> Path:
    torch.save(their_names(net, layers), folder / name)
    return folder / name


@torch.no_grad()
def test_the_golden_checkpoint_sounds_as_its_project_made_it_sound(golden):
    folder, expected = golden("descript-melgan")
    config, generator = bundle.load(folder)
    wave = generator(expected["mel"][None])[0, 0]
    assert (wave - expected["wave"]).abs().max() <= 1e-5 * expected["wave"].abs().max()
    assert config.mel == Mel.preset("melgan-22k")
    assert config.peak == 0.95
    mel = MelSpectrogram(config.mel)(expected["source_wave"])
    assert (mel - expected["source_mel"]).abs().max() <= 1e-4
    for path in (folder / "args.yml", folder / "best_netG.pt"):
        assert torch.equal(bundle.load(path)[1](expected["mel"][None])[0, 0], wave)


@pytest.mark.parametrize(
    ("ngf", "layers", "n_mels"), [(1, 3, 8), (2, 0, 8), (1, 1, 40), (3, 2, 100)]
)
def test_every_setting_follows_from_the_weights(tmp_path, ngf, layers, n_mels, sounds_as):
    net = network(ngf, layers, n_mels)
    save(tmp_path, net, layers)
    assert sounds_as(tmp_path, net)
    (tmp_path / "args.yml").write_text(
        arguments(ngf=ngf, n_residual_layers=layers, n_mel_channels=n_mels)
    )
    assert sounds_as(tmp_path, net)
    config = bundle.read(tmp_path).config
    assert config.mel.n_mels == n_mels
    assert config.generator["upsample_rates"] == [8, 8, 2, 2]
    assert config.generator["residual_layers"] == layers


@pytest.mark.parametrize("rates", [(4, 4, 4, 4), (16, 16), (8, 4, 4, 2)])
def test_other_rates_follow_from_the_kernels(tmp_path, rates, sounds_as):
    net = network(rates=rates)
    save(tmp_path, net)
    assert sounds_as(tmp_path, net)


@pytest.mark.parametrize("name", ["linda_johnson.pt", "multi_speaker.pt", "my-voice.pth"])
def test_weights_that_come_alone_are_known_by_their_names(tmp_path, name, sounds_as, refusal):
    net = network()
    file = save(tmp_path, net, name=name)
    assert sounds_as(file, net)
    if name.endswith(".pt"):
        assert sounds_as(tmp_path, net)
        save(tmp_path, net, name="other.pt")
        assert refusal(tmp_path).endswith(f"give one of them: {name}, other.pt")
    fold_weight_norm(net)
    torch.save(their_names(net, 3), file)
    assert sounds_as(file, net)


def test_the_best_goes_before_the_last(tmp_path, sounds_as):
    best, last = network(seed=1), network(seed=2)
    save(tmp_path, last, name="netG.pt")
    assert sounds_as(tmp_path, last)
    save(tmp_path, best, name="best_netG.pt")
    assert sounds_as(tmp_path, best)
    assert sounds_as(tmp_path / "netG.pt", last)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"ngf": 32}, "ngf is 32, but the network of the weights next to it has 1"),
        ({"n_residual_layers": 4}, "n_residual_layers is 4, but .* has 3"),
        ({"n_mel_channels": 80}, "n_mel_channels is 80, but .* has 8"),
    ],
)
def test_arguments_of_another_network_are_refused(tmp_path, changed, words, refusal):
    save(tmp_path, network())
    (tmp_path / "args.yml").write_text(arguments(**changed))
    message = refusal(tmp_path)
    assert message.startswith(f"{tmp_path / 'args.yml'}: ")
    assert re.search(words, message)


def test_rates_of_another_hop_are_refused(tmp_path, sounds_as, refusal):
    assert sounds_as(save(tmp_path, net := network(rates=(8, 8, 4))), net)
    file = save(tmp_path, network(rates=(8, 4, 4)))
    assert "hop_length 256 is not 128" in refusal(file)


def test_a_weight_without_a_place_is_named(tmp_path, refusal):
    weights = their_names(network(), 3)
    file = tmp_path / "netG.pt"
    torch.save({**weights, "model.4.gate.weight": torch.zeros(1)}, file)
    assert refusal(file).startswith(f"{file}: the weight 'model.4.gate.weight' does not belong")
    torch.save({k: v for k, v in weights.items() if k != "model.5.block.2.bias"}, file)
    assert re.search(r"do not fit.*[Mm]issing.*resblocks\.1\.conv1\.bias", refusal(file))
    torch.save({"model.1.weight": torch.zeros(3)}, file)
    assert "not a MelGAN generator" in refusal(file)


@pytest.mark.parametrize("name", ["best_net{}.pt", "net{}.pt"])
@pytest.mark.parametrize(("scales", "base", "layers", "factor"), [(3, 8, 4, 4), (1, 4, 2, 2)])
@torch.no_grad()
def test_the_discriminator_gives_the_same_logits(tmp_path, name, scales, base, layers, factor):
    def fresh(seed: int) -> MelGANMultiScale:
        torch.manual_seed(seed)
        return MelGANMultiScale(
            scales=scales, base_channels=base, layers=layers, downsampling_factor=factor
        )

    save(tmp_path, network(), name=name.format("G"))
    assert bundle.read(tmp_path, discriminators=True).discriminators == {}
    original, loaded = fresh(0), fresh(1)
    torch.save(their_discriminators(original, layers), tmp_path / name.format("D"))
    assert bundle.read(tmp_path).discriminators == {}
    found = bundle.read(tmp_path, discriminators=True).discriminators
    load_strictly(loaded, found["msd"], tmp_path)
    audio = torch.randn(1, 1, 2000)
    for ours, theirs in zip(loaded(audio), original(audio), strict=True):
        assert torch.equal(ours.logits, theirs.logits)
