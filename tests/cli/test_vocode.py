"""`wavegan vocode`: audio or mels in, files or a stream out, and what it refuses."""

import io
import json
import shutil
import struct

import numpy as np
import pytest
import soundfile
import torch
from typer.testing import CliRunner

from wavegan import Vocoder
from wavegan.cli import app
from wavegan.inference.revocode import revocode

RATE = 16000


@pytest.fixture(scope="module")
def model(tmp_path_factory, save_tiny):
    return save_tiny(tmp_path_factory.mktemp("model"))


@pytest.fixture(scope="module")
def loud_model(tmp_path_factory, save_tiny):
    """Always at full scale."""
    return save_tiny(tmp_path_factory.mktemp("loud"), **{"conv_post.bias": torch.full((1,), 20.0)})


@pytest.fixture
def vocode(model):
    """Calls the command with that model, unless another is named."""

    def call(*words, model=model):
        words = ["--model", model, "--device", "cpu", *words]
        runner = CliRunner(env={"WAVEGAN_DEBUG": None})
        return runner.invoke(app, ["vocode", *(str(word) for word in words)])

    return call


def good(result):
    assert result.exit_code == 0, result.stderr
    return result


def wrong(result, code=2):
    """The one line on stderr of a call that was refused."""
    assert result.exit_code == code, result.output
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("error: ")
    return result.stderr


def sound(samples, seed=0):
    return 0.9 * np.random.default_rng(seed).uniform(-1, 1, samples).astype(np.float32)


def save_sound(file, samples=1000, rate=RATE, **options):
    file.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(file, sound(samples), rate, **options)
    return file


def save_mel(file, bands=8, frames=20):
    values = np.random.default_rng(1).normal(-7, size=(bands, frames))
    np.save(file, values.astype(np.float32))
    return file


def test_a_clip_becomes_its_copy_synthesis(tmp_path, vocode, model):
    clip = save_sound(tmp_path / "in.wav", 1003, subtype="FLOAT")
    result = good(vocode(clip, "--out", tmp_path / "out.wav"))
    made, rate = soundfile.read(tmp_path / "out.wav", dtype="float32")
    assert (rate, made.shape) == (RATE, (1003,))
    assert soundfile.info(tmp_path / "out.wav").subtype == "PCM_16"
    expected = revocode(Vocoder.from_pretrained(model), torch.from_numpy(sound(1003))).numpy()
    assert expected.std() > 1e-3
    assert np.abs(made - expected).max() <= 0.51 / 2**15
    assert result.stdout == ""
    assert result.stderr == f"{tmp_path / 'out.wav'}\n"


def test_another_rate_is_resampled(tmp_path, vocode):
    save_sound(tmp_path / "in.wav", (4410, 2), 44100)
    good(vocode(tmp_path / "in.wav", "-o", tmp_path / "out.wav"))
    info = soundfile.info(tmp_path / "out.wav")
    assert (info.samplerate, info.channels, info.frames) == (RATE, 1, 1600)


def test_stereo_is_mixed_down(tmp_path, vocode, model):
    left, right = sound(1000), sound(1000, seed=1)
    soundfile.write(tmp_path / "in.wav", np.stack([left, right], 1), RATE, "FLOAT")
    good(vocode(tmp_path / "in.wav", "-o", tmp_path / "out.wav", "--subtype", "float"))
    made = soundfile.read(tmp_path / "out.wav", dtype="float32")[0]
    mixed = torch.from_numpy((left + right) / 2)
    expected = revocode(Vocoder.from_pretrained(model), mixed).numpy()
    assert np.abs(made - expected).max() <= 1e-5


def test_a_mel_becomes_audio(tmp_path, vocode, model):
    mel = save_mel(tmp_path / "mel.npy")
    good(vocode(mel, "-o", tmp_path / "out.wav", "--subtype", "float"))
    made, rate = soundfile.read(tmp_path / "out.wav", dtype="float32")
    expected = Vocoder.from_pretrained(model)(torch.from_numpy(np.load(mel))).numpy()
    assert (rate, made.shape) == (RATE, (320,))
    assert np.array_equal(made, expected)


def test_one_input_goes_into_a_folder_that_exists(tmp_path, vocode):
    clip = save_sound(tmp_path / "in.wav")
    (tmp_path / "out").mkdir()
    good(vocode(clip, "-o", tmp_path / "out", "--format", "flac"))
    assert [file.name for file in (tmp_path / "out").iterdir()] == ["in.flac"]


