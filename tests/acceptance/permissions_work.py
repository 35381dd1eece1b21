"""Has each function of a stack do all that it can do, once: one scenario for each role of the template."""

from __future__ import annotations

import base64
import gzip
import json
import time
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import requests
from subscriber.leave import LINKS, MARKER
from watchpost import names
from watchpost.ledger import Ledger

from local import emulator
from tests.acceptance.helpers import eventually, subscription_event
from tests.acceptance.permissions_keepers import JANITOR, look_out, tidy
from tests.acceptance.permissions_world import FUNCTION, SERVICE

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.acceptance.permissions_world import World

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
REASON = "Elasticsearch is unavailable (503): away"


def _afresh(world: World, component: str) -> None:
    """Have a function forget what it knows: with another environment it starts anew."""
    functions, function = world.client("lambda"), world.stack.outputs[f"{component.capitalize()}Function"]
    variables = functions.get_function_configuration(FunctionName=function)["Environment"]["Variables"]
    functions.update_function_configuration(
        FunctionName=function, Environment={"Variables": {**variables, "AFRESH": uuid.uuid4().hex}}
    )


def _receivers(world: World) -> None:
    """Of all that are told, one is there, one is not, and one gets mail."""
    secrets, outputs = world.client("secretsmanager"), world.stack.outputs
    hook = {"type": "webhook", "allow_insecure": True, "allow_private": True}
    receivers = [
        {**hook, "name": "there", "url": world.webhook},
        {**hook, "name": "away", "url": world.away},
        {"name": "mail", "type": "email"},
    ]
    secrets.put_secret_value(SecretId=outputs["NotificationSecret"], SecretString=json.dumps({"receivers": receivers}))


def read_earlier_configuration(world: World) -> None:
    """A configuration that is wrong: the functions that follow it take the version before."""
    world.stack.configure({"alarms": "none"})
    events = {
        "shipper": subscription_event("/till/plain", ["a line"], filter_name="watchpost"),
        "subscriber": {"action": "sweep"},
        "provisioner": {"action": "plan"},
        "janitor": {"dry_run": True},
    }
    for component, event in events.items():
        _afresh(world, component)
        world.invoke(component, event)
    _receivers(world)
    _afresh(world, "notifier")
    _ring(world, f"{world.stack.name}/{SERVICE}/{FUNCTION}/throttles", "WarningTopic")


def ship(world: World) -> None:
    """Lines with a metric of a group that the whole account's policy subscribes, and a payload that is none."""
    _afresh(world, "shipper")
    lines = ["a line", "MONITORING|7|Count|things|test"]
    world.invoke("shipper", subscription_event("/till/plain", lines, filter_name="watchpost"))
    broken = {"awslogs": {"data": base64.b64encode(b"\x1f\x8b not gzip").decode()}}
    world.invoke("shipper", broken)


def subscribe(world: World) -> None:
    """A sweep by rules, groups that are announced, one of them of a function, and one that a rule excludes later."""
    stack = world.stack
    stack.sweep()
    stack.announce(f"/aws/lambda/{FUNCTION}")
    eventually(lambda: f"/aws/lambda/{FUNCTION}" in stack.ledger(), "the entry of a function's group")
    stack.logs.create_log_group(logGroupName="/chatty/new")
    stack.announce("/chatty/new")
    eventually(lambda: stack.filters("/chatty/new"), "the subscription of a new group")
    world.configure({**_RULES, "subscriptions": {"rules": [_excluded("/chatty/"), *_RULES["subscriptions"]["rules"]]}})
    stack.sweep()
    assert stack.filters("/chatty/new") == {}


