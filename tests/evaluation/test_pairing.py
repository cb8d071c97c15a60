"""Which clips pair: by name, in any format and folder; the others are named."""

from pathlib import Path

import pytest

from wavegan.errors import UserError
from wavegan.evaluation.pairing import pair, pick


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    return tmp_path / "real", tmp_path / "made"


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def test_names_pair_below_the_folder_whatever_the_format(folders: tuple[Path, Path]) -> None:
    real, made = folders
    touch(real, "a.wav", "sub/b.flac", "ünïcode 1.wav", "notes.txt", ".hidden.wav", ".h/c.wav")
    touch(made, "a.flac", "sub/b.OGG", "ünïcode 1.mp3", "notes.txt")
    found = pair(real, made, "x")
    assert [p.name for p in found.pairs] == ["a", "sub/b", "ünïcode 1"]
    assert found.pairs[1].estimate == made / "sub" / "b.OGG"
    assert (found.left_out, found.by_suffix) == ((), False)


def test_files_without_a_partner_or_with_two_are_named(folders: tuple[Path, Path]) -> None:
    real, made = folders
    touch(real, "a.wav", "b.wav", "c.wav", "c.flac", "old.m4a", "old.mid")
    touch(made, "a.wav", "c.wav", "d.wav")
    found = pair(real, made, "x")
    assert [p.name for p in found.pairs] == ["a"]
    said = {entry.file: entry.reason for entry in found.left_out}
    assert said["b"] == "only among the references: no estimate of this name"
    assert said["d"] == "only among the estimates: no reference of this name"
    assert said["c"] == "reference: several files of this name: c.flac, c.wav: keep one"
    assert said["old"] == "only among the references: no estimate of this name"
    assert "MIDI" in said["old.mid"]
    assert {entry.system for entry in found.left_out} == {"x"}


@pytest.mark.parametrize(
    "name", ["a_generated.wav", "a_generated_e2e.wav", "a_gen.wav", "a-feats_gen.wav"]
)
def test_vocoders_suffixes_are_taken_off_if_no_name_pairs(
    folders: tuple[Path, Path], name: str
) -> None:
    real, made = folders
    touch(real, "a.wav", "b.wav")
    touch(made, name)
    found = pair(real, made)
    assert [(p.name, p.estimate.name) for p in found.pairs] == [("a", name)]
    assert found.by_suffix
    touch(made, "b.wav")
    assert [p.name for p in pair(real, made).pairs] == ["b"]


def test_two_suffixes_of_one_name_are_refused_by_name(folders: tuple[Path, Path]) -> None:
    real, made = folders
    touch(real, "a.wav", "b.wav")
    touch(made, "a_gen.wav", "a_generated.wav", "b_gen.wav")
    found = pair(real, made)
    assert [p.name for p in found.pairs] == ["b"]
    assert "a_gen, a_generated" in {e.file: e.reason for e in found.left_out}["a"]


def test_no_pair_at_all_shows_a_name_of_each_side(folders: tuple[Path, Path]) -> None:
    real, made = folders
    touch(real, "LJ001.wav", "LJ002.wav")
    touch(made, "out/LJ001.wav")
    with pytest.raises(UserError, match=r"holds 2, such as 'LJ001'.*such as 'out/LJ001'"):
        pair(real, made)


def test_folders_that_cannot_be_used(folders: tuple[Path, Path], tmp_path: Path) -> None:
    real, made = folders
    touch(real, "a.wav")
    with pytest.raises(UserError, match="made: it does not exist"):
        pair(real, made)
    made.mkdir()
    with pytest.raises(UserError, match="made: no audio files in it"):
        pair(real, made)
    with pytest.raises(UserError, match=r"a\.wav: give a folder"):
        pair(real / "a.wav", made)


def test_two_files_pair_as_they_are(folders: tuple[Path, Path]) -> None:
    real, made = folders
    touch(real, "a.wav")
    touch(made, "z.wav")
    assert [p.name for p in pair(real / "a.wav", made / "z.wav").pairs] == ["a"]


def test_links_in_circles_end(folders: tuple[Path, Path]) -> None:
    real, made = folders
    touch(real, "sub/a.wav")
    touch(made, "sub/a.wav")
    (real / "sub" / "loop").symlink_to(real)
    assert [p.name for p in pair(real, made).pairs] == ["sub/a"]


def test_only_some_names(folders: tuple[Path, Path]) -> None:
    real, made = folders
    touch(real, "a.wav", "b.wav", "c.wav")
    touch(made, "a_gen.wav", "b_gen.wav")
    found = pair(real, made, only={"b"})
    assert ([p.name for p in found.pairs], found.left_out) == (["b"], ())


def test_picking_by_a_list_and_a_count() -> None:
    names = ["x/a.1", "x/b", "y/b", "c"]
    assert pick(names, ["a.1", "c.wav", "y/b"], None) == ["c", "x/a.1", "y/b"]
    assert pick([str(n) for n in range(9)], None, 3) == ["0", "3", "6"]
    assert pick(names, None, 99) == sorted(names)
    for wanted, missing in ((["b"], "b"), (["c", "b", "c"], "b"), (["y/b", "gone.wav"], "gone")):
        with pytest.raises(UserError, match=f"1 of the {len(set(wanted))} listed .*: {missing};"):
            pick(names, wanted, None)


def test_names_from_a_mac_are_composed(tmp_path: Path) -> None:
    """macOS writes é as two characters; other systems as one."""
    for folder, name in (("real", "caf\u00e9.wav"), ("made", "cafe\u0301.wav")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).touch()
    (only,) = pair(tmp_path / "real", tmp_path / "made").pairs
    assert only.name == "caf\u00e9"
    for listed in ("cafe\u0301", "cafe\u0301.wav"):
        assert pick([only.name], [listed], None) == [only.name]