def test_a_folder_that_does_not_exist_is_made(tmp_path, vocode):
    clip = save_sound(tmp_path / "in.wav")
    good(vocode(clip, "-o", tmp_path / "new" / "deep" / "out.wav"))
    assert soundfile.info(tmp_path / "new" / "deep" / "out.wav").frames == 1000


def test_a_folder_keeps_its_structure_and_no_file_overwrites_another(tmp_path, vocode):
    clips = tmp_path / "clips"
    lengths = {"a.wav": 500, "a.flac": 600, "sub/a.wav": 700, "sub/deep/b.ogg": 800}
    for name, samples in lengths.items():
        save_sound(clips / name, samples)
    save_mel(clips / "sub" / "a.npy", frames=10)
    (clips / "notes.txt").write_text("no audio")
    (clips / "a folder.wav").mkdir()
    (clips / "._a.wav").write_bytes(b"macOS metadata")
    (clips / ".hidden").mkdir()
    save_sound(clips / ".hidden" / "c.wav")
    result = good(vocode(clips, "-o", tmp_path / "out", "--json"))
    listed = json.loads(result.stdout)
    assert listed["sample_rate"] == RATE
    made = {file["input"]: soundfile.info(file["output"]).frames for file in listed["files"]}
    assert made == {
        **{str(clips / name): samples for name, samples in lengths.items()},
        str(clips / "sub" / "a.npy"): 160,
    }
    written = {str(f.relative_to(tmp_path / "out")) for f in (tmp_path / "out").rglob("*.*")}
    assert written == {"a.wav", "a.wav.wav", "sub/a.wav", "sub/a.wav.wav", "sub/deep/b.wav"}


def test_files_of_one_name_from_several_folders_do_not_overwrite_each_other(tmp_path, vocode):
    folders = [tmp_path / name for name in "abcd"]
    for number, folder in enumerate(folders):
        save_sound(folder / "x.wav", 100 * (number + 1))
    result = good(vocode(*folders, folders[0] / "x.wav", "-o", tmp_path / "out", "--json"))
    files = json.loads(result.stdout)["files"]
    assert [soundfile.info(file["output"]).frames for file in files] == [100, 200, 300, 400]
    assert len(list((tmp_path / "out").iterdir())) == 4


def test_several_files_go_into_a_new_folder(tmp_path, vocode):
    clips = [save_sound(tmp_path / name) for name in ("a.wav", "b.flac")]
    result = good(vocode(*clips, "-o", tmp_path / "out", "--format", "ogg"))
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == ["a.ogg", "b.ogg"]
    assert result.stderr.splitlines() == [str(tmp_path / "out" / n) for n in ("a.ogg", "b.ogg")]


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("out.wav", [], ("WAV", "PCM_16")),
        ("out.wav", ["--subtype", "pcm24"], ("WAV", "PCM_24")),
        ("out.wav", ["--subtype", "float"], ("WAV", "FLOAT")),
        ("out.flac", [], ("FLAC", "PCM_16")),
        ("out.flac", ["--subtype", "pcm24"], ("FLAC", "PCM_24")),
        ("out.ogg", [], ("OGG", "VORBIS")),
        ("OUT.WAV", [], ("WAV", "PCM_16")),
    ],
)
def test_formats_and_subtypes(tmp_path, vocode, name, options, expected):
    good(vocode(save_mel(tmp_path / "mel.npy", frames=100), "-o", tmp_path / name, *options))
    info = soundfile.info(tmp_path / name)
    assert (info.format, info.subtype) == expected
    assert (info.frames, info.samplerate) == (1600, RATE)


def test_the_stream_is_a_wav_and_nothing_else(tmp_path, vocode, model):
    mel = save_mel(tmp_path / "mel.npy")
    result = good(vocode(mel, "-o", "-", "--subtype", "float"))
    made, rate = soundfile.read(io.BytesIO(result.stdout_bytes), dtype="float32")
    assert rate == RATE
    expected = Vocoder.from_pretrained(model)(torch.from_numpy(np.load(mel))).numpy()
    assert np.array_equal(made, expected)
    assert result.stderr == ""


