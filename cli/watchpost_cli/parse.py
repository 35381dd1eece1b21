"""`watchpost parse`: what becomes of the lines of a log file, and why."""

from __future__ import annotations

import re
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from watchpost_cli import document, report
from watchpost_cli.common import add_json
from watchpost_cli.conversion import Converter
from watchpost_cli.errors import CliError
from watchpost_cli.terminal import console

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator
    from typing import TextIO

DESCRIPTION = """\
Show what Watchpost makes of the lines of a log file: the document of each line, why the line was taken for what it is,
and the metrics of all. Nothing leaves this machine, and no account is needed.

Each line of the file is one log event, as CloudWatch Logs has it. In CloudWatch Logs a stack trace is one event; in a
file it is several lines: --multiline puts indented lines, lines that begin with "Caused by:" and the last line of a
Python traceback to the line before."""
EPILOG = """\
examples:
  watchpost parse app.log
  watchpost parse --json app.log | jq .document
  aws logs tail /aws/lambda/orders --format short | cut -d' ' -f2- | watchpost parse -
  watchpost parse --config watchpost.yaml --log-group /aws/lambda/orders app.log

exit codes: 0 it was shown, 2 the file or the configuration cannot be read"""

_TRACEBACK = "Traceback (most recent call last):"
_CONTINUES = re.compile(r"[ \t]+\S|Caused by:")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("file", metavar="FILE", help="the log file, - for standard input")
    add_json(parser, "one JSON object for each log event, and one for the summary")
    parser.add_argument("--multiline", action="store_true", help="put the lines of a stack trace together")
    parser.add_argument("--config", metavar="PATH", help="the configuration document (YAML or JSON) to go by")
    parser.add_argument("--log-group", metavar="NAME", default="/aws/lambda/parse", help="default: %(default)s")
    parser.add_argument("--log-stream", metavar="NAME", default="2026/01/01/[$LATEST]0", help="default: %(default)s")
    parser.add_argument("--service", metavar="NAME", default="", help="the service that the log group belongs to")


def run(options: argparse.Namespace) -> int:
    """Show what becomes of the lines. Raises CliError when file or configuration cannot be read."""
    settings = document.read(options.config)
    now_ms = time.time_ns() // 1_000_000
    converter = Converter(options.log_group, options.log_stream, options.service, settings, now_ms)
    output = report.Machine(sys.stdout) if options.json else report.People(console())
    left_out = converter.left_out()
    if left_out is not None:
        raise CliError(f"Nothing of {options.log_group} is shipped: {left_out}")
    summary = report.Summary()
    with _opened(options.file) as stream:
        for number, message in events(stream, multiline=options.multiline):
            shown = converter.show(number, message)
            summary.add(shown)
            output.event(shown)
    summary.metrics = converter.metrics()
    output.summary(summary)
    return 0


def events(lines: Iterable[str], *, multiline: bool) -> Iterator[tuple[int, str]]:
    """Log events of a file's lines, each with the number of its first line. Empty lines are none."""
    first, parts = 0, list[str]()
    for number, line in enumerate(lines, 1):
        text = line.rstrip("\r\n")
        if multiline and parts and (_CONTINUES.match(text) or _ends_a_traceback(parts, text)):
            parts.append(text)
            continue
        if parts:
            yield first, "\n".join(parts)
        first, parts = number, [text] if text else []
    if parts:
        yield first, "\n".join(parts)


def _ends_a_traceback(parts: list[str], text: str) -> bool:
    """Whether a line is the last one of a Python traceback: the exception, which is not indented."""
    return bool(text) and _TRACEBACK in parts[0] and len(parts) > 1 and parts[-1].startswith(" ")


@contextmanager
def _opened(name: str) -> Iterator[TextIO]:
    """A file as text. Only \\n ends a line; bytes that are not UTF-8 are replaced, as CloudWatch Logs does."""
    try:
        if name == "-":
            sys.stdin.reconfigure(encoding="utf-8", errors="replace", newline="\n")  # type: ignore[union-attr]  # it is a TextIOWrapper
            yield sys.stdin
            return
        with Path(name).open(encoding="utf-8-sig", errors="replace", newline="\n") as stream:
            yield stream
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        raise CliError(f"{name} cannot be read: {error.strerror}.") from None
