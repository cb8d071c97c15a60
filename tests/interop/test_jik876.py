"""jik876's HiFi-GAN: its outputs, its files, its forks' settings, its discriminators."""

import copy
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from wavegan import Vocoder, bundle
from wavegan.audio import io
from wavegan.discriminators.mpd import MultiPeriod
from wavegan.discriminators.msd import MultiScale
from wavegan.generators.hifigan import HiFiGAN
from wavegan.layers.weight_norm import fold_weight_norm
from wavegan.mel.front_end import Mel
from wavegan.mel.spectrogram import MelSpectrogram
from wavegan.weights import load_strictly

CONFIG: dict[str, Any] = {
    "resblock": "2",
    "batch_size": 16,
    "seed": 1234,
    "upsample_rates": [4, 4],
    "upsample_kernel_sizes": [8, 8],
    "upsample_initial_channel": 8,
    "resblock_kernel_sizes": [3, 5],
    "resblock_dilation_sizes": [[1, 2], [2, 6]],
    "num_mels": 8,
    "num_freq": 1025,
    "n_fft": 64,
    "hop_size": 16,
    "win_size": 48,
    "sampling_rate": 16000,
    "fmin": 20,
    "fmax": None,
    "fmax_for_loss": None,
}
BLOCK_1 = {"resblock": "1", "resblock_dilation_sizes": [[1, 3, 5]] * 2}


def old_names(network: nn.Module) -> dict[str, Tensor]:
    """Weights as torch named them when the project was written."""
    names = {
        "parametrizations.weight.original0": "weight_g",
        "parametrizations.weight.original1": "weight_v",
        "parametrizations.weight.original": "weight_orig",
        "parametrizations.weight.0._u": "weight_u",
        "parametrizations.weight.0._v": "weight_v",
    }
    renamed = {}
    for key, value in network.state_dict().items():
        old = next((new for new in names if key.endswith(f".{new}")), "")
        renamed[key.removesuffix(old) + names.get(old, "")] = value
    assert not any("parametrizations" in key for key in renamed)
    return renamed


def network(config: dict[str, Any], seed: int = 0) -> HiFiGAN:
    torch.manual_seed(seed)
    net = HiFiGAN(
        n_mels=config["num_mels"],
        **{
            key: config[key]
            for key in CONFIG
            if key.startswith("upsample") or key.startswith("resblock")
        },
    )
    with torch.no_grad():
        for name, parameter in net.named_parameters():
            if name.endswith("original0"):
                parameter.mul_(1 + torch.rand_like(parameter))
    return net.eval().requires_grad_(False)


def save(folder: Path, net: nn.Module, config: dict[str, Any], name: str = "g_00000007") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))
    torch.save({"generator": old_names(net)}, folder / name)
    return folder / name