def test_json_is_one_object_and_nothing_else(tmp_path, vocode):
    clip = save_sound(tmp_path / "in.wav")
    result = good(vocode(clip, "-o", tmp_path / "out.wav", "--json"))
    assert json.loads(result.stdout) == {
        "sample_rate": RATE,
        "files": [{"input": str(clip), "output": str(tmp_path / "out.wav"), "clipped": 0}],
        "failed": [],
    }
    assert result.stdout.count("\n") == 1
    assert result.stderr == ""


def test_quiet_says_nothing(tmp_path, vocode, loud_model):
    soundfile.write(tmp_path / "in.wav", np.ones(640, np.float32), RATE, "FLOAT")  # clips
    result = good(
        vocode(tmp_path / "in.wav", "-o", tmp_path / "out.wav", "--quiet", model=loud_model)
    )
    assert result.output == ""


def test_clipping_is_reported_and_floats_keep_what_is_beyond(tmp_path, vocode, loud_model):
    soundfile.write(tmp_path / "in.wav", np.ones(640, np.float32), RATE, "FLOAT")
    out = tmp_path / "out.wav"
    result = good(vocode(tmp_path / "in.wav", "-o", out, model=loud_model))
    assert result.stderr.splitlines() == [
        f"{out}: 640 samples clipped; --subtype float keeps them",
        str(out),
    ]
    words = (tmp_path / "in.wav", "-o", out, "--force")
    result = good(vocode(*words, "--json", model=loud_model))
    assert json.loads(result.stdout)["files"][0]["clipped"] == 640
    result = good(vocode(*words, "--subtype", "float", model=loud_model))
    assert "clipped" not in result.stderr
    assert soundfile.read(out)[0] == pytest.approx(1 / 0.95, abs=1e-4)


def test_a_picture_is_drawn_next_to_the_audio(tmp_path, vocode):
    pytest.importorskip("librosa")
    pytest.importorskip("matplotlib", reason="pictures need matplotlib")
    pictures = tmp_path / "one.png", tmp_path / "two.png"
    inputs = save_mel(tmp_path / "mel.npy", frames=100), save_sound(tmp_path / "in.wav", 3000)
    for source, picture in zip(inputs, pictures, strict=True):
        good(vocode(source, "-o", tmp_path / "out.wav", "--picture", picture, "--force"))
    widths = [struct.unpack(">I", picture.read_bytes()[16:20])[0] for picture in pictures]
    assert widths == [600, 1200]  # a mel has no original to show


def test_a_run_is_taken_at_its_best_checkpoint(tmp_path, vocode, loud_model, save_tiny):
    best, last = (tmp_path / "run" / "checkpoints" / name for name in ("00000003", "00000009"))
    best.mkdir(parents=True)
    last.mkdir()
    for file in loud_model.iterdir():
        (best / file.name).write_bytes(file.read_bytes())
    save_tiny(last)
    (last.parent / "best.json").write_text('{"step": 3}')
    mel = save_mel(tmp_path / "mel.npy")
    good(vocode(mel, "-o", tmp_path / "out.wav", model=tmp_path / "run"))
    assert soundfile.read(tmp_path / "out.wav")[0].min() > 0.99


@pytest.mark.parametrize(
    ("name", "words"),
    [("gone.wav", "gone.wav: No such file"), ("gone.npy", "gone.npy: no such file")],
)
def test_a_missing_input_is_named(tmp_path, vocode, name, words):
    assert words in wrong(vocode(tmp_path / name, "-o", tmp_path / "out.wav"))
    assert list(tmp_path.iterdir()) == []


def test_a_text_that_is_called_wav_is_named(tmp_path, vocode):
    (tmp_path / "fake.wav").write_text("not audio at all\n" * 50)
    message = wrong(vocode(tmp_path / "fake.wav", "-o", tmp_path / "out.wav"))
    assert f"{tmp_path / 'fake.wav'}: libsndfile cannot read it" in message
    assert not (tmp_path / "out.wav").exists()


def test_a_mel_with_other_bands_is_named(tmp_path, vocode):
    mel = save_mel(tmp_path / "mel.npy", bands=80)
    message = wrong(vocode(mel, "-o", tmp_path / "out.wav"))
    assert (
        message
        == f"error: {mel}: it holds an array of shape (80, 20), but the model takes (8, frames)\n"
    )


