"""No name, label, tag or result acts on a terminal, whatever command prints it."""

import io
import json
import os
import re
import subprocess
import sys
import threading
import unicodedata
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from rich.progress import Progress
from rich.table import Table
from rich.text import Text
from typer.testing import CliRunner

from wavegan import bundle
from wavegan.cli import _streams, app
from wavegan.cli._screen import Screen, live
from wavegan.mel.front_end import Mel

REPO = Path(__file__).resolve().parents[2]
POSIX = pytest.mark.skipif(os.name == "nt", reason="Windows has other terminals, and plainer names")
NAME = "\x1b]0;t\x07\x1b[2J\x9b31m\r\u202e\x1b[35;7m\x7f[bold]xyzzy"
"""A title, a cleared screen, C1, an overwritten line, a turned one, colours, and markup."""
TEXT = (
    NAME
    + "[/bold][link=https://example.org]xyzzy[/link]\x1b]8;;file:///etc\x1b\\:dog:\x1b]52;c;eA==\x07"
)
RICH = re.compile(r"\r?\x1b\[(\?25[lh]|\d*[AK]|(?!35;7m)[\d;]*m)")
"""What rich itself says to a terminal: colours, and the moves of a live bar."""
SCRIPT = """
import json, sys
from wavegan.cli import app
for words in json.loads(open(sys.argv[1], encoding="ascii").read()):
    print("#", *words[:2], flush=True)
    try:
        app(words)
    except SystemExit as end:
        print("=", end.code, flush=True)
"""


