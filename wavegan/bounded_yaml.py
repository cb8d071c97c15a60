"""Read untrusted YAML: plain values only, with limits on size and depth.

An alias (`*name`) repeats everything its anchor holds, so 500 bytes can describe a billion values;
a thousand nested brackets overflow the interpreter's stack. Both are refused during parsing,
before anything is built.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

import yaml

LONGEST = 1 << 19
"""Most characters of a text."""
VALUES = 50_000
"""Most values of a text; a value that aliases repeat counts each time."""
DEPTH = 40
"""Deepest nesting of mappings and lists."""


class BoundedLoader(yaml.SafeLoader):
    """PyYAML's safe loader with limits.

    Raises:
        yaml.YAMLError: the text is too long, too deep, too large with its aliases, or has an alias
            inside its own anchor.
    """

    def __init__(self, text: str) -> None:
        if len(text) > LONGEST:
            raise yaml.YAMLError(f"{len(text):,} characters, at most {LONGEST:,} are allowed")
        super().__init__(text)
        self._depth = 0
        self._sizes: dict[yaml.Node, int] = {}

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        """Build a node of the tree; an alias is the node of its anchor."""
        alias = self.check_event(yaml.AliasEvent)
        self._depth += 1
        if self._depth > DEPTH:
            raise yaml.YAMLError(f"more than {DEPTH} levels of nesting")
        node = super().compose_node(parent, index)
        self._depth -= 1
        if node is None:
            return None
        if alias and node not in self._sizes:
            raise yaml.YAMLError("an alias inside its own anchor")
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
    """A bounded loader that refuses duplicate keys; YAML would silently drop the first one."""

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
    """A bounded loader that keeps every scalar as text."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}  # type: ignore[misc]


def read(text: str, loader: type[BoundedLoader] = BoundedLoader) -> Any:
    """Parse a text.

    Raises:
        yaml.YAMLError: it is not YAML, above the limits, or holds an invalid value (a date with day
            99, a number of 5,000 digits).
    """
    with _impossible_values():
        return yaml.load(text, loader)  # noqa: S506  # a subclass of SafeLoader


def documents(text: str, loader: type[BoundedLoader] = BoundedLoader) -> list[Any]:
    """Parse all documents of a text (separated by `---`).

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
    """The problem and its line number as one line of text, cut after 200 characters."""
    mark = getattr(error, "problem_mark", None)
    text = str(getattr(error, "problem", None) or error)
    where = f" on line {mark.line + 1}" if mark is not None else ""
    return f"{' '.join(text.split())[:200]}{where}"
