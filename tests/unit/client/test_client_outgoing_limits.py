"""No message is refused because of its context: what has no room for all of it carries less, or none, and says so."""

from __future__ import annotations

import base64
import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from watchpost_client import correlation, instrument, wire
from watchpost_client.context import Context
from watchpost_client.outgoing import room

from .deliveries import ARN, QUEUE, TOPIC, Cloud

if TYPE_CHECKING:
    from collections.abc import Callable

CONTEXT = Context("c-1", {"tenant": "t-1"}, True)
NAMES = list(wire.write(CONTEXT))
KIB, MIB = 1_024, 1_048_576
ID_ATTRIBUTE = len("x-correlation-id" + "String" + "c-1")
ALL_ATTRIBUTES = (
    ID_ATTRIBUTE + len("debug-log-enabled" + "String" + "true") + len("x-correlation-tenant" + "String" + "t-1")
)
ID_OBJECT = len(',"__context__":{"x-correlation-id":"c-1"}')
ALL_OBJECT = ID_OBJECT + len(',"debug-log-enabled":"true"') + len(',"x-correlation-tenant":"t-1"')


@pytest.fixture(scope="module")
def cloud() -> Cloud:
    made = Cloud()
    instrument(made.session, http=False)
    return made


def _names(sent: Any) -> list[str]:
    """The names of the context that was sent."""
    if isinstance(sent, bytes | str):
        return list(json.loads(sent).get(wire.KEY, {}))
    return list(sent.get("MessageAttributes", {}))


def _object(size: int) -> str:
    """A JSON object of so many bytes."""
    return '{"a":"' + "x" * (size - len('{"a":""}')) + '"}'


