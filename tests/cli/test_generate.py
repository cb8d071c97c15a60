"""`wavegan generate`: files by label and seed, the same whatever the batch, and what it refuses."""

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from click.testing import Result
from typer.testing import CliRunner

from wavegan import Synthesizer, bundle, recipe
from wavegan.cli import app
from wavegan.mel.front_end import Mel

RATE, SEGMENT = 8000, 4096
GUIDE = (Path(__file__).parents[2] / "docs" / "sounds.md").read_text(encoding="utf-8")
Call = Callable[..., Result]


def saved(folder: Path, labels: tuple[str, ...], channels: int = 1) -> Path:
    config = bundle.Config(
        mel=Mel(sample_rate=RATE, f_max=None),
        generator={"name": "wavegan", "dim": 2, "latent_dim": 8},
        channels=channels,
        task="synthesize",
        labels=labels,
        segment=SEGMENT,
    )
    torch.manual_seed(0)
    weights = bundle.build(config).state_dict()
    bundle.save(folder, config, {key: 3 * value for key, value in weights.items()})
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved(tmp_path_factory.mktemp("model"), ("kick", "snare", "hi/hat: open"))


@pytest.fixture(scope="module")
def stereo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved(tmp_path_factory.mktemp("stereo"), (), 2)


@pytest.fixture
def generate(model: Path, tmp_path: Path) -> Call:
    """Calls the command with that model, into `out` by default."""

    def call(*words: object, model: Path = model, out: str = "out") -> Result:
        given = ["--model", model, "--out", tmp_path / out, "--device", "cpu", *words]
        runner = CliRunner(env={"WAVEGAN_DEBUG": None})
        return runner.invoke(app, ["generate", *(str(word) for word in given)])

    return call


def good(result: Result) -> Result:
    assert result.exit_code == 0, result.output
    return result


def wrong(result: Result) -> str:
    """The one line on stderr of a call that was refused."""
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    return result.stderr


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def test_files_say_label_seed_and_number_and_hold_the_synthesizers_clips(
    generate: Call, model: Path, tmp_path: Path
) -> None:
    result = good(generate("--count", 4, "--seed", 7))
    assert names(tmp_path / "out") == [
        "hi-hat-open_7_0002.wav",
        "kick_7_0000.wav",
        "kick_7_0003.wav",
        "snare_7_0001.wav",
    ]
    assert result.stdout == ""
    assert result.stderr.splitlines()[0] == "seed 7"
    assert len(result.stderr.splitlines()) == 5
    clips = Synthesizer.from_pretrained(model).sample(4, seed=7).numpy()
    wave, rate = soundfile.read(tmp_path / "out" / "snare_7_0001.wav", dtype="float32")
    assert rate == RATE
    assert clips.std() > 0.01
    assert np.abs(wave - clips[1, 0]).max() <= 1 / 2**15


def test_the_same_seed_gives_identical_files_in_any_batch(generate: Call, tmp_path: Path) -> None:
    good(generate("-n", 9, "--seed", 7, "--batch-size", 1, out="one"))
    good(generate("-n", 9, "--seed", 7, "--batch-size", 8, out="eight"))
    assert len(names(tmp_path / "one")) == 9
    assert names(tmp_path / "one") == names(tmp_path / "eight")
    for name in names(tmp_path / "one"):
        first, second = ((tmp_path / folder / name).read_bytes() for folder in ("one", "eight"))
        assert first == second, name


def test_a_seed_that_was_drawn_is_reported_and_makes_the_same_again(
    generate: Call, tmp_path: Path
) -> None:
    reported = re.match(r"seed (\d+)\n", good(generate("-n", 2)).stderr)
    assert reported
    good(generate("-n", 2, "--seed", reported[1], out="again"))
    assert names(tmp_path / "out") == names(tmp_path / "again")
    for name in names(tmp_path / "out"):
        again = (tmp_path / "again" / name).read_bytes()
        assert (tmp_path / "out" / name).read_bytes() == again


def test_a_label_is_made_alone_and_an_unknown_one_is_refused(
    generate: Call, tmp_path: Path
) -> None:
    good(generate("-n", 2, "--seed", 7, "--label", "snare"))
    assert names(tmp_path / "out") == ["snare_7_0000.wav", "snare_7_0001.wav"]
    said = wrong(generate("--label", "snair"))
    assert "did you mean 'snare'?" in said
    assert "the labels are kick, snare, hi/hat: open" in said
    for number in ("0", "2", "3", "-1", " snare"):
        said = wrong(generate("--label", number))
        assert f"there is no label {number!r}" in said
        assert "the labels are kick, snare, hi/hat: open" in said


