"""seungwonpark's MelGAN: its outputs, the settings inside its file, its discriminator."""

import dataclasses
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from wavegan import Vocoder, bundle
from wavegan.discriminators.melgan_msd import MelGANMultiScale
from wavegan.generators.melgan import MelGAN
from wavegan.layers.weight_norm import fold_weight_norm
from wavegan.mel.front_end import Mel
from wavegan.weights import load_strictly

NORM = {"original0": "weight_g", "original1": "weight_v"}
PARTS = {"conv1": "blocks.{}.2", "conv2": "blocks.{}.4", "shortcut": "shortcuts.{}"}
SETTINGS = """data: # where they are
  train: ''
---
audio:
  n_mel_channels: 8
  segment_length: 16000
  filter_length: 1024
  hop_length: 256 # WARNING: this can't be changed.
  win_length: 1024
  sampling_rate: 22050
  mel_fmin: 0.0
  mel_fmax: 8000.0
---
log:
  save_interval: 25
"""


def their_norm(key: str) -> str:
    return re.sub(r"parametrizations\.weight\.(\w+)", lambda match: NORM[match[1]], key)


def their_names(net: MelGAN) -> dict[str, Tensor]:
    def named(key: str) -> str:
        module, rest = key.split(".", 1)
        if module in ("conv_pre", "conv_post"):
            return f"generator.{1 if module == 'conv_pre' else 16}.{rest}"
        number, rest = rest.split(".", 1)
        if module == "ups":
            return f"generator.{3 + 3 * int(number)}.{rest}"
        part, rest = rest.split(".", 1)
        stage, layer = divmod(int(number), 3)
        return f"generator.{4 + 3 * stage}.{PARTS[part].format(layer)}.{rest}"

    return {their_norm(named(key)): value for key, value in net.state_dict().items()}


def their_discriminators(net: nn.Module) -> dict[str, Tensor]:
    def named(key: str) -> str:
        _, scale, part, rest = key.split(".", 3)
        if part == "conv_post":
            return f"discriminators.{scale}.discriminator.6.{rest}"
        number, rest = rest.split(".", 1)
        return f"discriminators.{scale}.discriminator.{number}.{0 if int(number) else 1}.{rest}"

    return {their_norm(named(key)): value for key, value in net.state_dict().items()}


def network(n_mels: int = 8, seed: int = 0) -> MelGAN:
    torch.manual_seed(seed)
    net = MelGAN(n_mels=n_mels, upsample_initial_channel=16, mel_mean=-5.0, mel_std=5.0)
    with torch.no_grad():
        for name, parameter in net.named_parameters():
            if name.endswith("original0"):
                parameter.mul_(1 + torch.rand_like(parameter))
    return net.eval().requires_grad_(False)


def save(file: Path, net: MelGAN, settings: str = SETTINGS, **more: Any) -> Path:
    content = {"model_g": their_names(net), "hp_str": settings, "githash": "0", "epoch": 1, **more}
    torch.save(content, file)
    return file


@torch.no_grad()
def test_the_golden_checkpoint_sounds_as_its_project_made_it_sound(golden):
    folder, expected = golden("seungwonpark-melgan")
    vocoder = Vocoder.from_pretrained(folder)
    wave = vocoder.generator(expected["mel"][None])[0, 0]
    assert (wave - expected["wave"]).abs().max() <= 1e-5 * expected["wave"].abs().max()
    assert vocoder.peak is None
    by_file = bundle.load(folder / "chkpt_0001.pt")[1]
    assert torch.equal(by_file(expected["mel"][None])[0, 0], wave)


def test_the_front_end_is_that_of_tacotron_2(shared):
    config = bundle.read(shared / "golden" / "seungwonpark-melgan").config
    # the same, under another name, with a transform that rounds less
    assert config.mel == dataclasses.replace(Mel.preset("speechbrain-22k"), precision="float64")
    assert (config.generator["mel_mean"], config.generator["mel_std"]) == (-5.0, 5.0)


