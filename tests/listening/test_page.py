"""The page as a listener uses it, in Chromium: ratings belong to what is heard.

Systems are tones of known pitches, so that the sound that is played can be identified: ratings
are given by the pitch that is heard, and have to come out under the system of that pitch.
"""

import http.server
import json
import math
import re
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from wavegan.audio import io
from wavegan.cli import app

RATE = 16000
SECONDS = 1.2
PITCHES = {"reference": 400, "zebra": 900, "okapi": 1500}
"""Hz; low enough for the 3.5 kHz anchor to be the reference again."""
GIVEN = {"reference": 100, "zebra": 93, "okapi": 5}


def call(*words: object) -> Result:
    return CliRunner(env={"WAVEGAN_DEBUG": None}).invoke(app, ["listen", *map(str, words)])


def tone(file: Path, hertz: float, overtone: float = 0.0) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    place = np.arange(round(SECONDS * RATE)) / RATE
    wave = 0.1 * np.sin(2 * math.pi * hertz * place)
    wave += overtone * np.sin(2 * math.pi * 6000 * place)
    io.write(file, wave.astype(np.float32)[None], RATE)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clips")
    for name, hertz in PITCHES.items():
        for clip in ("one", "two"):
            tone(folder / name / f"{clip}.wav", hertz)
    return folder


