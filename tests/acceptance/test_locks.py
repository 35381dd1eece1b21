"""What somebody who may send events and payloads can do to a deployed stack: nothing that a right one could not do.

The same promises one by one: tests/integration/test_forged_events.py and tests/unit/shipper/test_shipper_bombs.py.
"""

from __future__ import annotations

import base64
import gzip
import json
import secrets
import uuid
import zlib
from typing import TYPE_CHECKING, Any

import pytest

from local import stack
from local.account import credentials_of, without_credentials
from local.errors import LocalError
from tests import secrets_seen
from tests.acceptance.helpers import eventually, subscription_event
from tests.acceptance.region import Region

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.account import Account

NAME, REGION = "wp-locks", "me-south-1"
ATTACKER = "https://attacker.example.com/collect"
PLANTED = 'REPORT RequestId: 1\n{"_aws": {}}\x1b[2J<!channel>'


@pytest.fixture(scope="module")
def region(account: Account) -> Iterator[Region]:
    """A deployed stack that redacts, with a log group that is subscribed."""
    found = Region(account, NAME, REGION)
    stack.deploy(account.state, account.endpoint, without_credentials(account.elasticsearch_url), NAME, REGION)
    secret = json.dumps(credentials_of(account.elasticsearch_url))
    account.client("secretsmanager", REGION).put_secret_value(
        SecretId=found.outputs["ElasticsearchSecret"], SecretString=secret
    )
    patterns = ["aws_access_key_id", "aws_secret_access_key", "bearer_token", "authorization"]
    found.configure({"logs": {"redact": {"patterns": patterns, "keys": ["session_token"]}}})
    yield found
    found.delete()


def _ship(region: Region, event: dict[str, Any]) -> dict[str, Any]:
    return dict(region.account.invoke(region.outputs["ShipperFunction"], event, REGION))


def _objects(region: Region, prefix: str) -> dict[str, bytes]:
    s3, bucket = region.account.client("s3", REGION), region.outputs["DeadLetterBucket"]
    keys = [item["Key"] for item in s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])]
    return {key: s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}


def _printed(region: Region, function: str) -> str:
    group = f"/aws/lambda/{NAME}-{function}"
    return "\n".join(event["message"] for event in region.logs.filter_log_events(logGroupName=group)["events"])


def _bomb(size: int) -> str:
    packer = zlib.compressobj(9, wbits=31)
    packed = b"".join(packer.compress(bytes(1 << 20)) for _ in range(size >> 20)) + packer.flush()
    return base64.b64encode(packed).decode()


def test_secrets_in_lines_are_redacted_before_anything_leaves(region: Region) -> None:
    """They are noted, so that the end of the run looks for them in everything that the account holds."""
    # given keys as AWS makes them
    key = secrets_seen.note("ASIA" + base64.b32encode(secrets.token_bytes(10)).decode()[:16], "an access key id")
    random = secrets.token_urlsafe(60).replace("-", "A").replace("_", "b")
    secret = secrets_seen.note(f"wJa7{random[:36]}", "a secret key")
    token = secrets_seen.note(base64.b64encode(secrets.token_bytes(90)).decode(), "a session token")
    group = f"/test/locks-{uuid.uuid4().hex[:8]}"
    lines = [
        f"AWS_ACCESS_KEY_ID={key} aws_secret_access_key={secret}",
        json.dumps({"message": "assumed", "session_token": token, "aws": {"secret_access_key": secret}}),
        f"authorization: Bearer {token}",
    ]

    answer = _ship(region, subscription_event(group, lines))

    assert answer["DocumentsDelivered"] == 3, answer
    region.account.elasticsearch("POST", "logs-watchpost.*/_refresh").raise_for_status()
    found = region.account.elasticsearch(
        "POST", "logs-watchpost.*/_search", json={"query": {"term": {"aws.cloudwatch.log_group": group}}}
    ).json()["hits"]["hits"]
    assert len(found) == 3
    assert all("redacted" in hit["_source"]["tags"] for hit in found)
    assert not [one for one in (key, secret, token) if one in json.dumps(found)]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (_bomb(8 * 32 << 20), "payload is too-large"),
        (base64.b64encode(gzip.compress(b"{}" * (3 << 20))).decode(), "payload is too-dense"),
        (base64.b64encode(gzip.compress(gzip.compress(b"{}"))).decode(), "payload is not-json"),
        (base64.b64encode(gzip.compress(b"{}") * 2).decode(), "payload is not-gzip"),
    ],
    ids=["large", "dense", "nested", "two streams"],
)
def test_a_bomb_is_kept_with_its_reason_and_rejected_at_its_first_replay(
    region: Region, data: str, reason: str
) -> None:
    """Nothing is lost, nothing dies of it, and nothing goes round for ever."""
    before = set(_objects(region, "rejected/"))

    answer = _ship(region, {"awslogs": {"data": data}})
    assert (answer["PayloadsInvalid"], answer["DeadLettered"]) == (1, 1)
    replayed = region.account.invoke(region.outputs["ReplayFunction"], {"dryRun": False}, REGION)

    assert replayed["rejected"] == 1, replayed
    assert _objects(region, "dead-letters/") == {}
    [new] = set(_objects(region, "rejected/")) - before
    letter = json.loads(gzip.decompress(_objects(region, new)[new]))
    assert letter["reason"].startswith(reason)
    assert letter["original"] == {"awslogs": {"data": data}}
    # and the next run does not look at it again
    assert region.account.invoke(region.outputs["ReplayFunction"], {}, REGION)["objects"] == 0


