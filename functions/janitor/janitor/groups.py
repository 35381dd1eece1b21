"""Log groups of functions that no longer exist."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from janitor.model import Reason
from janitor.plan import EXCLUDED, GROUPS, PROTECTED, group_kept
from janitor.removing import Report
from janitor.result import LOG_GROUP
from janitor.work import Removal

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from watchpost.configuration import OrphanedGroups

    from janitor.model import Group, Inventory
    from janitor.work import Work


class Groups:
    """Looks at the log groups below /aws/lambda/, one after the other."""

    def __init__(self, work: Work, rules: OrphanedGroups, now: datetime) -> None:
        self._work = work
        self._rules = rules
        self._before = now - timedelta(days=rules.min_age_days)

    def look(self, inventory: Inventory, own: Collection[str], stack: str) -> None:
        """Decide, and remove where that is configured. Raises botocore's errors when log groups cannot be listed.

        own: names of the stack's own log groups.
        """
        # The janitor's own function is in every right list of functions. One without it is of another place, or broken.
        if f"{stack}-janitor" not in inventory.functions:
            self._work.result.problems.append(
                f"no log group is looked at: the list of functions lacks {stack}-janitor, so it is not believed"
            )
            return
        for group, protected in self._work.account.groups():
            try:
                self._group(group, inventory, own, protected=protected)
            except (BotoCoreError, ClientError) as error:  # one log group's must not stop the run
                self._work.fail(LOG_GROUP, group.name, error)

    def _group(self, group: Group, inventory: Inventory, own: Collection[str], *, protected: bool) -> None:
        reason = group_kept(group, inventory, own, self._before) or self._aside(group, protected=protected)
        if reason is None:
            last = self._work.account.last_event(group.name)
            reason = group_kept(group, inventory, own, self._before, last)
        if reason:
            self._work.keep(LOG_GROUP, group.name, None, reason, group.stored_bytes)
            return
        remover = self._work.remover if self._rules.delete else Report()
        removal = Removal(lambda: remover.log_group(group.name), group.stored_bytes)
        self._work.remove(LOG_GROUP, group.name, None, "its function no longer exists", removal)

    def _aside(self, group: Group, *, protected: bool) -> Reason | None:
        if protected:
            return Reason(PROTECTED, "it is protected from deletion")
        if group.name.removeprefix(GROUPS) not in self._rules.names:
            return Reason(EXCLUDED, "left out by the configuration")
        return None
