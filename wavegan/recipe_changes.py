"""What may become of each field of a recipe when a run goes on: one table, and how it is asked."""

from collections.abc import Mapping
from enum import Enum


class Change(Enum):
    """What another value of a field means to a run that goes on."""

    FREE = "it changes nothing that is learnt or measured"
    SAID = "it matters, so it is said"
    MOVED = "said; a value may take another's place, but not null's, nor null a value's"
    WARM = "refused; a new run with this run's weights can have it"
    NEVER = "refused; a new run can have it, with fresh weights"


FREE, SAID, MOVED, WARM, NEVER = Change

CHANGES: Mapping[str, Change] = {
    "description": FREE,
    "needs": FREE,
    "gave": FREE,
    "task": NEVER,
    "audio.sample_rate": NEVER,
    "audio.channels": NEVER,
    "mel": NEVER,
    "generator": NEVER,
    "discriminators": WARM,
    "discriminators.*.weight": SAID,
    "objective": SAID,
    "penalties": SAID,
    "losses": SAID,
    "feature_matching": SAID,
    "data.folder": MOVED,
    "data.mels": MOVED,
    "data.segment": WARM,
    "data.peak": WARM,
    "data.train": SAID,
    "data.validation": SAID,
    "data.workers": FREE,
    "data.validation_seconds": SAID,
    "data.labels": NEVER,
    "data.label_from": NEVER,
    "data.label_pattern": NEVER,
    "data.balance": SAID,
    "data.align": SAID,
    "training.steps": SAID,
    "training.batch_size": SAID,
    "training.seed": SAID,
    "training.precision": SAID,
    "training.optimizer": SAID,
    "training.schedule": SAID,
    "training.clip_generator": SAID,
    "training.clip_discriminator": SAID,
    "training.ema": MOVED,
    "training.adversarial_from": SAID,
    "training.n_critic": SAID,
    "training.augment": SAID,
    "training.init_from": WARM,
    "training.log_every": FREE,
    "training.checkpoint_every": FREE,
    "training.validate_every": FREE,
    "training.keep_last": FREE,
    "training.validation_clips": SAID,
    "training.previews": FREE,
    "training.trackers": FREE,
}
"""By dotted field; what is said of a section holds for all in it that has no entry of its own."""


def change(field: str) -> Change:
    """What another value of a field means.

    Args:
        field: dotted, down to any depth, e.g. `training.optimizer.lr`.

    Raises:
        KeyError: neither the field nor a section that it lies in has an entry.
    """
    parts = field.split(".")
    if len(parts) == 3 and (rule := CHANGES.get(f"{parts[0]}.*.{parts[2]}")):
        return rule
    for length in range(len(parts), 0, -1):
        if rule := CHANGES.get(".".join(parts[:length])):
            return rule
    raise KeyError(field)
