"""Output in encodings that lack characters: every command replaces them readably."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from wavegan import bundle
from wavegan.cli import _streams
from wavegan.mel.front_end import Mel

REPO = Path(__file__).resolve().parents[2]
POSIX = pytest.mark.skipif(os.name == "nt", reason="Windows has names in UTF-16, and no C locale")
NAMES = ["plain", "é → ×", "ü±…", "latin1_\udce9"]
ODD = "ø→"
# one process runs them all: starting it, and importing torch, is what takes time
SCRIPT = """
import json, sys
from wavegan.cli import app
for words in json.loads(open(sys.argv[1], encoding="ascii").read()):
    print("#", *words[:2], file=sys.stderr)
    try:
        app(words)
    except SystemExit as end:
        print("=", end.code, file=sys.stderr)
"""


@pytest.fixture
def readable(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], bytes]:
    """Encodes a text as the command line's streams do."""

    def encoded(text: str, encoding: str) -> bytes:
        raw = io.BytesIO()
        stream = io.TextIOWrapper(raw, encoding=encoding)
        monkeypatch.setattr(sys, "stdout", stream)
        _streams.make_readable()
        stream.write(text)
        stream.flush()
        monkeypatch.undo()
        return raw.getvalue()

    return encoded


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "cp437", "utf-8"])
def test_what_can_be_encoded_is_left_as_it_is_and_the_rest_is_ascii(
    readable: Callable[[str, str], bytes], encoding: str
) -> None:
    for character in "aéüø×±µ–…→↓−─│╭⠋日\udce9":
        made = readable(character, encoding)
        try:
            assert made == character.encode(encoding)
        except UnicodeEncodeError:
            assert made.decode("ascii").isprintable()


def test_signs_have_counterparts_and_letters_are_numbered(
    readable: Callable[[str, str], bytes],
) -> None:
    text = "1 × 2 ± 3 − 4 → ↓ … │─╭ Fréchet café_\udce9 日"
    expected = "1 x 2 +- 3 - 4 -> v ... |-+ Frechet caf\\xe9_\\xe9 \\u65e5"
    assert readable(text, "ascii").decode("ascii") == expected
    assert readable(text, "utf-8") == text.replace("\udce9", "\\xe9").encode()


def test_typers_echo_keeps_to_the_encoding() -> None:
    code = "import typer\nfrom wavegan.cli._streams import make_readable\nmake_readable()\n"
    code += "typer.echo('a ± b')\ntyper.echo('c → d', err=True)"
    ended = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONPATH": str(REPO)},
        capture_output=True,
        check=True,
    )
    assert (ended.stdout, ended.stderr) == (b"a +- b\n", b"c -> d\n")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, save_tiny: Callable[[Path], Path]) -> Path:
    """Models, and clips with names that some encodings lack."""
    folder = tmp_path_factory.mktemp("place")
    rng = np.random.default_rng(0)
    (folder / "voice").mkdir()
    save_tiny(folder / "voice")
    config = bundle.Config(
        mel=Mel(sample_rate=8000, f_max=None),
        generator={"name": "wavegan", "dim": 2, "latent_dim": 8},
        task="synthesize",
        labels=("kick", "snaré", "↑"),
        segment=4096,
    )
    torch.manual_seed(0)
    (folder / "sounds").mkdir()
    bundle.save(folder / "sounds", config, bundle.build(config).state_dict())
    for kind in ("real", "made"):
        for label in ("kick", "snaré"):
            (folder / kind / label).mkdir(parents=True)
            for name in NAMES:
                wave = 0.3 * rng.uniform(-1, 1, 16000)
                with open(folder / kind / label / f"{name}.wav", "wb") as file:
                    soundfile.write(file, wave, 16000, format="WAV")
    return folder


def commands(place: Path, out: Path) -> list[list[str]]:
    """A line for each command that prints, with names of every kind."""
    voice, sounds, real, made = (str(place / n) for n in ("voice", "sounds", "real", "made"))
    run, clip = str(out / f"run{ODD}"), str(place / "made" / "kick" / "é → ×.wav")
    small = str(REPO / "tests" / "small.yaml")
    words = ["training.steps=1", "data.segment=512", "mel.sample_rate=16000", "mel.n_mels=20"]
    return [
        ["--help"],
        ["judge", "score", "--help"],
        ["list"],
        ["show", "tiny", f"description={ODD}"],
        ["show", "tiny", f"data.train={ODD}", "--json"],
        ["vocode", real, "-m", voice, "-o", str(out / f"copies{ODD}")],
        ["generate", "-m", sounds, "-o", str(out / f"gen{ODD}"), "-n", "3", "--seed", "1"],
        ["evaluate", real, made, "--metrics", "log_mel_l1", "--processes", "1"],
        ["evaluate", "--sets", real, made],
        ["diagnose", made],
        ["diagnose", clip],
        ["train", small, f"{real}/snaré", "--out", run, *words, "--device", "cpu"],
        ["train", small, f"{real}/{ODD}", "--out", f"{run}2"],
        ["status", run],
        ["status", run, str(out / ODD)],
        ["report", run, "--no-metrics"],
        ["report", real, made, "--out", str(out / f"page{ODD}.html"), "--clips", "2"],
        ["listen", real, made, "--out", str(out / f"test{ODD}"), "--clips", "2"],
        ["judge", "train", real, "--out", str(out / f"judge{ODD}"), "--steps", "2"],
        ["judge", "score", str(out / f"judge{ODD}"), made, "--real", real],
        ["convert", voice, str(out / f"bundle{ODD}")],
        ["convert", f"{voice}{ODD}", str(out / "no")],
        ["list", ODD],
        ["train", "tiny", real, "--out", f"{run}3", f"training.steps={ODD}"],
    ]


@POSIX
@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["latin-1", "C"])
def test_every_command_prints_in_every_encoding(place: Path, tmp_path: Path, encoding: str) -> None:
    lines = commands(place, tmp_path / "out")
    in_c = [[os.fsencode(w).decode("ascii", "surrogateescape") for w in words] for words in lines]
    reported = tmp_path / "commands.json"
    reported.write_text(json.dumps(in_c if encoding == "C" else lines), encoding="ascii")
    environment = {k: v for k, v in os.environ.items() if k not in ("LANG", "PYTHONIOENCODING")}
    extra = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    if encoding != "C":
        extra = {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "1"}
    ended = subprocess.run(
        [sys.executable, "-c", SCRIPT, reported],
        env={**environment, **extra, "PYTHONPATH": str(REPO), "WAVEGAN_CACHE": str(tmp_path)},
        capture_output=True,
        check=False,
    )
    written = "ascii" if encoding == "C" else encoding
    stdout, stderr = ended.stdout.decode(written), ended.stderr.decode(written)
    assert ended.returncode == 0, stderr
    assert "Traceback" not in stderr
    codes = [line[2:] for line in stderr.splitlines() if line.startswith("= ")]
    mistakes = {"status": {14}, "train": {12, 23}, "convert": {21}, "list": {22}}
    wrong = {number for numbers in mistakes.values() for number in numbers}
    expected = ["2" if number in wrong else "0" for number in range(len(lines))]
    expected[9] = expected[10] = codes[9]
    assert codes == expected, stderr
    if written == "ascii":
        assert "Frechet" in stdout
        assert "+-" in stdout
