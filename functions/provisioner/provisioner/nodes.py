"""A value of a definition file that knows where it stands, so that every fault is reported with its place."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from watchpost.errors import DefinitionError

if TYPE_CHECKING:
    import re

_ABSENT: Any = object()


class Node:
    """A value, its file and its path in there. The getters return it checked or raise DefinitionError."""

    def __init__(self, file: str, path: str, value: Any) -> None:
        self.file = file
        self.path = path
        self.value = value

    @property
    def given(self) -> bool:
        return self.value is not _ABSENT

    def wrong(self, expected: str, found: str | None = None) -> DefinitionError:
        """The error to raise for this value."""
        return DefinitionError(self.file, self.path or "the document", found or self._shown(), expected)

    def _shown(self) -> str:
        if not self.given:
            return "nothing"
        try:
            return json.dumps(self.value, default=str)[:100]
        except (ValueError, TypeError, RecursionError):
            # A number of thousands of digits, a value that holds itself, a key that is no text, nesting without end.
            return f"a value that cannot be shown ({type(self.value).__name__})"

    def child(self, name: str, value: Any = _ABSENT) -> Node:
        return Node(self.file, f"{self.path}.{name}" if self.path else name, value)

    def object(self, required: set[str], optional: set[str] = frozenset()) -> dict[str, Node]:  # type: ignore[assignment]  # an empty default that nobody can change
        """The fields of an object; optional ones are there, given or not."""
        if not isinstance(self.value, dict):
            raise self.wrong("an object")
        known = required | optional
        for name in self.value:
            if name not in known:
                raise self.child(str(name), None).wrong("one of " + ", ".join(sorted(known)), "an unknown field")
        fields = {name: self.child(name, self.value.get(name, _ABSENT)) for name in sorted(known)}
        for name in sorted(required):
            if not fields[name].given:
                raise fields[name].wrong("a value")
        return fields

    def entries(self, most: int) -> list[tuple[str, Node]]:
        """Names and values of an object whose names are free, sorted; none when it is not given."""
        if not self.given:
            return []
        if not isinstance(self.value, dict) or len(self.value) > most:
            raise self.wrong(f"an object with at most {most} fields")
        for name in self.value:
            if not isinstance(name, str):
                raise self.child(str(name), None).wrong("a name that is a text", f"the name {name!r}"[:100])
        return [(name, self.child(name, value)) for name, value in sorted(self.value.items())]

    def items(self, at_least: int = 0) -> list[Node]:
        if not self.given and not at_least:
            return []
        if not isinstance(self.value, list) or len(self.value) < at_least:
            raise self.wrong(f"a list with at least {at_least} entries" if at_least else "a list")
        return [Node(self.file, f"{self.path}[{index}]", item) for index, item in enumerate(self.value)]

    def string(self, longest: int = 200) -> str:
        if not isinstance(self.value, str) or not 0 < len(self.value.strip()) <= longest:
            raise self.wrong(f"a text of 1 to {longest} characters")
        return " ".join(self.value.split())

    def matching(self, pattern: re.Pattern[str], expected: str) -> str:
        if not isinstance(self.value, str) or not pattern.fullmatch(self.value):
            raise self.wrong(expected)
        return self.value

    def choice(self, choices: tuple[str, ...]) -> str:
        if not isinstance(self.value, str) or self.value not in choices:
            raise self.wrong("one of " + ", ".join(choices))
        return str(self.value)

    def integer(self, least: int, most: int) -> int:
        if isinstance(self.value, bool) or not isinstance(self.value, int) or not least <= self.value <= most:
            raise self.wrong(f"a whole number from {least} to {most}")
        return self.value

    def number(self, above: float, most: float) -> float:
        """A number larger than `above` and at most `most`."""
        if isinstance(self.value, bool) or not isinstance(self.value, int | float) or not above < self.value <= most:
            raise self.wrong(f"a number above {above:g}, at most {most:g}")
        return float(self.value)

    def boolean(self, *, default: bool = False) -> bool:
        if not self.given:
            return default
        if not isinstance(self.value, bool):
            raise self.wrong("true or false")
        return self.value
