"""Secrets by reference: read from Secrets Manager when needed, kept for five minutes, never printed."""

from __future__ import annotations

import json
import time
from typing import Any

from watchpost import aws
from watchpost.errors import ConfigurationError

KEEP_SECONDS = 300


class Secret:
    """A JSON object from Secrets Manager. Its `repr` shows the names of its fields only."""

    __slots__ = ("_values", "reference")

    def __init__(self, reference: str, values: dict[str, Any]) -> None:
        self.reference = reference
        self._values = values

    def __repr__(self) -> str:
        return f"Secret({self.reference!r}, fields={sorted(self._values)})"

    def get(self, field: str, default: Any = None) -> Any:
        """The value of a field, or the default when the secret does not have it."""
        return self._values.get(field, default)


_kept: dict[str, tuple[float, str, Secret]] = {}  # when it was read, its text, and what that says


def read(reference: str, *, fresh: bool = False) -> Secret:
    """Read a secret by ARN or name, from memory when it was read in the last five minutes.

    `fresh` reads it anew, for the moment after a refused login. Errors of AWS are passed on (botocore ClientError);
    a secret that is not a JSON object raises ConfigurationError without its content.

    While its text stays what it is, it is the same object: what was made with it, such as a connection, is kept by
    it and need not be made anew every five minutes.
    """
    kept = _kept.get(reference)
    if kept and not fresh and time.monotonic() - kept[0] < KEEP_SECONDS:
        return kept[2]
    text = aws.get_secret(reference)
    secret = kept[2] if kept and kept[1] == text else _secret(reference, text)
    _kept[reference] = (time.monotonic(), text, secret)
    return secret


def _secret(reference: str, text: str) -> Secret:
    try:
        values = json.loads(text)
    except ValueError:
        values = None
    if not isinstance(values, dict):
        raise ConfigurationError(f"secret {reference}", "text that is not a JSON object", "a JSON object") from None
    return Secret(reference, values)
