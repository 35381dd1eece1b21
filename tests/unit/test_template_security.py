"""What the template promises about its resources beyond their roles: who may use them, and how they are kept."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from notifier import fallback, graph
from replay import bucket, records
from watchpost import dead_letters
from watchpost.configuration import stored

from tests.unit.template import TEMPLATE, parsed, statements

RESOURCES: dict[str, dict[str, Any]] = parsed()["Resources"]
DOCUMENT = (Path(__file__).resolve().parents[2] / "docs" / "permissions.md").read_text()


def _of(kind: str) -> dict[str, dict[str, Any]]:
    return {name: item.get("Properties", {}) for name, item in RESOURCES.items() if item["Type"] == kind}


QUEUES, TOPICS = _of("AWS::SQS::Queue"), _of("AWS::SNS::Topic")
FUNCTIONS = _of("AWS::Serverless::Function")
WITHOUT_TLS = {"Bool": {"aws:SecureTransport": "false"}, "NotIpAddress": {"aws:SourceIp": "127.0.0.0/8"}}


def _policy(kind: str, field: str, resource: str) -> dict[str, dict[str, Any]]:
    """The statements of a resource's own policy by their names."""
    [found] = [item for item in _of(kind).values() if item[field] in (resource, [resource])]
    return {statement["Sid"]: statement for statement in found["PolicyDocument"]["Statement"]}


def _is_refused_without_tls(statement: dict[str, Any], *actions: str) -> bool:
    everybody = (statement["Effect"], statement["Principal"]) == ("Deny", "*")
    return everybody and statement["Action"] in actions and statement["Condition"] == WITHOUT_TLS


@pytest.mark.parametrize("queue", QUEUES)
def test_a_queue_is_encrypted_and_takes_messages_of_the_stacks_rules_by_tls_only(queue: str) -> None:
    policy = _policy("AWS::SQS::QueuePolicy", "Queues", queue)
    assert QUEUES[queue]["SqsManagedSseEnabled"] is True
    assert set(policy) == {"RulesOnly", "TlsOnly"}
    assert policy["RulesOnly"]["Principal"] == {"Service": "events.amazonaws.com"}
    condition = policy["RulesOnly"]["Condition"]
    assert all(RESOURCES[arn.removesuffix(".Arn")] for arn in condition["ArnEquals"]["aws:SourceArn"])
    assert condition["StringEquals"] == {"aws:SourceAccount": "AWS::AccountId"}
    assert _is_refused_without_tls(policy["TlsOnly"], "sqs:*")
    assert policy["RulesOnly"]["Resource"] == policy["TlsOnly"]["Resource"] == f"{queue}.Arn"


