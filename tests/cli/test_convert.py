"""`wavegan convert`: another project's weights become a bundle that sounds the same."""

import json
import os
import shutil

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from typer.testing import CliRunner

from wavegan import Vocoder, bundle
from wavegan.cli import app


def convert(*words):
    runner = CliRunner(env={"WAVEGAN_DEBUG": None})
    return runner.invoke(app, ["convert", *(str(word) for word in words)])


def good(result):
    assert result.exit_code == 0, result.output
    return result


def wrong(result):
    """The one line on stderr of a call with a mistake."""
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("error: ")
    return result.stderr


@pytest.fixture
def source(shared):
    return shared / "golden" / "jik876-v1-small"


def save_discriminators(file):
    """Weights of discriminators with the names that the project gives them."""
    mpd = {"discriminators.0.conv_post.bias": torch.arange(3.0)}
    msd = {
        "discriminators.0.convs.0.weight_orig": torch.arange(4.0),
        "discriminators.0.convs.0.weight_u": torch.arange(5.0),
        "discriminators.0.convs.0.weight_v": torch.arange(6.0),
        "discriminators.1.convs.0.weight_v": torch.arange(7.0),
    }
    torch.save({"mpd": mpd, "msd": msd, "steps": 100}, file)


@pytest.mark.parametrize(
    "name", ["jik876-v1-small", "descript-melgan", "seungwonpark-melgan", "pretrained"]
)
def test_what_was_converted_sounds_the_same(tmp_path, shared, name):
    folder = shared / "golden" / name
    if name == "pretrained":
        folder = shared / "pretrained" / "hifigan-v3-ljspeech"
    good(convert(folder, tmp_path / "made"))
    before, after = Vocoder.from_pretrained(folder), Vocoder.from_pretrained(tmp_path / "made")
    assert (after.spec, after.peak) == (before.spec, before.peak)
    mel = before.mel(0.1 * torch.randn(3000, generator=torch.Generator().manual_seed(0)))
    assert before(mel).std() > 1e-4
    assert torch.equal(after(mel), before(mel))
    made = sorted(file.name for file in (tmp_path / "made").iterdir())
    assert made == ["README.md", "checksums.json", "config.json", "model.safetensors"]


def test_weight_norm_is_kept_for_training(tmp_path, source):
    good(convert(source, tmp_path / "made"))
    weights = load_file(tmp_path / "made" / "model.safetensors")
    assert "conv_pre.parametrizations.weight.original0" in weights
    original = torch.load(source / "g_00000100", weights_only=True)["generator"]
    assert torch.equal(
        weights["conv_pre.parametrizations.weight.original1"], original["conv_pre.weight_v"]
    )


def test_one_line_says_what_it_was_and_where_it_is(tmp_path, source):
    result = good(convert(source, tmp_path / "made"))
    assert result.stdout == ""
    weights = source / "g_00000100"
    assert result.stderr == f"{weights} (hifigan, 22050 Hz, 80 mels) is now {tmp_path / 'made'}\n"
    assert good(convert(source, tmp_path / "again", "--quiet")).output == ""


def test_json_is_one_object_and_nothing_else(tmp_path, source):
    for name in ("config.json", "g_00000100"):
        shutil.copyfile(source / name, tmp_path / name)
    save_discriminators(tmp_path / "do_00000100")
    result = good(convert(tmp_path, tmp_path / "deep" / "made", "--json"))
    assert result.stderr == ""
    assert result.stdout.count("\n") == 1
    assert json.loads(result.stdout) == {
        "source": str(tmp_path / "g_00000100"),
        "bundle": str(tmp_path / "deep" / "made"),
        "generator": "hifigan",
        "sample_rate": 22050,
        "n_mels": 80,
        "discriminators": ["mpd", "msd"],
    }


