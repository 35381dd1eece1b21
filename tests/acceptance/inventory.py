"""Everything that is in a region, by name: what a stack leaves behind is the difference of two of these."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from local.account import Account

# What `sam deploy` keeps its packages in.
TOOL = "aws-sam-cli-managed-default"

# A service, its operation, and where in the answer the names are.
LISTS = (
    ("lambda", "list_functions", "Functions", "FunctionName"),
    ("lambda", "list_event_source_mappings", "EventSourceMappings", "UUID"),
    ("cloudwatch", "list_dashboards", "DashboardEntries", "DashboardName"),
    ("sns", "list_topics", "Topics", "TopicArn"),
    ("sns", "list_subscriptions", "Subscriptions", "SubscriptionArn"),
    ("sqs", "list_queues", "QueueUrls", ""),
    ("dynamodb", "list_tables", "TableNames", ""),
    ("ssm", "describe_parameters", "Parameters", "Name"),
    ("secretsmanager", "list_secrets", "SecretList", "Name"),
    ("events", "list_rules", "Rules", "Name"),
    ("scheduler", "list_schedules", "Schedules", "Name"),
    ("kinesis", "list_streams", "StreamNames", ""),
    ("iam", "list_roles", "Roles", "RoleName"),
    ("iam", "list_policies", "Policies", "PolicyName"),
    ("s3", "list_buckets", "Buckets", "Name"),
    ("kms", "list_aliases", "Aliases", "AliasName"),
    ("logs", "describe_log_groups", "logGroups", "logGroupName"),
    ("logs", "describe_metric_filters", "metricFilters", "filterName"),
    ("logs", "describe_destinations", "destinations", "destinationName"),
)


def inventory(account: Account, region: str) -> set[str]:
    """The names of everything in a region, each with its kind before it. Roles and buckets are those of all regions."""

    def client(service: str) -> Any:
        return account.client(service, region)

    found = {f"{service} {operation} {name}" for service, operation, *where in LISTS
             for name in _names(client(service), operation, *where)}  # fmt: skip
    found |= set(_alarms(client("cloudwatch"))) | set(_keys(client("kms"))) | set(_layer_versions(client("lambda")))
    found |= set(_subscriptions(client("logs"))) | set(_stacks(client("cloudformation")))
    return {name for name in found if TOOL not in name}


def _names(client: Any, operation: str, items: str, field: str) -> Iterator[str]:
    for page in _pages(client, operation):
        for item in page.get(items, ()):
            yield item[field] if field else item


def _pages(client: Any, operation: str, **parameters: Any) -> Iterator[dict[str, Any]]:
    call: Callable[..., dict[str, Any]] = getattr(client, operation)
    if client.can_paginate(operation):
        yield from client.get_paginator(operation).paginate(**parameters)
    else:
        yield call(**parameters)


def _alarms(client: Any) -> Iterator[str]:
    for page in _pages(client, "describe_alarms", AlarmTypes=["MetricAlarm", "CompositeAlarm"]):
        for kind in ("MetricAlarms", "CompositeAlarms"):
            yield from (f"alarm {one['AlarmName']}" for one in page.get(kind, ()))


def _keys(client: Any) -> Iterator[str]:
    for page in _pages(client, "list_keys"):
        for item in page["Keys"]:
            about = client.describe_key(KeyId=item["KeyId"])["KeyMetadata"]
            if about["KeyState"] != "PendingDeletion":
                yield f"key {about['Description']} {item['KeyId']}"


def _layer_versions(client: Any) -> Iterator[str]:
    for page in _pages(client, "list_layers"):
        for layer in page["Layers"]:
            for versions in _pages(client, "list_layer_versions", LayerName=layer["LayerName"]):
                yield from (f"layer version {one['LayerVersionArn']}" for one in versions["LayerVersions"])


def _subscriptions(client: Any) -> Iterator[str]:
    for group in _names(client, "describe_log_groups", "logGroups", "logGroupName"):
        for item in client.describe_subscription_filters(logGroupName=group)["subscriptionFilters"]:
            yield f"subscription {group} {item['filterName']}"
    policies = client.describe_account_policies(policyType="SUBSCRIPTION_FILTER_POLICY")["accountPolicies"]
    yield from (f"account policy {json.dumps(one['policyName'])}" for one in policies)


def _stacks(client: Any) -> Iterator[str]:
    for page in _pages(client, "list_stacks"):
        for one in page["StackSummaries"]:
            if one["StackStatus"] != "DELETE_COMPLETE":
                yield f"stack {one['StackName']}"