def test_mels_of_another_front_end_are_warned_of_in_one_line(tmp_path, vocode):
    np.save(tmp_path / "linear.npy", np.abs(np.load(save_mel(tmp_path / "mel.npy"))))
    result = good(vocode(tmp_path / "linear.npy", "-o", tmp_path / "out.wav"))
    assert result.stderr.startswith("warning: mel values span ")
    assert "RuntimeWarning" not in result.stderr
    assert result.stderr.count("\n") == 2  # and the name of what was written


def test_mels_that_lie_the_other_way_are_turned_with_a_word(tmp_path, vocode):
    (tmp_path / "mels").mkdir()
    save_mel(tmp_path / "mels" / "a.npy")
    for name in ("b", "c"):
        np.save(tmp_path / "mels" / f"{name}.npy", np.load(tmp_path / "mels" / "a.npy").T)
    result = good(vocode(tmp_path / "mels", "--out", tmp_path / "out"))
    (line,) = [line for line in result.stderr.splitlines() if "(frames, n_mels)" in line]
    assert "b.npy" in line
    assert "transposed" in line
    a, b = (soundfile.read(tmp_path / "out" / f"{name}.wav")[0] for name in "ab")
    assert np.array_equal(a, b)
    assert "transposed" not in good(vocode(tmp_path / "mels", "--out", tmp_path / "o", "-q")).stderr


def test_a_square_mel_is_not_taken_without_a_word(tmp_path, vocode):
    save_mel(tmp_path / "square.npy", frames=8)
    result = good(vocode(tmp_path / "square.npy", "--out", tmp_path / "a.wav"))
    (line,) = [line for line in result.stderr.splitlines() if line.startswith("warning: ")]
    assert f"{tmp_path / 'square.npy'}: " in line
    assert "8 x 8 values" in line


def test_values_that_are_not_finite_are_blamed_on_their_file(tmp_path, vocode):
    np.save(tmp_path / "mel.npy", np.full((8, 4), np.nan, np.float32))
    soundfile.write(tmp_path / "in.wav", np.full(100, np.nan, np.float32), RATE, "FLOAT")
    for file in (tmp_path / "mel.npy", tmp_path / "in.wav"):
        message = wrong(vocode(file, "-o", tmp_path / "out.wav", "--quiet"))
        assert str(file) in message
        assert message.count(str(file)) == 1
        assert "not finite" in message


def test_a_model_that_makes_no_numbers_fails_and_writes_nothing(tmp_path, vocode, save_tiny):
    (tmp_path / "model").mkdir()
    broken = save_tiny(tmp_path / "model", **{"conv_post.bias": torch.full((1,), torch.nan)})
    mel = save_mel(tmp_path / "mel.npy")
    message = wrong(vocode(mel, "-o", tmp_path / "out.wav", model=broken), code=1)
    assert f"{tmp_path / 'out.wav'}: 320 of 320 samples are NaN" in message
    assert not (tmp_path / "out.wav").exists()


def test_one_bad_file_in_a_folder_does_not_stop_the_others(tmp_path, vocode):
    folder = tmp_path / "clips"
    folder.mkdir()
    (folder / "a.wav").write_text("no audio")
    soundfile.write(folder / "b.wav", np.zeros(4000) + 0.1, 22050)
    result = vocode(folder, "--out", tmp_path / "out", "--json")
    assert result.exit_code == 2
    assert (tmp_path / "out" / "b.wav").is_file()
    assert not (tmp_path / "out" / "a.wav").exists()
    (failure,) = json.loads(result.stdout)["failed"]
    assert failure["input"] == str(folder / "a.wav")
    assert result.stderr.splitlines() == [
        f"left out: {failure['reason']}",
        "error: 1 of 2 inputs left out, see above",
    ]


def test_an_empty_clip_is_named(tmp_path, vocode):
    soundfile.write(tmp_path / "in.wav", np.zeros(0), RATE)
    message = wrong(vocode(tmp_path / "in.wav", "-o", tmp_path / "out.wav"))
    assert f"{tmp_path / 'in.wav'}: it has no samples" in message


def test_a_folder_without_audio_is_named(tmp_path, vocode):
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.txt").write_text("text")
    message = wrong(vocode(tmp_path / "notes", "-o", tmp_path / "out"))
    assert f"{tmp_path / 'notes'}: it contains no audio" in message


