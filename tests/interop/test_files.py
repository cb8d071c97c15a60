"""Untrusted files: nothing in them is ever run, and each kind of damage has its own message."""

import argparse
import contextlib
import io
import json
import os
import pickle
import random
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from wavegan import bundle
from wavegan.errors import UserError
from wavegan.interop import _pickles
from wavegan.interop._files import (
    errors_naming,
    field,
    json_file,
    refuse_unusable,
    state_dict,
    torch_file,
    yaml_documents,
    yaml_file,
    yaml_text,
)

CONTENT = {"generator": {"conv.weight": torch.arange(6.0).reshape(2, 3)}, "steps": 3}
HIFIGAN = {
    "resblock": "2",
    "upsample_rates": [4, 4],
    "upsample_kernel_sizes": [8, 8],
    "upsample_initial_channel": 8,
    "resblock_kernel_sizes": [3],
    "resblock_dilation_sizes": [[1, 2]],
    "num_mels": 8,
    "n_fft": 64,
    "hop_size": 16,
    "win_size": 64,
    "sampling_rate": 16000,
    "fmin": 0,
    "fmax": None,
}


class Exploit:
    """Makes a file when it is unpickled."""

    def __init__(self, trap: Path) -> None:
        self.trap = trap

    def __reduce__(self):
        return os.system, (f"touch '{self.trap}'",)


def saved(content, **options) -> bytes:
    stream = io.BytesIO()
    torch.save(content, stream, **options)
    return stream.getvalue()


def legacy(content) -> bytes:
    return saved(content, _use_new_zipfile_serialization=False)


def refused(call, *arguments) -> str:
    with pytest.raises(UserError) as error:
        call(*arguments)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("write", [saved, legacy], ids=["zip", "before 1.6"])
def test_weights_are_read_whichever_torch_wrote_them(tmp_path, write):
    file = tmp_path / "model"
    file.write_bytes(write(CONTENT))
    content = torch_file(file)
    assert content["steps"] == 3
    assert torch.equal(content["generator"]["conv.weight"], CONTENT["generator"]["conv.weight"])
    assert {"generator", "conv.weight", "steps"} <= _pickles.texts(file)


EXPLOITS = {
    "zip": saved,
    "before 1.6": legacy,
    **{f"pickle {p}": lambda content, p=p: pickle.dumps(content, protocol=p) for p in range(6)},
}


@pytest.mark.parametrize("write", EXPLOITS.values(), ids=EXPLOITS.keys())
def test_code_is_not_run_but_named_with_a_way_out(tmp_path, write, recwarn):
    trap, file = tmp_path / "ran", tmp_path / "model.pt"
    file.write_bytes(write({"generator": Exploit(trap)}))
    for call in (torch_file, refuse_unusable, bundle.load):
        message = refused(call, file)
        assert message.startswith(f"{file}: it has more than weights (posix.system)")
        assert "torch.save(model.state_dict(), FILE)" in message
    assert not trap.exists()
    assert not recwarn.list
    if write in (saved, legacy):
        torch.load(file, weights_only=False)
    else:
        pickle.loads(file.read_bytes())
    assert trap.exists(), "this exploit never was one"


LAYOUTS = {
    "jik876 g_": ("g_00000100", saved, "config.json", json.dumps(HIFIGAN)),
    "jik876 generator": ("generator_v1", legacy, "config.json", json.dumps(HIFIGAN)),
    "descript": ("best_netG.pt", saved, "args.yml", "ngf: 32\n"),
    "descript hub": ("multi_speaker.pt", legacy, "notes.txt", ""),
    "seungwonpark": ("chkpt_0001.pt", saved, "notes.txt", ""),
    "ParallelWaveGAN": (
        "checkpoint-1000steps.pkl",
        saved,
        "config.yml",
        "generator_type: MelGANGenerator\ngenerator_params: {}\n",
    ),
    "ParallelWaveGAN, plain": (
        "checkpoint-1000steps.pkl",
        pickle.dumps,
        "config.yml",
        "generator_type: MelGANGenerator\ngenerator_params: {}\n",
    ),
    "hugging face": ("pytorch_model.bin", saved, "config.yaml", "{}"),
}


@pytest.mark.parametrize(("name", "write", "beside", "text"), LAYOUTS.values(), ids=LAYOUTS.keys())
@pytest.mark.parametrize("whole", [True, False], ids=["folder", "file"])
def test_an_exploit_in_every_projects_clothes_runs_nothing(
    tmp_path, name, write, beside, text, whole
):
    folder, trap = tmp_path / "model", tmp_path / "ran"
    folder.mkdir()
    (folder / name).write_bytes(
        write(
            {
                "generator": Exploit(trap),
                "model": {"generator": Exploit(trap)},
                "model_g": Exploit(trap),
                "hp_str": "audio: {}",
                "model.1.bias": Exploit(trap),
                "model.3.bias": 0,
                "model.4.block.2.bias": 0,
                "generator.1.bias": 0,
                "generator.3.bias": 0,
            }
        )
    )
    (folder / beside).write_text(text)
    refused(bundle.load, folder if whole else folder / name)
    refused(lambda path: bundle.read(path, discriminators=True), folder)
    assert not trap.exists()
    torch.load(folder / name, weights_only=False) if write in (saved, legacy) else pickle.loads(
        (folder / name).read_bytes()
    )
    assert trap.exists(), "this exploit never was one"


