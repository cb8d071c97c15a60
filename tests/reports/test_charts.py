"""Series thinned without losing spikes or gaps, scales, and charts that are well-formed."""

import math
import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from wavegan.reports import axes
from wavegan.reports.chart import Chart, Event
from wavegan.reports.series import MOST, Series, thinned


def one(values: list[float], run: int = 0) -> Series:
    return thinned(run, list(range(1, len(values) + 1)), values)


def test_short_series_stay_as_they_are() -> None:
    series = one([3.0, 1.0, 2.0])
    assert (series.steps.tolist(), series.values.tolist()) == ([1, 2, 3], [3, 1, 2])
    assert (series.smooth, series.last, series.count) == (None, 2.0, 3)


def test_a_single_spike_in_a_million_is_still_seen() -> None:
    values = np.ones(1_000_000)
    values[123_456] = 1000
    series = one(values.tolist())
    assert (len(series.steps), series.count) == (MOST, 1_000_000)
    assert series.high.max() == 1000
    place = int(series.high.argmax())
    assert series.steps[place - 1] < 123_457 <= series.steps[place]


def test_values_that_are_not_finite_are_marked_gaps() -> None:
    values = [1.0] * 10 + [math.nan, math.inf] + [1.0] * 18
    series = one(values)
    assert series.broken == (11, 12)
    assert np.isnan(series.values[10:12]).all()
    assert series.smooth is not None
    assert np.isnan(series.smooth[10:12]).all()
    assert np.delete(series.smooth, [10, 11]) == pytest.approx(np.ones(28))
    assert math.isnan(one([math.nan]).last)


def test_smoothing_is_a_centred_mean() -> None:
    series = one([float(n % 2) for n in range(200)])
    # 200 points: windows of 5, of which the middle ones hold 2 or 3 ones
    assert series.smooth is not None
    assert set(np.round(series.smooth[5:-5], 6)) == {0.4, 0.6}


def test_a_step_written_twice_counts_once_as_it_was_last() -> None:
    series = thinned(0, [10, 20, 10], [1.0, 2.0, 5.0])
    assert (series.steps.tolist(), series.values.tolist()) == ([10, 20], [5, 2])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.0123456, "0.01235"),
        (12.3456, "12.35"),
        (999.96, "1000"),
        (12345, "12,345"),
        (1.2e-7, "1.2e-7"),
        (-0.5, "-0.5"),
        (3e8, "3e8"),
        (math.nan, "not finite"),
    ],
)
def test_numbers_have_four_digits(value: float, text: str) -> None:
    assert axes.number(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(2500, "2.5k"), (1e6, "1M"), (0.25, "0.25"), (2e-4, "2e-4"), (0, "0")]
)
def test_marks_are_short(value: float, text: str) -> None:
    assert axes.short(value) == text


def test_scales_have_round_marks_around_all_values() -> None:
    scale = axes.scale(np.asarray([0.13, 0.87]))
    assert (scale.log, scale.marks) == (False, (0.0, 0.2, 0.4, 0.6, 0.8, 1.0))
    assert scale.place(np.asarray([0.5, math.nan])).tolist()[0] == 0.5
    flat = axes.scale(np.asarray([5.0, 5.0]))
    assert flat.low < 5 < flat.high


def test_a_scale_is_logarithmic_where_values_span_decades() -> None:
    scale = axes.scale(np.geomspace(2e-4, 3, 50))
    assert (scale.log, scale.low, scale.high) == (True, pytest.approx(1e-4), pytest.approx(10))
    assert scale.place(np.asarray([1e-4, 1e-2])) == pytest.approx([0, 0.4])
    spike = np.ones(1000)
    spike[3] = 1e4
    assert axes.scale(spike).log
    assert axes.scale(np.geomspace(0.01, 2, 50)).log
    assert not axes.scale(np.geomspace(0.05, 2, 50)).log
    assert not axes.scale(np.asarray([-1.0, 1e6])).log
    assert not axes.scale(np.geomspace(1e-3, 1, 9), (0, 1)).log