@pytest.mark.parametrize("folded", [False, True])
def test_weight_norm_may_be_folded_and_bands_may_be_others(tmp_path, folded, sounds_as):
    net = network(20)
    fold_weight_norm(net) if folded else None
    save(tmp_path / "a.pt", net, SETTINGS.replace("channels: 8", "channels: 20"))
    assert sounds_as(tmp_path, net)
    assert bundle.read(tmp_path).config.mel.n_mels == 20


def test_every_setting_of_the_front_end_arrives(tmp_path):
    settings = SETTINGS
    for name, old, new in (
        ("filter_length", "1024", "2048"),
        ("win_length", "1024", "1200"),
        ("sampling_rate", "22050", "24000"),
        ("mel_fmin", "0.0", "50.0"),
        ("mel_fmax", "8000.0", "null"),
    ):
        assert f"{name}: {old}" in settings
        settings = settings.replace(f"{name}: {old}", f"{name}: {new}")
    save(tmp_path / "a.pt", network(), settings)
    mel = bundle.read(tmp_path / "a.pt").config.mel
    reported = (mel.n_fft, mel.win_length, mel.sample_rate, mel.f_min, mel.f_max, mel.hop_length)
    assert reported == (2048, 1200, 24000, 50.0, 12000.0, 256)


def test_the_last_epoch_of_a_run_stands_for_its_folder(tmp_path, sounds_as, refusal):
    nets = {epoch: network(seed=epoch) for epoch in (25, 100, 75)}
    for epoch, net in nets.items():
        save(tmp_path / f"lj_1a2b_{epoch:04d}.pt", net)
    torch.save({"optimizer": {}}, tmp_path / "other_9999.pt")
    assert sounds_as(tmp_path, nets[100])
    assert sounds_as(tmp_path / "lj_1a2b_0075.pt", nets[75])
    save(tmp_path / "another.pt", nets[25])
    message = refusal(tmp_path)
    assert message.startswith(f"{tmp_path}: it has several models; give one of them: another.pt, ")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("hop_length: 256", "hop_length: 300", "hop_length 300 is not 256"),
        ("mel_fmax: 8000.0", "mel_fmax: 12000.0", "f_max 12000 is above half"),
        ("  win_length: 1024\n", "", "has no field 'win_length'"),
        ("audio:", "sound:", "has no field 'audio'"),
        ("audio:", "audio: [}", "settings inside it are not readable"),
    ],
)
def test_settings_that_cannot_be_had_are_refused_by_name(tmp_path, old, new, words, refusal):
    assert old in SETTINGS
    file = save(tmp_path / "a.pt", network(), SETTINGS.replace(old, new))
    message = refusal(file)
    assert message.startswith(f"{file}: ")
    assert words in message
    assert message.count(str(file)) == 1


def test_weights_that_do_not_fit_are_named(tmp_path, refusal):
    file, weights = tmp_path / "a.pt", their_names(network())
    save(file, network(), model_g={**weights, "generator.4.gate.weight": torch.zeros(1)})
    assert "'generator.4.gate.weight' does not belong" in refusal(file)
    missing = {k: v for k, v in weights.items() if k != "generator.4.blocks.0.2.bias"}
    save(file, network(), model_g=missing)
    assert re.search(r"do not fit.*[Mm]issing.*resblocks\.0\.conv1\.bias", refusal(file))


def test_settings_of_other_bands_than_the_weights_are_refused(tmp_path, refusal):
    file = save(tmp_path / "a.pt", network(20))
    assert re.search(r"do not fit.*conv_pre", refusal(file))


@torch.no_grad()
def test_the_discriminator_gives_the_same_logits(tmp_path):
    torch.manual_seed(0)
    original, loaded = MelGANMultiScale(base_channels=8), MelGANMultiScale(base_channels=8)
    file = save(tmp_path / "a.pt", network())
    assert bundle.read(file, discriminators=True).discriminators == {}
    save(file, network(), model_d=their_discriminators(original))
    assert bundle.read(file).discriminators == {}
    load_strictly(loaded, bundle.read(file, discriminators=True).discriminators["msd"], file)
    audio = torch.randn(1, 1, 2000)
    for ours, theirs in zip(loaded(audio), original(audio), strict=True):
        assert torch.equal(ours.logits, theirs.logits)
