"""The errors that Watchpost raises, in one tree. What may be tried again hangs on the branch.

WatchpostError
├── RetryableError              the same call may succeed later
│   ├── ClusterUnavailableError      Elasticsearch did not take a request (status, reason)
│   ├── DeadLetterError         the dead-letter bucket did not take an object (key, reason)
│   ├── LedgerError             the ledger did not take all entries in time (left)
│   └── ProvisioningError       alarms, dashboards or index templates are not as defined (failed)
└── PermanentError              the same call fails again until somebody changes something
    ├── ClusterRefusedError          Elasticsearch refused a request (status, reason)
    ├── ConfigurationError      a setting or the configuration document is wrong (path, found, expected)
    ├── DefinitionError         a file in dashboards/ is wrong (file, path, found, expected)
    ├── PayloadError            an event is not what its source promises (what, expected)
    ├── QueryError              a search somebody typed is not understood (text, position, found, expected)
    └── NotificationError       a receiver refused a message (channel, status)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# HTTP statuses of Elasticsearch, or of a proxy before it, that ask to come again later.
UNAVAILABLE = frozenset({408, 429, 502, 503, 504})


class WatchpostError(Exception):
    """Base of every error that Watchpost raises on purpose."""


class RetryableError(WatchpostError):
    """The same call may succeed later."""


class PermanentError(WatchpostError):
    """The same call fails again until somebody changes something."""


class ClusterUnavailableError(RetryableError):
    """Elasticsearch did not take a request: no connection, 429, 502, 503 or 504.

    Attributes: status (HTTP status, 0 when there was no answer), reason (one line).
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"Elasticsearch is unavailable ({status or 'no answer'}): {reason}")
        self.status = status
        self.reason = reason


class DeadLetterError(RetryableError):
    """The dead-letter bucket did not take an object.

    Attributes: key (of the object), reason (one line).
    """

    def __init__(self, key: str, reason: str) -> None:
        super().__init__(f"the dead letter {key} could not be stored: {reason}")
        self.key = key
        self.reason = reason


class LedgerError(RetryableError):
    """The subscriptions' ledger did not take all entries in time; the others are written.

    Attributes: left (names of the log groups whose entries were not written). The message names the first five.
    """

    def __init__(self, left: Sequence[str]) -> None:
        more = [f"{len(left) - 5} more"] if len(left) > 5 else []
        named = ", ".join([*left[:5], *more])
        super().__init__(f"{len(left)} entries of the ledger could not be written, the table is too busy: {named}")
        self.left = list(left)


class ProvisioningError(RetryableError):
    """Alarms, dashboards or index templates are not as they are defined; the others are.

    Attributes: failed (name and reason of each). The message names the first five.
    """

    def __init__(self, failed: Sequence[Mapping[str, str]]) -> None:
        named = [f"{item['name']} ({item['reason']})" for item in failed[:5]]
        more = [f"{len(failed) - 5} more"] if len(failed) > 5 else []
        super().__init__(f"{len(failed)} not done: {', '.join(named + more)}")
        self.failed = list(failed)


class ClusterRefusedError(PermanentError):
    """Elasticsearch refused a request: any other status than those of ClusterUnavailableError.

    Attributes: status (HTTP status), reason (one line, of Elasticsearch).
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"Elasticsearch refused the request ({status}): {reason}")
        self.status = status
        self.reason = reason


class ConfigurationError(PermanentError):
    """A setting or the configuration document is wrong.

    Attributes: path (dotted, as in the document, or the name of the variable), found, expected.
    The value that was found is shown by its kind only where it may be a secret.
    """

    def __init__(self, path: str, found: str, expected: str) -> None:
        super().__init__(f"{path}: found {found}, expected {expected}")
        self.path = path
        self.found = found
        self.expected = expected


class DefinitionError(PermanentError):
    """A definition in `dashboards/` is wrong.

    Attributes: file (relative to `dashboards/`), path (inside the file), found, expected.
    """

    def __init__(self, file: str, path: str, found: str, expected: str) -> None:
        super().__init__(f"{file}: {path}: found {found}, expected {expected}")
        self.file = file
        self.path = path
        self.found = found
        self.expected = expected


class PayloadError(PermanentError):
    """An event is not what its source promises. The event's content is never part of the message.

    Attributes: what (the kind of fault, a fixed word fit for a metric), expected.
    """

    def __init__(self, what: str, expected: str) -> None:
        super().__init__(f"payload is {what}, expected {expected}")
        self.what = what
        self.expected = expected


class NotificationError(PermanentError):
    """A receiver of notifications refused a message.

    Attributes: channel (its name, never its URL, which is a secret), status (HTTP status, 0 without an answer).
    """

    def __init__(self, channel: str, status: int, reason: str) -> None:
        super().__init__(f"channel {channel} did not take the notification ({status or 'no answer'}): {reason}")
        self.channel = channel
        self.status = status


class QueryError(PermanentError):
    """A query in the Kibana Query Language is not understood, or asks for what Elasticsearch cannot do.

    Attributes: text (the whole query), position (of the character in it, from 0), found, expected.
    """

    def __init__(self, text: str, position: int, found: str, expected: str) -> None:
        super().__init__(f"the query is wrong at character {position + 1}: found {found}, expected {expected}")
        self.text = text
        self.position = position
        self.found = found
        self.expected = expected

    @property
    def pointer(self) -> str:
        """Two lines: the query around the mistake, and a caret below it. What does not print shows as a blank."""
        first = max(0, self.position - 50)
        shown = self.text[first : self.position + 25]
        plain = "".join(character if character.isprintable() else " " for character in shown)
        return f"{plain}\n{' ' * (self.position - first)}^"
