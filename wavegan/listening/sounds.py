"""Write the audio files of a page under random names."""

import hashlib
import random
from dataclasses import dataclass
from pathlib import Path

from wavegan.audio.encoding import encode
from wavegan.listening import page
from wavegan.listening.pairing import REFERENCE
from wavegan.listening.stimuli import Stimuli


@dataclass(frozen=True)
class Drawn:
    """A clip of a test.

    Attributes:
        stimuli: its conditions.
        files: file name by condition.
        reference: file name of the copy that listeners know as the reference; None without one.
    """

    stimuli: Stimuli
    files: dict[str, str]
    reference: str | None


class Sounds:
    """Encodes clips into a folder; the same clips and seed give the same names and bytes.

    Args:
        folder: existing folder for the files.
        seed: of the names.

    Attributes:
        files: condition and clip by file name.
        drawn: the added clips.
    """

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self.files: dict[str, dict[str, str]] = {}
        self.drawn: list[Drawn] = []
        self._rng = random.Random(f"names {seed}")  # noqa: S311  # reproducible, and no secret
        self._digest = hashlib.sha256()

    def add(self, stimuli: Stimuli, *, known_reference: bool) -> None:
        """Encode a clip's conditions, and a copy of the reference that is not hidden."""
        coded: dict[str, bytes] = {}
        names: dict[str, str] = {}
        for condition, wave in stimuli.waves.items():
            sound, _ = encode(wave, stimuli.sample_rate, format="flac", subtype=stimuli.subtype)
            self._digest.update(sound)
            names[condition] = self._name(condition, stimuli.clip)
            coded[names[condition]] = sound
        known = None
        if known_reference and REFERENCE in names:
            known = self._name(REFERENCE, stimuli.clip)
            coded[known] = coded[names[REFERENCE]]
        for name, script in page.clip_scripts(coded).items():
            self.path(name).write_text(script, encoding="ascii", newline="\n")
        self.drawn.append(Drawn(stimuli, names, known))

    def _name(self, condition: str, clip: str) -> str:
        name = f"{self._rng.getrandbits(64):016x}"
        self.files[name] = {"condition": condition, "clip": clip}
        return name

    def path(self, name: str) -> Path:
        """Path of a file."""
        return self.folder / f"{name}.js"

    def identity(self, more: str) -> str:
        """An id of all audio and of `more`, the other content of the test."""
        digest = self._digest.copy()
        digest.update(more.encode())
        return digest.hexdigest()[:12]
