"""The commands behind `make up`, `make down`, `make status` and `make demo`."""

from __future__ import annotations

import argparse
import errno
import shutil
import signal
import sys
from pathlib import Path
from typing import Never

from botocore.exceptions import BotoCoreError
from requests import RequestException

from local import account, elasticsearch, processes
from local.errors import LocalError
from local.progress import step
from local.state import BENCH, CHECKOUT, SOAK, USER, State, every_one_of_tests, lock


def up(state: State) -> int:
    """Start the account and leave it running."""
    already = account.running(state) is not None
    with account.started(state, keep=True) as running:
        what = "The account runs already" if already else "The account runs"
        sys.stdout.write(
            f"\n{what}: AWS at {running.endpoint}, "
            f"Elasticsearch at {account.without_credentials(running.elasticsearch_url)}\n"
            f"  . {state.env_file.relative_to(CHECKOUT)}    points your shell to it\n"
            "  make status    says what runs\n"
            "  make down      stops it\n"
        )
    return 0


def down(state: State) -> int:
    """Stop the account."""
    with step("Stopping the account") as current:
        current.note = "" if account.stop(state) else "nothing was running"
    return 0


def clean(state: State) -> int:
    """Stop the account and remove what it has put outside the checkout; `make clean` removes the rest."""
    down(state)
    for each in (state, BENCH, SOAK, *every_one_of_tests()):
        shutil.rmtree(elasticsearch.outside_folder(each), ignore_errors=True)
    return 0


def status(state: State) -> int:
    """Say what runs."""
    running = account.running(state)
    if not running:
        sys.stdout.write(f"The account does not run.{processes.last_words(state)} Start it with: make up\n")
        return 0
    rows = [
        ("AWS emulator", running.endpoint),
        ("Elasticsearch", account.without_credentials(running.elasticsearch_url)),
        *((name, value) for name, value in running.outputs().items()),
    ]
    width = max(len(name) for name, _ in rows)
    sys.stdout.write("".join(f"  {name:<{width}}  {value}\n" for name, value in rows))
    return 0


def _lost(state: State, error: Exception) -> str:
    """What to say when one of the account's processes does not answer any more."""
    known = processes.death_of(state) or f"A part of the account does not answer ({type(error).__name__})"
    return f"{known}. Its output is in {state.run.relative_to(CHECKOUT)}/; run the command again."


def _interrupt(*_: object) -> Never:
    raise KeyboardInterrupt


def main() -> int:
    """Run a command; whatever goes wrong becomes one sentence and a non-zero exit code."""
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    parser.add_argument("command", choices=["up", "down", "clean", "status", "demo"])
    parser.add_argument("--keep", action="store_true", help="leave the account running after the demo")
    parser.add_argument("--picture", type=Path, help="SVG file to save in what the demo shows")
    parser.add_argument("--state", type=Path, default=USER.root, help="folder of the account (default: .local)")
    arguments = parser.parse_args()
    state = State(arguments.state.resolve())
    signal.signal(signal.SIGINT, _interrupt)  # also where a shell started us with it ignored
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGHUP, _interrupt)
    try:
        if arguments.command == "status":
            return status(state)
        with lock(state.root):
            if arguments.command == "demo":
                from local.demo import run  # noqa: PLC0415  # the other commands do without its libraries

                return run.main(state, keep=arguments.keep, picture=arguments.picture)
            return {"up": up, "down": down, "clean": clean}[arguments.command](state)
    except LocalError as error:
        sys.stderr.write(f"\nwatchpost: {error}\n")
    except (BotoCoreError, RequestException) as error:
        sys.stderr.write(f"\nwatchpost: {_lost(state, error)}\n")
    except KeyboardInterrupt:
        sys.stderr.write("\nwatchpost: interrupted; what was started has been stopped.\n")
        return 130
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        sys.stderr.write("\nwatchpost: the disk is full. Make room, then run the command again.\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
