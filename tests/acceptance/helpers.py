"""How the acceptance tests look at the deployed stack: from outside, as a user does."""

from __future__ import annotations

import base64
import gzip
import io
import json
import re
import time
import uuid
import zipfile
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import requests

from local import emulator, stack
from local.demo import evidence

if TYPE_CHECKING:
    from collections.abc import Callable

    from local.account import Account

PATIENCE = 120.0  # seconds that anything asynchronous may take on a busy machine
COMPLAINTS = ("WARNING", "ERROR", "Traceback", "Task timed out")  # of a function, in its log


def eventually(
    condition: Callable[[], Any], what: str, patience: float = PATIENCE, about: Callable[[], object] = str
) -> Any:
    """Wait until a condition holds and return what it returned.

    patience: seconds. about: tells more when it does not hold in that time.

    What does not hold soon is looked at less and less often: the emulator is one process, which answers nobody else
    while it gathers what a test looks at.
    """
    deadline, pause = time.monotonic() + patience, 0.1
    while not (outcome := condition()):
        assert time.monotonic() < deadline, f"{what} did not happen within {patience:.0f} s {about()}"
        time.sleep(pause)
        pause = min(1.2 * pause, 1.0)
    return outcome


def early_in_a_minute() -> None:
    """Wait until what is written now, and what comes of it, is of one minute.

    Lines are counted by the minute in which they were written, and the emulator forgets a datapoint after its period.
    """
    eventually(lambda: 3 <= time.time() % 60 <= 35, "the beginning of a minute")


def subscription_event(
    group: str, messages: list[str], *, filter_name: str = "", stream: str = "stream"
) -> dict[str, Any]:
    """What CloudWatch Logs sends to a subscribed function."""
    now = int(time.time() * 1000)
    payload = {
        "messageType": "DATA_MESSAGE",
        "owner": "000000000000",
        "logGroup": group,
        "logStream": stream,
        "subscriptionFilters": [filter_name],
        "logEvents": [
            {"id": f"{uuid.uuid4().int:039d}"[:38], "timestamp": now, "message": message} for message in messages
        ],
    }
    return packed(payload)


def packed(payload: dict[str, Any]) -> dict[str, Any]:
    """A payload as CloudWatch Logs packs it."""
    return {"awslogs": {"data": base64.b64encode(gzip.compress(json.dumps(payload).encode())).decode()}}


def documents(account: Account, group: str) -> list[dict[str, Any]]:
    """Every document of a log group, of all three data streams, in the order of the lines."""
    url = f"{account.elasticsearch_url}/logs-watchpost.*,metrics-watchpost.*"
    requests.post(f"{url}/_refresh", timeout=10).raise_for_status()
    body = {"size": 1000, "sort": ["@timestamp"], "query": {"term": {"aws.cloudwatch.log_group": group}}}
    answer = requests.post(f"{url}/_search", json=body, params={"ignore_unavailable": "true"}, timeout=10)
    answer.raise_for_status()
    return [hit["_source"] for hit in answer.json()["hits"]["hits"]]


def dead_letters(account: Account) -> list[dict[str, Any]]:
    """Every dead letter in the stack's bucket that a replay would look at."""
    s3, bucket = account.client("s3"), account.outputs()["DeadLetterBucket"]
    letters = []
    for item in s3.list_objects_v2(Bucket=bucket, Prefix="dead-letters/").get("Contents", []):
        body = s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read()
        letters += [json.loads(line) for line in gzip.decompress(body).splitlines()]
    return letters


def new_group(account: Account, tags: dict[str, str] | None = None) -> str:
    """Create a log group with a name of its own, and send the event that CloudTrail would."""
    group = f"/test/{uuid.uuid4().hex[:12]}"
    account.client("logs").create_log_group(logGroupName=group, tags=tags or {})
    announce(account, group)
    return group


def announce(account: Account, group: str) -> None:
    """Send the event that CloudTrail sends when a log group is created."""
    detail = {
        "eventSource": "logs.amazonaws.com",
        "eventName": "CreateLogGroup",
        "requestParameters": {"logGroupName": group},
    }
    entry = {"Source": "watchpost.test", "DetailType": "AWS API Call via CloudTrail", "Detail": json.dumps(detail)}
    answer = account.client("events").put_events(Entries=[entry])
    assert answer["FailedEntryCount"] == 0


