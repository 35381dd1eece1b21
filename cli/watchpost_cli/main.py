"""Entry point of `watchpost`."""

from __future__ import annotations

import argparse
import contextlib
import errno
import importlib
import io
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from watchpost import __version__

from watchpost_cli.errors import CliError
from watchpost_cli.terminal import harmless, tell_warnings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# Every command with its module and what it is for, in the groups of --help. A module is imported when its command is
# typed: most of them need an account's clients, and parsing a file should not wait for those.
GROUPS: tuple[tuple[str, tuple[tuple[str, str, str], ...]], ...] = (
    (
        "something is wrong",
        (
            ("errors", "errors_command", "the most frequent errors of each service, and which are new"),
            ("follow", "follow", "one transaction through all services, as a tree"),
            ("search", "search", "find lines"),
            ("tail", "tail", "show lines as they come"),
        ),
    ),
    (
        "Watchpost itself",
        (
            ("doctor", "doctor", "check every joint, and say what to do"),
            ("subscriptions", "subscriptions", "which log groups are shipped, and what a sweep would change"),
            ("replay", "replay", "deliver again what could not be delivered"),
            ("janitor", "janitor_command", "which old versions and log groups nothing needs any more"),
            ("cost", "cost_command", "what shipping costs a month, by service"),
        ),
    ),
    (
        "changes",
        (
            ("config", "config_command", "the configuration document, and values of services"),
            ("plan", "plan_command", "which alarms and dashboards would change, and what they cost"),
            ("apply", "apply_command", "show that, ask, and change them"),
        ),
    ),
    (
        "this machine",
        (
            ("parse", "parse", "what becomes of the lines of a log file, without an account"),
            ("completion", "completion", "have the shell complete what you type"),
        ),
    ),
)
COMMANDS = {name: (module, summary) for _, commands in GROUPS for name, module, summary in commands}
_DESCRIPTION = """\
Watchpost ships the logs of an account's services to Elasticsearch, and watches these services by alarms."""
_EPILOG = """\
`watchpost COMMAND --help` tells options, examples, exit codes and the permissions that a command needs.

The stack is that of --stack, else that of the environment variable WATCHPOST_STACK, else `watchpost`; account and
region are those of your AWS credentials. Exit codes: 0 all is well, 1 something is left or found wrong, 2 it could not
be done."""
# Of a write that fails; files and networks have others, or are told by the commands that use them.
_OF_OUTPUT = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF})
_WIDTH = max(map(len, COMMANDS))
DEBUG = "WATCHPOST_DEBUG"  # environment variable: show where in the code a command failed


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code: 0 all is well, 1 something is left, 2 it could not be done."""
    _open_streams()
    tell_warnings()
    try:
        return _run(list(sys.argv[1:] if arguments is None else arguments))
    except CliError as error:
        _tell(f"watchpost: {harmless(error, 1000)}")
        return error.code
    except BrokenPipeError:  # whoever read the output has seen enough
        _drop_output()
        return 1
    except KeyboardInterrupt:
        _tell("\nwatchpost: interrupted; what was begun in the account goes on to its end.")
        return 130
    except Exception as error:  # the last one: nobody should have to read a traceback
        if os.environ.get(DEBUG):
            raise
        return _unexpected(error)


def _run(given: Sequence[str]) -> int:
    """Run a command, and have all that it printed written, also where it ends by itself as --help does."""
    try:
        with _region():
            options = parser(_command_in(given)).parse_args(given)
            return int(options.run(options))
    finally:
        sys.stdout.flush()


def _unexpected(error: Exception) -> int:
    """Say in one line that a command failed by an error that nobody thought of. Its text may hold a secret."""
    if isinstance(error, OSError) and error.errno in _OF_OUTPUT and error.filename is None:
        _drop_output()
        _tell(f"watchpost: the output cannot be written: {error.strerror}.")
    else:
        _tell(f"watchpost: it failed by an unexpected {type(error).__name__}. {DEBUG}=1 shows where: tell maintainers.")
    return 2


def _drop_output() -> None:
    """Forget what could not be written: the interpreter tries again at its end, and would complain."""
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _tell(sentence: str) -> None:
    with contextlib.suppress(OSError):  # there is nowhere else to say it
        print(sentence, file=sys.stderr, flush=True)


def _open_streams() -> None:
    """Have streams that take any text: none where the shell closed one, and no encoding that lacks a character."""
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("r" if name == "stdin" else "w", encoding="utf-8"))  # noqa: SIM115  # as long as the process
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


@contextlib.contextmanager
def _region() -> Iterator[None]:
    """Have AWS_REGION count, as for the AWS CLI: the library looks at AWS_DEFAULT_REGION and the profile only."""
    wanted, before = os.environ.get("AWS_REGION"), os.environ.get("AWS_DEFAULT_REGION")
    if wanted:
        os.environ["AWS_DEFAULT_REGION"] = wanted
    try:
        yield
    finally:
        if wanted:
            del os.environ["AWS_DEFAULT_REGION"]
            os.environ.update({} if before is None else {"AWS_DEFAULT_REGION": before})


def parser(only: str | None = None) -> argparse.ArgumentParser:
    """The parser of the command line. only: the command whose module is imported; None imports all."""
    shape = argparse.RawDescriptionHelpFormatter
    made = argparse.ArgumentParser(
        "watchpost",
        usage="watchpost [-h] [--version] COMMAND ...",
        description=_DESCRIPTION,
        epilog=_help(),
        formatter_class=shape,
    )
    made.add_argument("--version", action=_Version, help="print the version and end")
    # Hidden where a person sees it, since the groups below say more than a list of all; a shell has to know them.
    shown = "what to do" if only is None else argparse.SUPPRESS
    commands = made.add_subparsers(prog="watchpost", metavar="COMMAND", dest="command", required=True, help=shown)
    for name, (module, summary) in COMMANDS.items():
        if only not in (None, name):
            commands.add_parser(name, help=summary)
            continue
        found = importlib.import_module(f"watchpost_cli.{module}")
        command = commands.add_parser(
            name, help=summary, description=found.DESCRIPTION, epilog=found.EPILOG, formatter_class=shape
        )
        # First: a command of several parts sets its own for each.
        command.set_defaults(run=getattr(found, "run", None))
        found.add_arguments(command)
    return made


def _command_in(given: Sequence[str]) -> str:
    """The command that is typed; "" for none, as no option before it takes a value."""
    return next((argument for argument in given if not argument.startswith("-")), "")


def _help() -> str:
    lines = []
    for title, commands in GROUPS:
        lines += [f"{title}:", *(f"  {name:<{_WIDTH}}  {summary}" for name, _, summary in commands), ""]
    return "\n".join([*lines, _EPILOG])


class _Version(argparse.Action):
    """Prints the version."""

    def __init__(self, option_strings: Sequence[str], dest: str, **settings: Any) -> None:
        super().__init__(option_strings, dest, nargs=0, **settings)

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        print(f"watchpost {__version__}")
        parser.exit()


if __name__ == "__main__":
    sys.exit(main())
