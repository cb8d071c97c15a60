"""Lists as people and programs write them: the files they name, and what is refused by name."""

from collections.abc import Callable
from pathlib import Path

import pytest

from wavegan.data.file_list import files_of
from wavegan.errors import UserError

PATHS = [
    "a/x.wav",
    "a/same.wav",
    "b/same.wav",
    "b/y.flac",
    "odd|name.wav",
    "kick, hard.wav",
    "k.wav",
]
Read = Callable[..., list[str]]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """`PATHS`, empty, under a folder of their own."""
    root = tmp_path.resolve() / "corpus" / "wavs"
    for path in PATHS:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).touch()
    return root


@pytest.fixture
def read(root: Path) -> Read:
    def _read(text: str | bytes, name: str = "list.txt", folder: Path | None = None) -> list[str]:
        file = (folder or root.parents[1] / "lists") / name
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return files_of(file, "data.train list", root, PATHS)

    return _read


@pytest.mark.parametrize(
    "text",
    [
        "a/x.wav\nb/y.flac\n",
        "x\r\ny\r\n",
        "x\ry\r",
        "\ufeffx\ny",
        "x\n\n  \ny\n",
        "# speech\nx\ny\n",
        "x\ny\nx\nx.wav\n",
        "x|one\ny|two|Two\n",
        "x.wav|one|0\ny|two\n",
        "x|one\ny",
        "x\tone\ny\ttwo\n",
        "x.wav,one\ny.flac,two\n",
        "path,text\na/x.wav,one\nb/y.flac,two\n",
        'file,text\n"a/x.wav","one, or ""two"""\n"b/y.flac",two\n',
        '"a/x.wav"\n"b/y.flac"\n',
        "filename\nx.wav\ny.flac\n",
        "client_id\tpath\tsentence\nabc\tx.wav\tone\nabc\ty.flac\ttwo\n",
        "Sample_ID;Text\nx;eins\ny;zwei\n",
        "7,x.wav\n8,y.flac\n",
        "utt1 a/x.wav\nutt2 b/y.flac\n",
        "utt1\ta/x.wav\nutt2\tb/y.flac\n",
        "x ONE TWO\ny  THREE FOUR\n",
        "/\na/x.wav\t1600\nb/y.flac\t3200\n",
        "a/x.wav 1600\nb/y.flac 3200\n",
        '{"audio_filepath": "a/x.wav", "text": "one"}\n{"audio_filepath": "b/y.flac", "text": "2"}',
        '["a/x.wav",\n "b/y.flac"]',
        '[{"path": "x.wav"}, {"path": "y.flac"}]',
        "LJ|x.wav\nLJ|y.flac\n",
    ],
)
def test_a_list_names_two_files(read: Read, text: str) -> None:
    assert read(text) == ["a/x.wav", "b/y.flac"]


def test_paths_begin_anywhere(read: Read, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root.parents[1] / "link").symlink_to(root, target_is_directory=True)
    absolute = f"{root}/a/x.wav\n{root.parents[1]}/link/b/y.flac|text\n"
    assert read(absolute) == ["a/x.wav", "b/y.flac"]
    assert read(f"{root}/a/x\n") == ["a/x.wav"]
    # relative to the list, to a folder above the data folder, and to here
    assert read("../corpus/wavs/a/x.wav\n") == ["a/x.wav"]
    assert read("wavs/a/x.wav\ncorpus/wavs/b/y\n") == ["a/x.wav", "b/y.flac"]
    assert read("x.wav\nsame.wav\n", folder=root / "a") == ["a/x.wav", "a/same.wav"]
    (root.parents[1] / "here").mkdir()
    monkeypatch.chdir(root.parents[1] / "here")
    assert read("../corpus/wavs/b/same.wav\n") == ["b/same.wav"]
    assert read("..\\corpus\\wavs\\a\\x.wav\n") == ["a/x.wav"]


def test_a_link_goes_by_where_it_leads_too(tmp_path: Path) -> None:
    root = tmp_path.resolve() / "data"
    root.mkdir()
    (tmp_path / "store.wav").touch()
    (root / "one.wav").symlink_to(tmp_path / "store.wav")
    (tmp_path / "list").write_text(f"{tmp_path}/store.wav\n")
    assert files_of(tmp_path / "list", "--list", root, ["one.wav"]) == ["one.wav"]


