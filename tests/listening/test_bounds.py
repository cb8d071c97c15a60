"""Impossible results are refused in one line before they are analysed."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wavegan.errors import UserError
from wavegan.listening import abx, mushra
from wavegan.listening.plan import ListeningTest
from wavegan.listening.results import LARGEST, collect


def whole(kind: str = "mushra") -> dict[str, Any]:
    """A result as a page writes it."""
    names = [{"name": n, "role": "system"} for n in ("ours", "theirs")]
    given = [{"condition": n["name"], "rating": 50} for n in names]
    reported = {"a": "ours", "b": "theirs", "x": "ours", "answer": "ours"}
    answer = reported if kind == "abx" else {"ratings": given}
    return {
        "format": "wavegan listening results",
        "version": 1,
        "test": {"id": "t", "kind": kind, "title": "T", "trials": 1, "conditions": names},
        "listener": {"name": "ann", "session": "1"},
        "saved": "2026",
        "trials": [{"trial": 0, "clip": "c", "done": True, **answer}],
    }


def changed(content: dict[str, Any], *places: Any, value: Any) -> dict[str, Any]:
    inner: Any = content
    for place in places[:-1]:
        inner = inner[place]
    inner[places[-1]] = value
    return content


def many(count: int) -> list[dict[str, str]]:
    return [{"name": f"s{n}", "role": "system"} for n in range(count)]


TRIAL = whole()["trials"][0]
BAD = {
    "2,000 conditions": (whole(), ("test", "conditions"), many(2000), "test.conditions"),
    "no conditions": (whole(), ("test", "conditions"), [], "test.conditions"),
    "twice": (whole(), ("test", "conditions"), many(1) * 2, "test.conditions"),
    "a long name": (whole(), ("listener", "name"), "x" * 100_000, "listener.name"),
    "a long title": (whole(), ("test", "title"), "x" * 100_000, "test.title"),
    "a long comment": (whole(), ("comment",), "x" * 100_000, "comment"),
    "a huge number": (whole(), ("trials", 0, "trial"), 10**4000, "trials.0.trial"),
    "a negative number": (whole(), ("trials", 0, "trial"), -1, "trials.0.trial"),
    "a rating of NaN": (
        whole(), ("trials", 0, "ratings", 0, "rating"), float("nan"), "trials.0.ratings.0.rating"
    ),
    "rated twice": (
        whole(), ("trials", 0, "ratings"), TRIAL["ratings"][:1] * 2, "trial 0 rates a condition"
    ),
    "many trials": (
        whole(), ("trials",), [{**TRIAL, "trial": n} for n in range(6000)], "trials"
    ),
    "many answers": (
        whole(), ("trials",), [{**TRIAL, "trial": n} for n in range(3000)], "6,000 answers"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_no_page_writes_is_refused_by_its_field(tmp_path: Path, name: str) -> None:
    content, places, value, field = BAD[name]
    file = tmp_path / "result.json"
    file.write_text(json.dumps(changed(content, *places, value=value)))
    with pytest.raises(UserError, match=field) as refusal:
        collect([file])
    assert "\n" not in str(refusal.value)
    assert len(str(refusal.value)) < 1000


@pytest.mark.parametrize("text", ["[" * 100_000, "9" * 100_000, "{" * 10 + "}" * 10])
def test_what_json_itself_cannot_hold_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "result.json").write_text(text)
    with pytest.raises(UserError, match=r"result\.json"):
        collect([tmp_path])


def test_a_large_file_is_not_even_read(tmp_path: Path) -> None:
    with (tmp_path / "result.json").open("wb") as file:
        file.truncate(20 * LARGEST)
    with pytest.raises(UserError, match=r"too large .*160 MB"):
        collect([tmp_path])


def test_results_that_tell_one_test_differently_are_not_mixed(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(whole("abx")))
    other = whole("abx")
    other["listener"]["name"] = "bob"
    other["test"]["conditions"] = [*many(1), *other["test"]["conditions"]]
    other["trials"][0]["a"] = "s0"
    (tmp_path / "b.json").write_text(json.dumps(other))
    collected = collect([tmp_path])
    assert [Path(one.file).name for one in collected.refused] == ["b.json"]
    assert len(abx.score(collected).pairs) == 1


def test_no_page_is_made_whose_results_would_be_refused(tmp_path: Path) -> None:
    folders = [tmp_path / str(n) for n in range(40)]
    with pytest.raises(UserError, match="43 conditions"):
        ListeningTest(reference=tmp_path).check(folders)
    with pytest.raises(UserError, match="lower --trials"):
        ListeningTest(test="abx", trials=200).check(folders[:20])
    ListeningTest(reference=tmp_path, clips=100).check(folders[:20])


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)
places = st.sampled_from(
    [
        ("test",), ("test", "conditions"), ("test", "conditions", 0), ("test", "kind"),
        ("test", "trials"), ("listener",), ("listener", "name"), ("saved",), ("trials",),
        ("trials", 0), ("trials", 0, "ratings"), ("trials", 0, "ratings", 0, "rating"),
        ("trials", 0, "ratings", 0, "condition"), ("trials", 0, "done"), ("trials", 0, "a"),
        ("trials", 0, "answer"), ("version",),
    ]
)  # fmt: skip


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(places, json_values, st.sampled_from(["mushra", "abx"]))
def test_a_result_with_anything_in_it_is_scored_or_refused(
    tmp_path: Path, place: tuple[Any, ...], value: object, kind: str
) -> None:
    content = {**whole("abx"), "trials": [{**TRIAL, **whole("abx")["trials"][0]}]}
    content["test"]["kind"] = kind
    file = tmp_path / "result.json"
    file.write_text(json.dumps(changed(content, *place, value=value)))
    try:
        collected = collect([file])
        score = abx.score if collected.test.kind == "abx" else mushra.score
        json.dumps(score(collected).to_dict())
    except UserError:
        pass