def wave(file: Path, title: str = "") -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(len(file.name))
    with soundfile.SoundFile(
        open(file, "wb"), "w", samplerate=16000, channels=1, format="WAV"
    ) as sound:
        sound.title = title or None
        sound.write(0.3 * rng.uniform(-1, 1, 16000))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, save_tiny: Callable[[Path], Path]) -> Path:
    """Models, clips, a result and a run whose names or contents could control a terminal."""
    folder = tmp_path_factory.mktemp("place") / NAME
    (folder / "voice").mkdir(parents=True)
    save_tiny(folder / "voice")
    config = bundle.Config(
        mel=Mel(sample_rate=8000, f_max=None),
        generator={"name": "wavegan", "dim": 2, "latent_dim": 8},
        task="synthesize",
        labels=("kick", TEXT),
        segment=4096,
    )
    torch.manual_seed(0)
    (folder / "sounds").mkdir()
    bundle.save(folder / "sounds", config, bundle.build(config).state_dict())
    for kind in ("real", "made"):
        for label in ("kick", NAME):
            for clip in ("plain", NAME):
                wave(folder / kind / label / f"{clip}.wav", title=TEXT)
    (folder / "real" / "kick" / f"cut{NAME}.wav").write_bytes(b"RIFF\x10\0\0\0WAVE")
    (folder / "list.txt").write_text(f"no such {NAME!s}\n".replace("\r", "\u2028"))
    run = folder / f"run{NAME}"
    run.mkdir()
    (run / "recipe.yaml").write_text("task: {name: vocode}\ntraining: {steps: 100}\n")
    lines: list[dict[str, object]] = [
        {"kind": "train", "step": step, "generator/mel": 0.3, "speed/steps": 5.0}
        for step in range(1, 60)
    ]
    lines += [{"kind": "validation", "step": 50, "log_mel_l1": 0.5}]
    lines += [{"kind": "alarm", "step": 50, "text": TEXT}]
    (run / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    for number, listener in enumerate((TEXT, f"b{TEXT}")):
        reported = json.dumps(result(listener, number))
        (folder / f"result{number}{NAME}.json").write_text(reported)
    (folder / f"result{NAME}.json").write_text("{")
    return folder


def result(listener: str, number: int) -> dict[str, object]:
    names = [{"name": f"{role} {TEXT}", "role": role} for role in ("reference", "system")]
    given = [
        {"condition": name["name"], "rating": 100 - 20 * place - number}
        for place, name in enumerate(names)
    ]
    trial = {"trial": 0, "clip": TEXT, "done": True, "comment": TEXT, "ratings": given}
    test = {"id": TEXT, "kind": "mushra", "title": NAME, "trials": 1, "conditions": names}
    return {
        "format": "wavegan listening results",
        "version": 1,
        "test": test,
        "listener": {"name": listener, "session": TEXT},
        "saved": TEXT,
        "comment": TEXT,
        "trials": [trial],
    }


def commands(place: Path, out: Path) -> list[list[str]]:
    """A line for each command that prints names, and for each kind of mistake with them."""
    voice, sounds, real, made = (str(place / n) for n in ("voice", "sounds", "real", "made"))
    run, small = str(place / f"run{NAME}"), str(REPO / "tests" / "small.yaml")
    words = ["training.steps=1", "data.validation=1", "data.segment=512"]
    words += ["mel.sample_rate=16000", "mel.n_mels=20"]
    results = [str(f) for f in sorted(place.glob("result*.json"))]
    kick = f"{real}/kick"
    return [
        ["show", "tiny", f"description={TEXT}"],
        ["show", "tiny", f"data.train={NAME}", "--json"],
        ["list", TEXT],
        [TEXT],
        ["list", f"--{TEXT}"],
        ["list", "recipes", TEXT],
        ["train", "tiny", real, "--out", str(out / "r"), f"{TEXT}=1"],
        ["train", "tiny", real, "--out", str(out / "r"), f"training.steps={TEXT}"],
        ["train", small, real, "--out", str(out / "r"), "--dry-run", *words],
        ["train", small, kick, "--out", str(out / f"r{NAME}"), *words, "--device", "cpu"],
        ["train", "--resume", str(out / f"r{NAME}"), "--device", "cpu"],
        ["train", small, kick, "--out", str(out / "q"), f"data.validation={place}/list.txt"],
        ["vocode", real, "-m", voice, "-o", str(out / f"copies{NAME}")],
        ["vocode", real, "-m", voice, "-o", str(out / "copies"), "--json"],
        ["vocode", f"{real}/{NAME}.npy", "-m", voice, "-o", str(out / "x.wav")],
        ["generate", "-m", sounds, "-o", str(out / f"gen{NAME}"), "-n", "3"],
        ["generate", "-m", sounds, "-o", str(out / "gen"), "--label", f"no{TEXT}"],
        ["evaluate", real, made, "--metrics", "log_mel_l1", "--processes", "1"],
        ["evaluate", real, made, "--metrics", "log_mel_l1", "--processes", "1", "--json"],
        ["evaluate", "--sets", real, made],
        ["evaluate", real, made, "--metrics", TEXT],
        ["diagnose", made],
        ["diagnose", f"{made}/{NAME}/{NAME}.wav"],
        ["status", run],
        ["status", run, str(out / f"r{NAME}"), str(out / NAME)],
        ["status", run, "--json"],
        ["report", run, "--no-metrics", "--out", str(out / f"page{NAME}.html")],
        ["report", real, made, "--out", str(out / "page.html"), "--clips", "2"],
        ["listen", real, made, "--out", str(out / f"test{NAME}"), "--clips", "2", "--title", NAME],
        ["listen", "--score", *results],
        ["listen", "--score", *results, "--json"],
        ["listen", "--score", results[-1]],
        ["judge", "train", made, "--out", str(out / f"judge{NAME}"), "--steps", "2"],
        ["convert", voice, str(out / f"bundle{NAME}")],
        ["convert", f"{voice}{NAME}", str(out / "no")],
        ["doctor", "mel", f"{real}/{NAME}.npy", "--wav", f"{made}/kick/{NAME}.wav"],
    ]


def on_a_terminal(words: list[str], cache: Path) -> str:
    """The output of a program on both streams, on a terminal 1,000 columns wide."""
    import pty
    import termios

    ours, theirs = pty.openpty()
    settings = termios.tcgetattr(theirs)
    settings[1] &= ~termios.OPOST  # each \r is the program's own
    termios.tcsetattr(theirs, termios.TCSANOW, settings)
    taken: list[bytes] = []

    def take() -> None:
        try:
            while block := os.read(ours, 65536):
                taken.append(block)
        except OSError:
            return  # how Linux says that nobody writes any more

    reader = threading.Thread(target=take)
    reader.start()
    plain = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "PYTHONIOENCODING")}
    extra = {"TERM": "xterm-256color", "COLUMNS": "1000", "PYTHONUTF8": "1"}
    ended = subprocess.run(
        words,
        env={**plain, **extra, "PYTHONPATH": str(REPO), "WAVEGAN_CACHE": str(cache)},
        stdout=theirs,
        stderr=theirs,
        check=False,
    )
    os.close(theirs)
    reader.join()
    os.close(ours)
    text = b"".join(taken).decode("utf-8")
    assert ended.returncode == 0, text
    return text


