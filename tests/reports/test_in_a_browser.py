"""The page as a browser has it: offline, on a phone and on a desk, played by mouse and keys."""

import io
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
    lines += [{"kind": "validation", "step": n, "mel_distance": 9 / n} for n in range(10, 80, 10)]
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
    """Opens the page offline; what went wrong, or was asked for from elsewhere, fails the test."""
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


def playing(page: Any) -> list[int]:
    """Which players sound."""
    found: list[int] = page.evaluate(
        "[...document.querySelectorAll('audio')].flatMap((a, n) => a.paused ? [] : [n])"
    )
    return found


def wait_until(page: Any, condition: str) -> None:
    """Playwright's own waiting would evaluate text in the page, which its policy forbids."""
    for _ in range(500):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(20)
    pytest.fail(f"never: {condition}")


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
    # text is told from the ground: at least 7 to 1 (WCAG 2.2, enhanced)
    colours = page.evaluate(
        "(s => [s.color, s.backgroundColor])(getComputedStyle(document.body))"
        ".map(c => c.match(/\\d+/g).slice(0, 3).map(Number))"
    )
    light = sorted(_luminance(colour) for colour in colours)
    assert (light[1] + 0.05) / (light[0] + 0.05) > 7


def _luminance(colour: list[int]) -> float:
    share = np.asarray(colour) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return float(linear @ np.asarray([0.2126, 0.7152, 0.0722]))


def test_it_plays_and_pauses_by_a_click(open_page: Callable[..., Any]) -> None:
    page = open_page(DESK)
    button = page.locator(".card button").first
    assert button.get_attribute("aria-label") == "Play 00_one, original"
    button.click()
    wait_until(page, "document.querySelector('audio').currentTime > 0.2")
    assert playing(page) == [0]
    assert button.get_attribute("aria-label") == "Pause 00_one, original"
    wait_until(page, "document.querySelector('.picture i').style.left > '3'")
    button.click()
    assert playing(page) == []
    stopped = times(page)[0]
    assert page.locator(".time").first.inner_text() == f"{stopped:.1f} / 4.0 s"


def test_switching_columns_keeps_the_place(open_page: Callable[..., Any]) -> None:
    page = open_page(DESK)
    buttons = page.locator(".card button")
    buttons.nth(0).click()
    wait_until(page, "document.querySelector('audio').currentTime > 0.7")
    buttons.nth(1).click()
    wait_until(page, "document.querySelectorAll('audio')[1].currentTime > 0.8")
    assert playing(page) == [1]
    first, second = times(page)[:2]
    assert first >= 0.7
    assert second == pytest.approx(first, abs=0.8)
    page.keyboard.press("3")
    wait_until(page, "document.querySelectorAll('audio')[2].currentTime > 0.8")
    assert playing(page) == [2]
    # a clip of another row begins at its own place
    page.locator(".clip").nth(1).locator("button").first.click()
    wait_until(page, "!document.querySelectorAll('audio')[3].paused")
    assert playing(page) == [3]
    assert page.evaluate("document.querySelectorAll('audio')[3].currentTime") < 0.5


def test_the_keys_play_move_and_loop(open_page: Callable[..., Any]) -> None:
    page = open_page(DESK)
    page.keyboard.press("Space")
    wait_until(page, "document.querySelector('audio').currentTime > 0.1")
    page.keyboard.press("Space")
    assert playing(page) == []
    before = times(page)[0]
    page.keyboard.press("ArrowRight")
    # a tenth of the clip, at most a second
    assert times(page)[0] == pytest.approx(before + 0.4, abs=0.02)
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    assert times(page)[0] == pytest.approx(max(0, before - 0.4), abs=0.02)
    page.keyboard.press("l")
    assert page.locator("#loop").get_attribute("aria-pressed") == "true"
    assert page.evaluate("[...document.querySelectorAll('audio')].every(a => a.loop)")


def test_players_are_reached_and_used_by_tab_and_space(open_page: Callable[..., Any]) -> None:
    page = open_page(DESK)
    for _ in range(40):
        page.keyboard.press("Tab")
        label = page.evaluate("document.activeElement.getAttribute('aria-label')")
        if label and label.startswith("Play"):
            break
    assert label == "Play 00_one, original"
    page.keyboard.press("Space")
    wait_until(page, "document.querySelector('audio').currentTime > 0.1")
    page.keyboard.press("Space")
    assert playing(page) == []


def test_a_click_in_a_picture_goes_there(open_page: Callable[..., Any]) -> None:
    page = open_page(DESK)
    picture = page.locator(".picture").first
    box = picture.bounding_box()
    picture.click(position={"x": box["width"] / 2, "y": 10})
    assert times(page)[0] == pytest.approx(2.0, abs=0.05)
    assert playing(page) == []
    page.keyboard.press("Space")
    wait_until(page, "document.querySelector('audio').currentTime > 2.1")
    page.locator(".clip").first.locator(".picture").nth(1).click(position={"x": 1, "y": 10})
    wait_until(page, "!document.querySelectorAll('audio')[1].paused")
    assert playing(page) == [1]
    assert times(page)[1] < 1.5


def test_a_clip_ends_at_its_beginning(open_page: Callable[..., Any]) -> None:
    page = open_page(DESK)
    box = page.locator(".picture").first.bounding_box()
    page.locator(".picture").first.click(position={"x": 0.95 * box["width"], "y": 10})
    page.locator(".card button").first.click()
    wait_until(page, "document.querySelector('audio').ended")
    wait_until(page, "document.querySelector('.time').textContent.startsWith('0.0 ')")


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
    told = phone.locator(".chart output").first.inner_text()
    assert told.startswith("step 70: ")
    assert "0.1286" in told  # 9 / 70


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
