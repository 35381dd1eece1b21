"""What is never shipped because Watchpost made it: shipped, it would come back, be shipped again, and never end."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any

import orjson
from watchpost import names

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from shipper.decode import Payload

RULE = "recursion guard"  # as LinesFiltered names it

_NAMED = 5  # log groups that a warning names

_FUNCTION = re.compile(r"/aws/lambda/.+-(?P<component>" + "|".join(names.COMPONENTS) + ")")

_MARK = "watchpost."  # is in all that is searched for: looking for it alone costs a hundredth of the shipper's time
# Quotes as JSON, JSON in JSON, Python, .NET, HTML and URLs write them; spaces around the colon, or what stands for it.
_QUOTES = r"""(?:[\s\\"']|u002[27]|&(?:quot|\#34|\#39);|%2[027])*+"""
_BETWEEN = rf"{_QUOTES}(?::|=>?|%3[aA]){_QUOTES}"
_KIND = r"watchpost\.(?:app|platform|line)"
# A document's dataset, or the index of the action before it, which services that log line by line log by itself.
_MADE = re.compile(
    rf"(?<![a-zA-Z_.-])(?:dataset{_BETWEEN}{_KIND}(?![\w.-])|_index{_BETWEEN}(?:\.ds-)?(?:logs|metrics)-{_KIND}-)"
)
# An indented line of a document that is spread over many events.
_PIECE = re.compile(rf"""\s+["']dataset["']\s*:\s*["']{_KIND}["'],?\s*""")

_log = logging.getLogger(__name__)


def is_of_another_stack(payload: Payload) -> bool:
    """Whether the payload comes from a function of another Watchpost stack.

    Told by the log group's name and by a line as only such a function writes it: a function that is merely called
    `order-shipper` is shipped.
    """
    found = _FUNCTION.fullmatch(payload.log_group)
    if found is None:
        return False
    service = f"watchpost-{found['component']}"
    return any(
        _is_own(text, service) for text in payload.messages if service in text or names.PIPELINE_NAMESPACE in text
    )


def _is_own(text: str, service: str) -> bool:
    """Whether a line is a structured one of a service, or metrics of the pipeline (embedded metric format)."""
    try:
        fields = orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    if not isinstance(fields, dict):
        return False
    return fields.get("service") == service or any(
        one.get("Namespace") == names.PIPELINE_NAMESPACE for one in _directives(fields)
    )


def _directives(fields: dict[str, Any]) -> list[dict[str, Any]]:
    about = fields.get("_aws")
    directives = about.get("CloudWatchMetrics") if isinstance(about, dict) else None
    return [one for one in directives if isinstance(one, dict)] if isinstance(directives, list) else []


def echoes(texts: Sequence[str]) -> Collection[int]:
    """Positions of the lines that hold a document that a shipper made, or an action of a bulk request.

    When one is a mere piece of a document that is spread over many lines, these are all of them: nothing tells which of
    the others belong to it, and each would become a document of many lines again.
    """
    if not [text for text in texts if _MARK in text]:
        return ()
    if any(_MARK in text and len(text) <= 200 and _PIECE.fullmatch(text) for text in texts):
        return range(len(texts))
    return {position for position, text in enumerate(texts) if _MARK in text and _MADE.search(text)}


def warn(echoed: Mapping[str, int]) -> None:
    """Say which log groups echo what is delivered, and how to stop it; echoed: lines by log group.

    Never what stands in a line.
    """
    if echoed:
        more = f" and {len(echoed) - _NAMED} more" if len(echoed) > _NAMED else ""
        _log.warning(
            "%d lines hold documents that Watchpost made and are left out: a service logs what it receives. Add its log"
            " group to logs.exclude in the configuration: %s%s",
            *(sum(echoed.values()), ", ".join(f"{group!r:.600}" for group in list(echoed)[:_NAMED]), more),
        )
