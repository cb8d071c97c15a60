"""Copy synthesis: vocode the clips of a folder, and write copies and originals.

Metrics are computed from these files, so the files are enough to compute them again.
"""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from wavegan.audio import io, made_by
from wavegan.audio.opening import shown
from wavegan.data import clips as reading
from wavegan.data.audio_listing import listing
from wavegan.data.manifest import Clip, Manifest, printable
from wavegan.data.pairs import LeftOut, ambiguous, by_name, clip_name
from wavegan.errors import UserError
from wavegan.evaluation.longest import check_length
from wavegan.evaluation.pairing import pick
from wavegan.evaluation.plan import System
from wavegan.inference.revocode import revocode
from wavegan.inference.vocoder import Vocoder
from wavegan.mel.front_end import Mel


@dataclass(frozen=True)
class Copies:
    """A model's copies of clips, and the model's front-end."""

    system: System
    mel: Mel


def copy_synthesis(
    models: Mapping[str, Path],
    data: Manifest,
    out: Path,
    *,
    device: torch.device,
    only: Sequence[str] | None = None,
    count: int | None = None,
    trust_code: bool = False,
    progress: Callable[[str, int, int], None] = lambda _name, _done, _all: None,
) -> dict[str, Copies]:
    """Vocode each clip from its own mel; write the copies, and the clips at the model's rate.

    A clip is read as in training: at the model's rate, mono, scaled to the model's peak if it has
    one. Copy and clip are float WAV files in `out/NAME/` and `out/reference/`. Further models
    trained at another rate or peak have their clips in `out/reference-RATE-PEAK/`.

    Args:
        models: by name of the system: a run, a checkpoint, a bundle, or another project's
            (`Vocoder.from_pretrained`).
        data: the clips.
        out: folder; created if it is missing.
        device: where the models compute.
        only: names of clips; None is all.
        count: how many clips, evenly spread over the names.
        trust_code: as in `Vocoder.from_pretrained`.
        progress: called with (name, done, all).

    Raises:
        UserError: a model cannot be used, or none of the clips can be read.
    """
    chosen, unusable = _chosen(data, only, count)
    folders: dict[tuple[int, float | None], Path] = {}
    copies = {}
    for name, model in models.items():
        vocoder = Vocoder.from_pretrained(
            model, device=device, precision="float32", trust_code=trust_code
        )
        _check_rates(model, vocoder)
        read_as = vocoder.sample_rate, vocoder.peak
        mark = f"-{vocoder.sample_rate}-{vocoder.peak or 'as-recorded'}" if folders else ""
        reference = folders.setdefault(read_as, out / f"reference{mark}")
        made = out / folder_name(name)
        left_out = [LeftOut(name, file, reason) for file, reason in unusable]
        spoken = taken = 0.0
        for done, (stem, clip) in enumerate(chosen.items(), 1):
            try:
                files = made / f"{stem}.wav", reference / f"{stem}.wav"
                taken += _copy(vocoder, clip, data.root, *files)
                spoken += clip.seconds
            except (UserError, OSError) as error:
                left_out.append(LeftOut(name, stem, str(error)))
            progress(name, done, len(chosen))
        if not made.is_dir():
            raise UserError(f"{name}: no clip could be vocoded: {left_out[-1].reason}")
        origin = {"model": str(model), "data": str(data.root), **_conditions(vocoder)}
        origin["times_real_time"] = spoken / taken
        copies[name] = Copies(System(made, reference, origin, tuple(left_out)), vocoder.mel_config)
    return copies


def copied(made: Copies) -> list[str]:
    """Return the names of the clips that a model made copies of."""
    return sorted(listing(made.system.estimate).files)


def _conditions(vocoder: Vocoder) -> dict[str, Any]:
    """How a vocoder's clips were read, and what it ran on."""
    return {
        "sample_rate": vocoder.sample_rate,
        "peak": vocoder.peak,
        "device": str(vocoder.device),
        "threads": torch.get_num_threads(),
    }


def _check_rates(model: Path, vocoder: Vocoder) -> None:
    spec = vocoder.mel_config
    if spec.audio_rate != spec.sample_rate:
        raise UserError(
            f"{model}: its mels are of {spec.sample_rate} Hz audio and its output is "
            f"{spec.audio_rate} Hz: vocode your mels, and evaluate the folder of the outputs"
        )


def _chosen(
    data: Manifest, only: Sequence[str] | None, count: int | None
) -> tuple[dict[str, Clip], list[tuple[str, str]]]:
    """The clips by name, and the files (of the list, if there is one) that cannot be used."""
    unusable = {printable(entry.path): entry.reason for entry in data.rejected}
    clips = {clip.path: clip for clip in data.clips}
    names = by_name(clips)
    unusable |= ambiguous(names)
    clear = {stem: clips[paths[0]] for stem, paths in names.items() if len(paths) == 1}
    if only is not None:
        refused = {clip_name(file): file for file in unusable}
        listed = pick([*clear, *(name for name in refused if name not in clear)], only, None)
        unusable = {file: unusable[file] for name, file in refused.items() if name in listed}
        clear = {stem: clear[stem] for stem in listed if stem in clear}
    return {stem: clear[stem] for stem in pick(list(clear), None, count)}, list(unusable.items())


def folder_name(name: str) -> str:
    """Return the name of the folder for a system's copies."""
    plain = re.sub(r"[^\w.-]+", "_", name).strip("._") or "model"
    return f"model-{plain}" if plain.startswith("reference") else plain


def _copy(vocoder: Vocoder, clip: Clip, root: Path, made: Path, reference: Path) -> float:
    """Write copy and clip; return the seconds that the mel and the model took."""
    check_length(root / clip.path, clip.frames, clip.sample_rate, vocoder.sample_rate)
    audio = reading.whole(clip, root, vocoder.sample_rate, 1, vocoder.peak)[0]
    if not len(audio):
        raise UserError("it has no samples", at=shown(clip.path))
    start = time.perf_counter()
    copy = revocode(vocoder, audio.to(vocoder.device)).cpu()
    taken = time.perf_counter() - start
    if not bool(copy.isfinite().all()):
        raise UserError(f"the model made NaN or infinite samples of {shown(clip.path)}")
    for file, wave in ((reference, audio), (made, copy)):
        file.parent.mkdir(parents=True, exist_ok=True)
        tags = made_by.mark("evaluate")
        io.write(file, wave.numpy()[None], vocoder.sample_rate, subtype="FLOAT", tags=tags)
    return taken
