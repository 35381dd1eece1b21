"""`watchpost config`: checks a configuration document, stores it, reads and compares it; and services' own values."""

from __future__ import annotations

import argparse
import contextlib
import os
import secrets
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.text import Text

from watchpost_cli import config_command_check, config_values_command, differences, document, stack
from watchpost_cli.common import add_json, add_stack, agreed, check_agreement, print_json
from watchpost_cli.configured import Store, Stored
from watchpost_cli.errors import CliError
from watchpost_cli.terminal import console, counted, harmless

if TYPE_CHECKING:
    from watchpost_cli.document import Read

DESCRIPTION = """\
The configuration document says what is shipped, what alarms there are and who is told of what. You write it as YAML; it
is stored as JSON in the SSM parameter /watchpost/<stack>/config, and above 8,192 bytes in the stack's bucket, with a
pointer to it in the parameter. Functions take a new document within 5 minutes.

Services' own values lie beside it, in parameters below /watchpost/<stack>/services, where the client for services reads
them: get, list, set. Secrets of Secrets Manager are listed by name, and never read or written."""
EPILOG = """\
`watchpost config check --help` and so on tell options, exit codes and permissions of each."""

_CHECK = """\
exit codes: 0 the file is right, 1 there is a mistake or a warning, 2 the file cannot be read

--json prints one object.
  file, valid, bytes (as it is stored), place (parameter, bucket), mistake, warnings [].
A mistake, and each warning, is {line, column, path, found, expected}; line and column are null where there is none.

needs: no account"""
_PUSH = """\
exit codes:
  0 it is stored, or was already
  1 somebody stored another version meanwhile, or you did not agree
  2 it could not be done, or the file is not right: see check

--json prints one object: stack, parameter, version, stored (false: it was already), bytes, object (null, or its place
in the bucket), changes [{path, change (add, change, remove), stored, file}].

needs: cloudformation:DescribeStacks on the stack; ssm:GetParameter and ssm:PutParameter on its parameter (output
ConfigParameter). Above 8,192 bytes also s3:PutObject on config/* of the stack's bucket (output DeadLetterBucket), and
kms:GenerateDataKey on the stack's key; to read one of that size s3:GetObject and kms:Decrypt"""
_PULL = """\
exit codes: 0 it was written, 1 what is stored cannot be used, 2 it could not be done

--json prints one object: stack, parameter, version, object (null, or its place in the bucket), configuration.

needs: cloudformation:DescribeStacks on the stack; ssm:GetParameter on its parameter (output ConfigParameter), also with
a version, <name>:<version>. Of a document in the bucket s3:GetObject on config/* of it, and kms:Decrypt"""
_DIFF = """\
exit codes: 0 they mean the same, 1 they differ, or what is stored cannot be used, 2 it could not be done

--json prints one object: stack, parameter, version, file, differs, changes [{path, change (add, change, remove),
stored, file}].

needs: what pull needs"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the parts of the command."""
    parts = parser.add_subparsers(
        metavar="check|push|pull|diff|get|list|set", dest="part", required=True, title="parts"
    )
    check = _part(parts, "check", config_command_check.run, "say what is wrong with a file, and where", _CHECK)
    push = _part(parts, "push", _push, "check a file, show what it changes, ask, and store it", _PUSH)
    pull = _part(parts, "pull", _pull, "write what is stored as YAML", _PULL)
    diff = _part(parts, "diff", _diff, "show how a file differs from what is stored", _DIFF)
    for one in (check, push, diff):
        one.add_argument("file", metavar="FILE", help="the document, YAML or JSON")
    for one in (check, push):
        one.add_argument("--definitions", metavar="DIR", help="the alarms that there are: a folder like dashboards/")
    push.add_argument("--yes", action="store_true", help="store it without asking")
    pull.add_argument("file", metavar="FILE", nargs="?", help="where to write it (default: standard output)")
    pull.add_argument("--force", action="store_true", help="write over a file that is there, with its comments")
    for one in (pull, diff):
        one.add_argument("--version", metavar="N", type=_version, help="that version, not the newest")
    values = _value_parts(parts)
    for one in (check, push, pull, diff, *values):
        add_json(one)
    for one in (push, pull, diff, *values):
        add_stack(one)


def _value_parts(parts: Any) -> tuple[argparse.ArgumentParser, ...]:
    """Add the parts about services' values."""
    commands = config_values_command
    get = _part(parts, "get", commands.get, "print a service's value", commands.GET)
    listed = _part(parts, "list", commands.list_values, "list services' values and secrets", commands.LIST)
    put = _part(parts, "set", commands.set_value, "store a service's value, and ask before overwriting", commands.SET)
    # Without a metavar: one of PATH would have the shell complete names of files.
    for one in (get, put):
        one.add_argument("PATH", help="the value, as services name it: payments/timeout")
    listed.add_argument("PATH", nargs="?", help="only what is below it (default: all of the stack)")
    listed.add_argument("--show", action="store_true", help="show the values of SecureStrings too")
    put.add_argument("value", metavar="VALUE", help="the value; - reads standard input, without its last line break")
    put.add_argument("--secure", action="store_true", help="make it a SecureString, under the stack's KMS key")
    put.add_argument("--yes", action="store_true", help="overwrite without asking")
    return get, listed, put


