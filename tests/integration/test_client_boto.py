"""Clients of boto3 against an AWS: what is sent with the context arrives with it, by every way there is."""

from __future__ import annotations

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from watchpost_client import carriers, correlation, instrument, wire
from watchpost_client.context import Context

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
CONTEXT = Context("c-1", {"tenant": "t-1"}, True, PARENT, "a=1", "k=v")
EXPECTED = wire.write(CONTEXT)


@pytest.fixture
def session() -> Iterator[boto3.Session]:
    with mock_aws():
        made = boto3.Session(region_name="eu-west-1")
        instrument(made, http=False)
        yield made


@pytest.fixture
def queue(session: boto3.Session) -> Any:
    return session.resource("sqs").create_queue(QueueName="orders")


def _events(queue: Any) -> list[dict[str, Any]]:
    """The messages in a queue, as Lambda hands them over, by the order of their bodies."""
    found = queue.receive_messages(MaxNumberOfMessages=10, MessageAttributeNames=["All"])
    events = []
    for message in sorted(found, key=lambda item: str(item.body)):
        attributes = {
            name: {"dataType": item["DataType"], "stringValue": item.get("StringValue")}
            for name, item in (message.message_attributes or {}).items()
        }
        record = {"eventSource": "aws:sqs", "body": message.body, "messageAttributes": attributes}
        events.append({"Records": [{**record, "messageId": message.message_id}]})
    return events


def _told(event: Any) -> tuple[str, dict[str, str]]:
    found = carriers.of_event(event)
    return found.origin, wire.write(found)


def test_messages_of_sqs_arrive_with_the_context_from_clients_and_resources(session: boto3.Session, queue: Any) -> None:
    with correlation.use(CONTEXT):
        session.client("sqs").send_message(QueueUrl=queue.url, MessageBody="1")
        queue.send_message(MessageBody="2")
        answer = queue.send_messages(Entries=[{"Id": str(number), "MessageBody": str(number)} for number in (3, 4)])

    assert len(answer["Successful"]) == 2
    assert [_told(event) for event in _events(queue)] == [("sqs", EXPECTED)] * 4


@pytest.mark.parametrize(("raw", "origin"), [("false", "sns-in-sqs"), ("true", "sqs")])
def test_messages_of_sns_arrive_in_a_queue_with_the_context(
    session: boto3.Session, queue: Any, raw: str, origin: str
) -> None:
    sns = session.client("sns")
    topic = sns.create_topic(Name="orders")["TopicArn"]
    sns.subscribe(
        TopicArn=topic,
        Protocol="sqs",
        Endpoint=queue.attributes["QueueArn"],
        Attributes={"RawMessageDelivery": raw},
    )

    with correlation.use(CONTEXT):
        sns.publish(TopicArn=topic, Message="1")
        sns.publish_batch(
            TopicArn=topic,
            PublishBatchRequestEntries=[{"Id": str(number), "Message": str(number)} for number in (2, 3)],
        )

    assert [_told(event) for event in _events(queue)] == [(origin, EXPECTED)] * 3