def provision(world: World) -> None:
    """Alarms and dashboards for the service, and the end of those of a function that is gone."""
    world.invoke("provisioner", {"action": "apply"})
    world.client("lambda").delete_function(FunctionName="till-old")
    # An alarm whose threshold is another one now, and whose tags somebody has changed.
    region, account = world.stack.region, emulator.ACCOUNT
    function = f"arn:aws:lambda:{region}:{account}:function:{FUNCTION}"
    world.client("lambda").tag_resource(Resource=function, Tags={"watchpost:errors": "7"})
    alarm = f"arn:aws:cloudwatch:{region}:{account}:alarm:{world.stack.name}/{SERVICE}/{FUNCTION}/errors"
    tags = world.client("cloudwatch").list_tags_for_resource(ResourceARN=alarm)["Tags"]
    taken = [tag["Key"] for tag in tags if tag["Key"] != names.OWNER_TAG]
    world.client("cloudwatch").untag_resource(ResourceARN=alarm, TagKeys=taken)
    world.invoke("provisioner", {"action": "apply"})


def notify(world: World) -> None:
    """An alarm by a webhook, by mail and to nobody; one that waits for the end of quiet hours; a picture of one."""
    _ring(world, f"{world.stack.name}/{SERVICE}/{FUNCTION}/throttles", "WarningTopic")
    _ring(world, f"{world.stack.name}/{SERVICE}/service/unhealthy", "CriticalTopic")
    world.invoke("notifier", {"deferred": True})
    # What a link in a message does: its address is signed as the notifier.
    s3 = world.stack.client_as("notifier", "s3")
    [drawn] = world.client("s3").list_objects_v2(Bucket=world.bucket, Prefix="graphs/")["Contents"][:1]
    address = s3.generate_presigned_url("get_object", Params={"Bucket": world.bucket, "Key": drawn["Key"]})
    assert requests.get(address, timeout=20).content.startswith(b"\x89PNG")


def _ring(world: World, alarm: str, topic: str) -> None:
    message = {
        "AlarmName": alarm,
        "AlarmDescription": "",
        "AWSAccountId": emulator.ACCOUNT,
        "NewStateValue": "ALARM",
        "OldStateValue": "OK",
        "NewStateReason": "Threshold Crossed",
        "StateChangeTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000"),
        "AlarmArn": f"arn:aws:cloudwatch:{world.stack.region}:{emulator.ACCOUNT}:alarm:{alarm}",
        "Region": "Here",
    }
    if topic == "CriticalTopic":
        message |= {"AlarmRule": f'ALARM("{world.stack.name}/{SERVICE}/{FUNCTION}/errors")', "TriggeringChildren": []}
    else:
        message["Trigger"] = {
            "MetricName": "Throttles",
            "Namespace": "AWS/Lambda",
            "Statistic": "SUM",
            "Dimensions": [{"name": "FunctionName", "value": FUNCTION}],
            "Period": 60,
            "EvaluationPeriods": 1,
            "ComparisonOperator": "GreaterThanThreshold",
            "Threshold": 0.0,
        }
    sns = {"TopicArn": world.stack.outputs[topic], "Subject": "x", "Message": json.dumps(message)}
    world.invoke("notifier", {"Records": [{"Sns": {**sns, "MessageId": str(uuid.uuid4())}}]})


def replay(world: World) -> None:
    """Letters of which some are asked for, one that nobody takes, and the event of a failed invocation."""
    letters = [_letter(reason, message) for reason, message in ((REASON, "now"), ("another", "later"))]
    poison = _letter(REASON, "never")
    poison["original"]["document"]["@timestamp"] = "no time at all"
    world.put(f"dead-letters/2026/01/01/{uuid.uuid4()}.ndjson.gz", _packed([*letters, poison]))
    shipper = world.stack.outputs["ShipperFunction"]
    failed = {
        "version": "1.0",
        "timestamp": "2026-01-01T00:00:00.000Z",
        "requestContext": {
            "requestId": str(uuid.uuid4()),
            "functionArn": f"{world.stack.shipper}:$LATEST",
            "condition": "RetriesExhausted",
            "approximateInvokeCount": 3,
        },
        "requestPayload": subscription_event("/till/plain", ["from a failed invocation"]),
    }
    world.put(f"aws/lambda/async/{shipper}/2026/01/01/{uuid.uuid4()}", json.dumps(failed).encode())
    world.invoke("replay", {"dryRun": False, "reason": REASON})
    world.invoke("replay", {"dryRun": False})
    world.invoke("replay", {"dryRun": False, "rejected": True})


