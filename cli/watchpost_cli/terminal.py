"""Output for people. Text from log lines is data: nothing in it reaches the terminal as a command."""

from __future__ import annotations

import logging
import os
import re
import sys
import unicodedata
from typing import TYPE_CHECKING

from rich.console import Console

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import TextIO

WIDTH = 200  # characters of a table in a file or a pipe
# Letters by their category that show nothing (Unicode: fillers of Hangul, the blank of Braille, variation selectors).
_UNSEEN = re.compile("[\u115f\u1160\u2800\u3164\uffa0\U000e0100-\U000e01ef]")
_MARKS = 4  # above or below one character; more of them run over the lines beside, and are left out


def harmless(text: object, longest: int = 0) -> str:
    """A text on one line without characters that do anything, or show nothing: those are shown as escapes.

    longest: characters after which it is cut, 0 for none.
    """
    shown = str(text)
    if longest and len(shown) > longest:
        shown = f"{shown[: longest - 1]}…"
    if shown.isascii() and shown.isprintable():
        return shown
    return "".join(map(_visible, _without_piles(shown)))


def _visible(character: str) -> str:
    # Not printable are also those that turn the direction of what follows, and halves of surrogate pairs.
    seen = character.isprintable() and not _UNSEEN.match(character)
    return character if seen else character.encode("unicode_escape").decode("ascii")


def _without_piles(text: str) -> Iterator[str]:
    """The characters of a text, with so many marks at most on each."""
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.category(character) in ("Mn", "Me") else 0
        if marks <= _MARKS:
            yield character


def console(stream: TextIO | None = None) -> Console:
    """A console for a stream, standard output where none is given. It interprets nothing in what it prints."""
    file = stream or sys.stdout
    terminal = file.isatty()
    return Console(
        file=file,
        width=None if terminal else WIDTH,
        # Whatever FORCE_COLOR and its like say: a file is read by programs.
        force_terminal=terminal,
        no_color=bool(os.environ.get("NO_COLOR")),
        markup=False,
        highlight=False,
        emoji=False,
        soft_wrap=True,
    )


class _Warnings(logging.Handler):
    """Shows warnings of the pipeline's own modules on standard error; what they name may come from AWS."""

    def emit(self, record: logging.LogRecord) -> None:
        # What is wrong with the configuration the commands tell themselves.
        if not record.name.startswith("watchpost.configuration"):
            print(f"watchpost: {harmless(record.getMessage(), 1000)}", file=sys.stderr)


def tell_warnings() -> None:
    """Have warnings of the pipeline's own modules shown, once however often it is called."""
    log = logging.getLogger("watchpost")
    if not any(isinstance(handler, _Warnings) for handler in log.handlers):
        log.addHandler(_Warnings(logging.WARNING))


def counted(number: int, one: str, more: str = "") -> str:
    """A number with its noun; more: the plural where it is not `one` with an s."""
    return f"{number:,} {one if number == 1 else more or one + 's'}"


def named(names: Sequence[str], most: int = 10) -> str:
    """Names in a row, harmless, of which so many are shown at most."""
    shown = [harmless(name, 120) for name in names[:most]]
    return ", ".join(shown if len(names) <= most else [*shown, f"and {len(names) - most:,} more"])
