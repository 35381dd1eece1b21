"""Payloads that are made to take the memory: refused with the reason, within a bound, and nothing of them is lost."""

from __future__ import annotations

import base64
import gzip
import json
import tracemalloc
import zlib
from typing import TYPE_CHECKING, Any

import pytest
from replay.verdict import Failure, is_permanent
from shipper import decode
from shipper.decode import payload_of
from watchpost.errors import PayloadError

if TYPE_CHECKING:
    from collections.abc import Callable

EVENT = {"id": "1", "timestamp": 1, "message": ""}
GOOD: dict[str, Any] = {
    "messageType": "DATA_MESSAGE",
    "owner": "123456789012",
    "logGroup": "g",
    "logStream": "s",
    "subscriptionFilters": ["f"],
    "logEvents": [EVENT],
}


def packed(content: bytes) -> str:
    return base64.b64encode(content).decode()


def of_size(size: int) -> bytes:
    """A right payload of so many bytes, in one line of the same letter."""
    head, tail = json.dumps(GOOD).encode().split(b'""')
    return head + b'"' + b"a" * (size - len(head) - len(tail) - 2) + b'"' + tail


def bomb(size: int) -> bytes:
    """gzip of so many zeros, made without having them all."""
    packer = zlib.compressobj(9, wbits=31)
    block = bytes(1 << 20)
    return b"".join(packer.compress(block) for _ in range(size >> 20)) + packer.flush()


def refusal(content: bytes) -> PayloadError:
    with pytest.raises(PayloadError) as raised:
        payload_of(packed(content))
    return raised.value


def peak(work: Callable[[], Any]) -> int:
    """Bytes that Python had at most beyond what it had before."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_the_largest_payload_is_taken_and_one_byte_more_is_refused() -> None:
    payload = payload_of(packed(gzip.compress(of_size(decode.MAX_PAYLOAD), 1)))
    assert payload is not None
    assert len(payload.messages) == 1

    assert refusal(gzip.compress(of_size(decode.MAX_PAYLOAD + 1), 1)).what == "too-large"


def test_a_bomb_takes_no_more_memory_than_the_largest_payload() -> None:
    """Of a thousand bytes in one: what is decompressed ends at the limit."""
    content = bomb(8 * decode.MAX_PAYLOAD)
    assert len(content) < 300_000

    used = peak(lambda: refusal(content))

    # the limit itself, and as much again while the buffer grows
    assert used < 2.5 * decode.MAX_PAYLOAD


def test_a_bomb_within_a_bomb_is_not_unpacked_twice() -> None:
    assert refusal(gzip.compress(gzip.compress(json.dumps(GOOD).encode()))).what == "not-json"


@pytest.mark.parametrize(
    "behind",
    [gzip.compress(json.dumps(GOOD).encode()), gzip.compress(b""), b"\0", b"garbage"],
    ids=["lines", "nothing", "zero", "garbage"],
)
def test_what_stands_behind_the_stream_is_not_lost_without_a_word(behind: bytes) -> None:
    """CloudWatch Logs sends one stream. Lines of a second one would be dropped, so all of it is kept as it came."""
    found = refusal(gzip.compress(json.dumps(GOOD).encode()) + behind)

    assert str(found) == "payload is not-gzip, expected one stream of gzip and nothing behind it"


@pytest.mark.parametrize("value", [b"{}", b"[]", b'"ab"', b"1.5", b'{"a":1}', b"[[[]]]"])
def test_json_that_is_all_structure_is_refused_before_it_becomes_objects(value: bytes) -> None:
    values = b",".join([value] * (decode.DENSE_FROM // len(value)))
    content = b'{"messageType": "DATA_MESSAGE", "logEvents": [' + values + b"]}"
    assert len(content) > decode.DENSE_FROM

    found: list[PayloadError] = []
    used = peak(lambda: found.append(refusal(gzip.compress(content, 1))))

    assert found[0].what == "too-dense"
    assert used < 4 * len(content)


@pytest.mark.parametrize("line", ['{"a": [1, 2, {"b": ""}]}' * 40, "," * 900, '\\",\\"{[' * 100, "x,y;" * 200])
def test_lines_that_look_like_structure_are_lines(line: str) -> None:
    """Brackets and commas within the lines do not count, however many there are."""
    lines = [EVENT | {"message": line} for _ in range(decode.DENSE_FROM // len(line) + 1)]
    content = json.dumps(GOOD | {"logEvents": lines}).encode()
    assert len(content) > decode.DENSE_FROM

    payload = payload_of(packed(gzip.compress(content, 1)))

    assert payload is not None
    assert payload.messages == [line] * len(lines)


def test_the_shortest_lines_that_aws_can_send_are_not_too_dense() -> None:
    """Many events without a text each: ids of 56 digits and times of 13, as CloudWatch Logs makes them."""
    lines = [{"id": f"{number:056d}", "timestamp": 1_795_248_000_000, "message": ""} for number in range(60_000)]
    content = json.dumps(GOOD | {"logEvents": lines}, separators=(",", ":")).encode()
    assert len(content) > decode.DENSE_FROM

    payload = payload_of(packed(gzip.compress(content, 1)))

    assert payload is not None
    assert len(payload.ids) == len(lines)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"[" * 5_000_000, "too-dense"),
        (b"[" * 1_000_000, "not-json"),
        (b'{"a":' * 400_000 + b"1" + b"}" * 400_000, "not-json"),
        (b"1" * 1_000_000, "not-json"),  # more digits than are turned into a number
        (b'{"messageType": ' + b"9" * 5000 + b"}", "not-json"),
        (b'{"messageType": 1e999999}', "unknown-message-type"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_depth_and_digits_are_refused_and_crash_nothing(content: bytes, what: str) -> None:
    found = refusal(gzip.compress(content, 1))

    assert found.what in (what, "not-an-object", "unknown-message-type")


@pytest.mark.parametrize(
    "found",
    [
        PayloadError("too-large", "at most 1 bytes"),
        PayloadError("too-dense", "log events"),
        PayloadError("not-gzip", "gzip"),
    ],
)
def test_a_replay_of_a_refused_payload_does_not_go_on_for_ever(found: PayloadError) -> None:
    """It ends in `rejected/` at its first replay: the words of the shipper say that it will be refused again."""
    assert is_permanent(Failure(str(found)))
