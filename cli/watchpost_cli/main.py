"""Entry point of `watchpost`."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from watchpost_cli import apply_command, parse, plan_command, replay, subscriptions
from watchpost_cli.errors import CliError
from watchpost_cli.terminal import harmless, tell_warnings

if TYPE_CHECKING:
    from collections.abc import Sequence

_DESCRIPTION = """\
Watchpost ships the logs of an account's services to Elasticsearch and turns metric lines into CloudWatch metrics.
This command shows which log groups are shipped and what would change, shows and makes changes of alarms and dashboards,
replays what could not be delivered, and shows what Watchpost makes of log lines."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code: 0 all is well, 1 something is left, 2 it could not be done."""
    options = _parser().parse_args(arguments)
    tell_warnings()
    try:
        code = options.run(options)
        sys.stdout.flush()
    except CliError as error:
        print(f"watchpost: {harmless(error, 1000)}", file=sys.stderr)
        return error.code
    except BrokenPipeError:  # whoever read the output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        print("\nwatchpost: interrupted; what was begun in the account goes on to its end.", file=sys.stderr)
        return 130
    return int(code)


def _parser() -> argparse.ArgumentParser:
    shape = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("watchpost", description=_DESCRIPTION, formatter_class=shape)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for module, summary in (
        (subscriptions, "show which log groups are shipped, and what a sweep would change"),
        (plan_command, "show which alarms and dashboards would change, and what they cost"),
        (apply_command, "show them, ask, and make the changes"),
        (replay, "deliver again what could not be delivered"),
        (parse, "show what becomes of the lines of a log file, without an account"),
    ):
        name = module.__name__.rpartition(".")[2].removesuffix("_command")
        command = commands.add_parser(
            name, help=summary, description=module.DESCRIPTION, epilog=module.EPILOG, formatter_class=shape
        )
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    return parser


if __name__ == "__main__":
    sys.exit(main())
