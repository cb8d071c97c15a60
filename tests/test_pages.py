"""Templates: untrusted text stays text everywhere; undefined values are refused."""

import io
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from jinja2 import UndefinedError

from wavegan.pages import Templates, is_own_page

PACKAGE = Path(__file__).resolve().parents[1] / "wavegan"
TEMPLATES = sorted(PACKAGE.glob("*/templates/*"))
EVIL = "</p><script>hit=1</script>&amp;\x1b[2J\x9b31m\u202e\udcff\"'>"
SPELT = "</p><script>hit=1</script>&amp;\\x1b[2J\\x9b31m\\u202e\\xff\"'>"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "inner.html").write_text('<b title="{{ text }}">{{ text }}</b>')
    (tmp_path / "outer.html").write_text(
        "{% macro row(text) %}<i>{{ text }}</i>{% endmacro %}"
        "<p>{{ inner }}{{ row(text) }}{{ 'of %s' | format(text) }}</p>"
    )
    (tmp_path / "raw.html").write_text("{{ asset('a.css') }}{{ nothing }}{{ values.missing }}")
    (tmp_path / "a.css").write_text("a > b { content: '{{ x }}' }")
    (tmp_path / "json.html").write_text('<script id="test">{{ values | tojson }}</script>')
    (tmp_path / "long.html").write_text("{% for part in parts %}{{ part }}{% endfor %}")
    return tmp_path


class Seen(HTMLParser):
    """Elements, attributes and texts as a browser reads them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.values: list[str | None] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.values += [value for _, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data


def test_text_is_text_in_elements_attributes_macros_and_filters(folder: Path) -> None:
    templates = Templates(folder, folder)
    inner = templates.fill("inner.html", text=EVIL)
    page = templates.fill("outer.html", inner=inner, text=EVIL)
    seen = Seen(page)
    assert seen.elements == ["p", "b", "i"]
    assert seen.values == [SPELT]
    assert seen.text == f"{SPELT}{SPELT}of {SPELT}"
    assert not set("\x1b\x9b\u202e\udcff") & set(page)


def test_what_was_not_given_is_refused_and_none_is_nothing(folder: Path) -> None:
    templates = Templates(folder, folder)
    for values in ({"nothing": None}, {"values": {"missing": 1}}, {"nothing": 1, "values": {}}):
        with pytest.raises(UndefinedError):
            templates.fill("raw.html", **values)
    filled = templates.fill("raw.html", nothing=None, values={"missing": 1})
    assert filled == "a > b { content: '{{ x }}' }1"


def test_json_in_a_script_ends_no_script_and_keeps_its_order(folder: Path) -> None:
    page = Templates(folder, folder).fill("json.html", values={"z": EVIL, "a": 1})
    assert page.startswith('<script id="test">{"z": ')
    assert page.count("</script>") == 1
    assert page.isprintable()


def test_what_is_long_is_written_as_it_comes(folder: Path) -> None:
    file = io.StringIO()

    def parts() -> Iterator[str]:
        yield "first"
        assert file.getvalue() == "first"
        yield "second"

    Templates(folder, folder).write("long.html", file, parts=parts())
    assert file.getvalue() == "firstsecond"


def test_our_own_pages_are_recognised(tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    assert not is_own_page(file, "me")
    for text, ours in (('<meta name="generator" content="me"/>', True), ("me", False)):
        file.write_text(text)
        assert is_own_page(file, "me") is ours


@pytest.mark.parametrize("file", TEMPLATES, ids=lambda file: f"{file.parts[-3]}/{file.name}")
def test_no_template_lets_text_pass_or_leaves_an_attribute_open(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    # these join text to markup, or call it markup, past what spells characters out
    assert not re.search(r"\| *(safe|join|xmlattr)|~|autoescape|Markup", text)
    assert not re.search(r"=\{\{", text)


def test_templates_are_found() -> None:
    assert {file.parts[-3] for file in TEMPLATES} == {"listening", "reports"}