@pytest.fixture(scope="module")
def mushra(folders: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page in one file, of two clips and four conditions."""
    out = tmp_path_factory.mktemp("page") / "test"
    words = (folders / "zebra", folders / "okapi", "--reference", folders / "reference")
    result = call(*words, "--out", out, "--title", "Stripes & <spots>", "-q")
    assert result.exit_code == 0, result.output
    return out / "index.html"


@pytest.fixture(scope="module")
def abx(folders: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page with its sounds in a folder: two systems, three trials."""
    out = tmp_path_factory.mktemp("page") / "test"
    words = (folders / "zebra", folders / "okapi", "--test", "abx", "--trials", 3, "--no-embed")
    assert call(*words, "--out", out, "-q").exit_code == 0
    return out / "index.html"


Open = Callable[..., Any]


@pytest.fixture
def opened(chromium: Any) -> Iterator[Open]:
    """Opens a page in a separate browser; fails if it has errors at the end."""
    contexts, errors = [], []

    def at(page: Path | str, width: int = 1280, **options: Any) -> Any:
        context = chromium.new_context(
            viewport={"width": width, "height": 844}, accept_downloads=True, **options
        )
        contexts.append(context)
        tab = context.new_page()
        tab.set_default_timeout(60_000)
        tab.on("pageerror", lambda error: errors.append(str(error)))
        tab.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
        tab.goto(page.as_uri() if isinstance(page, Path) else page)
        return tab

    yield at
    for context in contexts:
        context.close()
    assert errors == []


LISTEN = """async () => {
  const { player } = listening;
  const frame = () => new Promise(requestAnimationFrame);
  const end = performance.now() + 60000;
  while (!player.running && performance.now() < end) await frame();
  if (!player.running) return 0;
  const { context, running } = player;
  const meter = new AnalyserNode(context, { fftSize: 4096, smoothingTimeConstant: 0 });
  player.output.connect(meter);
  const bins = new Float32Array(meter.frequencyBinCount);
  // the cross-fade is over, and what is looked at is all from after it
  const settled = Math.max(context.currentTime, running.since) + 0.05 + 4096 / context.sampleRate;
  let best = 0;
  while (!best && performance.now() < end) {
    await frame();
    if (context.currentTime < settled) continue;
    meter.getFloatFrequencyData(bins);
    const loudest = bins.indexOf(Math.max(...bins));
    best = bins[loudest] > -60 ? (loudest * context.sampleRate) / 4096 : 0;
  }
  player.output.disconnect(meter);
  return best;
}"""


def heard(tab: Any) -> str:
    """The system whose pitch is playing now."""
    hertz = tab.evaluate(LISTEN)
    assert hertz, "nothing is heard"
    return min(PITCHES, key=lambda name: abs(PITCHES[name] - hertz))


def heard_enough(tab: Any, label: str) -> None:
    """Wait until a sound was played for as long as the page requires."""
    tab.locator(f"button.heard[aria-label='Hear {label}']").wait_for()


def begin(tab: Any, name: str) -> None:
    tab.get_by_label("Your name or a pseudonym").fill(name)
    tab.get_by_role("button", name="Begin").click()
    tab.get_by_role("heading", name="Practice").wait_for()
    tab.get_by_role("button", name="Begin the test").click()
    # its sounds are there once its heading is
    tab.get_by_role("heading", name=re.compile("^(Clip 1|Trial 1|This clip cannot)")).wait_for()


def rate_by_keys(tab: Any, page: int) -> None:
    """One MUSHRA trial by the keyboard alone: what is heard decides what is given."""
    tab.get_by_role("heading", name=f"Clip {page}").wait_for()
    tab.keyboard.press("r")
    assert heard(tab) == "reference"
    heard_enough(tab, "Reference")
    for letter in "abcd":
        tab.keyboard.press(letter)
        wanted = GIVEN[heard(tab)]
        slider = tab.get_by_role("slider", name=f"Rating of {letter.upper()}")
        assert slider.evaluate("element => element === document.activeElement")
        near, step = ("End", "ArrowLeft") if wanted > 50 else ("Home", "ArrowRight")
        tab.keyboard.press(near)
        for _ in range(min(wanted, 100 - wanted)):
            tab.keyboard.press(step)
        assert slider.input_value() == str(wanted)
        heard_enough(tab, letter.upper())
    tab.keyboard.press("Enter")


def saved(tab: Any, folder: Path) -> Path:
    with tab.expect_download() as download:
        tab.get_by_role("button", name="Save the results").click()
    file = folder / download.value.suggested_filename
    download.value.save_as(file)
    return file


def test_ratings_by_keyboard_come_out_under_what_was_heard(
    mushra: Path, opened: Open, tmp_path: Path
) -> None:
    tab = opened(mushra)
    begin(tab, "Ána Ünlü")
    for page in (1, 2):
        if page == 2:
            tab.reload()
            tab.get_by_text("You were at 2 of 2").wait_for()
            tab.get_by_role("button", name="Continue").press("Enter")
        rate_by_keys(tab, page)
    file = saved(tab, tmp_path)
    assert re.fullmatch(r"results-Stripes-spots-Ána-Ünlü-\d{4}-\d\d-\d\d\.json", file.name)
    results = json.loads(file.read_text(encoding="utf-8"))
    assert results["complete"]
    for trial in results["trials"]:
        given = {r["condition"]: r["rating"] for r in trial["ratings"]}
        assert given == {**GIVEN, "anchor 3.5 kHz": 100}
        assert all(seconds >= 0.4 for seconds in trial["heard"].values())
    assert {t["clip"] for t in results["trials"]} == {"one", "two"}

    scored = json.loads(call("--score", tmp_path, "--json").stdout)
    means = {system["name"]: system["mean"] for system in scored["systems"]}
    assert means == {**GIVEN, "anchor 3.5 kHz": 100}
    assert scored["listeners"] == ["Ána Ünlü"]


def test_answers_by_mouse_on_a_phone_from_a_server(abx: Path, opened: Open, tmp_path: Path) -> None:
    """Right answers by what is heard; a wrong one on purpose is counted as wrong."""
    with served(abx.parent) as address:
        tab = opened(address, width=390, has_touch=True)
        begin(tab, "")
        for page in range(1, 4):
            tab.get_by_role("heading", name=f"Trial {page}").wait_for()
            sounds = {}
            for label in "ABX":
                tab.get_by_role("button", name=f"Hear {label}").tap()
                sounds[label] = heard(tab)
                heard_enough(tab, label)
            assert {sounds["A"], sounds["B"]} == {"zebra", "okapi"}
            right = "A" if sounds["X"] == sounds["A"] else "B"
            choice = right if page > 1 else "AB".replace(right, "")
            tab.get_by_role("radio", name=choice).check()
            width = tab.evaluate("document.documentElement.scrollWidth")
            assert width <= 390
            tab.get_by_role("button", name="Next").tap()
        tab.get_by_text("You were right in 2 of 3 trials.").wait_for()
        file = saved(tab, tmp_path)
    assert file.name.startswith("results-Listening-test-listener-")
    pair = json.loads(call("--score", file, "--json").stdout)["pairs"][0]
    assert (pair["right"], pair["total"]) == (2, 3)
    assert pair["p"] == pytest.approx(4 / 8)


class served:
    """A static web server for a folder."""

    def __init__(self, folder: Path) -> None:
        class Quiet(http.server.SimpleHTTPRequestHandler):
            def log_message(self, *_words: object) -> None:
                pass

        handler = partial(Quiet, directory=str(folder))
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)

    def __enter__(self) -> str:
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{self.server.server_port}/index.html"

    def __exit__(self, *_error: object) -> None:
        self.server.shutdown()
        self.server.server_close()