def _sqs(cloud: Cloud, size: int) -> Any:
    return cloud.sent("sqs", "send_message", QueueUrl=QUEUE, MessageBody="é" * (size // 2) + "x" * (size % 2))


def _sns(cloud: Cloud, size: int) -> Any:
    return cloud.sent("sns", "publish", TopicArn=TOPIC, Message="x" * size)


def _sns_batch(cloud: Cloud, size: int) -> Any:
    entries = [{"Id": "0", "Message": "x" * size}]
    return cloud.sent("sns", "publish_batch", TopicArn=TOPIC, PublishBatchRequestEntries=entries)["entries"][0]


def _sqs_batch(cloud: Cloud, size: int) -> Any:
    entries = [{"Id": "0", "MessageBody": "x" * size}]
    return cloud.sent("sqs", "send_message_batch", QueueUrl=QUEUE, Entries=entries)["Entries"][0]


def _kinesis(cloud: Cloud, size: int) -> Any:
    key = "key"  # counts
    record = {"Data": _object(size - len(key)), "PartitionKey": key}
    return base64.b64decode(
        cloud.sent("kinesis", "put_records", StreamName="s", Records=[record])["Records"][0]["Data"]
    )


def _events(cloud: Cloud, size: int) -> Any:
    """Source, type, resources and time count as well; the size is to be less than the limit."""
    entry = {"Source": "shop", "DetailType": "order", "Resources": ["r1", "r2"], "Time": 1_700_000_000}
    rest = len("shop" + "order" + "r1" + "r2") + 14
    entry["Detail"] = _object(size - 1 - rest)
    return cloud.sent("events", "put_events", Entries=[entry])["Entries"][0]["Detail"]


def _invoke(cloud: Cloud, size: int) -> Any:
    return cloud.sent("lambda", "invoke", FunctionName="f", Payload=_object(size))


def _invoke_file(cloud: Cloud, size: int) -> Any:
    sent = cloud.sent("lambda", "invoke", FunctionName="f", Payload=io.BytesIO(_object(size).encode()))
    return sent if isinstance(sent, bytes) else sent.read()


def _invoke_async(cloud: Cloud, size: int) -> Any:
    return cloud.sent("lambda", "invoke", FunctionName="f", Payload=_object(size), InvocationType="Event")


def _start(cloud: Cloud, size: int) -> Any:
    machine = ARN.format("states", "stateMachine:m")
    return cloud.sent("stepfunctions", "start_execution", stateMachineArn=machine, input=_object(size))["input"]


LIMITS: dict[str, tuple[Callable[[Cloud, int], Any], int]] = {
    "SQS, older queues": (_sqs, 256 * KIB),
    "SQS": (_sqs, MIB),
    "SQS, batch": (_sqs_batch, MIB),
    "SNS": (_sns, 256 * KIB),
    "SNS, large messages": (_sns, MIB),
    "SNS, batch": (_sns_batch, 256 * KIB),
    "Kinesis": (_kinesis, MIB),
    "Kinesis, large records": (_kinesis, 10 * MIB),
    "EventBridge, older targets": (_events, 256 * KIB),
    "EventBridge": (_events, MIB),
    "Lambda": (_invoke, 6 * MIB),
    "Lambda, a file": (_invoke_file, 6 * MIB),
    "Lambda, asynchronous, before 2025": (_invoke_async, 256 * KIB),
    "Lambda, asynchronous": (_invoke_async, MIB),
    "Step Functions": (_start, 256 * KIB),
}


@pytest.mark.parametrize("name", LIMITS)
def test_a_context_takes_the_room_up_to_a_limit_and_not_one_byte_more(
    cloud: Cloud, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """First the less important names are left out, then all of them; what is left out is told once."""
    send, limit = LIMITS[name]
    whole, alone = (
        (ALL_ATTRIBUTES, ID_ATTRIBUTE) if send in (_sqs, _sqs_batch, _sns, _sns_batch) else (ALL_OBJECT, ID_OBJECT)
    )

    with correlation.use(CONTEXT):
        assert _names(send(cloud, limit - whole)) == NAMES
        assert "watchpost-context-left-out" not in capsys.readouterr().out
        assert _names(send(cloud, limit - whole + 1)) == NAMES[:-1]
        assert _names(send(cloud, limit - alone)) == NAMES[:1]
        assert _names(send(cloud, limit - alone + 1)) == []
        assert _names(send(cloud, limit)) == []

    told = capsys.readouterr().out.splitlines()
    assert [line.split("|")[4] for line in told if line.startswith("MONITORING|")] == ["watchpost-context-left-out"]
    assert len(told) == 2
    assert "reason:size" in told[1]


@pytest.mark.parametrize("name", [name for name in LIMITS if "batch" not in name])
def test_what_is_larger_than_a_limit_already_is_sent_as_it_is(cloud: Cloud, name: str) -> None:
    """Over an older limit there is room up to the present one; over that AWS refuses it, and the service sees it."""
    send, limit = LIMITS[name]
    larger = [at for other, at in LIMITS.values() if other is send and at > limit]

    with correlation.use(CONTEXT):
        assert bool(_names(send(cloud, limit + 1))) is bool(larger)


@pytest.mark.parametrize(("own", "added"), [(7, 3), (8, 2), (9, 1), (10, 0), (11, 0)])
@pytest.mark.parametrize("service", ["sqs", "sns"])
def test_a_message_has_ten_attributes_at_most(
    cloud: Cloud, capsys: pytest.CaptureFixture[str], service: str, own: int, added: int
) -> None:
    theirs = {f"own-{number}": {"DataType": "Number", "StringValue": "1"} for number in range(own)}
    calls: dict[str, tuple[str, dict[str, Any]]] = {
        "sqs": ("send_message", {"QueueUrl": QUEUE, "MessageBody": "m"}),
        "sns": ("publish", {"TopicArn": TOPIC, "Message": "m"}),
    }
    operation, params = calls[service]

    with correlation.use(CONTEXT):
        for _ in "12":
            sent = cloud.sent(service, operation, **params, MessageAttributes=theirs)["MessageAttributes"]

    assert [key for key in sent if key not in theirs] == NAMES[:added]
    told = capsys.readouterr().out
    assert told.count(f"watchpost-context-left-out|#carrier:{service},reason:attributes") == int(added < len(NAMES))


def test_the_attributes_that_are_there_count_with_name_type_and_value(cloud: Cloud) -> None:
    theirs = {
        "name": {"DataType": "Binary", "BinaryValue": b"v" * 100},
        "n": {"DataType": "Number", "StringValue": "1"},
    }
    rest = len("name" + "Binary" + "n" + "Number" + "1") + 100
    body = "x" * (MIB - rest - ALL_ATTRIBUTES)

    def sent(text: str) -> list[str]:
        message = cloud.sent("sqs", "send_message", QueueUrl=QUEUE, MessageBody=text, MessageAttributes=theirs)
        return [name for name in message["MessageAttributes"] if name not in theirs]

    with correlation.use(CONTEXT):
        assert (sent(body), sent(f"{body}x")) == (NAMES, NAMES[:-1])


def _batch(cloud: Cloud, service: str, sizes: list[int]) -> list[list[str]]:
    if service == "sqs":
        entries = [{"Id": str(number), "MessageBody": "x" * size} for number, size in enumerate(sizes)]
        return [
            _names(item) for item in cloud.sent("sqs", "send_message_batch", QueueUrl=QUEUE, Entries=entries)["Entries"]
        ]
    if service == "sns":
        entries = [{"Id": str(number), "Message": "x" * size} for number, size in enumerate(sizes)]
        sent = cloud.sent("sns", "publish_batch", TopicArn=TOPIC, PublishBatchRequestEntries=entries)
        return [_names(item) for item in sent["entries"]]
    details = [{"Source": "", "DetailType": "", "Detail": _object(size)} for size in sizes]
    return [_names(item["Detail"]) for item in cloud.sent("events", "put_events", Entries=details)["Entries"]]


@pytest.mark.parametrize(("service", "limit"), [("sqs", MIB), ("sns", 256 * KIB), ("eventbridge", MIB - 1)])
def test_a_batch_has_no_more_than_its_limit_together(cloud: Cloud, service: str, limit: int) -> None:
    """Each entry has its id before one of them has more."""
    whole, alone = (ALL_OBJECT, ID_OBJECT) if service == "eventbridge" else (ALL_ATTRIBUTES, ID_ATTRIBUTE)
    fifth = limit // 5  # none of them is near a limit of its own

    def sizes(free: int) -> list[int]:
        return [fifth, fifth, fifth, limit - 3 * fifth - free]

    with correlation.use(CONTEXT):
        assert _batch(cloud, service, sizes(4 * whole)) == [NAMES] * 4
        assert _batch(cloud, service, sizes(4 * whole - 1)) == [NAMES[:2]] * 4
        assert _batch(cloud, service, sizes(4 * alone)) == [NAMES[:1]] * 4
        assert _batch(cloud, service, sizes(4 * alone - 1)) == [NAMES[:1]] * 3 + [[]]
        assert _batch(cloud, service, sizes(alone - 1)) == [[]] * 4


@pytest.mark.parametrize(("free", "expected"), [(6 * ALL_OBJECT, [NAMES] * 6), (6 * ALL_OBJECT - 1, [NAMES[:2]] * 6)])
def test_a_request_of_kinesis_has_no_more_than_its_limit_together(
    cloud: Cloud, free: int, expected: list[list[str]]
) -> None:
    """5 MiB, which older regions have, with the keys; what is no JSON counts as well."""
    sixth = 5 * MIB // 8
    sizes = [sixth] * 5 + [5 * MIB - 7 * sixth - free]
    records: list[dict[str, Any]] = [{"Data": _object(size - 1), "PartitionKey": "k"} for size in sizes]
    records += [{"Data": b"\xff" * (sixth - 1), "PartitionKey": "k"}] * 2

    with correlation.use(CONTEXT):
        sent = cloud.sent("kinesis", "put_records", StreamName="s", Records=records)["Records"]

    assert [_names(base64.b64decode(item["Data"])) for item in sent[:6]] == expected
    assert [base64.b64decode(item["Data"]) for item in sent[6:]] == [records[-1]["Data"]] * 2


_gains = st.lists(st.integers(1, 50), max_size=5).map(room.rising)
_limits = st.lists(st.integers(0, 600), max_size=3, unique=True).map(sorted)


@given(st.lists(st.builds(room.Parcel, st.integers(0, 300), _gains), max_size=5), _limits, _limits)
def test_no_limit_is_passed_that_is_not_passed_without_a_context(
    parcels: list[room.Parcel], each: list[int], total: list[int]
) -> None:
    taken = room.shares(parcels, each, total)

    after = [parcel.size + ([0, *parcel.gains][number]) for parcel, number in zip(parcels, taken, strict=True)]
    for parcel, size in zip(parcels, after, strict=True):
        assert all(size <= limit or parcel.size > limit for limit in each)
    before = sum(parcel.size for parcel in parcels)
    assert all(sum(after) <= limit or before > limit for limit in total)
