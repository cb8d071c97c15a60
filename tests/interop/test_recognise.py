"""Which project a path belongs to: one layout claims it, or the error lists the expected files."""

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from wavegan import Vocoder, bundle, plugins
from wavegan.errors import UserError
from wavegan.interop.base import expected_files, layouts, recognise

CLAIMED = {
    "jik876-v1-small": "Jik876",
    "jik876-v2": "Jik876",
    "jik876-v3": "Jik876",
    "descript-melgan": "Descript",
    "seungwonpark-melgan": "Seungwonpark",
}


def refused(path):
    with pytest.raises(UserError) as error:
        Vocoder.from_pretrained(path)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.fixture
def golden(shared, tmp_path):
    """Copies a golden folder, to be damaged."""

    def copy(name):
        folder = tmp_path / name
        folder.mkdir()
        for file in (shared / "golden" / name).iterdir():
            shutil.copyfile(file, folder / file.name)
        return folder

    return copy


def claimants(path):
    return [type(layout).__name__ for layout in layouts() if layout.find(path)]


def test_each_golden_folder_is_claimed_once_by_folder_and_by_file(shared):
    folders = sorted(path for path in (shared / "golden").iterdir() if path.is_dir())
    assert len(folders) >= len(CLAIMED)
    for folder in folders:
        found = claimants(folder)
        assert len(found) == 1, (folder, found)
        assert CLAIMED.get(folder.name, found[0]) == found[0]
        file = next(layout.find(folder) for layout in layouts() if layout.find(folder))
        assert claimants(file) == found, file


def test_nothing_but_weights_is_claimed(shared, tmp_path):
    for name in ("about.json", "expected.npz"):
        assert claimants(shared / "golden" / "jik876-v3" / name) == []
    assert claimants(tmp_path) == []
    assert recognise(tmp_path) is None
    assert recognise(tmp_path / "gone") is None


def test_what_was_looked_for_is_said(tmp_path):
    (tmp_path / "notes.txt").write_text("")
    message = refused(tmp_path)
    assert message.startswith(f"{tmp_path}: no model here: looked for config.json with ")
    assert message.endswith("found notes.txt")
    assert expected_files() in message
    for project in ("jik876 HiFi-GAN", "descript MelGAN", "seungwonpark MelGAN"):
        assert message.count(project) == 1
    assert len(layouts()) == len(plugins.names("interop"))


def test_weights_of_nobody_known_are_not_claimed(tmp_path):
    torch.save({"layer.weight": torch.zeros(3)}, tmp_path / "model.pt")
    assert "no model here" in refused(tmp_path)
    assert "found a file" in refused(tmp_path / "model.pt")


WEIGHTS = {
    "jik876-v3": "g_00000100",
    "descript-melgan": "best_netG.pt",
    "seungwonpark-melgan": "chkpt_0001.pt",
}
DAMAGES = {
    "cut short": (lambda whole: whole[: len(whole) // 2], "damaged"),
    "empty": (lambda _: b"", "an empty file"),
    "a web page": (lambda _: b"<!DOCTYPE html>", "a web page"),
    "a pointer": (lambda _: b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
}


@pytest.mark.parametrize(("damage", "words"), DAMAGES.values(), ids=DAMAGES.keys())
@pytest.mark.parametrize(("name", "file"), WEIGHTS.items())
def test_damaged_weights_are_named(golden, name, file, damage, words):
    folder = golden(name)
    whole = (folder / file).read_bytes()
    (folder / file).write_bytes(damage(whole))
    for path in (folder, folder / file):
        message = refused(path)
        assert message.startswith(f"{folder / file}: ")
        assert words in message


@pytest.mark.parametrize(("name", "file"), WEIGHTS.items())
def test_weights_that_were_saved_by_an_older_torch_are_claimed_too(golden, name, file):
    folder = golden(name)
    content = torch.load(folder / file, weights_only=True)
    torch.save(content, folder / file, _use_new_zipfile_serialization=False)
    assert claimants(folder) == claimants(folder / file) == [CLAIMED[name]]
    bundle.load(folder)


def test_the_config_of_another_size_is_refused(golden, shared):
    folder = golden("jik876-v3")
    other = shared / "golden" / "jik876-v2" / "config.json"
    shutil.copyfile(other, folder / "config.json")
    message = refused(folder)
    assert message.startswith(f"{folder / 'g_00000100'}: weights do not fit the configuration: ")
    assert "resblocks.0.convs1.0" in message


def test_the_config_of_another_project_is_refused(golden):
    folder = golden("jik876-v3")
    (folder / "config.json").write_text(json.dumps({"hello": "world"}))
    assert "no model here" in refused(folder)


def test_safetensors_with_a_missing_key_are_refused(tmp_path, shared):
    from wavegan.convert import convert

    convert(shared / "golden" / "jik876-v1-small", tmp_path / "bundle")
    file = tmp_path / "bundle" / "model.safetensors"
    weights = load_file(file)
    del weights["conv_post.bias"]
    save_file(weights, file)
    (tmp_path / "bundle" / "checksums.json").unlink()
    message = refused(tmp_path / "bundle")
    assert message.startswith(f"{file}: weights do not fit the configuration: ")
    assert "conv_post.bias" in message


@pytest.mark.parametrize("name", ["seungwonpark-melgan"])
@pytest.mark.parametrize("kept", [0, 0.5, 0.99])
def test_a_damaged_last_epoch_is_not_passed_over(golden, name, kept):
    folder = golden(name)
    (good,) = folder.glob("*.pt")
    whole = good.read_bytes()
    damaged = folder / good.name.replace("0001", "0002")
    damaged.write_bytes(whole[: int(kept * len(whole))])
    assert refused(folder).startswith(f"{damaged}: ")
    Vocoder.from_pretrained(good)


@pytest.mark.parametrize(
    ("name", "config"),
    [
        ("bigvgan-v1-small", "config.json"),
        ("jik876-v3", "config.json"),
        ("pwg-melgan", "config.yml"),
        ("vocos-small", "config.yaml"),
    ],
)
def test_a_damaged_configuration_is_named(golden, name, config):
    folder = golden(name)
    (folder / config).write_text('{"a": [1,2')
    assert refused(folder).startswith(f"{folder / config}: not readable as ")


@pytest.mark.parametrize(
    ("name", "config", "old", "new"),
    [
        ("transformers-speecht5-hifigan", "config.json", "16000", "null"),
        ("transformers-speecht5-hifigan", "config.json", "16000", '"abc"'),
        ("pwg-melgan", "config.yml", "MelGANGenerator", "[1, 2]"),
        ("jik876-v3", "config.json", "1024", "1e308"),
    ],
)
def test_settings_without_sense_are_refused(golden, name, config, old, new):
    folder = golden(name)
    text = (folder / config).read_text()
    assert old in text
    (folder / config).write_text(text.replace(old, new, 1))
    assert str(folder) in refused(folder)


def test_an_empty_file_of_statistics_is_named(golden):
    folder = golden("pwg-hifigan")
    (folder / "stats.npy").write_bytes(b"")
    assert refused(folder).startswith(f"{folder / 'stats.npy'}: ")


def test_an_error_of_the_system_is_an_error_of_the_path():
    assert "File name too long" in refused("x" * 300)