def test_a_label_may_be_called_like_a_number(generate: Call, tmp_path: Path) -> None:
    (tmp_path / "numbers").mkdir()
    digits = saved(tmp_path / "numbers", ("2", "1", "0"))
    good(generate("-n", 1, "--seed", 7, "--label", "2", model=digits))
    good(generate("-n", 1, "--seed", 7, "--label", "0", model=digits))
    made = [soundfile.read(tmp_path / "out" / f"{n}_7_0000.wav", dtype="float32")[0] for n in "20"]
    synthesizer = Synthesizer.from_pretrained(digits)
    for wave, place in zip(made, (0, 2), strict=True):
        clip = synthesizer.sample(1, place, seed=7)[0, 0].numpy()
        assert np.abs(wave - clip).max() <= 1 / 2**15


def test_models_without_labels_make_clips(generate: Call, stereo: Path, tmp_path: Path) -> None:
    good(generate("-n", 1, "--seed", 2, "--format", "flac", "--subtype", "pcm24", model=stereo))
    info = soundfile.info(tmp_path / "out" / "clip_2_0000.flac")
    assert (info.channels, info.frames, info.subtype) == (2, SEGMENT, "PCM_24")
    assert "without labels" in wrong(generate("--label", "kick", model=stereo))


@pytest.mark.parametrize(
    ("words", "frames"),
    [
        (["--seconds", 0.1], 800),
        (["--seconds", 1.5, "--format", "ogg"], 12000),
        (["--loop"], SEGMENT),
        (["--loop", "--seconds", 1.024], 8192),
    ],
)
def test_lengths(generate: Call, tmp_path: Path, words: list[object], frames: int) -> None:
    result = good(generate("-n", 1, *words))
    (file,) = (tmp_path / "out").iterdir()
    assert soundfile.info(file).frames == frames
    assert "warning" not in result.stderr


def test_a_loop_that_became_longer_is_reported_once(generate: Call) -> None:
    result = good(generate("-n", 3, "--loop", "--seconds", 1.0, "--batch-size", 1))
    assert result.stderr.count("warning: the loop is 0.9920 s long (7936 samples)") == 1


def test_an_interpolation_begins_and_ends_at_clips(
    generate: Call, tmp_path: Path, model: Path
) -> None:
    result = good(generate("-n", 5, "--interpolate", "7_1:9"))
    files = sorted((tmp_path / "out").iterdir())
    assert [file.name for file in files] == [f"snare_7_1-9_{i:04d}.wav" for i in range(5)]
    assert result.stderr.splitlines()[0] == "interpolate 7_1:9"
    synthesizer = Synthesizer.from_pretrained(model)
    ends = synthesizer.sample(1, seed=7, first=1), synthesizer.sample(1, "snare", seed=9)
    for file, end in zip((files[0], files[-1]), ends, strict=True):
        wave = soundfile.read(file, dtype="float32")[0]
        assert np.abs(wave - end[0, 0].numpy()).max() <= 1 / 2**15
    assert "--interpolate 7-9: give two seeds" in wrong(generate("--interpolate", "7-9"))
    assert "--interpolate needs 2 or more" in wrong(generate("-n", 1, "--interpolate", "7:9"))


def test_variations_of_a_file(generate: Call, tmp_path: Path, model: Path) -> None:
    clip = Synthesizer.from_pretrained(model).sample(1, "snare", seed=3)[0, 0].numpy()
    soundfile.write(tmp_path / "my snare.wav", clip, RATE, "FLOAT")
    words = ("-n", 2, "--seed", 5, "--steps", 3, "--like", tmp_path / "my snare.wav", "--json")
    result = good(generate(*words, "--spread", 0.2, "--batch-size", 1))
    reported = json.loads(result.stdout)
    assert reported["distance"] < reported["distance_before"]
    assert [Path(file["output"]).name.split("_", 1)[1] for file in reported["files"]] == [
        "like-my-snare_5_0000.wav",
        "like-my-snare_5_0001.wav",
    ]
    first, second = (soundfile.read(file["output"])[0] for file in reported["files"])
    assert first.shape == second.shape == (SEGMENT,)
    assert np.abs(first - second).max() > 1e-3
    silence = tmp_path / "silence.wav"
    soundfile.write(silence, np.zeros(100), RATE)
    said = wrong(generate("--like", silence, "-q"))
    assert str(silence) in said
    assert "silent" in said
    assert "give one of them" in wrong(generate("--like", silence, "--interpolate", "1:2"))


