"""Every recipe builds, trains all its weights, and says how to run it."""

import inspect
import math
import shlex
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from wavegan import plugins, recipe
from wavegan.audio import io
from wavegan.generators.base import LatentGenerator
from wavegan.recipe import Recipe
from wavegan.training.parts import build
from wavegan.training.step import LearningNetwork, Step

# parameters of the generators as their papers and tests/generators count them, gains included
PUBLISHED = {
    "bigvgan-base-22k": 13_953_474,
    "bigvgan-base-24k": 14_025_154,
    "bigvgan-large-22k": 112_231_250,
    "bigvgan-large-24k": 112_446_290,
    "bigvgan-v2-22k": 112_231_249,
    "bigvgan-v2-22k-fmax8k": 112_231_249,
    "bigvgan-v2-24k": 112_446_289,
    "bigvgan-v2-44k": 122_184_529,
    "bigvgan-v2-44k-256x": 112_747_345,
    "digits": 7_767_361,
    "digits-cpu": 1_966_849,
    "drums": 3_975_156,
    "drums-cpu": 1_956_995,
    "hifigan-v1": 13_936_130,
    "hifigan-v2": 928_514,
    "hifigan-v3": 1_464_322,
    "istftnet": 13_262_244,
    "loops-44k-stereo": 19_749_570,
    "mb-melgan": 2_539_448,
    "melgan": 4_266_050,
    "parallel-wavegan": 1_346_042,
    "piano-notes": 1_356_226,
    "sc09": 8_567_649,
    "stylemelgan": 3_569_026,
    "tiny": 879_233,
    "univnet-c16": 3_997_426,
    "univnet-c32": 14_865_506,
    "specgan-sc09": 19_065_345,
    "vocos-24k": 13_531_650,
    "wavegan-sc09": 19_065_345,
}
SMALLEST = {"channel": 16, "width": 16, "dim": 16, "iterations": 2}
SMALLEST_OF_SOUNDS = {**SMALLEST, "dim": 4}


def test_the_listing_is_whole() -> None:
    """Whoever adds a recipe adds its size here."""
    assert set(recipe.recipes()) == set(PUBLISHED)


