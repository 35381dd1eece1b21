"""Lines with the colour codes of a terminal: they are read without them, and shown as they are."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from shipper import formats

if TYPE_CHECKING:
    from shipper.formats.why import Why
    from shipper.line import Line

_CODE = re.compile(r"\x1b\[[0-9;]{0,32}[A-Za-z]")


def recognise(text: str, why: Why) -> Line | None:
    """A line with colour codes, or None when there are none to take away."""
    plain = _CODE.sub("", text)
    if plain == text or "\x1b[" in plain:
        return None
    line, reasons = formats.explain(plain)
    if why is not None:
        why.extend(reasons)
    if line.message == plain:
        line.message = text
    return line
