"""Old names are read under their current names: in recipes, overrides, bundles and runs."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from wavegan import Mel, UserError, aliases, bundle, plugins, recipe
from wavegan.fields import paths
from wavegan.progress import lines
from wavegan.progress.alarm import Alarm

OLD_SOUNDS = {"sample_rate": 8000, "n_fft": 256, "hop_length": 64, "win_length": 256, "n_mels": 20}


@pytest.mark.parametrize(("old", "new"), aliases.FIELDS.items())
def test_every_new_name_is_a_field(old: str, new: str) -> None:
    known = paths(recipe.Recipe, {})
    assert new in known
    assert old not in known


def test_channels_were_among_the_data(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("inherit: loops-44k-stereo\ndata: {channels: 3}\n")
    assert recipe.load(str(file)).audio.channels == 3
    assert recipe.load(str(file), ["data.channels=4"]).audio.channels == 4
    assert recipe.load(str(file), ["audio.channels=4"]).audio.channels == 4


def test_two_names_with_two_values_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("inherit: loops-44k-stereo\ndata: {channels: 3}\naudio: {channels: 2}\n")
    with pytest.raises(UserError, match=r"data\.channels.*3.*audio\.channels.*2.*mine\.yaml"):
        recipe.load(str(file))


def test_the_rate_is_that_of_the_mel_where_there_is_one() -> None:
    assert recipe.load("hifigan-v2").sample_rate() == 22050
    with pytest.raises(UserError, match=r"audio\.sample_rate=16000.*22050"):
        recipe.load("hifigan-v2", ["audio.sample_rate=16000"])
    with pytest.raises(UserError, match=r"audio\.sample_rate is missing"):
        recipe.load("digits-cpu", ["audio.sample_rate=null"])


def test_recipes_whose_networks_see_no_mel_have_none() -> None:
    assert recipe.load("digits-cpu").mel is None
    assert recipe.load("wavegan-sc09").mel is None
    assert (
        recipe.load("loops-44k-stereo").audio
        == recipe.load("loops-44k-stereo", ["audio={sample_rate: 44100, channels: 2}"]).audio
    )


def test_a_bundle_of_the_first_format_opens(
    tmp_path: Path, save_tiny: Callable[[Path], Path]
) -> None:
    """There the rate was part of the mel, and the channels were next to it."""
    folder = save_tiny(tmp_path)
    config, _ = bundle.load(folder)
    content = json.loads((folder / bundle.CONFIG).read_text())
    assert content["format"] == 2
    audio = content.pop("audio")
    old = {**content, "format": 1, "sample_rate": audio["sample_rate"], "channels": 1}
    (folder / bundle.CONFIG).write_text(json.dumps(old))
    (folder / "checksums.json").unlink()
    assert bundle.load(folder)[0] == config


def test_an_old_run_with_an_unused_mel_is_the_same_run(tmp_path: Path) -> None:
    """Recipes of sounds had a front-end that no network used."""
    from wavegan.training.changes import between

    now = recipe.load("digits-cpu")
    before = now.model_copy(update={"mel": OLD_SOUNDS | {"f_max": 4000}})
    assert between(before, now) == []
    faster = now.model_copy(update={"audio": now.audio.model_copy(update={"sample_rate": 16000})})
    assert [one.field for one in between(before, faster)] == ["audio.sample_rate"]


OLD_VOCOS = {"name": "vocos", "width": 16, "hidden_width": 40, "layers": 2, "n_fft": 1024}


@pytest.mark.parametrize(("kind", "plugin"), aliases.OPTIONS)
def test_every_new_option_is_one(kind: str, plugin: str) -> None:
    known = plugins.options(kind, plugin)
    for old, new in aliases.OPTIONS[kind, plugin].items():
        assert new in known
        assert old not in known


def test_a_bundle_with_old_options_opens(tmp_path: Path) -> None:
    mel = Mel.preset("vocos-24k")
    config = bundle.Config(
        mel, {"name": "vocos", "dim": 16, "intermediate_dim": 40, "num_layers": 2}
    )
    bundle.save(tmp_path, config, bundle.build(config).state_dict())
    content = json.loads((tmp_path / bundle.CONFIG).read_text())
    (tmp_path / bundle.CONFIG).write_text(json.dumps({**content, "generator": OLD_VOCOS}))
    (tmp_path / "checksums.json").unlink()
    found, generator = bundle.load(tmp_path)
    assert found.generator["intermediate_dim"] == 40
    assert len(generator.blocks) == 2


def test_old_options_override_inherited_ones(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("inherit: vocos-24k\ngenerator: {width: 64, layers: 3}\n")
    for words, dim in (([], 64), (["generator.width=32"], 32), (["generator.dim=48"], 48)):
        options = recipe.load(str(file), words).generator.options
        assert (options["dim"], options["num_layers"]) == (dim, 3)
    with pytest.raises(UserError, match=r"generator\.widht"):
        recipe.load("vocos-24k", ["generator.widht=3"])


def test_fields_of_augmentation_keep_their_old_names(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("inherit: drums\ntraining: {augment: {most: 0.5, up_to: 70}}\n")
    found = recipe.load(str(file)).training.augment
    assert found is not None
    assert (found.max_probability, found.max_crops) == (0.5, 70)


def test_events_of_older_runs_are_read_under_their_current_names() -> None:
    start = lines.parse(b'{"kind": "start", "step": 30, "measured_anew": true}\n')
    skip = lines.parse(b'{"kind": "skip", "step": 31, "players": ["generator"]}\n')
    assert start is not None
    assert skip is not None
    assert start["other_clips"] is True
    assert skip["networks"] == ["generator"]


def test_an_alarm_of_an_older_run_is_known_by_its_current_name() -> None:
    line = {"step": 7, "text": "", "name": "by heart", "action": "more_data", "numbers": {}}
    assert Alarm.of_line(line).name == "memorized"
    assert Alarm.of_line({**line, "name": ["by heart"]}).name is None
