"""Bundles: what is saved is what is loaded, and what does not fit is refused by name."""

import dataclasses
import json
import pickle
import re

import pytest
import torch
from safetensors.torch import save_file

from wavegan import bundle, checksums
from wavegan.errors import UserError
from wavegan.layers.weight_norm import fold_weight_norm
from wavegan.mel.front_end import Mel


@pytest.fixture
def config(tiny):
    return bundle.at_step(tiny, 7)


@pytest.fixture
def generator(config):
    """Makes networks whose weight norm has an effect: gains differ from the norms."""

    def made(seed=0):
        torch.manual_seed(seed)
        network = bundle.build(config).eval().requires_grad_(False)
        for name, parameter in network.named_parameters():
            if name.endswith("original0"):
                parameter.mul_(1 + torch.rand_like(parameter))
        return network

    return made


@pytest.fixture
def save(config, generator):
    def saved(folder, network=None, config=config, **changed):
        folder.mkdir(parents=True, exist_ok=True)
        weights = (network or generator()).state_dict()
        bundle.save(folder, config, {**weights, **changed})
        # as older versions wrote it: what a test changes is met itself, not by its checksum
        (folder / checksums.NAME).unlink()
        return folder

    return saved


@pytest.fixture
def run(save):
    """Makes a run with checkpoints of these steps."""

    def made(folder, *steps, best=None):
        for step in steps:
            save(folder / "checkpoints" / f"{step:08d}")
        if best is not None:
            (folder / "checkpoints" / "best.json").write_text(json.dumps({"step": best}))
        return folder

    return made


def rewrite(folder, change):
    """Change what `config.json` holds."""
    content = json.loads((folder / "config.json").read_text())
    change(content)
    (folder / "config.json").write_text(json.dumps(content))


def refused(path, named):
    """The message with which loading fails: one line that names a file."""
    with pytest.raises(UserError) as error:
        bundle.load(path)
    assert "\n" not in str(error.value)
    assert str(error.value).startswith(str(named))
    return str(error.value)


def sound(network, frames=12):
    return network(torch.randn(2, 8, frames, generator=torch.Generator().manual_seed(1)))


def test_what_is_loaded_sounds_exactly_like_what_was_saved(tmp_path, config, generator, save):
    network = generator()
    found, loaded = bundle.load(save(tmp_path, network), fold=False)
    assert found == config
    assert sound(network).std() > 1e-3
    assert torch.equal(sound(loaded.eval()), sound(network))
    assert not torch.equal(sound(generator(1)), sound(network))


def test_weight_norm_is_folded_for_inference(tmp_path, generator, save):
    network = generator()
    _, folded = bundle.load(save(tmp_path, network))
    assert {key.rpartition(".")[2] for key in folded.state_dict()} == {"weight", "bias"}
    assert len(folded.state_dict()) < len(network.state_dict())
    torch.testing.assert_close(sound(folded.eval()), sound(network), rtol=0, atol=1e-6)


@pytest.mark.parametrize("fold", [True, False])
def test_weights_that_were_folded_before_they_were_saved_load_too(tmp_path, fold, generator, save):
    network = generator()
    expected = sound(network)
    weights = fold_weight_norm(network).state_dict()
    save(tmp_path, network)
    _, loaded = bundle.load(tmp_path, fold=fold)
    assert loaded.state_dict().keys() == weights.keys()
    torch.testing.assert_close(sound(loaded.eval()), expected, rtol=0, atol=1e-6)


def test_half_precision_weights_load_into_float32(tmp_path, config, generator):
    network = generator()
    halves = {key: value.half() for key, value in network.state_dict().items()}
    bundle.save(tmp_path, config, halves)
    _, loaded = bundle.load(tmp_path)
    made = sound(loaded.eval())
    assert made.dtype == torch.float32
    assert (made - sound(network)).abs().max() < 1e-2 * sound(network).abs().max()


def test_every_field_of_the_front_end_travels(tmp_path, config, save):
    changed = {
        "f_min": 20.0,
        "magnitude_eps": 1e-7,
        "floor": 2e-5,
        "padding": "center",
        "mean": (0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0),
        "clip": (-4.0, 4.0),
        "mask_last": -11.0,
    }
    mel = dataclasses.replace(config.mel, **changed)
    save(tmp_path, config=dataclasses.replace(config, mel=mel))
    content = json.loads((tmp_path / "config.json").read_text())
    assert content["mel"].keys() == {field.name for field in dataclasses.fields(Mel)}
    assert bundle.load(tmp_path)[0].mel == mel


