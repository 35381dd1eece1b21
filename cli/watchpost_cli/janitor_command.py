"""`watchpost janitor`: which old versions and log groups nothing needs any more, and their deletion."""

from __future__ import annotations

import functools
import logging
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError
from janitor.removing import DELETE, FAILED
from janitor.result import LATER, LOG_GROUP, MORE
from janitor.run import Surroundings
from janitor.run import run as run_janitor
from watchpost import configuration
from watchpost.calls import Calls
from watchpost.errors import ConfigurationError

from watchpost_cli import document, janitor_table, progress, provisioning, stack
from watchpost_cli.common import add_json, add_stack, agreed, check_agreement, print_json
from watchpost_cli.errors import CliError
from watchpost_cli.terminal import console

if TYPE_CHECKING:
    import argparse

    from janitor.result import Result
    from watchpost.configuration import Configuration

FUNCTION = "JanitorFunction"  # output of the stack
DESCRIPTION = """\
Show which old versions of functions and layers nothing refers to, and which log groups have lost their function. It
runs the code of the stack's janitor here, with your AWS credentials, by the configuration in force, and changes nothing
unless --apply is given. With --apply it shows the same, asks, and deletes: what has been agreed to is worked out again
from the account as it is then. Versions that are deleted cannot be brought back."""
EPILOG = """\
examples:
  watchpost janitor
  watchpost janitor --all | less            what is kept too, and why
  watchpost janitor --apply --yes --json | jq .counts

exit codes:
  0 nothing is left to delete
  1 something is, or failed, or you did not agree
  2 it could not be done

--json prints one object:
  stack, configuration, mode (report, delete), state (finished, more), stopped, counts {version, layerVersion, logGroup
  {<action>: n}}, kept {<kind>: {<kind of reason>: n}}, bytesFreed, errors, problems [],
  entries [{kind, name, version, action (kept, delete, deleted, gone, refused, failed, later), reason, bytes}]

needs: cloudformation:DescribeStacks on the stack; lambda:GetFunctionConfiguration on its janitor (output
JanitorFunction); ssm:GetParameter on the configuration's parameter (output ConfigParameter), without --config;
lambda:ListFunctions, lambda:ListEventSourceMappings, lambda:ListAliases, lambda:ListProvisionedConcurrencyConfigs,
lambda:GetPolicy; lambda:ListLayers, lambda:ListLayerVersions, lambda:GetLayerVersionPolicy; logs:DescribeLogGroups,
logs:DescribeLogStreams. With --apply also lambda:DeleteFunction, lambda:DeleteLayerVersion and, where log groups go,
logs:DeleteLogGroup"""


@dataclass(frozen=True, slots=True)
class _Session:
    """A stack whose account is looked at. source: where the configuration comes from, for people."""

    around: Surroundings
    left: provisioning.Countdown
    count: progress.Count
    source: str

    def run(self, *, delete: bool) -> Result:
        """Do what the function does, or tell what it would do. Raises CliError."""
        self.left.start()
        try:
            with progress.shown(self.count):
                return run_janitor(self.around, delete=delete)
        except ConfigurationError as error:
            raise CliError(f"{self.source}: {error}") from None
        except (ClientError, BotoCoreError) as error:
            raise CliError(f"The account cannot be read: {stack.told(error)}") from None
        except KeyboardInterrupt:
            done = "what was deleted is gone, and another run goes on from there" if delete else "nothing was changed"
            raise CliError(f"interrupted; {done}.", 130) from None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("--apply", action="store_true", help="delete what is shown, after asking")
    parser.add_argument("--yes", action="store_true", help="with --apply: without asking, for scripts")
    parser.add_argument("--config", metavar="FILE", help="go by this configuration, not by that in force")
    parser.add_argument("--all", action="store_true", help="name also what is kept, with the reason")
    add_json(parser)
    add_stack(parser)


def run(options: argparse.Namespace) -> int:
    """Show what may go, and delete it where that is asked for. Raises CliError for what cannot be done."""
    if options.apply:
        check_agreement(options, "plan")
    elif options.yes:
        raise CliError("--yes goes with --apply.")
    # Its lines are for a log; here the table says the same.
    logging.getLogger("janitor").addHandler(logging.NullHandler())
    session = _opened(options)
    if options.apply and options.json:  # it is agreed to, and there is one object to print
        return _shown(options, session, session.run(delete=True))
    planned = session.run(delete=False)
    code = _shown(options, session, planned)
    if not options.apply or not _goes(planned, session.around.configuration()):
        return code
    if not options.yes and not agreed("Delete them? They cannot be brought back."):
        console(sys.stderr).print("Nothing was deleted.")
        return 1
    console().print()
    return _shown(options, session, session.run(delete=True))


def _opened(options: argparse.Namespace) -> _Session:
    wanted = document.read(options.config) if options.config else None  # first: a mistake in it needs no account
    settings = provisioning.settings_of(stack.deployed(options.stack).output(FUNCTION))
    in_force = configuration.source(settings.config_parameter)
    count, left = progress.Count(), provisioning.Countdown(provisioning.MOST_SECONDS)

    @functools.cache
    def client(service: str) -> Any:
        return count.watch(stack.client(service, attempts=1))

    around = Surroundings(
        stack=settings.stack,
        client=client,
        calls=Calls(time.monotonic, time.sleep, left, provisioning.RESERVE),
        configuration=(lambda: wanted) if wanted else in_force.get,
        problem=(lambda: None) if wanted else (lambda: in_force.problem),
        now=lambda: datetime.now(UTC),
    )
    source = f"the file {options.config}" if options.config else f"the parameter {settings.config_parameter}"
    return _Session(around, left, count, source)


def _shown(options: argparse.Namespace, session: _Session, result: Result) -> int:
    if options.json:
        print_json({"stack": session.around.stack, "configuration": session.source, **result.as_dict()})
    else:
        janitor_table.show(console(), result, session.source, every=options.all)
    return _code(result)


def _goes(planned: Result, rules: Configuration) -> bool:
    """Whether anything of a plan would be deleted: log groups only where that is configured."""
    groups = rules.janitor.log_groups.delete
    return any(one.action == DELETE and (groups or one.kind != LOG_GROUP) for one in planned.entries)


def _code(result: Result) -> int:
    left = any(one.action in (DELETE, LATER, FAILED) for one in result.entries)
    return int(left or bool(result.problems) or result.state == MORE)
