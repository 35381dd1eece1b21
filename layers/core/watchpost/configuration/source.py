"""Reads the configuration document from its parameter, and keeps it."""

from __future__ import annotations

import functools
import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from watchpost import aws
from watchpost.configuration import stored
from watchpost.configuration.document import parse
from watchpost.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from watchpost.configuration.model import Configuration

KEEP_SECONDS = 300
MOST_EARLIER = 20  # versions that are looked at; Parameter Store keeps 100 (SSM API, GetParameterHistory)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Document:
    """A document as the parameter has it, not checked yet: its text, or a pointer to where that lies."""

    text: str
    version: int = 0  # of the parameter, from 1 on; 0 where nobody counts


class Source:
    """The document of one stack, kept for five minutes; the last good one outlives a failed refresh.

    newest: reads the newest document. earlier: reads the text of a version, None when there is none (any more).
    resolve: reads what a text points to, see stored.resolve. All may raise botocore's errors.
    """

    def __init__(
        self,
        newest: Callable[[], Document],
        clock: Callable[[], float] = time.monotonic,
        earlier: Callable[[int], str | None] = lambda _version: None,
        resolve: Callable[[str], str] = stored.resolve,
    ) -> None:
        self._newest = newest
        self._clock = clock
        self._earlier = earlier
        self._resolve = resolve
        self._kept: tuple[int, Configuration] | None = None  # with its version
        self._read_at = 0.0
        self._problem: str | None = None

    @property
    def problem(self) -> str | None:
        """What is wrong with the newest document while an earlier one is in force, in one line; None when all is well.

        Of the last document that could be read, by `get`.
        """
        return self._problem

    def get(self, *, fresh: bool = False) -> Configuration:
        """The configuration in force: the newest version of the document that is right.

        fresh: whether it is looked for even when what is kept is younger than five minutes.
        Raises what the first reading raises (ConfigurationError when none of the last versions is right, botocore's
        errors); later failures are logged and leave the last good document in force.
        """
        if self._kept is None or fresh or self._clock() - self._read_at >= KEEP_SECONDS:
            self._kept = self._refresh()
            self._read_at = self._clock()
        return self._kept[1]

    def _refresh(self) -> tuple[int, Configuration]:
        try:
            return self._best(self._newest())
        except (BotoCoreError, ClientError) as error:
            if self._kept is None:
                raise
            _log.warning("the configuration could not be refreshed, the last good one stays in force: %s", error)
            return self._kept

    def _best(self, newest: Document) -> tuple[int, Configuration]:
        """The newest document, or what is in force in its place. Raises ConfigurationError when nothing is."""
        try:
            good = newest.version, self._parsed(newest.text)
        except ConfigurationError as error:
            found = self._last_good(newest.version)
            if found is None:
                raise
            wrong, right = _named(newest.version), _named(found[0])
            self._problem = _one_line(f"{wrong} is wrong, {right} stays in force: {error}")
            _log.warning("the configuration could not be refreshed: %s", self._problem)
            return found
        self._problem = None
        return good

    def _parsed(self, text: str) -> Configuration:
        return parse(self._resolve(text))

    def _last_good(self, wrong: int) -> tuple[int, Configuration] | None:
        """The newest good document before a version; what is in force already when there is no newer one."""
        try:
            for version in range(wrong - 1, max(wrong - 1 - MOST_EARLIER, 0), -1):
                text = None if self._kept and self._kept[0] == version else self._earlier(version)
                if text is None:
                    break
                try:
                    return version, self._parsed(text)
                except ConfigurationError:
                    continue
        except (BotoCoreError, ClientError):
            # It may be readable later, so the mistake in the newest one is not what the caller has to be told.
            if self._kept is None:
                raise
        return self._kept


_sources: dict[str, Source] = {}


def source(parameter: str) -> Source:
    """A source of its own for an SSM parameter: its first `get` reads what has just been stored."""
    return Source(functools.partial(_read, parameter), earlier=functools.partial(_version, parameter))


def current(parameter: str, *, fresh: bool = False) -> Configuration:
    """The configuration in an SSM parameter, through the cache of this process.

    fresh: as of Source.get, which says what is raised, too.
    """
    if parameter not in _sources:
        _sources[parameter] = source(parameter)
    return _sources[parameter].get(fresh=fresh)


def problem(parameter: str) -> str | None:
    """What is wrong with the newest document while an earlier one is in force; None when all is well.

    As of the last call of `current`.
    """
    return _sources[parameter].problem if parameter in _sources else None


def _read(parameter: str) -> Document:
    found = aws.get_parameter(parameter)
    return Document(found["Value"], found.get("Version", 0))


def _version(parameter: str, version: int) -> str | None:
    # name:version (SSM API, GetParameter) needs the same permission as the parameter itself.
    try:
        return str(aws.get_parameter(f"{parameter}:{version}")["Value"])
    except ClientError as error:
        if aws.code_of(error) == "ParameterVersionNotFound":
            return None
        raise


def _named(version: int) -> str:
    return f"version {version}" if version else "a version without a number"


def _one_line(text: str) -> str:
    """Names of fields are whatever the document has."""
    return "".join(character if character.isprintable() else " " for character in text)[:1_000]
