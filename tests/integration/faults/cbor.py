"""As much of CBOR (RFC 8949) as PutMetricData and its answers need."""

from __future__ import annotations

import struct
from typing import Any

_FLOATS = {25: "!e", 26: "!f", 27: "!d"}
_INTEGERS = {24: "!B", 25: "!H", 26: "!I", 27: "!Q"}
_SIMPLE = {20: False, 21: True, 22: None, 23: None}
_BREAK = object()


class CborError(ValueError):
    """The bytes are not CBOR, or not of the kinds that AWS sends."""


def loads(content: bytes) -> Any:
    """Decode one item that takes all bytes; a tagged time (tag 1) becomes its number of seconds."""
    reader = _Reader(content)
    value = reader.item()
    if reader.at != len(content):
        raise CborError("bytes after the end")
    return value


def dumps(value: dict[str, str]) -> bytes:
    """Encode a flat object of short texts: all that an error answer is made of."""
    parts = [bytes([0xA0 + len(value)])]
    for text in (text for pair in value.items() for text in pair):
        encoded = text.encode()
        parts.append(b"\x79" + struct.pack("!H", len(encoded)) + encoded)
    return b"".join(parts)


class _Reader:
    def __init__(self, content: bytes) -> None:
        self._content = content
        self.at = 0

    def _take(self, size: int) -> bytes:
        taken = self._content[self.at : self.at + size]
        if len(taken) != size:
            raise CborError("ends too early")
        self.at += size
        return taken

    def item(self) -> Any:
        initial = self._take(1)[0]
        major, info = initial >> 5, initial & 31
        if major == 7:
            return self._simple(info)
        if info == 31:
            return self._indefinite(major)
        kinds = (self._unsigned, self._negative, self._take, self._text, self._list, self._map, self._tagged)
        return kinds[major](self._argument(info))

    @staticmethod
    def _unsigned(number: int) -> int:
        return number

    @staticmethod
    def _negative(number: int) -> int:
        return -1 - number

    def _text(self, size: int) -> str:
        return self._take(size).decode("utf-8")

    def _list(self, size: int) -> list[Any]:
        return [self.item() for _ in range(size)]

    def _map(self, size: int) -> dict[str, Any]:
        return self._object([(self.item(), self.item()) for _ in range(size)])

    def _tagged(self, tag: int) -> Any:
        if tag != 1:  # seconds since 1970
            raise CborError(f"tag {tag}")
        return self.item()

    def _argument(self, info: int) -> int:
        if info < 24:
            return info
        if info not in _INTEGERS:
            raise CborError(f"length {info}")
        form = _INTEGERS[info]
        return int(struct.unpack(form, self._take(struct.calcsize(form)))[0])

    def _simple(self, info: int) -> Any:
        if info == 31:
            return _BREAK
        if info in _FLOATS:
            return struct.unpack(_FLOATS[info], self._take(struct.calcsize(_FLOATS[info])))[0]
        if info not in _SIMPLE:
            raise CborError(f"simple value {info}")
        return _SIMPLE[info]

    def _indefinite(self, major: int) -> Any:
        parts = []
        while (part := self.item()) is not _BREAK:
            parts.append(part)
        if major == 4:
            return parts
        if major == 5 and len(parts) % 2 == 0:
            return self._object(list(zip(parts[::2], parts[1::2], strict=True)))
        if major == 3:
            return "".join(parts)
        raise CborError(f"indefinite length of kind {major}")

    @staticmethod
    def _object(pairs: list[tuple[Any, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) != len(pairs):
            raise CborError("a key twice")
        return made
