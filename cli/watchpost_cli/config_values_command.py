"""`watchpost config get`, `list` and `set`: services' own values, where the client for services reads them."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text
from watchpost.configuration.stored import MOST_IN_PARAMETER

from watchpost_cli import stack, times
from watchpost_cli.common import agreed, check_agreement, print_json
from watchpost_cli.errors import CliError
from watchpost_cli.terminal import console, harmless

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Mapping

GET = """\
examples:
  watchpost config get payments/timeout
  TIMEOUT=$(watchpost config get payments/timeout)

A SecureString is shown decrypted. On a terminal characters that would command it are shown as escapes; in a pipe and a
file the value is as it is stored. Secrets of Secrets Manager are never read.

exit codes: 0 it was printed, 1 there is no such value, 2 it could not be done

--json prints one object: stack, path, parameter, type (String, StringList, SecureString), version, modified, value.

needs: ssm:GetParameter on parameter/watchpost/<stack>/services/*; for a SecureString kms:Decrypt on the stack's key"""
LIST = """\
examples:
  watchpost config list
  watchpost config list payments

Secrets of Secrets Manager (watchpost/<stack>/services/<path>) are listed by name, as type "secret"; this command never
reads or writes them.

exit codes:
  0 all were listed
  1 the secrets could not be listed, only the parameters
  2 it could not be done

--json prints one object: stack, below (where the parameters lie), values [{path, type (String, StringList,
SecureString, secret), version (null for a secret), modified, value (null where it is not shown)}], unread (null, or why
the secrets could not be listed).

needs: ssm:GetParametersByPath on parameter/watchpost/<stack>/services and below; secretsmanager:ListSecrets. With
--show also kms:Decrypt on the stack's key"""
SET = """\
examples:
  watchpost config set payments/timeout 2.5
  watchpost config set payments/offset -- -x        (a value that begins with a dash)
  watchpost config set --secure payments/key - < key.txt

A parameter keeps its type, as Parameter Store cannot change it: what is a SecureString stays one without --secure too.
Secrets of Secrets Manager are never written. Services take a new value within 5 minutes.

exit codes:
  0 it is stored
  1 somebody stored another version meanwhile, or you did not agree
  2 it could not be done, or services could not read it

--json prints one object: stack, path, parameter, type, old_version (null: there was none), version.

needs: ssm:GetParameter and ssm:PutParameter on parameter/watchpost/<stack>/services/*; for a SecureString kms:Encrypt
and kms:GenerateDataKey on the stack's key (alias/<stack>)"""

SECURE = "SecureString"
LONGEST_PATH = 500  # characters, as watchpost_client.config takes them
MOST_LEVELS = 12  # 15 of a name (Parameter Store, "Working with parameter hierarchies"), of which three are ours
_LONGEST_CELL = 160  # characters
_PATH = re.compile(r"[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)*")
_STACK = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,127}")  # CloudFormation API, CreateStack


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a value lies. path: below the services' values; "" for all of them."""

    stack: str
    path: str = ""

    @property
    def secret(self) -> str:
        """The name in Secrets Manager."""
        return f"watchpost/{self.stack}/services/{self.path}".rstrip("/")

    @property
    def parameter(self) -> str:
        """The name in Parameter Store."""
        return f"/{self.secret}"


def get(options: argparse.Namespace) -> int:
    """Print one value."""
    place = _place(options)
    found = _stored(stack.client("ssm"), place, decrypt=True)
    if found is None:
        raise CliError(f"There is no parameter {place.parameter}. See what there is: watchpost config list.", 1)
    if options.json:
        known = {"type": found["Type"], "version": found["Version"], "modified": _modified(found)}
        record = {"stack": place.stack, "path": place.path, "parameter": place.parameter, **known}
        print_json({**record, "value": found["Value"]})
    elif sys.stdout.isatty():
        print("\n".join(map(harmless, found["Value"].split("\n"))))
    else:  # for programs, to which an escape would be another value
        print(found["Value"])
    return 0


def list_values(options: argparse.Namespace) -> int:
    """Print what there is below a path."""
    place = _place(options)
    rows, unread = _parameters(place, show=options.show), None
    try:
        rows += _secrets(place)
    except CliError as error:  # who may read parameters need not be one who may list secrets
        unread = str(error)
    rows.sort(key=lambda row: (row["path"], row["type"]))
    if options.json:
        print_json({"stack": place.stack, "below": place.parameter, "values": rows, "unread": unread})
    elif rows:
        console().print(_table(rows), soft_wrap=False)
    else:
        _say(f"There is nothing below {place.parameter}.")
    if unread and not options.json:
        print(f"watchpost: {harmless(unread, 1000)}", file=sys.stderr)
    return 1 if unread else 0


def set_value(options: argparse.Namespace) -> int:
    """Store one value."""
    place = _place(options)
    value = _checked(_standard_input() if options.value == "-" else options.value)
    reading = stack.client("ssm")
    old = _stored(reading, place)
    kind = _kind(place, old, secure=options.secure)
    if old is not None and not options.yes:
        check_agreement(options, "versions")
        _say(f"{place.parameter} has version {old['Version']} ({kind}) of {times.minute_of(_modified(old))} UTC.")
        if not agreed("Overwrite it?"):
            _say("Nothing was stored.")
            return 1
    before = _version(old)
    if (now := _version(_stored(reading, place))) != before:
        was = f"version {before} was" if before else "nothing was"
        raise CliError(f"Nothing was stored: {place.parameter} has version {now} now, and {was} there before.", 1)
    version = _put(place, value, kind, before)
    if options.json:
        record = {"stack": place.stack, "path": place.path, "parameter": place.parameter, "type": kind}
        print_json({**record, "old_version": before or None, "version": version})
    else:
        after = f"version {before} before" if before else "new"
        _say(f"{place.parameter} has version {version} now ({after}), a {kind}. Services take it within 5 minutes.")
    return 0


def _place(options: argparse.Namespace) -> _Place:
    """Where the options point. Raises CliError for what the client or Parameter Store would not take."""
    if not _STACK.fullmatch(options.stack):
        raise CliError(f"{options.stack!r} is no name of a stack: letters, digits and -.")
    if options.PATH is None:
        return _Place(options.stack)
    path = options.PATH.strip("/")  # as the client does
    if not _PATH.fullmatch(path):
        raise CliError(f"{options.PATH!r} is no path such as payments/timeout: letters, digits, _ . - between slashes.")
    if len(path) > LONGEST_PATH or path.count("/") >= MOST_LEVELS:
        raise CliError(f"The path is too long: {LONGEST_PATH} characters and {MOST_LEVELS} levels are taken.")
    return _Place(options.stack, path)


def _checked(value: str) -> str:
    """A value that services can read. Raises CliError, which never holds it."""
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        raise CliError("the value is no text in UTF-8.") from None
    if not size:
        raise CliError("the value is empty, which Parameter Store does not take.")
    if size > MOST_IN_PARAMETER:
        raise CliError(f"The value has more than {MOST_IN_PARAMETER:,} bytes, the most that Parameter Store takes.")
    return value


def _standard_input() -> str:
    """Standard input as UTF-8, without the line break at its end. Raises CliError."""
    # Not all of what has no end; with two bytes more than fit for a line break, and one that tells that it is too long.
    data = sys.stdin.buffer.read(MOST_IN_PARAMETER + 3)
    try:
        text = data.decode()
    except UnicodeDecodeError:
        # A character may have been cut in two there.
        why = "is too long" if len(data) > MOST_IN_PARAMETER + 2 else "is no text in UTF-8"
        raise CliError(f"standard input {why}.") from None
    return text.removesuffix("\n").removesuffix("\r") if text.endswith("\n") else text


def _stored(ssm: Any, place: _Place, *, decrypt: bool = False) -> dict[str, Any] | None:
    """The parameter as GetParameter answers it, None where there is none. Raises CliError."""
    with stack.reading(f"The parameter {place.parameter}"):
        try:
            found: dict[str, Any] = ssm.get_parameter(Name=place.parameter, WithDecryption=decrypt)["Parameter"]
        except ssm.exceptions.ParameterNotFound:
            return None
    return found


def _kind(place: _Place, old: Mapping[str, Any] | None, *, secure: bool) -> str:
    """The type to store. Raises CliError where it would have to change (SSM API, HierarchyTypeMismatchException)."""
    if old is None:
        return SECURE if secure else "String"
    if secure and old["Type"] != SECURE:
        raise CliError(
            f"{place.parameter} is a {old['Type']}, and Parameter Store cannot make it a SecureString. "
            "Store it by another path, or delete it first."
        )
    return str(old["Type"])


def _version(found: Mapping[str, Any] | None) -> int:
    return int(found["Version"]) if found else 0


def _put(place: _Place, value: str, kind: str, before: int) -> int:
    """Store a value after the version `before`, 0 for none, and return its version. Raises CliError."""
    key = {"KeyId": f"alias/{place.stack}"} if kind == SECURE else {}
    # One attempt: a write whose answer is lost must not be taken for the write of somebody else.
    ssm = stack.client("ssm", attempts=1)
    wanted = {"Name": place.parameter, "Value": value, "Type": kind, "Tier": "Intelligent-Tiering", **key}
    with stack.reading(f"The parameter {place.parameter}", "written"):
        try:
            version = int(ssm.put_parameter(**wanted, Overwrite=bool(before))["Version"])
        except ssm.exceptions.ParameterAlreadyExists:
            raise CliError(f"Nothing was stored: somebody else made {place.parameter} at the same time.", 1) from None
    if version != before + 1:
        raise CliError(
            f"Version {version} of {place.parameter} was stored, over version {version - 1} that somebody else stored "
            "at the same time.",
            1,
        )
    return version


def _parameters(place: _Place, *, show: bool) -> list[dict[str, Any]]:
    """The parameters below a path, as --json prints them. Raises CliError."""
    beginning, rows = _Place(place.stack).parameter + "/", []
    with stack.reading(f"The parameters below {place.parameter}"):
        pages = stack.client("ssm").get_paginator("get_parameters_by_path")
        for page in pages.paginate(Path=place.parameter, Recursive=True, WithDecryption=show):
            for one in page["Parameters"]:
                row = {"path": one["Name"].removeprefix(beginning), "type": one["Type"], "version": one["Version"]}
                # Without decryption AWS sends what it is encrypted to.
                value = one["Value"] if show or one["Type"] != SECURE else None
                rows.append({**row, "modified": _modified(one), "value": value})
    return rows


def _secrets(place: _Place) -> list[dict[str, Any]]:
    """The secrets below a path by their names, as --json prints them. Raises CliError."""
    below, beginning, rows = f"{place.secret}/", _Place(place.stack).secret + "/", []
    with stack.reading(f"The secrets below {place.secret}", "listed"):
        pages = stack.client("secretsmanager").get_paginator("list_secrets")
        for page in pages.paginate(Filters=[{"Key": "name", "Values": [below]}]):
            for one in page["SecretList"]:
                if one["Name"].startswith(below):
                    row = {"path": one["Name"].removeprefix(beginning), "type": "secret", "version": None}
                    rows.append({**row, "modified": _modified(one), "value": None})
    return rows


def _modified(found: Mapping[str, Any]) -> str:
    """When it was changed last, as ISO 8601 in UTC; "" where AWS does not say."""
    time = found.get("LastModifiedDate") or found.get("LastChangedDate") or found.get("CreatedDate")
    return (times.iso(time.timestamp()) or "") if time else ""


def _table(rows: Iterable[Mapping[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold underline")
    table.add_column("path", overflow="fold")
    for title in ("type", "version", "last modified (UTC)"):
        table.add_column(title, no_wrap=True)
    table.add_column("value", overflow="fold")
    for row in rows:
        value = Text("not shown", "dim") if row["value"] is None else Text(harmless(row["value"], _LONGEST_CELL))
        cells = (row["type"], row["version"] or "", times.minute_of(row["modified"]))
        table.add_row(Text(harmless(row["path"])), *(Text(harmless(cell)) for cell in cells), value)
    return table


def _say(sentence: str) -> None:
    output = console()
    # A terminal would break words; in a file or a pipe a sentence is one line.
    output.print(Text(harmless(sentence)), soft_wrap=not output.is_terminal)
