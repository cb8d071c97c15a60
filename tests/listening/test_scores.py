"""The analysis of results: numbers worked out by hand, screening, and untrusted files."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from wavegan.errors import UserError
from wavegan.listening import abx, binomial, mushra
from wavegan.listening.results import collect

CONDITIONS = {"reference": "reference", "ours": "system", "theirs": "system", "low": "anchor"}


def result(
    listener: str, trials: Sequence[Mapping[str, Any]], kind: str = "mushra", **changed: Any
) -> dict[str, Any]:
    names = [{"name": name, "role": role} for name, role in CONDITIONS.items()]
    numbered = [{"trial": n, "clip": f"clip{n}", "done": True, **t} for n, t in enumerate(trials)]
    test = {"id": "t1", "kind": kind, "title": "T", "trials": len(trials), "conditions": names}
    return {
        "format": "wavegan listening results",
        "version": 1,
        "test": {**test, **changed.pop("test", {})},
        "listener": {"name": listener, "session": changed.pop("session", listener)},
        "saved": changed.pop("saved", "2026-05-01T10:00:00Z"),
        "trials": numbered,
        **changed,
    }


def rated(**ratings: float | None) -> dict[str, Any]:
    return {"ratings": [{"condition": name, "rating": given} for name, given in ratings.items()]}


def answered(a: str, b: str, right: int, wrong: int) -> list[dict[str, Any]]:
    reported = [{"a": a, "b": b, "x": a, "answer": a}] * right
    return reported + [{"a": a, "b": b, "x": b, "answer": a}] * wrong


def save(folder: Path, **results: dict[str, Any] | str) -> Path:
    for name, content in results.items():
        text = content if isinstance(content, str) else json.dumps(content)
        (folder / f"{name}.json").write_text(text, encoding="utf-8")
    return folder


def test_a_listener_counts_once_however_many_trials(tmp_path: Path) -> None:
    """Means of 80 (two trials of 70 and 90) and of 50 (one trial) are 65 together, not 70."""
    one = result("ann", [rated(reference=100, ours=70), rated(reference=100, ours=90)])
    other = result("bob", [rated(reference=100, ours=50)])
    found = mushra.score(collect([save(tmp_path, ann=one, bob=other)]))
    rows = {row.name: row for row in found.rows}
    assert rows["ours"].rating.mean == 65
    assert rows["ours"].clips == {"clip0": 60, "clip1": 90}
    assert (found.unit, rows["ours"].rating.n, found.trials) == ("listeners", 2, 3)
    assert math.isnan(rows["theirs"].rating.mean)


def test_differences_are_of_the_same_clips_by_the_same_listeners(tmp_path: Path) -> None:
    """Six listeners who all like ours better: p = 2 / 2^6, times three pairs of systems."""
    names = "abcdef"
    results = {
        name: result(name, [rated(reference=100, ours=80 + n, theirs=70 - n)])
        for n, name in enumerate(names)
    }
    found = mushra.score(collect([save(tmp_path, **results)]))
    pairs = {(pair.a, pair.b): pair for pair in found.pairs}
    assert set(pairs) == {("reference", "ours"), ("reference", "theirs"), ("ours", "theirs")}
    best = pairs["ours", "theirs"]
    assert best.difference.mean == pytest.approx(10 + 2 * 2.5)
    assert best.p == pytest.approx(2 / 64)
    assert best.p_holm == pytest.approx(6 / 64)
    assert 10 <= best.difference.low < 15 < best.difference.high <= 20


def test_who_misses_the_hidden_reference_too_often_is_excluded_and_named(tmp_path: Path) -> None:
    """90 counts as heard; 3 of 20 trials is 15 % and passes, 1 of 6 is 17 % and does not."""
    good, low = rated(reference=90, ours=60), rated(reference=89, ours=20)
    save(
        tmp_path, ann=result("ann", [good] * 17 + [low] * 3), bob=result("bob", [good] * 5 + [low])
    )
    found = mushra.score(collect([tmp_path]))
    assert found.listeners == ("ann",)
    assert [str(one) for one in found.screened] == [
        "bob: rated the hidden reference under 90 in 1 of 6 trials"
    ]
    kept = mushra.score(collect([tmp_path]), keep_all=True)
    assert (kept.listeners, len(kept.screened)) == (("ann", "bob"), 1)
    (tmp_path / "ann.json").unlink()
    with pytest.raises(UserError, match=r"no listener is left .bob: .*--keep-all"):
        mushra.score(collect([tmp_path]))


def test_a_single_listener_is_resampled_by_clips(tmp_path: Path) -> None:
    reported = [rated(reference=100, ours=given) for given in (40, 50, 60)]
    found = mushra.score(collect([save(tmp_path, ann=result("ann", reported))]))
    row = next(row for row in found.rows if row.name == "ours")
    assert (found.unit, row.rating.n, row.rating.mean) == ("clips", 3, 50)
    assert "do not apply to other people" in found.warnings()[0]


def test_unfinished_trials_do_not_count(tmp_path: Path) -> None:
    reported = [rated(reference=100, ours=50), {**rated(reference=100, ours=0), "done": False}]
    found = mushra.score(collect([save(tmp_path, ann=result("ann", reported))]))
    assert next(row for row in found.rows if row.name == "ours").rating.mean == 50


def test_abx_counts_exactly(tmp_path: Path) -> None:
    """12 of 16 right: p = 2517/65536, and the interval that Clopper and Pearson's tables give."""
    ann = result("ann", answered("ours", "theirs", 8, 0), "abx")
    bob = result("bob", answered("theirs", "ours", 4, 4), "abx")
    (pair,) = abx.score(collect([save(tmp_path, ann=ann, bob=bob)])).pairs
    assert (pair.a, pair.b) == ("ours", "theirs")
    assert (pair.tally.right, pair.tally.total) == (12, 16)
    assert pair.p == 2517 / 65536
    assert pair.ci95 == pytest.approx((0.4762, 0.9273), abs=1e-4)
    assert pair.heard
    assert pair.verdict() == "The difference is heard."
    assert {n: (t.right, t.total) for n, t in pair.listeners.items()} == {
        "ann": (8, 8),
        "bob": (4, 8),
    }


