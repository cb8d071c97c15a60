"""What holds for every metric of a set, found by listing."""

import pytest
import torch
from torch import Tensor

from wavegan import plugins
from wavegan.errors import UserError
from wavegan.set_metrics.base import SetMetric

NAMES = plugins.names("set_metrics")
PERFECT = {
    "frechet": 0.0,
    "frechet_infinity": 0.0,
    "diversity": 1.0,
    "nearest_neighbour": 0.0,
    "ndb": 0.0,
    "js": 0.0,
}


def metric(name: str) -> SetMetric:
    made: SetMetric = plugins.find("set_metrics", name)()
    return made


def clips(seed: int, count: int = 120, dim: int = 5) -> Tensor:
    return torch.randn(count, dim, generator=torch.Generator().manual_seed(seed))


def test_the_names_are_known_here() -> None:
    assert PERFECT.keys() == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_set_against_itself(name: str) -> None:
    """Copies are 0 from their nearest neighbour; all other metrics see equal sets."""
    assert metric(name)(clips(0), clips(0)) == pytest.approx(PERFECT[name], abs=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_two_samples_of_one_distribution_are_closer_than_two_distributions(name: str) -> None:
    real, judge = clips(1), metric(name)
    same, shifted = judge(clips(2), real), judge(clips(2) * 0.2 + 3, real)
    if name == "diversity":
        assert same == pytest.approx(1, abs=0.1)
        assert shifted == pytest.approx(same * 0.2, rel=1e-6)
    elif name == "nearest_neighbour":
        assert same == pytest.approx(1, abs=0.15)
        assert shifted > 2
    else:
        assert shifted > 5 * same


@pytest.mark.parametrize("name", NAMES)
def test_the_number_depends_on_neither_order_nor_type_nor_the_global_generator(name: str) -> None:
    made, real, judge = clips(3), clips(4), metric(name)
    first = judge(made, real)
    torch.manual_seed(5)
    state = torch.get_rng_state()
    assert judge(made.flip(0).double().requires_grad_(), real) == pytest.approx(first, rel=1e-9)
    assert judge(made, real) == first
    assert torch.equal(torch.get_rng_state(), state)
    assert isinstance(first, float)


@pytest.mark.parametrize("name", NAMES)
def test_more_clips_than_a_slice_of_distances(name: str) -> None:
    """1100 clips are three slices; copies of a part are still found as copies."""
    real = clips(6, 1100, 3)
    judge = metric(name)
    if name == "nearest_neighbour":
        assert judge(real[600:], real) == 0
        apart = torch.cdist(real, real).fill_diagonal_(torch.inf).amin(1).mean()
        far = torch.full((1, 3), 40.0)
        expected = float(torch.cdist(far, real).amin() / apart)
        assert judge(far, real) == pytest.approx(expected, rel=1e-3)
    else:
        assert judge(real[torch.randperm(1100)], real) == pytest.approx(PERFECT[name], abs=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_refusals(name: str) -> None:
    judge, good = metric(name), clips(7)
    bad = {
        r"got made \(120, 4\), real \(120, 5\)": (clips(0, dim=4), good),
        r"got made \(5,\)": (good[0], good),
        r"0 made clips: this metric needs (1|2|40) or more": (good[:0], good),
        "1 real clips: this metric needs (2|40) or more": (good, good[:1]),
        "embeddings of the made clips hold NaN": (good * torch.nan, good),
        "embeddings of the real clips hold NaN": (good, good / 0),
    }
    for message, (made, real) in bad.items():
        with pytest.raises(UserError, match=message) as refusal:
            judge(made, real)
        assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("diversity", "the real clips are all the same"),
        ("nearest_neighbour", "every real clip has an exact copy"),
        ("ndb", "bins is 12, but there are only 1 different real clips"),
        ("js", "bins is 12, but there are only 1 different real clips"),
    ],
)
def test_real_clips_that_are_all_one_are_no_measure(name: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        metric(name)(clips(0), torch.ones(120, 5))
