"""Strides that lead to a segment, and what is proposed where none do."""

import math

import pytest

from wavegan.errors import UserError
from wavegan.layers.wave_strides import check_strides, layer_widths, usual_strides


@pytest.mark.parametrize(
    ("segment", "strides", "positions"),
    [
        (16384, [4, 4, 4, 4, 4], 16),
        (32768, [4, 4, 4, 4, 4, 2], 16),
        (65536, [4, 4, 4, 4, 4, 4], 16),
        (49152, [4, 4, 4, 4, 4, 2], 24),
        (131072, [4, 4, 4, 4, 4, 4, 2], 16),
        (8192, [4, 4, 4, 4, 2], 16),
        (15872, [4, 4, 4, 4, 2], 31),
        (32, [2], 16),
        (2, [2], 1),
    ],
)
def test_usual_strides(segment: int, strides: list[int], positions: int) -> None:
    assert usual_strides(segment) == strides
    assert check_strides(segment, strides, 25) == positions


def test_usual_strides_leave_16_to_31_positions() -> None:
    for segment in range(32, 70000, 7):
        assert 16 <= segment // math.prod(usual_strides(segment)) <= 31


@pytest.mark.parametrize(
    ("segment", "message"),
    [
        (
            16000,
            r"segment 16000 is not a multiple of 512, .* \[4, 4, 4, 4, 2\]: use 15872 or 16384",
        ),
        (44100, r"not a multiple of 2048, .*: use 43008 or 45056"),
        (1, r"segment 1 is not a multiple of 2, .*: use 2$"),
    ],
)
def test_other_segments_are_refused_with_the_nearest(segment: int, message: str) -> None:
    with pytest.raises(UserError, match=message):
        check_strides(segment, usual_strides(segment), 25)
    for word in message.split("use ")[1].rstrip("$").split(" or "):
        check_strides(int(word), usual_strides(int(word)), 25)


@pytest.mark.parametrize(
    ("strides", "kernel_size", "message"),
    [
        ([], 25, r"strides \[\] must be one or more"),
        ([4, 0], 25, r"strides \[4, 0\] must be"),
        ([4, 8], 7, r"kernel_size 7 is below the largest of the strides \[4, 8\]: use 8 or more"),
    ],
)
def test_strides_without_sense_are_refused(
    strides: list[int], kernel_size: int, message: str
) -> None:
    with pytest.raises(UserError, match=message):
        check_strides(64, strides, kernel_size)


def test_widths_double_up_to_the_largest() -> None:
    assert layer_widths(64, 2048, 7) == [64, 128, 256, 512, 1024, 2048, 2048]
    assert layer_widths(48, 100, 3) == [48, 96, 100]
    for dim in (0, 101):
        with pytest.raises(UserError, match=f"dim {dim} must be between 1 and max_dim 100"):
            layer_widths(dim, 100, 3)
