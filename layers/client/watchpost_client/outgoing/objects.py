"""A context as `__context__` in a JSON object that is sent: the rest of it stays byte for byte as it was."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from watchpost_client import wire
from watchpost_client.outgoing import room

if TYPE_CHECKING:
    from collections.abc import Mapping

_OBJECT = re.compile(r"[ \t\n\r]*\{")  # how one begins (RFC 8259, section 2)


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")


# Numbers are not looked at, so they are not converted: some are too long for it.
_decoder = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=_refuse)


@dataclass(frozen=True, slots=True)
class Opened:
    """A JSON object without a context."""

    text: str
    content: Mapping[str, Any]  # numbers are texts

    def gains(self, pairs: Mapping[str, str]) -> list[int]:
        """Bytes that the first one, two, three … names of a context add."""
        frame = len(wire.KEY) + len('"":{}') + bool(self.content)
        sizes = [len(_member(name, value)) + 1 for name, value in pairs.items()]
        return [size + frame - 1 for size in room.rising(sizes)]  # there is a comma less than names

    def with_context(self, pairs: Mapping[str, str], number: int) -> str:
        """The text with the first names of a context."""
        members = ",".join(_member(name, value) for name, value in list(pairs.items())[:number])
        end = self.text.rindex("}")
        comma = "," if self.content else ""
        return f'{self.text[:end]}{comma}"{wire.KEY}":{{{members}}}{self.text[end:]}'


def _member(name: str, value: str) -> str:
    return f"{json.dumps(name)}:{json.dumps(value)}"


def opened(data: Any) -> Opened | None:
    """A JSON object without `__context__`, as text or UTF-8; None for everything else: it is left alone."""
    if isinstance(data, bytes | bytearray):
        try:
            data = data.decode("utf-8")
        except UnicodeDecodeError:
            return None
    if not isinstance(data, str) or not _OBJECT.match(data):
        return None
    try:
        content = _decoder.decode(data)
    except (ValueError, RecursionError):
        return None
    return Opened(data, content) if isinstance(content, dict) and wire.KEY not in content else None


def like(data: Any, text: str) -> Any:
    """A text as what the data was that it stands for: text, or bytes."""
    return text if isinstance(data, str) else text.encode("utf-8")
