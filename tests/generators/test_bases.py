"""Every generator has one base for its input, and the same `forward` as that base."""

import inspect

import pytest

from wavegan import plugins
from wavegan.generators.base import Generator, LatentGenerator, MelGenerator, WaveformGenerator

BASES = (MelGenerator, LatentGenerator, WaveformGenerator)


def parameters(cls: type) -> list[tuple[str, object, object]]:
    found = inspect.signature(cls.forward).parameters.values()
    return [(each.name, each.kind, each.default) for each in found]


@pytest.mark.parametrize("name", plugins.names("generators"))
def test_forward_is_that_of_the_base(name: str) -> None:
    cls = plugins.find("generators", name)
    (base,) = (each for each in BASES if issubclass(cls, each))
    assert parameters(cls) == parameters(base)


@pytest.mark.parametrize("name", plugins.names("tasks"))
def test_every_task_says_what_opens_its_models_and_what_goes_in(name: str) -> None:
    task = plugins.find("tasks", name)
    assert task.generator_base in BASES
    module, _, opener = task.opened_by.partition(":")
    assert module.startswith("wavegan.inference.")
    assert opener in task.example


def test_the_common_base_says_nothing_of_the_input() -> None:
    assert "forward" not in vars(Generator)
