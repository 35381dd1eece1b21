"""What the commands have in common: the stack they are about, JSON for machines, times, and how a file is replaced."""

from __future__ import annotations

import json
import os
import re
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from watchpost_cli.errors import CliError

if TYPE_CHECKING:
    import argparse

STACK = "WATCHPOST_STACK"  # environment variable
_SPAN = re.compile(r"(\d{1,6})([smhdw])", re.ASCII)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
TIMES = "15m, 1h, 2d or 1w ago, or a time such as 2026-11-20 or 2026-11-20T08:00 (UTC)"  # for help texts


def add_stack(parser: argparse.ArgumentParser) -> None:
    """Add --stack: the stack that a command is about; else that of the environment, else `watchpost`."""
    parser.add_argument(
        "--stack",
        metavar="NAME",
        default=os.environ.get(STACK) or "watchpost",
        help=f"name of the CloudFormation stack (default: that of {STACK}, else watchpost)",
    )


def add_json(parser: argparse.ArgumentParser, what: str = "one JSON object, for machines; see below") -> None:
    """Add --json. what: the help, where it is something else than one object."""
    parser.add_argument("--json", action="store_true", help=what)


def is_url(text: str) -> bool:
    """Whether a text is a URL that can be asked: http or https, with a host."""
    try:
        parts = urlsplit(text)
        return parts.scheme in ("https", "http") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def print_json(record: dict[str, Any]) -> None:
    """Print one object on a line. ASCII, so that no terminal and no encoding of the shell has a say in it."""
    sys.stdout.write(json.dumps(record, ensure_ascii=True) + "\n")


def since(text: str) -> timedelta | datetime:
    """A span that ends now (`15m`, `1h`, `2d`, `1w`), or a time of ISO 8601, UTC where it names no zone.

    Fit as the `type` of an argument. Raises CliError.
    """
    span = _SPAN.fullmatch(text)
    try:
        if span:
            return timedelta(**{_UNITS[span[2]]: int(span[1])})
        time = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise CliError(f"{text!r} is no time. Write 15m, 1h, 2d, 1w, 2026-11-20 or 2026-11-20T08:00.") from None
    return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)


def moment(text: str, now: datetime) -> datetime:
    """When a span began that ends now, or the time itself, in UTC; see `since`. Raises CliError."""
    found = since(text)
    try:
        return now - found if isinstance(found, timedelta) else found
    except OverflowError:
        raise CliError(f"{text!r} is no time: nothing was written so long ago.") from None


def check_agreement(options: argparse.Namespace, what: str) -> None:
    """That somebody can be asked before something is changed, unless --yes says so. Raises CliError.

    what: what would be shown first.
    """
    if not options.yes and options.json:
        raise CliError(f"--json shows no {what} that you could agree to: add --yes.")
    if not options.yes and not sys.stdin.isatty():
        raise CliError("nobody can be asked, as standard input is no terminal: add --yes.")


def agreed(question: str) -> bool:
    """Whether the person at the terminal says yes."""
    print(f"\n{question} yes/no ", end="", file=sys.stderr, flush=True)
    answer = sys.stdin.readline()
    if not answer.endswith("\n"):  # the end of the input: the cursor is still behind the question
        print(file=sys.stderr)
    return answer.strip().lower() == "yes"