def filters(account: Account, group: str) -> list[str]:
    """The names of a group's subscription filters."""
    described = account.client("logs").describe_subscription_filters(logGroupName=group)
    return [item["filterName"] for item in described["subscriptionFilters"]]


def write(account: Account, group: str, messages: list[str], stream: str = "stream") -> None:
    """Write lines into a log group."""
    logs = account.client("logs")
    if stream not in [item["logStreamName"] for item in logs.describe_log_streams(logGroupName=group)["logStreams"]]:
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
    now = int(time.time() * 1000)
    events = [{"timestamp": now + index, "message": message} for index, message in enumerate(messages)]
    logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)


def published(
    account: Account, metric: str, of: str, namespace: str = "Watchpost", dimension: str = "Service"
) -> tuple[float, float]:
    """What CloudWatch has of a metric: the sum and the number of samples of the last minutes.

    of: the dimension's value, such as a service.
    """
    now = datetime.now(UTC)
    points = account.client("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=metric,
        Dimensions=[{"Name": dimension, "Value": of}],
        StartTime=now - timedelta(minutes=5),
        EndTime=now + timedelta(minutes=5),
        Period=3600,
        Statistics=["Sum", "SampleCount"],
    )["Datapoints"]
    return sum(point["Sum"] for point in points), sum(point["SampleCount"] for point in points)


def block_writes(account: Account, index: str, blocked: bool | None) -> None:
    """Have Elasticsearch refuse documents of an index or a data stream; None: as it was."""
    settings = {"index.blocks.write": blocked}
    account.elasticsearch("PUT", f"{index}/_settings", json=settings).raise_for_status()


def archive(code: str = "def handler(event, context):\n    return 1\n") -> bytes:
    """A package of a function, whose handler is `app.handler`."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as files:
        files.writestr("app.py", code)
    return packed.getvalue()


def unanswered(account: Account, since: int, name: str = stack.STACK, region: str = emulator.REGION) -> int:
    """How many values were in calls that CloudWatch did not answer in time, by the log of a stack's shipper.

    Such a call is sent again, so its values can be there once more (docs/guarantees.md, bound 1). The emulator is one
    process, which a busy machine keeps from answering for seconds.
    since: milliseconds since 1970. name: of the stack.
    """
    words = "No answer to a call with"  # as the shipper logs it
    texts = _shipper_log(account, name, region, startTime=since, filterPattern=f'"{words}"')
    return sum(int(number) for text in texts for number in re.findall(rf"{words} (\d+) values", text))


def _shipper_log(account: Account, name: str = stack.STACK, region: str = emulator.REGION, **which: Any) -> list[str]:
    """What the shipper of a stack wrote. which: parameters of FilterLogEvents."""
    paginator = account.client("logs", region).get_paginator("filter_log_events")
    pages = paginator.paginate(logGroupName=f"/aws/lambda/{name}-shipper", **which)
    return [event["message"] for page in pages for event in page["events"]]


def every_line(account: Account) -> dict[str, evidence.Lines]:
    """The lines of the demo's services, once each has its document, if need be by a replay; else what may tell why."""
    counted = evidence.settled(account, seconds=240)
    missing = {service: dict(lines.missing) for service, lines in counted.items() if lines.missing}
    assert not missing, {
        "missing": missing,
        "dead letters": [letter["reason"] for letter in dead_letters(account)],
        "shipper": [text for text in _shipper_log(account) if any(word in text for word in COMPLAINTS)],
    }
    return counted


def client_as(
    account: Account, component: str, service: str, name: str = stack.STACK, region: str = emulator.REGION
) -> Any:
    """A client with the credentials of a function's role. name: of the stack."""
    function = account.outputs(name, region)[f"{component.capitalize()}Function"]
    role = account.client("lambda", region).get_function_configuration(FunctionName=function)["Role"]
    session = account.client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    return boto3.client(
        service,
        endpoint_url=account.endpoint,
        region_name=region,
        aws_access_key_id=session["AccessKeyId"],
        aws_secret_access_key=session["SecretAccessKey"],
        aws_session_token=session["SessionToken"],
    )
