"""Looks for the secrets of a run in everything that the account holds and that was printed while it ran.

Not looked at is where secrets belong: Secrets Manager, and the account's own record, which only its owner can read.
"""

from __future__ import annotations

import gzip
import json
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import boto3
from botocore.exceptions import ClientError

from tests import secrets_seen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from local.account import Account
    from tests.secrets_seen import Secret

Place = tuple[str, bytes]  # its name, such as `log group /aws/lambda/x (eu-west-1)`, and what it holds

PAGE = 5_000  # documents at once
SMALL = 10_000  # bytes of an object; packages of code are larger, and are not read
OWN_RECORD = "account.json"


def check(account: Account) -> None:
    """Fail when a secret of the run stands anywhere that it should not."""
    wrong = found(secrets_of(account), places(account))
    assert not wrong, "secrets were found:\n" + "\n".join(wrong)


def found(secrets: Iterable[Secret], looked_at: Iterable[Place]) -> list[str]:
    """Which secret stands where, none of them whole, each pair once."""
    needles = [(secret, secret.needles()) for secret in secrets]
    wrong: dict[str, None] = {}
    for name, content in looked_at:
        for secret, forms in needles:
            if any(form in content for form in forms) and not name.startswith(secret.allowed or ("\0",)):
                wrong[f"{secret!r} in {name}"] = None
    return list(wrong)


def secrets_of(account: Account) -> list[Secret]:
    """Those that tests noted, those of Secrets Manager with their earlier values, and the cluster's passwords."""
    all_of_them = secrets_seen.noted()
    all_of_them += secrets_seen.of_url(account.elasticsearch_url, "the administrator's password")
    for region in regions(account):
        manager = account.client("secretsmanager", region)
        for listed in _pages(manager, "list_secrets", "SecretList"):
            all_of_them += _versions(manager, listed["ARN"])
    return list({secret.value: secret for secret in reversed(all_of_them)}.values())


def _versions(manager: Any, arn: str) -> Iterator[Secret]:
    versions = manager.list_secret_version_ids(SecretId=arn, IncludeDeprecated=True)["Versions"]
    for version in versions:
        try:
            text = manager.get_secret_value(SecretId=arn, VersionId=version["VersionId"]).get("SecretString", "")
        except ClientError:  # it is about to be deleted
            continue
        yield from secrets_seen.of_text(text, arn.rpartition(":")[2])


def regions(account: Account) -> list[str]:
    """The regions in which there is anything."""
    names = boto3.session.Session().get_available_regions("lambda")
    with ThreadPoolExecutor(8) as pool:
        used = list(pool.map(lambda name: _is_used(account, name), names))
    return [name for name, is_used in zip(names, used, strict=True) if is_used]


def _is_used(account: Account, region: str) -> bool:
    return bool(
        account.client("logs", region).describe_log_groups(limit=1)["logGroups"]
        or account.client("cloudformation", region).list_stacks()["StackSummaries"]
    )


