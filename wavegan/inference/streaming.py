"""Audio while the mel is still being made: each chunk of frames gives the samples that are final.

A sample is final once no frame that may follow can change it. So all samples together are those of
the whole mel. The network runs again on the frames before a chunk that the new samples depend on:
how many is measured (`pieces.reach`), and is the cost of a small chunk.
"""

from collections.abc import Iterable, Iterator

import torch
from torch import Tensor

from wavegan.errors import UserError
from wavegan.generators.base import MelGenerator
from wavegan.inference.base_vocoder import BaseVocoder
from wavegan.inference.engine.engine import Engine
from wavegan.inference.engine.graphs import Graphs
from wavegan.inference.given import numbers, whole
from wavegan.inference.noise import NoiseStream
from wavegan.inference.pieces import FEW, Reach, decode, most_frames, noise_per_frame
from wavegan.own_settings import own_settings


class MelStream:
    """Decodes one mel, or a batch of one length, as it grows.

    Args:
        engine: runs the network.
        known: the network's reach.
        noise: where the network's noise comes from; None if it takes none.
        graphs: whether to replay CUDA graphs.
    """

    def __init__(
        self,
        engine: Engine[MelGenerator],
        known: Reach,
        noise: NoiseStream | None = None,
        *,
        graphs: bool = False,
    ) -> None:
        self._run = Graphs(engine) if graphs else engine
        self._engine, self._noise, self._before = engine, noise, known.before
        self.lookahead = known.after + (0 if noise is None else noise.unsettled)
        """Frames after a sample's own that have to be known before it is final."""
        self._first = self._emitted = self._last = 0
        self._held: Tensor | None = None

    def push(self, mel: Tensor) -> Tensor:
        """The samples `(N, T')`, or none, that became final with more frames `(N, n_mels, L')`."""
        made = [mel.new_zeros(len(mel), 0)]
        for part in torch.split(mel, most_frames(self._engine.network, mel.device), -1):
            self._held = part if self._held is None else torch.cat([self._held, part], -1)
            self._last += part.shape[-1]
            made += self._decoded(self._last - self.lookahead)
            self._drop()
        return torch.cat(made, -1)

    def finish(self) -> Tensor:
        """The last samples `(N, T')`.

        Raises:
            UserError: too few frames for a network with reflected borders.
        """
        if self._held is None:
            return torch.zeros(0, 0)
        if self._noise is not None:
            self._noise.end(self._last)
        return self._decode(self._last, self._engine.network.output_length(self._last))

    def _decoded(self, stop: int) -> list[Tensor]:
        """The samples of the frames before `stop` that are new, if there are any."""
        if stop <= self._emitted:
            return []
        try:
            made = self._decode(stop, stop * self._engine.network.hop_length)
        except UserError:
            # too few frames yet for reflected borders
            if self._last > FEW:
                raise
            return []
        self._emitted = stop
        return [made]

    def _decode(self, stop: int, end: int) -> Tensor:
        assert self._held is not None
        hop = self._engine.network.hop_length
        first = max(self._emitted - self._before, 0)
        last = min(stop + self.lookahead, self._last)
        mel = self._held[..., first - self._first : last - self._first]
        noise = None if self._noise is None else self._noise.between(first, last, mel)
        made = decode(self._engine, mel, noise, None, self._run)
        return made[:, (self._emitted - first) * hop : end - first * hop]

    def _drop(self) -> None:
        """Forget the frames that no later sample depends on."""
        assert self._held is not None
        first = max(self._emitted - self._before, 0)
        self._held, self._first = self._held[..., first - self._first :], first


