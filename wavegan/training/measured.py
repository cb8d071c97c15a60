"""Which clips validation measures, as one number."""

import hashlib
import json

from wavegan import plugins
from wavegan.data.stretch import pieces
from wavegan.recipe import Recipe
from wavegan.tasks.base import Task
from wavegan.training import files


def fingerprint(recipe: Recipe, found: files.Files) -> str:
    """Sixteen digits of what is measured: figures compare where they are the same.

    They say which audio is measured, not under which name, nor which mels were given with it.
    """
    # whether it may be a class of the user's was decided when the recipe was checked
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