def test_a_missing_model_is_named(tmp_path, vocode):
    mel = save_mel(tmp_path / "mel.npy")
    message = wrong(vocode(mel, "-o", tmp_path / "out.wav", model=tmp_path / "gone"))
    assert f"{tmp_path / 'gone'}: no such file or folder" in message


def test_a_folder_without_a_model_is_described(tmp_path, vocode):
    mel = save_mel(tmp_path / "mel.npy")
    message = wrong(vocode(mel, "-o", tmp_path / "out.wav", model=tmp_path))
    assert "no model here" in message
    assert "found mel.npy" in message


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-o", "out.mp4"], "--out out.mp4: give a file that ends in .wav, .flac"),
        (["-o", "v1.2"], "--out v1.2: give a file that ends in .wav, .flac"),
        (["-o", "out.wav", "--format", "flac"], "--format flac and --out out.wav differ"),
        (["-o", "out.wav", "--picture", "out.wav"], "no picture format '.wav'"),
        (["-o", "out.wav", "--format", "mp3"], "--format mp3: give wav, flac, ogg"),
        (["-o", "out.wav", "--subtype", "pcm8"], "--subtype pcm8: give pcm16, pcm24, float"),
        (["-o", "-", "--json"], "leave out one"),
        (["-o", "out.wav", "--device", "tpu"], "--device tpu: no such device; give auto"),
        (["-o", "out.flac", "--subtype", "float"], "FLAC cannot hold FLOAT"),
    ],
)
def test_options_that_do_not_fit_are_refused(tmp_path, vocode, monkeypatch, words, message):
    monkeypatch.chdir(tmp_path)
    save_mel(tmp_path / "mel.npy")
    assert message in wrong(vocode("mel.npy", *words))
    assert [file.name for file in tmp_path.iterdir()] == ["mel.npy"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-o", "-"], "--out -: there are several inputs"),
        (["-o", "a.npy"], "--out a.npy: there are several inputs"),
        (["-o", "out", "--picture", "a.png"], "--picture draws one input"),
    ],
)
def test_several_inputs_need_a_folder(tmp_path, vocode, monkeypatch, words, message):
    monkeypatch.chdir(tmp_path)
    save_mel(tmp_path / "a.npy")
    save_mel(tmp_path / "b.npy")
    assert message in wrong(vocode("a.npy", "b.npy", *words))


@pytest.mark.parametrize("kind", ["flac", "ogg"])
def test_the_stream_has_the_format_that_was_asked_for(tmp_path, vocode, kind):
    result = good(vocode(save_mel(tmp_path / "mel.npy"), "-o", "-", "--format", kind))
    assert soundfile.info(io.BytesIO(result.stdout_bytes)).format == kind.upper()


def test_an_input_is_never_overwritten(tmp_path, vocode):
    clip = save_sound(tmp_path / "clips" / "in.wav")
    before = clip.read_bytes()
    for source, out in ((clip, clip), (clip, clip.parent), (clip.parent, clip.parent)):
        message = wrong(vocode(source, "-o", out))
        assert f"{clip} is an input and would be overwritten" in message
    assert clip.read_bytes() == before
    good(vocode(clip.parent, "-o", clip.parent, "--format", "flac"))
    assert clip.read_bytes() == before


def test_a_name_without_an_ending_is_a_folder(tmp_path, vocode):
    clip = save_sound(tmp_path / "in.wav")
    good(vocode(clip, "-o", tmp_path / "new", "--format", "flac"))
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["in.flac"]
    (tmp_path / "plain").write_text("mine")
    assert "--out" in wrong(vocode(clip, "-o", tmp_path / "plain"))
    assert (tmp_path / "plain").read_text() == "mine"


@pytest.mark.parametrize("name", ["x.wav", "x.FLAC", "x.npy", "x.png"])
def test_a_folder_of_inputs_makes_no_folder_that_is_called_like_a_file(tmp_path, vocode, name):
    clip = save_sound(tmp_path / "clips" / "in.wav")
    for inputs in ([clip.parent], [clip, clip]):
        message = wrong(vocode(*inputs, "-o", tmp_path / name))
        assert f"--out {tmp_path / name}: a folder is needed" in message
    assert [file.name for file in tmp_path.iterdir()] == ["clips"]
    (tmp_path / "x.wav").mkdir()
    good(vocode(clip.parent, "-o", tmp_path / "x.wav"))


