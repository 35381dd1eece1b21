"""The joints in AWS: asked one after the other when the line did not arrive."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError
from watchpost import names
from watchpost.aws import code_of
from watchpost.settings import ACCOUNT

from canary.findings import LOG_GROUP, SHIPPER, STREAM, SUBSCRIPTION, Finding, cut

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from watchpost.settings import Settings

SERVICE = "watchpost-canary"
RECENT = timedelta(minutes=5)  # for which the shipper's metrics are looked at
_POLICY = "SUBSCRIPTION_FILTER_POLICY"
_EXCLUDED = re.compile(r"LogGroupName\s+NOT\s+IN\s*(\[.*\])", re.DOTALL)
_MISSING = "ResourceNotFoundException"
_AGAIN = "Deploy the stack again: its template has it."

_logger = Logger(service=SERVICE)


class Joints:
    """The joints between the log group and Elasticsearch. client: of AWS by botocore's name."""

    def __init__(self, settings: Settings, client: Callable[[str], Any], now: Callable[[], float]) -> None:
        self._settings = settings
        self._client = client
        self._now = now
        # Filters may name a version or an alias of the function.
        self._shipper = ":".join(settings.shipper_arn.split(":")[:7])
        self.notes: list[str] = []  # what could not be asked

    def look(self, *, recent: bool) -> list[Finding]:
        """What is wrong. recent: also by the shipper's metrics, which may tell of what is over."""
        self.notes.clear()
        found: list[Finding] = []
        looks = [self._subscription, self._stream, self._function, *([self._activity] if recent else [])]
        for look in looks:
            try:
                found += look()
            except (ClientError, BotoCoreError) as error:
                # That one joint cannot be looked at says nothing of the others.
                note = f"{look.__name__.strip('_')} could not be looked at: {code_of(error) or type(error).__name__}"
                _logger.warning(note)
                self.notes.append(note)
        return found

    def _subscription(self) -> Iterator[Finding]:
        group = names.canary_log_group(self._settings.stack)
        try:
            answer = self._client("logs").describe_subscription_filters(logGroupName=group)
        except ClientError as error:
            if code_of(error) != _MISSING:
                raise
            yield Finding(LOG_GROUP, f"there is no log group {group}", _AGAIN)
            return
        filters = answer["subscriptionFilters"]
        if any(self._is_ours(one["destinationArn"]) for one in filters) or self._has_policy(group):
            return
        others = ", ".join(one["destinationArn"] for one in filters)
        seen = f"the log group {group} is not subscribed to the shipper" + (f", but to {others}" if others else "")
        todo = (
            f"Have it subscribed: aws lambda invoke --function-name {self._settings.stack}-subscriber "
            '--cli-binary-format raw-in-base64-out --payload \'{"action": "sweep"}\' /dev/stdout. '
            "Other log groups may have lost theirs too: watchpost subscriptions."
        )
        yield Finding(SUBSCRIPTION, cut(seen), todo)

    def _is_ours(self, destination: str) -> bool:
        elsewhere = (self._settings.stream_arn, self._settings.log_destination)
        return destination in elsewhere or f"{destination}:".startswith(f"{self._shipper}:")

    def _has_policy(self, group: str) -> bool:
        """Whether the policy of the whole account stands for a filter of the group's own."""
        if self._settings.subscription_scope != ACCOUNT:
            return False
        found = self._client("logs").describe_account_policies(policyType=_POLICY)["accountPolicies"]
        return any(
            one["policyName"] == names.account_policy(self._settings.stack)
            and group not in _excluded(one.get("selectionCriteria") or "")
            for one in found
        )

    def _stream(self) -> Iterator[Finding]:
        if self._settings.stream_role == "none":
            return
        stream = self._settings.stream_arn
        found = self._client("lambda").list_event_source_mappings(EventSourceArn=stream)["EventSourceMappings"]
        ours = [one for one in found if f"{one.get('FunctionArn', '')}:".startswith(f"{self._shipper}:")]
        if not ours:
            yield Finding(STREAM, f"nothing reads the stream {stream}: its event source mapping is gone", _AGAIN)
        for one in ours:
            state, result = one.get("State", "Enabled"), one.get("LastProcessingResult", "")
            if state not in ("Enabled", "Enabling", "Updating"):
                todo = f"Switch it on: aws lambda update-event-source-mapping --uuid {one['UUID']} --enabled"
                yield Finding(STREAM, f"the event source mapping of the stream is {state}", todo)
            elif result.startswith("PROBLEM"):
                todo = "Look at the shipper's log and at its role's rights on the stream."
                yield Finding(STREAM, f"the stream cannot be read: {cut(result)}", todo)

    def _function(self) -> Iterator[Finding]:
        name = self._shipper.rpartition(":")[2]
        functions = self._client("lambda")
        try:
            found = functions.get_function_configuration(FunctionName=name)
        except ClientError as error:
            if code_of(error) != _MISSING:
                raise
            yield Finding(SHIPPER, f"there is no function {name}", _AGAIN)
            return
        state, update = found.get("State", "Active"), found.get("LastUpdateStatus", "Successful")
        if state == "Failed" or update == "Failed":
            why = found.get("StateReason") or found.get("LastUpdateStatusReason") or "AWS does not say why"
            seen = f"{name} is {state}, its last update {update}: {cut(why)}"
            yield Finding(SHIPPER, seen, "Mend what AWS names, and deploy again.")
        if functions.get_function_concurrency(FunctionName=name).get("ReservedConcurrentExecutions") == 0:
            todo = f"Whoever did that had a reason. Undo: aws lambda delete-function-concurrency --function-name {name}"
            yield Finding(SHIPPER, f"{name} is throttled: its reserved concurrency is 0", todo)

    def _activity(self) -> Iterator[Finding]:
        """What Lambda counted of the shipper in the last minutes."""
        name = self._shipper.rpartition(":")[2]
        now = datetime.fromtimestamp(self._now(), UTC)
        wanted = ("Throttles", "Errors")
        answer = self._client("cloudwatch").get_metric_data(
            MetricDataQueries=[_query(metric, name) for metric in wanted],
            StartTime=now - RECENT,
            EndTime=now + timedelta(minutes=1),
        )
        sums = {one["Id"]: sum(one.get("Values", [])) for one in answer["MetricDataResults"]}
        throttled, failed = (int(sums.get(metric.lower(), 0)) for metric in wanted)
        if throttled:
            todo = "Raise its reserved concurrency, or the account's quota of concurrent executions (Lambda quotas)."
            yield Finding(SHIPPER, f"{name} was throttled {throttled} times in the last five minutes", todo)
        if failed:
            seen = f"{name} failed {failed} times in the last five minutes"
            yield Finding(SHIPPER, seen, f"Its log /aws/lambda/{name} says why.")


def _query(metric: str, function: str) -> dict[str, Any]:
    dimensions = [{"Name": "FunctionName", "Value": function}]
    named = {"Namespace": "AWS/Lambda", "MetricName": metric, "Dimensions": dimensions}
    return {"Id": metric.lower(), "MetricStat": {"Metric": named, "Period": 60, "Stat": "Sum"}}


def _excluded(criteria: str) -> list[Any]:
    """The names in a policy's list; none where it cannot be understood."""
    found = _EXCLUDED.search(criteria)
    try:
        listed = json.loads(found[1]) if found else []
    except ValueError:
        return []
    return listed if isinstance(listed, list) else []
