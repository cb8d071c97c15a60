import pytest
import yaml

from wavegan import recipe
from wavegan.errors import UserError


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_overrides_win_and_yaml_numbers_without_a_point_are_numbers():
    loaded = recipe.load("hifigan-v1", ["training.optimizer.lr=2e-5", "training.steps=7"])
    assert loaded.training.optimizer.lr == pytest.approx(2e-5)
    assert loaded.training.steps == 7
    assert loaded.training.batch_size == 16


def test_a_recipe_inherits_one_by_name_and_keeps_what_it_does_not_mention(tmp_path):
    file = write(tmp_path / "mine.yaml", "inherit: hifigan-v1\ntraining: {batch_size: 4}\n")
    loaded = recipe.load(file)
    assert loaded.training.batch_size == 4
    assert loaded.training.schedule.every == 809
    assert loaded.losses["mel"].weight == 45


def test_what_a_parent_needs_and_gave_is_not_said_of_its_child(tmp_path):
    parent = recipe.load("tiny")
    assert parent.needs
    assert parent.gave
    child = recipe.load(write(tmp_path / "mine.yaml", "inherit: tiny\n"))
    assert (child.needs, child.gave) == ("", "")
    assert child.description == parent.description
    own = recipe.load(write(tmp_path / "own.yaml", "inherit: mine.yaml\ngave: silence\n"))
    assert (own.needs, own.gave) == ("", "silence")


def test_a_recipe_inherits_a_file_next_to_it(tmp_path):
    write(tmp_path / "parent.yaml", "inherit: hifigan-v1\ntraining: {seed: 5}\n")
    child = write(tmp_path / "child.yaml", "inherit: parent.yaml\ntraining: {batch_size: 2}\n")
    assert recipe.load(child).training.seed == 5


def test_another_plugin_does_not_inherit_the_options_of_the_first():
    loaded = recipe.load("hifigan-v1", ["generator.name=melgan"])
    assert loaded.generator.options == {}


def test_a_field_of_the_mel_changes_the_preset_it_came_from():
    loaded = recipe.load("hifigan-v1", ["mel.f_max=11025"])
    assert loaded.front_end().f_max == 11025
    assert loaded.front_end().n_mels == 80


def test_null_removes_an_inherited_term():
    loaded = recipe.load("hifigan-v1", ["discriminators.msd=null"])
    assert list(loaded.discriminators) == ["mpd"]


def test_precision_no_needs_no_quotes():
    assert recipe.load("tiny", ["training.precision=no"]).training.precision == "no"


def test_what_is_dumped_loads_the_same(tmp_path):
    loaded = recipe.load("hifigan-v3", ["training.init_from=somewhere"])
    file = write(tmp_path / "resolved.yaml", recipe.dump(loaded))
    assert recipe.load(file) == loaded
    assert "inherit" not in yaml.safe_load(recipe.dump(loaded))


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("training.stepps=3", r"did you mean training\.steps=3\?"),
        ("trainin.steps=3", r"did you mean training\.steps=3\?"),
        ("training.steps=none", r"training\.steps=none \(command line\): .*integer"),
        ("training.steps=0", r"training\.steps=0 \(command line\): .*greater than 0"),
        ("training.precision=fp16", r"precision=fp16 \(command line\): .*'no' or 'bf16'"),
        ("training.steps", r"write KEY=VALUE"),
        ("losses.mel.weight=-1", r"mel\.weight=-1 \(command line\): .*than or equal to 0"),
    ],
)
def test_a_wrong_override_names_its_field(override, message):
    with pytest.raises(UserError, match=message):
        recipe.load("hifigan-v1", [override])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", "not a YAML file"),
        ("- 1\n", "mapping"),
        ("inherit: nothing-such\n", "inherit: 'nothing-such' is neither"),
        ("inherit: self.yaml\n", "inherits itself"),
        ("mel: hifigan-22k\ngenerator: {name: hifigan}\n", "losses and discriminators"),
    ],
)
def test_a_broken_file_is_named(tmp_path, text, message):
    file = write(tmp_path / "self.yaml", text)
    with pytest.raises(UserError, match=message) as error:
        recipe.load(file)
    assert "self.yaml" in str(error.value)


def test_an_unknown_recipe_is_met_with_the_nearest():
    with pytest.raises(UserError, match="did you mean 'hifigan-v2'"):
        recipe.load("hifigan_v2")