def test_a_config_keeps_its_own_fields(tmp_path, tiny, save):
    config = bundle.Config(tiny.mel, tiny.generator, channels=1, peak=None, task="vocode", step=123)
    save(tmp_path, config=config)
    assert bundle.load(tmp_path)[0] == config
    content = json.loads((tmp_path / "config.json").read_text())
    assert (content["format"], content["step"]) == (2, 123)
    assert content["audio"] == {"sample_rate": 16000, "channels": 1}
    assert bundle.at_step(config, 9).step == 9


def test_weights_with_a_missing_key_are_refused(tmp_path, config, generator):
    weights = generator().state_dict()
    del weights["conv_post.bias"]
    bundle.save(tmp_path, config, weights)
    message = refused(tmp_path, tmp_path / "model.safetensors")
    assert re.search(r"do not fit.*[Mm]issing.*conv_post\.bias", message)


def test_weights_with_an_unknown_key_are_refused(tmp_path, save):
    save(tmp_path, **{"resblocks.9.bias": torch.zeros(1)})
    message = refused(tmp_path, tmp_path / "model.safetensors")
    assert re.search(r"do not fit.*[Uu]nexpected.*resblocks\.9\.bias", message)


def test_weights_of_another_shape_are_refused(tmp_path, save):
    save(tmp_path, **{"conv_post.bias": torch.zeros(3)})
    message = refused(tmp_path, tmp_path / "model.safetensors")
    assert re.search(r"do not fit.*conv_post\.bias", message)


@pytest.mark.parametrize("kept", [0, 4, 100, -1])
def test_truncated_weights_are_refused(tmp_path, kept, save):
    file = save(tmp_path) / "model.safetensors"
    file.write_bytes(file.read_bytes()[:kept])
    assert "damaged" in refused(tmp_path, file)


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "null", "3", '"text"', "\ufffd", '{"format": 1, "mel": 3}']
)
def test_what_is_not_the_json_of_a_bundle_is_refused(tmp_path, content, save):
    (save(tmp_path) / "config.json").write_text(content, encoding="utf-8")
    assert "not the JSON of a wavegan bundle" in refused(tmp_path, tmp_path / "config.json")


def test_a_config_that_is_not_even_text_is_refused(tmp_path, save):
    (save(tmp_path) / "config.json").write_bytes(b"\x80\x02}\xff\xfe" * 9)
    assert "not the JSON of a wavegan bundle" in refused(tmp_path, tmp_path / "config.json")


@pytest.mark.parametrize("number", [0, 3, "1"])
def test_another_format_is_refused(tmp_path, number, save):
    rewrite(save(tmp_path), lambda content: content.update(format=number))
    assert f"format {number}" in refused(tmp_path, tmp_path / "config.json")


@pytest.mark.parametrize("field", ["format", "mel", "generator", "audio", "peak", "task", "step"])
def test_a_missing_field_is_named(tmp_path, field, save):
    rewrite(save(tmp_path), lambda content: content.pop(field))
    assert f"'{field}' is missing" in refused(tmp_path, tmp_path / "config.json")


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(Mel)])
def test_no_field_of_the_front_end_is_left_to_a_default(tmp_path, field, save):
    rewrite(save(tmp_path), lambda content: content["mel"].pop(field))
    assert f"mel.{field} is missing" in refused(tmp_path, tmp_path / "config.json")


def test_an_unknown_field_of_the_front_end_is_named(tmp_path, save):
    rewrite(save(tmp_path), lambda content: content["mel"].update(hop_size=16))
    message = refused(tmp_path, tmp_path / "config.json")
    assert "mel.hop_size: no such field" in message


def test_an_impossible_front_end_is_refused(tmp_path, save):
    rewrite(save(tmp_path), lambda content: content["mel"].update(f_max=8001))
    message = refused(tmp_path, tmp_path / "config.json")
    assert re.search(r"f_max 8001 .*sample_rate 16000: use 8000", message)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"name": "hifigen"}, "did you mean 'hifigan'"),
        ({"upsample_rate": [4, 4]}, "did you mean 'upsample_rates'"),
        ({"upsample_rates": [4, 2]}, "hop_length 16 is not 8"),
        ({"resblock": 7}, "resblock"),
    ],
)
def test_a_generator_that_cannot_be_built_is_refused(tmp_path, changed, words, save):
    rewrite(save(tmp_path), lambda content: content["generator"].update(changed))
    assert words in refused(tmp_path, tmp_path / "config.json")


