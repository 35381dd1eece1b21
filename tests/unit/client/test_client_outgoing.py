"""What a service sends through boto3 carries the context, is found by who receives it, and is not changed otherwise."""

from __future__ import annotations

import asyncio
import copy
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from watchpost_client import carriers, correlation, instrument, wire
from watchpost_client.context import Context
from watchpost_client.outgoing import attributes

from .deliveries import CALLS, QUEUE, TOPIC, Cloud, read
from .strategies import contexts

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
CONTEXT = Context("c-1", {"tenant": "t-1"}, True, PARENT, "a=1", "k=v")
OBJECTS = [name for name, call in CALLS.items() if call.holds == "object"]
ATTRIBUTES = [name for name, call in CALLS.items() if call.holds == "attributes"]

_json = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(), inner, max_size=3)),
    max_leaves=8,
)
# Events of AWS, and what has a context of its own, are left alone: see below.
_objects = st.dictionaries(st.text(max_size=20), _json, max_size=5).filter(
    lambda made: not carriers.is_event(made) and wire.KEY not in json.dumps(made)
)


@pytest.fixture(scope="module")
def cloud() -> Cloud:
    made = Cloud()
    instrument(made.session, http=False)
    return made


@pytest.fixture(scope="module")
def plain() -> Cloud:
    """The same without the client."""
    return Cloud()


def _sent(cloud: Cloud, name: str, body: str, context: Context | None = CONTEXT, **more: Any) -> Any:
    call = CALLS[name]
    params = {**call.params(body), **more}
    if context is None:
        return cloud.sent(call.service, call.operation, **params)
    with correlation.use(context):
        return cloud.sent(call.service, call.operation, **params)


@pytest.mark.parametrize("name", CALLS)
@given(context=contexts(), payload=_objects)
@example(context=CONTEXT, payload={"Records": None})
@example(context=CONTEXT, payload={"Records": [], "requestContext": ""})
def test_what_is_put_on_a_message_is_found_in_the_event_that_aws_makes_of_it(
    cloud: Cloud, name: str, context: Context, payload: dict[str, Any]
) -> None:
    """Of more than ten attributes the last ones have no room; all else arrives whole, and so does the payload."""
    call, body = CALLS[name], json.dumps(payload)
    most = attributes.MOST if call.holds == "attributes" else None
    expected = dict(list(wire.write(context).items())[:most])

    sent = _sent(cloud, name, body, context)

    events = call.events(sent)
    assert events
    for event in events:
        assert wire.write(carriers.of_event(event)) == expected
    for text in call.payload(sent):
        found = json.loads(text)
        found.pop(wire.KEY, None)
        assert found == payload
        assert text.startswith(body[:-1])


@pytest.mark.parametrize("name", CALLS)
def test_without_a_context_nothing_is_added(cloud: Cloud, plain: Cloud, name: str) -> None:
    assert _sent(cloud, name, '{"a": 1}', None) == _sent(plain, name, '{"a": 1}', None)


@pytest.mark.parametrize("name", CALLS)
def test_a_block_that_keeps_its_context_to_itself_sends_as_without_the_client(
    cloud: Cloud, plain: Cloud, name: str
) -> None:
    with correlation.not_passed_on():
        assert _sent(cloud, name, '{"a": 1}') == _sent(plain, name, '{"a": 1}', None)
    assert _sent(cloud, name, '{"a": 1}') != _sent(plain, name, '{"a": 1}', None)


@pytest.mark.parametrize("name", OBJECTS)
@pytest.mark.parametrize(
    "body",
    [
        "plain text",
        "",
        "[1]",
        '"{}"',
        "17",
        "null",
        '{"a": 1',
        '{"a": 1} {"b": 2}',
        "{'a': 1}",
        '{"a": NaN}',
        "\ufeff{}",
        '{"a":' * 100_000,
        '{"__context__": {"x-correlation-id": "theirs"}, "a": 1}',
        '{"__context__": null}',
        '{"\\u005f_context__": {}}',
    ],
    ids=range(15),
)
def test_what_is_no_json_object_or_has_a_context_is_left_byte_for_byte(
    cloud: Cloud, plain: Cloud, name: str, body: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _sent(cloud, name, body) == _sent(plain, name, body, None)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "body",
    [
        '{ }',
        ' \n{"a" : 1.10, "b": 1E400, "a": 2}\t\n',
        '{"n": ' + "9" * 5_000 + "}",
        '{"\\u00e9": "é\\ud83d\\ude00", "x": "}"}',
    ],
)  # fmt: skip  # quotes as JSON has them
@pytest.mark.parametrize("name", OBJECTS)
def test_beside_the_context_each_byte_stays_as_it_was(cloud: Cloud, name: str, body: str) -> None:
    """Numbers, spaces, escapes and names that stand there twice are the service's own."""
    for sent in CALLS[name].payload(_sent(cloud, name, body)):
        begin = body.rindex("}")
        assert sent.startswith(body[:begin])
        assert sent.endswith(body[begin:])
        added = sent[begin : len(sent) - len(body) + begin].lstrip(",")
        assert json.loads(f"{{{added}}}") == {wire.KEY: wire.write(CONTEXT)}