def test_nothing_is_overwritten_without_force(tmp_path, vocode):
    clips = tmp_path / "clips"
    one, _ = save_sound(clips / "a.wav"), save_sound(clips / "b.wav")
    out, file, picture = tmp_path / "out", tmp_path / "a.flac", tmp_path / "a.png"
    words = ((clips, "-o", out), (one, "-o", file), (one, "-o", out))
    good(vocode(*words[0]))
    good(vocode(*words[1]))
    before = {made: made.stat().st_mtime_ns for made in (out / "a.wav", out / "b.wav", file)}
    gone = tmp_path / "no-model"
    for call, named in zip(words, (out / "a.wav", file, out / "a.wav"), strict=True):
        # before the work: the model is not even looked for
        message = wrong(vocode(*call, model=gone))
        assert str(named) in message
        assert "--force" in message
    (out / "a.wav").unlink()
    assert str(out / "b.wav") in wrong(vocode(*words[0]))
    picture.write_text("mine")
    message = wrong(vocode(one, "-o", tmp_path / "new.wav", "--picture", picture, model=gone))
    assert str(picture) in message
    assert "--force" in message
    assert picture.read_text() == "mine"
    assert not (out / "a.wav").exists()
    assert {made: made.stat().st_mtime_ns for made in before if made.exists()} == {
        made: when for made, when in before.items() if made.name != "a.wav"
    }
    for call in words:
        good(vocode(*call, "--force"))
    assert file.stat().st_mtime_ns != before[file]


def test_inputs_are_kept_also_with_force(tmp_path, vocode):
    clip = save_sound(tmp_path / "clips" / "in.wav")
    before = clip.read_bytes()
    link = tmp_path / "link.wav"
    link.symlink_to(clip)
    for out in (clip, clip.parent, link):
        assert "is an input" in wrong(vocode(clip, "-o", out, "--force"))
    assert clip.read_bytes() == before


def test_what_holds_no_usable_audio_is_passed_over_and_named(tmp_path, vocode):
    folder = tmp_path / "in"
    save_sound(folder / "sub" / "good.wav")
    shutil.copy(folder / "sub" / "good.wav", folder / "also.raw")
    shutil.copy(folder / "sub" / "good.wav", folder / "unnamed")
    (folder / "song.mid").write_bytes(b"MThd\0\0\0\6")
    (folder / "sub" / "book.m4p").write_bytes(b"?" * 100)
    (folder / "notes.txt").write_text("no audio, and no wish to be any")
    result = good(vocode(folder, "-o", tmp_path / "out"))
    assert {file.stem for file in (tmp_path / "out").rglob("*.wav")} == {"good", "also"}
    (line,) = (line for line in result.stderr.splitlines() if "skipped:" in line)
    assert "skipped: 3 files" in line
    for name, why in (("song.mid", "MIDI"), ("book.m4p", "encrypted"), ("unnamed", "extension")):
        assert f"{name}: " in line
        assert why in line
    assert "notes.txt" not in result.stderr
    assert "skipped:" not in good(vocode(folder, "-o", tmp_path / "q", "--quiet")).stderr


def test_of_many_that_hold_no_audio_three_are_named(tmp_path, vocode):
    save_sound(tmp_path / "in" / "good.wav")
    for number in range(5):
        (tmp_path / "in" / f"{number}.mid").write_bytes(b"MThd")
    (line,) = (
        line
        for line in good(vocode(tmp_path / "in", "-o", tmp_path / "out")).stderr.splitlines()
        if "skipped:" in line
    )
    assert line.count(".mid: ") == 3
    assert "5 files" in line


def test_what_was_made_inside_the_inputs_is_no_input_the_next_time(tmp_path, vocode):
    clip = save_sound(tmp_path / "in.wav")
    words = (tmp_path, "-o", tmp_path / "copies", "--force")
    good(vocode(*words))
    result = good(vocode(*words))
    assert f"skipped: 1 file in --out {tmp_path / 'copies'}" in result.stderr
    assert [file.name for file in (tmp_path / "copies").rglob("*")] == [clip.name]


def test_a_file_in_the_way_of_a_folder_is_one_line(tmp_path, vocode):
    mel = save_mel(tmp_path / "mel.npy")
    (tmp_path / "file").write_text("")
    message = wrong(vocode(mel, "-o", tmp_path / "file" / "out.wav"), code=1)
    assert str(tmp_path / "file") in message
