"""Brings the stack's dashboards to the desired state, in the same way as its alarms."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from watchpost import names

from provisioner import guard
from provisioner.changes import of_dashboard
from provisioner.dashboard import is_owned
from provisioner.failures import REFUSALS, is_missing, reason_of
from provisioner.result import Changes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence, Set

    from provisioner.desired import Desired
    from provisioner.inventory import Unknown
    from provisioner.work import Work

FOREIGN = "a dashboard of this name exists and is not the stack's: its text does not say so"
OVERVIEW = "overview"  # the subject of the dashboard of all services
_PART = re.compile(r"-\d+\Z")


def without_part(name: str) -> str:
    """The name of a dashboard without the number of a part."""
    return _PART.sub("", name)


@dataclass(slots=True)
class Reconciler:
    """One run over the dashboards of a stack. What is planned or done is in `changes`."""

    work: Work
    changes: Changes = field(default_factory=Changes)
    listed: set[str] | None = None
    count: tuple[int, int] = (0, 0)  # how many the stack has, before and after

    def run(self, desired: Desired, unknown: Sequence[Unknown], *, allow_mass_deletion: bool) -> Changes:
        """Reconcile what `look` found; what could not be done is in `failed` of what is returned."""
        for name, reason in desired.failed_dashboards.items():
            self.changes.fail(name, reason)
        if self.listed is None:
            return self.changes
        listed = self.listed
        # A service whose resources are not known would lose graphs, or its dashboard, for a call that was refused.
        left = self._may_lose(unknown) if unknown else set()
        for name in sorted(desired.dashboards, key=lambda name: name in listed):
            if name not in left:
                self._bring(name, desired.dashboards[name], listed=name in listed)
        orphans = self._orphans(listed, {*desired.dashboards, *desired.failed_dashboards, *left})
        kept = len(left | (desired.dashboards.keys() & listed))
        self.count = kept + len(orphans), len(left | desired.dashboards.keys())
        refused = guard.refusal(kept + len(orphans), len(orphans), allowed=allow_mass_deletion)
        if refused:
            self.changes.fail("deletion of dashboards", refused)
        else:
            self._delete(orphans)
        return self.changes

    def look(self) -> None:
        """List what is there, before anything is discovered: so what another run creates meanwhile is no orphan."""
        try:
            self.listed = self._all()
        except REFUSALS as error:
            self.changes.fail("dashboards", f"they could not be listed: {reason_of(error)}")

    def delete_all(self) -> Changes:
        """Delete every dashboard of the stack, for the end of its life.

        Raises ClientError, BotoCoreError or OutOfTimeError when the dashboards cannot be listed.
        """
        self._delete(self._orphans(self._all(), ()))
        return self.changes

    def _all(self) -> set[str]:
        """The names below the stack's prefix."""
        pages = self.work.pages("list_dashboards", DashboardNamePrefix=names.dashboard(self.work.stack, ""))
        return {entry["DashboardName"] for page in pages for entry in page["DashboardEntries"]}

    def _may_lose(self, unknown: Sequence[Unknown]) -> set[str]:
        """The dashboards, and parts of them, that are about something that is not known; the overview always is."""
        listed = self.listed or set()
        if any(not gap.service for gap in unknown):
            return set(listed)
        about = {names.dashboard(self.work.stack, subject) for subject in (OVERVIEW, *(gap.service for gap in unknown))}
        return {name for name in listed if name in about or without_part(name) in about}

    def _bring(self, name: str, body: dict[str, Any], *, listed: bool) -> None:
        try:
            actual = self._body(name) if listed else None
            if actual == body:
                self.changes.unchanged += 1
                return
            if actual is not None and not is_owned(actual, self.work.stack):
                self.changes.fail(name, FOREIGN)
                return
            self._put(name, body)
        except REFUSALS as error:
            self.changes.fail(name, reason_of(error))
            return
        (self.changes.updated if listed else self.changes.created).append(of_dashboard(name, actual, body))

    def _put(self, name: str, body: dict[str, Any]) -> None:
        answer = self.work.write(
            "put_dashboard", DashboardName=name, DashboardBody=json.dumps(body, ensure_ascii=False)
        )
        # CloudWatch stores a dashboard in spite of these: the widget they are about shows nothing.
        for message in answer.get("DashboardValidationMessages", []):
            self.changes.fail(name, f"CloudWatch warns at {message.get('DataPath')}: {message.get('Message')}")

    def _body(self, name: str) -> Any:
        """The decoded body. Text that is not JSON is returned as it is, and is nobody's."""
        text = self.work.call("get_dashboard", DashboardName=name)["DashboardBody"]
        try:
            return json.loads(text)
        except ValueError:
            return text

    def _orphans(self, listed: Set[str], wanted: Iterable[str]) -> dict[str, Any]:
        """The stack's dashboards that nothing asks for, with their bodies."""
        found = {}
        for name in sorted(listed - set(wanted)):
            try:
                body = self._body(name)
            except REFUSALS as error:
                if not is_missing(error):
                    self.changes.fail(name, reason_of(error))
                continue
            if is_owned(body, self.work.stack):
                found[name] = body
        return found

    def _delete(self, dashboards: Mapping[str, Any]) -> None:
        for name, body in dashboards.items():
            try:
                self.work.write("delete_dashboards", DashboardNames=[name])
            except REFUSALS as error:
                if not is_missing(error):  # another run was quicker
                    self.changes.fail(name, reason_of(error))
                continue
            self.changes.deleted.append(of_dashboard(name, body, None))