def test_the_source_names_no_system_and_sizes_do_not_tell(mushra: Path, abx: Path) -> None:
    for page in (mushra, abx):
        source = page.read_text(encoding="utf-8")
        for name in ("zebra", "okapi", "anchor 3.5", "one.wav"):
            assert name not in source
    files = list((abx.parent / "audio").iterdir())
    assert all(re.fullmatch(r"[0-9a-f]{16}\.js", file.name) for file in files)
    assert len(files) == 4
    for trial in trials(abx):
        sizes = {(abx.parent / "audio" / f"{name}.js").stat().st_size for name in trial["files"]}
        assert len(sizes) == 1
    for trial in trials(mushra):
        assert trial["reference"] not in trial["files"]


def trials(page: Path) -> list[dict[str, Any]]:
    found = re.search(r'id="test">(.*?)</script>', page.read_text(encoding="utf-8"))
    assert found
    trials: list[dict[str, Any]] = json.loads(found[1])["trials"]
    return trials


def test_nothing_is_lost_by_a_reload_and_parts_can_be_saved(
    mushra: Path, opened: Open, tmp_path: Path
) -> None:
    tab = opened(mushra)
    begin(tab, "Bo")
    order = tab.evaluate("JSON.stringify([session.order, session.takes(0), session.takes(1)])")
    tab.keyboard.press("b")
    heard_as = heard(tab)
    heard_enough(tab, "B")
    tab.get_by_role("slider", name="Rating of B").fill("41")
    tab.get_by_label("Comment (optional)").fill("it hums")
    tab.reload()
    tab.get_by_role("button", name="Continue").click()
    slider = tab.get_by_role("slider", name="Rating of B")
    slider.wait_for()
    assert slider.input_value() == "41"
    assert slider.get_attribute("aria-valuetext") == "41, Fair"
    unrated = tab.get_by_role("slider", name="Rating of A")
    assert unrated.get_attribute("aria-valuetext") == "not rated yet"
    assert tab.get_by_label("Comment (optional)").input_value() == "it hums"
    assert order == tab.evaluate(
        "JSON.stringify([session.order, session.takes(0), session.takes(1)])"
    )
    tab.keyboard.press("Escape")
    tab.get_by_role("button", name="Next").click()
    status = tab.locator("#status").inner_text()
    assert status == "Before you continue: listen to Reference, A, C, D; rate A, C, D."
    with tab.expect_download() as download:
        tab.get_by_role("button", name="Save what I have so far").click()
    results = json.loads(Path(download.value.path()).read_text(encoding="utf-8"))
    assert not results["complete"]
    (trial,) = results["trials"]
    assert (trial["done"], trial["comment"]) == (False, "it hums")
    given = {r["condition"]: r["rating"] for r in trial["ratings"] if r["rating"] is not None}
    assert set(given.values()) == {41}
    assert set(given) <= ({heard_as} | {"anchor 3.5 kHz"})


WATCH = """async () => {
  const { player } = listening;
  const found = [];
  for (let turns = 0, before = player.position; turns < 2; ) {
    await new Promise(requestAnimationFrame);
    const now = player.position;
    turns += now < before;
    before = now;
    found.push(now);
  }
  return [Math.min(...found), Math.max(...found)];
}"""
"""The least and the greatest place while a region is played twice."""


