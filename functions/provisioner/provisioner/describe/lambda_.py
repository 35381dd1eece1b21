"""Lambda functions: timeout, memory, reserved concurrency, event sources, asynchronous invocation.

IAM: lambda:ListFunctions, lambda:ListEventSourceMappings, lambda:GetAccountSettings (for no resource in particular);
lambda:GetFunctionConcurrency, lambda:GetFunctionEventInvokeConfig for the account's functions;
kinesis:DescribeStreamSummary for its streams.

All functions share 15 such calls a second (Lambda Developer Guide, "Lambda quotas"), so what a listing tells is taken
from it: one call for each function, and a second one in accounts with reserved concurrency, instead of three.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from provisioner.describe.kinesis import HOUR_MS, summary
from provisioner.failures import is_missing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from provisioner.inventory import Found
    from provisioner.reader import Reader

MAXIMUM_EVENT_AGE_MS = 6 * HOUR_MS  # Lambda's default (API reference, FunctionEventInvokeConfig)
DYNAMODB_STREAM_MS = 24 * HOUR_MS  # fixed (DynamoDB Developer Guide, "Change data capture for DynamoDB Streams")


def describe(found: Sequence[Found], reader: Reader) -> None:
    """One call for 50 functions, one for 100 event sources, one or two for each function, one for each stream."""
    with reader.listing("functions and their event sources", found[0].kind, {one.service for one in found}):
        functions = {one["FunctionName"]: one for one in reader.pages("lambda", "list_functions", "Functions")}
        streams = _streams(reader)
        reserved = _may_be_reserved(reader)

        def look(one: Found) -> None:
            if one.name not in functions:
                reader.gone(one)
                return
            sources = streams.get(one.name, ())
            facts = _facts(reader, functions[one.name], sources, reserved=reserved)
            reader.add(one.resource(facts, deployed=str(functions[one.name].get("LastModified", ""))))

        reader.each(found, look)


def _streams(reader: Reader) -> dict[str, list[str]]:
    """The ARNs of each function's streams; other event sources report no iterator age."""
    streams: dict[str, list[str]] = {}
    for mapping in reader.pages("lambda", "list_event_source_mappings", "EventSourceMappings"):
        source = mapping.get("EventSourceArn", "")
        if source.split(":")[2:3] in (["kinesis"], ["dynamodb"]):
            # The function's ARN may end with an alias or a version, the stream's with a consumer of it.
            function = mapping.get("FunctionArn", "").partition(":function:")[2].partition(":")[0]
            streams.setdefault(function, []).append(source.partition("/consumer/")[0])
    return streams


def _may_be_reserved(reader: Reader) -> bool:
    """Whether any function can have reserved concurrency: when nothing is taken from the account's, none has."""
    try:
        limit = reader.call("lambda", "get_account_settings")["AccountLimit"]
    except (ClientError, BotoCoreError):
        return True  # then each function is asked, which tells the same
    return bool(limit.get("UnreservedConcurrentExecutions") != limit["ConcurrentExecutions"])


def _facts(reader: Reader, live: Mapping[str, Any], sources: Sequence[str], *, reserved: bool) -> dict[str, Any]:
    name = live["FunctionName"]
    invoke = _event_invoke_config(reader, name)
    concurrency = reader.call("lambda", "get_function_concurrency", FunctionName=name) if reserved else {}
    retentions = [retention for source in sources if (retention := _retention_ms(reader, source)) is not None]
    dead_letter_target = bool((live.get("DeadLetterConfig") or {}).get("TargetArn"))
    destinations = (invoke or {}).get("DestinationConfig") or {}
    age = (invoke or {}).get("MaximumEventAgeInSeconds")
    return {
        "timeout_ms": live["Timeout"] * 1000,
        "memory_mb": live["MemorySize"],
        "architecture": next(iter(live.get("Architectures") or ()), "x86_64"),  # Lambda's default
        "reserved_concurrency": concurrency.get("ReservedConcurrentExecutions"),
        "stream_source": bool(retentions),
        "stream_retention_ms": min(retentions, default=None),
        "asynchronous": dead_letter_target or invoke is not None,
        "dead_letter_target": dead_letter_target,
        "destination": any(target.get("Destination") for target in destinations.values() if target),
        "maximum_event_age_ms": age * 1000 if age else MAXIMUM_EVENT_AGE_MS,
    }


def _event_invoke_config(reader: Reader, function: str) -> dict[str, Any] | None:
    try:
        return reader.call("lambda", "get_function_event_invoke_config", FunctionName=function)
    except ClientError as error:
        # The function itself was listed a moment ago, so it is the configuration that does not exist.
        if is_missing(error):
            return None
        raise


def _retention_ms(reader: Reader, stream: str) -> int | None:
    """How long a stream keeps records; None for one that does not exist any more, though it is still mapped."""
    if stream.split(":")[2] == "dynamodb":
        return DYNAMODB_STREAM_MS
    try:
        return int(summary(reader, stream)["RetentionPeriodHours"]) * HOUR_MS
    except ClientError as error:
        if is_missing(error):
            return None
        raise
