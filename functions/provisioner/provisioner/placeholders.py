"""Placeholders of definitions, such as `{resource}`: which ones a text has, and the text with them filled in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from watchpost import names as watchpost_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# Always there; a kind's text facts come to them.
BUILT_IN = ("metric_namespace", "resource", "service")

LONGEST = 1024  # characters of a dimension's value

_PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_]*)\}")
_BRACE = re.compile(r"[{}]")


class PlaceholderError(ValueError):
    """A resource has no value for a placeholder."""


def names(text: str) -> list[str]:
    """The names of a text's placeholders, in their order.

    Raises PlaceholderError for a brace that belongs to none.
    """
    if _BRACE.search(_PLACEHOLDER.sub("", text)):
        raise PlaceholderError("a brace that is no placeholder's")
    return _PLACEHOLDER.findall(text)


def fill(text: str, values: Mapping[str, object]) -> str:
    """The text with the values put in, in one pass: braces in a value stay what they are.

    Raises PlaceholderError when a value is missing or empty.
    """

    def value(match: re.Match[str]) -> str:
        found = values.get(match[1])
        if not isinstance(found, str) or not found:
            raise PlaceholderError(f"{match[1]} is not known")
        return found

    return _PLACEHOLDER.sub(value, text)


def published(service: str) -> str:
    """A service's name as the shipper publishes it: dimensions are ASCII (CloudWatch API, Dimension)."""
    return watchpost_names.ascii_text(service, LONGEST) or "unknown"


def fill_dimensions(
    dimensions: Iterable[tuple[str, str]], values: Mapping[str, object], optional: Iterable[str]
) -> list[tuple[str, str]]:
    """Names and values of dimensions, without those whose optional placeholder has no value.

    Raises PlaceholderError when any other has none, or one that no dimension can have (CloudWatch API, Dimension).
    """
    absent = {name for name in optional if not values.get(name)}
    filled = [(name, fill(text, values)) for name, text in dimensions if absent.isdisjoint(names(text))]
    for name, value in filled:
        if not value.isascii() or not value.strip() or len(value) > LONGEST:
            raise PlaceholderError(f"{name} would be no ASCII text of 1 to {LONGEST} characters")
    return filled
