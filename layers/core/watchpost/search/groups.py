"""Errors that are the same but for their numbers and ids, as one group each."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from watchpost.search.documents import PLATFORM

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from watchpost.search.documents import Document, Page

LONGEST = 1_000  # characters of a message that count for its group
_REPORTS = frozenset({"report", "end", "runtime-done"})  # what the platform writes at the end of every invocation

# What differs between two messages of one cause. Every part has a bound, so that no message takes long.
_VARYING = re.compile(
    r"""
    (?P<arn>\barn:aws[a-z-]{0,10}:[^\s"'`,;()\[\]{}]{1,2048})
  | (?P<uuid>\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b)
  | (?P<trace>\b1-[0-9a-f]{8}-[0-9a-f]{24}\b)
  | (?P<time>\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?)?(?:Z|[+-]\d\d:?\d\d)?(?!\w))
  | (?P<value>(?<!\w)(?:"[^"]{0,500}"|'[^']{0,500}'|`[^`]{0,500}`)(?!\w))
  | (?P<word>(?<!\w)[^\W\d]*\d\w*)
    """,
    re.VERBOSE | re.IGNORECASE,
)
_HEX = re.compile(r"(?:0x)?[0-9a-f]+", re.IGNORECASE)
_DIGITS = re.compile(r"\d+")
_NUMBER = re.compile(r"(?<!\w)[+-]?<n>(?:[.,:]<n>)*")
_SPACES = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class ErrorGroup:
    """Errors of one service, of one type, with one message but for numbers, ids and the like.

    type: "" where none is told. message: that of the newest, as it is, on one line. first, last: of those that were
    read.
    """

    service: str
    type: str
    message: str
    count: int
    first: datetime
    last: datetime
    newest: Document

    @property
    def key(self) -> tuple[str, str, str]:
        """What all errors of the group have in common."""
        return self.service, self.type, normalised(self.message)


@dataclass(frozen=True, slots=True)
class Errors:
    """The errors in a window, most frequent first.

    total: how many there are. read: so many of the newest were read and counted. partial: as of Page.
    log_groups, functions: those that errors of a service are of, by the service.
    """

    groups: tuple[ErrorGroup, ...] = ()
    total: int = 0
    read: int = 0
    partial: str = ""
    log_groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    functions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def grouped(page: Page) -> Errors:
    """Count errors by service, type and message.

    The platform's report on an invocation that failed is no error of its own where a line tells what failed.
    """
    told = {(one.log_group, one.request_id) for one in page.documents if one.request_id and not _is_report(one)}
    counted = [one for one in page.documents if not (_is_report(one) and (one.log_group, one.request_id) in told)]
    found: dict[tuple[str, str, str], list[Document]] = {}
    for one in counted:
        found.setdefault((one.service, type_of(one), normalised(message_of(one))), []).append(one)
    folded = len(page.documents) - len(counted)
    return Errors(
        groups=tuple(sorted(map(_group, found.values()), key=_most_frequent)),
        total=page.total - folded,
        read=len(counted),
        partial=page.partial,
        log_groups=_by_service(counted, lambda one: one.log_group),
        functions=_by_service(counted, lambda one: one.function),
    )


def _by_service(documents: Iterable[Document], name: Callable[[Document], str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, set[str]] = {}
    for one in documents:
        found.setdefault(one.service, set()).add(name(one))
    return {service: tuple(sorted(names - {""})) for service, names in found.items()}


def _group(documents: Sequence[Document]) -> ErrorGroup:
    newest = max(documents, key=lambda one: one.at)
    times = [one.at for one in documents]
    return ErrorGroup(
        newest.service, type_of(newest), message_of(newest), len(documents), min(times), max(times), newest
    )


def _most_frequent(group: ErrorGroup) -> tuple[int, float, str, str, str]:
    return (-group.count, -group.last.timestamp(), *group.key)


def _is_report(document: Document) -> bool:
    return document.kind == PLATFORM and document.action in _REPORTS


def type_of(document: Document) -> str:
    """The type of an error, or what the platform calls it; "" where nothing is told."""
    return document.error_type or document.text("aws", "lambda", "error_type") or ""


def message_of(document: Document) -> str:
    """What an error says, on one line: its own message, else the first line of the log line.

    Of the platform's report only what became of the invocation.
    """
    if _is_report(document):
        return f"the invocation ended with status {document.text('aws', 'lambda', 'status') or 'unknown'}"
    text = document.error_message or document.message
    lines = (line.strip() for line in text[: 4 * LONGEST].splitlines())
    return _SPACES.sub(" ", next(filter(None, lines), ""))[:LONGEST]


@functools.lru_cache(maxsize=2_000)
def normalised(message: str) -> str:
    """A message without what differs from one time to the next: numbers, ids, ARNs, times and quoted values."""
    text = _VARYING.sub(_placeholder, message[:LONGEST])
    return _NUMBER.sub("<n>", text)


def _placeholder(found: re.Match[str]) -> str:
    kind = found.lastgroup
    if kind != "word":
        return "<id>" if kind in {"uuid", "trace"} else f"<{kind}>"
    word = found[0]
    digits = sum(map(str.isdecimal, word))
    if digits == len(word):
        return "<n>"
    if _HEX.fullmatch(word) and (len(word) >= 8 or word[:2] in {"0x", "0X"}):
        return "<id>"
    return "<id>" if len(word) >= 8 and digits >= 2 else _DIGITS.sub("<n>", word)
