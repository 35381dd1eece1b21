"""Dead letters are replayed by the deployed stack, with no more rights than its role has."""

from __future__ import annotations

import gzip
import json
import subprocess
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from watchpost import names

from local.state import CHECKOUT, tool
from tests.acceptance.helpers import client_as, documents, published, subscription_event

if TYPE_CHECKING:
    from local.account import Account

REASON = "Elasticsearch is unavailable (503): away"


def _document(group: str, **fields: Any) -> dict[str, Any]:
    """A document as the shipper keeps it."""
    body = {
        "@timestamp": datetime.now(UTC).isoformat(),
        "message": "from a dead letter",
        "data_stream": {"type": "logs", "dataset": "watchpost.app", "namespace": "dev"},
        "aws": {"cloudwatch": {"log_group": group, "log_stream": "stream"}},
        **fields,
    }
    return {"index": "logs-watchpost.app-dev", "id": uuid.uuid4().hex, "document": body}


def _metric(service: str, value: float) -> dict[str, Any]:
    return {
        "namespace": "Watchpost",
        "MetricName": "replayed",
        "Dimensions": [{"Name": "Service", "Value": service}],
        "Timestamp": int(time.time()),
        "Values": [value],
        "Counts": [1.0],
    }


def _put(account: Account, letters: list[dict[str, Any]]) -> str:
    """Store letters as the shipper does, and return the object's key."""
    key = f"dead-letters/{datetime.now(UTC):%Y/%m/%d}/{uuid.uuid4()}.ndjson.gz"
    body = gzip.compress("".join(json.dumps(letter) + "\n" for letter in letters).encode())
    account.client("s3").put_object(Bucket=account.outputs()["DeadLetterBucket"], Key=key, Body=body)
    return key


def _letter(kind: str, original: Any, reason: str = REASON) -> dict[str, Any]:
    return {"kind": kind, "reason": reason, "attempts": 6, "original": original}


def _keys(account: Account, prefix: str) -> list[str]:
    listed = account.client("s3").list_objects_v2(Bucket=account.outputs()["DeadLetterBucket"], Prefix=prefix)
    return [item["Key"] for item in listed.get("Contents", [])]


def _replay(account: Account, **event: Any) -> dict[str, Any]:
    answer = account.invoke(account.outputs()["ReplayFunction"], {"dryRun": False, **event})
    assert isinstance(answer, dict)
    return answer


def test_letters_are_delivered_and_their_object_is_removed(account: Account) -> None:
    # given a document, a metric, and a payload that the shipper could not handle
    group, service = f"/test/{uuid.uuid4().hex[:12]}", f"svc-{uuid.uuid4().hex[:8]}"
    payload = subscription_event(group, ["from a payload"])
    reason = f"{REASON} {group}"
    letters = [("document", _document(group)), ("metric", _metric(service, 7.0)), ("payload", payload)]
    key = _put(account, [_letter(kind, original, reason) for kind, original in letters])

    # when the replay function runs
    answer = _replay(account, reason=group)

    # then all three are where they belong, and nothing is left
    assert (answer["state"], answer["delivered"], answer["left"]) == ("finished", 3, 0)
    assert {item["message"] for item in documents(account, group)} == {"from a dead letter", "from a payload"}
    assert published(account, "replayed", service) == (7, 1)
    assert _keys(account, key) == []
    assert _keys(account, f"replay-claims/{key}") == []


def test_two_runs_at_once_publish_each_metric_once(account: Account) -> None:
    # given objects with one metric each
    service = f"svc-{uuid.uuid4().hex[:8]}"
    keys = [_put(account, [_letter("metric", _metric(service, 1.0), f"{REASON} {service}")]) for _ in range(12)]

    # when two people replay at once
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: _replay(account, reason=service), range(2)))

    # then each is published once
    assert sum(answer["delivered"] for answer in answers) == 12
    assert published(account, "replayed", service) == (12, 12)
    assert [key for key in keys if _keys(account, key)] == []


