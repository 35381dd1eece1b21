"""`watchpost config check`: what is wrong with a document in a file, and where. No account is needed."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from rich.text import Text
from watchpost.configuration import stored
from watchpost.errors import ConfigurationError, DefinitionError

from watchpost_cli import document, places
from watchpost_cli.common import print_json
from watchpost_cli.errors import CliError
from watchpost_cli.terminal import console, counted, harmless

if TYPE_CHECKING:
    import argparse

    from watchpost_cli.document import MistakeError, Read

_LONGEST = 300  # characters of a warning
# What a function does with a document of which this is true.
_OF_ALARMS = "The provisioner changes nothing as long as the document says that."


def run(options: argparse.Namespace) -> int:
    """Check the file. Raises CliError when it cannot be read."""
    try:
        read = document.load(options.file)
    except document.MistakeError as mistake:
        if options.json:
            print_json(_record(options.file, None, mistake, []))
        else:
            console().print(Text(harmless(mistake)))
        return 1
    warnings = alarm_mistakes(read, options.definitions)
    if options.json:
        print_json(_record(options.file, read, None, warnings))
        return 1 if warnings else 0
    output = console()
    for warning in warnings:
        output.print(Text(f"warning: {told(warning)}", "yellow"))
    if not warnings:
        output.print(Text(harmless(_summary(read))))
    return 1 if warnings else 0


def checked(file: str, definitions: str | None) -> Read:
    """A file that is right. Raises CliError, also for what `check` warns of."""
    read = document.load(file)
    for warning in alarm_mistakes(read, definitions):
        raise CliError(told(warning))
    return read


def told(warning: MistakeError) -> str:
    """A warning for people: the alarms that there are fill a screen, so those are named that are spelled alike."""
    named = warning.path.rpartition("alarms.")[2] if warning.found == places.UNKNOWN_ALARM else warning.found.strip('"')
    known = warning.expected.rpartition("one of ")[2].split(", ")
    alike = difflib.get_close_matches(named, known, n=3)
    meant = f"Did you mean {' or '.join(alike)}? " if alike else ""
    return f"{harmless(warning, _LONGEST)}. {meant}{_OF_ALARMS}"


def alarm_mistakes(read: Read, definitions: str | None) -> list[MistakeError]:
    """What the document says of alarms that there are not: nothing a document can be checked for without knowing them.

    definitions: their folder; None for that of this installation. Raises CliError when there is none.
    """
    alarms = read.configuration.alarms
    if not alarms.by_name and not alarms.overrides:
        return []
    from provisioner import describe, loader, override_checks  # noqa: PLC0415  # only where they are needed

    from watchpost_cli import provisioning  # noqa: PLC0415  # likewise

    folder = provisioning.definitions(definitions)
    try:
        override_checks.check(loader.load(folder / "services", describe.TABLE), alarms)
    except ConfigurationError as error:
        return [read.mistake(error)]
    except DefinitionError as error:
        raise CliError(f"The definitions cannot be read: {error}") from None
    return []


def _record(file: str, read: Read | None, mistake: MistakeError | None, warnings: list[MistakeError]) -> dict[str, Any]:
    size = len(read.compiled) if read else None
    place = None if size is None else "parameter" if size <= stored.MOST_IN_PARAMETER else "bucket"
    return {
        "file": file,
        "valid": mistake is None and not warnings,
        "bytes": size,
        "place": place,
        "mistake": _as_json(mistake) if mistake else None,
        "warnings": list(map(_as_json, warnings)),
    }


def _as_json(mistake: MistakeError) -> dict[str, Any]:
    return {
        "line": mistake.place.line if mistake.place else None,
        "column": mistake.place.column if mistake.place else None,
        "path": mistake.path or None,
        "found": mistake.found,
        "expected": mistake.expected,
    }


def _summary(read: Read) -> str:
    one = read.configuration
    counts = (
        (len(one.services), "rule for services", "rules for services"),
        (len(one.logs.rules), "rule for lines", "rules for lines"),
        (len(one.subscriptions.rules), "rule for log groups", "rules for log groups"),
        (len(one.alarms.by_name) + len(one.alarms.overrides), "change of alarms", "changes of alarms"),
    )
    said = ", ".join(counted(number, *names) for number, *names in counts if number) or "nothing but defaults"
    size = len(read.compiled)
    more = "" if size <= stored.MOST_IN_PARAMETER else f", more than the {stored.MOST_IN_PARAMETER:,} of a parameter"
    where = "in the parameter" if not more else "in the stack's bucket"
    return f"{read.file} is right: {said}. It is stored {where}: {size:,} bytes{more}."
