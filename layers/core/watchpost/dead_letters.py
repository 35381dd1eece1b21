"""The dead-letter bucket: what could not be delivered, with the reason, as one object for each invocation.

An object is gzip NDJSON, one letter a line:

    {"kind": …, "reason": …, "attempts": …, "original": …, "at": …, "history": [{"at": …, "reason": …, "attempts": …}]}

`at` and `history` are younger than the rest: letters without them are read as well. docs/dead-letters.md has the rest.
"""

from __future__ import annotations

import gzip
import json
import zlib
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from watchpost.errors import DeadLetterError
from watchpost.times import iso

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

PREFIX = "dead-letters/"
CONTENT_TYPE = "application/x-ndjson"
LARGEST = 100_000_000  # bytes of text that are read of one object; the memory of the replay function allows it
OBJECT = LARGEST // 2  # bytes of text that are stored in one object: failures add to its letters' histories
_LEVEL = 6  # of gzip: 9 takes twice the time for a hundredth less
_PIECE = 16_384  # bytes of an object that are decompressed at once
_STREAMS = 1_000  # of gzip in an object, of which ours have one: millions of empty ones would take minutes
_GZIP = b"\x1f\x8b"


class Store(Protocol):
    """What puts objects: botocore's client of S3, or watchpost.direct_objects."""

    def put_object(self, *, Bucket: str, Key: str, Body: bytes, ContentType: str, ContentEncoding: str) -> Any:  # noqa: N803  # botocore's names
        """Put an object. Raises botocore's errors."""


class Encoded:
    """An original that is JSON already: it is stored as it is, and never becomes objects, which take ten times as much.

    An invocation with 6 MB of a stream would not have the memory for that, nor the time.
    """

    __slots__ = ()

    def json(self) -> bytes:
        """One line of JSON in UTF-8."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One thing that was not delivered."""

    kind: str  # "document", "metric" or "payload"
    reason: str  # why, in the words of whoever refused it
    attempts: int  # how often it was tried
    # What was to be delivered: {"index": …, "id": …, "document": {…}}, a metric datum, a payload; or that as Encoded.
    original: Any
    at: str = ""  # when it failed last, ISO 8601 in UTC; "" in letters that do not say
    history: tuple[Mapping[str, Any], ...] = ()  # how it failed before: at, reason, attempts; the first one first

    @property
    def first_at(self) -> str:
        """When it failed for the first time, or "" when the letter does not say."""
        return str(self.history[0].get("at", "")) if self.history else self.at


@dataclass(slots=True)
class Contents:
    """What was read of an object."""

    letters: list[DeadLetter] = field(default_factory=list)
    unreadable: int = 0  # parts that are no letters: broken lines, and one for what could not be decompressed


def key_of(request_id: str, when: datetime) -> str:
    """Key of an invocation's object: `dead-letters/<yyyy>/<mm>/<dd>/<request id>.ndjson.gz`, UTC."""
    return f"{PREFIX}{when.astimezone(UTC):%Y/%m/%d}/{request_id}.ndjson.gz"


def store(s3: Store, bucket: str, request_id: str, letters: Iterable[DeadLetter], largest: int = OBJECT) -> str:
    """Store letters as a gzip NDJSON object and return its key; what is more than `largest` bytes goes into others.

    A second attempt of the same invocation on the same day replaces the objects, it does not add any.
    Raises DeadLetterError when S3 does not take one.
    """
    now = datetime.now(UTC)
    at = iso(now)
    for number, body in enumerate(_bodies(letters, at, largest)):
        key = key_of(f"{request_id}-{number}" if number else request_id, now)
        try:
            s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType=CONTENT_TYPE, ContentEncoding="gzip")
        except (BotoCoreError, ClientError) as error:
            raise DeadLetterError(key, str(error)) from error
    return key_of(request_id, now)


def _bodies(letters: Iterable[DeadLetter], at: str, largest: int) -> Iterator[bytes]:
    """Objects of letters, compressed as they come: all of their text at once would need too much memory."""
    packer, size = zlib.compressobj(_LEVEL, wbits=31), 0
    parts: list[bytes] = []
    for letter in letters:
        line = _line(letter if letter.at else replace(letter, at=at))
        if size and size + len(line) > largest:
            yield b"".join([*parts, packer.flush()])
            packer, parts, size = zlib.compressobj(_LEVEL, wbits=31), [], 0
        parts.append(packer.compress(line))
        size += len(line)
    yield b"".join([*parts, packer.flush()])


