"""Base class of tasks: everything that depends on what a model is used for."""

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
    """A task's output for a batch; all but the labels are `(B, C, T)` in [-1, 1].

    Attributes:
        fake: generated input of the discriminator, with a graph to the generator.
        real: its real counterpart.
        estimate: what the reconstruction losses and metrics measure.
        reference: what they compare it with.
        label: `(B,)`, for both fake and real, if the discriminator takes labels.
    """

    fake: Tensor
    real: Tensor
    estimate: Tensor
    reference: Tensor
    label: Tensor | None = None

    def to_float(self) -> "Generated":
        """The same data in float32."""
        waves = (self.fake, self.real, self.estimate, self.reference)
        fake, real, estimate, reference = (wave.float() for wave in waves)
        return Generated(fake, real, estimate, reference, self.label)


class Task(nn.Module, ABC):
    """Base of all tasks.

    A task defines the contents of a batch, the generator's input and what its output is compared
    with (`generate`), how a generator is measured and which figure decides (`validation`), and the
    class that opens its models. Training and validation share `generate`. The constructor may take
    values of the rest of the recipe (see `bundle_config.context`) and `seed`.

    Attributes:
        generator_base: base class of its generators, which defines their input.
        conditions: names of the conditions that `generate` uses; recipes that give mels or labels
            to a task without them are refused.
        reconstructs: whether the estimate should equal the reference; if not, reconstruction
            losses are refused.
        opened_by: the class that opens its models, as `package.module:Class`; it has
            `from_pretrained(path, device, *, trust_code)`.
        command: the wavegan command that uses its models; empty if there is none.
        example: Python code that uses a model in `this/folder`, for its README.
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
            conditions: further inputs, such as mel or label.
        """

    def validation(self, data: ValidationData) -> Validation:
        """The validation that measures a generator during a run and writes preview clips.

        This default is for tasks that reconstruct: held-out clips are generated whole, and their
        log-mel L1 decides.

        Args:
            data: the data that it may read.
        """
        from wavegan.metrics.log_mel_l1 import LogMelL1
        from wavegan.metrics.mrstft import MRSTFT

        metrics = {LOG_MEL_L1: LogMelL1(mel=self.measured_with()), "mrstft": MRSTFT()}
        return reconstruction(self.generate, data, metrics, LOG_MEL_L1)

    def measured_with(self) -> Mel | None:
        """The mel front-end of the log-mel L1; None uses that of `LogMelL1`."""
        return None

    def conditioner(self) -> Conditioner | None:
        """Compute further conditions of a clip in the loader processes; None if there are none.

        It is sent to these processes, so it must not refer to the task.
        """
        return None

    @classmethod
    def check(cls, recipe: Recipe, generator: type[Generator]) -> None:
        """Refuse a recipe that does not fit this task, before any data is read.

        Args:
            recipe: the resolved recipe.
            generator: the class of its generator.

        Raises:
            UserError: the recipe does not fit; the message has the field.
        """
        name = recipe.task.name
        for field, condition in (("mels", "mel"), ("labels", "label")):
            if getattr(recipe.data, field) is not None and condition not in cls.conditions:
                raise UserError(
                    f"data.{field} is set, but the task {name} takes no {condition}s: "
                    f"leave data.{field} out"
                )
        if not cls.reconstructs and (recipe.losses or recipe.feature_matching):
            field = "losses" if recipe.losses else "feature_matching"
            raise UserError(
                f"{field}: the task {name} compares sets of clips, not pairs: leave {field} out"
            )
        if not issubclass(generator, cls.generator_base):
            raise UserError(
                f"generator.name is {recipe.generator.name}, but the task {name} needs a "
                f"{cls.generator_base.__name__}: choose one of these (wavegan list)"
            )
