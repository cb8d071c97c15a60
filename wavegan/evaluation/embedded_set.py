"""Embed the clips of a folder."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pad

from wavegan.data import clips as reading
from wavegan.data.manifest import Clip, Manifest, printable
from wavegan.data.pairs import LeftOut
from wavegan.embeddings.base import Embedding
from wavegan.errors import UserError
from wavegan.evaluation import notes

BATCH = 32
Note = Callable[[str], None]
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class EmbeddedSet:
    """A set of clips and their embeddings.

    Attributes:
        clips: N usable clips.
        vectors: `(N, D)`, on the CPU.
        left_out: files that could not be used.
    """

    clips: tuple[Clip, ...]
    vectors: Tensor
    left_out: tuple[LeftOut, ...] = ()

    def __len__(self) -> int:
        """Return the number of clips."""
        return len(self.clips)

    def take(self, places: Tensor) -> "EmbeddedSet":
        """Return the clips at these places, int64, in this order."""
        clips = tuple(self.clips[place] for place in places.tolist())
        return EmbeddedSet(clips, self.vectors[places])


@dataclass(frozen=True)
class Embedder:
    """Embeds the beginning of each clip; short clips are padded with silence.

    Attributes:
        embedding: on the device where it computes, in `eval()`.
        samples: how much of a clip it receives, at its own rate.
        note: called with each line for the user.
        progress: called with (set, done, all) clips.
    """

    embedding: Embedding
    samples: int
    note: Note = lambda _: None
    progress: Progress = lambda _name, _done, _all: None

    @torch.no_grad()
    def __call__(self, name: str, manifest: Manifest, least: int = 2) -> EmbeddedSet:
        """Embed the clips of a folder.

        Args:
            name: of the set, for messages.
            manifest: the folder.
            least: the smallest number of usable clips.

        Raises:
            UserError: fewer than `least` usable clips.
        """
        for line in manifest.passed_over:
            self.note(f"{name}: {line}")
        left_out = [LeftOut(name, printable(each.path), each.reason) for each in manifest.rejected]
        clips: list[Clip] = []
        vectors = []
        for start in range(0, len(manifest.clips), BATCH):
            batch = []
            for clip in manifest.clips[start : start + BATCH]:
                try:
                    batch.append(self._read(clip, manifest))
                except (UserError, OSError) as error:
                    left_out.append(LeftOut(name, printable(clip.path), str(error)))
                else:
                    clips.append(clip)
            if batch:
                vectors.append(self.embedding(torch.stack(batch).to(self._device)).cpu())
            self.progress(name, min(start + BATCH, len(manifest.clips)), len(manifest.clips))
        notes.left_out(left_out, self.note)
        if len(clips) < least:
            raise UserError(f"{name}: {len(clips)} usable clips: give {least} or more")
        return EmbeddedSet(tuple(clips), torch.cat(vectors), tuple(left_out))

    @property
    def _device(self) -> torch.device | None:
        tensors = (*self.embedding.parameters(), *self.embedding.buffers())
        return next((tensor.device for tensor in tensors), None)

    def _read(self, clip: Clip, manifest: Manifest) -> Tensor:
        rate = self.embedding.sample_rate
        audio = reading.crop(clip, manifest.root, rate, start=0, frames=self.samples)
        return pad(audio, (0, self.samples - audio.shape[-1]))
