"""Which recipe fields may change when a run is resumed."""

from collections.abc import Mapping
from enum import Enum


class Change(Enum):
    """What a new value of a field means for a resumed run."""

    FREE = "allowed; it changes nothing that is learned or measured"
    SAID = "allowed, and printed because it matters"
    MOVED = "allowed and printed, but not from null to a value or from a value to null"
    WARM = "refused; start a new run from this run's weights"
    NEVER = "refused; start a new run from scratch"


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
"""By dotted field; a section's entry holds for all its fields without an entry of their own."""


def change(field: str) -> Change:
    """What a new value of a field means for a resumed run.

    Args:
        field: dotted name of any depth, e.g. `training.optimizer.lr`.

    Raises:
        KeyError: neither the field nor a section that contains it has an entry.
    """
    parts = field.split(".")
    if len(parts) == 3 and (rule := CHANGES.get(f"{parts[0]}.*.{parts[2]}")):
        return rule
    for length in range(len(parts), 0, -1):
        if rule := CHANGES.get(".".join(parts[:length])):
            return rule
    raise KeyError(field)