def mel_of(config: dict[str, Any], frames: int = 9) -> Tensor:
    return torch.randn(1, config["num_mels"], frames, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("name", ["jik876-v1-small", "jik876-v2", "jik876-v3"])
@torch.no_grad()
def test_golden_checkpoints_sound_as_their_project_made_them_sound(golden, name):
    folder, expected = golden(name)
    config, generator = bundle.load(folder)
    wave = generator(expected["mel"][None])[0, 0]
    assert (wave - expected["wave"]).abs().max() <= 1e-5 * expected["wave"].abs().max()
    assert config.mel == Mel.preset("hifigan-22k")
    assert config.peak == 0.95
    mel = MelSpectrogram(config.mel)(expected["source_wave"])
    assert (mel - expected["source_mel"]).abs().max() <= 1e-4
    by_file = bundle.load(folder / "g_00000100")[1]
    assert torch.equal(by_file(expected["mel"][None])[0, 0], wave)


def test_published_weights_whose_norm_is_folded_vocode_speech(shared, speech):
    folder = shared / "pretrained" / "hifigan-v3-ljspeech"
    vocoder = Vocoder.from_pretrained(folder)
    assert next(vocoder.generator.parameters()).dtype == torch.float32
    file = next(file for file in sorted(speech.iterdir()) if file.suffix in (".flac", ".wav"))
    audio, _ = io.read(file, sample_rate=22050, mono=True)
    wave = torch.from_numpy(audio[0, :32768])
    mel = vocoder.mel(wave)
    again = vocoder.mel(vocoder(mel))
    assert (again - mel).abs().mean() < 0.5 * (mel.mean(-1, keepdim=True) - mel).abs().mean()


@pytest.mark.parametrize(
    "changed",
    [
        {},
        BLOCK_1,
        {"resblock": 2},
        {**BLOCK_1, "resblock": 1},
        {"upsample_rates": [16], "upsample_kernel_sizes": [16]},
        {"upsample_rates": [4, 2, 2], "upsample_kernel_sizes": [12, 4, 2]},
        {"resblock_kernel_sizes": [7], "resblock_dilation_sizes": [[1, 3, 5, 7]]},
        {"num_mels": 20, "fmin": 0, "fmax": 7000},
        {"center": False, "preemphasis": 0.0, "use_spectral_norm": False},
    ],
)
def test_every_setting_arrives(tmp_path, changed, sounds_as):
    config = {**copy.deepcopy(CONFIG), **copy.deepcopy(changed)}
    net = network({**config, "resblock": str(config["resblock"])})
    assert sounds_as(save(tmp_path, net, config), net)
    mel = bundle.read(tmp_path).config.mel
    fields = ("sample_rate", "n_fft", "hop_length", "win_length", "n_mels", "f_min", "f_max")
    expected = (16000, 64, 16, 48, config["num_mels"], config["fmin"], config["fmax"] or 8000.0)
    assert tuple(getattr(mel, name) for name in fields) == expected


def test_what_the_original_leaves_over_of_its_lists_is_left_over(tmp_path, sounds_as):
    """It pairs the lists from their start, and a block takes as many dilations as it has."""
    net = network(CONFIG)
    longer = {
        "upsample_kernel_sizes": [8, 8, 4],
        "resblock_dilation_sizes": [[1, 2, 9], [2, 6, 9], [1, 3]],
    }
    assert sounds_as(save(tmp_path, net, {**CONFIG, **longer}), net)


def test_the_number_1_made_block_2_in_the_original(tmp_path, sounds_as):
    net = network(CONFIG)
    assert sounds_as(save(tmp_path, net, {**CONFIG, "resblock": 1}), net)


@pytest.mark.parametrize("name", ["g_7", "generator", "generator_v1", "g.pth.tar", "hifi.pt"])
def test_a_model_is_found_by_its_folder_its_file_and_its_config(tmp_path, name, sounds_as):
    net = network(CONFIG)
    file = save(tmp_path, net, CONFIG, name)
    for path in (tmp_path, file, tmp_path / "config.json"):
        assert sounds_as(path, net)
        model = bundle.read(path)
        assert (model.source, model.described_in) == (file, tmp_path / "config.json")


def test_a_bare_state_dict_folded_or_in_half_precision_is_read(tmp_path, sounds_as):
    net = network(CONFIG)
    file = save(tmp_path, net, CONFIG)
    torch.save(old_names(net), file)
    assert sounds_as(tmp_path, net)
    weights = {key: value.half() for key, value in fold_weight_norm(net).state_dict().items()}
    torch.save({"generator": weights}, file)
    loaded = bundle.load(tmp_path)[1]
    assert loaded(mel_of(CONFIG)).dtype == torch.float32
    assert (loaded(mel_of(CONFIG)) - net(mel_of(CONFIG))).abs().max() < 1e-2


def test_the_highest_step_wins_and_another_is_had_by_its_file(tmp_path, sounds_as):
    nets = {step: network(CONFIG, seed) for seed, step in enumerate((5, 90, 100))}
    for step, net in nets.items():
        save(tmp_path, net, CONFIG, f"g_{step:08d}")
    save(tmp_path, network(CONFIG, 9), CONFIG, "generator_old")
    assert sounds_as(tmp_path, nets[100])
    assert sounds_as(tmp_path / "g_00000090", nets[90])
    save(tmp_path, nets[5], CONFIG, "g_100000001")  # one digit more than the name has room for
    assert sounds_as(tmp_path, nets[5])


def test_several_without_a_number_are_refused_by_name(tmp_path, refusal):
    for name in ("generator_b", "generator_a", "c.pt"):
        save(tmp_path, network(CONFIG), CONFIG, name)
    torch.save({"optimizer": {}}, tmp_path / "other.pt")
    torch.save({"mpd": {}}, tmp_path / "do_00000001")
    message = refusal(tmp_path)
    assert message.startswith(f"{tmp_path}: it has several models; give one of them: ")
    assert message.endswith("c.pt, generator_a, generator_b")
    bundle.load(tmp_path / "c.pt")


@pytest.mark.parametrize("name", ["g_00000007", "generator_v1", "hifi.pt"])
@pytest.mark.parametrize("whole", [True, False])
def test_without_a_config_weights_are_refused_saying_so(tmp_path, name, whole, refusal):
    file = save(tmp_path, network(CONFIG), CONFIG, name)
    (tmp_path / "config.json").unlink()
    message = refusal(tmp_path if whole else file)
    assert message.startswith(f"{file}: ")
    assert "config.json" in message


def test_a_config_that_cannot_be_read_is_named(tmp_path, refusal):
    save(tmp_path, network(CONFIG), CONFIG)
    (tmp_path / "config.json").write_text("{")
    assert refusal(tmp_path) == f"{tmp_path / 'config.json'}: not readable as JSON"


NEEDED = sorted(CONFIG.keys() - {"batch_size", "seed", "num_freq", "fmax_for_loss"})


@pytest.mark.parametrize("name", NEEDED)
def test_a_missing_field_is_named(tmp_path, name, refusal):
    file = save(tmp_path, network(CONFIG), {k: v for k, v in CONFIG.items() if k != name})
    message = refusal(file)
    if name in ("upsample_rates", "upsample_kernel_sizes", "upsample_initial_channel", "num_mels"):
        assert "no model here" in message  # these are what tells this layout
    else:
        assert message == f"{tmp_path / 'config.json'}: has no field {name!r}"


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"resblock": "3"}, "resblock is '3': only '1' can be read"),
        ({"preemphasis": 0.97}, "preemphasis is 0.97"),
        ({"center": True}, "center is True: only False"),
        ({"use_tanh_at_final": False}, "use_tanh_at_final is False: only True"),
        ({"causal": True}, "causal is True"),
        ({"fmax": 9000}, "f_max 9000 is above half of sample_rate 16000: use 8000"),
        ({"hop_size": 20}, "hop_length 20 is not 16"),
        ({"upsample_kernel_sizes": [7, 8]}, "upsample_kernel_sizes [7, 8]"),
        ({"upsample_rates": "4x4"}, "upsample_rates"),
        ({"resblock_dilation_sizes": [1, 3]}, "resblock_dilation_sizes"),
        ({"resblock_kernel_sizes": None}, "resblock_kernel_sizes"),
        ({"n_fft": "many"}, "n_fft"),
    ],
)
def test_settings_that_cannot_be_had_are_refused_by_name(tmp_path, changed, words, refusal):
    save(tmp_path, network(CONFIG), {**CONFIG, **changed})
    message = refusal(tmp_path)
    assert message.startswith(f"{tmp_path / 'config.json'}: ")
    assert words in message
    assert message.count(str(tmp_path)) == 1