def acting(text: str) -> list[str]:
    """Characters that control a terminal, except those that rich sends."""
    return [
        c for c in RICH.sub("", text) if unicodedata.category(c) in ("Cc", "Cf") and c not in "\n\t"
    ]


@POSIX
@pytest.mark.slow
def test_no_name_acts_on_a_terminal(place: Path, tmp_path: Path) -> None:
    lines = commands(place, tmp_path)
    reported = tmp_path / "commands.json"
    reported.write_text(json.dumps(lines), encoding="ascii")
    text = on_a_terminal([sys.executable, "-c", SCRIPT, str(reported)], tmp_path)
    parts = re.split(r"^# ", text, flags=re.MULTILINE)[1:]
    assert len(parts) == len(lines), text
    for words, part in zip(lines, parts, strict=True):
        assert acting(part) == [], (words, part)
        assert "Traceback" not in part, part
        bare = re.findall(r"(?<![\]-])xyzzy", RICH.sub("", part))
        assert bare == [], (words, part)
        if "--json" in words:
            last = [line for line in RICH.sub("", part).splitlines() if line.startswith("{")]
            assert json.loads(last[-1]), part
    assert text.count("\\x1b]0;t") > len(lines) / 2


class Terminal(io.StringIO):
    """Records its input."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@pytest.fixture
def take_over(monkeypatch: pytest.MonkeyPatch) -> Callable[[], Terminal]:
    """Gives the command line a terminal for both its streams, for as long as the test takes."""

    def taken() -> Terminal:
        made = Terminal()
        monkeypatch.setattr(sys, "stdout", made)
        monkeypatch.setattr(sys, "stderr", made)
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.delenv("NO_COLOR", raising=False)
        _streams.make_readable()
        return made

    return taken


def test_what_is_printed_acts_on_no_terminal(take_over: Callable[[], Terminal]) -> None:
    terminal = take_over()
    print(TEXT, "über\u3000日本 \u200d \xa0\tend")
    said = terminal.getvalue()
    assert acting(said.replace("\u200d", "")) == []
    assert "\\x1b]0;t\\x07\\x1b[2J\\x9b31m\\r\\u202e\\x1b[35;7m\\u007f[bold]xyzzy" in said
    assert said.endswith("über\u3000日本 \u200d \xa0\tend\n")


def test_tables_and_bars_show_text_as_it_is(take_over: Callable[[], Terminal]) -> None:
    terminal = take_over()
    table = Table(TEXT, box=None)
    table.add_row(TEXT)
    table.add_row(Text(NAME, "bold"))
    screen = Screen()
    screen.width = 1000
    screen.print(table)
    screen.print(TEXT)
    bar = Progress(console=screen)
    with live(bar):
        bar.add_task("working")
        print(TEXT)
        sys.stderr.write(NAME + "\n")
    said = terminal.getvalue()
    assert acting(said) == []
    assert "\x1b[1m" in said, "rich's own styles are left"
    bare = RICH.sub("", said)
    assert bare.count("[bold]xyzzy[/bold][link=https://example.org]xyzzy[/link]") == 4
    assert bare.count(":dog:") == 4
    assert bare.count("[bold]xyzzy") == 6


def test_names_are_the_same_in_json(take_over: Callable[[], Terminal]) -> None:
    terminal = take_over()
    print(json.dumps({"name": TEXT, "bytes": "a\udce9"}))
    assert json.loads(terminal.getvalue()) == {"name": TEXT, "bytes": "a\udce9"}


def test_a_pipe_gets_the_escapes_too() -> None:
    ended = CliRunner().invoke(app, ["list", NAME])
    assert ended.exit_code == 2
    assert "\\x1b[2J" in ended.stderr
    assert acting(ended.stderr) == []


def test_there_is_one_console() -> None:
    cli = REPO / "wavegan" / "cli"
    makers = [f.name for f in cli.glob("*.py") if re.search(r"\bConsole\b", f.read_text())]
    assert makers == ["_screen.py"]
