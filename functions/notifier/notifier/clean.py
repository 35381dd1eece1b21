"""Text from outside, made fit for messages. What arrives is data: it must not steer a terminal or a chat."""

from __future__ import annotations

import math
import re
import unicodedata
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

# Escape sequences of terminals (ECMA-48): CSI with its parameters; OSC and the other strings, when they have an end;
# the rest. The text after a string without an end is kept: it would be lost otherwise.
_CSI = r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
_STRING = r"(?:\x1b[\]PX^_]|[\x90\x98\x9d\x9e\x9f])[^\x07\x1b\x90\x98\x9c-\x9f]*(?:\x07|\x1b\\|\x9c)"
_ESCAPES = re.compile(rf"{_CSI}|{_STRING}|\x1b[ -/]*[0-~]?")
_SPACES = re.compile(r"[ \t]+")
LOOKED_AT = 20_000  # characters of a log line that are looked at: what is shown of it is far shorter
# Unicode categories that show nothing or reorder what is shown: controls, formats (with the bidirectional ones), and
# surrogates, which are no text.
_HIDDEN = frozenset({"Cc", "Cf", "Cs"})


def block(value: Any, limit: int) -> str:
    """Text of several lines without escapes and hidden characters, at most `limit` characters; "" for other values."""
    if not isinstance(value, str):
        return ""
    text = _ESCAPES.sub("", value).replace("\r\n", "\n").replace("\r", "\n")
    shown = (text if text.isprintable() else _seen(text)).strip()
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def _seen(text: str) -> str:
    """What is seen of a text that holds more than printable characters, of which none is hidden."""
    kept = (" " if char == "\t" or unicodedata.category(char) in ("Zl", "Zp") else char for char in text)
    return "".join(char for char in kept if char == "\n" or unicodedata.category(char) not in _HIDDEN)


def line(value: Any, limit: int) -> str:
    """The same on one line."""
    return _SPACES.sub(" ", block(value, limit).replace("\n", " ")).strip()


def shown(value: Any, limit: int, redact: Callable[[str], str], *, lines: bool = False) -> str:
    """Text from a log line: clean first, so that nothing can hide a secret, then redacted, and only then cut.

    lines: whether it keeps its line breaks.
    """
    if not isinstance(value, str):
        return ""
    text = redact(block(value[:LOOKED_AT], LOOKED_AT) if lines else line(value[:LOOKED_AT], LOOKED_AT))
    if len(value) > LOOKED_AT and len(text) <= limit:  # almost all of it was redacted, so its end would show
        return whole_words(text + "…")
    return text if len(text) <= limit else text[: limit - 1] + "…"


def whole_words(text: str) -> str:
    """A text without its last word when it was cut: part of a secret is not known for one."""
    end = max(text.rfind(" "), text.rfind("\n"), 0)
    return text[:end].rstrip() + "…" if text.endswith("…") else text


def number(value: Any) -> float | None:
    """A finite number, or None for everything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def escaped(text: str) -> str:
    """Text for receivers that read & < > as markup, as Slack does for mentions and links."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def figure(value: float) -> str:
    """A number as people write it: 7, 1,500, 0.05."""
    return f"{value:,.0f}" if float(value).is_integer() and abs(value) < 1e15 else f"{value:,.6g}"
