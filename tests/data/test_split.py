"""Splitting by file: stable, exact, and strict about names."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wavegan.data.manifest import Clip, Manifest, Rejected
from wavegan.data.split import split
from wavegan.errors import UserError


def clip(path: str) -> Clip:
    return Clip(path, 16000, 1, 16000, path.rpartition("/")[0], 0.5, 0.5)


def manifest(*paths: str, rejected: tuple[str, ...] = ()) -> Manifest:
    return Manifest(
        Path("/data"),
        tuple(clip(path) for path in sorted(paths)),
        tuple(Rejected(path, "silent") for path in rejected),
    )


def names(clips: tuple[Clip, ...]) -> list[str]:
    return [clip.path for clip in clips]


@pytest.fixture
def folder() -> Manifest:
    return manifest("a/x.wav", "a/same.wav", "b/same.wav", "b/y.flac", "odd|name.wav", " z .wav")


@pytest.fixture
def write(tmp_path: Path):
    def _write(text: str, name: str = "list.txt") -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return _write


@pytest.mark.parametrize(
    ("files", "share", "wanted"),
    [(2000, 0.1, 200), (18, 0.2, 4), (10, 0.05, 1), (7, 0.5, 4), (2, 0.5, 1), (2, 0.9, 1)],
)
def test_a_share_is_met_to_the_file(files: int, share: float, wanted: int) -> None:
    whole = manifest(*(f"{i}.wav" for i in range(files)))
    result = split(whole, validation=share)
    assert len(result.validation) == wanted
    assert sorted(names(result.train) + names(result.validation)) == names(whole.clips)


@given(st.sets(st.text(min_size=1, max_size=8), min_size=1, max_size=30))
def test_adding_files_moves_only_those_at_the_border(new: set[str]) -> None:
    old = [f"{i}.wav" for i in range(40)]
    before = set(names(split(manifest(*old), validation=0.3).validation))
    whole = {*old, *new}
    after = set(names(split(manifest(*whole), validation=0.3).validation)) & set(old)
    # no file goes out as another comes in, and of the border's shift no more than it is wide
    assert before <= after or after <= before
    added = len(whole) - len(old)
    assert len(before ^ after) <= max(1, round(0.3 * added), added - round(0.3 * added))


def test_the_draw_is_the_same_on_every_machine() -> None:
    # by the first digits of printf N.wav | sha256sum: 11, 17, 0, 1, then 12
    result = split(manifest(*(f"{i}.wav" for i in range(20))), validation=0.2)
    assert names(result.validation) == ["0.wav", "1.wav", "11.wav", "17.wav"]


def test_composed_and_decomposed_names_fall_on_the_same_side() -> None:
    for i in range(50):
        whole = manifest(f"{i}\u00e9.wav", *(f"{j}.wav" for j in range(30)))
        mac = manifest(f"{i}e\u0301.wav", *(f"{j}.wav" for j in range(30)))
        assert len(split(whole, validation=0.5).train) == len(split(mac, validation=0.5).train)


def test_a_number_gives_exactly_that_many() -> None:
    whole = manifest(*(f"{i}.wav" for i in range(10)))
    assert len(split(whole, validation=3).validation) == 3
    assert len(split(whole, validation=3).train) == 7
    # the smaller set is within the larger
    assert set(split(whole, validation=3).validation) < set(split(whole, validation=5).validation)


@pytest.mark.parametrize("wanted", [-1, 1.0, 1.5, -0.1, True, False, float("nan")])
def test_a_number_out_of_range_is_refused(wanted: float) -> None:
    with pytest.raises(UserError, match=r"data\.validation is"):
        split(manifest("a.wav", "b.wav"), validation=wanted)


def test_a_share_of_a_small_folder_is_one_file() -> None:
    few = split(manifest("a.wav", "b.wav", "c.wav"), validation=1e-6)
    assert len(few.validation) == 1
    assert few.validation == split(manifest("a.wav", "b.wav", "c.wav"), validation=1).validation


def test_both_sides_need_a_file() -> None:
    few = manifest("a.wav", "b.wav")
    with pytest.raises(UserError, match="leaves none of the 2 usable files"):
        split(few, validation=2)


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ("a/x.wav", "a/x.wav"),
        ("./a/x.wav", "a/x.wav"),
        ("a\\x.wav", "a/x.wav"),
        ("a/x", "a/x.wav"),
        ("x.wav", "a/x.wav"),
        ("x", "a/x.wav"),
        ("x|some text|Some text", "a/x.wav"),
        ("x.wav | some text", "a/x.wav"),
        ("y\r", "b/y.flac"),
        ("odd|name.wav", "odd|name.wav"),
        (" z .wav", " z .wav"),
        ("\ufeffx", "a/x.wav"),
        ("a/same.wav", "a/same.wav"),
    ],
)
def test_a_line_names_a_file(folder: Manifest, write, line: str, path: str) -> None:
    result = split(folder, validation=write(f"{line}\n\n"))
    assert names(result.validation) == [path]
    assert len(result.train) == 5


def test_unknown_names_are_named_with_their_list(folder: Manifest, write) -> None:
    with pytest.raises(UserError, match=r"validation list .*list\.txt names nope, a/y\.flac, not"):
        split(folder, validation=write("x\nnope|text\na/y.flac\n"))
    with pytest.raises(UserError, match="0, 1, 2, 3, 4 and 95 more"):
        split(folder, validation=write("\n".join(map(str, range(100)))))


def test_an_ambiguous_name_is_refused(folder: Manifest, write) -> None:
    with pytest.raises(UserError, match=r"'same' .* a/same\.wav, b/same\.wav"):
        split(folder, validation=write("same"))


def test_a_missing_list_is_refused(folder: Manifest, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"validation list .*none\.txt: cannot be read"):
        split(folder, validation=tmp_path / "none.txt")
    with pytest.raises(UserError, match=r"train list .*: cannot be read"):
        split(folder, validation=1, train=tmp_path)


def test_a_train_list_is_exact(folder: Manifest, write) -> None:
    train = write("x\ny\n", "train.txt")
    result = split(folder, validation=write("odd|name.wav", "valid.txt"), train=train)
    assert names(result.train) == ["a/x.wav", "b/y.flac"]
    assert names(result.validation) == ["odd|name.wav"]
    drawn = split(folder, validation=3, train=train)
    assert names(drawn.train) == ["a/x.wav", "b/y.flac"]
    assert len(drawn.validation) == 3
    assert not set(drawn.validation) & set(drawn.train)


def test_lists_that_share_a_file_are_refused(folder: Manifest, write) -> None:
    with pytest.raises(UserError, match=r"both name a/x\.wav"):
        split(folder, validation=write("x\ny", "v"), train=write("x\nodd|name.wav", "t"))


def test_a_train_list_of_everything_leaves_nothing_to_draw(folder: Manifest, write) -> None:
    everything = write("\n".join(names(folder.clips)))
    with pytest.raises(UserError, match=r"not in the train list"):
        split(folder, validation=0.5, train=everything)


def test_listed_files_that_the_scan_rejected_are_left_out(write) -> None:
    whole = manifest("a.wav", "b.wav", rejected=("c.wav",))
    assert names(split(whole, validation=write("a\nc")).validation) == ["a.wav"]
    with pytest.raises(UserError, match="selects none"):
        split(whole, validation=write("c"))


def labelled(**files: int) -> Manifest:
    return manifest(*(f"{label}/{i}.wav" for label, count in files.items() for i in range(count)))


@pytest.mark.parametrize(
    ("files", "share", "held"),
    [
        ({"a": 20, "b": 20, "c": 20}, 0.1, {"a": 2, "b": 2, "c": 2}),
        ({"a": 60, "b": 20, "c": 20}, 0.1, {"a": 6, "b": 2, "c": 2}),
        ({"a": 5, "b": 5, "c": 5}, 0.2, {"a": 1, "b": 1, "c": 1}),
        ({"a": 30, "b": 1}, 0.1, {"a": 3}),
        ({"a": 2, "b": 2, "c": 2}, 0.9, {"a": 1, "b": 1, "c": 1}),
    ],
)
def test_labels_give_their_part_and_each_keeps_one(
    files: dict[str, int], share: float, held: dict[str, int]
) -> None:
    result = split(labelled(**files), validation=share, by_label=True)
    assert dict(Counter(clip.label for clip in result.validation)) == held
    assert {clip.label for clip in result.train} == set(files)
    assert len(result.train) + len(result.validation) == sum(files.values())


def test_what_a_label_cannot_give_is_said() -> None:
    few = labelled(a=3, b=1)
    result = split(few, validation=3, by_label=True)
    assert len(result.validation) == 2
    assert any("2 files are held out, not 3" in note for note in result.notes)
    assert any(note.endswith("one file: b") for note in result.notes)
    assert not split(labelled(a=3, b=2), validation=2, by_label=True).notes


def test_zero_holds_out_nothing(folder: Manifest, write) -> None:
    for nothing in (0, 0.0):
        assert names(split(folder, validation=nothing).train) == names(folder.clips)
        assert split(folder, validation=nothing).validation == ()
    listed = split(folder, validation=0, train=write("x\ny"))
    assert (names(listed.train), listed.validation) == (["a/x.wav", "b/y.flac"], ())


def test_of_one_recording_a_stretch_is_held_out_and_said() -> None:
    # 60 s at 16 kHz
    one = Manifest(Path("/data"), (replace(clip("a.wav"), frames=960_000),), ())
    for wanted, seconds in ((0.1, 6.0), (0.05, 3.0), (1, 3.0), (4, 3.0), (0.001, 1.0)):
        result = split(one, validation=wanted, gap=0.5)
        (held,) = result.validation
        first, last = held.start / 16000, (held.start + held.frames) / 16000
        assert last - first == pytest.approx(seconds)
        assert [(c.start, c.start + c.frames) for c in result.train] == [
            (0, held.start - 8000),
            (held.start + held.frames + 8000, 960_000),
        ]
        assert f"{first:.2f} s to {last:.2f} s of a.wav" in result.notes[-1]


def test_of_one_recording_per_label_each_gives_a_stretch() -> None:
    whole = labelled(a=1, b=1, c=1)
    long = replace(whole, clips=tuple(replace(clip, frames=160_000) for clip in whole.clips))
    result = split(long, validation=0.1, by_label=True, gap=0.1)
    assert [clip.label for clip in result.validation] == ["a", "b", "c"]
    assert [clip.label for clip in result.train] == ["a", "a", "b", "b", "c", "c"]
    assert len(split(long, validation=2, by_label=True, gap=0.1).validation) == 2


def test_what_is_too_short_or_must_stay_whole_trains() -> None:
    for whole, by_label in ((manifest("a.wav"), False), (labelled(a=1, b=1), True)):
        for gap in (0.1, None):
            result = split(whole, validation=0.1, by_label=by_label, gap=gap)
            assert (result.train, result.validation) == (whole.clips, ())
            assert "only one file" in result.notes[0]


def test_what_we_made_is_used_if_it_is_listed(write) -> None:
    whole = replace(manifest("a.wav", "b.wav"), own=(clip("made.wav"),))
    listed = split(whole, validation=write("b"), train=write("a\nmade", "t"))
    assert names(listed.train) == ["a.wav", "made.wav"]
    assert "made.wav" not in names(split(whole, validation=write("b")).train)