def test_records_of_kinesis_arrive_with_the_context(session: boto3.Session) -> None:
    kinesis = session.client("kinesis")
    kinesis.create_stream(StreamName="orders", ShardCount=1)

    with correlation.use(CONTEXT):
        kinesis.put_record(StreamName="orders", Data=b'{"order": 1}', PartitionKey="k")
        entries: list[Any] = [{"Data": data, "PartitionKey": "k"} for data in ('{"order": 2}', b"\x00\xff")]
        kinesis.put_records(StreamName="orders", Records=entries)

    shard = kinesis.describe_stream(StreamName="orders")["StreamDescription"]["Shards"][0]["ShardId"]
    iterator = kinesis.get_shard_iterator(StreamName="orders", ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    found = [item["Data"] for item in kinesis.get_records(ShardIterator=iterator["ShardIterator"])["Records"]]
    events = [
        {"Records": [{"eventSource": "aws:kinesis", "kinesis": {"data": base64.b64encode(data).decode()}}]}
        for data in found
    ]
    assert [_told(event) for event in events] == [("kinesis", EXPECTED)] * 2 + [("kinesis", {wire.ID: ""})]
    assert [json.loads(data)["order"] for data in found[:2]] == [1, 2]
    assert found[2] == b"\x00\xff"


def test_an_execution_of_step_functions_begins_with_the_context(session: boto3.Session) -> None:
    states = session.client("stepfunctions")
    definition = json.dumps({"StartAt": "a", "States": {"a": {"Type": "Pass", "End": True}}})
    role = "arn:aws:iam::123456789012:role/states"
    machine = states.create_state_machine(name="orders", definition=definition, roleArn=role)["stateMachineArn"]

    with correlation.use(CONTEXT):
        started = states.start_execution(stateMachineArn=machine, input='{"order": 1}')

    found = json.loads(states.describe_execution(executionArn=started["executionArn"])["input"])
    assert found == {"order": 1, wire.KEY: EXPECTED}


@pytest.fixture
def service() -> Iterator[tuple[str, list[bytes]]]:
    """The URL of a service that keeps the bodies of its requests, which moto does not show."""
    invoked: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            invoked.append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", invoked
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def client(service: tuple[str, list[bytes]]) -> Callable[[str], Any]:
    """Makes clients of that service."""
    session = boto3.Session(aws_access_key_id="x", aws_secret_access_key="x", region_name="eu-west-1")
    instrument(session, http=False)
    return lambda name: session.client(name, endpoint_url=service[0])


def test_events_of_eventbridge_carry_the_context_in_their_details(
    client: Callable[[str], Any], service: tuple[str, list[bytes]]
) -> None:
    details = [json.dumps({"n": 1}), json.dumps({"n": 2}), "no json"]

    with correlation.use(CONTEXT):
        client("events").put_events(
            Entries=[{"Source": "shop", "DetailType": "order", "Detail": detail} for detail in details]
        )

    sent = [entry["Detail"] for entry in json.loads(service[1][0])["Entries"]]
    assert [json.loads(detail) for detail in sent[:2]] == [{"n": number, wire.KEY: EXPECTED} for number in (1, 2)]
    assert sent[2] == "no json"
    assert _told({"detail-type": "order", "detail": json.loads(sent[0])}) == ("eventbridge", EXPECTED)


def test_a_function_is_invoked_with_the_context(client: Callable[[str], Any], service: tuple[str, list[bytes]]) -> None:
    """The request as a whole is right: its length is the one of what is sent."""
    functions, invoked = client("lambda"), service[1]

    with correlation.use(CONTEXT):
        for payload in ('{"order": 1}', b'{"order": 1}', "[1]", b"not json"):
            functions.invoke(FunctionName="orders", Payload=payload)
        functions.invoke(FunctionName="orders", Payload=b'{"order": 1}', InvocationType="Event")

    whole = {"order": 1, wire.KEY: EXPECTED}
    assert [json.loads(body) for body in (invoked[0], invoked[1], invoked[4])] == [whole] * 3
    assert invoked[2:4] == [b"[1]", b"not json"]
    assert _told(json.loads(invoked[0])) == ("direct", EXPECTED)


def test_errors_of_aws_come_through_as_they_are(session: boto3.Session) -> None:
    sqs = session.client("sqs")

    with correlation.use(CONTEXT), pytest.raises(sqs.exceptions.QueueDoesNotExist):
        sqs.send_message(QueueUrl="https://sqs.eu-west-1.amazonaws.com/123456789012/none", MessageBody="m")
    with correlation.use(CONTEXT), pytest.raises(ClientError):
        session.client("stepfunctions").start_execution(stateMachineArn="arn:aws:states:eu-west-1:1:stateMachine:none")