def _line(letter: DeadLetter) -> bytes:
    if not isinstance(letter.original, Encoded):
        return json.dumps(fields_of(letter)).encode() + b"\n"
    head, tail = json.dumps(fields_of(replace(letter, original=None))).encode().split(b'"original": null', 1)
    return b'%b"original": %b%b\n' % (head, letter.original.json(), tail)


def encode(letters: Iterable[DeadLetter]) -> bytes:
    """Letters as the gzip NDJSON of an object. The same letters give the same bytes."""
    lines = [json.dumps(fields_of(letter), ensure_ascii=True) for letter in letters]
    return gzip.compress("\n".join([*lines, ""]).encode(), mtime=0)


def decode(body: bytes, largest: int = LARGEST) -> Contents:
    """The letters of an object. Nothing is raised for a broken one: what is readable is read, the rest is counted.

    body: gzip or plain NDJSON. largest: bytes of text that are read; what goes beyond is unreadable.
    """
    text, complete = _inflate(body, largest) if body.startswith(_GZIP) else (body[:largest], len(body) <= largest)
    contents = Contents(unreadable=0 if complete else 1)
    lines = text.split(b"\n")
    if not complete:
        lines.pop()  # the one in which it breaks off
    for line in lines:
        if line.strip():
            letter = _letter(line)
            if letter is None:
                contents.unreadable += 1
            else:
                contents.letters.append(letter)
    return contents


def fields_of(letter: DeadLetter) -> dict[str, Any]:
    """A letter as the record that is stored and sent."""
    # dataclasses.asdict would copy the original level by level, and give up on a deeply nested one.
    record = {"kind": letter.kind, "reason": letter.reason, "attempts": letter.attempts, "original": letter.original}
    if letter.at:
        record["at"] = letter.at
    if letter.history:
        record["history"] = list(letter.history)
    return record


def _letter(line: bytes) -> DeadLetter | None:
    try:
        record = json.loads(line, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    if not isinstance(record, dict) or "original" not in record:
        return None
    kind, reason, attempts = record.get("kind"), record.get("reason"), record.get("attempts")
    if not (isinstance(kind, str) and isinstance(reason, str) and type(attempts) is int):
        return None
    at, history = record.get("at"), record.get("history")
    entries = tuple(entry for entry in history if isinstance(entry, dict)) if isinstance(history, list) else ()
    return DeadLetter(kind, reason, attempts, record["original"], at if isinstance(at, str) else "", entries)


def _refuse(constant: str) -> NoReturn:
    """NaN and Infinity are no JSON: nobody who is sent them would take the rest of the line."""
    raise ValueError(constant)


def _inflate(body: bytes, largest: int) -> tuple[bytes, bool]:
    """What of gzip can be decompressed, and whether that is all of it."""
    text = bytearray()
    try:
        for part in _inflated(body):
            text += part
            if len(text) > largest:
                return bytes(text[:largest]), False
    except (zlib.error, EOFError):
        return bytes(text), False
    return bytes(text), True


def _inflated(body: bytes) -> Iterator[bytes]:
    """The text of gzip, piece by piece. Raises zlib.error or EOFError where it is broken, after all that is before."""
    position = streams = 0
    while position < len(body):
        streams += 1
        if streams > _STREAMS:
            raise zlib.error(f"more than {_STREAMS} streams")
        inflater = zlib.decompressobj(wbits=31)
        while not inflater.eof:
            piece = body[position : position + _PIECE]
            if not piece:
                raise EOFError
            position += len(piece)
            before = inflater.copy()
            try:
                yield inflater.decompress(piece)
            except zlib.error:
                # All of a broken piece is lost at once; byte by byte only what is behind the fault.
                for index in range(len(piece)):
                    yield before.decompress(piece[index : index + 1])
                raise
        position -= len(inflater.unused_data)  # of the next stream
