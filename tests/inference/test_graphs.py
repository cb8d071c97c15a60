"""Repeated shapes are replayed. Without a GPU, what captures is a stand-in."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from wavegan import Mel, UserError, Vocoder
from wavegan.generators.hifigan import HiFiGAN
from wavegan.inference.engine import graphs
from wavegan.inference.engine.graphs import FIRST, MOST, Graphs

FRONT_END = Mel(sample_rate=16000, n_fft=64, hop_length=16, win_length=64, n_mels=8, f_max=None)


class Recorder:
    """Stands in for CUDA: repeats the work on the same inputs into the same output."""

    def __init__(self) -> None:
        self.shapes: list[torch.Size] = []

    def __call__(
        self, run: Callable[..., Tensor], inputs: tuple[Tensor, ...]
    ) -> Callable[[], Tensor]:
        self.shapes.append(inputs[0].shape)
        output = torch.empty_like(run(*inputs))
        return lambda: output.copy_(run(*inputs))


def test_a_shape_is_captured_when_it_comes_again_and_again() -> None:
    recorder = Recorder()
    double = Graphs(lambda x: 2 * x, recorder)
    made = []
    for number in range(FIRST + 3):
        made.append(double(torch.full((4,), float(number))))
        assert len(recorder.shapes) == (number >= FIRST)
        double(torch.zeros(number + 10))
    assert recorder.shapes == [torch.Size([4])]
    # outputs of before keep their values
    assert [float(each[0]) for each in made] == [2.0 * number for number in range(FIRST + 3)]


def test_what_was_given_stays_as_it_is() -> None:
    double = Graphs(lambda x: 2 * x, Recorder())
    given = [torch.full((4,), float(number)) for number in range(FIRST + 3)]
    for each in given:
        double(each)
    assert [float(each[0]) for each in given] == [float(number) for number in range(FIRST + 3)]


def test_only_some_shapes_are_kept() -> None:
    recorder = Recorder()
    double = Graphs(lambda x: 2 * x, recorder)
    for size in range(1, MOST + 5):
        for _ in range(FIRST + 1):
            assert torch.equal(double(torch.ones(size)), 2 * torch.ones(size))
    assert len(recorder.shapes) == MOST


def test_a_stream_of_even_chunks_runs_on_one_graph(monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = Recorder()
    monkeypatch.setattr(graphs, "captured", recorder)
    monkeypatch.setattr("wavegan.inference.streaming._has_graphs", lambda vocoder: True)
    torch.manual_seed(0)
    network = HiFiGAN(
        n_mels=8, upsample_rates=[4, 4], upsample_kernel_sizes=[8, 8], upsample_initial_channel=16
    )
    vocoder = Vocoder(network, FRONT_END)
    mel = torch.randn(8, 400)
    chunks = mel.split(10, -1)
    made = torch.cat(list(vocoder.stream(chunks, cuda_graphs=True)), -1)
    whole = vocoder(mel)
    assert (made - whole).abs().max() <= 1e-5 * whole.abs().max()
    assert vocoder.reach is not None
    assert [shape[-1] for shape in recorder.shapes] == [10 + sum(vocoder.reach)]


def test_without_a_gpu_they_are_refused() -> None:
    torch.manual_seed(0)
    network = HiFiGAN(
        n_mels=8, upsample_rates=[4, 4], upsample_kernel_sizes=[8, 8], upsample_initial_channel=16
    )
    with pytest.raises(UserError, match=r"cuda_graphs.*cpu"):
        Vocoder(network, FRONT_END).stream([torch.zeros(8, 10)], cuda_graphs=True)