def test_a_chart_is_well_formed_and_says_unit_scale_and_last_value() -> None:
    series = one(np.geomspace(1, 1e-5, 100).tolist())
    events = [Event("best", 50, 0, "best checkpoint, step 50"), Event("alarm", 70, 0, '<"&')]
    figure = ElementTree.fromstring(Chart("loss", "nepers", [series], events).figure(["run"]))
    text = "".join(figure.find("figcaption").itertext())  # type: ignore[union-attr]
    assert "loss nepers, log scale" in text
    assert text.endswith("last 1e-5")
    titles = [found.text for found in figure.iter("title")]
    assert titles == ["best checkpoint, step 50", '<"&']
    kinds = [path.get("class") for path in figure.iter("path")]
    assert {"raw of0", "line of0", "best of0", "alarm of0"} <= set(kinds)


def test_a_line_is_broken_where_values_are_not_finite() -> None:
    figure = Chart("loss", "", [one([1, 2, math.nan, 3, math.nan, 2, 1])]).figure(["run"])
    path = re.search(r'd="([^"]+)" class="line of0"', figure)
    assert path is not None
    assert path[1].count("M") == 3
    assert figure.count('class="broken"') == 2
    assert "not finite at step 3" in figure


def test_what_the_script_reads_has_a_value_for_every_point() -> None:
    figure = ElementTree.fromstring(
        Chart("loss", "", [one([1, 2, math.nan]), one([2000.0, 3], 1)]).figure(["a", "b"])
    )
    encoded = next(found.get("data-x") for found in figure.iter("div"))
    assert encoded is not None
    first, second = (line.split("|") for line in encoded.split(";"))
    assert (first[0], first[1], first[4]) == ("0", "1,2,3", "1,2,not finite")
    assert (second[0], second[4]) == ("1", "2000,3")
    assert first[2].count(",") == first[3].count(",") == 2
    assert first[3].endswith(",")


def test_a_chart_of_nothing_finite_is_drawn() -> None:
    figure = Chart("loss", "", [one([math.nan, math.nan])]).figure(["run"])
    assert "last not finite" in figure
    ElementTree.fromstring(figure)


def test_a_series_is_divided_where_its_values_stop_comparing() -> None:
    """No line, mean or bin has values from both sides."""
    steps = list(range(100, 100_001, 100))
    values = [5.0 if step <= 33_300 else 1.0 for step in steps]
    series = thinned(0, steps, values, breaks=[33_300])
    assert len(series.begins) == 1
    (place,) = series.begins
    assert series.steps[place - 1] == 33_300
    assert series.smooth is not None
    for side, value in ((slice(0, place), 5.0), (slice(place, None), 1.0)):
        for line in (series.values, series.low, series.high, series.smooth):
            assert set(np.round(line[side], 9).tolist()) == {value}
    assert thinned(0, steps, values).begins == ()


def test_breaks_outside_what_was_measured_divide_nothing() -> None:
    assert thinned(0, [10, 20], [1.0, 2.0], breaks=[5, 20, 30]).begins == ()
    assert thinned(0, [10, 20, 30], [1.0, 2.0, 3.0], breaks=[20, 20, 25]).begins == (2,)
    assert thinned(0, [], [], breaks=[5]).begins == ()


@pytest.mark.parametrize("count", [6, 60])
def test_a_chart_draws_no_line_across_a_break(count: int) -> None:
    series = thinned(0, list(range(count)), [1.0] * count, breaks=[count // 2])
    figure = Chart("loss", "", [series]).figure(["run"])
    drawn = re.findall(r'd="([^"]+)" class="(?:line|raw) of0"', figure)
    assert [path.count("M") for path in drawn] == ([2] if count == 6 else [2, 2])
    assert all(path.startswith("M") for path in drawn)
