"""Brings the stack's dashboards to the desired state, in the same way as its alarms."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError
from watchpost import names

from provisioner import guard
from provisioner.dashboard import is_owned
from provisioner.deadline import NO_TIME
from provisioner.failures import is_missing, reason_of
from provisioner.result import Changes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_cloudwatch import CloudWatchClient

    from provisioner.deadline import Deadline
    from provisioner.desired import Desired
    from provisioner.discovery import Unknown

FOREIGN = "a dashboard of this name exists and is not the stack's: its text does not say so"


@dataclass(slots=True)
class Reconciler:
    """One run over the dashboards of a stack. With `apply` false nothing is written and `changes` is the plan."""

    cloudwatch: CloudWatchClient
    stack: str
    deadline: Deadline
    apply: bool
    changes: Changes = field(default_factory=Changes)

    def run(self, desired: Desired, unknown: Sequence[Unknown], *, allow_mass_deletion: bool) -> Changes:
        """Reconcile; what could not be done is in `failed` of what is returned."""
        for name, reason in desired.failed_dashboards.items():
            self.changes.fail(name, reason)
        # A service whose resources are not known would lose graphs, or its dashboard, for a call that was refused.
        if any(not gap.service for gap in unknown):
            return self.changes
        left = {names.dashboard(self.stack, gap.service) for gap in unknown}
        try:
            listed = self._listed()
        except (ClientError, BotoCoreError, TimeoutError) as error:
            self.changes.fail("dashboards", f"they could not be listed: {reason_of(error)}")
            return self.changes
        for name, body in desired.dashboards.items():
            if name not in left:
                self._bring(name, body, listed=name in listed)
        wanted = {*desired.dashboards, *desired.failed_dashboards, *left}
        orphans = [name for name in listed if name not in wanted and self._owned(name)]
        refused = guard.refusal(len(wanted & set(listed)) + len(orphans), len(orphans), allowed=allow_mass_deletion)
        if refused:
            self.changes.fail("deletion of dashboards", refused)
        else:
            self._delete(orphans)
        return self.changes

    def delete_all(self) -> Changes:
        """Delete every dashboard of the stack, for the end of its life.

        Raises ClientError or BotoCoreError when the dashboards cannot be listed.
        """
        self._delete([name for name in self._listed() if self._owned(name)])
        return self.changes

    def _listed(self) -> list[str]:
        listed = []
        pages = self.cloudwatch.get_paginator("list_dashboards")
        for page in pages.paginate(DashboardNamePrefix=names.dashboard(self.stack, "")):
            self.deadline.check()
            listed += [entry["DashboardName"] for entry in page["DashboardEntries"]]
        return listed

    def _bring(self, name: str, body: dict[str, Any], *, listed: bool) -> None:
        if self.deadline.passed():
            self.changes.fail(name, NO_TIME)
            return
        try:
            actual = self._body(name) if listed else None
            if actual == body:
                self.changes.unchanged += 1
                return
            if actual is not None and not is_owned(actual, self.stack):
                self.changes.fail(name, FOREIGN)
                return
            if self.apply:
                self._put(name, body)
        except (ClientError, BotoCoreError) as error:
            self.changes.fail(name, reason_of(error))
            return
        (self.changes.updated if listed else self.changes.created).append(name)

    def _put(self, name: str, body: dict[str, Any]) -> None:
        answer = self.cloudwatch.put_dashboard(DashboardName=name, DashboardBody=json.dumps(body, ensure_ascii=False))
        # CloudWatch stores a dashboard in spite of these: the widget they are about shows nothing.
        for message in answer.get("DashboardValidationMessages", []):
            self.changes.fail(name, f"CloudWatch warns at {message.get('DataPath')}: {message.get('Message')}")

    def _body(self, name: str) -> Any:
        """The decoded body. Text that is not JSON is returned as it is, and is nobody's."""
        text = self.cloudwatch.get_dashboard(DashboardName=name)["DashboardBody"]
        try:
            return json.loads(text)
        except ValueError:
            return text

    def _owned(self, name: str) -> bool:
        if self.deadline.passed():
            self.changes.fail(name, NO_TIME)
            return False
        try:
            return is_owned(self._body(name), self.stack)
        except (ClientError, BotoCoreError) as error:
            if not is_missing(error):
                self.changes.fail(name, reason_of(error))
            return False

    def _delete(self, dashboards: list[str]) -> None:
        for name in dashboards:
            if self.deadline.passed():
                self.changes.fail(name, NO_TIME)
                continue
            try:
                if self.apply:
                    self.cloudwatch.delete_dashboards(DashboardNames=[name])
                self.changes.deleted.append(name)
            except (ClientError, BotoCoreError) as error:
                self.changes.fail(name, reason_of(error))
