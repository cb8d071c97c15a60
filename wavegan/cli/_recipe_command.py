"""Commands that take KEY=VALUE: an error explains how to give a field that is typed as option."""

from typing import Any

from typer.core import TyperCommand

from wavegan.errors import UserError


class RecipeCommand(TyperCommand):
    """A command that proposes `training.steps=5` for `--steps 5` and `--training.steps=5`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Look for fields among unknown options, then parse."""
        own = {name for option in self.params for name in (*option.opts, *option.secondary_opts)}
        own |= set(ctx.help_option_names)
        for place, word in enumerate(args):
            if word == "--":
                break
            option, equals, value = word.partition("=")
            if option.startswith("--") and option not in own:
                following = args[place + 1] if place + 1 < len(args) else ""
                _propose(option, value if equals else following)
        return super().parse_args(ctx, args)


def _propose(option: str, value: str) -> None:
    """Refuse an option that is a field's name; the parser handles others.

    Raises:
        UserError: proposes the right form.
    """
    from wavegan.fields import paths, proposal
    from wavegan.recipe import Recipe

    text = value if value and not value.startswith("--") else "VALUE"
    near = proposal(option.removeprefix("--"), text, paths(Recipe, {}))
    if near:
        raise UserError(f"{option}: fields of a recipe are given without dashes{near}")