@pytest.mark.parametrize("write", [saved, legacy, pickle.dumps])
def test_an_exploit_among_the_discriminators_runs_nothing(tmp_path, shared, write):
    golden, trap = shared / "golden" / "jik876-v1-small", tmp_path / "ran"
    for name in ("config.json", "g_00000100"):
        (tmp_path / name).write_bytes((golden / name).read_bytes())
    discriminators = tmp_path / "do_00000100"
    discriminators.write_bytes(write({"mpd": Exploit(trap), "msd": {}, "optim_g": Exploit(trap)}))
    bundle.load(tmp_path)
    message = refused(lambda: bundle.read(tmp_path, discriminators=True))
    assert message.startswith(f"{discriminators}: it has more than weights (posix.system)")
    assert not trap.exists()
    torch.load(discriminators, weights_only=False) if write is not pickle.dumps else pickle.loads(
        discriminators.read_bytes()
    )
    assert trap.exists(), "this exploit never was one"


YAML_EXPLOITS = [
    "!!python/object/apply:os.system ['touch {trap}']",
    "ngf: !!python/object/apply:os.system ['touch {trap}']",
    "!!python/object/new:os.system ['touch {trap}']",
    "!!python/object:argparse.Namespace\nngf: !!python/object/apply:os.system ['touch {trap}']",
    "? !!python/object/apply:os.system ['touch {trap}']\n: 1",
    "a: !!python/object/apply:subprocess.getoutput {{args: ['touch {trap}']}}",
]


@pytest.mark.parametrize("name", ["args.yml", "config.yml", "config.yaml"])
@pytest.mark.parametrize("text", YAML_EXPLOITS)
def test_yaml_runs_nothing(tmp_path, shared, name, text):
    trap, file = tmp_path / "ran", tmp_path / name
    file.write_text(text.format(trap=trap))
    for call in (yaml_file, lambda file: yaml_documents(file.read_text(), file)):
        with contextlib.suppress(UserError):
            assert call(file) in (
                {"ngf": [f"touch {trap}"]},
                {"a": {"args": [f"touch {trap}"]}},
            )
    golden = shared / "golden" / ("descript-melgan" if name == "args.yml" else "pwg-melgan")
    for each in golden.iterdir():
        if each.suffix in (".pt", ".pkl", ".h5"):
            (tmp_path / each.name).symlink_to(each)
    refused(bundle.load, tmp_path) if name == "args.yml" and "a:" not in text[:2] else None
    assert not trap.exists()
    # its result does not fit everywhere it stands, but then it has run already
    with contextlib.suppress(yaml.YAMLError, TypeError, AttributeError):
        yaml.unsafe_load(file.read_text())
    assert trap.exists(), "this exploit never was one"


def test_names_of_code_that_are_not_printable_do_not_reach_the_terminal(tmp_path):
    file = tmp_path / "model.pt"
    file.write_bytes(b"c\x1b[2Jevil\nname\x07" + b"x" * 200 + b"\n.")
    message = refused(refuse_unusable, file)
    assert message.isprintable()
    assert len(message) < 500


DAMAGES = {
    "empty": (b"", "an empty file"),
    "a web page": (b"<!DOCTYPE html><html>Not found</html>", "a web page"),
    "a web page after a newline": (b"\n  <HTML><head>", "a web page"),
    "xml": (b"<?xml version='1.0'?><Error>AccessDenied</Error>", "a web page"),
    "a pointer": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull"),
    "text": (b"hello, this is no model\n" * 9, "damaged, or not a file of torch weights"),
    "a pickle without tensors": (pickle.dumps({"a": 1}, 2), "not a file of torch weights"),
    "a pickle of today": (pickle.dumps({"a": 1}), "not a file of torch weights"),
    "an array": (b"\x93NUMPY\x01\x00v\x00{'descr': '<f4'}", "not a file of torch weights"),
}


@pytest.mark.parametrize(("content", "words"), DAMAGES.values(), ids=DAMAGES.keys())
def test_what_is_wrong_with_a_file_is_said(tmp_path, content, words, recwarn):
    file = tmp_path / "model.pt"
    file.write_bytes(content)
    message = refused(torch_file, file)
    assert message.startswith(f"{file}: ")
    assert words in message
    assert "run code" not in message
    assert not recwarn.list


@pytest.mark.parametrize("write", [saved, legacy], ids=["zip", "before 1.6"])
@pytest.mark.parametrize("share", [0.001, 0.02, 0.3, 0.9, 0.999])
def test_a_file_that_is_cut_short_is_damaged(tmp_path, write, share):
    file, whole = tmp_path / "model.pt", write({"weight": torch.zeros(900), **CONTENT})
    file.write_bytes(whole[: max(int(share * len(whole)), 1)])
    assert "damaged" in refused(torch_file, file)