@pytest.mark.parametrize("component", ["Subscriber", "Provisioner"])
@pytest.mark.parametrize(
    "address", [ATTACKER, "http://169.254.170.2/v2/credentials", "https://s3.amazonaws.com.x.test/"]
)
def test_a_forged_request_of_cloudformation_is_refused_and_undoes_nothing(
    region: Region, component: str, address: str
) -> None:
    group = f"/test/kept-{uuid.uuid4().hex[:8]}"
    region.logs.create_log_group(logGroupName=group)
    region.announce(group)
    eventually(lambda: region.filters(group), "the subscription")
    forged = {"RequestType": "Delete", "ResponseURL": address, "StackId": "arn:x", "RequestId": "1"}

    with pytest.raises(LocalError, match="payload is foreign, expected a ResponseURL of Amazon S3"):
        region.account.invoke(region.outputs[f"{component}Function"], {**forged, "LogicalResourceId": "X"}, REGION)

    assert region.filters(group)
    assert "attacker.example.com" not in _printed(region, component.lower())


def test_forged_events_about_what_is_not_there_change_nothing(region: Region) -> None:
    ledger = region.ledger()
    gone = f"/test/no-such-group-{uuid.uuid4().hex[:8]}"
    foreign = "arn:aws:logs:us-east-1:999999999999:log-group:/test/somebody-elses"

    region.announce(gone)
    region.announce("/a\r\nb\x1b[2J")
    region.send("Tag Change on Resource", {"service": "logs", "resource-type": "log-group"}, (foreign,))
    region.send("Parameter Store Change", {"name": "/x", "operation": "Update", "value": "{}"})

    # the queue is worked off: what is really there is found behind them
    group = f"/test/behind-{uuid.uuid4().hex[:8]}"
    region.logs.create_log_group(logGroupName=group)
    region.announce(group)
    eventually(lambda: group in region.ledger(), "the treatment of the group behind the forged events")
    assert not {gone, "/a\r\nb\x1b[2J", "/test/somebody-elses"} & set(region.ledger())
    assert ledger.keys() <= region.ledger().keys()
    assert "\x1b" not in _printed(region, "subscriber")


def test_a_message_of_a_foreign_topic_is_none_of_the_stacks(region: Region) -> None:
    body = {"AlarmName": f"{NAME}/orders/orders-api/errors", "NewStateValue": "OK", "OldStateValue": "ALARM"}
    topic = "arn:aws:sns:us-east-1:999999999999:anybodys"
    sns = {"TopicArn": topic, "Message": json.dumps(body), "MessageId": uuid.uuid4().hex, "Subject": PLANTED}

    region.account.invoke(region.outputs["NotifierFunction"], {"Records": [{"Sns": sns}]}, REGION)

    def told() -> list[str]:
        return [line for line in _printed(region, "notifier").splitlines() if "a message came by a topic" in line]

    [line] = eventually(told, "the warning of the notifier")
    assert json.loads(line)["topic"] == topic


def test_a_replay_of_what_is_no_letter_is_refused(region: Region) -> None:
    with pytest.raises(LocalError, match="payload is malformed"):
        region.account.invoke(region.outputs["ReplayFunction"], {"again": ["config/document.json"]}, REGION)


def test_lines_that_forge_our_own_do_not_count(region: Region) -> None:
    """A service that prints what looks like Watchpost's log, metrics or documents of the platform."""
    group = f"/test/forging-{uuid.uuid4().hex[:8]}"
    forged = {"_aws": {"CloudWatchMetrics": [{"Namespace": "Watchpost/Pipeline"}]}, "LinesReceived": 10**9}

    answer = _ship(region, subscription_event(group, [json.dumps(forged), PLANTED, "x\nSTART RequestId: 1 Version: 2"]))

    assert answer["LinesReceived"] == 3
    assert not [line for line in _printed(region, "shipper").splitlines() if str(10**9) in line]


def test_the_functions_say_what_they_refused_without_repeating_it(region: Region) -> None:
    """Log lines of ours are JSON, one object a line, or Lambda's own."""
    for function in ("shipper", "subscriber", "notifier", "replay"):
        for line in _printed(region, function).splitlines():
            if line.startswith("{"):
                assert isinstance(json.loads(line), dict)
            assert "\x1b" not in line
