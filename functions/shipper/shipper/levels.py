"""The severity of a log line in one vocabulary, whatever the logger calls it."""

from __future__ import annotations

from typing import Any

# Words of Python, Powertools, Node, Java (java.util.logging too), .NET (its console's short forms too), Go and syslog.
_WORDS = {
    "trace": ("trace", "trce", "finest", "finer", "verbose", "silly"),
    "debug": ("debug", "dbug", "fine", "config"),
    "info": ("info", "information", "informational", "notice"),
    "warn": ("warn", "warning"),
    "error": ("error", "err", "fail", "severe"),
    "fatal": ("fatal", "critical", "crit", "alert", "emergency", "emerg", "panic", "dpanic"),
}
_LEVELS = {
    spelling: level
    for level, words in _WORDS.items()
    for word in words
    for spelling in (word, word.upper(), word.capitalize())
}
# pino, bunyan and lumigo: 10 to 60, values between belong to the lower one.
_NUMBERS = ("trace", "debug", "info", "warn", "error", "fatal")
ERRORS = frozenset({"error", "fatal"})


def level_of(value: Any) -> str | None:
    """The level that a word in any case or a number from 10 to 69 stands for, or None."""
    if type(value) is str:
        level = _LEVELS.get(value)
        if level is None:
            word = value.strip()
            level = _LEVELS.get(word.lower()) or (level_of(int(word)) if word in _NUMERALS else None)
        return level
    if type(value) is int and 10 <= value < 70:
        return _NUMBERS[value // 10 - 1]
    return None


_NUMERALS = frozenset(str(number) for number in range(10, 70))


def level_of_word(text: str) -> str | None:
    """The level that a word stands for, or None: a number in a prefix is not a level."""
    return level_of(text) if text.isalpha() else None


def leading_level(text: str) -> str | None:
    """The level that a text begins with in capitals (`ERROR: …`, `WARN …`), or None.

    Capitals only: a sentence may well begin with "Info" or "Error".
    """
    word = text[:12].replace(":", " ").partition(" ")[0]
    return _LEVELS.get(word) if word.isupper() else None
