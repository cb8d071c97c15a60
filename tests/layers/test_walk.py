"""Walks: shares that sum to one, cross-fades by hand, loops that roll."""

import pytest
import torch

from wavegan.errors import UserError
from wavegan.layers.walk import as_walk, overlap, shares

CASES = [
    (windows, size, positions, loop)
    for windows in (1, 2, 3, 7)
    for size in (1, 2, 5, 16)
    for loop in (False, True)
    for positions in {size, size + 1, (windows * size + size) // 2, windows * size}
    if size <= positions <= windows * size and not (loop and windows == 1)
]


@pytest.mark.parametrize(("windows", "size", "positions", "loop"), CASES)
def test_every_position_is_shared_out_whole(
    windows: int, size: int, positions: int, loop: bool
) -> None:
    table = shares(windows, size, positions, loop)
    assert table.shape == (windows, positions)
    assert (table >= 0).all()
    torch.testing.assert_close(table.sum(0), torch.ones(positions))
    assert ((table > 0).sum(1) == size).all()


@pytest.mark.parametrize(("size", "expected"), [(16, 72), (5, 19), (1, 8)])
def test_the_windows_overlap_by_half_where_no_length_is_given(size: int, expected: int) -> None:
    maps = torch.randn(2, 8, 3, size)
    assert overlap(maps).shape == (2, 3, expected)  # size + 7 * floor(size / 2), at least 1 each
    assert overlap(maps[:, :1]).shape == (2, 3, size)
    assert overlap(maps, loop=True).shape == (2, 3, 8 * max(size // 2, 1))


def test_one_map_is_left_as_it_is() -> None:
    maps = torch.randn(2, 1, 3, 16)
    torch.testing.assert_close(overlap(maps), maps[:, 0])


def test_a_cross_fade_by_hand() -> None:
    maps = torch.stack([torch.zeros(1, 4), torch.ones(1, 4)])[None]
    made = overlap(maps, 6)
    # in the two positions that both know, triangles of 1.5, 0.5 and 0.5, 1.5
    torch.testing.assert_close(made.flatten(), torch.tensor([0, 0, 0.25, 0.75, 1, 1]))


def test_maps_that_are_alike_stay_as_they_are() -> None:
    maps = torch.full((1, 5, 2, 16), 3.0)
    for loop in (False, True):
        for positions in (None, 16, 33, 80):
            made = overlap(maps, positions, loop=loop)
            torch.testing.assert_close(made, torch.full_like(made, 3.0))


def test_a_loop_has_no_seam() -> None:
    """No step between neighbours is larger at the ends than windows of that size allow."""
    maps = torch.zeros(1, 4, 1, 16)
    maps[0, 1] = 1
    made = overlap(maps, loop=True).flatten()
    steps = (made - made.roll(1)).abs()
    assert made.max() > 0.9
    assert steps.max() <= 1 / 8 + 1e-6


def test_a_walk_that_begins_later_is_the_loop_rolled() -> None:
    maps = torch.randn(1, 6, 2, 16)
    made = overlap(maps, loop=True)
    torch.testing.assert_close(overlap(maps.roll(-1, 1), loop=True), made.roll(-8, -1))


def test_a_single_map_meets_itself_half_way() -> None:
    ramp = torch.arange(16.0).reshape(1, 1, 1, 16)
    made = overlap(ramp, loop=True).flatten()
    torch.testing.assert_close(made[:8], made[8:])
    steps = (made - made.roll(1)).abs()
    assert steps.max() < 2  # a cut would be a step of 15
    assert overlap(ramp, 24, loop=True).shape == (1, 1, 24)


def test_gradients_reach_every_map() -> None:
    maps = torch.randn(1, 3, 2, 8, requires_grad=True)
    overlap(maps, 20, loop=True).sum().backward()
    assert maps.grad is not None
    assert (maps.grad > 0).all()


def test_the_maps_type_is_kept() -> None:
    assert overlap(torch.zeros(1, 3, 2, 8, dtype=torch.bfloat16)).dtype is torch.bfloat16


@pytest.mark.parametrize(
    ("windows", "positions", "message"),
    [
        (3, 49, "positions is 49, .*a walk of 3 latents, each 16 positions long, fills 16 to 48"),
        (3, 15, "positions is 15, .* fills 16 to 48"),
        (1, 20, "positions is 20, .* fills exactly 16"),
    ],
)
def test_what_the_windows_do_not_fill_is_refused(
    windows: int, positions: int, message: str
) -> None:
    with pytest.raises(UserError, match=message):
        overlap(torch.zeros(1, windows, 2, 16), positions)


def test_a_latent_is_a_walk_of_one() -> None:
    latent = torch.randn(3, 7)
    assert torch.equal(as_walk(latent, 7), latent[:, None])
    walk = torch.randn(3, 2, 7)
    assert as_walk(walk, 7) is walk


@pytest.mark.parametrize("shape", [(7,), (3, 8), (3, 2, 8), (3, 0, 7), (1, 3, 2, 7)])
def test_a_latent_of_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(UserError, match=r"takes \(B, 7\), or a walk \(B, W, 7\)"):
        as_walk(torch.zeros(shape), 7)
