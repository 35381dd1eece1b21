"""A large payload that is decoded in slices is the same as one that is decoded at once."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shipper import decode, slices
from watchpost.errors import PayloadError

TEXT = st.text(alphabet=st.characters(exclude_categories=()), max_size=20) | st.sampled_from(
    ['{"id"', ',{"id": "1"}', '"logEvents":[', "]", "\\", '"}]}', "{", "},"]
)
EVENTS = st.lists(
    st.fixed_dictionaries(
        {"id": TEXT, "timestamp": st.integers(0, 2**40), "message": TEXT},
        optional={"extractedFields": st.dictionaries(TEXT, TEXT | st.just([{"id": "1"}, {"id": "2"}]), max_size=2)},
    ),
    max_size=12,
)
SEPARATORS = st.sampled_from([(",", ":"), (", ", ": "), (" ,\n", " :\t")])


def text_of(events: Any, separators: tuple[str, str], **more: Any) -> bytes:
    content = {
        "messageType": "DATA_MESSAGE", "owner": "123456789012", "logGroup": "g", "logStream": "s",
        "subscriptionFilters": ["f"], "logEvents": events,
    } | more  # fmt: skip  # as it is written
    return json.dumps(content, separators=separators).encode()


def read(text: bytes, size: int) -> Any:
    """What a payload is, or why it is none; size: of a slice."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(slices, "SIZE", size)
        try:
            return decode.payload_of(base64.b64encode(zlib.compress(text)).decode())
        except PayloadError as error:
            return str(error)


@given(events=EVENTS, separators=SEPARATORS, size=st.integers(1, 200))
def test_slices_make_the_whole(events: list[dict[str, Any]], separators: tuple[str, str], size: int) -> None:
    """Property: nothing that stands in events is taken for a place to cut at."""
    text = text_of(events, separators)

    assert read(text, size) == read(text, len(text))


@given(events=EVENTS, separators=SEPARATORS, size=st.integers(1, 200), data=st.data())
def test_what_is_broken_is_refused_for_the_same_reason(
    events: list[dict[str, Any]], separators: tuple[str, str], size: int, data: st.DataObject
) -> None:
    """Property: a byte more, another or none at any place, and slices find what the whole finds."""
    text = bytearray(text_of(events, separators))
    place = data.draw(st.integers(0, len(text) - 1))
    text[place : place + data.draw(st.integers(0, 2))] = data.draw(
        st.sampled_from([b"", b",", b"[", b"]", b'"', b"x", b"{", b"\\"])
    )

    assert read(bytes(text), size) == read(bytes(text), len(text))


EVENT = {"id": "1", "timestamp": 1, "message": "m"}
NINE = text_of([EVENT] * 9, (",", ":"))
LIST = NINE[NINE.index(b"[{") : -1]
NONE = text_of([], (",", ":"))


@pytest.mark.parametrize(
    "text",
    [
        NONE[:-1].replace(b"logE", b"log\\u0045") + b',"x\\"logEvents":' + LIST + b"}",
        b'{"x":{"logEvents":' + LIST + b"}," + NONE[1:].replace(b',"logEvents":[]', b""),
        b'{"logEvents":7,' + NINE[1:],
        NINE[:-1] + b',"logEvents":7}',
        text_of([], (",", ":")),
        text_of([{"id": "1"}] * 9, (",", ":")),  # incomplete
        text_of([EVENT] * 9, (",", ":"), logStream='"logEvents":['),
        text_of([EVENT] * 9, (",", ":"), more={"logEvents": []}),
        NINE.replace(b"},{", b"},,{", 1),
        NINE.replace(b"},{", b"}{"),
        NINE.replace(b"},{", b"},7,{", 1),
        NINE[:-2] + b'],"logEvents":[]}',
        b'{"x":{' + NINE[1:] + b"}",
        b'{"log\\u0045vents":[],' + NINE[1:],
        text_of([{"id": "1", "timestamp": 1, "message": "\ud800"}] * 9, (",", ":")),
        text_of([EVENT] * 9, (",", ":"), messageType="CONTROL_MESSAGE"),
        text_of([EVENT] * 9, (",", ":"), messageType="CONTROL_MESSAGE").replace(b'"m"', b'"m', 1),
        *(NINE.replace(b'"m"', b"[" * depth + b"]" * depth) for depth in (1_020, 1_021, 1_022, 1_023)),
        b'{"logEvents":[{"id"' + b" " * 99 + b'{"id"]}',
    ],
)
def test_unusual_payloads_are_read_alike(text: bytes) -> None:
    for size in (1, 20, 50, 100):
        assert read(text, size) == read(text, len(text))


@pytest.mark.parametrize("depth", [1_019, 1_020, 1_021, 1_022, 1_023])
def test_slices_are_decoded_as_deep_as_the_whole(depth: int) -> None:
    """Both sides of what the decoder takes, 1,024 levels."""
    fields = b'{"a":' + b"[" * depth + b"]" * depth + b"}"
    text = NINE.replace(b'"message"', b'"extractedFields":' + fields + b',"message"')
    whole, sliced = read(text, len(text)), read(text, 50)

    assert type(sliced) is type(whole)  # comparing would be a recursion of its own
    assert isinstance(whole, str) == (depth > 1_020)


def test_a_large_payload_is_cut() -> None:
    text = text_of([{"id": str(number), "timestamp": 1, "message": "m" * 90} for number in range(100)], (", ", ": "))

    found = slices.of(text, 1_000)

    assert found is not None
    assert found[0]["logGroup"] == "g"
    assert [len(slices.events_of(one)) for one in found[1]] == [8] * 12 + [4]