@pytest.mark.parametrize("topic", TOPICS)
def test_a_topic_is_encrypted_and_takes_messages_of_this_account_by_tls_only(topic: str) -> None:
    policy = _policy("AWS::SNS::TopicPolicy", "Topics", topic)
    assert TOPICS[topic]["KmsMasterKeyId"] == "Key"
    assert _is_refused_without_tls(policy.pop("TlsOnly"), "sns:Publish")
    [(name, publishing)] = policy.items()
    assert publishing["Resource"] == topic
    if name == "NotifierOnly":
        assert publishing["Principal"] == {"AWS": "NotifierRole.Arn"}
        return
    assert publishing["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    alarms = "arn:${AWS::Partition}:cloudwatch:${AWS::Region}:${AWS::AccountId}:alarm:*"
    assert publishing["Condition"] == {
        "ArnLike": {"aws:SourceArn": alarms},
        "StringEquals": {"aws:SourceAccount": "AWS::AccountId"},
    }


def test_the_bucket_is_encrypted_private_and_speaks_tls_only() -> None:
    found = RESOURCES["DeadLetterBucket"]["Properties"]
    [encryption] = found["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert encryption["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "Key.Arn"}
    assert set(found["PublicAccessBlockConfiguration"].values()) == {True}
    assert found["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    policy = _policy("AWS::S3::BucketPolicy", "Bucket", "DeadLetterBucket")
    assert list(policy) == ["TlsOnly"]
    assert _is_refused_without_tls(policy["TlsOnly"], "s3:*")


def test_whatever_is_written_to_the_bucket_expires_but_the_configuration() -> None:
    rules = RESOURCES["DeadLetterBucket"]["Properties"]["LifecycleConfiguration"]["Rules"]
    expiring = tuple(rule["Prefix"] for rule in rules if rule.get("ExpirationInDays"))
    written = [dead_letters.PREFIX, bucket.REJECTED, bucket.CLAIMS, records.LAMBDA_PREFIX]
    written += [fallback.PREFIX, graph.PREFIX, stored.PREFIX]
    assert [prefix for prefix in written if not prefix.startswith(expiring)] == [stored.PREFIX]
    assert any("AbortIncompleteMultipartUpload" in rule for rule in rules)


def test_the_key_may_be_used_by_this_account_and_its_alarms_only() -> None:
    statements = RESOURCES["Key"]["Properties"]["KeyPolicy"]["Statement"]
    principals = {one["Sid"]: one["Principal"] for one in statements}
    assert principals == {
        "Account": {"AWS": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"},
        "AlarmsToTopics": {"Service": "cloudwatch.amazonaws.com"},
    }
    [alarms] = [one for one in statements if one["Sid"] == "AlarmsToTopics"]
    assert alarms["Condition"] == {"StringEquals": {"aws:SourceAccount": "AWS::AccountId"}}
    assert alarms["Action"] == ["kms:Decrypt", "kms:GenerateDataKey*"]


def test_a_function_uses_the_key_only_through_a_service() -> None:
    uses = [one for _, one in statements() if "kms:" in str(one["Action"])]
    assert uses
    for statement in uses:
        services = statement["Condition"]["StringLike"]["kms:ViaService"]
        for service in [services] if isinstance(services, str) else services:
            assert re.fullmatch(r"(s3|secretsmanager|sns|kinesis)\.\$\{AWS::Region\}\.amazonaws\.com\*", service)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_an_invocation_that_failed_for_good_is_kept_or_comes_again_by_itself(function: str) -> None:
    # the shipper's are resources of their own: one for the alias, one for the function itself
    apart = [one for one in _of("AWS::Lambda::EventInvokeConfig").values() if one["FunctionName"] == function]
    configs = apart or [FUNCTIONS[function]["EventInvokeConfig"]]
    schedules = [one for one in FUNCTIONS[function].get("Events", {}).values() if one["Type"] == "Schedule"]
    for config in configs:
        kept = config.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination") == "DeadLetterBucket.Arn"
        assert kept or (config["MaximumRetryAttempts"] == 0 and schedules)


def test_no_secret_is_in_the_environment_or_a_parameter() -> None:
    assert "{{resolve:" not in TEMPLATE
    assert not [name for name, item in parsed()["Parameters"].items() if item.get("NoEcho")]
    variables = parsed()["Globals"]["Function"]["Environment"]["Variables"]
    secrets = {name: value for name, value in variables.items() if name.endswith("_SECRET")}
    assert {str(value).rpartition(".")[2] for value in secrets.values() if isinstance(value, str)} == {"Id"}


def test_whoever_may_assume_a_role_is_one_service_of_this_account() -> None:
    for name, role in _of("AWS::IAM::Role").items():
        [trust] = role["AssumeRolePolicyDocument"]["Statement"]
        used_by = [one for one in FUNCTIONS.values() if one["Role"] == f"{name}.Arn"]
        if used_by:  # Lambda assumes a role for functions that somebody was allowed to pass it to, iam:PassRole
            assert trust["Principal"] == {"Service": "lambda.amazonaws.com"}
        elif name == "ShipperDeploymentRole":
            assert trust["Principal"]["Service"].startswith("codedeploy.")
            assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": "AWS::AccountId"}}
        else:
            assert trust["Principal"]["Service"].startswith("logs.")
            # The sender's role as AWS documents it, without a condition; only who may pass it can have it used.
            assert name == "SenderRole" or list(trust["Condition"]["StringLike"]) == ["aws:SourceArn"]


def test_every_resource_that_is_not_narrowed_has_its_reason_beside_it() -> None:
    bare = [line.strip() for line in TEMPLATE.splitlines() if re.search(r'Resource: ("\*"|\*)\s*$', line)]
    assert bare == []


def test_the_document_explains_every_permission_of_every_role() -> None:
    in_template = {
        (role, one["Sid"], tuple(one["Action"]) if isinstance(one["Action"], list) else (one["Action"],))
        for role, one in statements()
    }
    explained = set()
    role = ""
    for line in DOCUMENT.splitlines():
        if heading := re.fullmatch(r"### `(\w+)`.*", line):
            role = heading[1]
        elif row := re.fullmatch(r"\| `(\w+)` \| (.+?) \| .+ \| \S.* \|", line):
            explained.add((role, row[1], tuple(re.findall(r"`([\w:]+)`", row[2]))))
    assert explained == in_template
