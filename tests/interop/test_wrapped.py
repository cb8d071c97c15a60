"""Weights as trainers write them: every golden model in every wrapping gives the same output."""

import shutil
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from safetensors.torch import save_file
from torch import Tensor

from wavegan import Vocoder, bundle
from wavegan.errors import UserError
from wavegan.interop import _wrapped
from wavegan.interop._files import SUFFIXES, contents

Weights = Mapping[str, Tensor]

FAMILIES = {
    "jik876-v1-small": "g_00000100",
    "jik876-v3": "g_00000100",
    "bigvgan-v1-small": "bigvgan_generator.pt",
    "bigvgan-v2-small": "bigvgan_generator.pt",
    "descript-melgan": "best_netG.pt",
    "seungwonpark-melgan": "chkpt_0001.pt",
    "pwg-hifigan": "checkpoint-1000steps.pkl",
    "pwg-melgan": "checkpoint-1000steps.pkl",
    "pwg-mb-melgan": "checkpoint-1000steps.pkl",
    "pwg-parallel-wavegan": "checkpoint-1000steps.pkl",
    "pwg-style-melgan": "checkpoint-1000steps.pkl",
    "transformers-speecht5-hifigan": "model.safetensors",
    "vocos-small": "pytorch_model.bin",
}
QUICK = ("jik876-v3", "seungwonpark-melgan", "pwg-melgan", "vocos-small")
SOME = [n if n in QUICK else pytest.param(n, marks=pytest.mark.slow) for n in FAMILIES]
"""All families by all wrappings take a minute."""
PREFIXES = (
    "module.",
    "_orig_mod.",
    "module._orig_mod.",
    "_orig_mod.module.",
    "model.",
    "generator.",
    "net_g.",
    "model.generator.module.",
)
KEYS = ("state_dict", "model", "model_g", "generator", "net_g", "ema", "params", "weights")


def prefixed(weights: Weights, prefix: str) -> dict[str, Tensor]:
    return {f"{prefix}{key}": value for key, value in weights.items()}


def compiled_inside(weights: Weights) -> dict[str, Tensor]:
    """The names if only parts of a network are compiled."""
    return {key.replace(".", "._orig_mod.", 1): value for key, value in weights.items()}


def lightning(weights: Weights) -> dict[str, Any]:
    discriminator = {
        "discriminator.convs.0.weight": torch.ones(2),
        "mpd.convs.0.bias": torch.ones(2),
    }
    inside = {**prefixed(weights, "generator."), **discriminator}
    return {"epoch": 3, "pytorch-lightning_version": "1.8.6", "state_dict": inside}


def both(weights: Weights) -> dict[str, Any]:
    discriminator = {"conv_pre.bias": torch.ones(1), "conv_post.bias": torch.ones(1)}
    optimizer = {"state": {0: {"exp_avg": torch.zeros(1)}}, "param_groups": []}
    return {
        "generator": weights,
        "discriminator": discriminator,
        "mpd": discriminator,
        "optimizer": optimizer,
    }


WRAPPINGS: Mapping[str, Callable[[Weights], Any]] = {
    "bare": dict,
    **{prefix: lambda w, p=prefix: prefixed(w, p) for prefix in PREFIXES},
    **{key: lambda w, k=key: {k: dict(w), "step": 3} for key in KEYS},
    "model/generator": lambda w: {"model": {"generator": dict(w), "discriminator": {}}},
    "state_dict/module.": lambda w: {"state_dict": prefixed(w, "module.")},
    "swa": lambda w: {**prefixed(w, "module."), "n_averaged": torch.tensor(3)},
    "compiled inside": compiled_inside,
    "lightning": lightning,
    "with a discriminator": both,
    "twice the same": lambda w: {"model": dict(w), "state_dict": prefixed(w, "module.")},
}


@pytest.fixture
def copied(shared: Path, tmp_path: Path) -> Callable[[str], tuple[Path, dict[str, Any]]]:
    """A golden folder without its weights, and its bare state dict with the settings beside it."""

    def copy(name: str) -> tuple[Path, dict[str, Any]]:
        golden = shared / "golden" / name
        folder = tmp_path / "model"
        shutil.copytree(golden, folder)
        (folder / FAMILIES[name]).unlink()
        content = contents(golden / FAMILIES[name])
        while not all(isinstance(value, Tensor) for value in content.values()):
            kept = {key: value for key, value in content.items() if key == "hp_str"}
            inner = [v for k, v in content.items() if isinstance(v, Mapping) and k in KEYS]
            (content,) = inner
            if kept:
                return folder, {"weights": dict(content), **kept}
        return folder, {"weights": dict(content)}

    return copy


read = cache(bundle.read)


def unchanged(folder: Path, name: str, shared: Path) -> None:
    made, original = bundle.read(folder), read(shared / "golden" / name)
    assert made.config == original.config
    assert made.weights.keys() == original.weights.keys()
    for key, value in original.weights.items():
        assert torch.equal(made.weights[key], value), key


