"""Long mel spectrograms decoded in pieces, so that memory does not grow with their length.

Each piece is decoded with as many frames beside it as its samples depend on, and what these frames
become is cut off again. Only the outermost pieces see the borders that the whole has.

    whole    ├──────────────────────────────────────────────┤
    pieces   ├── kept ───┼ after ┤
                ├ before ┼── kept ───┼ after ┤
                            ├ before ┼────── kept ──────────┤
"""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import NamedTuple

import torch
from torch import Tensor

from wavegan.audio.window import Window
from wavegan.errors import UserError
from wavegan.generators.base import MelGenerator
from wavegan.own_settings import own_settings

SAMPLES = 2**18
"""Of audio that are decoded at once on a CPU: HiFi-GAN V3 needs 0.3 GiB for them, Parallel WaveGAN
and UnivNet-c32 1 GiB."""
SAMPLES_ON_A_GPU = 2**21
ALIGNED = 16
"""Frames: pieces begin at multiples, so that processors group values in the last one as in the
whole, and round them alike."""
FEW = 64
"""Frames; reflected borders of no network here take more."""
_WIDEST = 4096


class Reach(NamedTuple):
    """What the audio of a frame depends on.

    Attributes:
        before: frames before it.
        after: frames after it.
    """

    before: int
    after: int


def reach(generator: MelGenerator, n_mels: int) -> Reach | None:
    """How far a generator looks, seen by what one frame that is no number spoils.

    NaN passes through every layer, whatever its weights are, so this is the architecture's reach
    and not that of these weights.

    Args:
        generator: the network, in evaluation mode.
        n_mels: bands that it takes.

    Returns:
        None where it is not `local` or looks further than 2048 frames, and where NaN is lost.
    """
    if not generator.local or _noise_per_frame(generator) is None:
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
    generator: MelGenerator, mel: Tensor, noise: Tensor | None, known: Reach | None
) -> Tensor:
    """The audio `(N, T)` of mels `(N, n_mels, L)`, few samples of it at once.

    Args:
        generator: the network.
        mel: of one length.
        noise: `(N, channels, length)` where it takes some.
        known: its reach; None: each mel is decoded whole.

    Raises:
        UserError: fewer frames than a network with reflected borders takes.
    """
    length = mel.shape[-1]
    most = most_frames(generator, mel.device)
    if len(mel) * length <= most:
        return _made(generator, mel, noise)
    audio = []
    together = max(most // length, 1)
    for first in range(0, len(mel), together):
        part = slice(first, first + together)
        given = mel[part], None if noise is None else noise[part]
        if length <= most or known is None:
            audio.append(_made(generator, *given))
        else:
            audio.append(_in_pieces(generator, *given, known, most))
    return torch.cat(audio)


def most_frames(generator: MelGenerator, device: torch.device) -> int:
    """How many frames are decoded at once."""
    samples = SAMPLES if device.type == "cpu" else SAMPLES_ON_A_GPU
    return max(samples // generator.hop_length, 1)


def decode_blocks(
    generator: MelGenerator,
    mel: Iterable[Tensor],
    length: int,
    noise: Iterable[Tensor] | None,
    known: Reach,
) -> Iterator[Tensor]:
    """The audio of one long mel that comes block by block; what `decode` gives, bit for bit.

    Args:
        generator: the network.
        mel: `(n_mels, L')` each, on the network's device.
        length: L, frames of all blocks together.
        noise: `(channels, length')` each, of any lengths, where it takes some.
        known: its reach.

    Yields:
        `(T',)` each.
    """
    device = next(generator.parameters()).device
    each = _noise_per_frame(generator) or 0
    frames, drawn = Window(mel), None if noise is None else Window(noise)
    for piece in _plan(generator, length, known, most_frames(generator, device)):
        with own_settings(), torch.no_grad():
            first, last = piece.first, piece.last
            heard = None if drawn is None else drawn.between(first * each, last * each)[None]
            heard = None if heard is None else heard.to(device)
            made = _made(generator, frames.between(first, last)[None], heard)
            kept = made[0, piece.kept]
        yield kept


class _Piece(NamedTuple):
    """Frames [first, last) are decoded, of whose samples `kept` are [start, stop) of the whole."""

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
    generator: MelGenerator, mel: Tensor, noise: Tensor | None, known: Reach, most: int
) -> Tensor:
    """The audio `(1, T)` of one long mel."""
    audio = mel.new_empty(1, generator.output_length(mel.shape[-1]))
    each = _noise_per_frame(generator) or 0
    for piece in _plan(generator, mel.shape[-1], known, most):
        heard = None if noise is None else noise[..., piece.first * each : piece.last * each]
        made = _made(generator, mel[..., piece.first : piece.last], heard)
        audio[:, piece.start : piece.stop] = made[:, piece.kept]
    return audio


def _made(generator: MelGenerator, mel: Tensor, noise: Tensor | None) -> Tensor:
    try:
        made: Tensor = generator(mel) if noise is None else generator(mel, noise)
    except RuntimeError:
        if mel.shape[-1] > FEW or not _takes(generator, mel.shape[-1] + FEW, mel):
            raise
        raise UserError(
            f"mel has {mel.shape[-1]} frames: this model reflects its borders and needs a few "
            "more: put frames of silence after them"
        ) from None
    return made[:, 0]


def _takes(generator: MelGenerator, frames: int, like: Tensor) -> bool:
    """Whether the network makes something of so many frames of silence, where it fails on fewer."""
    shape = generator.noise_shape(frames)
    given = [like.new_zeros(1, like.shape[1], frames)]
    given += [] if shape is None else [like.new_zeros(1, *shape)]
    try:
        generator(*given)
    except RuntimeError:
        return False
    return True


def _spoilt(generator: MelGenerator, n_mels: int, frames: int) -> Tensor:
    """Which samples `(T,)` of the first channel depend on the middle one of so many frames."""
    device, middle = next(generator.parameters()).device, frames // 2
    mel = torch.zeros(1, n_mels, frames, device=device)
    mel[..., middle] = torch.nan
    each, noise = _noise_per_frame(generator), None
    if each:
        shape = generator.noise_shape(frames)
        noise = torch.zeros(1, *shape or (), device=device)
        noise[..., middle * each : (middle + 1) * each] = torch.nan
    with _direct_convolutions(device):
        return _made(generator, mel, noise)[0].isnan()


def _direct_convolutions(device: torch.device) -> AbstractContextManager[None]:
    """Without cuDNN, which may choose transforms: these spread NaN over their whole length."""
    return torch.backends.cudnn.flags(enabled=False) if device.type == "cuda" else nullcontext()


def _noise_per_frame(generator: MelGenerator) -> int | None:
    """Values of noise for each frame, 0 where it takes none; None: not the same for each."""
    one, many = generator.noise_shape(1), generator.noise_shape(64)
    if one is None or many is None:
        return 0
    return one[1] if many[1] == 64 * one[1] else None