def test_a_generator_without_a_name_is_refused(tmp_path, save):
    rewrite(save(tmp_path), lambda content: content["generator"].pop("name"))
    assert "generator.name" in refused(tmp_path, tmp_path / "config.json")


class Exploit:
    """Makes a file when it is unpickled."""

    def __init__(self, file):
        self.file = str(file)

    def __reduce__(self):
        return open, (self.file, "w")


@pytest.mark.parametrize("wrap", [pickle.dumps, None], ids=["pickle", "torch.save"])
def test_nothing_in_a_bundle_is_unpickled(tmp_path, wrap, save):
    weights, trap = save(tmp_path / "model") / "model.safetensors", tmp_path / "ran"
    if wrap:
        weights.write_bytes(wrap(Exploit(trap)))
    else:
        torch.save(Exploit(trap), weights)
    (weights.parent / "config.json.pkl").write_bytes(pickle.dumps(Exploit(trap)))
    assert "not a safetensors file" in refused(tmp_path / "model", weights)
    assert not trap.exists()
    pickle.loads(pickle.dumps(Exploit(trap)))  # the trap would have sprung
    assert trap.exists()


def test_a_bundle_is_found_by_its_folder_and_by_either_file(tmp_path, save):
    folder = save(tmp_path / "model")
    for path in (folder, str(folder), folder / "config.json", folder / "model.safetensors"):
        assert bundle.locate(path) == folder


def test_a_checkpoint_of_a_run_is_a_bundle(tmp_path, config, run):
    checkpoint = run(tmp_path, 5, 20, best=20) / "checkpoints" / "00000005"
    assert bundle.locate(checkpoint) == checkpoint
    assert bundle.load(checkpoint)[0] == config


@pytest.mark.parametrize(
    ("best", "expected"), [(5, "00000005"), (None, "00000020"), (6, "00000020")]
)
def test_a_run_stands_for_its_best_checkpoint_or_else_its_last(tmp_path, best, expected, run):
    assert bundle.locate(run(tmp_path, 5, 9, 20, best=best)).name == expected


@pytest.mark.parametrize("content", ["", "null", "[]", "{}", '{"step": null}', "{"])
def test_a_broken_mark_of_the_best_is_passed_over(tmp_path, content, run):
    run(tmp_path, 5, 20)
    (tmp_path / "checkpoints" / "best.json").write_text(content)
    assert bundle.best_step(tmp_path) is None
    assert bundle.locate(tmp_path).name == "00000020"


def test_only_whole_checkpoints_count(tmp_path, save, run):
    run(tmp_path, 5)
    (tmp_path / "checkpoints" / "00000020").mkdir()
    (tmp_path / "checkpoints" / ".00000009.half").mkdir()
    save(tmp_path / "checkpoints" / "mine")
    assert list(bundle.checkpoints(tmp_path)) == [5]
    assert bundle.checkpoints(tmp_path / "nothing") == {}


def test_an_empty_folder_is_said_to_be_empty(tmp_path):
    message = refused(tmp_path, tmp_path)
    assert "an empty folder" in message
    assert "config.json" in message


def test_a_folder_of_other_things_is_described(tmp_path):
    save_file({"weight": torch.zeros(1)}, tmp_path / "model.safetensors")
    (tmp_path / "notes.txt").write_text("")
    assert "found model.safetensors, notes.txt" in refused(tmp_path, tmp_path)


def test_a_file_of_another_kind_is_described(tmp_path):
    (tmp_path / "notes.txt").write_text("text")
    message = refused(tmp_path / "notes.txt", tmp_path / "notes.txt")
    assert "no model here" in message
    assert "found a file" in message


@pytest.mark.parametrize("whole", [True, False])
def test_weights_that_cannot_be_read_are_the_reason(tmp_path, whole):
    (tmp_path / "model.pt").write_bytes(b"")
    message = refused(tmp_path if whole else tmp_path / "model.pt", tmp_path / "model.pt")
    assert message == f"{tmp_path / 'model.pt'}: an empty file"


@pytest.mark.parametrize("name", ["gone", "gone/config.json"])
def test_a_missing_path_is_named(tmp_path, name):
    message = refused(tmp_path / name, tmp_path / "gone")
    assert "no such file or folder" in message
