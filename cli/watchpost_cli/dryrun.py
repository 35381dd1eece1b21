"""`watchpost subscriptions --plan`: reads the account and the configuration, and decides about each log group."""

from __future__ import annotations

from typing import TYPE_CHECKING

from subscriber.decision import decide

from watchpost_cli import document, reading
from watchpost_cli.errors import CliError
from watchpost_cli.plan import Plan, Planned, changes, gone
from watchpost_cli.stack import deployed

if TYPE_CHECKING:
    from collections.abc import Callable

    from subscriber.decision import Decision, LogGroup
    from watchpost.configuration import Configuration

    from watchpost_cli.stack import Deployed

    Decide = Callable[[LogGroup], Decision]


def plan(stack: str, path: str | None) -> Plan:
    """What the next sweep would do, by the configuration in a file or that in force. Raises CliError."""
    wanted = document.read(path) if path else None  # first: a mistake in it needs no account
    found = deployed(stack)
    _, ledger = reading.ledger(found)
    current, problems = _in_force(found, needed=wanted is None)
    account = reading.account(found)
    groups, tags = reading.log_groups(account), reading.tags(account)

    def decider(one: Configuration) -> Decide:
        guard, unknown = reading.guard(account, one)
        problems.extend(problem for problem in unknown if problem not in problems)
        return lambda group: decide(group, tags.of(group), one, guard)

    now = decider(current) if current else None
    then = decider(wanted) if wanted else now
    assert then is not None  # noqa: S101  # without a file, the configuration in force is needed
    planned = []
    for group in groups:
        decision, entry = then(group), ledger.get(group.name)
        pattern = now(group).filter_pattern if now else None
        planned.append(Planned(group, decision, entry, changes(group, decision, entry, account.destination, pattern)))
    source = f"the file {path}" if path else f"the parameter {found.output(reading.PARAMETER)}"
    return Plan(stack, source, planned, gone(ledger, groups), problems)


def _in_force(found: Deployed, *, needed: bool) -> tuple[Configuration | None, list[str]]:
    """The configuration in force, and problems to tell. Where a file is gone by, it only serves to compare."""
    try:
        current, problem = reading.in_force(found)
    except CliError as error:
        if needed:
            raise
        return None, [f"Filter patterns are not compared with those in force. {error}"]
    return current, [f"The newest configuration is not in force: {problem}"] if problem else []