@pytest.mark.parametrize("name", SOME)
@pytest.mark.parametrize("wrap", WRAPPINGS.values(), ids=WRAPPINGS.keys())
def test_a_wrapped_model_is_the_model(
    copied: Any, shared: Path, name: str, wrap: Callable[[Weights], Any]
) -> None:
    folder, saved = copied(name)
    content = wrap(saved.pop("weights"))
    torch.save({**content, **saved} if saved else content, folder / FAMILIES[name])
    unchanged(folder, name, shared)


@pytest.mark.parametrize("name", SOME)
@pytest.mark.parametrize("suffix", [*SUFFIXES])
def test_under_any_suffix_and_as_safetensors(
    copied: Any, shared: Path, name: str, suffix: str
) -> None:
    folder, saved = copied(name)
    file = folder / f"weights_1000{suffix}"
    if suffix == ".safetensors":
        save_file(prefixed(saved["weights"], "module.generator."), file)
    else:
        torch.save({"state_dict": saved.pop("weights"), **saved}, file)
    if name == "seungwonpark-melgan" and suffix == ".safetensors":
        with pytest.warns(RuntimeWarning, match="no settings .hp_str"):
            unchanged(file, name, shared)
        return
    unchanged(file, name, shared)
    unchanged(folder, name, shared)


@pytest.mark.filterwarnings("ignore:mel values span:RuntimeWarning")
@pytest.mark.parametrize("name", FAMILIES)
def test_it_sounds_the_same(copied: Any, golden: Any, name: str) -> None:
    folder, saved = copied(name)
    content = {"model": prefixed(saved.pop("weights"), "module._orig_mod."), **saved}
    torch.save(content, folder / FAMILIES[name])
    where, expected = golden(name)
    noise = expected.get("noise")
    made = Vocoder.from_pretrained(folder)(expected["mel"], noise)
    assert torch.equal(made, Vocoder.from_pretrained(where)(expected["mel"], noise))


@pytest.mark.parametrize("name", ["jik876-v3", "vocos-small", "pwg-melgan"])
def test_of_model_and_average_the_average_is_taken_and_said(copied: Any, name: str) -> None:
    folder, saved = copied(name)
    weights = saved["weights"]
    other = {key: value + 1 for key, value in weights.items()}
    file = folder / FAMILIES[name]
    torch.save({"model": other, "ema": prefixed(weights, "module.")}, file)
    with pytest.warns(RuntimeWarning, match=r"several .*\(ema\.module, model\).*one, ema"):
        bundle.read(folder)
    torch.save({**prefixed(other, "online_model."), **prefixed(weights, "ema_model.")}, file)
    with pytest.warns(RuntimeWarning, match="using the averaged one, ema_model"):
        taken = bundle.read(folder)
    torch.save(weights, file)
    assert all(torch.equal(taken.weights[k], v) for k, v in bundle.read(folder).weights.items())


def test_of_two_that_nothing_tells_apart_neither_is_taken(copied: Any) -> None:
    folder, saved = copied("jik876-v3")
    other = {key: value + 1 for key, value in saved["weights"].items()}
    torch.save({"first": other, "second": saved["weights"]}, folder / "g_00000100")
    with pytest.raises(UserError, match=r"it has several generators \(first, second\)"):
        bundle.read(folder)


@pytest.mark.parametrize("name", FAMILIES)
def test_what_was_found_and_what_was_expected_is_said(copied: Any, name: str) -> None:
    folder, _ = copied(name)
    file = folder / FAMILIES[name]
    torch.save({"encoder": {"layer.weight": torch.ones(2)}, "step": 3}, file)
    with pytest.raises(UserError) as error:
        bundle.load(file)
    message = str(error.value)
    assert message.startswith(f"{file}: ")
    assert "layer.weight" in message
    assert "\n" not in message


JUDGES = {
    "do_00000100": {"mpd": {"discriminators.0.convs.0.weight": torch.ones(1)}, "msd": {}},
    "D_100.pth": {"model": {"discriminators.0.convs.0.bias": torch.ones(1)}, "iteration": 3},
    "netD.pt": {"model.disc_0.model.layer_0.1.bias": torch.ones(1)},
    "bigvgan_discriminator_optimizer.pt": {"mpd": {"discriminators.0.convs.0.bias": torch.ones(1)}},
    "vocos.ckpt": {"state_dict": {"multiperioddisc.discriminators.0.x.bias": torch.ones(1)}},
}


@pytest.mark.parametrize(("name", "content"), JUDGES.items(), ids=JUDGES.keys())
@pytest.mark.parametrize("beside", [None, "jik876-v3", "bigvgan-v2-small", "vocos-small"])
def test_a_discriminators_file_is_called_so(
    tmp_path: Path, shared: Path, name: str, content: Any, beside: str | None
) -> None:
    if beside is not None:
        for file in (shared / "golden" / beside).glob("config.*"):
            shutil.copy(file, tmp_path)
    torch.save(content, tmp_path / name)
    with pytest.raises(
        UserError, match=rf"{name}: it has weights of discriminators .*generator's file"
    ):
        bundle.load(tmp_path / name)