def _part(parts: Any, name: str, run: Any, summary: str, epilog: str) -> argparse.ArgumentParser:
    shape = argparse.RawDescriptionHelpFormatter
    description = f"{summary[0].upper()}{summary[1:]}."
    made: argparse.ArgumentParser = parts.add_parser(
        name, help=summary, description=description, epilog=epilog, formatter_class=shape
    )
    made.set_defaults(run=run)
    return made


def _version(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no version: they count from 1")
    return int(text)


def _push(options: argparse.Namespace) -> int:
    check_agreement(options, "changes")
    read = config_command_check.checked(options.file, options.definitions)
    store = Store(stack.deployed(options.stack))
    before, text = store.read(), read.compiled
    pointer = store.place_of(text)
    old = _readable(before)
    changes = differences.changes(old, read.value)
    if not options.json:
        _show(before, old, read)
    version = before.version
    if changes:
        if not (options.yes or agreed("Store it?")):
            _say("Nothing was stored.")
            return 1
        version = store.put(text, before)
    place = f"s3://{pointer.bucket}/{pointer.key}" if pointer else None
    if options.json:
        record = {"stack": options.stack, "parameter": store.parameter, "version": version, "stored": bool(changes)}
        print_json({**record, "bytes": len(text), "object": place, "changes": changes})
    elif changes:
        _say(f"Stored as version {version} of {store.parameter}. Functions take it within 5 minutes.")
    return 0


def _pull(options: argparse.Namespace) -> int:
    found = Store(stack.deployed(options.stack)).read(options.version)
    value = found.document()
    if options.file:
        _write(options.file, _headed(options.stack, found) + differences.to_yaml(value), force=options.force)
    if options.json:
        place = f"s3://{found.pointer.bucket}/{found.pointer.key}" if found.pointer else None
        record = {"stack": options.stack, "parameter": found.parameter, "version": found.version, "object": place}
        print_json({**record, "configuration": value})
    elif options.file:
        _say(f"{options.file} is version {found.version} of {found.parameter}.")
    else:
        console().print(Text(_headed(options.stack, found) + differences.to_yaml(value)), end="")
    return 0


def _diff(options: argparse.Namespace) -> int:
    read = document.load(options.file)
    found = Store(stack.deployed(options.stack)).read(options.version)
    old = found.document()
    changes = differences.changes(old, read.value)
    if options.json:
        record = {"stack": options.stack, "parameter": found.parameter, "version": found.version, "file": options.file}
        print_json({**record, "differs": bool(changes), "changes": changes})
    else:
        _show(found, old, read)
    return 1 if changes else 0


def _readable(found: Stored) -> Any:
    """The stored document; nothing where what is stored is no JSON, as a push puts that right."""
    with contextlib.suppress(CliError):
        return found.document()
    return {}


def _show(found: Stored, old: Any, read: Read) -> None:
    """Print how a file differs from what is stored."""
    styles = {"+": "green", "-": "red", "@": "cyan"}
    output = console()
    shown = differences.lines(old, read.value, (f"version {found.version} of {found.parameter}", read.file))
    for line in shown:
        output.print(Text(harmless(line), styles.get(line[:1], "")))
    if shown:
        number = len(differences.changes(old, read.value))
        _say(f"{counted(number, 'field')} of {found.parameter} would change; it has version {found.version} now.")
    else:
        _say(f"{read.file} means the same as version {found.version} of {found.parameter}.")


def _headed(stack_name: str, found: Stored) -> str:
    return f"# Configuration of the stack {stack_name}: version {found.version} of {found.parameter}.\n"


def _write(path: str, text: str, *, force: bool) -> None:
    """Write a file, all of it or nothing; through a link that which it names. Raises CliError."""
    target = Path(os.path.realpath(path))
    if target.exists() and not force:
        raise CliError(f"{path} is there already. Name another file, or add --force; its comments would be lost.")
    beside = target.with_name(f".watchpost-{secrets.token_hex(8)}.new")
    try:
        if target.exists() and not target.is_file():  # a device must stay one
            target.write_text(text, encoding="utf-8")
            return
        with beside.open("x", encoding="utf-8") as stream:
            stream.write(text)
        if target.exists():
            shutil.copymode(target, beside)
        beside.replace(target)
    except OSError as error:
        raise CliError(f"{path} cannot be written: {error.strerror}.") from None
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)


def _say(sentence: str) -> None:
    output = console()
    # A terminal would break words; in a file or a pipe a sentence is one line.
    output.print(Text(harmless(sentence)), soft_wrap=not output.is_terminal)
