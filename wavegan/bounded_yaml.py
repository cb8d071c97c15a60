"""YAML of unknown origin: plain values only, and never more of them than a person would write.

An alias (`*name`) costs a few bytes and stands for all that its anchor holds, so that 500 bytes can
name a billion values; a thousand brackets end the interpreter. Both are refused while the text is
read, before anything is built of it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import yaml

LONGEST = 1 << 19
"""Characters of a text."""
VALUES = 50_000
"""Values of a text, each counted as often as aliases repeat it."""
DEPTH = 40
"""Mappings and lists inside each other."""


class BoundedLoader(yaml.SafeLoader):
    """PyYAML's safe loader, which counts while it reads.

    Raises:
        yaml.YAMLError: the text is too long, too deep, too large with its aliases, or refers to
            what it is part of.
    """

    def __init__(self, text: str) -> None:
        if len(text) > LONGEST:
            raise yaml.YAMLError(f"{len(text):,} characters, {LONGEST:,} are the most")
        super().__init__(text)
        self._depth = 0
        self._sizes: dict[yaml.Node, int] = {}

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Build a node of the text's tree; an alias is the node that it names."""
        alias = self.check_event(yaml.AliasEvent)
        self._depth += 1
        if self._depth > DEPTH:
            raise yaml.YAMLError(f"more than {DEPTH} levels inside each other")
        node = super().compose_node(parent, index)
        self._depth -= 1
        if node is None:
            return None
        if alias and node not in self._sizes:
            raise yaml.YAMLError("an alias that is part of what it names")
        if not alias:
            self._sizes[node] = self._size(node)
        if self._sizes[node] > VALUES:
            raise yaml.YAMLError(f"more than {VALUES:,} values, counting each alias")
        return node

    def _size(self, node: yaml.Node) -> int:
        if isinstance(node, yaml.ScalarNode):
            return 1
        if isinstance(node, yaml.MappingNode):
            return 1 + sum(self._sizes[key] + self._sizes[value] for key, value in node.value)
        return 1 + sum(self._sizes[child] for child in node.value)


class UniqueLoader(BoundedLoader):
    """One that also refuses a key given twice, of which YAML would drop the first in silence."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Build a mapping."""
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.value == "<<":
                continue
            if key.value in seen:
                line = key.start_mark.line + 1
                raise yaml.YAMLError(f"line {line}: {key.value} is given a second time")
            seen.add(key.value)
        return super().construct_mapping(node, deep)


class PlainLoader(BoundedLoader):
    """One that leaves every scalar the text it is."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}  # type: ignore[misc]


def read(text: str, loader: type[BoundedLoader] = BoundedLoader) -> Any:
    """What a text holds.

    Raises:
        yaml.YAMLError: it is no YAML, more than its bounds, or a value is not what its form says
            (a date on a 99th day, a number of 5,000 digits).
    """
    with _impossible_values():
        return yaml.load(text, loader)  # noqa: S506  # a subclass of SafeLoader


def documents(text: str, loader: type[BoundedLoader] = BoundedLoader) -> list[Any]:
    """What each document (`---` between them) of a text holds.

    Raises:
        yaml.YAMLError: as `read` does.
    """
    with _impossible_values():
        return list(yaml.load_all(text, loader))


@contextmanager
def _impossible_values() -> Iterator[None]:
    try:
        yield
    except (ValueError, TypeError, OverflowError, AttributeError, LookupError) as error:
        raise yaml.YAMLError(f"a value that cannot be read: {error}") from None


def reason(error: Exception) -> str:
    """What is wrong and on which line, on one line of at most 200 characters."""
    mark = getattr(error, "problem_mark", None)
    text = str(getattr(error, "problem", None) or error)
    where = f" on line {mark.line + 1}" if mark is not None else ""
    return f"{' '.join(text.split())[:200]}{where}"
