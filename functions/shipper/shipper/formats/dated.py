"""Lines that begin with a date or a time: loggers of Java, Python, Go, Rust and .NET, and databases.

Every pattern is anchored at the beginning, and each of its repetitions is bounded or followed by something that it
cannot match itself, so that a line is looked at once.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from shipper.formats import embedded, json_line
from shipper.levels import level_of_plain_word, level_of_word
from shipper.line import Line

if TYPE_CHECKING:
    from shipper.formats.why import Why

_ZONE = r"(?: ?(?:Z|UTC|GMT|[+-]\d\d:?\d\d))?"
_TIME = r"\d\d:\d\d:\d\d(?:[.,]\d{1,9})?"
_DATE = rf"\d{{4}}-\d\d-\d\d[ T]{_TIME}{_ZONE}"
_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"

# 2026-11-21 08:00:00,123 - shop.orders - INFO - message, and with bars (loguru); the name may be missing or come later.
_PYTHON = re.compile(
    rf"{_DATE}[ \t]{{1,4}}(?P<sign>[-|])[ \t]{{1,4}}"
    r"(?:(?!(?:TRACE|DEBUG|INFO|WARN|WARNING|ERROR|CRITICAL|FATAL)[ \t])"
    r"(?P<name>[\w.$:/-]{1,200})[ \t]{1,40}(?P=sign)[ \t]{1,4})?"
    r"(?P<level>[A-Za-z]{3,13})[ \t]{0,12}(?:(?P=sign)|:)[ \t]{1,4}"
)
_PYTHON_PLACE = re.compile(r"(?P<name>[\w$]{1,100}(?:[.:][\w$<>]{1,100}){1,12}|root|__main__) - ")

# 2026-11-21 08:00:00 <request id> [thread] INFO …, the part in front of logger and message.
_LOGGER = re.compile(
    rf"(?:{_DATE}|{_TIME})[ \t]{{1,8}}(?:(?P<id>{_UUID})[ \t]{{1,8}})?(?:\[(?P<thread>[^\]\n]{{0,200}})\][ \t]{{1,8}})?"
    r"(?P<open>\[?)(?P<level>[A-Za-z]{3,13})[ \t]{0,8}(?P<close>\]?)(?P<colon>:?)(?:[ \t]{1,8}|$)"
)
# What stands between the level and the message: from top to bottom, the first that fits.
_PLACES = (
    # 8 --- [main] c.s.Orders : message (Spring Boot)
    re.compile(
        r"(?:\d{1,10}[ \t]{1,4})?--- (?:\[[^\]\n]{0,200}\][ \t]{1,4}){1,3}(?P<name>[\w.$\[\]/-]{1,200})[ \t]{0,60}: "
    ),
    # [main] com.shop.Orders:42 - message (log4j2, logback); <request id> com.shop.Orders - message
    re.compile(
        rf"(?:\[[^\]\n]{{0,200}}\][ \t]{{1,4}})?(?:(?P<id>{_UUID})[ \t]{{1,4}})?"
        r"(?P<name>[\w.$/\[\]-]{1,200})(?::\d{1,6})?[ \t]{1,60}-[ \t]{1,4}"
    ),
    # [com.shop.Orders] (main) message (Quarkus, JBoss)
    re.compile(r"\[(?P<name>[\w$-]{1,100}(?:\.[\w$-]{1,100}){1,12})\] \([^)\n]{1,200}\) "),
    # com.shop.Orders: message; shop::orders: message (Rust); a word without a dot may be the message's own
    re.compile(r"(?P<name>(?:[\w$-]{1,100}(?:(?:\.|::)[\w$-]{1,100}){1,12})|root|__main__)(?::\d{1,6})?: "),
)
# Lambda's span in front of Rust's place: Lambda runtime invoke{requestId="6bc9" xrayTraceId="Root=1-…"}: shop: message
_SPAN = re.compile(r'Lambda runtime invoke\{requestId="?(?P<id>[\w-]{1,80})"?[^}\n]{0,512}\}: ')

# 2026/11/21 08:00:00.123456 [error] …
_GO = re.compile(rf"\d{{4}}/\d\d/\d\d {_TIME} ")
_GO_LEVEL = re.compile(
    r"(?:\[(?P<bracketed>[A-Za-z]{3,13})\]:?|(?P<word>DEBUG|INFO|WARN|ERROR)(?:[+-]\d{1,3})?)[ \t]{1,4}"
)

# RDS for PostgreSQL: 2026-11-21 08:00:00 UTC:10.0.0.1(51234):shop@orders:[1234]:ERROR:  message
_POSTGRES = re.compile(
    rf"{_DATE}:?[^\[\n]{{0,300}}\[\d{{1,10}}\]:?(?: [^\s:]{{0,100}})? ?(?P<level>[A-Z]{{3,9}})\d?:  "
)
# MySQL: 2026-11-21T08:00:00.123456Z 8 [Warning] [MY-010055] [Server] message
_MYSQL = re.compile(rf"{_DATE} \d{{1,20}} \[(?P<level>[A-Za-z]{{3,12}})\] ")

_CALLER = re.compile(r"[\w./@-]{1,300}:\d{1,7}")


def recognise_zap(text: str, why: Why) -> Line | None:
    """`<time><tab>INFO<tab>shop/orders.go:42<tab>message<tab>{…}`, with a logger's name in front of the place."""
    parts = text.split("\t", 4)
    if len(parts) < 3 or len(parts[0]) > 40:
        return None
    level = level_of_word(parts[1])
    if level is None:
        return None
    app: dict[str, object] = {}
    place = next((number for number in (2, 3) if number < len(parts) and _CALLER.fullmatch(parts[number])), None)
    if place == 3:
        app["logger"] = parts[2]
    if place is not None:
        app["caller"] = parts[place]
    rest = text.split("\t", 2 if place is None else place + 1)[-1] if place != len(parts) - 1 else ""
    message, tab, fields = rest.rpartition("\t")
    more = json_line.recognise(fields, None) if tab and fields.startswith("{") and fields.endswith("}") else None
    if more is None or more.tags:
        line = embedded.line_of(rest, level, None, why)
    else:
        line = more
        line.level = level
        line.message = message
    if app:
        line.app = app | (line.app or {})
    return line


