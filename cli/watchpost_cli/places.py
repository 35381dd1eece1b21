"""Where in a YAML file something stands that is named by its path, such as `configuration.logs.rules[2].name`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = "configuration"  # what every path begins with
# What is found where the name itself is the mistake.
UNKNOWN, UNKNOWN_ALARM = "an unknown field", "an unknown alarm"
_INDEX = re.compile(r"\[(\d{1,9})\]")
# What JSON has a form for.
_PLAIN = frozenset(f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null", "map", "seq"))


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a text; both count from 1."""

    line: int
    column: int


def of_mark(mark: Any) -> Place | None:
    """The place of a mark of PyYAML."""
    return Place(mark.line + 1, mark.column + 1) if mark else None


def find(root: yaml.Node, path: str, *, key: bool = False) -> Place | None:
    """Where the thing with a path stands; the nearest above it where it is not there, as a field that is missing.

    key: the name itself is meant, not its value.
    """
    if not path.startswith(ROOT):
        return None
    return of_mark(_descend(root, root.start_mark, path.removeprefix(ROOT), key=key)[1])


def _descend(node: yaml.Node, mark: Any, rest: str, *, key: bool) -> tuple[int, Any]:
    """How much of a path could be followed (characters left, the least is best), and the mark there."""
    best = len(rest), mark
    if not rest:
        return best
    for name, inner, step in _steps(node, rest):
        left = rest[step:]
        # The value of a field on lines of its own begins below the name; people look for the name.
        same_line = name is None or inner.start_mark.line == name.start_mark.line
        own = name.start_mark if name is not None and (not same_line or (key and not left)) else inner.start_mark
        best = min(best, _descend(inner, own, left, key=key), key=lambda found: found[0])
    return best


def _steps(node: yaml.Node, rest: str) -> Iterator[tuple[yaml.Node | None, yaml.Node, int]]:
    """What is one step down a path: the name's node, the value's, and how many characters of the path that is.

    Names may have dots in them, so there may be several; the path tells which one leads further.
    """
    if isinstance(node, yaml.SequenceNode):
        index = _INDEX.match(rest)
        if index and int(index[1]) < len(node.value):
            yield None, node.value[int(index[1])], index.end()
    elif isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            step = f".{name.value}"
            if rest.startswith(step) and rest[len(step) : len(step) + 1] in ("", ".", "["):
                yield name, value, len(step)


def of_odd(root: yaml.Node) -> Place | None:
    """Where the first thing stands that JSON has no form for, such as a date; None where there is none."""
    waiting, seen = [root], set[int]()
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if node.tag not in _PLAIN:
            return of_mark(node.start_mark)
        children = node.value if isinstance(node, yaml.SequenceNode) else []
        if isinstance(node, yaml.MappingNode):
            children = [value for _, value in node.value]
        waiting += reversed(children)
    return None