@pytest.mark.parametrize("name", ["do_00000100", "D_100.pth"])
def test_a_folder_of_discriminators_alone_is_called_so(
    tmp_path: Path, shared: Path, name: str
) -> None:
    shutil.copy(shared / "golden" / "jik876-v3" / "config.json", tmp_path)
    torch.save(JUDGES[name], tmp_path / name)
    with pytest.raises(UserError, match=rf"{name}: it has weights of discriminators"):
        bundle.load(tmp_path)


def test_weights_of_no_known_network_are_shown(tmp_path: Path) -> None:
    torch.save({"encoder": {"layer.weight": torch.ones(2)}}, tmp_path / "model.pt")
    for path in (tmp_path, tmp_path / "model.pt"):
        with pytest.raises(UserError, match=r"no model here.*with the weights layer\.weight"):
            bundle.load(path)


def test_mappings_that_hold_themselves_end(copied: Any, shared: Path) -> None:
    folder, saved = copied("jik876-v3")
    content: dict[str, Any] = {"state_dict": saved["weights"]}
    content |= {"again": content, "once more": {"inner": content}}
    torch.save(content, folder / "g_00000100")
    unchanged(folder, "jik876-v3", shared)


def test_discriminators_lose_their_prefixes_too(shared: Path, tmp_path: Path) -> None:
    golden = shared / "golden" / "jik876-v1-small"
    for name in ("config.json", "g_00000100"):
        shutil.copy(golden / name, tmp_path)
    discriminator = {"discriminators.0.convs.0.bias": torch.ones(1)}
    for prefix in ("", "module.", "module._orig_mod."):
        torch.save(
            {"mpd": prefixed(discriminator, prefix), "msd": discriminator}, tmp_path / "do_00000100"
        )
        found = bundle.read(tmp_path, discriminators=True).discriminators
        assert found["mpd"].keys() == found["msd"].keys() == discriminator.keys()


def test_names_are_looked_for_as_wholes() -> None:
    content = {"mesh_conv_pre.weight": torch.ones(1), "conv_pre.weight": torch.ones(1)}
    found = _wrapped.generator({"a": content}, Path("f"), (r"conv_pre\.",))
    assert found.keys() == content.keys()


# --- What Vocos' own trainer writes -------------------------------------------------------------


def trained(config: Any, weights: Weights) -> tuple[dict[str, Any], dict[str, Any]]:
    """The trainer's configuration and its checkpoint."""
    options = {"sample_rate": 24000, "initial_learning_rate": 5e-4, **config}
    whole = {
        "seed_everything": 4444,
        "data": {"class_path": "vocos.dataset.VocosDataModule"},
        "model": {"class_path": "vocos.experiment.VocosExp", "init_args": options},
        "trainer": {"max_steps": 2000000},
    }
    beside = {
        "multiperioddisc.discriminators.0.convs.0.bias": torch.zeros(2),
        "multiresddisc.discriminators.0.band_convs.0.0.0.bias": torch.zeros(2),
        "melspec_loss.mel_spec.spectrogram.window": torch.zeros(1024),
    }
    checkpoint = {
        "epoch": 3,
        "global_step": 9,
        "pytorch-lightning_version": "1.8.6",
        "state_dict": {**weights, **beside},
        "optimizer_states": [{"state": {}, "param_groups": []}],
        "hyper_parameters": {"sample_rate": 24000},
    }
    return whole, checkpoint


@pytest.mark.parametrize("whole_config", [True, False])
@pytest.mark.parametrize(
    "place", ["last.ckpt", "pytorch_model.bin", "model.pt", "checkpoints/last.ckpt"]
)
def test_what_vocos_own_trainer_writes(
    copied: Any, shared: Path, whole_config: bool, place: str
) -> None:
    folder, saved = copied("vocos-small")
    config = yaml.safe_load((folder / "config.yaml").read_text())
    whole, checkpoint = trained(config, saved["weights"])
    (folder / "config.yaml").write_text(yaml.safe_dump(whole if whole_config else config))
    (folder / place).parent.mkdir(exist_ok=True)
    torch.save(checkpoint, folder / place)
    unchanged(folder, "vocos-small", shared)
    unchanged(folder / place, "vocos-small", shared)


def test_of_several_checkpoints_of_vocos_one_has_to_be_named(copied: Any) -> None:
    folder, saved = copied("vocos-small")
    for name in ("last.ckpt", "vocos_checkpoint_epoch=3.ckpt"):
        torch.save({"state_dict": saved["weights"]}, folder / name)
    with pytest.raises(UserError, match=r"give one of them: last\.ckpt, vocos_checkpoint"):
        bundle.read(folder)
    bundle.read(folder / "last.ckpt")
