"""Which validation a task gets, and on what."""

import hashlib
import json

from wavegan.data.stretch import pieces
from wavegan.embeddings.mel_statistics import MelStatistics
from wavegan.metrics.log_mel_l1 import LogMelL1
from wavegan.metrics.mrstft import MRSTFT
from wavegan.recipe import Recipe
from wavegan.training import files
from wavegan.training.parts import Parts
from wavegan.training.unmeasured import Unmeasured
from wavegan.training.validate import Resynthesis, Validation
from wavegan.training.validate_sounds import Sounds


def build(recipe: Recipe, parts: Parts, found: files.Files) -> Validation:
    """What measures this recipe's generator; sets of sounds are read when first needed."""
    mel, training = parts.config.mel, recipe.training
    if parts.step["task"].reconstructs:
        measured = bool(found.split.validation)
        read = files.held_out if measured else files.shown
        made = Resynthesis(
            task=parts.step["task"],
            clips=read(recipe, mel, found),
            metrics={"mel_distance": LogMelL1(mel=mel), "mr_stft": MRSTFT()},
            sample_rate=mel.sample_rate,
            preview_count=training.previews,
        )
        return made if measured else Unmeasured(made)
    return Sounds(
        train=files.segments(recipe, mel, found),
        held_out=files.held_out_segments(recipe, mel, found),
        embedding=MelStatistics(sample_rate=mel.audio_rate),
        labels=tuple(recipe.data.labels or ()),
        sample_rate=mel.audio_rate,
        count=training.validation_clips,
        preview_count=training.previews,
        seed=training.seed,
    )


def fingerprint(recipe: Recipe, parts: Parts, found: files.Files) -> str:
    """Sixteen digits of what is measured: figures compare where they are the same.

    They say which audio is measured, not under which name, nor which mels were given with it.
    """
    data, count = recipe.data, recipe.training.validation_clips
    clips, facts = list(found.split.validation), []
    if parts.step["task"].reconstructs:
        clips = [part for clip in clips for part in pieces(clip, data.validation_seconds)][:count]
    elif clips:
        facts = [str(count), data.align, str(data.balance)]
    for clip in clips:
        longest = int(data.validation_seconds * clip.sample_rate)
        frames = min(clip.frames, longest) if parts.step["task"].reconstructs else clip.frames
        facts.append(f"{clip.content or clip.path} {clip.start} {frames}")
    return hashlib.sha256(json.dumps(sorted(facts)).encode("ascii")).hexdigest()[:16]
