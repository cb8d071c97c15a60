"""Combinations of settings."""

from wavegan.bench.setting import Setting, combined


def test_every_combination_comes_once_and_the_least_audio_first() -> None:
    found = combined(["float32", "bfloat16"], [1, 2], [8, 1, 8], [10.0, 1.0])
    assert len(found) == len(set(found)) == 16
    assert [each.work for each in found] == sorted(each.work for each in found)
    assert found[0] == Setting("float32", 1, 1, 1.0)


def test_clips_of_a_models_own_length_are_compared_by_their_number() -> None:
    assert [each.batch for each in combined(["float32"], [1], [8, 1], [None])] == [1, 8]


def test_a_setting_is_named_by_all_it_has() -> None:
    assert str(Setting("float32", 2, 8, 1.5)) == "float32, threads 2, batch 8, 1.5 s"
    assert str(Setting("float32", 2, 8, None)) == "float32, threads 2, batch 8"
