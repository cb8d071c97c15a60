"""Commands that take KEY=VALUE: a field that was typed as an option is met with the right way."""

from typing import Any

from typer.core import TyperCommand

from wavegan.errors import UserError


class RecipeCommand(TyperCommand):
    """Meets `--steps 5` and `--training.steps=5` with `training.steps=5`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Look for fields among the options that there are none of."""
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
    """Refuse an option that is a field's name; leave others to the parser.

    Raises:
        UserError: it says what to write.
    """
    from wavegan.fields import paths, proposal
    from wavegan.recipe import Recipe

    text = value if value and not value.startswith("--") else "VALUE"
    near = proposal(option.removeprefix("--"), text, paths(Recipe, {}))
    if near:
        raise UserError(f"{option}: fields of a recipe are given without dashes{near}")
