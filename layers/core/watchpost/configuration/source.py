"""Reads the configuration document from its parameter, and keeps it."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from watchpost import aws
from watchpost.configuration.document import parse
from watchpost.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from watchpost.configuration.model import Configuration

KEEP_SECONDS = 300

_log = logging.getLogger(__name__)


class Source:
    """The document of one stack, kept for five minutes; the last good one outlives a failed refresh."""

    def __init__(self, fetch: Callable[[], str], clock: Callable[[], float] = time.monotonic) -> None:
        self._fetch = fetch
        self._clock = clock
        self._kept: Configuration | None = None
        self._read_at = 0.0

    def get(self) -> Configuration:
        """The configuration in force.

        Raises what the first reading raises (ConfigurationError, botocore's errors); later failures are logged and
        leave the last good document in force.
        """
        if self._kept is not None and self._clock() - self._read_at < KEEP_SECONDS:
            return self._kept
        try:
            self._kept = parse(self._fetch())
        except (ConfigurationError, BotoCoreError, ClientError) as error:
            if self._kept is None:
                raise
            _log.warning("the configuration could not be refreshed, the last good one stays in force: %s", error)
        self._read_at = self._clock()
        return self._kept


_sources: dict[str, Source] = {}


def current(parameter: str) -> Configuration:
    """The configuration in an SSM parameter, through the cache of this process."""
    if parameter not in _sources:
        _sources[parameter] = Source(lambda: aws.ssm().get_parameter(Name=parameter)["Parameter"]["Value"])
    return _sources[parameter].get()
