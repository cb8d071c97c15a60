"""What a task is: everything of a model that depends on what it is for."""

from abc import ABC, abstractmethod
from typing import ClassVar, NamedTuple

from torch import Tensor, nn

from wavegan.bundle_card import EXAMPLE
from wavegan.conditions import NO_CONDITION, Conditions
from wavegan.data.segments import Conditioner
from wavegan.errors import UserError
from wavegan.generators.base import Generator
from wavegan.mel.front_end import Mel
from wavegan.recipe import Recipe
from wavegan.validation.base import Validation, ValidationData
from wavegan.validation.reconstruction import reconstruction

LOG_MEL_L1 = "log_mel_l1"


class Generated(NamedTuple):
    """What a task makes of a batch, all `(B, C, T)` in [-1, 1] but for the labels.

    Attributes:
        fake: what the discriminator is shown, with a graph to the generator.
        real: its real counterpart.
        estimate: what the reconstruction losses and metrics measure.
        reference: what they compare it with.
        label: `(B,)`, of fake and real alike, where the discriminator is to know it.
    """

    fake: Tensor
    real: Tensor
    estimate: Tensor
    reference: Tensor
    label: Tensor | None = None

    def to_float(self) -> "Generated":
        """The same in float32."""
        waves = (self.fake, self.real, self.estimate, self.reference)
        fake, real, estimate, reference = (wave.float() for wave in waves)
        return Generated(fake, real, estimate, reference, self.label)


class Task(nn.Module, ABC):
    """Base of all tasks.

    A task says what a batch holds, what the generator gets and what is compared with what
    (`generate`), how a generator is measured and which figure decides (`validation`), and which
    class opens its models. Training and validation share `generate`. Its constructor may ask for
    what the rest of the recipe makes known (see `bundle_config.context`) and for `seed`.

    Attributes:
        generator_base: the base that its generators inherit; it says what goes in.
        conditions: names of the conditions that `generate` makes use of; a recipe that gives a
            mel or labels to a task without them is refused.
        reconstructs: whether the estimate is to equal the reference; if not, there is nothing for
            reconstruction losses to compare.
        opened_by: the class that opens its models, as `package.module:Class`; it has
            `from_pretrained(path, device, *, trust_code)`.
        command: the command of the shell that uses its models; empty: there is none.
        example: Python that uses a model in `this/folder`, for its README.
    """

    generator_base: ClassVar[type[Generator]]
    conditions: ClassVar[frozenset[str]] = frozenset()
    reconstructs: ClassVar[bool] = True
    opened_by: ClassVar[str]
    command: ClassVar[str] = ""
    example: ClassVar[str] = EXAMPLE

    @abstractmethod
    def generate(
        self, generator: nn.Module, audio: Tensor, conditions: Conditions = NO_CONDITION
    ) -> Generated:
        """Run the generator for real audio.

        Args:
            generator: the network.
            audio: `(B, C, T)`.
            conditions: what is known beside it.
        """

    def validation(self, data: ValidationData) -> Validation:
        """What measures a generator in the course of a run, and writes clips to listen to.

        The default, for tasks that reconstruct: held-out clips are generated whole, and
        their log-mel L1 decides.

        Args:
            data: what may be read for it.
        """
        from wavegan.metrics.log_mel_l1 import LogMelL1
        from wavegan.metrics.mrstft import MRSTFT

        metrics = {LOG_MEL_L1: LogMelL1(mel=self.measured_with()), "mrstft": MRSTFT()}
        return reconstruction(self.generate, data, metrics, LOG_MEL_L1)

    def measured_with(self) -> Mel | None:
        """The mel front-end of the log-mel L1; None: that of `LogMelL1`."""
        return None

    def conditioner(self) -> Conditioner | None:
        """What makes further conditions of a clip where it is read, in the reading processes.

        None: there are none. It is sent to these processes, so it must not hold the task.
        """
        return None

    @classmethod
    def check(cls, recipe: Recipe, generator: type[Generator]) -> None:
        """Refuse a recipe that this task can make nothing of, before anything is read or built.

        Args:
            recipe: resolved.
            generator: the class of its generator.

        Raises:
            UserError: names the field.
        """
        name = recipe.task.name
        for field, condition in (("mels", "mel"), ("labels", "label")):
            if getattr(recipe.data, field) is not None and condition not in cls.conditions:
                raise UserError(f"data.{field} is set, but the task {name} takes no {condition}s")
        if not cls.reconstructs and (recipe.losses or recipe.feature_matching):
            field = "losses" if recipe.losses else "feature_matching"
            raise UserError(
                f"{field}: the task {name} compares sets of clips, not pairs: leave {field} out"
            )
        if not issubclass(generator, cls.generator_base):
            raise UserError(
                f"generator.name is {recipe.generator.name}, no {cls.generator_base.__name__}: the "
                f"task {name} needs one"
            )
