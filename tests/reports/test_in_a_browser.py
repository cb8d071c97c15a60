"""The page in a browser: offline, on a phone and on a desktop, with mouse and keys."""

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from wavegan.reports import report

PHONE, DESK = (390, 844), (1280, 900)


@pytest.fixture(scope="module")
def page_file(
    make_run: Callable[..., Path],
    tone: Callable[..., Path],
    line: Callable[..., dict[str, Any]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """Two runs with long names, an alarm, a NaN, and clips of 4 seconds."""
    folder = tmp_path_factory.mktemp("browser")
    lines = [
        line(step, **{"generator/total": None if step == 40 else 2.0}) for step in range(1, 80)
    ]
    lines += [{"kind": "validation", "step": n, "log_mel_l1": 9 / n} for n in range(10, 80, 10)]
    lines += [{"kind": "alarm", "step": 50, "text": "mode collapse: all clips are alike"}]
    runs = []
    for name in ("a-voice-with-a-long-name_and_no_spaces_in_it_whatever", "other"):
        run = make_run(folder / name, lines)
        for file in run.rglob("*.wav"):
            tone(file, seconds=4)
        runs.append(run)
    return report.write(runs, folder / "page.html", metrics=False).path


@pytest.fixture
def open_page(chromium: Any, page_file: Path) -> Iterator[Callable[..., Any]]:
    """Opens the page offline; errors and requests to other servers fail the test."""
    contexts, wrong = [], []

    def opened(size: tuple[int, int], **options: Any) -> Any:
        width, height = size
        context = chromium.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        context.set_offline(True)
        page = context.new_page()
        page.on("console", lambda message: wrong.append(message.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on(
            "request",
            lambda request: request.url.startswith(("file:", "data:")) or wrong.append(request.url),
        )
        page.goto(page_file.as_uri())
        return page

    yield opened
    for context in contexts:
        context.close()
    assert wrong == []


def times(page: Any) -> list[float]:
    """Where each player of the first clip is, in seconds."""
    found: list[float] = page.evaluate(
        "[...document.querySelector('.clip').querySelectorAll('audio')].map(a => a.currentTime)"
    )
    return found


PLAYING = "[...document.querySelectorAll('audio')].flatMap((a, n) => a.paused ? [] : [n])"
AT = "document.querySelectorAll('audio')[{}].currentTime"


def note_starts(page: Any) -> None:
    """Record which player starts, where, and where the first one is then."""
    page.evaluate(
        """() => {
          const all = [...document.querySelectorAll('audio')];
          window.starts = [];
          all.forEach((a, n) => a.addEventListener('playing', () => {
            window.starts.push([n, a.currentTime, all[0].currentTime]);
          }));
        }"""
    )


@pytest.mark.parametrize(
    ("size", "scheme"), [(PHONE, "dark"), (DESK, "light")], ids=["phone", "desk"]
)
def test_it_fits_and_looks_like_something(
    open_page: Callable[..., Any], size: tuple[int, int], scheme: str, tmp_path: Path
) -> None:
    page = open_page(size, color_scheme=scheme)
    for summary in page.locator("summary").all():
        summary.click()
    wide = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert wide[0] <= wide[1]
    assert page.locator(".chart svg").count() > 8
    broken = "[...document.images].filter(i => !i.complete || !i.naturalWidth).length"
    assert page.evaluate(broken) == 0
    picture = tmp_path / "page.png"
    page.screenshot(path=picture)
    import matplotlib.image

    pixels = matplotlib.image.imread(io.BytesIO(picture.read_bytes()), format="png")
    assert pixels.shape[:2] == size[::-1]
    corner = pixels[2, 2, :3].mean()
    assert corner > 0.9 if scheme == "light" else corner < 0.15
    assert pixels.std() > 0.02
    # contrast of text and background: at least 7 to 1 (WCAG 2.2, enhanced)
    colours = page.evaluate(
        "(s => [s.color, s.backgroundColor])(getComputedStyle(document.body))"
        ".map(c => c.match(/\\d+/g).slice(0, 3).map(Number))"
    )
    light = sorted(_luminance(colour) for colour in colours)
    assert (light[1] + 0.05) / (light[0] + 0.05) > 7


@pytest.fixture(scope="module")
def full_page(
    make_run: Callable[..., Path],
    line: Callable[..., dict[str, Any]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """A run whose last step is labelled, narrow ranges, and a table of all metrics of many."""
    folder = tmp_path_factory.mktemp("full")
    lines = [
        line(step, **{"generator/total": -0.001 - 1e-5 * step / 20000, "rate/generator": 1e-3})
        for step in range(500, 20500, 500)
    ]
    figures = {
        "log_mel_l1": 0.00105,
        "mrstft": 12345.6,
        "a_figure_with_a_long_name_of_its_own": 1,
    }
    lines += [
        {"kind": "validation", "step": step, **{k: v * (1 + 1 / step) for k, v in figures.items()}}
        for step in range(1000, 21000, 1000)
    ]
    run = make_run(folder / "a-run-with-a-long-name_and_no_spaces_in_it_whatever", lines)
    keys = ("log_mel_l1", "mrstft", "pesq_wb", "periodicity_rmse", "loudness")
    systems = [
        {"name": name, "metrics": {key: _figure(1 + n, 30) for n, key in enumerate(keys)}}
        for name in ("a-system-with-a-long-name_and_no_spaces_in_it", "b", "c", "another one")
    ]
    floors = {name: {"metrics": systems[0]["metrics"]} for name in ("griffin_lim", "reference")}
    difference = {"mean_difference": 0.1, "ci95": [0.05, 0.15], "p_holm": 0.01, "verdict": "b wins"}
    comparison = {"system": "b", "against": "c", "metrics": dict.fromkeys(keys, difference)}
    content = {"systems": systems, "floors": floors, "comparisons": [comparison]}
    (run / "evaluation.json").write_text(json.dumps(content), encoding="utf-8")
    return report.write([run], folder / "page.html", metrics=False).path


def _figure(mean: float, count: int) -> dict[str, Any]:
    return {"mean": mean, "ci95": [mean * 0.95, mean * 1.05], "n": count}


@pytest.mark.parametrize("which", ["page_file", "full_page"])
@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
def test_tables_and_charts_are_whole(
    chromium: Any,
    size: tuple[int, int],
    which: str,
    request: pytest.FixtureRequest,
    whole: Callable[[Any], None],
) -> None:
    context = chromium.new_context(viewport={"width": size[0], "height": size[1]})
    page = context.new_page()
    page.goto(request.getfixturevalue(which).as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
    whole(page)
    # a table of metrics needs no scrolling on a phone; another one may have a box for it
    tables = page.evaluate(
        "[...document.querySelectorAll('table')]"
        ".map(t => [t.className, t.scrollWidth, t.closest('.scroll').clientWidth])"
    )
    assert tables
    narrow = [(own, room) for name, own, room in tables if name == "metrics" and size == PHONE]
    assert all(own <= room for own, room in narrow)
    if which == "full_page":
        assert page.locator(".plot text", has_text="20k").count() > 8
        assert (len(narrow) > 0) == (size == PHONE)
    context.close()


def _luminance(colour: list[int]) -> float:
    share = np.asarray(colour) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return float(linear @ np.asarray([0.2126, 0.7152, 0.0722]))


def test_it_plays_and_pauses_by_a_click(
    open_page: Callable[..., Any], when: Callable[..., Any]
) -> None:
    page = open_page(DESK)
    page.locator("#loop").click()  # on a busy machine it would end meanwhile
    button = page.locator(".card button").first
    assert button.get_attribute("aria-label") == "Play 00_one, original"
    button.click()
    assert when(page, f"{AT.format(0)} > 0.2", PLAYING) == [0]
    assert button.get_attribute("aria-label") == "Pause 00_one, original"
    when(page, "parseFloat(document.querySelector('.picture i').style.left) > 3")
    button.click()
    when(page, f"{PLAYING}.length === 0 && document.querySelector('.card .playing') === null")
    stopped = times(page)[0]
    reported = f"document.querySelector('.time').textContent === '{stopped:.1f} / 4.0 s'"
    when(page, reported)


def test_switching_columns_keeps_the_place(
    open_page: Callable[..., Any], when: Callable[..., Any]
) -> None:
    page = open_page(DESK)
    page.locator("#loop").click()
    note_starts(page)
    buttons = page.locator(".card button")
    buttons.nth(0).click()
    when(page, f"{AT.format(0)} > 0.7")
    for column, switch in ((1, buttons.nth(1).click), (2, lambda: page.keyboard.press("3"))):
        switch()
        begun = f"starts.find(([n]) => n === {column})"
        _, second, first = when(page, begun, begun)
        if column == 1:
            assert second == pytest.approx(first, abs=0.3)
        assert when(page, f"{AT.format(column)} > 0.8", PLAYING) == [column]
    # a clip of another row begins at its own place
    page.locator(".clip").nth(1).locator("button").first.click()
    begun = "starts.find(([n]) => n === 3)"
    assert when(page, begun, begun)[1] < 0.5
    when(page, f"{PLAYING}.join() === '3'")


def test_the_keys_play_move_and_loop(
    open_page: Callable[..., Any], when: Callable[..., Any]
) -> None:
    page = open_page(DESK)
    page.keyboard.press("l")
    assert page.locator("#loop").get_attribute("aria-pressed") == "true"
    assert page.evaluate("[...document.querySelectorAll('audio')].every(a => a.loop)")
    page.keyboard.press("Space")
    when(page, f"{AT.format(0)} > 0.1")
    page.keyboard.press("Space")
    when(page, f"{PLAYING}.length === 0")
    page.evaluate("document.querySelector('.picture').click()")  # at its left end
    when(page, f"{AT.format(0)} < 0.05")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    # a tenth of the clip each, at most a second
    when(page, f"Math.abs({AT.format(0)} - 0.8) < 0.05")
    page.keyboard.press("ArrowLeft")
    when(page, f"Math.abs({AT.format(0)} - 0.4) < 0.05")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    when(page, f"{AT.format(0)} === 0")


def test_players_are_reached_and_used_by_tab_and_space(
    open_page: Callable[..., Any], when: Callable[..., Any]
) -> None:
    page = open_page(DESK)
    page.locator("#loop").click()
    for _ in range(40):
        page.keyboard.press("Tab")
        label = page.evaluate("document.activeElement.getAttribute('aria-label')")
        if label and label.startswith("Play"):
            break
    assert label == "Play 00_one, original"
    page.keyboard.press("Space")
    when(page, f"{AT.format(0)} > 0.1")
    page.keyboard.press("Space")
    when(page, f"{PLAYING}.length === 0")


def test_a_click_in_a_picture_goes_there(
    open_page: Callable[..., Any], when: Callable[..., Any]
) -> None:
    page = open_page(DESK)
    page.locator("#loop").click()
    note_starts(page)
    picture = page.locator(".picture").first
    box = picture.bounding_box()
    picture.click(position={"x": box["width"] / 2, "y": 10})
    when(page, f"Math.abs({AT.format(0)} - 2.0) < 0.05")
    assert page.evaluate(PLAYING) == []
    page.keyboard.press("Space")
    when(page, f"{AT.format(0)} > 2.1")
    page.locator(".clip").first.locator(".picture").nth(1).click(position={"x": 1, "y": 10})
    begun = "starts.find(([n]) => n === 1)"
    assert when(page, begun, begun)[1] < 0.5
    when(page, f"{PLAYING}.join() === '1'")


def test_a_clip_ends_at_its_beginning(
    open_page: Callable[..., Any], when: Callable[..., Any]
) -> None:
    page = open_page(DESK)
    box = page.locator(".picture").first.bounding_box()
    page.locator(".picture").first.click(position={"x": 0.95 * box["width"], "y": 10})
    page.locator(".card button").first.click()
    when(page, "document.querySelector('audio').ended")
    when(page, "document.querySelector('.time').textContent.startsWith('0.0 ')")


def test_charts_are_read_out_by_pointer_touch_and_keys(open_page: Callable[..., Any]) -> None:
    page = open_page(DESK)
    figure = page.locator(".chart").nth(1)  # the generator's total: NaN at step 40
    output, plot = figure.locator("output"), figure.locator(".plot")
    still = output.inner_text()
    plot.focus()
    page.keyboard.press("End")
    assert output.inner_text().startswith("step 79: a-voice")
    page.keyboard.press("ArrowLeft")
    assert output.inner_text().startswith("step 78:")
    page.keyboard.press("Home")
    for _ in range(39):
        page.keyboard.press("ArrowRight")
    assert "step 40:" in output.inner_text()
    assert "not finite" in output.inner_text()
    plot.blur()
    assert output.inner_text() == still
    phone = open_page(PHONE, has_touch=True, is_mobile=True)
    plot = phone.locator(".chart .plot").first
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    phone.touchscreen.tap(box["x"] + box["width"] - 12, box["y"] + 60)
    reported = phone.locator(".chart output").first.inner_text()
    assert reported.startswith("step 70: ")
    assert "0.1286" in reported  # 9 / 70


def test_without_a_script_the_browsers_own_players_are_there(open_page: Callable[..., Any]) -> None:
    page = open_page(PHONE, java_script_enabled=False)
    assert page.locator("audio").first.is_visible()
    assert page.locator(".card button").count() == 0


def test_what_a_player_is_given_is_what_was_made(
    page_file: Path, parsed: Callable[..., Any]
) -> None:
    import base64

    audio = parsed(page_file).all("audio")[0].attributes
    data = base64.b64decode(audio["src"].split(",")[1])
    assert soundfile.info(io.BytesIO(data)).duration == 4
    assert audio["data-seconds"] == "4.0000"