def streamed(
    vocoder: BaseVocoder,
    mels: Iterable[object],
    noise: Iterable[object] | None,
    seed: int,
    *,
    cuda_graphs: bool,
) -> Iterator[Tensor]:
    """See `Vocoder.stream`."""
    if cuda_graphs and not _has_graphs(vocoder):
        raise UserError(f"cuda_graphs: the device is {vocoder.device}, and only CUDA has graphs")
    known = vocoder.reach
    if known is None:
        raise UserError(
            f"{type(vocoder.generator).__name__} cannot stream: each of its samples depends on the "
            "whole mel; stream_overlapped makes nearly the same audio from windows"
        )
    drawn = None
    if noise_per_frame(vocoder.generator):
        given = None if noise is None else (numbers(each, "noise") for each in noise)
        drawn = NoiseStream(vocoder.generator, whole(seed, "seed"), given)
    elif noise is not None:
        raise UserError("noise: this model takes no noise; leave it out")
    stream = MelStream(vocoder.engine, known, drawn, graphs=cuda_graphs)
    return _run(vocoder, mels, stream)


def _has_graphs(vocoder: BaseVocoder) -> bool:
    return vocoder.device.type == "cuda"


def _run(vocoder: BaseVocoder, mels: Iterable[object], stream: MelStream) -> Iterator[Tensor]:
    lead: torch.Size | None = None
    for chunk in _chunks(vocoder, mels):
        lead = chunk.shape[:-2]
        with own_settings(), torch.no_grad():
            made = stream.push(chunk.reshape(-1, *chunk.shape[-2:]))
            made = made.reshape(*lead, made.shape[-1])
        if made.shape[-1]:
            yield made
    if lead is None:
        return
    with own_settings(), torch.no_grad():
        made = stream.finish()
        made = made.reshape(*lead, made.shape[-1])
    if made.shape[-1]:
        yield made


def _chunks(vocoder: BaseVocoder, mels: Iterable[object]) -> Iterator[Tensor]:
    """The chunks that have frames, checked."""
    lead: torch.Size | None = None
    for number, given in enumerate(mels):
        with own_settings(), torch.no_grad():
            values = numbers(given, f"chunk {number}")
            if values.ndim > 1 and values.shape[-1] == 0:
                continue
            chunk = _chunk(vocoder, values, f"chunk {number}", lead)
        lead = chunk.shape[:-2]
        yield chunk


def _chunk(vocoder: BaseVocoder, values: Tensor, name: str, lead: torch.Size | None) -> Tensor:
    """A chunk `(..., n_mels, L')` as float32 on the device.

    Raises:
        UserError: it does not fit the model, or the chunks before it.
    """
    chunk = vocoder.checked(values, name, frames_last=True)
    vocoder.warn_of_range(chunk.reshape(-1, *chunk.shape[-2:]))
    if lead is not None and chunk.shape[:-2] != lead:
        raise UserError(
            f"{name} has a batch of shape {tuple(chunk.shape[:-2])}, the chunks before it "
            f"{tuple(lead)}"
        )
    return chunk


def overlapped(
    vocoder: BaseVocoder, mels: Iterable[object], window: int, overlap: int
) -> Iterator[Tensor]:
    """See `Vocoder.stream_overlapped`."""
    if not 0 < overlap < window:
        raise UserError(f"window {window}, overlap {overlap}: overlap must be from 1 to window - 1")
    return _windows(vocoder, mels, window, overlap)


def _windows(
    vocoder: BaseVocoder, mels: Iterable[object], window: int, overlap: int
) -> Iterator[Tensor]:
    held: Tensor | None = None
    tail: Tensor | None = None
    hop = vocoder.hop_length
    for chunk in _chunks(vocoder, mels):
        with own_settings(), torch.no_grad():
            held = chunk if held is None else torch.cat([held, chunk], -1)
        # more than a window, so that the last one is never shorter than the overlap
        while held.shape[-1] > window + overlap:
            made = _joined(tail, vocoder(held[..., :window]))
            start = (window - overlap) * hop
            tail, held = made[..., start:], held[..., window - overlap :]
            yield made[..., :start]
    if held is not None:
        yield _joined(tail, vocoder(held))


def _joined(tail: Tensor | None, made: Tensor) -> Tensor:
    """Cross-fade from the end of the window before."""
    if tail is None:
        return made
    count = min(tail.shape[-1], made.shape[-1])
    fade = torch.linspace(0, 1, count + 2, device=made.device)[1:-1]
    mixed = tail[..., :count] + fade * (made[..., :count] - tail[..., :count])
    return torch.cat([mixed, made[..., count:]], -1)
