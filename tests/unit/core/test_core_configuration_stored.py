"""Where a document lies that is too long for a parameter: the pointer, its object, and what happens without one."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st
from watchpost.configuration import KEEP_SECONDS, Document, Source, stored
from watchpost.configuration.stored import MOST_IN_BUCKET, Pointer
from watchpost.errors import ConfigurationError

GOOD = '{"service_tags": ["a"]}'
OTHER = '{"service_tags": ["b"]}'
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


class _Bucket:
    """Objects by key. errors: codes that S3 answers with instead."""

    def __init__(self, *texts: str) -> None:
        self.objects = {stored.pointer_to("bucket", text).key: text.encode() for text in texts}
        self.error = ""

    def fetch(self, pointer: Pointer) -> bytes:
        code = self.error or ("" if pointer.key in self.objects else "NoSuchKey")
        if code:
            raise ClientError({"Error": {"Code": code, "Message": "no"}}, "GetObject")
        return self.objects[pointer.key]

    def resolve(self, text: str) -> str:
        return stored.resolve(text, self.fetch)


def _pointer(text: str) -> str:
    return stored.pointer_to("bucket", text).text


@given(JSON)
def test_what_is_stored_is_ascii_and_means_the_same(document: Any) -> None:
    text = stored.compiled(document)

    assert text.isascii()
    assert json.loads(text) == document


@given(st.text())
def test_a_pointer_leads_to_the_document_and_any_other_text_is_the_document(text: str) -> None:
    text = json.dumps(text)
    bucket = _Bucket(text)

    assert bucket.resolve(_pointer(text)) == text
    assert bucket.resolve(text) == text
    assert stored.pointer_in(_pointer(text)) == stored.pointer_to("bucket", text)


def test_an_object_has_the_name_of_its_content_below_config() -> None:
    digest = hashlib.sha256(GOOD.encode()).hexdigest()

    assert stored.pointer_to("bucket", GOOD) == Pointer("bucket", f"config/{digest}.json", digest)
    assert json.loads(_pointer(GOOD)) == {"$ref": f"s3://bucket/config/{digest}.json", "sha256": digest}


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '"$ref"', '["$ref"]', '{"a": {"$ref": 1}}', '{"$ref": ', '{"a": "\\"$ref\\""}']
)
def test_what_has_no_reference_at_its_top_is_a_document(text: str) -> None:
    """Whoever checks the document says what is wrong with it."""
    assert stored.resolve(text, _Bucket().fetch) == text


@pytest.mark.parametrize(
    "value",
    [
        {"$ref": "s3://bucket/key"},
        {"$ref": "s3://bucket/key", "sha256": "a" * 63},
        {"$ref": "s3://bucket/key", "sha256": "A" * 64},
        {"$ref": "s3://bucket/key", "sha256": "a" * 64, "logs": {}},
        {"$ref": "https://bucket/key", "sha256": "a" * 64},
        {"$ref": "s3://bucket/", "sha256": "a" * 64},
        {"$ref": "s3://B/key", "sha256": "a" * 64},
        {"$ref": 1, "sha256": "a" * 64},
        {"$ref": "s3://bucket/key", "sha256": 1},
    ],
)
def test_a_pointer_that_leads_nowhere_is_a_mistake_and_nothing_is_asked_for(value: Any) -> None:
    asked: list[Pointer] = []

    with pytest.raises(ConfigurationError) as caught:
        stored.resolve(json.dumps(value), lambda pointer: asked.append(pointer) or b"{}")

    assert caught.value.path == "configuration.$ref"
    assert asked == []


def test_bytes_that_are_not_those_of_the_pointer_are_refused() -> None:
    """Whoever may write to the bucket could else change what is in force."""
    bucket = _Bucket(GOOD)
    [key] = bucket.objects
    bucket.objects[key] = OTHER.encode()

    with pytest.raises(ConfigurationError, match="SHA-256"):
        bucket.resolve(_pointer(GOOD))


def test_bytes_that_are_no_text_are_refused() -> None:
    content = b'"\xff"'
    digest = hashlib.sha256(content).hexdigest()

    with pytest.raises(ConfigurationError, match="UTF-8"):
        stored.resolve(Pointer("bucket", "config/a.json", digest).text, lambda _: content)


def test_the_largest_object_is_taken_and_the_next_one_is_not() -> None:
    largest, larger = "a" * MOST_IN_BUCKET, "a" * (MOST_IN_BUCKET + 1)
    bucket = _Bucket(largest, larger)

    assert bucket.resolve(_pointer(largest)) == largest
    with pytest.raises(ConfigurationError, match="too large"):
        bucket.resolve(_pointer(larger))


@pytest.mark.parametrize("code", ["NoSuchKey", "NoSuchBucket"])
def test_an_object_that_is_gone_is_a_mistake_of_the_document(code: str) -> None:
    bucket = _Bucket()
    bucket.error = code

    with pytest.raises(ConfigurationError, match="not in the bucket"):
        bucket.resolve(_pointer(GOOD))


@pytest.mark.parametrize("code", ["AccessDenied", "SlowDown", "InternalError"])
def test_an_object_that_cannot_be_read_may_be_readable_later(code: str) -> None:
    bucket = _Bucket(GOOD)
    bucket.error = code

    with pytest.raises(ClientError):
        bucket.resolve(_pointer(GOOD))


class _Parameter:
    """A parameter with its versions, a bucket, and the clock of whoever reads them."""

    def __init__(self, *versions: str) -> None:
        self.versions = list(versions)
        self.bucket = _Bucket(GOOD, OTHER)
        self.now = 0.0
        self.source = self.process()

    def process(self) -> Source:
        """A source that has read nothing yet."""
        return Source(
            lambda: Document(self.versions[-1], len(self.versions)),
            lambda: self.now,
            lambda version: self.versions[version - 1],
            self.bucket.resolve,
        )

    def later(self, *versions: str) -> None:
        self.versions += versions
        self.now += KEEP_SECONDS


def test_functions_go_by_what_the_pointer_leads_to() -> None:
    parameter = _Parameter("{}", _pointer(GOOD))

    assert parameter.source.get().service_tags == ("a",)
    assert parameter.source.problem is None


def test_the_last_good_one_stays_in_force_when_the_object_is_not_what_the_pointer_says() -> None:
    # given a document in the bucket, and then one that somebody deleted
    parameter = _Parameter(_pointer(GOOD))
    parameter.source.get()
    parameter.later(_pointer(OTHER))
    del parameter.bucket.objects[stored.pointer_to("bucket", OTHER).key]

    # then whoever runs keeps what it has, and who starts takes the version before
    for source in (parameter.source, parameter.process()):
        assert source.get().service_tags == ("a",)
        assert "version 2 is wrong, version 1 stays in force: configuration.$ref" in (source.problem or "")


def test_the_last_good_one_stays_in_force_while_the_bucket_does_not_answer() -> None:
    parameter = _Parameter(_pointer(GOOD))
    parameter.source.get()
    parameter.later(_pointer(OTHER))
    parameter.bucket.error = "SlowDown"

    assert parameter.source.get().service_tags == ("a",)
    assert parameter.source.problem is None
    with pytest.raises(ClientError):  # who starts does not know yet whether the newest is right
        parameter.process().get()

    # when the bucket answers again, the newest one counts
    parameter.bucket.error = ""
    parameter.now += KEEP_SECONDS
    assert parameter.source.get().service_tags == ("b",)


def test_an_earlier_version_may_lie_in_the_bucket_too() -> None:
    parameter = _Parameter(_pointer(GOOD), "{", '{"unknown": 1}')

    assert parameter.source.get().service_tags == ("a",)
