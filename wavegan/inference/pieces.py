"""Decode long mel spectrograms in pieces, in constant memory.

Each piece is decoded with the frames before and after it that its samples depend on; the samples
of those frames are cut off. Only the first and last pieces have the borders of the whole mel.

    whole    ├──────────────────────────────────────────────┤
    pieces   ├── kept ───┼ after ┤
                ├ before ┼── kept ───┼ after ┤
                            ├ before ┼────── kept ──────────┤
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import NamedTuple

import torch
from torch import Tensor

from wavegan.audio.window import Window
from wavegan.errors import UserError
from wavegan.generators.base import MelGenerator
from wavegan.inference.engine.engine import Engine
from wavegan.own_settings import own_settings

SAMPLES = 2**18
"""Samples of audio decoded at a time on a CPU. HiFi-GAN V3 needs 0.3 GiB for them, Parallel WaveGAN
and UnivNet-c32 1 GiB."""
SAMPLES_ON_A_GPU = 2**21
ALIGNED = 16
"""Frames. Pieces begin at multiples of it, so processors group the values of a piece as those of
the whole mel and round them the same way."""
FEW = 64
"""Frames. No network here needs more for its reflected borders."""
_WIDEST = 4096


class Reach(NamedTuple):
    """The frames that the audio of one frame depends on.

    Attributes:
        before: number of frames before it.
        after: number of frames after it.
    """

    before: int
    after: int


def reach(generator: MelGenerator, n_mels: int) -> Reach | None:
    """Measure a generator's receptive field by the samples that one frame of NaN reaches.

    NaN passes through every layer whatever its weights are, so this is the receptive field of the
    architecture, not of these weights.

    Args:
        generator: the network, in evaluation mode.
        n_mels: number of mel bands it takes.

    Returns:
        None if it is not `local`, if it reaches further than 2048 frames, or if NaN is lost.
    """
    if not generator.local or noise_per_frame(generator) is None:
        return None
    frames = 64
    while frames <= _WIDEST:
        spoilt = _spoilt(generator, n_mels, frames)
        hop, middle = generator.hop_length, frames // 2
        places = spoilt.nonzero()[:, 0]
        if not len(places):
            return None
        first, last = int(places[0]) // hop, int(places[-1]) // hop
        if first > 0 and int(places[-1]) < len(spoilt) - hop:
            return Reach(max(last - middle, 0), max(middle - first, 0))
        frames *= 4
    return None


def decode(
    engine: Engine[MelGenerator],
    mel: Tensor,
    noise: Tensor | None,
    known: Reach | None,
    run: Callable[..., Tensor] | None = None,
) -> Tensor:
    """The audio `(N, T)` of mels `(N, n_mels, L)`, decoded a few samples at a time.

    Args:
        engine: runs the network.
        mel: mels of one length.
        noise: `(N, channels, length)` if the network takes noise.
        known: the network's reach; None decodes each mel whole.
        run: runs the network instead of the engine.

    Raises:
        UserError: too few frames for a network with reflected borders.
    """
    length = mel.shape[-1]
    most = most_frames(engine.network, mel.device)
    if len(mel) * length <= most:
        return _made(engine, mel, noise, run)
    audio = []
    together = max(most // length, 1)
    for first in range(0, len(mel), together):
        part = slice(first, first + together)
        given = mel[part], None if noise is None else noise[part]
        if length <= most or known is None:
            audio.append(_made(engine, *given, run))
        else:
            audio.append(_in_pieces(engine, *given, known, most))
    return torch.cat(audio)


def most_frames(generator: MelGenerator, device: torch.device) -> int:
    """Number of frames decoded at a time."""
    samples = SAMPLES if device.type == "cpu" else SAMPLES_ON_A_GPU
    return max(samples // generator.hop_length, 1)


def decode_blocks(
    engine: Engine[MelGenerator],
    mel: Iterable[Tensor],
    length: int,
    noise: Iterable[Tensor] | None,
    known: Reach,
) -> Iterator[Tensor]:
    """The audio of one long mel given in blocks; bit for bit what `decode` gives.

    Args:
        engine: runs the network.
        mel: `(n_mels, L')` each, on the network's device.
        length: L, total number of frames.
        noise: `(channels, length')` each, of any lengths, if the network takes noise.
        known: the network's reach.

    Yields:
        `(T',)` each.
    """
    generator, device = engine.network, engine.device
    each = noise_per_frame(generator) or 0
    frames, drawn = Window(mel), None if noise is None else Window(noise)
    for piece in _plan(generator, length, known, most_frames(generator, device)):
        with own_settings(), torch.no_grad():
            first, last = piece.first, piece.last
            own = None if drawn is None else drawn.between(first * each, last * each)[None]
            own = None if own is None else own.to(device)
            made = _made(engine, frames.between(first, last)[None], own)
            kept = made[0, piece.kept]
        yield kept


class _Piece(NamedTuple):
    """Frames [first, last) to decode; their samples `kept` are [start, stop) of the whole."""

    first: int
    last: int
    start: int
    stop: int
    kept: slice


def _plan(generator: MelGenerator, length: int, known: Reach, most: int) -> Iterator[_Piece]:
    """The pieces of a long mel."""
    hop = generator.hop_length
    count = -(-length // max(most, 4 * sum(known)))
    for piece in range(count):
        start, stop = length * piece // count, length * (piece + 1) // count
        first, last = max(start - known.before, 0), min(stop + known.after, length)
        first -= first % ALIGNED
        end = stop * hop if stop < length else generator.output_length(length)
        kept = slice(start * hop - first * hop, end - first * hop)
        yield _Piece(first, last, start * hop, end, kept)


def _in_pieces(
    engine: Engine[MelGenerator], mel: Tensor, noise: Tensor | None, known: Reach, most: int
) -> Tensor:
    """The audio `(1, T)` of one long mel."""
    generator = engine.network
    audio = mel.new_empty(1, generator.output_length(mel.shape[-1]))
    each = noise_per_frame(generator) or 0
    for piece in _plan(generator, mel.shape[-1], known, most):
        own = None if noise is None else noise[..., piece.first * each : piece.last * each]
        made = _made(engine, mel[..., piece.first : piece.last], own)
        audio[:, piece.start : piece.stop] = made[:, piece.kept]
    return audio


def _made(
    engine: Engine[MelGenerator],
    mel: Tensor,
    noise: Tensor | None,
    run: Callable[..., Tensor] | None = None,
) -> Tensor:
    run = engine if run is None else run
    try:
        made = run(mel) if noise is None else run(mel, noise)
    except RuntimeError:
        if mel.shape[-1] > FEW or not _takes(engine.network, mel.shape[-1] + FEW, mel):
            raise
        raise UserError(
            f"mel has {mel.shape[-1]} frames, too few for this model, which reflects its borders: "
            "add frames of silence at the end"
        ) from None
    return made[:, 0]


def _takes(generator: MelGenerator, frames: int, like: Tensor) -> bool:
    """Whether the network runs on this many frames of silence."""
    shape = generator.noise_shape(frames)
    given = [like.new_zeros(1, like.shape[1], frames)]
    given += [] if shape is None else [like.new_zeros(1, *shape)]
    try:
        generator(*given)
    except RuntimeError:
        return False
    return True


def _spoilt(generator: MelGenerator, n_mels: int, frames: int) -> Tensor:
    """Which samples `(T,)` of the first channel depend on the middle frame of `frames`."""
    device, middle = next(generator.parameters()).device, frames // 2
    mel = torch.zeros(1, n_mels, frames, device=device)
    mel[..., middle] = torch.nan
    each, noise = noise_per_frame(generator), None
    if each:
        shape = generator.noise_shape(frames)
        noise = torch.zeros(1, *shape or (), device=device)
        noise[..., middle * each : (middle + 1) * each] = torch.nan
    with _direct_convolutions(device):
        made: Tensor = generator(mel) if noise is None else generator(mel, noise)
        return made[0, 0].isnan()


def _direct_convolutions(device: torch.device) -> AbstractContextManager[None]:
    """Turn cuDNN off: it may choose FFT convolutions, which spread NaN over their whole length."""
    return torch.backends.cudnn.flags(enabled=False) if device.type == "cuda" else nullcontext()


def noise_per_frame(generator: MelGenerator) -> int | None:
    """Values of noise per frame, 0 if it takes none; None if the number varies."""
    one, many = generator.noise_shape(1), generator.noise_shape(64)
    if one is None or many is None:
        return 0
    return one[1] if many[1] == 64 * one[1] else None
