"""`make soak`: an account of its own, a soak, its table. Exits with 1 when a promise is broken."""

from __future__ import annotations

import argparse
import signal
import sys
from typing import Never

from botocore.exceptions import BotoCoreError, ClientError

from local import account as accounts
from local.errors import LocalError
from local.soak import plan, report, run
from local.state import SHARED, SOAK, lock


def _interrupt(*_: object) -> Never:
    raise KeyboardInterrupt


def main() -> int:
    """Run a soak; whatever goes wrong becomes one sentence and a non-zero exit code."""
    parser = argparse.ArgumentParser(prog="python -m local.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0, help="how long, about (default: 60)")
    arguments = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        wanted = plan.of_minutes(arguments.minutes)
        with lock(SOAK.root), accounts.started(SOAK, keep=False) as account:
            outcome = run.soak(account, wanted)
            _tell(outcome, arguments.minutes)  # before the account is stopped, which takes a while
    except LocalError as error:
        sys.stderr.write(f"\nwatchpost: {error}\n")
        return 1
    except (BotoCoreError, ClientError) as error:
        sys.stderr.write(f"\nwatchpost: the account does not do what it was asked for: {error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\nwatchpost: interrupted; what was started has been stopped.\n")
        return 130
    return 0 if outcome.kept else 1


def _tell(outcome: run.Outcome, minutes: float) -> None:
    report.show(outcome.phases, outcome.promises)
    found = report.figures(outcome.phases, outcome.promises, minutes=minutes, connections=outcome.connections)
    report.write(SOAK.root / "soak.json", found)
    sys.stdout.write(f"\nAs JSON in {(SOAK.root / 'soak.json').relative_to(SHARED.parent)}\n")


if __name__ == "__main__":
    sys.exit(main())
