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
        shown = found or (json.dumps(self.value, default=str)[:100] if self.given else "nothing")
        return DefinitionError(self.file, self.path or "the document", shown, expected)

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
        if self.value not in choices:
            raise self.wrong("one of " + ", ".join(choices))
        return str(self.value)

    def integer(self, least: int, most: int) -> int:
        if isinstance(self.value, bool) or not isinstance(self.value, int) or not least <= self.value <= most:
            raise self.wrong(f"a whole number from {least} to {most}")
        return self.value

    def boolean(self) -> bool:
        if not self.given:
            return False
        if not isinstance(self.value, bool):
            raise self.wrong("true or false")
        return self.value
