"""`watchpost subscriptions`: which log groups are shipped and why the others are not, and what a sweep would change."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from rich.text import Text

from watchpost_cli import dryrun, reading, tables
from watchpost_cli.common import add_json, add_stack, print_json
from watchpost_cli.covered import STATES, Covered
from watchpost_cli.errors import CliError
from watchpost_cli.stack import deployed
from watchpost_cli.terminal import console, harmless

if TYPE_CHECKING:
    import argparse

DESCRIPTION = """\
Show which log groups are shipped, by which rule and since when, and why the others are not: the ledger that the stack's
subscriber keeps. What needs somebody comes first: log groups that are blocked or failed, then those that are skipped,
then those that are covered.

With --plan it reads the log groups and tags of the account as they are now, decides about each by the configuration in
force or by that of --config FILE, and shows what the next sweep would change. It changes nothing itself."""
EPILOG = """\
examples:
  watchpost subscriptions
  watchpost subscriptions --state blocked
  watchpost subscriptions --plan --config watchpost.yaml
  watchpost subscriptions --json | jq -r '.groups[] | select(.state == "skipped") | .logGroup'

exit codes:
  0 all that should be covered is (with --plan: it was shown)
  1 something is blocked or failed, or no sweep has ended yet
  2 it could not be done

--json prints one object. Times are ISO 8601 in UTC; what there is none of is null.
  stack, counts {blocked, failed, skipped, covered},
  sweep {running, began, finished, cursor, scope, leaving, problems [], counts {}},
  groups [{logGroup, state, service, rule, since, reason, filter, destination, via, heldBy [], missed}]
with --plan:
  stack, configuration, problems [], gone [], counts {actions {subscribe, skip}, changes {unsubscribe, subscribe,
  redirect, pattern, rename, retention}, unchanged},
  groups [{logGroup, action, service, rule, reason, filterPattern, destination, retention {days, overrule}, state,
  changes [{kind, from, to}]}]
--state and --service choose what is listed, not what is counted.

needs: cloudformation:DescribeStacks on the stack; dynamodb:GetItem and dynamodb:Scan on its ledger (output
LedgerTable). With --plan also logs:DescribeLogGroups and tag:GetResources; ssm:GetParameter on the configuration's
parameter (output ConfigParameter); where a rule has a destination or there is a stream, lambda:ListEventSourceMappings
and lambda:GetFunctionConfiguration"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("--plan", action="store_true", help="show what the next sweep would do, without doing it")
    parser.add_argument(
        "--config", metavar="FILE", help="with --plan: go by this configuration (YAML or JSON), not by that in force"
    )
    parser.add_argument("--state", choices=STATES, help="list only log groups that are in this state now")
    parser.add_argument("--service", metavar="NAME", help="list only log groups of this service")
    add_json(parser)
    add_stack(parser)


def run(options: argparse.Namespace) -> int:
    """Show the ledger, or a plan. Raises CliError for what cannot be done."""
    if options.config and not options.plan:
        raise CliError("--config says what a plan goes by: add --plan.")
    return _plan(options) if options.plan else _ledger(options)


def _ledger(options: argparse.Namespace) -> int:
    sweep, entries = reading.ledger(deployed(options.stack))
    covered = Covered(options.stack, entries, sweep, time.time())
    listed = covered.listed(options.state, options.service)
    if options.json:
        print_json(covered.as_json(listed))
    else:
        output = console()
        tables.of_ledger(output, listed)
        _say([*_nothing(len(listed), len(entries)), *covered.sentences()], after_table=bool(listed))
    return covered.exit_code


def _plan(options: argparse.Namespace) -> int:
    plan = dryrun.plan(options.stack, options.config)
    listed = plan.listed(options.state, options.service)
    if options.json:
        print_json(plan.as_json(listed))
    else:
        output = console()
        tables.of_plan(output, listed)
        _say([*_nothing(len(listed), len(plan.groups)), *plan.sentences()], after_table=bool(listed))
    return 0


def _nothing(listed: int, known: int) -> list[str]:
    """That options left nothing to list."""
    return ["No log group is in that state or of that service."] if known and not listed else []


def _say(sentences: list[str], *, after_table: bool) -> None:
    output = console()
    if after_table:
        output.print()
    for sentence in sentences:
        # A terminal would break words; in a file or a pipe a sentence is one line.
        output.print(Text(harmless(sentence)), soft_wrap=not output.is_terminal)
