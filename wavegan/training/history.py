"""The history of a resumed run: its earlier recipe and split, and what changes now."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from wavegan import bundle
from wavegan.data.manifest import Manifest
from wavegan.data.split import Split
from wavegan.recipe import Recipe
from wavegan.recipe_sections import Data
from wavegan.training import changes
from wavegan.training.changes import Difference
from wavegan.training.kept_split import FILE, KeptSplit

DIVIDES = {"data.train", "data.validation"}
"""A change of these fields makes a new split."""
MELS = "data.mels"
MEASURES = DIVIDES | {MELS, "data.validation_seconds", "training.validation_clips"}
"""A change of these fields changes the validation clips."""

RATES = {"training.optimizer.lr", "training.optimizer.discriminator_lr"}
"""A change of these fields resets the factor from going back to a checkpoint."""


@dataclass(frozen=True)
class History:
    """How a run was trained before; empty for a new run.

    Attributes:
        run: its folder, or None.
        changed: the fields of its recipe that change now.
        kept: its stored split, if there is one.
    """

    run: Path | None = None
    changed: tuple[Difference, ...] = ()
    kept: KeptSplit | None = None

    @classmethod
    def of(cls, run: Path, recipe: Recipe) -> "History":
        """Read the history of a run that resumes with a recipe.

        Raises:
            UserError: a field differs that cannot change during a run, or a file is damaged.
        """
        return cls(run, tuple(changes.check(run, recipe)), KeptSplit.read(run))

    @property
    def has_no_split(self) -> bool:
        """Whether an older version trained the run, which stored no split."""
        return self.run is not None and self.kept is None and not self._splits_again

    def division(self, manifest: Manifest, data: Data) -> Split | None:
        """The stored split of the current files; None if there is none or the recipe changes it."""
        if self.kept is None or self._splits_again:
            return None
        return self.kept.divide(manifest, listed=data.train is not None)

    def report(
        self, manifest: Manifest, split: Split, measured: str, note: Callable[[str], None]
    ) -> None:
        """Report what changes from now on.

        Args:
            manifest: the current files.
            split: their split.
            measured: what validation measures now.
            note: receives one line at a time.
        """
        if self.run is None:
            return
        for one in self.changed:
            note(f"{one} from now on")
        best = bundle.best_step(self.run)
        if self.measures_other_clips(split, measured) and best is not None:
            note(
                f"validation has other clips from now on, so step {best:,} is no longer the best: "
                f"opening {self.run} uses the last checkpoint until the next validation, and the "
                f"checkpoint of step {best:,} will be deleted (copy it to keep it)"
            )
        if self.kept is None:
            again = "some may change sides" if self._splits_again else "the rule is the same"
            note(
                f"{self.run} has no {FILE}, because an older version started it: its files are "
                f"split by data.validation again ({again})"
            )
        elif self._splits_again:
            for line in self.kept.following(manifest)[0].crossing(split):
                note(line)

    def measures_other_clips(self, split: Split, measured: str) -> bool:
        """Whether the validation clips changed, so that results do not compare with earlier ones.

        Args:
            split: the current split.
            measured: what validation measures now, see `measured.fingerprint`.
        """
        changed = {one.field for one in self.changed}
        if self.kept is None or not self.kept.measured:  # older versions did not store it
            return bool(changed & MEASURES) or (
                self.kept is not None and self.kept.held_out_changed(split)
            )
        return MELS in changed or self.kept.measured != measured

    @property
    def sets_rates(self) -> bool:
        """Whether a learning rate changes."""
        return any(one.field in RATES for one in self.changed)

    @property
    def _splits_again(self) -> bool:
        return any(one.field in DIVIDES for one in self.changed)
