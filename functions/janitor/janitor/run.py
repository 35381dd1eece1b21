"""One run: list the account, decide, remove or report, tell what was done. All that it needs is handed to it."""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError
from watchpost import names
from watchpost.calls import OutOfTimeError

from janitor.functions import Functions
from janitor.groups import Groups
from janitor.layers import Layers
from janitor.reading import Account
from janitor.removing import Deletion, Remover, Report, told
from janitor.result import DELETE_MODE, REPORT_MODE, Result
from janitor.work import Work

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from typing import Any

    from watchpost.calls import Calls
    from watchpost.configuration import Configuration, Janitor

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Everything outside that a run needs."""

    stack: str
    client: Callable[[str], Any]  # a service's client by botocore's name, that makes one attempt
    calls: Calls  # makes all calls of AWS, paced, and none when the time is over
    configuration: Callable[[], Configuration]  # reads the document anew; raises ConfigurationError
    problem: Callable[[], str | None]  # with a newer document than the one that is in force
    now: Callable[[], datetime]  # with its offset from UTC


def run(around: Surroundings, *, delete: bool | None = None) -> Result:
    """Look at everything, and remove what may go where that is switched on.

    delete: True or False has the say over the configuration's mode; None leaves it to that.
    Raises ConfigurationError, and botocore's errors when the configuration or the list of functions cannot be read:
    without that list nothing is known. What went wrong later is in the result.
    """
    rules = around.configuration().janitor
    problem = around.problem()
    # A newer document that is wrong may be the one that should have switched it off.
    deletes = (rules.delete and not problem) if delete is None else delete
    result = Result(DELETE_MODE if deletes else REPORT_MODE)
    result.problems += [problem] if problem else []
    account = Account(around.calls, around.client)
    # What reports is not given anything that could delete.
    remover: Remover = Deletion(around.calls, around.client) if deletes else Report()
    try:
        _look(around, account, Work(account, remover, result, rules.most), rules)
    except OutOfTimeError as error:
        result.stopped = f"the time is over ({error.operation}); the next run does the rest"
    result.calls = {name: asdict(stats) for name, stats in around.calls.stats.items()}
    return result


def _look(around: Surroundings, account: Account, work: Work, rules: Janitor) -> None:
    inventory = account.inventory()
    now = around.now()
    before = now - timedelta(days=rules.min_age_days)
    groups = Groups(work, rules.log_groups, now)
    steps: tuple[tuple[str, Callable[[], None]], ...] = (
        ("log groups", lambda: groups.look(inventory, names.own_log_groups(around.stack), around.stack)),
        ("functions", lambda: Functions(work, rules.functions, before).look(inventory)),
        ("layers", lambda: Layers(work, rules.layers, before).look(inventory)),
    )
    for what, step in steps:
        try:
            step()
        except (BotoCoreError, ClientError) as error:  # of a whole listing: the other parts need not wait for it
            _log.error("%s cannot be listed", what, extra={"error": told(error)})
            work.result.problems.append(f"the {what} cannot be listed: {told(error)}")
