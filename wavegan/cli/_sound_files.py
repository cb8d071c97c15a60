"""Write generated clips to files: scaled to a peak, with how they were made in the metadata."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from wavegan.cli._draws import Clip
from wavegan.cli._peak import Peak
from wavegan.cli._sound_tally import Tally

if TYPE_CHECKING:
    from torch import Tensor

    from wavegan.inference.synthesizer import Synthesizer


@dataclass
class SoundFiles:
    """Writes clips, and collects what to report about them.

    Attributes:
        synthesizer: the model that made the clips.
        subtype: sample format of the files, libsndfile's name.
        peak: the peak to scale clips to.
        made: how all clips were made, for their metadata.
        tally: clips that were scaled, clipped, drawn again or left out.
        entries: the JSON entry of each file.
    """

    synthesizer: "Synthesizer"
    subtype: str
    peak: Peak
    made: Mapping[str, object]
    tally: Tally = field(default_factory=Tally)
    entries: list[dict[str, object]] = field(default_factory=list)

    def write(self, file: Path, label: str, number: int, clip: Clip) -> "Tensor | None":
        """Write a clip `(C, T)` and return it as written; None if it is unusable."""
        from wavegan.audio import io
        from wavegan.audio.made_by import comment, mark

        if clip.why is not None:
            self.tally.leave_out(file.name, clip)
            return None
        gain = self.peak.gain(clip.wave)
        changes: dict[str, object] = {"drawn": clip.number} if clip.draws > 1 else {}
        if gain != 1:
            changes["gain"] = round(gain, 6)
        # rounding may put a sample just above full scale
        wave = clip.wave if gain == 1 else (clip.wave * gain).clamp(-1, 1)
        file.parent.mkdir(parents=True, exist_ok=True)
        # a label may be a folder name that is not UTF-8
        title = label.encode(errors="replace").decode()
        said = comment({**self.made, "label": title, "clip": number, **changes})
        report = io.write(
            file,
            wave.numpy(),
            self.synthesizer.sample_rate,
            subtype="VORBIS" if file.suffix == ".ogg" else self.subtype,
            tags=mark("generate", title=title, comment=said),
        )
        if report.clipped:
            changes["clipped"] = report.clipped
        self.entries.append({"output": str(file), "label": label, **changes})
        self._count(file.name, clip, gain, report.clipped)
        return wave

    def _count(self, name: str, clip: Clip, gain: float, clipped: int) -> None:
        from wavegan.inference import usable

        tally, net = self.tally, self.synthesizer.generator
        tally.written += 1
        tally.clipped += clipped
        if clip.draws > 1:
            tally.again.append(name)
        if gain != 1 and not self.peak.always:
            tally.scaled.append(name)
            tally.loudest = max(tally.loudest, float(clip.wave.abs().max()))
        if usable.dies_away(clip.wave, self.synthesizer.sample_rate, net.segment):
            tally.short.append(name)
