"""Run all detectors on audio files, and collect their common faults."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from wavegan import bundle, plugins
from wavegan.artifacts.base import Artifact, Finding
from wavegan.audio import io, made_by
from wavegan.bundle_config import Config
from wavegan.data.audio_listing import audio_files, listing
from wavegan.data.pairs import clip_name
from wavegan.data.scan import READABLE
from wavegan.diagnosis.report import LINE, FileReport, FolderReport, Origin, is_same
from wavegan.diagnosis.sound_causes import Kind, of_sound
from wavegan.errors import UserError

LONGEST = 300.0
"""Most seconds of a file to analyse."""
MOST = 300 * 48_000
"""Most samples of a channel to analyse; for all channels together, twice as many."""
LOWEST_RATE = 2000
"""Hz; files with a lower rate are damaged."""
EDGE = 0.01
"""Largest distance in seconds at which a click is the edge of a dropout."""
ORDER = (
    *("non_finite", "level", "clipping", "dc", "dropouts", "clicks", "end_clicks"),
    *("tonal_lines", "hum", "buzz", "band_limit", "spectral_holes"),
)
"""Order of the packaged detectors in reports; others follow."""
Progress = Callable[[int, int], None]


def detectors(config: Config | None = None) -> dict[str, Artifact]:
    """All detectors by name, in the order of reports.

    Args:
        config: configuration of the model that made the clips, if known.
    """
    names = sorted(plugins.names("artifacts"), key=lambda name: (*ORDER, name).index(name))
    context: dict[str, Any] = {}
    if config is not None and config.mel and "upsample_rates" in config.generator:
        context = {"hop_length": config.mel.samples_per_frame}
        context["upsample_rates"] = config.generator["upsample_rates"]
    return {
        name: plugins.build("artifacts", name, {}, where=name, context=context) for name in names
    }


def examine(
    audio: Tensor,
    sample_rate: int,
    *,
    reference: Tensor | None = None,
    config: Config | None = None,
    kind: Kind = "vocoded",
) -> list[Finding]:
    """Find the faults of a clip.

    Args:
        audio: (C, T).
        sample_rate: Hz.
        reference: (C, T), the original at the same rate; faults it also has are left out.
        config: configuration of the model that made the clip at this rate, to name its stages.
        kind: "sound" for clips made from a latent, which have other causes; "vocoded" for vocoded
            clips and recordings.
    """
    found: list[Finding] = []
    for detector in detectors(config).values():
        if reference is None:
            found += detector(audio, sample_rate)
        else:
            found += detector.against(audio, reference, sample_rate)
    kept = [finding for finding in found if not _is_implied(finding, found)]
    return [of_sound(finding) for finding in kept] if kind == "sound" else kept


def _is_implied(finding: Finding, found: Sequence[Finding]) -> bool:
    """Whether a finding only repeats another one.

    A steady line is also a tone in hiss, pulses are clicks, and a dropout has edges.
    """
    if finding.what == "buzz":
        return any(other.what == LINE and not other.minor for other in found)
    if finding.what == "metallic tone":
        lines = [replace(x, artifact="buzz", what=finding.what) for x in found if x.what == LINE]
        return any(is_same(line, finding) for line in lines)
    if finding.what == "click" and any(other.what == "buzz" for other in found):
        return True
    holes = [other for other in found if other.artifact == "dropouts"]
    return finding.what == "click" and any(
        hole.start - EDGE <= finding.start and finding.end <= hole.end + EDGE for hole in holes
    )


def diagnose(
    path: Path,
    *,
    model: Path | None = None,
    reference: Path | None = None,
    kind: Kind | None = None,
    progress: Progress = lambda done, of: None,
) -> FolderReport:
    """Diagnose a file, or all audio files below a folder.

    Args:
        path: the file or folder.
        model: the run, checkpoint or bundle that made them, to name its stages as causes.
        reference: the original, or for a folder a folder of originals with the same names; only
            differences are reported.
        kind: kind of all files; None uses a file's metadata, or else the kind of the model, or
            else "vocoded".
        progress: called with (files done, files).

    Raises:
        UserError: there are no readable files, or there is no such model.
    """
    config = None if model is None else bundle.read(model).config
    files = _files(path)
    folder = path if path.is_dir() else path.parent
    if reference is not None and not reference.exists():
        raise UserError(f"{reference}: no such file or folder; give the originals")
    originals = _originals(reference) if reference is not None and path.is_dir() else {}
    reports: list[FileReport] = []
    left_out: dict[str, str] = {}
    for number, file in enumerate(files):
        name = file.relative_to(folder).as_posix()
        original = reference
        if path.is_dir():
            original = originals.get(clip_name(file.relative_to(folder)))
        try:
            reports.append(_report(file, name, config, original, reference is not None, kind))
        except UserError as error:
            if len(files) == 1:
                raise
            left_out[name] = str(error) if error.at else f"{name}: {error}"
        progress(number + 1, len(files))
    return FolderReport(tuple(reports), left_out)


def _files(path: Path) -> list[Path]:
    if not path.exists():
        raise UserError(f"{path}: no such file or folder; give an audio file or a folder of them")
    if not path.is_dir():
        return [path]
    found = [path / file for file in audio_files(path) if file.suffix.lower() in READABLE]
    if not found:
        raise UserError(f"{path}: there are no audio files in it")
    return found


def _originals(folder: Path) -> dict[str, Path]:
    if not folder.is_dir():
        raise UserError(
            f"{folder}: it is not a folder: give a folder of originals for a folder of clips"
        )
    return listing(folder).files


def _report(
    file: Path,
    name: str,
    config: Config | None,
    original: Path | None,
    paired: bool,
    kind: Kind | None,
) -> FileReport:
    audio, rate, notes = _read(file)
    origin = _origin(file)
    chosen = kind or _kind(origin, config)
    if config is not None and rate != config.sample_rate:
        notes.append(
            f"the model's sample rate is {config.sample_rate} Hz, so its stages are not named"
        )
        config = None
    reference = None
    if original is not None:
        frames = int(_longest(rate, io.probe(original).channels) * rate)
        wave, _ = io.read(original, frames=frames, sample_rate=rate, mono=False)
        reference = torch.from_numpy(wave)
        if not reference.shape[-1]:
            raise UserError("no samples in it", at=original)
    elif paired:
        notes.append("no original of this name: analysed without one")
    found = examine(audio, rate, reference=reference, config=config, kind=chosen)
    seconds, channels = audio.shape[-1] / rate, audio.shape[0]
    return FileReport(name, seconds, rate, channels, tuple(found), tuple(notes), chosen, origin)


def _origin(file: Path) -> Origin | None:
    """The wavegan command that made a file, by its metadata."""
    tags = io.probe(file).tags
    command = made_by.command(tags)
    return None if command is None else Origin(command, made_by.facts(tags))


def _kind(origin: Origin | None, config: Config | None) -> Kind:
    """Kind of a file: by its metadata, or else by the model."""
    if origin is not None and origin.command in ("generate", "vocode"):
        return "sound" if origin.command == "generate" else "vocoded"
    return "sound" if config is not None and config.segment is not None else "vocoded"


def _longest(sample_rate: int, channels: int) -> float:
    """Seconds of a file to analyse."""
    return min(LONGEST, MOST / sample_rate, 2 * MOST / sample_rate / channels)


def _read(file: Path) -> tuple[Tensor, int, list[str]]:
    """All channels of a file's beginning, its rate, and notes about missing parts."""
    info, notes = io.probe(file), []
    if info.sample_rate < LOWEST_RATE:
        raise UserError(
            f"its sample rate is {info.sample_rate} Hz, too low for audio: check its header",
            at=file,
        )
    frames = None
    longest = _longest(info.sample_rate, info.channels)
    if info.seconds > longest:
        frames = max(int(longest * info.sample_rate), 1)
        notes.append(f"only the first {longest:.0f} s of {info.seconds:.0f} s were analysed")
    audio, rate = io.read(
        file,
        frames=frames,
        mono=False,
        on_short=lambda error: notes.append(error.reason),
        on_note=notes.append,
    )
    if not audio.shape[-1]:
        raise UserError("no samples in it", at=file)
    return torch.from_numpy(audio), rate, notes
