"""An event as it may be logged: without what is secret by its name or its look, and not too long.

What it knows as secret is in docs/client.md. All expressions take linear time: every repeat has a bound, or ends one.
"""

from __future__ import annotations

import base64
import binascii
import json
from itertools import islice
from typing import Any

from watchpost_client import secrets_in_text
from watchpost_client.secrets_in_text import REDACTED, clean

__all__ = ["LONGEST", "REDACTED", "clean", "shown"]

LONGEST = 8_192  # characters of the whole
LONGEST_TEXT = 2_048  # characters of one text in it
LONGEST_PARSED = 262_144  # characters of a text that is read as JSON: what SQS and SNS take
MOST_ITEMS = 50  # of one object or list
MOST_VALUES = 1_000  # of the whole
DEEPEST = 12  # levels

_MARGIN = 2_048  # characters behind a cut that are looked at: a secret that it parts is found whole
_LARGEST = 10**30  # no number of anything is larger
_LABELS = ("name", "key", "header", "field")
_BESIDE_DATA = ("kinesisSchemaVersion", "recordId", "messageID", "basicProperties")  # Kinesis, Firehose, Amazon MQ
_WHOLE = frozenset({"awslogs"})  # of CloudWatch Logs
_VALUES = frozenset({"value", "values", "stringvalue", "binaryvalue", "text", "content", "data"})


def shown(event: Any) -> str:
    """An event as JSON of at most LONGEST characters: what is beyond is left out, what is no JSON told as its type."""
    text = json.dumps(_Walk().value(event, 0), ensure_ascii=False)
    text = text.encode("utf-8", "replace").decode()  # halves of characters are no text
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


class _Walk:
    """One pass through an event, of which each value is looked at once, and so many of them."""

    def __init__(self) -> None:
        self._left = MOST_VALUES

    def value(self, value: Any, depth: int) -> Any:
        self._left -= 1
        if isinstance(value, dict):
            return self._object(value, depth) if depth < DEEPEST else "{…}"
        if isinstance(value, list | tuple):
            return self._list(value, depth) if depth < DEEPEST else "[…]"
        return self._text(value, depth) if isinstance(value, str) else _other(value)

    def _object(self, value: dict[Any, Any], depth: int) -> dict[str, Any]:
        labelled = _is_labelled_secret(value)
        encoded = _encoded_field(value)
        found: dict[str, Any] = {}
        for name, item in islice(value.items(), MOST_ITEMS):
            if self._left <= 0:
                break
            text = str(name)
            if item not in (None, "") and (_is_secret(text) or (labelled and text.lower() in _VALUES)):
                found[_short(text)] = REDACTED
            elif name == encoded:
                found[_short(text)] = self._decoded(item, depth + 1)
            else:
                found[_short(text)] = self.value(item, depth + 1)
        if len(value) > len(found):
            found["…"] = f"{len(value) - len(found)} more"
        return found

    def _list(self, value: list[Any] | tuple[Any, ...], depth: int) -> list[Any]:
        if len(value) == 2 and isinstance(value[0], str) and _is_secret(value[0]):
            return [_short(value[0]), REDACTED]  # a header as a pair
        found: list[Any] = []
        for item in value[:MOST_ITEMS]:
            if self._left <= 0:
                break
            found.append(self.value(item, depth + 1))
        return [*found, f"… {len(value) - len(found)} more"] if len(value) > len(found) else found

    def _text(self, value: str, depth: int) -> str:
        if value.lstrip()[:1] in ("{", "[") and len(value) <= LONGEST_PARSED:
            try:
                inner = json.loads(value)
            except (ValueError, RecursionError):  # no JSON, whatever it looks like
                return _short(value)
            return _cut(json.dumps(self.value(inner, depth + 1), ensure_ascii=False))
        return _short(value)

    def _decoded(self, value: Any, depth: int) -> Any:
        """What base64 hides, where it is text; of other data how much there is."""
        if not isinstance(value, str) or len(value) > LONGEST_PARSED:
            return "<base64>"
        try:
            return self._text(base64.b64decode(value, validate=True).decode(), depth)
        except (binascii.Error, ValueError):
            return f"<{len(value)} characters of base64>"


def _is_secret(name: str) -> bool:
    return secrets_in_text.NAMES.search(name[-secrets_in_text.LONGEST_NAME :]) is not None


def _is_labelled_secret(value: dict[Any, Any]) -> bool:
    """Whether an object is a name with a value, {"name": "password", "value": …}, and the name is that of a secret."""
    labels = [item for key, item in islice(value.items(), MOST_ITEMS) if str(key).lower() in _LABELS]
    return any(isinstance(label, str) and _is_secret(label) for label in labels)


def _encoded_field(value: dict[Any, Any]) -> str | None:
    """The field that Lambda hands over as base64, by what stands beside it."""
    if value.get("isBase64Encoded") is True:
        return "body"
    if "topic" in value and "partition" in value:
        return "value"
    return "data" if any(name in value for name in _BESIDE_DATA) else next(iter(_WHOLE & value.keys()), None)


def _other(value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    # Not of JSON, or no number: a not-a-number is not between any two.
    if not isinstance(value, int | float) or not -_LARGEST < value < _LARGEST:
        return f"<{type(value).__name__}>"
    # A number may be that of a card.
    whole = str(int(value)) if value == int(value) else ""
    return REDACTED if clean(whole) != whole else value


def _short(value: str) -> str:
    # Cut before anything is looked for: no expression sees more than that.
    return _cut(clean(value[: LONGEST_TEXT + _MARGIN]))


def _cut(value: str) -> str:
    return value if len(value) <= LONGEST_TEXT else value[: LONGEST_TEXT - 1] + "…"
