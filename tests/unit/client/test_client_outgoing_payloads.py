"""What a function is invoked with: text, bytes or a file, of which nothing is lost."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from watchpost_client import correlation, instrument, wire
from watchpost_client.context import Context

from .deliveries import Cloud

PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
CONTEXT = Context("c-1", {"tenant": "t-1"}, True, PARENT, "a=1", "k=v")


@pytest.fixture(scope="module")
def cloud() -> Cloud:
    made = Cloud()
    instrument(made.session, http=False)
    return made


def _invoke(cloud: Cloud, payload: Any) -> Any:
    with correlation.use(CONTEXT):
        return cloud.sent("lambda", "invoke", FunctionName="f", Payload=payload)


@pytest.mark.parametrize(
    "body",
    [
        '{"Records": [{"eventSource": "aws:sqs"}]}',
        '{"requestContext": {}, "headers": {}}',
        '{"detail-type": "t", "detail": {}}',
        '{"Input": {"__context__": {"x-correlation-id": "theirs"}}}',
    ],
)
def test_an_event_of_aws_that_is_handed_on_is_left_alone(cloud: Cloud, body: str) -> None:
    """Who gets it would not look for a context beside it, or would no longer find the one inside."""
    assert _invoke(cloud, body) == body.encode()


@pytest.mark.parametrize(
    ("params", "carries"),
    [
        ({"Payload": b'{"a": 1}'}, True),
        ({"Payload": bytearray(b'{"a": 1}'), "InvocationType": "Event"}, True),
        ({"Payload": b'{"a": 1}', "InvocationType": "DryRun"}, False),
        ({}, False),
        ({"Payload": b""}, False),
    ],
)
def test_a_function_is_invoked_with_a_context_where_it_gets_an_object(
    cloud: Cloud, params: dict[str, Any], carries: bool
) -> None:
    with correlation.use(CONTEXT):
        sent = cloud.sent("lambda", "invoke", FunctionName="f", **params)

    if carries:
        assert json.loads(sent) == {"a": 1, wire.KEY: wire.write(CONTEXT)}
    else:
        assert sent == params.get("Payload", b"")


def test_a_file_that_is_a_payload_is_read_from_where_it_stands(cloud: Cloud) -> None:
    file = io.BytesIO(b'header{"a": 1}')
    file.seek(6)

    sent = _invoke(cloud, file)

    assert json.loads(sent) == {"a": 1, wire.KEY: wire.write(CONTEXT)}
    assert file.read() == b""  # as sending it leaves it


@pytest.mark.parametrize("content", [b"no object", b'{"__context__": {}}', b"\xff"])
def test_a_file_that_is_left_alone_stands_where_it_stood(cloud: Cloud, content: bytes) -> None:
    file = io.BytesIO(b"header" + content)
    file.seek(6)

    sent = _invoke(cloud, file)

    assert sent is file
    assert file.read() == content


class _Once(io.RawIOBase):
    """A stream that cannot be set back, such as an answer's body."""

    def __init__(self) -> None:
        self.reads = 0

    def readable(self) -> bool:
        return True

    def readinto(self, _: Any) -> int:
        self.reads += 1
        return 0


def test_a_stream_that_cannot_be_set_back_is_not_read(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    stream = _Once()

    assert _invoke(cloud, stream) is stream
    assert stream.reads == 0
    assert capsys.readouterr().out == ""


def test_a_file_that_fails_is_set_back_and_the_service_sees_its_own_error(cloud: Cloud) -> None:
    class Broken(io.BytesIO):
        def read(self, _: int | None = -1) -> bytes:
            super().read(3)
            raise OSError("disk")

    file = Broken(b'{"a": 1}')

    assert _invoke(cloud, file) is file
    assert file.tell() == 0


def test_a_file_that_gives_less_than_it_is_asked_for_is_sent_whole(cloud: Cloud) -> None:
    """What was read of it is an object, but not all of it."""

    class Slow(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(min(size or 0, 8))

    file = Slow(b'{"a": 1} and more')

    assert _invoke(cloud, file) is file
    assert file.getvalue()[file.tell() :] == b'{"a": 1} and more'