def test_switching_keeps_the_place_and_a_region_repeats(
    mushra: Path, opened: Open, when: Callable[..., Any]
) -> None:
    tab = opened(mushra)
    begin(tab, "Cy")
    tab.keyboard.press("a")
    places = "[listening.player.position, listening.player.context.currentTime]"
    sounds = "listening.player.playing && listening.player.position > 0"
    before = when(tab, sounds, places)
    tab.keyboard.press("b")
    after = when(tab, "listening.player.current === 2", places)
    length = tab.evaluate("listening.player.duration")
    assert length == pytest.approx(SECONDS + 0.4, abs=0.01)
    moved, passed = after[0] - before[0], after[1] - before[1]
    # it may have started again in the meantime
    assert math.remainder(moved - passed, length) == pytest.approx(0, abs=0.02)

    tab.evaluate("listening.player.loop(0.3, 0.7)")
    least, greatest = tab.evaluate(WATCH)
    assert 0.3 <= least < greatest < 0.7
    tab.keyboard.press("\\")
    when(tab, "!listening.player.partial")
    assert tab.evaluate("listening.player.region") == [0, length]
    tab.keyboard.press("Space")
    stopped, clock = when(tab, "!listening.player.playing", places)
    later = f"listening.player.context.currentTime > {clock} + 0.1"
    assert when(tab, later, "listening.player.position") == stopped
    assert not tab.evaluate("listening.player.playing")
    box = tab.get_by_role("slider", name="Position").bounding_box()
    middle = box["y"] + box["height"] / 2
    tab.mouse.move(box["x"] + box["width"] / 4, middle)
    tab.mouse.down()
    tab.mouse.move(box["x"] + box["width"] / 2, middle)
    tab.mouse.up()
    region = when(tab, "listening.player.partial", "listening.player.region")
    assert region == pytest.approx([length / 4, length / 2], abs=0.02)


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("test", ["mushra", "abx"])
def test_pages_are_whole(
    test: str,
    width: int,
    folders: Path,
    opened: Open,
    whole: Callable[[Any], None],
    tmp_path: Path,
) -> None:
    """From the first page to the last, with a long title, and a comment without a space in it."""
    title = "A-title-that-is-long_and_has_no_space_in_it_whatever_happens, but one"
    words = (folders / "zebra", folders / "okapi", "--test", test, "--clips", 1, "--trials", 1)
    reference = ("--reference", folders / "reference") if test == "mushra" else ()
    made = call(*words, *reference, "--title", title, "--out", tmp_path / "page", "-q")
    assert made.exit_code == 0, made.output
    tab = opened(tmp_path / "page" / "index.html", width=width)
    whole(tab)
    tab.get_by_role("button", name="Begin").click()
    for heading, button in (("Practice", "Begin the test"), ("^(Clip|Trial) 1", "Next")):
        tab.get_by_role("heading", name=re.compile(heading)).wait_for()
        tab.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
        whole(tab)
        tab.get_by_role("button", name=button).click()
    tab.get_by_text("Before you continue").wait_for()
    tab.get_by_label("Comment (optional)").fill("x" * 300)
    whole(tab)
    tab.evaluate("go(session.count)")
    tab.get_by_role("button", name="Save the results").wait_for()
    whole(tab)


def test_a_damaged_sound_can_be_skipped(mushra: Path, opened: Open, tmp_path: Path) -> None:
    """The first trial's sounds are damaged: it is skipped, and the results say so."""
    tab = opened(mushra)
    tab.evaluate("""() => {
      for (const name of test.trials[session.order[0]].files) listening.sounds.set(name, "AAAA");
    }""")
    begin(tab, "Di")
    tab.get_by_role("heading", name="This clip cannot be played").wait_for()
    tab.get_by_role("button", name="Skip it").click()
    tab.get_by_role("heading", name="Clip 2").wait_for()
    (trial,) = [t for t in tab.evaluate("session.results()")["trials"] if t["position"] == 1]
    assert not trial["done"]
    assert "cannot decode the sound" in trial["skipped"]


def test_a_browser_that_keeps_nothing_says_so(mushra: Path, opened: Open) -> None:
    tab = opened("about:blank")
    tab.add_init_script("Storage.prototype.setItem = () => { throw new DOMException('full'); };")
    tab.goto(mushra.as_uri())
    tab.get_by_role("button", name="Begin").click()
    tab.get_by_role("heading", name="Practice").wait_for()
    tab.get_by_label("Volume").fill("0.5")
    assert "save your results before you close or reload it" in tab.locator("#status").inner_text()
