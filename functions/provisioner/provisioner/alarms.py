"""Brings the stack's alarms to the desired state: creates, updates, deletes, and leaves what is not ours alone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError
from watchpost import names

from provisioner import guard
from provisioner.compare import differences
from provisioner.deadline import NO_TIME
from provisioner.desired import KIND_TAG, RESOURCE_TAG
from provisioner.failures import reason_of
from provisioner.result import Changes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_cloudwatch import CloudWatchClient

    from provisioner.deadline import Deadline
    from provisioner.desired import Alarm, Desired
    from provisioner.discovery import Unknown

DELETE_BATCH = 100  # of one DeleteAlarms (CloudWatch API)
FOREIGN = f"an alarm of this name exists and is not the stack's: it has no tag {names.OWNER_TAG}"


@dataclass(slots=True)
class Reconciler:
    """One run over the alarms of a stack. With `apply` false nothing is written and `changes` is the plan."""

    cloudwatch: CloudWatchClient
    stack: str
    deadline: Deadline
    apply: bool
    changes: Changes = field(default_factory=Changes)

    def run(self, desired: Desired, unknown: Sequence[Unknown], *, allow_mass_deletion: bool) -> Changes:
        """Reconcile; what could not be done is in `failed` of what is returned."""
        for gap in unknown:
            self.changes.fail(gap.name, gap.reason)
        for name, reason in desired.failed.items():
            self.changes.fail(name, reason)
        try:
            actual = self._actual()
        except (ClientError, BotoCoreError, TimeoutError) as error:
            self.changes.fail("alarms", f"they could not be listed: {reason_of(error)}")
            return self.changes
        for name, alarm in desired.alarms.items():
            self._bring(name, alarm, actual.get(name))
        candidates = [actual[name] for name in actual if name not in desired.alarms and name not in desired.failed]
        self._delete_orphans(candidates, len(actual) - len(candidates), unknown, allow_mass_deletion)
        return self.changes

    def delete_all(self) -> Changes:
        """Delete every alarm of the stack, for the end of its life.

        Raises ClientError or BotoCoreError when the alarms cannot be listed.
        """
        owned = [alarm["AlarmName"] for alarm in self._actual().values() if self._tags_if_owned(alarm) is not None]
        self._delete(owned)
        return self.changes

    def _actual(self) -> dict[str, Any]:
        pages = self.cloudwatch.get_paginator("describe_alarms").paginate(
            AlarmNamePrefix=f"{self.stack}/", AlarmTypes=["MetricAlarm"]
        )
        alarms: dict[str, Any] = {}
        for page in pages:
            self.deadline.check()
            alarms.update((alarm["AlarmName"], alarm) for alarm in page["MetricAlarms"])
        return alarms

    def _bring(self, name: str, alarm: Alarm, actual: Any | None) -> None:
        if actual is not None and not differences(alarm.request, actual):
            self.changes.unchanged += 1
            return
        if self.deadline.passed():
            self.changes.fail(name, NO_TIME)
            return
        tags = None
        if actual is not None:
            tags = self._tags_if_owned(actual, told=True)
            if tags is None:
                return
        try:
            if self.apply:
                self._put(alarm, actual, tags)
        except (ClientError, BotoCoreError) as error:
            self.changes.fail(name, reason_of(error))
            return
        (self.changes.created if actual is None else self.changes.updated).append(name)

    def _put(self, alarm: Alarm, actual: Any | None, tags: dict[str, str] | None) -> None:
        self.deadline.pace()
        wanted: Any = [{"Key": key, "Value": value} for key, value in alarm.tags.items()]
        # CloudWatch takes tags with a new alarm and ignores them with an existing one.
        new = {"Tags": wanted} if actual is None else {}
        self.cloudwatch.put_metric_alarm(**alarm.request, **new)
        if actual is not None and not alarm.tags.items() <= (tags or {}).items():
            self.cloudwatch.tag_resource(ResourceARN=actual["AlarmArn"], Tags=wanted)

    def _tags_if_owned(self, actual: Any, *, told: bool = False) -> dict[str, str] | None:
        """The tags of an alarm of ours, else None. told: whether a foreign alarm is a failure."""
        try:
            answer = self.cloudwatch.list_tags_for_resource(ResourceARN=actual["AlarmArn"])
        except (ClientError, BotoCoreError) as error:
            self.changes.fail(actual["AlarmName"], f"its tags could not be read: {reason_of(error)}")
            return None
        tags = {tag["Key"]: tag["Value"] for tag in answer["Tags"]}
        if tags.get(names.OWNER_TAG) == self.stack:
            return tags
        if told:
            self.changes.fail(actual["AlarmName"], FOREIGN)
        return None

    def _delete_orphans(
        self, candidates: Sequence[Any], kept: int, unknown: Sequence[Unknown], allow_mass_deletion: bool
    ) -> None:
        orphans = []
        for actual in candidates:
            if self.deadline.passed():
                self.changes.fail(actual["AlarmName"], NO_TIME)
                continue
            tags = self._tags_if_owned(actual)
            if tags is None:
                continue
            if any(gap.covers_alarm(tags.get(KIND_TAG, ""), tags.get(RESOURCE_TAG, "")) for gap in unknown):
                kept += 1
            else:
                orphans.append(actual["AlarmName"])
        refused = guard.refusal(kept + len(orphans), len(orphans), allowed=allow_mass_deletion)
        if refused:
            self.changes.fail("deletion of alarms", refused)
        elif self.apply:
            self._delete(orphans)
        else:
            self.changes.deleted += orphans

    def _delete(self, alarms: list[str]) -> None:
        for start in range(0, len(alarms), DELETE_BATCH):
            batch = alarms[start : start + DELETE_BATCH]
            try:
                self._delete_batch(batch)
            except (ClientError, BotoCoreError):
                # One that cannot be deleted fails the whole call; alone it fails itself only, with its own reason.
                for name in batch:
                    self._delete_one(name)

    def _delete_batch(self, batch: list[str]) -> None:
        if self.deadline.passed():
            for name in batch:
                self.changes.fail(name, NO_TIME)
            return
        self.cloudwatch.delete_alarms(AlarmNames=batch)
        self.changes.deleted += batch

    def _delete_one(self, name: str) -> None:
        try:
            self._delete_batch([name])
        except (ClientError, BotoCoreError) as error:
            self.changes.fail(name, reason_of(error))
