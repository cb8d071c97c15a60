"""Speed is compared by work, whatever else the machine does."""

import time

import pytest
import torch

from wavegan.inference.engine.timing import speedup


def test_more_work_is_slower_and_waiting_does_not_count() -> None:
    x = torch.randn(300, 300)

    def little() -> None:
        time.sleep(0.02)
        for _ in range(5):
            x @ x

    def much() -> None:
        for _ in range(100):
            x @ x

    assert speedup(much, little) > 3
    assert speedup(little, much) < 1 / 3


def test_threads_stay_as_they_were() -> None:
    before = torch.get_num_threads()
    seen: list[int] = []

    def fail() -> None:
        seen.append(torch.get_num_threads())
        raise RuntimeError("no bfloat16")

    with pytest.raises(RuntimeError, match="no bfloat16"):
        speedup(fail, fail)
    assert seen == [1]
    assert torch.get_num_threads() == before
