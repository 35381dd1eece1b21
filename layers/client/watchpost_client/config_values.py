"""What a stored text says, as the type that the service wants. Pure."""

from __future__ import annotations

import json
from typing import Any

TYPES: tuple[type, ...] = (str, int, float, bool, dict, list)
_FLAGS = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}
_LONGEST_NUMBER = 100  # characters


def converted(stored: Any, kind: type) -> Any:
    """The value as a str, int, float, bool, dict or list.

    stored: text, or bytes of a binary secret. A dict is a JSON object; a list is a JSON list, or texts with commas
    between them, as Parameter Store has them (StringList). Raises ValueError, whose message does not hold the value.
    """
    if kind not in TYPES:
        raise ValueError(f"a value can be {', '.join(known.__name__ for known in TYPES)}")
    text = _text(stored)
    if kind is str:
        return text
    if kind is bool:
        if text.strip().lower() not in _FLAGS:
            raise ValueError("it is no bool: true or false")
        return _FLAGS[text.strip().lower()]
    return _number(text, kind) if kind in (int, float) else _structure(text, kind)


def _text(stored: Any) -> str:
    if isinstance(stored, bytes):
        try:
            return stored.decode()
        except UnicodeDecodeError:
            raise ValueError("it is no text but other bytes") from None
    return str(stored)


def _number(text: str, kind: type) -> Any:
    try:
        if len(text) <= _LONGEST_NUMBER:
            return kind(text)
    except ValueError:  # whose message holds the value
        pass
    raise ValueError(f"it is no {kind.__name__}")


def _structure(text: str, kind: type) -> Any:
    if kind is list and not text.lstrip().startswith("["):
        return [item.strip() for item in text.split(",")] if text.strip() else []
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, kind):
        raise ValueError(f"it is no {kind.__name__} as JSON")  # noqa: TRY004  # it is about the value that is stored
    return found
