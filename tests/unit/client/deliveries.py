"""AWS as far as the client's tests need it: takes calls of boto3 without a network, and makes events of them."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import botocore.session

if TYPE_CHECKING:
    from collections.abc import Callable

ARN = "arn:aws:{}:eu-west-1:123456789012:{}"
TOPIC, QUEUE = ARN.format("sns", "orders"), "https://sqs.eu-west-1.amazonaws.com/123456789012/orders"
MACHINE = ARN.format("states", "stateMachine:orders")


def session() -> Any:
    """A session of botocore that looks for nothing on this machine."""
    made = botocore.session.Session(session_vars={"config_file": (None, None, "/dev/null", None)})
    made.set_credentials("key", "secret")
    return made


@dataclass
class Cloud:
    """Takes the requests of its clients, as they would go out."""

    session: Any = field(default_factory=session)
    requests: list[dict[str, Any]] = field(default_factory=list)
    clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        if service not in self.clients:
            made = self.session.create_client(service, region_name="eu-west-1")
            made.meta.events.register_first("before-call.*.*", self._take)
            self.clients[service] = made
        return self.clients[service]

    def _take(self, params: dict[str, Any], **_: Any) -> Any:
        self.requests.append(params)
        return SimpleNamespace(status_code=200, headers={}), {}

    def sent(self, service: str, operation: str, **params: Any) -> Any:
        """What a call sends, as its service reads it."""
        getattr(self.client(service), operation)(**params)
        request = self.requests.pop()
        assert not self.requests
        return read(service, request["body"])


def read(service: str, body: Any) -> Any:
    """The parameters in the body of a request."""
    if service == "sns":
        return _of_form(body)
    if service == "lambda":
        return body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else body
    return json.loads(body)


def _of_form(form: dict[str, str]) -> dict[str, Any]:
    """The query protocol, as far as SNS uses it: a.entry.1.Name → attributes by name, a.member.1.b → lists."""
    found: dict[str, Any] = {}
    for key, value in form.items():
        match key.split(".", 3):
            case ["PublishBatchRequestEntries", "member", number, rest]:
                found.setdefault("entries", {}).setdefault(int(number), {})[rest] = value
            case ["MessageAttributes", "entry", number, rest]:
                found.setdefault("attributes", {}).setdefault(int(number), {})[rest] = value
            case _:
                found[key] = value
    if "entries" in found:
        return {**found, "entries": [_of_form(entry) for _, entry in sorted(found["entries"].items())]}
    attributes = found.pop("attributes", {}).values()
    found["MessageAttributes"] = {
        item["Name"]: {"DataType": item["Value.DataType"], "StringValue": item.get("Value.StringValue")}
        for item in attributes
    }
    return found


# What AWS makes of it: events as Lambda hands them over.


def sqs_event(message: dict[str, Any]) -> dict[str, Any]:
    attributes = {
        name: {"dataType": item["DataType"], "stringValue": item.get("StringValue")}
        for name, item in message.get("MessageAttributes", {}).items()
    }
    return _records("aws:sqs", messageId="m", body=message["MessageBody"], messageAttributes=attributes)


def sns_event(message: dict[str, Any]) -> dict[str, Any]:
    return {"Records": [{"EventSource": "aws:sns", "Sns": _notification(message)}]}


def sns_in_sqs_event(message: dict[str, Any]) -> dict[str, Any]:
    return _records("aws:sqs", body=json.dumps(_notification(message)), messageAttributes={})


def raw_sns_in_sqs_event(message: dict[str, Any]) -> dict[str, Any]:
    return sqs_event({"MessageBody": message["Message"], "MessageAttributes": message["MessageAttributes"]})


def _notification(message: dict[str, Any]) -> dict[str, Any]:
    attributes = {
        name: {"Type": item["DataType"], "Value": item["StringValue"]}
        for name, item in message["MessageAttributes"].items()
    }
    return {"Type": "Notification", "TopicArn": TOPIC, "Message": message["Message"], "MessageAttributes": attributes}


def kinesis_event(record: dict[str, Any]) -> dict[str, Any]:
    return _records("aws:kinesis", kinesis={"data": record["Data"], "sequenceNumber": "1"})


def eventbridge_event(entry: dict[str, Any]) -> dict[str, Any]:
    return {"detail-type": entry["DetailType"], "source": entry["Source"], "detail": json.loads(entry["Detail"])}


def eventbridge_in_sqs_event(entry: dict[str, Any]) -> dict[str, Any]:
    return _records("aws:sqs", body=json.dumps(eventbridge_event(entry)), messageAttributes={})


def _records(source: str, **record: Any) -> dict[str, Any]:
    return {"Records": [{"eventSource": source, **record}]}


@dataclass(frozen=True)
class Call:
    """One operation: its parameters for a payload, and what comes out of it."""

    service: str
    operation: str
    params: Callable[[str], dict[str, Any]]
    events: Callable[[Any], list[dict[str, Any]]]
    payload: Callable[[Any], list[str]]  # of what was sent
    holds: str  # `attributes` or `object`


def _sqs(body: str) -> dict[str, Any]:
    return {"QueueUrl": QUEUE, "MessageBody": body}


def _sqs_batch(body: str) -> dict[str, Any]:
    return {"QueueUrl": QUEUE, "Entries": [{"Id": str(number), "MessageBody": body} for number in range(3)]}


def _sns_batch(body: str) -> dict[str, Any]:
    entries = [{"Id": str(number), "Message": body} for number in range(3)]
    return {"TopicArn": TOPIC, "PublishBatchRequestEntries": entries}


def _event(body: str) -> dict[str, Any]:
    return {"Source": "shop", "DetailType": "order", "Detail": body}


def _data(record: dict[str, Any]) -> str:
    return base64.b64decode(record["Data"]).decode()


CALLS = {
    "sqs": Call(
        "sqs", "send_message", _sqs, lambda sent: [sqs_event(sent)], lambda sent: [sent["MessageBody"]], "attributes"
    ),
    "sqs-batch": Call(
        "sqs",
        "send_message_batch",
        _sqs_batch,
        lambda sent: [sqs_event(entry) for entry in sent["Entries"]],
        lambda sent: [entry["MessageBody"] for entry in sent["Entries"]],
        "attributes",
    ),
    "sns": Call(
        "sns",
        "publish",
        lambda body: {"TopicArn": TOPIC, "Message": body},
        lambda sent: [sns_event(sent), sns_in_sqs_event(sent), raw_sns_in_sqs_event(sent)],
        lambda sent: [sent["Message"]],
        "attributes",
    ),
    "sns-batch": Call(
        "sns",
        "publish_batch",
        _sns_batch,
        lambda sent: [sns_in_sqs_event(entry) for entry in sent["entries"]],
        lambda sent: [entry["Message"] for entry in sent["entries"]],
        "attributes",
    ),
    "kinesis": Call(
        "kinesis",
        "put_record",
        lambda body: {"StreamName": "orders", "Data": body, "PartitionKey": "k"},
        lambda sent: [kinesis_event(sent)],
        lambda sent: [_data(sent)],
        "object",
    ),
    "kinesis-batch": Call(
        "kinesis",
        "put_records",
        lambda body: {"StreamName": "orders", "Records": [{"Data": body.encode(), "PartitionKey": "k"}] * 3},
        lambda sent: [kinesis_event(record) for record in sent["Records"]],
        lambda sent: [_data(record) for record in sent["Records"]],
        "object",
    ),
    "eventbridge": Call(
        "events",
        "put_events",
        lambda body: {"Entries": [_event(body), _event(body)]},
        lambda sent: [
            make(entry) for entry in sent["Entries"] for make in (eventbridge_event, eventbridge_in_sqs_event)
        ],
        lambda sent: [entry["Detail"] for entry in sent["Entries"]],
        "object",
    ),
    "lambda": Call(
        "lambda",
        "invoke",
        lambda body: {"FunctionName": "orders", "Payload": body},
        lambda sent: [json.loads(sent)],
        lambda sent: [sent.decode()],
        "object",
    ),
    "step-functions": Call(
        "stepfunctions",
        "start_execution",
        lambda body: {"stateMachineArn": MACHINE, "input": body},
        lambda sent: [json.loads(sent["input"]), {"Input": json.loads(sent["input"]), "Id": "execution"}],
        lambda sent: [sent["input"]],
        "object",
    ),
    "step-functions-sync": Call(
        "stepfunctions",
        "start_sync_execution",
        lambda body: {"stateMachineArn": MACHINE, "input": body},
        lambda sent: [json.loads(sent["input"])],
        lambda sent: [sent["input"]],
        "object",
    ),
}
