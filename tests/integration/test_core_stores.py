"""Secrets, the stored configuration and the dead-letter bucket, against AWS as moto has it."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from watchpost import aws, configuration, dead_letters, secrets
from watchpost.dead_letters import DeadLetter
from watchpost.errors import ConfigurationError, DeadLetterError

if TYPE_CHECKING:
    from collections.abc import Iterator

REGION = "eu-west-1"


@pytest.fixture(autouse=True)
def _account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    _forget()
    with mock_aws():
        yield
    _forget()


def _forget() -> None:
    """What a process keeps for its life."""
    aws.secrets.cache_clear()
    aws.ssm.cache_clear()
    secrets._kept.clear()
    configuration._sources.clear()


def _store(content: str) -> None:
    manager = boto3.client("secretsmanager", region_name=REGION)
    try:
        manager.put_secret_value(SecretId="hooks", SecretString=content)
    except manager.exceptions.ResourceNotFoundException:
        manager.create_secret(Name="hooks", SecretString=content)


def test_a_secret_is_kept_and_read_anew_when_asked_for() -> None:
    _store('{"password": "old"}')
    assert secrets.read("hooks").get("password") == "old"

    _store('{"password": "new"}')

    assert secrets.read("hooks").get("password") == "old"
    assert secrets.read("hooks", fresh=True).get("password") == "new"
    assert secrets.read("hooks").get("password") == "new"


def test_a_secret_is_the_same_object_only_while_its_text_is_the_same() -> None:
    _store('{"password": 1}')
    first = secrets.read("hooks")

    assert secrets.read("hooks", fresh=True) is first
    for text in ('{"password": true}', '{"password": 1.0}', '{"password": 1}'):  # equal in Python
        _store(text)
        assert str(secrets.read("hooks", fresh=True).get("password")) == str(json.loads(text)["password"])


@pytest.mark.parametrize("content", ["hidden-part", '["hidden-part"]', '"hidden-part"', '{"a": hidden-part}'])
def test_a_secret_of_another_shape_is_told_without_its_content(content: str) -> None:
    _store(content)

    with pytest.raises(ConfigurationError) as caught:
        secrets.read("hooks")

    assert "hooks" in str(caught.value)
    assert "hidden-part" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_secret_that_is_not_there_is_an_error_of_aws() -> None:
    with pytest.raises(ClientError):
        secrets.read("hooks")


def test_the_configuration_is_read_from_its_parameter_and_kept() -> None:
    ssm = boto3.client("ssm", region_name=REGION)
    ssm.put_parameter(Name="/config", Value='{"service_tags": ["a"]}', Type="String")

    assert configuration.current("/config").service_tags == ("a",)
    ssm.delete_parameter(Name="/config")
    assert configuration.current("/config").service_tags == ("a",)


def test_a_parameter_that_is_not_there_is_an_error_of_aws() -> None:
    with pytest.raises(ClientError):
        configuration.current("/config")


def _read(s3: Any, key: str) -> list[dict[str, Any]]:
    body = gzip.decompress(s3.get_object(Bucket="letters", Key=key)["Body"].read())
    return [json.loads(line) for line in body.decode().splitlines()]


@pytest.fixture
def s3() -> Any:
    client = boto3.client("s3", region_name=REGION)
    client.create_bucket(Bucket="letters", CreateBucketConfiguration={"LocationConstraint": REGION})
    return client


def test_letters_are_stored_as_lines_of_one_object_with_all_that_is_known(s3: Any) -> None:
    before = datetime.now(UTC)
    letters = [DeadLetter("document", "refused", 3, {"id": "1"}), DeadLetter("payload", "Ünreadable\n", 1, "x")]

    key = dead_letters.store(s3, "letters", "request", letters)

    assert key in {dead_letters.key_of("request", before), dead_letters.key_of("request", datetime.now(UTC))}
    stored = _read(s3, key)
    times = [datetime.fromisoformat(record.pop("at")) for record in stored]
    assert stored == [
        {"kind": "document", "reason": "refused", "attempts": 3, "original": {"id": "1"}},
        {"kind": "payload", "reason": "Ünreadable\n", "attempts": 1, "original": "x"},
    ]
    assert all(before.replace(microsecond=0) <= time <= datetime.now(UTC) for time in times)


def test_a_second_attempt_replaces_the_object(s3: Any) -> None:
    when = [dead_letters.store(s3, "letters", "request", [DeadLetter("payload", why, 1, "x")]) for why in ("a", "b")]

    assert _read(s3, when[-1])[0]["reason"] == "b"
    assert len(s3.list_objects_v2(Bucket="letters")["Contents"]) == len(set(when))


class _Document(dead_letters.Encoded):
    """A document that is JSON already."""

    def json(self) -> bytes:
        return '{"document":{"message":"Ü \\"original\\": null"}}'.encode()


def test_an_original_that_is_json_already_is_stored_as_it_is(s3: Any) -> None:
    letter = DeadLetter("document", 'a reason with "original": null in it', 3, _Document())

    key = dead_letters.store(s3, "letters", "request", [letter])

    [record] = _read(s3, key)
    assert (record["reason"], record["attempts"]) == (letter.reason, 3)
    assert record["original"] == {"document": {"message": 'Ü "original": null'}}
    [read] = dead_letters.decode(s3.get_object(Bucket="letters", Key=key)["Body"].read()).letters
    assert read.original == record["original"]


@pytest.mark.parametrize(("spare", "objects"), [(0, [3]), (-1, [2, 1]), (-10_000, [1, 1, 1])])
def test_what_is_too_much_for_one_object_goes_into_others(s3: Any, spare: int, objects: list[int]) -> None:
    # given letters that together have a size, all of one length
    letters = [DeadLetter("payload", f"reason {number}", 1, "x", "2026-11-21T10:15:00.250Z") for number in range(3)]
    text = len(gzip.decompress(dead_letters.encode(letters)))

    key = dead_letters.store(s3, "letters", "request", letters, largest=text + spare)

    # then each object holds as many as fit, at least one, and all are there once in their order
    keys = [key, *(key.replace("request", f"request-{number}") for number in range(1, len(objects)))]
    stored = [_read(s3, one) for one in keys]
    assert [len(part) for part in stored] == objects
    assert [record["reason"] for part in stored for record in part] == [letter.reason for letter in letters]
    assert len(s3.list_objects_v2(Bucket="letters")["Contents"]) == len(objects)


def test_lone_surrogates_and_deep_nesting_are_stored(s3: Any) -> None:
    deep: Any = "end"
    for _ in range(800):
        deep = [deep]

    key = dead_letters.store(s3, "letters", "request", [DeadLetter("document", "\ud800", 1, deep)])

    [record] = _read(s3, key)
    assert (record["reason"], record["original"]) == ("\ud800", deep)


def test_a_bucket_that_does_not_take_the_object_is_an_error_with_the_key_and_the_reason() -> None:
    s3 = boto3.client("s3", region_name=REGION)

    with pytest.raises(DeadLetterError) as caught:
        dead_letters.store(s3, "no-such-bucket", "request", [DeadLetter("payload", "x", 1, "x")])

    assert caught.value.key.endswith("/request.ndjson.gz")
    assert "NoSuchBucket" in caught.value.reason
