"""Finds the services of the account and reads the live configuration that their alarms depend on.

What could not be read is told apart from what is not there: only the second may cost an alarm its life.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError
from watchpost import names

from provisioner.deadline import NO_TIME
from provisioner.failures import is_missing, reason_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_resourcegroupstaggingapi import ResourceGroupsTaggingAPIClient

    from provisioner.deadline import Deadline
    from provisioner.expressions import Fact

LOGS_RESOURCE = "logs"  # what stands for a service's log lines in the names of alarms
MAXIMUM_EVENT_AGE_MS = 6 * 3600 * 1000  # Lambda's default (API reference, FunctionEventInvokeConfig)
_STREAMS = (":kinesis:", ":dynamodb:")  # in the ARN of an event source; the others report no iterator age


@dataclass(frozen=True, slots=True)
class Resource:
    """One thing to watch, with the facts of definitions.FACTS for its kind."""

    kind: str
    name: str
    service: str
    facts: Mapping[str, Fact]


@dataclass(frozen=True, slots=True)
class Skipped:
    """A resource that gets no alarms at all."""

    resource: str
    reason: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """What could not be read. Empty fields stand for all: such alarms and dashboards stay as they are."""

    reason: str
    kind: str = ""
    service: str = ""
    resource: str = ""

    @property
    def name(self) -> str:
        """How it is called in the result."""
        return "/".join(part for part in (self.service, self.kind, self.resource) if part) or "discovery"

    def covers_alarm(self, kind: str, resource: str) -> bool:
        return self.kind in ("", kind) and self.resource in ("", resource)


@dataclass(slots=True)
class Inventory:
    """What is there, what is left out, and what is not known."""

    resources: list[Resource] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    unknown: list[Unknown] = field(default_factory=list)

    @property
    def services(self) -> list[str]:
        return sorted({resource.service for resource in self.resources})


def discover(
    tagging: ResourceGroupsTaggingAPIClient,
    lambda_: LambdaClient,
    stack: str,
    service_tags: Sequence[str],
    deadline: Deadline,
) -> Inventory:
    """Find every function whose tags name a service.

    service_tags: names of tags; the first that a function has and that is not empty counts.
    Raises nothing for what AWS refuses: that is in `unknown`.
    """
    inventory = Inventory()
    try:
        functions = list(_tagged_functions(tagging, stack, service_tags, inventory.skipped, deadline))
    except (ClientError, BotoCoreError, TimeoutError) as error:
        # Half a listing is no listing: the rest would look deleted.
        return Inventory(unknown=[Unknown(f"functions could not be listed: {reason_of(error)}")])
    try:
        streams = _functions_with_streams(lambda_, deadline)
    except (ClientError, BotoCoreError, TimeoutError) as error:
        inventory.unknown.append(Unknown(f"event sources could not be listed: {reason_of(error)}", kind="lambda"))
        services = {service for _, service in functions}
    else:
        services = {
            _add(inventory, function, service, _Reader(lambda_, streams, deadline)) for function, service in functions
        }
    inventory.resources += [Resource("logs", LOGS_RESOURCE, service, {}) for service in sorted(services - {""})]
    return inventory


def _tagged_functions(
    tagging: ResourceGroupsTaggingAPIClient,
    stack: str,
    service_tags: Sequence[str],
    skipped: list[Skipped],
    deadline: Deadline,
) -> Iterator[tuple[str, str]]:
    own = {f"{stack}-{component}" for component in names.COMPONENTS}
    for page in tagging.get_paginator("get_resources").paginate(ResourceTypeFilters=["lambda:function"]):
        deadline.check()
        for found in page["ResourceTagMappingList"]:
            function = found["ResourceARN"].partition(":function:")[2]
            tags = {tag["Key"]: tag["Value"] for tag in found["Tags"]}
            service = next((tags[tag] for tag in service_tags if tags.get(tag)), None)
            if function in own:
                skipped.append(Skipped(function, "Watchpost's own function"))
            elif service is None:
                skipped.append(Skipped(function, "no tag that names its service: " + ", ".join(service_tags)))
            elif ":" not in function:  # an alias or version is watched with its function
                yield function, service


def _functions_with_streams(lambda_: LambdaClient, deadline: Deadline) -> set[str]:
    functions = set()
    for page in lambda_.get_paginator("list_event_source_mappings").paginate():
        deadline.check()
        for mapping in page["EventSourceMappings"]:
            if any(stream in mapping.get("EventSourceArn", "") for stream in _STREAMS):
                # The ARN may end with an alias or a version.
                functions.add(mapping.get("FunctionArn", "").partition(":function:")[2].partition(":")[0])
    return functions


@dataclass(frozen=True, slots=True)
class _Reader:
    """What is needed to look at one function after another."""

    lambda_: LambdaClient
    streams: set[str]  # functions with a stream as their event source
    deadline: Deadline


def _add(inventory: Inventory, function: str, service: str, reader: _Reader) -> str:
    """Sort a function in. Returns its service, or nothing when it is gone."""
    if reader.deadline.passed():
        inventory.unknown.append(Unknown(NO_TIME, "lambda", service, function))
        return service
    try:
        facts = _facts(reader.lambda_, function, has_stream=function in reader.streams)
    except (ClientError, BotoCoreError) as error:
        if is_missing(error):
            inventory.skipped.append(Skipped(function, "deleted, though its tags are still listed"))
            return ""
        reason = f"its configuration could not be read: {reason_of(error)}"
        inventory.unknown.append(Unknown(reason, "lambda", service, function))
        return service
    inventory.resources.append(Resource("lambda", function, service, facts))
    return service


def _facts(lambda_: LambdaClient, function: str, *, has_stream: bool) -> dict[str, Fact]:
    live = lambda_.get_function_configuration(FunctionName=function)
    reserved = lambda_.get_function_concurrency(FunctionName=function).get("ReservedConcurrentExecutions")
    invoke = _event_invoke_config(lambda_, function)
    dead_letter_target = bool(live.get("DeadLetterConfig", {}).get("TargetArn"))
    destinations = (invoke or {}).get("DestinationConfig") or {}
    age = (invoke or {}).get("MaximumEventAgeInSeconds")
    return {
        "timeout_ms": live["Timeout"] * 1000,
        "memory_mb": live["MemorySize"],
        "reserved_concurrency": reserved,
        "stream_source": has_stream,
        "asynchronous": dead_letter_target or invoke is not None,
        "dead_letter_target": dead_letter_target,
        "destination": any(target.get("Destination") for target in destinations.values() if target),
        "maximum_event_age_ms": age * 1000 if age else MAXIMUM_EVENT_AGE_MS,
    }


def _event_invoke_config(lambda_: LambdaClient, function: str) -> dict[str, Any] | None:
    try:
        return dict(lambda_.get_function_event_invoke_config(FunctionName=function))
    except ClientError as error:
        # The function itself was found a moment ago, so it is the configuration that does not exist.
        if is_missing(error):
            return None
        raise
