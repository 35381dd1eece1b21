"""Lines that begin with a bracket: loggers that write time, thread or request id in brackets first."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from shipper.formats import embedded
from shipper.formats.trace import trace_id_of
from shipper.levels import level_of_plain_word
from shipper.line import Line

if TYPE_CHECKING:
    from shipper.formats.why import Why

_TIME = r"\[\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?: ?(?:Z|UTC|[+-]\d\d:?\d\d))?\]"
_FORMS = (
    # [2026-11-21 08:00:00 +0000] [7] [INFO] message (gunicorn)
    re.compile(rf"{_TIME} (?:\[\d{{1,10}}\] )?\[(?P<level>[A-Za-z]{{3,11}})\] (?:(?P<name>[\w.]{{1,100}}): )?"),
    # [2026-11-21 08:00:00] production.ERROR: message (Monolog)
    re.compile(rf"{_TIME} (?P<name>[\w-]{{1,100}})\.(?P<level>[A-Z]{{4,9}}): "),
    # [main] INFO com.shop.Orders - message (SLF4J's simple logger)
    re.compile(r"\[[^\]\n]{1,200}\] (?P<level>[A-Z]{4,5})[ \t]{1,4}(?P<name>[\w.$]{1,200}) - "),
)


def recognise(text: str, why: Why) -> Line | None:
    """`[<time>] [7] [INFO] message`, `[<time>] app.ERROR: message`, `[main] INFO Orders - message`."""
    for form in _FORMS:
        found = form.match(text)
        level = level_of_plain_word(found["level"]) if found else None
        if found is not None and level is not None:
            return embedded.line_of(text[found.end() :], level, None, why, found["name"])
    return None


_GATEWAY = re.compile(r"\([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\) ")


def recognise_gateway(text: str, _: Why) -> Line | None:
    """An execution log of API Gateway: `(<request id>) Method completed with status: 200`.

    The id is API Gateway's, not that of a function's invocation.
    """
    if _GATEWAY.match(text) is None:
        return None
    line = Line.of(text)
    if "X-ray Tracing ID" in text[:80]:
        line.trace_id = trace_id_of(text[:200])
    return line