@pytest.mark.parametrize("data", [b"\x00\xff\xfe", b"\x1f\x8b\x08", '{"a": 1}'.encode("utf-16"), b'{"a": "\xff"}'])
def test_bytes_that_are_no_utf8_are_left_alone(cloud: Cloud, plain: Cloud, data: bytes) -> None:
    more = {"Data": data}

    assert _sent(cloud, "kinesis", "", **more) == _sent(plain, "kinesis", "", None, **more)


@pytest.mark.parametrize("name", ATTRIBUTES)
@pytest.mark.parametrize(
    "body",
    [
        '{"a": 1, "__context__": {"x-correlation-id": "theirs"}}',
        '{"detail-type": "t", "detail": {"__context__": {"x-correlation-id": "theirs"}}}',
        '{"Type": "Notification", "TopicArn": "t", "Message": "m",'
        ' "MessageAttributes": {"X-Correlation-Id": {"Type": "String", "Value": "theirs"}}}',
    ],
)
def test_a_context_inside_a_message_is_not_hidden_by_attributes(
    cloud: Cloud, plain: Cloud, name: str, body: str
) -> None:
    """A message of another queue that is sent again stays what it was."""
    assert _sent(cloud, name, body) == _sent(plain, name, body, None)


def _attribute(value: str) -> dict[str, str]:
    return {"DataType": "String", "StringValue": value}


def test_each_entry_of_a_batch_is_looked_at_on_its_own(cloud: Cloud) -> None:
    entries = [
        {"Id": "0", "MessageBody": "a"},
        {"Id": "1", "MessageBody": "b", "MessageAttributes": {wire.ID: _attribute("theirs")}},
        {"Id": "2", "MessageBody": '{"__context__": {"x-correlation-id": "inside"}}'},
    ]
    with correlation.use(CONTEXT):
        sent = cloud.sent("sqs", "send_message_batch", QueueUrl=QUEUE, Entries=entries)["Entries"]

    assert [entry.get("MessageAttributes", {}).get(wire.ID, {}).get("StringValue") for entry in sent] == [
        "c-1",
        "theirs",
        None,
    ]


@pytest.mark.parametrize("name", CALLS)
def test_what_the_service_holds_is_not_changed(cloud: Cloud, name: str) -> None:
    call = CALLS[name]
    params = call.params('{"a": 1}')
    params |= {"MessageAttributes": {"own": _attribute("v")}} if name in ("sqs", "sns") else {}
    before = copy.deepcopy(params)

    with correlation.use(CONTEXT):
        cloud.sent(call.service, call.operation, **params)

    assert params == before


def test_a_message_to_a_telephone_or_a_device_carries_no_ids(cloud: Cloud) -> None:
    device = TOPIC.replace("orders", "endpoint/GCM/app/5e3e9847")
    with correlation.use(CONTEXT):
        to_phone = cloud.sent("sns", "publish", PhoneNumber="+491", Message="hello")
        to_device = cloud.sent("sns", "publish", TargetArn=device, Message="hello")
        to_topic = cloud.sent("sns", "publish", TargetArn=TOPIC, Message="hello")

    assert (to_phone["MessageAttributes"], to_device["MessageAttributes"]) == ({}, {})
    assert wire.ID in to_topic["MessageAttributes"]


def test_an_execution_without_input_has_the_context_alone(cloud: Cloud) -> None:
    with correlation.use(CONTEXT):
        sent = cloud.sent("stepfunctions", "start_execution", stateMachineArn=TOPIC)

    assert json.loads(sent["input"]) == {wire.KEY: wire.write(CONTEXT)}


def test_the_same_transaction_starts_an_execution_with_the_same_input(cloud: Cloud) -> None:
    """Else a start with a name that is done again would be refused, where it is idempotent."""
    with correlation.use(CONTEXT):
        first, again = (
            cloud.sent("stepfunctions", "start_execution", stateMachineArn=TOPIC, name="n", input="{}") for _ in "12"
        )

    assert first == again
    assert first["name"] == "n"


def test_fifty_threads_at_once_send_their_own_context_through_one_client(cloud: Cloud) -> None:
    client, begin = cloud.client("sqs"), threading.Barrier(50)

    def one(number: int) -> None:
        begin.wait()
        with correlation.use(correlation.new(f"thread-{number}")):
            for _ in range(5):
                client.send_message(QueueUrl=QUEUE, MessageBody=f"thread-{number}")

    with ThreadPoolExecutor(50) as pool:
        list(pool.map(one, range(50)))

    sent = [read("sqs", request["body"]) for request in cloud.requests]
    cloud.requests.clear()
    assert len(sent) == 250
    assert all(message["MessageAttributes"][wire.ID]["StringValue"] == message["MessageBody"] for message in sent)


def test_tasks_that_take_turns_send_their_own_context(cloud: Cloud) -> None:
    async def one(number: int) -> list[str]:
        ids = []
        with correlation.use(correlation.new(f"task-{number}")):
            for _ in range(3):
                await asyncio.sleep(0)
                sent = cloud.sent("sqs", "send_message", QueueUrl=QUEUE, MessageBody="m")
                ids.append(sent["MessageAttributes"][wire.ID]["StringValue"])
        return ids

    async def everybody() -> list[list[str]]:
        return await asyncio.gather(*(one(number) for number in range(20)))

    assert asyncio.run(everybody()) == [[f"task-{number}"] * 3 for number in range(20)]
