"""A value of the configuration document that knows its path, so that every mistake can be told with it."""

from __future__ import annotations

import json
import math
import sys
from typing import TYPE_CHECKING, Any

from watchpost.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

LARGEST = sys.float_info.max

_ABSENT: Any = object()


class Node:
    """A value, or the absence of one, and its dotted path."""

    def __init__(self, path: str, value: Any) -> None:
        self.path = path
        self.value = value

    @property
    def given(self) -> bool:
        """Whether the document has the value."""
        return self.value is not _ABSENT

    def wrong(self, expected: str, found: str | None = None) -> ConfigurationError:
        """The error for this value; found: what to show instead of the value itself."""
        shown = json.dumps(self.value)[:100] if self.given else "nothing"
        return ConfigurationError(self.path, found or shown, expected)

    def object(self, allowed: Collection[str] | None) -> dict[str, Node]:
        """The fields of an object; every allowed one is there, given or not. None allows any name."""
        value = {} if not self.given else self.value
        if not isinstance(value, dict):
            raise self.wrong("an object")
        for name in value:
            if allowed is not None and name not in allowed:
                raise ConfigurationError(
                    f"{self.path}.{name}", "an unknown field", "one of " + ", ".join(sorted(allowed))
                )
        return {name: Node(f"{self.path}.{name}", value.get(name, _ABSENT)) for name in (allowed or value)}

    def items(self, most: int | None = None) -> list[Node]:
        """The items of a list; most: how many there may be."""
        value = [] if not self.given else self.value
        if not isinstance(value, list):
            raise self.wrong("a list")
        if most is not None and len(value) > most:
            raise self.wrong(f"at most {most}", f"{len(value)} items")
        return [Node(f"{self.path}[{index}]", item) for index, item in enumerate(value)]

    def string(self, most: int | None = None) -> str:
        """A text; most: how many characters it may have."""
        if not isinstance(self.value, str) or not self.value:
            raise self.wrong("a text that is not empty")
        if most is not None and len(self.value) > most:
            raise self.wrong(f"at most {most} characters", f"{len(self.value)} characters")
        return self.value

    def text(self, most: int) -> str:
        """A text that may be empty; most: how many characters it may have."""
        if not isinstance(self.value, str):
            raise self.wrong("a text")
        return self.string(most) if self.value else ""

    def optional(self, most: int | None = None) -> str | None:
        """A text, or None when it is not given."""
        return self.string(most) if self.given else None

    def strings(self) -> tuple[str, ...]:
        """The texts of a list."""
        return tuple(item.string() for item in self.items())

    def texts(self, most: int, longest: int) -> dict[str, str]:
        """An object of texts; most: how many names; longest: characters of a name and of a text."""
        found = self.object(None)
        if len(found) > most:
            raise self.wrong(f"at most {most}", f"{len(found)} fields")
        for name in found:
            if not name or len(name) > longest:
                raise self.wrong(f"names of 1 to {longest} characters", f"a name of {len(name)} characters")
        return {name: node.string(longest) for name, node in found.items()}

    def number(self) -> float:
        """A finite number."""
        if isinstance(self.value, bool) or not isinstance(self.value, int | float):
            raise self.wrong("a number")
        # JSON of Python knows NaN and Infinity, and integers that no float can hold: no alarm can compare with them.
        if abs(self.value) > LARGEST or math.isnan(self.value):
            raise self.wrong("a finite number")
        return float(self.value)

    def integer(self, least: int, most: int, default: int) -> int:
        """A whole number within bounds, or the default when it is not given."""
        if not self.given:
            return default
        whole = isinstance(self.value, int) and not isinstance(self.value, bool)
        if not whole or not least <= self.value <= most:
            raise self.wrong(f"a whole number from {least:,} to {most:,}")
        return int(self.value)

    def boolean(self, *, default: bool) -> bool:
        """True or false, or the default when it is not given."""
        if not self.given:
            return default
        if not isinstance(self.value, bool):
            raise self.wrong("true or false")
        return self.value

    def one_of(self, choices: Sequence[str]) -> str:
        """One of the choices."""
        if self.value not in choices:
            raise self.wrong("one of " + ", ".join(choices))
        return str(self.value)

    def choice(self, choices: Sequence[str], default: str) -> str:
        """One of the choices, or the default when it is not given."""
        return self.one_of(choices) if self.given else default

    def choices(self, choices: Sequence[str]) -> tuple[str, ...]:
        """A list of choices, or a single one."""
        nodes = [self] if isinstance(self.value, str) else self.items()
        return tuple(dict.fromkeys(node.one_of(choices) for node in nodes))