@pytest.mark.parametrize(
    ("changed", "key"),
    [
        (BLOCK_1, "resblocks.0.convs1.0"),
        ({"upsample_initial_channel": 16}, "conv_pre"),
        ({"num_mels": 9}, "conv_pre"),
    ],
)
def test_weights_of_another_configuration_are_refused(tmp_path, changed, key, refusal):
    file = save(tmp_path, network(CONFIG), {**CONFIG, **changed})
    message = refusal(tmp_path)
    assert message.startswith(f"{file}: weights do not fit the configuration: ")
    assert key in message


@pytest.mark.parametrize(
    "changed",
    [
        {"activation": "snakebeta"},
        {"snake_logscale": True},
        {"gen_istft_n_fft": 16},
        {"architectures": ["SpeechT5HifiGan"]},
    ],
)
def test_configs_of_other_networks_are_left_to_others(tmp_path, changed):
    from wavegan.interop.jik876 import Jik876

    file = save(tmp_path, network(CONFIG), {**CONFIG, **changed})
    assert Jik876().find(tmp_path) is None
    assert Jik876().find(file) is None


def discriminators(step: int) -> dict[str, nn.Module]:
    torch.manual_seed(step)
    mpd, msd = MultiPeriod(layer_channels=[2, 2]), MultiScale(layer_channels=[16] * 7)
    return {"mpd": mpd.eval(), "msd": msd.eval()}


