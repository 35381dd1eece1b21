"""Output for people. Text from log lines is data: nothing in it reaches the terminal as a command."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from rich.console import Console

if TYPE_CHECKING:
    from typing import TextIO

WIDTH = 200  # characters of a table in a file or a pipe


def harmless(text: object, longest: int = 0) -> str:
    """A text on one line without characters that do anything: those are shown as escapes.

    longest: characters after which it is cut, 0 for none.
    """
    shown = str(text)
    if longest and len(shown) > longest:
        shown = f"{shown[: longest - 1]}…"
    return shown if shown.isprintable() else "".join(map(_visible, shown))


def _visible(character: str) -> str:
    # Not printable are also those that turn the direction of what follows, and halves of surrogate pairs.
    return character if character.isprintable() else character.encode("unicode_escape").decode("ascii")


def console(stream: TextIO | None = None) -> Console:
    """A console for a stream, standard output where none is given. It interprets nothing in what it prints."""
    file = stream or sys.stdout
    width = None if file.isatty() else WIDTH
    return Console(file=file, width=width, markup=False, highlight=False, emoji=False, soft_wrap=True)