def test_names_that_hold_delimiters_stay_whole(read: Read) -> None:
    assert read("odd|name.wav\nkick, hard.wav\nk\n") == ["odd|name.wav", "kick, hard.wav", "k.wav"]
    assert read('"kick, hard.wav",loud\nx.wav,soft\n') == ["kick, hard.wav", "a/x.wav"]
    # the name of a file that is not there is no row with a name that is
    for line in ("k, soft.wav", "k|soft.wav", "k soft.wav", "k one\nk two", "k soft\nx\n"):
        with pytest.raises(UserError, match="names"):
            read(f"{line}\n")


def test_a_comment_may_be_the_name_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "list").write_text("#1.wav\n# other\n2\n")
    paths = ["#1.wav", "2.wav"]
    assert files_of(tmp_path / "list", "--list", tmp_path, paths) == paths


@pytest.mark.parametrize(
    ("encoding", "named"),
    [
        ("utf-16", "UTF-16"),
        ("utf-32", "UTF-32"),
        ("utf-16-le", "UTF-16LE"),
        ("utf-16-be", "UTF-16BE"),
        ("utf-32-le", "UTF-32LE"),
        ("utf-32-be", "UTF-32BE"),
    ],
)
def test_wide_text_is_refused_by_its_name(read: Read, encoding: str, named: str) -> None:
    with pytest.raises(
        UserError, match=rf"data\.train list .*list\.txt.* {named}:.*iconv -f {named} "
    ):
        read("a/x.wav\nb/y.flac\n".encode(encoding))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"RIFF\x24\x00\x00\x00WAVEfmt ", "an audio file"),
        (b"fLaC\x00\x00\x00\x22", "an audio file"),
        (b"\x1f\x8b\x08\x00\x00\x00\x00\x00abc", "not a text file"),
        (bytes(range(256)), "not a text file"),
        (b"", "it has no names"),
        (b"\n \n# nothing\n", "it has no names"),
    ],
)
def test_what_is_no_list_is_refused_by_name(read: Read, data: bytes, message: str) -> None:
    with pytest.raises(UserError, match=rf"data\.train list .*list\.txt: .*{message}") as refusal:
        read(data)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("text", ['["x", ""]', '["", "x"]', '["x one", "", " ", "y two"]'])
def test_empty_entries_of_json_are_blank_lines(read: Read, text: str) -> None:
    assert read(text)[0] == "a/x.wav"
    with pytest.raises(UserError, match=r"list\.txt: it has no names"):
        read('["", " "]')


def test_what_cannot_be_read_is_refused_by_name(root: Path) -> None:
    for file in (root, root / "gone.txt"):
        with pytest.raises(UserError, match=rf"--list .*{file.name}: cannot be read"):
            files_of(file, "--list", root, PATHS)


def test_lines_that_name_no_file_are_named(read: Read, root: Path) -> None:
    with pytest.raises(UserError, match=r"names gone, a/y\.flac, not found under .*wavs"):
        read("x|one\ngone|two\na/y.flac|three\n")
    with pytest.raises(UserError, match=r"0, 1, 2, 3, 4 and 95 more.*lists") as refusal:
        read("\n".join(map(str, range(100))))
    assert str(root) in str(refusal.value)


def test_a_file_outside_the_folder_differs_from_a_missing_one(read: Read, root: Path) -> None:
    (root.parent / "other.wav").touch()
    with pytest.raises(UserError, match=r"other\.wav exists, but"):
        read(f"x\n{root.parent}/other.wav\n")
    with pytest.raises(UserError) as refusal:
        read(f"x\n{root.parent}/gone.wav\n")
    assert "is there" not in str(refusal.value)


def test_an_ambiguous_line_is_refused(read: Read) -> None:
    with pytest.raises(UserError, match=r"'same' .* a/same\.wav, b/same\.wav"):
        read("x\nsame\n")


def test_latin_1_is_said_to_be_no_utf_8(tmp_path: Path) -> None:
    (tmp_path / "list").write_bytes("é\nx\n".encode("latin-1"))
    with pytest.raises(UserError, match="UTF-8"):
        files_of(tmp_path / "list", "--list", tmp_path, ["é.wav", "x.wav"])


def test_composed_and_decomposed_names_are_the_same(tmp_path: Path) -> None:
    (tmp_path / "list").write_text("e\u0301\n\u00e4.wav\n", encoding="utf-8")
    paths = ["\u00e9.wav", "a\u0308.wav"]
    assert files_of(tmp_path / "list", "--list", tmp_path, paths) == paths