def places(account: Account) -> Iterator[Place]:
    """Everything that is looked at."""
    for region in regions(account):
        for kind in KINDS:
            for name, content in kind(account, region):
                yield f"{name} ({region})", content
    yield from _buckets(account)
    yield from _documents(account)
    yield from _files(account)
    yield from secrets_seen.all_shown()


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def _json(value: Any) -> bytes:
    return json.dumps(value, default=str, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _pages(client: Any, operation: str, key: str, **asked: Any) -> Iterator[Any]:
    if client.can_paginate(operation):
        for page in client.get_paginator(operation).paginate(**asked):
            yield from page.get(key, ())
    else:
        yield from getattr(client, operation)(**asked).get(key, ())


def _logs(account: Account, region: str) -> Iterator[Place]:
    logs = account.client("logs", region)
    for group in _pages(logs, "describe_log_groups", "logGroups"):
        name = group["logGroupName"]
        yield f"log group {name}", _json(group)
        for event in _pages(logs, "filter_log_events", "events", logGroupName=name):
            yield f"log group {name}", f"{event.get('logStreamName')}\n{event['message']}".encode("utf-8", "replace")
        filters = logs.describe_subscription_filters(logGroupName=name)["subscriptionFilters"]
        yield f"subscription filters of {name}", _json(filters)


def _metrics(account: Account, region: str) -> Iterator[Place]:
    cloudwatch = account.client("cloudwatch", region)
    yield "metrics", _json(list(_pages(cloudwatch, "list_metrics", "Metrics")))
    for kind in ("MetricAlarms", "CompositeAlarms"):
        asked = {"AlarmTypes": [kind.removesuffix("s")]}
        for alarm in _pages(cloudwatch, "describe_alarms", kind, **asked):
            yield f"alarm {alarm['AlarmName']}", _json(alarm)
    for entry in _pages(cloudwatch, "list_dashboards", "DashboardEntries"):
        name = entry["DashboardName"]
        yield f"dashboard {name}", _json(cloudwatch.get_dashboard(DashboardName=name)["DashboardBody"])


def _stacks(account: Account, region: str) -> Iterator[Place]:
    cloudformation = account.client("cloudformation", region)
    for stack in _pages(cloudformation, "list_stacks", "StackSummaries"):
        name = stack["StackName"]
        asks: tuple[Callable[[], Any], ...] = (
            lambda: cloudformation.describe_stacks(StackName=name),  # noqa: B023  # called at once
            lambda: cloudformation.get_template(StackName=name),  # noqa: B023
            lambda: cloudformation.describe_stack_events(StackName=name),  # noqa: B023
        )
        for ask in asks:
            try:
                yield f"stack {name}", _json(ask())
            except ClientError:  # of a stack that is deleted some are gone
                continue


def _functions(account: Account, region: str) -> Iterator[Place]:
    for function in _pages(account.client("lambda", region), "list_functions", "Functions"):
        yield f"function {function['FunctionName']}", _json(function)


def _parameters(account: Account, region: str) -> Iterator[Place]:
    asked = {"Path": "/", "Recursive": True, "WithDecryption": True}
    for parameter in _pages(account.client("ssm", region), "get_parameters_by_path", "Parameters", **asked):
        if parameter["Type"] != "SecureString":
            yield f"parameter {parameter['Name']}", _json(parameter)


def _tables(account: Account, region: str) -> Iterator[Place]:
    dynamodb = account.client("dynamodb", region)
    for table in _pages(dynamodb, "list_tables", "TableNames"):
        yield f"table {table}", _json(list(_pages(dynamodb, "scan", "Items", TableName=table)))


def _queues(account: Account, region: str) -> Iterator[Place]:
    sqs = account.client("sqs", region)
    for url in _pages(sqs, "list_queues", "QueueUrls"):
        asked = {"QueueUrl": url, "MaxNumberOfMessages": 10, "VisibilityTimeout": 2, "MessageAttributeNames": ["All"]}
        while messages := sqs.receive_message(**asked).get("Messages", []):
            yield f"queue {url.rpartition('/')[2]}", _json(messages)
            if len(messages) < 10:
                break


def _rules(account: Account, region: str) -> Iterator[Place]:
    events = account.client("events", region)
    for rule in _pages(events, "list_rules", "Rules"):
        targets = list(_pages(events, "list_targets_by_rule", "Targets", Rule=rule["Name"]))
        yield f"rule {rule['Name']}", _json([rule, targets])


KINDS: tuple[Callable[[Account, str], Iterator[Place]], ...] = (
    *(_logs, _metrics, _stacks, _functions, _parameters, _tables, _queues, _rules),
)


def _buckets(account: Account) -> Iterator[Place]:
    s3 = account.client("s3")
    for bucket in s3.list_buckets()["Buckets"]:
        for item in _pages(s3, "list_objects_v2", "Contents", Bucket=bucket["Name"]):
            name = f"object s3://{bucket['Name']}/{item['Key']}"
            yield name, item["Key"].encode("utf-8", "replace")
            asked = {"Bucket": bucket["Name"], "Key": item["Key"]}
            if item["Size"] <= SMALL or s3.get_object(**asked, Range="bytes=0-3")["Body"].read() != b"PK\x03\x04":
                yield name, _unpacked(s3.get_object(**asked)["Body"].read())


def _unpacked(body: bytes) -> bytes:
    try:
        return gzip.decompress(body)
    except (OSError, EOFError, zlib.error):
        return body


def _documents(account: Account) -> Iterator[Place]:
    """Every document of every index, and what says how they are indexed."""
    for path in ("_index_template", "_component_template", "_cat/indices?format=json"):
        yield f"Elasticsearch: {path}", account.elasticsearch("GET", path).content
    account.elasticsearch("POST", "*/_refresh")
    answer = account.elasticsearch("POST", f"*/_search?scroll=1m&size={PAGE}", json={"sort": ["_doc"]})
    while True:
        answer.raise_for_status()
        read = answer.json()
        hits = read["hits"]["hits"]
        for hit in hits:
            yield f"document in {hit['_index']}", _json(hit)
        if len(hits) < PAGE:
            account.elasticsearch("DELETE", "_search/scroll", json={"scroll_id": read["_scroll_id"]})
            return
        answer = account.elasticsearch("POST", "_search/scroll", json={"scroll": "1m", "scroll_id": read["_scroll_id"]})


def _files(account: Account) -> Iterator[Place]:
    """What the processes of the account and the deployments have printed."""
    for path in sorted(account.state.run.rglob("*")):
        if path.is_file() and path.name != OWN_RECORD:
            yield f"file {path.relative_to(account.state.root)}", path.read_bytes()
