"""Alarms and composite alarms, with what CloudWatch refuses.

Beyond the limits of single requests (tests.unit.provisioner.limits): a composite alarm's children exist, and a child
cannot be deleted while a composite alarm watches it (seen of the service: ValidationError "Could not save the composite
alarm as alarms [...] in the alarm rule do not exist", "Cannot delete ... as there are composite alarm(s) depending on
it"); a call deletes all of its alarms or none, up to 100 and one composite alarm (API reference, DeleteAlarms).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tests.integration.services_account.scripted import Refusal
from tests.unit.provisioner.limits import LimitError, check_alarm, check_composite

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.integration.logs_account.clock import Clock

ARN = "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:"
MOST_PARENTS = 150
PAGE = 100
_NAME = re.compile(r'\("([^"]+)"\)')


@dataclass
class Stored:
    """An alarm as it was put."""

    request: dict[str, Any]
    tags: dict[str, str]
    changed: float

    def __post_init__(self) -> None:
        self.kind = "CompositeAlarm" if "AlarmRule" in self.request else "MetricAlarm"
        self.children = set(_NAME.findall(self.request.get("AlarmRule", "")))


@dataclass
class Alarms:
    """All alarms of an account.

    checked: how many requests went through the strict checks. late: those whose tags the tagging API does not list yet.
    """

    clock: Clock
    stored: dict[str, Stored] = field(default_factory=dict)
    checked: int = 0
    late: set[str] = field(default_factory=set)
    _names: list[str] | None = None

    def describe_alarms(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Both kinds in one listing, in the order of their names."""
        types = asked.get("AlarmTypes", ["MetricAlarm"])
        size = asked.get("MaxRecords", 50)
        if not 1 <= size <= PAGE:
            raise Refusal("ValidationError")
        after = asked.get("NextToken", "")
        page: list[str] = []
        more = False
        prefix, names = asked.get("AlarmNamePrefix", ""), self.names
        for position in range(bisect_right(names, max(after, prefix[:-1])), len(names)):
            name = names[position]
            if name.startswith(prefix) and self.stored[name].kind in types:
                more = len(page) == size
                if more:
                    break
                page.append(name)
        answer: dict[str, Any] = {"MetricAlarms": [], "CompositeAlarms": []}
        for name in page:
            answer[f"{self.stored[name].kind}s"].append(self._described(name))
        return {**answer, "NextToken": page[-1]} if more else answer

    def put_metric_alarm(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """A new alarm, or another configuration of one that exists."""
        self._put(asked, "MetricAlarm")
        return {}

    def put_composite_alarm(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """The same for a composite alarm, whose children exist."""
        children = set(_NAME.findall(asked["AlarmRule"]))
        if children - self.stored.keys():
            raise Refusal("ValidationError")
        parents = [one.children for name, one in self.stored.items() if name != asked["AlarmName"] and one.children]
        if any(sum(child in one for one in parents) >= MOST_PARENTS for child in children):
            raise Refusal("LimitExceeded")
        self._put(asked, "CompositeAlarm")
        return {}

    def delete_alarms(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """All of them or none."""
        names = asked["AlarmNames"]
        if (
            len(names) > PAGE
            or [name in self.stored and self.stored[name].kind for name in names].count("CompositeAlarm") > 1
        ):
            raise Refusal("ValidationError")
        if set(names) - self.stored.keys():
            raise Refusal("ResourceNotFound", 404)
        watched = {child for name, one in self.stored.items() if name not in names for child in one.children}
        if watched & set(names):
            raise Refusal("ValidationError")
        for name in names:
            del self.stored[name]
        self._names = None
        return {}

    def list_tags_for_resource(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """The tags of an alarm."""
        tags = self._of_arn(asked["ResourceARN"]).tags
        return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}

    def tag_resource(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """More tags for an alarm, 50 at most."""
        stored = self._of_arn(asked["ResourceARN"])
        more = {tag["Key"]: tag["Value"] for tag in asked["Tags"]}
        if len(stored.tags | more) > 50:
            raise Refusal("ValidationError")
        stored.tags |= more
        return {}

    def tagged(self) -> Iterator[tuple[str, dict[str, str]]]:
        """ARN and tags of every alarm that has some, for the tagging API."""
        listed = ((name, one) for name, one in sorted(self.stored.items()) if one.tags and name not in self.late)
        return ((ARN + name, one.tags) for name, one in listed)

    def _put(self, asked: Mapping[str, Any], kind: str) -> None:
        check = check_composite if kind == "CompositeAlarm" else check_alarm
        self.checked += 1
        try:
            check(dict(asked))
        except LimitError as error:
            raise AssertionError(f"CloudWatch refuses {asked['AlarmName']}: {error}") from None
        name = asked["AlarmName"]
        known = self.stored.get(name)
        if known and known.kind != kind:
            raise Refusal("ValidationError")
        request = {key: value for key, value in asked.items() if key != "Tags"}
        # Of an alarm that exists the tags are ignored.
        tags = known.tags if known else {tag["Key"]: tag["Value"] for tag in asked.get("Tags", ())}
        self.stored[name] = Stored(request, tags, self.clock.now())
        if not known:
            self._names = None

    @property
    def names(self) -> list[str]:
        """In their order."""
        if self._names is None:
            self._names = sorted(self.stored)
        return self._names

    def _described(self, name: str) -> dict[str, Any]:
        stored = self.stored[name]
        # What CloudWatch writes out, though nobody asked for it.
        added = {"ActionsEnabled": True, "OKActions": [], "AlarmActions": [], "InsufficientDataActions": []}
        if stored.kind == "MetricAlarm" and "Metrics" not in stored.request:
            added["Dimensions"] = []
        return {
            **added,
            **stored.request,
            "AlarmArn": ARN + name,
            "StateValue": "OK",
            "StateReason": "Threshold Crossed: no datapoints were received",
            "StateUpdatedTimestamp": datetime.fromtimestamp(stored.changed, UTC),
            "AlarmConfigurationUpdatedTimestamp": datetime.fromtimestamp(stored.changed, UTC),
        }

    def _of_arn(self, arn: str) -> Stored:
        name = arn.removeprefix(ARN)
        if name not in self.stored:
            raise Refusal("ResourceNotFoundException", 404)
        return self.stored[name]