def test_nothing_is_overwritten(generate: Call, tmp_path: Path) -> None:
    good(generate("-n", 1, "--seed", 7))
    before = (tmp_path / "out" / "kick_7_0000.wav").read_bytes()
    said = wrong(generate("-n", 3, "--seed", 7))
    assert "kick_7_0000.wav exists: give another --seed or another --out" in said
    assert names(tmp_path / "out") == ["kick_7_0000.wav"]
    assert (tmp_path / "out" / "kick_7_0000.wav").read_bytes() == before
    assert "--force" in said
    good(generate("-n", 3, "--seed", 7, "--force"))
    assert len(names(tmp_path / "out")) == 3
    assert "a folder is needed" in wrong(generate("-n", 1, out="kick.wav"))


@pytest.mark.parametrize("label", [[], ["--label", "kick"]])
def test_a_sound_to_vary_is_kept_and_made_files_are_found_before_the_search(
    generate: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, label: list[str]
) -> None:
    def search(*_given: object, **_options: object) -> None:
        raise AssertionError("searched")

    monkeypatch.setattr(Synthesizer, "invert", search)
    place = tmp_path / "out" / "kick_like-x_5_0000.wav"
    place.parent.mkdir()
    soundfile.write(place, np.full(100, 0.1), RATE)
    (tmp_path / "x.wav").symlink_to(place)
    words = ["-n", 1, "--seed", 5, *label, "--like", tmp_path / "x.wav"]
    said = wrong(generate(*words))
    assert str(place) in said
    assert "is an input" in wrong(generate(*words, "--force"))


def test_a_grid_has_a_row_for_each_label(generate: Call, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    from matplotlib import image

    good(generate("-n", 6, "--seed", 1, "--grid"))
    height, width, _ = image.imread(tmp_path / "out" / "grid.png").shape
    assert (width, height) == (300, 420)
    assert "grid.png exists" in wrong(generate("-n", 1, "--seed", 2, "--grid"))


def test_a_grid_needs_matplotlib(
    generate: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert 'pip install "wavegan[plot]"' in wrong(generate("--grid"))
    assert not (tmp_path / "out").exists()


def test_json_tells_all_and_quiet_nothing(generate: Call, tmp_path: Path) -> None:
    result = good(generate("-n", 2, "--seed", 1, "--json", "--quiet"))
    assert result.stderr == ""
    assert json.loads(result.stdout) == {
        "sample_rate": RATE,
        "seed": 1,
        "files": [
            {"output": str(tmp_path / "out" / "kick_1_0000.wav"), "label": "kick"},
            {"output": str(tmp_path / "out" / "snare_1_0001.wav"), "label": "snare"},
        ],
    }


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--format", "mp3"], "--format mp3"),
        (["--subtype", "pcm8"], "--subtype pcm8"),
        (["--format", "flac", "--subtype", "float"], "--format flac --subtype float: "),
        (["--truncation", "2"], "truncation is 2"),
        (["--seconds", "-1"], "seconds is -1"),
    ],
)
def test_options_that_cannot_be_are_refused(generate: Call, words: list[str], message: str) -> None:
    assert message in wrong(generate("-q", *words))


def test_a_vocoder_is_no_generator_of_sounds(
    generate: Call, tmp_path: Path, save_tiny: Callable[[Path], Path]
) -> None:
    (tmp_path / "voice").mkdir()
    assert "wavegan vocode" in wrong(generate(model=save_tiny(tmp_path / "voice")))


@pytest.fixture
def musician(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for the guide's commands, with a model and a sound."""
    saved_in = tmp_path / "runs" / "my-sounds"
    saved_in.mkdir(parents=True)
    saved(saved_in, ("kick", "snare", "hat"))
    wave = Synthesizer.from_pretrained(model).sample(1, seed=3)[0, 0].numpy()
    soundfile.write(tmp_path / "my-snare.wav", wave, RATE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_guides_commands_work(musician: Path) -> None:
    pytest.importorskip("matplotlib")
    commands = re.findall(r"^wavegan (generate .+)$", GUIDE, re.M)
    assert len(commands) == 13
    for command in commands:
        quick = ["--device", "cpu", *(["--steps", "2"] if "--like" in command else [])]
        good(CliRunner().invoke(app, [*command.split(), *quick]))
        words = command.split()
        out, count = (words[words.index(option) + 1] for option in ("--out", "--count"))
        made = [name for name in names(musician / out) if name != "grid.png"]
        assert len(made) == int(count), command
    (trained,) = re.findall(r"^wavegan train (\S+) my-sounds/", GUIDE, re.M)
    assert trained in recipe.recipes()


def test_the_guides_python_works(musician: Path) -> None:
    (code,) = re.findall(r"```python\n(.+?)```", GUIDE, re.S)
    scope: dict[str, torch.Tensor] = {}
    exec(code, scope)
    assert scope["clips"].shape == (8, 1, SEGMENT)
    assert scope["loop"].shape[-1] == 3.072 * RATE
    assert scope["morph"].shape == (9, 1, SEGMENT)
    assert scope["variations"].shape == (4, 1, SEGMENT)
