"""Untrusted texts stay text in a page: no element, no script, no change of direction."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from wavegan.listening import page as listening_page
from wavegan.reports import report

EVIL = "</script></title><script>hit=1</script><img src=x onerror=hit=1>\x1b[2J\x9b31m\u202e\"'"


def test_alarms_and_evaluations_make_no_elements(
    make_run: Callable[..., Path],
    line: Callable[..., dict[str, Any]],
    parsed: Callable[..., Any],
    chromium: Any,
    tmp_path: Path,
) -> None:
    alarm = {"kind": "alarm", "step": 5, "text": EVIL}
    run = make_run(tmp_path / "run<b>hit", [line(5), alarm])
    system = {"name": EVIL, "metrics": {EVIL: {"mean": 1.0, "ci95": [0.5, 1.5], "n": 3}}}
    reported = {"systems": [system], "settings": {EVIL: EVIL}, "left_out": [{"reason": EVIL}]}
    (run / "evaluation<img>.json").write_text(json.dumps(reported))
    out = report.write([run], tmp_path / "page.html", metrics=False).path
    text = out.read_text(encoding="utf-8")
    assert not any("onerror" in each.attributes for each in parsed(out).all())
    assert "<script>hit" not in text
    assert not set("\x1b\x9b\u202e") & set(text)
    opened = chromium.new_page()
    opened.goto(out.as_uri())
    assert opened.evaluate("typeof hit") == "undefined"
    assert "\\x1b[2J\\x9b31m\\u202e" in opened.inner_text("body")
    opened.close()


def test_a_listening_page_keeps_its_title_as_text(tmp_path: Path) -> None:
    test = {"title": EVIL, "id": "t"}
    listening_page.write(tmp_path, test, [], embed=False)
    text = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "<script>hit" not in text
    assert "<img" not in text
    assert json.loads(text.split('id="test">')[1].split("</script>")[0]) == test
