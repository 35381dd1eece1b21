"""Takes back what was put while the stack's deletion began."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger
from watchpost.calls import OutOfTimeError

from subscriber import filters, policy
from subscriber.surroundings import AWS_ERRORS, SERVICE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from watchpost.ledger import Entry

    from subscriber.account import Account

_logger = Logger(service=SERVICE)


def undo(account: Account, entries: Mapping[str, Entry | None]) -> None:
    """Remove the filters of groups that were just treated, and the account policy.

    entries: None for a group of which it is not known what was done to it. What cannot be removed is logged: the
    deletion looks at all groups by itself, and this is for those that it had passed already.
    """
    try:
        if account.scope == "account":
            policy.remove(account.call, account.stack)
        for name, entry in entries.items():
            if entry is None or entry.filter:
                filters.remove_ours(account, name, entry)
    except (*AWS_ERRORS, OutOfTimeError):
        _logger.exception("filters that were put while the stack was being deleted may be left")
