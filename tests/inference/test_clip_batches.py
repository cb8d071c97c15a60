"""Batches of clips: the same samples as one at a time, and where they are not, one at a time."""

from collections.abc import Sequence
from typing import Any

import pytest
import torch
from torch import Tensor

from wavegan import Synthesizer
from wavegan.generators.base import LatentGenerator
from wavegan.generators.specgan import SpecGAN
from wavegan.generators.stylewave import StyleWave
from wavegan.generators.wavegan import WaveGAN
from wavegan.inference.clip_batches import TOGETHER

NETWORKS: dict[str, Any] = {
    "wavegan": lambda: WaveGAN(segment=1024, dim=4, latent_dim=8, n_labels=2),
    "specgan": lambda: SpecGAN(segment=4096, dim=4, latent_dim=8),
    "stylewave": lambda: StyleWave(segment=1024, latent_dim=8),
}


def counted(net: LatentGenerator, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The size of each batch that runs."""
    sizes: list[int] = []
    forward = net.forward

    def run(latent: Tensor, *args: Any, **options: Any) -> Tensor:
        sizes.append(len(latent))
        made: Tensor = forward(latent, *args, **options)
        return made

    monkeypatch.setattr(net, "forward", run)
    return sizes


@pytest.mark.parametrize("name", NETWORKS)
def test_clips_are_the_same_however_many(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    net = NETWORKS[name]()
    synthesizer = Synthesizer(net, 8000)
    sizes = counted(net, monkeypatch)
    alone = torch.cat([synthesizer.sample(1, seed=3, first=i) for i in range(19)])
    assert set(sizes) == {1}
    sizes.clear()
    assert torch.equal(synthesizer.sample(19, seed=3), alone)
    assert sizes[:9] == [1] * 8 + [TOGETHER]
    sizes.clear()
    assert torch.equal(synthesizer.sample(17, seed=3), alone[:17])
    assert sizes in ([TOGETHER, TOGETHER, 1], [1] * 17)
    assert torch.equal(synthesizer.sample(9, seed=3, first=5), alone[5:14])


class Unsteady(LatentGenerator):
    """Its samples depend on the size of the batch, or on random numbers of its own."""

    latent_dim, segment, positions = 4, 64, 4

    def __init__(self, *, random: bool) -> None:
        super().__init__()
        self.random, self.scale = random, torch.nn.Parameter(torch.ones(1))

    def forward(
        self,
        latent: Tensor,
        label: Tensor | None = None,
        *,
        noise: Sequence[Tensor] | None = None,
        truncation: float = 1.0,
        positions: int | None = None,
        loop: bool = False,
    ) -> Tensor:
        wave = latent.flatten(1).mean(1)[:, None, None].expand(-1, 1, 64) * self.scale
        return wave + torch.rand(len(latent), 1, 64) if self.random else wave / len(latent)


@pytest.mark.parametrize("random", [True, False])
def test_where_a_batch_is_not_the_same_there_are_none(
    random: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    net = Unsteady(random=random)
    synthesizer = Synthesizer(net, 8000)
    sizes = counted(net, monkeypatch)
    alone = torch.cat([synthesizer.sample(1, seed=3, first=i) for i in range(16)])
    assert torch.equal(synthesizer.sample(16, seed=3), alone)
    # the first run is the engine's look at the network
    assert sizes[1:] == [1] * 16 + [1] * 8 + [TOGETHER] + [1] * 8
