"""Phase shuffle: each shift as TensorFlow's pad and slice make it, one for the whole batch."""

from collections import Counter

import numpy as np
import pytest
import torch

from wavegan.errors import UserError
from wavegan.layers.phase_shuffle import PhaseShuffle, shifted


def as_published(x: np.ndarray, phase: int) -> np.ndarray:
    """`apply_phaseshuffle` of chrisdonahue/wavegan on `(B, T, C)`, for a phase already drawn.

    It pads max(phase, 0) on the left and max(-phase, 0) on the right by reflection and keeps T
    samples from max(-phase, 0) on.
    """
    left, right = max(phase, 0), max(-phase, 0)
    wide = np.pad(x, [(0, 0), (left, right), (0, 0)], mode="reflect")
    return wide[:, right : right + x.shape[1]]


@pytest.mark.parametrize("phase", range(-5, 6))
def test_every_shift_is_the_published_one(phase: int) -> None:
    x = np.random.default_rng(0).standard_normal((3, 16, 2)).astype(np.float32)
    ours = shifted(torch.from_numpy(x).transpose(1, 2), phase)
    np.testing.assert_array_equal(ours.transpose(1, 2).numpy(), as_published(x, phase))


def test_known_values() -> None:
    x = torch.arange(5.0).reshape(1, 1, 5)
    assert shifted(x, 2).flatten().tolist() == [2, 1, 0, 1, 2]  # later, its beginning reflected
    assert shifted(x, -2).flatten().tolist() == [2, 3, 4, 3, 2]


def test_one_draw_moves_the_whole_batch_and_each_shift_is_as_likely() -> None:
    torch.manual_seed(0)
    shuffle = PhaseShuffle(2)
    x = torch.arange(20.0).expand(4, 3, 20)
    seen: Counter[int] = Counter()
    for _ in range(1000):
        made = shuffle(x)
        assert (made == made[:1, :1]).all()
        seen[10 - int(made[0, 0, 10])] += 1
    assert sorted(seen) == [-2, -1, 0, 1, 2]
    assert all(150 < count < 250 for count in seen.values()), seen


def test_the_draw_is_the_global_generators() -> None:
    shuffle, x = PhaseShuffle(5), torch.arange(20.0).reshape(1, 1, 20)
    made = []
    for _ in range(2):
        torch.manual_seed(3)
        made.append(torch.cat([shuffle(x) for _ in range(10)]))
    assert torch.equal(*made)
    assert len(made[0].unique(dim=0)) > 1


@pytest.mark.parametrize("shuffle", [PhaseShuffle(0), PhaseShuffle(3).eval()])
def test_without_a_radius_or_in_eval_nothing_moves_and_nothing_is_drawn(
    shuffle: PhaseShuffle,
) -> None:
    x = torch.randn(2, 3, 8)
    before = torch.get_rng_state()
    assert shuffle(x) is x
    assert torch.equal(torch.get_rng_state(), before)


def test_a_negative_radius_is_refused() -> None:
    with pytest.raises(UserError, match="phase_shuffle -1 must be 0 or more"):
        PhaseShuffle(-1)