def shrunk(value: Any, smallest: int) -> Any:
    """A sixteenth of a number, or of each in a list, not below `smallest`."""
    if isinstance(value, list | tuple):
        return [shrunk(entry, smallest) for entry in value]
    return max(smallest, value // 16)


def small_options(kind: str, plugin: Mapping[str, Any], least: Mapping[str, int]) -> dict[str, Any]:
    """A plug-in's options with the sizes of its layers cut down, defaults among them."""
    constructor = inspect.signature(plugins.find(kind, plugin["name"]))
    options = dict(plugin)
    for name, parameter in constructor.parameters.items():
        value = options.get(name, parameter.default)
        if name == "channels" or isinstance(value, str) or not value:
            continue
        for part, smallest in least.items():
            if part in name and parameter.default is not None:
                options[name] = shrunk(value, smallest)
    return options


def pairs(full: Recipe) -> bool:
    """Whether it reconstructs clips; others make sounds of latents."""
    return bool(plugins.find("tasks", full.task.name).reconstructs)  # type: ignore[attr-defined]


def small(full: Recipe) -> Recipe:
    """The same parts with few channels; every name, weight and connection stays."""
    values = full.model_dump()
    least = SMALLEST if pairs(full) else SMALLEST_OF_SOUNDS
    values["generator"] = small_options("generators", values["generator"], least)
    for name, plugin in values["discriminators"].items():
        values["discriminators"][name] = small_options("discriminators", plugin, least)
    if pairs(full):
        values["data"]["segment"] = 32 * full.front_end().hop_length
    values["training"]["n_critic"] = 1
    values["training"]["optimizer"]["weight_decay"] = 0.0  # so that only a gradient moves a weight
    made = recipe.Recipe.model_validate(values)
    assert made.generator.name == full.generator.name
    assert {n: p.name for n, p in made.discriminators.items()} == {
        n: p.name for n, p in full.discriminators.items()
    }
    assert (made.losses, made.penalties, made.objective) == (
        full.losses,
        full.penalties,
        full.objective,
    )
    return made


def real_audio(speech: Path, sample_rate: int, samples: int) -> Tensor:
    """Two crops `(2, 1, T)` from the middle of two clips."""
    crops = []
    for file in sorted(speech.glob("*.flac"))[:2]:
        wave, _ = io.read(file, sample_rate=sample_rate, mono=True)
        start = (wave.shape[-1] - samples) // 2
        crops.append(torch.from_numpy(wave[:, start : start + samples] / abs(wave).max()))
    return torch.stack(crops)


def networks(parts: Any, made: Recipe) -> dict[str, LearningNetwork]:
    options = made.training.optimizer.model_dump(exclude={"discriminator_lr"})
    networks = {"generator": parts.generator, "discriminator": parts.discriminator}
    return {
        name: LearningNetwork(network, torch.optim.AdamW(network.parameters(), **options))
        for name, network in networks.items()
        if network is not None
    }


@pytest.mark.parametrize("name", PUBLISHED)
def test_all_weights_learn_in_two_steps(name: str, speech: Path) -> None:
    torch.manual_seed(0)
    made = small(recipe.load(name))
    parts = build(made)
    both = networks(parts, made)
    assert ("discriminator" in both) is bool(made.discriminators)
    step = Step(
        generator=both["generator"],
        discriminator=both.get("discriminator"),
        autocast=nullcontext,
        **vars(parts.terms),
    )
    before = {
        f"{who}.{key}": value.detach().clone()
        for who, network in both.items()
        for key, value in network.network.named_parameters()
    }
    audio = real_audio(speech, parts.config.sample_rate, made.data.segment)
    audio = audio.expand(-1, made.audio.channels, -1)
    label = torch.tensor([0, 1]) if made.data.labels else None
    if isinstance(parts.generator, LatentGenerator):
        parts.generator.fit([audio])
        both["discriminator"].network.fit([audio])  # type: ignore[operator]
    for number in range(2):
        known = {"number": torch.arange(2) + 2 * number}
        known |= {} if label is None else {"label": label}
        logs = step(audio, number, adversarial=True, conditions=known)
        assert logs["generator/total"] != 0
        for term, value in logs.items():
            assert value.dtype == torch.float32, term
            assert value.isfinite(), f"{term} at step {number}"
    expected = {f"generator/{term}" for term in (*made.losses, "total", "grad_norm")}
    if made.discriminators:
        expected |= {f"{who}/adversarial" for who in both} | {"discriminator/total"}
        due = {name for name, term in made.penalties.items() if term.options.get("every", 1) == 1}
        expected |= {"discriminator/grad_norm", *(f"discriminator/{name}" for name in due)}
        reported = ("pairs",) if parts.terms.objective.neutral is None else ("real", "fake")
        expected |= {f"discriminator/accuracy_{kind}" for kind in reported}
    if made.training.augment:
        expected |= {"discriminator/sign"}
    if made.feature_matching:
        expected |= {"generator/feature_matching"}
    assert set(logs) == expected
    still = {
        f"{who}.{key}"
        for who, network in both.items()
        for key, value in network.network.named_parameters()
        if torch.equal(value, before[f"{who}.{key}"])
    }
    stuck = {key for key in still if not cancels(made, key)}
    assert stuck == {key for key in before if leads_nowhere(made, key)}


def cancels(made: Recipe, key: str) -> bool:
    """D's last bias raises real and fake alike: its gradient is 0 but for rounding.

    Of hinge while no logit is beyond 1; of Wasserstein's and the relativistic loss always.
    """
    return (
        made.objective.name in ("hinge", "wasserstein", "relativistic")
        and key.startswith("discriminator.")
        and key.endswith(("conv_post.bias", "dense.bias"))
    )


def leads_nowhere(made: Recipe, key: str) -> bool:
    """The output of a WaveNet's last layer is unused, but published weights have it."""
    last = made.generator.options.get("layers", 30) - 1
    return made.generator.name == "parallel_wavegan" and key.startswith(
        f"generator.wavenet.blocks.{last}.residual."
    )


@pytest.mark.parametrize("name", PUBLISHED)
def test_in_full_size_it_builds_with_the_published_count(name: str) -> None:
    with torch.device("meta"):
        parts = build(recipe.load(name))
    count = sum(parameter.numel() for parameter in parts.generator.parameters())
    assert count == PUBLISHED[name]
    if pairs(recipe.load(name)):
        assert parts.generator.hop_length == parts.config.mel.samples_per_frame


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_recipe_begins_with_the_command_that_runs_it(name: str) -> None:
    first = recipe.recipes()[name].read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith("# wavegan train ")
    words = shlex.split(first.removeprefix("# "))
    assert words[2] == name
    folder = words[3]
    assert "=" not in folder
    assert words[4] == "--out"
    assert words[5].startswith("runs/")


@pytest.mark.parametrize("name", PUBLISHED)
def test_it_says_what_it_is_and_trains_for_more_than_an_epoch(name: str) -> None:
    full = recipe.load(name)
    assert full.description
    assert full.data.folder is None
    assert full.training.steps >= 1000
    if (mel := full.front_end()) is not None:
        assert math.gcd(full.data.segment, mel.hop_length) == mel.hop_length
