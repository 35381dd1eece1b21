"""The severity of a log line in one vocabulary, whatever the logger calls it."""

from __future__ import annotations

from typing import Any

# Words of Python, Powertools, Node, Java (java.util.logging too), .NET (its console's short forms too), Go and syslog,
# and the abbreviations of Serilog and zerolog.
_WORDS = {
    "trace": ("trace", "trce", "trc", "finest", "finer", "verbose", "verb", "vrb", "silly"),
    "debug": ("debug", "dbug", "dbg", "fine", "config", "http"),
    "info": ("info", "inf", "information", "informational", "notice"),
    "warn": ("warn", "warning", "wrn"),
    "error": ("error", "err", "eror", "fail", "severe"),
    "fatal": ("fatal", "fatl", "ftl", "critical", "crit", "alert", "emergency", "emerg", "panic", "pnc", "dpanic"),
}
_LEVELS = {
    spelling: level
    for level, words in _WORDS.items()
    for word in words
    for spelling in (word, word.upper(), word.capitalize())
}
# Words that stand for a level in any case, also where nothing but a bracket or a colon says so.
_PLAIN = frozenset({"trace", "debug", "info", "information", "warn", "warning", "error", "fatal", "critical"})
# pino, bunyan and lumigo: 10 to 60, values between belong to the lower one. OpenTelemetry: four a level, from 1.
_NUMBERS = ("trace", "debug", "info", "warn", "error", "fatal")
_NUMERALS = frozenset(str(number) for number in range(10, 70))
_LONGEST = max(map(len, _LEVELS))  # characters
ERRORS = frozenset({"error", "fatal"})


def level_of(value: Any) -> str | None:
    """The level that a word in any case or a number from 10 to 69 stands for, or None."""
    if type(value) is str:
        return _LEVELS.get(value) or _unusual(value)
    if type(value) is int and 10 <= value < 70:
        return _NUMBERS[value // 10 - 1]
    return None


def _unusual(text: str) -> str | None:
    """Words in mixed case or with spaces, numbers as text, and Go's `INFO+2` and OpenTelemetry's `INFO2`."""
    word = text.strip().lower() if len(text) < 64 else ""
    if word in _NUMERALS:
        return level_of(int(word))
    base = word.rstrip("0123456789").rstrip("+-")
    return _LEVELS.get(base) if base.isalpha() else None


def level_of_severity_number(value: Any) -> str | None:
    """The level of OpenTelemetry's severity number, 1 to 24 (its logs data model), or None."""
    return _NUMBERS[(value - 1) // 4] if type(value) is int and 1 <= value <= 24 else None


def level_of_word(text: str) -> str | None:
    """The level that a word stands for, or None: a number in a prefix is not a level."""
    if len(text) > _LONGEST or not text.isalpha():
        return None
    return _LEVELS.get(text) or _LEVELS.get(text.lower())


def level_of_plain_word(text: str) -> str | None:
    """The level of a word that cannot mean anything else: any in capitals, and the usual ones in any case.

    A text may well begin with "[Alert]" or "[http]".
    """
    return level_of_word(text) if text.isupper() or text.lower() in _PLAIN else None


def leading_level(text: str) -> str | None:
    """The level that a text begins with (`ERROR: …`, `WARN …`, `[main] …` does not), or None.

    Capitals only, unless a colon follows small letters: a sentence may well begin with "Info" or "Error".
    """
    word, colon, _ = text[:16].replace("\t", " ").partition(":")
    word, space, _ = word.partition(" ")
    if word.isupper():
        return _LEVELS.get(word)
    return _LEVELS.get(word) if colon and not space and word.islower() and word in _PLAIN else None
