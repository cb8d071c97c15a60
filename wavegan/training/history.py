"""What a run that goes on was before: what changed since has to be said, or is refused."""

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
"""The fields that divide files anew where they change."""
MELS = "data.mels"
MEASURES = DIVIDES | {MELS, "data.validation_seconds", "training.validation_clips"}
"""The fields of which another value gives validation other clips."""

RATES = {"training.optimizer.lr", "training.optimizer.discriminator_lr"}
"""The fields of which another value is meant as it is: no factor of before holds."""


@dataclass(frozen=True)
class History:
    """How a run was trained before; of a new run, nothing.

    Attributes:
        run: its folder, or None.
        changed: the fields of its recipe that are others from here on.
        kept: how its files were divided, where that is written down.
    """

    run: Path | None = None
    changed: tuple[Difference, ...] = ()
    kept: KeptSplit | None = None

    @classmethod
    def of(cls, run: Path, recipe: Recipe) -> "History":
        """Read a run's, for going on with a recipe.

        Raises:
            UserError: the recipe differs where a run cannot change, or a file is damaged.
        """
        return cls(run, tuple(changes.check(run, recipe)), KeptSplit.read(run))

    @property
    def wrote_nothing(self) -> bool:
        """Whether it is a run from before runs wrote down how their files are divided."""
        return self.run is not None and self.kept is None and not self._divides_anew

    def division(self, manifest: Manifest, data: Data) -> Split | None:
        """The division that still holds; None: there is none, or the recipe asks for another."""
        if self.kept is None or self._divides_anew:
            return None
        return self.kept.divide(manifest, listed=data.train is not None)

    def tell(
        self, manifest: Manifest, split: Split, measured: str, note: Callable[[str], None]
    ) -> None:
        """Say what is otherwise from here on.

        Args:
            manifest: the files that are there.
            split: how they are divided now.
            measured: what validation measures now.
            note: is told, a line at a time.
        """
        if self.run is None:
            return
        for one in self.changed:
            note(f"{one} from here on")
        best = bundle.best_step(self.run)
        if self.measures_anew(split, measured) and best is not None:
            note(
                f"validation has other clips from here on, so step {best:,} is the best no longer: "
                f"the last checkpoint stands for {self.run} until the next validation, and that of "
                f"step {best:,} is not kept for ever (copy it to keep it)"
            )
        if self.kept is None:
            again = "some may change sides" if self._divides_anew else "the rule is the same"
            note(
                f"{self.run} has no {FILE}, as it was begun before there was one: its files are "
                f"divided by data.validation again ({again})"
            )
        elif self._divides_anew:
            for line in self.kept.following(manifest)[0].crossing(split):
                note(line)

    def measures_anew(self, split: Split, measured: str) -> bool:
        """Whether validation has other clips than before, so that its figures do not compare.

        Args:
            split: how files are divided now.
            measured: what validation measures now, see `measured.fingerprint`.
        """
        changed = {one.field for one in self.changed}
        if self.kept is None or not self.kept.measured:  # from before it was written down
            return bool(changed & MEASURES) or (
                self.kept is not None and self.kept.held_out_else(split)
            )
        return MELS in changed or self.kept.measured != measured

    @property
    def sets_rates(self) -> bool:
        """Whether a learning rate is another than before."""
        return any(one.field in RATES for one in self.changed)

    @property
    def _divides_anew(self) -> bool:
        return any(one.field in DIVIDES for one in self.changed)
