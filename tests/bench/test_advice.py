"""The advice is a function of the figures alone."""

import pytest

from wavegan.bench.advice import Figure, advice

SLOW = Figure("float32", 1, 1, 1.0, 10.0, 100)
TWO = SLOW._replace(threads=2, speed=18.0)
HALF = SLOW._replace(precision="bfloat16", speed=30.0)
BOTH = Figure("bfloat16", 2, 1, 1.0, 54.0, 90)


def test_nothing_measured_gives_no_advice() -> None:
    assert advice([]) is None


def test_a_single_setting_is_the_one_to_use() -> None:
    found = advice([SLOW])
    assert found is not None
    assert found[:3] == ("float32", 1, 1)
    assert found.text == "use float32, 1 thread, batch 1: 10 × real time on 1 s"


def test_the_fastest_setting_wins_with_a_reason_for_each_choice() -> None:
    found = advice([SLOW, TWO, HALF, BOTH], ["bfloat16"])
    assert found is not None
    assert found[:3] == ("bfloat16", 2, 1)
    assert "3 × as fast as float32" in found.text
    assert "1.8 × as fast as 1 thread" in found.text
    assert "processes" not in found.text


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (SLOW._replace(batch=8, speed=10.4), 1),
        (SLOW._replace(threads=2, speed=10.4), 1),
        (SLOW._replace(precision="bfloat16", speed=10.4), 1),
        (SLOW._replace(batch=8, speed=10.6), 0),
        (SLOW._replace(threads=2, speed=10.6), 0),
        (SLOW._replace(precision="bfloat16", speed=10.6), 0),
    ],
)
def test_five_percent_are_no_reason_for_more_memory_or_cores(other: Figure, same: int) -> None:
    found = advice([other, SLOW], ["bfloat16"])
    assert found is not None
    assert found[:3] == (other, SLOW)[same][:3]


def test_the_memory_of_a_useless_batch_is_named() -> None:
    found = advice([SLOW, SLOW._replace(batch=8, memory=700)])
    assert found is not None
    assert "no faster with batch 8, with 7 × the memory" in found.text


def test_lengths_are_not_mixed() -> None:
    long = [each._replace(seconds=10.0) for each in (SLOW, HALF)]
    # the shorter length has a faster setting, but fewer figures
    found = advice([TWO._replace(speed=99.0), *long], ["bfloat16"])
    assert found is not None
    assert found[:3] == ("bfloat16", 1, 1)
    assert "on 10 s" in found.text


def test_several_processes_are_recommended_where_threads_do_not_help() -> None:
    found = advice([SLOW, TWO._replace(speed=11.0)])
    assert found is not None
    assert "2 processes of 1 thread each (float32, batch 1) reach up to 20 × together" in found.text


def test_the_order_of_the_figures_does_not_matter() -> None:
    figures = [SLOW, TWO, HALF, BOTH]
    assert advice(figures) == advice(figures[::-1])


def test_a_precision_that_may_sound_different_is_only_mentioned() -> None:
    found = advice([SLOW, TWO, HALF, BOTH])
    assert found is not None
    assert found[:3] == ("float32", 2, 1)
    assert "bfloat16, 2 threads, batch 1 is 3 × as fast, but may sound different" in found.text
    alone = advice([HALF])
    assert alone is not None
    assert alone[:3] == ("bfloat16", 1, 1)
    same = advice([SLOW, HALF], ["bfloat16"], "never said")
    assert same is not None
    assert "never said" not in same.text