def _letter(reason: str, message: str) -> dict[str, Any]:
    document = {
        "@timestamp": datetime.now(UTC).isoformat(),
        "message": message,
        "data_stream": {"type": "logs", "dataset": "watchpost.app", "namespace": "dev"},
        "aws": {"cloudwatch": {"log_group": "/till/plain", "log_stream": "stream"}},
    }
    original = {"index": "logs-watchpost.app-dev", "id": uuid.uuid4().hex, "document": document}
    return {"kind": "document", "reason": reason, "attempts": 6, "original": original}


def _packed(letters: list[dict[str, Any]]) -> bytes:
    return gzip.compress("".join(json.dumps(letter) + "\n" for letter in letters).encode())


def leave_in_parts(world: World) -> None:
    """A removal that has to wait for longer than an invocation has time: the subscriber hands it to the next one."""
    functions, name = world.client("lambda"), world.stack.outputs["SubscriberFunction"]
    ledger = Ledger(world.client("dynamodb"), world.stack.outputs["LedgerTable"])
    assert ledger.claim("somebody", time.time() + 3_600, time.time())
    functions.update_function_configuration(FunctionName=name, Timeout=20)
    where = {"Bucket": world.bucket, "Key": f"aws/{uuid.uuid4()}"}
    event = {
        "RequestType": "Delete",
        "ResponseURL": world.client("s3").generate_presigned_url("put_object", Params=where),
        "StackId": "x",
        "RequestId": "x",
        "LogicalResourceId": "Subscriptions",
        "ResourceProperties": {},
        MARKER: {"began": time.time(), "link": LINKS - 1},
    }
    assert world.invoke("subscriber", event)["answer"] == "NONE YET"
    eventually(
        lambda: world.client("s3").list_objects_v2(Bucket=world.bucket, Prefix=where["Key"])["KeyCount"], "the end"
    )
    functions.update_function_configuration(FunctionName=name, Timeout=900)
    assert ledger.claim("somebody", time.time(), time.time())


def _excluded(prefix: str) -> dict[str, Any]:
    return {"name": "off", "match": {"prefix": prefix}, "exclude": True}


def rules(world: World, role: str) -> dict[str, Any]:
    """A configuration that has the functions do everything."""
    today = datetime.now(UTC).weekday()
    stream = f"arn:aws:kinesis:{world.stack.region}:{emulator.ACCOUNT}:stream/till-events"
    function = f"arn:aws:lambda:{world.stack.region}:{emulator.ACCOUNT}:function:{FUNCTION}"
    _RULES.update(
        logs={"retention_days": 30},
        janitor=JANITOR,
        subscriptions={
            "rules": [
                {"name": "errors", "match": {"prefix": "/chatty/"}, "filter_pattern": "ERROR"},
                {"name": "own", "match": {"prefix": "/own/"}, "destination": {"arn": stream, "role": role}},
                {"name": "fed", "match": {"prefix": "/fed/"}, "destination": {"arn": function}},
            ]
        },
        notifications={
            "routes": [
                {"to": ["there", "mail"]},
                {"to": ["away"], "severity": ["critical"]},
                {"to": ["there"], "quiet_hours": "now"},
            ],
            "quiet_hours": {"now": {"from": "00:00", "to": "00:00", "days": [DAYS[today], DAYS[(today + 1) % 7]]}},
        },
    )
    return _RULES


_RULES: dict[str, Any] = {}
SCENARIOS: dict[str, Callable[[World], None]] = {
    "ShipperRole": ship,
    "SubscriberRole": subscribe,
    "ProvisionerRole": provision,
    "NotifierRole": notify,
    "ReplayRole": replay,
    "CanaryRole": look_out,
    "JanitorRole": tidy,
}