def test_discriminators_come_with_it_and_survive_another_conversion(tmp_path, source):
    for name in ("config.json", "g_00000100"):
        shutil.copyfile(source / name, tmp_path / name)
    save_discriminators(tmp_path / "do_00000100")
    result = good(convert(tmp_path, tmp_path / "made"))
    assert "80 mels with mpd, msd) is now" in result.stderr
    good(convert(tmp_path / "made", tmp_path / "again"))
    for folder in (tmp_path / "made", tmp_path / "again"):
        weights = load_file(folder / "training" / "discriminator.safetensors")
        lengths = {key: len(value) for key, value in weights.items()}
        assert lengths == {
            "members.mpd.discriminators.0.conv_post.bias": 3,
            "members.msd.discriminators.0.convs.0.parametrizations.weight.original": 4,
            "members.msd.discriminators.0.convs.0.parametrizations.weight.0._u": 5,
            "members.msd.discriminators.0.convs.0.parametrizations.weight.0._v": 6,
            "members.msd.discriminators.1.convs.0.weight_v": 7,
        }
        found = bundle.read(folder, discriminators=True).discriminators
        assert {name: len(weights) for name, weights in found.items()} == {"mpd": 1, "msd": 4}


def test_what_is_there_already_is_kept(tmp_path, source):
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "mine.txt").write_text("mine")
    for target in (tmp_path / "made", tmp_path / "made" / "mine.txt"):
        for force in ((), ("--force",)):
            message = wrong(convert(source, target, *force))
            assert message.startswith(f"error: DST {target}: it is ")
    assert [file.name for file in tmp_path.rglob("*")] == ["made", "mine.txt"]
    (tmp_path / "empty").mkdir()
    good(convert(source, tmp_path / "empty"))
    assert (tmp_path / "empty" / "config.json").is_file()


def test_a_bundle_is_replaced_whole_and_only_with_force(tmp_path, source):
    made = tmp_path / "made"
    good(convert(source, made))
    (made / "README.md").write_text("old")
    (made / "training").mkdir()
    (made / "training" / "discriminator.safetensors").write_text("old")
    message = wrong(convert(source, made))
    assert str(made) in message
    assert "--force" in message
    assert (made / "README.md").read_text() == "old"
    good(convert(source, made, "--force"))
    assert sorted(f.name for f in made.iterdir()) == [
        "README.md",
        "checksums.json",
        "config.json",
        "model.safetensors",
    ]
    assert (made / "README.md").read_text() != "old"
    # what is read is kept, whatever is forced
    assert "is an input" in wrong(convert(made, made, "--force"))
    assert "is an input" in wrong(convert(made / "model.safetensors", made, "--force"))
    Vocoder.from_pretrained(made)


@pytest.mark.parametrize("name", ["made.safetensors", "made.pt", "made.wav"])
def test_a_folder_is_not_called_like_a_file(tmp_path, source, name):
    assert "a folder is needed" in wrong(convert(source, tmp_path / name))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("damage", ["config", "weights", "nothing there"])
def test_a_mistake_leaves_nothing_behind(tmp_path, source, damage):
    folder = tmp_path / "source"
    folder.mkdir()
    for name in ("config.json", "g_00000100"):
        shutil.copyfile(source / name, folder / name)
    if damage == "config":
        content = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps({**content, "num_mels": 81}))
    elif damage == "weights":
        os.truncate(folder / "g_00000100", 1000)
    else:
        shutil.rmtree(folder)
    assert str(folder) in wrong(convert(folder, tmp_path / "made"))
    assert [entry.name for entry in tmp_path.iterdir() if entry != folder] == []


def test_the_help_has_examples():
    result = good(CliRunner().invoke(app, ["convert", "-h"]))
    assert result.stdout.count("wavegan convert") >= 2
    assert " convert " in CliRunner().invoke(app, ["-h"]).stdout


def test_half_precision_becomes_single(tmp_path, source):
    shutil.copyfile(source / "config.json", tmp_path / "config.json")
    weights = torch.load(source / "g_00000100", weights_only=True)["generator"]
    halves = {key: value.half() for key, value in weights.items()}
    torch.save({"generator": halves}, tmp_path / "g_00000100")
    good(convert(tmp_path, tmp_path / "made"))
    made = load_file(tmp_path / "made" / "model.safetensors")
    assert {str(value.dtype) for value in made.values()} == {"torch.float32"}
    np.testing.assert_array_equal(made["conv_pre.bias"], halves["conv_pre.bias"].float())