def test_abx_pairs_are_adjusted_and_say_what_was_lacking(tmp_path: Path) -> None:
    """Two pairs: 12 of 16 alone is significant (0.038), as one of two it is not (0.077)."""
    reported = [
        *answered("ours", "theirs", 12, 4),
        *answered("reference", "ours", 8, 8),
    ]
    pairs = abx.score(collect([save(tmp_path, ann=result("ann", reported, "abx"))])).pairs
    by_name = {(pair.a, pair.b): pair for pair in pairs}
    near, none = by_name["ours", "theirs"], by_name["reference", "ours"]
    assert near.p_holm == pytest.approx(2 * 2517 / 65536)
    assert not near.heard
    assert near.needed == 28
    assert "it takes 28 trials to show it" in near.verdict()
    assert none.needed is None
    assert "12 right answers of 16" in none.verdict()
    few = abx.score(collect([save(tmp_path, ann=result("ann", reported[:4], "abx"))])).pairs[0]
    assert (
        few.verdict() == "4 trials prove nothing, even if all answers are right: run at least 16."
    )


def test_binomial_numbers_agree_with_scipy() -> None:
    stats = pytest.importorskip("scipy.stats")
    for right, total in ((0, 5), (5, 5), (9, 10), (31, 50), (620, 1200)):
        exact = stats.binomtest(right, total, alternative="greater").pvalue
        assert binomial.upper_tail(right, total) == pytest.approx(exact, rel=1e-9)
        known = stats.binomtest(right, total).proportion_ci(method="exact")
        assert binomial.interval(right, total) == pytest.approx(tuple(known), abs=1e-9)
    assert binomial.upper_tail(7, 20, 0.3) == pytest.approx(stats.binom.sf(6, 20, 0.3))


def test_the_trials_it_takes_have_the_power_that_is_said() -> None:
    stats = pytest.importorskip("scipy.stats")
    assert [binomial.needed(total) for total in (4, 5, 10, 16, 100)] == [5, 5, 9, 12, 59]
    for chance in (0.65, 0.75, 0.9):
        total = binomial.trials_needed(chance)
        assert total is not None
        power = [stats.binom.sf(binomial.needed(n) - 1, n, chance) for n in (total - 1, total)]
        assert power[0] < 0.8 <= power[1]
    assert binomial.trials_needed(0.5) is None
    assert binomial.trials_needed(0.51) is None


def test_files_that_are_no_results_are_named_and_left_out(tmp_path: Path) -> None:
    reported = [rated(reference=100, ours=70)]
    save(
        tmp_path,
        ann=result("ann", reported),
        bob=result("bob", reported),
        cut='{"format": "wavegan listening',
        foreign={"metrics": {}},
        other=result("cyd", reported, test={"id": "t2", "title": "Other"}),
        loud=result("dan", [rated(reference=100, ours=140)]),
        unknown=result("eve", [rated(reference=100, theft=40)]),
        empty=result("fay", [{**rated(reference=None), "done": False}]),
        twice=result("gus", [{**reported[0], "trial": 3}] * 2),
    )
    (tmp_path / "binary.json").write_bytes(b"\xff\xfe\x00")
    collected = collect([tmp_path])
    assert [one.listener.name for one in collected.results] == ["ann", "bob"]
    reasons = {Path(entry.file).stem: entry.reason for entry in collected.refused}
    assert set(reasons) == {
        *("cut", "foreign", "other", "loud", "unknown", "empty", "twice", "binary")
    }
    assert reasons["cut"] == reasons["binary"]
    assert "damaged or truncated" in reasons["cut"]
    assert reasons["foreign"] == "not results of a listening test"
    assert reasons["other"] == "from another test, 'Other' (t2); score it separately"
    assert "less than or equal to 100" in reasons["loud"]
    assert "'theft', which is not in the test" in reasons["unknown"]
    assert reasons["empty"] == "no trial is finished"
    assert reasons["twice"] == "damaged: a trial occurs twice"


def test_a_listener_with_several_files_counts_once(tmp_path: Path) -> None:
    """Of one session the fullest, then the latest; of two sessions the fullest, then the first."""
    reported = [rated(reference=100, ours=70)]
    save(
        tmp_path,
        part=result("ann", reported, saved="2026-05-01"),
        whole=result("ann", reported * 2, saved="2026-05-02"),
        first=result("bob", reported, session="1", saved="2026-05-01"),
        second=result("Bob ", reported, session="2", saved="2026-05-02"),
        early=result("cyd", reported, saved="2026-05-01"),
        late=result("cyd", reported, saved="2026-05-02"),
    )
    refused = {Path(entry.file).stem: entry.reason for entry in collect([tmp_path]).refused}
    assert set(refused) == {"part", "second", "early"}
    assert "'ann' is also in" in refused["part"]
    assert "whole.json, which is used" in refused["part"]


def test_nothing_to_score_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no results in .*: no \.json files"):
        collect([tmp_path])
    with pytest.raises(UserError, match="gone: it does not exist"):
        collect([tmp_path / "gone"])