@pytest.mark.parametrize("write", [saved, legacy], ids=["zip", "before 1.6"])
def test_no_damage_is_anything_but_one_clear_line(tmp_path, write):
    chance, whole, file = random.Random(0), write(CONTENT), tmp_path / "model.pt"
    messages = []
    for _ in range(100):
        damaged = bytearray(whole)
        for _ in range(chance.choice((1, 1, 3, 10))):
            damaged[chance.randrange(min(len(whole), 900))] = chance.randrange(256)
        file.write_bytes(damaged[: chance.choice((len(whole), chance.randrange(len(whole))))])
        _pickles.texts(file)
        try:
            torch_file(file)
        except UserError as error:
            messages.append(str(error))
    assert len(messages) > 60
    assert not any("\n" in message for message in messages)


def test_an_archive_of_another_kind_is_not_weights(tmp_path):
    file = tmp_path / "model.pt"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.txt", "x")
    assert "not a file of torch weights" in refused(torch_file, file)
    assert _pickles.texts(file) == frozenset()


def test_a_torchscript_program_is_named_with_a_way_out(tmp_path, recwarn):
    file = tmp_path / "model.pt"
    torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), file)
    recwarn.clear()
    assert "torch.jit.load(FILE).state_dict()" in refused(torch_file, file)
    assert not recwarn.list


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (torch.nn.Linear(2, 2), "torch.nn.modules.linear.Linear"),
        ({"h": argparse.Namespace(a=1)}, "argparse.Namespace"),
        ({"loss": np.float64(3)}, "scalar"),
    ],
)
def test_objects_that_are_no_weights_are_named(tmp_path, content, name):
    file = tmp_path / "model.pt"
    file.write_bytes(saved(content))
    message = refused(torch_file, file)
    assert "it has more than weights" in message
    assert name in message


def test_a_missing_file_and_a_folder_are_distinguished(tmp_path):
    assert refused(torch_file, tmp_path / "gone") == f"{tmp_path / 'gone'}: no such file"
    assert refused(torch_file, tmp_path) == f"{tmp_path}: Is a directory"


@pytest.mark.parametrize("read", [json_file, yaml_file])
def test_settings_that_cannot_be_read_are_named(tmp_path, read):
    file = tmp_path / "config"
    assert refused(read, file) == f"{file}: no such file"
    kind = "JSON" if read is json_file else "YAML"
    for content in (b"\xff\xfe\x00", b"{", b'{"a": ' * 5000, b"a: b: c"):
        file.write_bytes(content)
        assert refused(read, file).startswith(f"{file}: not readable as {kind}")
    for content in ("[]", "3", '"text"', "null"):
        file.write_text(content)
        assert refused(read, file) == f"{file}: its content is not a {kind} mapping"


def test_tagged_yaml_is_the_plain_mapping_it_is():
    arguments = argparse.Namespace(ngf=32, data_path=Path("/data"), pair=(1, 2))
    assert yaml_text(yaml.dump(arguments)) == {
        "ngf": 32,
        "data_path": ["/", "data"],
        "pair": [1, 2],
    }
    with pytest.raises(yaml.YAMLError):
        yaml.safe_load(yaml.dump(arguments))  # the safe loader itself has learnt nothing


def test_settings_in_several_documents_are_one(tmp_path):
    text = "data: {train: ''}\n---\naudio:\n  hop_length: 256 # fixed\n---\nlog: {}\n"
    assert yaml_documents(text, tmp_path) == {
        "data": {"train": ""},
        "audio": {"hop_length": 256},
        "log": {},
    }
    for bad in ("3", "a: b: c", "[1]"):
        assert refused(yaml_documents, bad, tmp_path).startswith(f"{tmp_path}: ")


def test_a_state_dict_is_found_at_its_place_or_what_is_there_is_said(tmp_path):
    assert state_dict(CONTENT, tmp_path, "generator").keys() == {"conv.weight"}
    assert "has no 'model'; found generator, steps" in refused(
        state_dict, CONTENT, tmp_path, "model"
    )
    assert "has no 'model'; found list" in refused(state_dict, [1], tmp_path, "model")
    for content, place in ((CONTENT, ()), ([1], ()), ({"a": {}}, ("a",)), ({3: torch.ones(1)}, ())):
        assert "is not a state dict of tensors" in refused(state_dict, content, tmp_path, *place)


def test_a_missing_field_is_named_and_no_file_is_named_twice(tmp_path):
    assert field({"hop": 3}, "hop", tmp_path) == 3
    assert refused(field, {}, "hop", tmp_path) == f"{tmp_path}: has no field 'hop'"

    def within(at):
        with errors_naming(tmp_path):
            raise UserError("hop is 0", at=at)

    assert refused(within, "") == f"{tmp_path}: hop is 0"
    assert refused(within, tmp_path) == f"{tmp_path}: hop is 0"