@pytest.fixture(scope="module")
def judged(tmp_path_factory) -> Path:
    """A folder with a small generator and discriminators of three steps."""
    folder = tmp_path_factory.mktemp("judged")
    save(folder, network(CONFIG), CONFIG, "g_00000100")
    for step in (90, 100, 200):
        content = {
            name: old_names(discriminator) for name, discriminator in discriminators(step).items()
        }
        content |= {"optim_g": {"state": {}}, "steps": step, "epoch": 1}
        torch.save(content, folder / f"do_{step:08d}")
    return folder


@torch.no_grad()
def test_discriminators_give_the_same_logits(judged):
    assert not bundle.read(judged).discriminators
    found = bundle.read(judged, discriminators=True).discriminators
    assert found.keys() == {"mpd", "msd"}
    audio = torch.randn(1, 1, 2000)
    for (name, original), fresh in zip(
        discriminators(100).items(), discriminators(0).values(), strict=True
    ):
        load_strictly(fresh, found[name], judged)
        for ours, theirs in zip(fresh(audio), original(audio), strict=True):
            assert torch.equal(ours.logits, theirs.logits)


@pytest.mark.parametrize(
    ("generator", "kept", "expected"),
    [
        ("g_00000100", (90, 100, 200), 100),
        ("g_00000100", (90, 200), 90),
        ("g_00000190", (90, 100, 200), 200),
        ("generator_v1", (90, 100, 200), 200),
        ("g_00000100", (), None),
    ],
)
def test_the_nearest_discriminators_are_taken(tmp_path, judged, generator, kept, expected):
    shutil.copy(judged / "config.json", tmp_path)
    shutil.copy(judged / "g_00000100", tmp_path / generator)
    for step in kept:
        shutil.copy(judged / f"do_{step:08d}", tmp_path)
    found = bundle.read(tmp_path, discriminators=True).discriminators
    if expected is None:
        assert found == {}
        return
    key = "discriminators.0.conv_post.bias"
    saved = torch.load(judged / f"do_{expected:08d}", weights_only=True)
    assert torch.equal(found["mpd"][key], saved["mpd"][key])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"mpd": {"discriminators.0.lin.weight": torch.zeros(1)}}, "discriminators.0.lin.weight"),
        ({"optim_g": {}}, "has no 'mpd'; found optim_g"),
        ({"msd": {}}, "msd is not a state dict"),
    ],
)
def test_discriminators_of_another_kind_are_refused(tmp_path, content, words, refusal):
    save(tmp_path, network(CONFIG), CONFIG)
    torch.save(content, tmp_path / "do_00000007")
    message = refusal(tmp_path, discriminators=True)
    assert message.startswith(f"{tmp_path / 'do_00000007'}: ")
    assert words in message
    bundle.load(tmp_path)  # vocoding does not need them
