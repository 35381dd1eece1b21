"""Converts values to the types of Elasticsearch, where nothing is lost by it."""

from __future__ import annotations

import ipaddress
import math
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST_KEYWORD = 1_024  # characters: the templates index no longer ones
MOST_VALUES = 100  # of a list

_LONG = range(-(2**63), 2**63)
_LAST_MILLISECOND = 253_402_300_799_999  # of the year 9999
# Without exponents: those hide how many digits there are.
_WHOLE = re.compile(r"-?(?:0|[1-9][0-9]{0,18})")
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]{0,18})(?:\.[0-9]{1,18})?")
_DATE = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]{1,6})?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)


def convert(value: Any, kind: str) -> Any:
    """The value as a field of that type has it, or None when it is not of the type.

    kind: of watchpost.configuration's types. A list is converted when all its items are.
    """
    of_kind = _CONVERSIONS[kind]
    if type(value) is not list:
        return of_kind(value)
    converted = [of_kind(item) for item in value[: MOST_VALUES + 1]]
    return converted if 0 < len(converted) <= MOST_VALUES and None not in converted else None


def _keyword(value: Any) -> str | None:
    if type(value) is bool:
        return "true" if value else "false"
    if type(value) in (int, float):
        return str(value)
    return value if type(value) is str and len(value) <= LONGEST_KEYWORD else None


def _long(value: Any) -> int | None:
    kind = type(value)
    if kind is str:
        value = int(value) if _WHOLE.fullmatch(value) else None
    elif kind is float:
        value = int(value) if value.is_integer() and abs(value) <= 2**53 else None
    return value if type(value) is int and value in _LONG else None


def _double(value: Any) -> float | None:
    if type(value) is str and _DECIMAL.fullmatch(value):
        number = float(value)
        return number if Decimal(repr(number)) == Decimal(value) else None
    if type(value) is int:
        return float(value) if value in _LONG and int(float(value)) == value else None
    return value if type(value) is float and math.isfinite(value) else None


def _boolean(value: Any) -> bool | None:
    if type(value) is str:
        return {"true": True, "false": False}.get(value)
    return value if type(value) is bool else None


def _date(value: Any) -> str | None:
    """In UTC, as the documents' own times are written; a number is milliseconds since 1970, as Elasticsearch has it."""
    if type(value) is int and 0 <= value <= _LAST_MILLISECOND:
        moment = datetime.fromtimestamp(value // 1000, UTC).replace(microsecond=value % 1000 * 1000)
    elif type(value) is str and _DATE.fullmatch(value):
        try:
            moment = datetime.fromisoformat(value)
            moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
        except (ValueError, OverflowError):  # the 30th of February; a time zone that leads out of the calendar
            return None
    else:
        return None
    precision = "milliseconds" if moment.microsecond % 1000 == 0 else "microseconds"
    return moment.isoformat(timespec=precision).replace("+00:00", "Z")


def _ip(value: Any) -> str | None:
    if type(value) is not str or "%" in value:  # Elasticsearch knows no zones
        return None
    try:
        return str(ipaddress.ip_address(value.strip()))
    except ValueError:
        return None


_CONVERSIONS: dict[str, Callable[[Any], Any]] = {
    "keyword": _keyword,
    "long": _long,
    "double": _double,
    "boolean": _boolean,
    "date": _date,
    "ip": _ip,
}
