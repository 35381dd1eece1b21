"""What arrives from outside, made fit to be passed on and logged: it is data, and other people's.

The limits are those of docs/conventions.md.
"""

from __future__ import annotations

import re
from typing import Any

LONGEST_ID = 128  # characters of a correlation id
LONGEST_VALUE = 256  # characters of another field
LONGEST_LOOKED_AT = 16_384  # characters of what arrives; more than any header that API Gateway or a load balancer takes
MOST_FIELDS = 20  # besides the correlation id

_NAME = re.compile(r"[a-z0-9-]{1,40}")
_NOT_IN_ID = re.compile(r"[^!-~]")
_NOT_IN_VALUE = re.compile(r"[^ -~]")
_FLAGS = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}


def text(value: Any) -> str:
    """A value as text: bytes that are not UTF-8 lose what is not, the first item of a list counts, others are "".

    At most LONGEST_LOOKED_AT characters of it.
    """
    if isinstance(value, list | tuple):
        value = value[0] if value else ""
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value[:LONGEST_LOOKED_AT]).decode("utf-8", "ignore")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and -(10**30) < value < 10**30:
        return str(value)
    return value[:LONGEST_LOOKED_AT] if isinstance(value, str) else ""


def identifier(value: Any) -> str:
    """A correlation id: printable ASCII without spaces, up to LONGEST_ID characters; "" where nothing is left."""
    return _NOT_IN_ID.sub("", text(value))[:LONGEST_ID]


def field_name(value: Any) -> str:
    """The name of a field in lower case, or "" for one that is none."""
    name = text(value).lower()
    return name if _NAME.fullmatch(name) else ""


def field_value(value: Any) -> str:
    """The value of a field: one line of printable ASCII, up to LONGEST_VALUE characters; "" where nothing is left.

    Every carrier takes such a value as it is; a header would not take others.
    """
    return _NOT_IN_VALUE.sub("", text(value)).strip()[:LONGEST_VALUE].strip()


def flag(value: Any) -> bool | None:
    """True or False as people write them; None for everything else."""
    return _FLAGS.get(text(value).strip().lower())