def test_poison_ends_in_rejected(account: Account) -> None:
    # given a document that Elasticsearch refuses for good
    group = f"/test/{uuid.uuid4().hex[:12]}"
    poison = _document(group, **{"@timestamp": "no time at all"})
    key = _put(account, [_letter("document", poison, group), _letter("document", _document(group), group)])

    answer = _replay(account, reason=group)

    # then it is put aside with Elasticsearch's reason, and the other one is delivered
    assert (answer["delivered"], answer["rejected"]) == (1, 1)
    assert len(documents(account, group)) == 1
    assert _keys(account, key) == []
    prefix = key.replace("dead-letters/", "rejected/").removesuffix(".ndjson.gz")
    [rejected] = _keys(account, prefix)
    s3, bucket = account.client("s3"), account.outputs()["DeadLetterBucket"]
    body = s3.get_object(Bucket=bucket, Key=rejected)["Body"].read()
    [letter] = [json.loads(line) for line in gzip.decompress(body).splitlines()]
    assert letter["reason"].startswith("400 ")
    assert [entry["reason"] for entry in letter["history"]] == [group]
    s3.delete_object(Bucket=bucket, Key=rejected)


def _command(account: Account, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": "/usr/bin:/bin", **account.state.read_env()}
    command = [tool("project", "watchpost"), "replay", *arguments]
    return subprocess.run(command, env=environment, cwd=CHECKOUT, capture_output=True, text=True, check=False)


def test_the_command_replays_with_the_credentials_of_the_shell(account: Account) -> None:
    # given letters with a reason of their own
    group = f"/test/{uuid.uuid4().hex[:12]}"
    for _ in range(3):
        _put(account, [_letter("document", _document(group), f"test of {group}")])

    # when they are counted, nothing changes
    counted = _command(account, "--dry-run", "--reason", group)
    assert (counted.returncode, counted.stderr.count("Traceback")) == (0, 0)
    assert f"test of {group}" in counted.stdout
    assert documents(account, group) == []

    # and when they are replayed, they are delivered
    done = _command(account, "--reason", group.upper())
    assert (done.returncode, done.stdout.count("All was delivered.")) == (0, 1), done.stderr
    assert len(documents(account, group)) == 3


def test_the_command_tells_that_there_is_no_such_stack(account: Account) -> None:
    done = _command(account, "--stack", "nowhere")

    assert done.returncode == 2
    assert done.stderr.startswith("watchpost: The stack nowhere cannot be read: ")


def test_the_role_may_do_what_a_replay_needs_and_no_more(account: Account) -> None:
    outputs = account.outputs()
    bucket = outputs["DeadLetterBucket"]
    s3 = client_as(account, "replay", "s3")
    functions, secrets = client_as(account, "replay", "lambda"), client_as(account, "replay", "secretsmanager")
    event = json.dumps({"deadLetters": []}).encode()

    # what it needs
    alias = f"{outputs['ShipperFunction']}:{names.SHIPPER_ALIAS}"
    assert functions.invoke(FunctionName=alias, Payload=event)["StatusCode"] == 200
    assert secrets.get_secret_value(SecretId=outputs["ElasticsearchSecret"])["SecretString"]
    s3.put_object(Bucket=bucket, Key="rejected/role-test", Body=b"")
    s3.delete_object(Bucket=bucket, Key="rejected/role-test")

    # and what it does not
    for call, arguments in (
        (s3.put_object, {"Bucket": bucket, "Key": "elsewhere", "Body": b""}),
        (s3.put_object, {"Bucket": bucket, "Key": "aws/lambda/async/x", "Body": b""}),
        (s3.get_object, {"Bucket": bucket, "Key": "elsewhere"}),
        (functions.invoke, {"FunctionName": outputs["NotifierFunction"], "Payload": b"{}"}),
        (functions.invoke, {"FunctionName": outputs["ShipperFunction"], "Payload": event}),  # not without the alias
        (secrets.get_secret_value, {"SecretId": outputs["NotificationSecret"]}),
    ):
        with pytest.raises(ClientError) as caught:
            call(**arguments)
        assert caught.value.response["Error"]["Code"] in {"AccessDenied", "AccessDeniedException"}
