"""Fingerprint of the clips that validation measures."""

import hashlib
import json

from wavegan import plugins
from wavegan.data.stretch import pieces
from wavegan.recipe import Recipe
from wavegan.tasks.base import Task
from wavegan.training import files


def fingerprint(recipe: Recipe, found: files.Files) -> str:
    """16 hexadecimal digits; validation results are comparable if these are equal.

    They depend on the measured audio, but not on its file names and not on given mels.
    """
    # trust_code was checked together with the recipe
    task: type[Task] = plugins.find("tasks", recipe.task.name, own=True)
    data, count = recipe.data, recipe.training.validation_clips
    clips, facts = list(found.split.validation), []
    if task.reconstructs:
        clips = [part for clip in clips for part in pieces(clip, data.validation_seconds)][:count]
    elif clips:
        facts = [str(count), data.align, str(data.balance)]
    for clip in clips:
        longest = int(data.validation_seconds * clip.sample_rate)
        frames = min(clip.frames, longest) if task.reconstructs else clip.frames
        facts.append(f"{clip.content or clip.path} {clip.start} {frames}")
    return hashlib.sha256(json.dumps(sorted(facts)).encode("ascii")).hexdigest()[:16]
