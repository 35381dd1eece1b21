"""What `watchpost subscriptions` reads of an account. Every call here only reads."""

from __future__ import annotations

import itertools
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text
from subscriber.account import Account, all_tags, pages
from subscriber.receivers import guard_of
from watchpost import names
from watchpost.calls import Calls, OutOfTimeError
from watchpost.configuration.source import source
from watchpost.errors import ConfigurationError
from watchpost.ledger import Ledger

from watchpost_cli import stack
from watchpost_cli.errors import CliError
from watchpost_cli.terminal import console

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from subscriber.account import TagBook
    from subscriber.decision import LogGroup
    from subscriber.guard import Guard
    from watchpost.configuration import Configuration
    from watchpost.ledger import Entry, Sweep

TABLE = "LedgerTable"  # outputs of the stack
PARAMETER = "ConfigParameter"
MOST_SECONDS = 1_800.0  # after which a dry run that is throttled all the time gives up
_TELL_EVERY = 1_000  # things, where standard error is no terminal


def ledger(deployed: stack.Deployed) -> tuple[Sweep, dict[str, Entry]]:
    """How far sweeping is, and the entries by the names of their log groups. Raises CliError."""
    table = deployed.output(TABLE)
    found = Ledger(stack.client("dynamodb"), table)
    with stack.reading(f"The ledger {table}"):
        return found.sweep(), found.read()


def in_force(deployed: stack.Deployed) -> tuple[Configuration, str | None]:
    """The configuration that the stack's functions go by, and what is wrong with a newer one. Raises CliError."""
    parameter = deployed.output(PARAMETER)
    found = source(parameter)
    try:
        with stack.reading(f"The configuration {parameter}"):
            return found.get(), found.problem
    except ConfigurationError as error:
        raise CliError(f"{parameter}: {error}") from None


def account(deployed: stack.Deployed) -> Account:
    """The account as the subscriber sees it, at its pace, which leaves others their share. Raises CliError."""
    function = deployed.arn_of("lambda", f"function:{deployed.name}-shipper")
    direct = f"{function}:{names.SHIPPER_ALIAS}"
    stream = deployed.arn_of("kinesis", f"stream/{deployed.name}-logs")
    end = time.monotonic() + MOST_SECONDS
    return Account(
        stack=deployed.name,
        destination=stream if deployed.parameters.get("Delivery") == "kinesis" else direct,
        former=(function,),
        logs=stack.client("logs", attempts=1),
        lambda_=stack.client("lambda", attempts=1),
        tagging=stack.client("resourcegroupstaggingapi", attempts=1),
        calls=Calls(time.monotonic, time.sleep, lambda: end - time.monotonic(), reserve=0),
    )


def log_groups(of: Account) -> list[LogGroup]:
    """All log groups. Raises CliError."""
    found: list[LogGroup] = []
    with _progress("log groups") as tell, _told("The log groups"):
        for page in pages(of):
            found += page
            tell(len(found))
    return found


def tags(of: Account) -> TagBook:
    """The tags of all log groups and functions. Raises CliError."""
    number = itertools.count(1)
    with _progress("pages of tags") as tell, _told("The tags"):
        return all_tags(of, lambda: tell(next(number)))


def guard(of: Account, one: Configuration) -> tuple[Guard, tuple[str, ...]]:
    """What is never subscribed by a configuration, and what could not be found out for it. Raises CliError."""
    with _told("Who receives what is shipped"):
        return guard_of(of, one)


@contextmanager
def _told(what: str) -> Iterator[None]:
    """Turn what can go wrong into CliError; what: the subject of the sentence."""
    try:
        with stack.reading(what):
            yield
    except OutOfTimeError as error:
        raise CliError(f"{what} cannot be read: {error}.") from None


@contextmanager
def _progress(what: str) -> Iterator[Callable[[int], None]]:
    """Tell on standard error how many things have been read: an account of 10,000 log groups takes half a minute."""
    errors = console(sys.stderr)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as progress:
        task = progress.add_task(f"{what} …", total=None)
        last = 0

        def tell(number: int) -> None:
            nonlocal last
            progress.update(task, description=f"{number:,} {what}")
            if not errors.is_terminal and number - last >= _TELL_EVERY:
                last = number
                errors.print(Text(f"{number:,} {what}"))

        yield tell