def recognise_go(text: str, why: Why) -> Line | None:
    """`2026/11/21 08:00:00 message`, as Go's `log` and nginx write it; slog's default handler adds a level."""
    found = _GO.match(text) if text[4:5] == "/" else None
    if found is None:
        return None
    rest = text[found.end() :]
    level = _GO_LEVEL.match(rest)
    if level is None:
        return embedded.line_of(rest, None, None, why)
    word = level_of_word(level["bracketed"] or level["word"])
    return embedded.line_of(rest[level.end() :] if word else rest, word, None, why)


def recognise_python(text: str, why: Why) -> Line | None:
    """`2026-11-21 08:00:00,123 - shop.orders - INFO - message`, and loguru's form with bars."""
    found = _PYTHON.match(text) if text[4:5] == "-" else None
    level = level_of_plain_word(found["level"]) if found else None
    if found is None or level is None:
        return None
    end, name = found.end(), found["name"]
    if name is None:
        place = _PYTHON_PLACE.match(text, end)
        if place is not None:
            end, name = place.end(), place["name"]
    return embedded.line_of(text[end:], level, None, why, name)


def recognise_database(text: str, _: Why) -> Line | None:
    """A line of PostgreSQL or MySQL, shipped as it is, with its level."""
    if text[4:5] != "-":
        return None
    found = _MYSQL.match(text) or (_POSTGRES.match(text) if ":  " in text[:600] else None)
    if found is None:
        return None
    line = Line.of(text)
    line.level = level_of_word(found["level"])
    return line


def recognise(text: str, why: Why) -> Line | None:
    """`2026-11-21 08:00:00 <request id> INFO Class - message` and the forms of log4j2, logback, Spring and Rust."""
    found = _LOGGER.match(text)
    level = _level(found) if found else None
    if found is None or level is None:
        return None
    end, request_id, name = found.end(), found["id"], None
    span = _SPAN.match(text, end)
    if span is not None:
        end, request_id = span.end(), span["id"]
    for pattern in _PLACES:
        place = pattern.match(text, end)
        if place is not None:
            end, name = place.end(), place["name"]
            request_id = request_id or place.groupdict().get("id")
            break
    return embedded.line_of(text[end:], level, request_id, why, name)


def _level(found: re.Match[str]) -> str | None:
    """The level of a prefix: in capitals, in brackets or before a colon; any other word may begin a sentence."""
    word = found["level"]
    if bool(found["open"]) != bool(found["close"]):
        return None
    if found["open"] or found["colon"] or word.isupper():
        return level_of_plain_word(word)
    return None
