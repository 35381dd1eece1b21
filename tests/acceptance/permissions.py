"""What the roles of a stack are granted, and what of it was needed: for what functions asked for, and by AWS itself."""

from __future__ import annotations

import fnmatch
import json
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from watchpost import names as product

from local import emulator

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.acceptance.region import Region

# Statements that no stack here has: the emulator has no CodeDeploy, and what sends to another account does not read for
# other accounts. Each with what AWS says of it.
DOCUMENTED = {
    ("ShipperDeploymentRole", "ShiftAlias"): 'CodeDeploy User Guide, "AWSCodeDeployRoleForLambdaLimited"',
    ("ShipperDeploymentRole", "SeeAlarms"): 'CodeDeploy User Guide, "AWSCodeDeployRoleForLambdaLimited"',
    ("SenderRole", "Send"): 'CloudWatch Logs User Guide, "Create an IAM role" of cross-account subscriptions',
    ("SubscriberRole", "SubscribeToDestination"): 'CloudWatch Logs User Guide, "Create a subscription filter" of them',
    ("SubscriberRole", "PassSenderRole"): "CloudWatch Logs API, PutSubscriptionFilter, roleArn",
}


@dataclass(frozen=True)
class Grant:
    """One Allow statement of a role. role: by its name in the template. via: services that must ask for it."""

    role: str
    sid: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    via: tuple[str, ...] = ()

    def allows(self, need: Need) -> bool:
        """Whether it is for what is needed; other conditions are left to the emulator."""
        told = not self.via or any(fnmatch.fnmatchcase(need.via, pattern) for pattern in self.via)
        return need.role == self.role and need.action in self.actions and bool(self.patterns(need)) and told

    def patterns(self, need: Need) -> list[str]:
        """Those of its resources that are meant."""
        return [pattern for pattern in self.resources if fnmatch.fnmatchcase(need.resource, pattern)]


@dataclass(frozen=True)
class Need:
    """That a role was needed for something. via: the service that asked in the role's name."""

    role: str
    action: str
    resource: str
    via: str = ""


def roles(world: Region) -> dict[str, str]:
    """The stack's roles: the name of each in the template, by its own name."""
    found = world.account.client("cloudformation", world.region).describe_stack_resources(StackName=world.name)
    return {
        item["PhysicalResourceId"]: item["LogicalResourceId"]
        for item in found["StackResources"]
        if item["ResourceType"] == "AWS::IAM::Role"
    }


def granted(world: Region) -> list[Grant]:
    """Every Allow statement of the stack's roles, as IAM has it."""
    iam = world.account.client("iam", world.region)
    grants = []
    for name, logical in roles(world).items():
        for document in _policies(iam, name):
            grants += [_grant(logical, one) for one in document["Statement"] if one["Effect"] == "Allow"]
    return grants


def _policies(iam: Any, role: str) -> Iterator[dict[str, Any]]:
    """The documents of a role's own policies, and of those of the stack that are attached to it."""
    for policy in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        yield iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
    for policy in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        arn = policy["PolicyArn"]
        version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        yield iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]


def _grant(role: str, statement: dict[str, Any]) -> Grant:
    via = statement.get("Condition", {}).get("StringLike", {}).get("kms:ViaService", [])
    return Grant(role, statement["Sid"], _several(statement["Action"]), _several(statement["Resource"]), _several(via))


def _several(value: str | list[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def decisions(world: Region, names: dict[str, str]) -> list[dict[str, Any]]:
    """What the emulator decided about the stack's roles. names: of `roles`, from when the stack was there."""
    lines = emulator.decisions_file(world.account.state).read_text().splitlines()
    return [{**note, "role": names[note["role"]]} for note in map(json.loads, lines) if note["role"] in names]


def superfluous(grants: Iterable[Grant], noted: Iterable[dict[str, Any]], needs: Iterable[Need]) -> list[str]:
    """Every action and resource of every statement that nothing needed, or that another statement grants as well.

    A permission is needed when there was a request that no other statement of the role would have allowed: without it
    that request would have been refused.
    """
    used: dict[tuple[str, str], set[str]] = defaultdict(set)
    for note in noted:
        if note["allowed"] and len(note["by"]) == 1:
            [(sid, patterns)] = note["by"]
            used[note["role"], sid] |= {note["action"], *patterns}
    grants = list(grants)
    for need in needs:
        matching = [grant for grant in grants if grant.allows(need)]
        if len(matching) == 1:
            used[need.role, matching[0].sid] |= {need.action, *matching[0].patterns(need)}
    return [
        f"{grant.role} {grant.sid}: {part}"
        for grant in grants
        for part in (*grant.actions, *grant.resources)
        if part not in used[grant.role, grant.sid]
    ]


def needed_by_aws(world: Region, noted: list[dict[str, Any]]) -> list[Need]:
    """What AWS does in the name of the roles, of the stack as it is deployed. The emulator checks nothing of it."""
    return [
        *_by_functions(world),
        *_by_subscriptions(world),
        *_by_destinations(world),
        *_by_log_groups(world),
        *_by_the_key(world, noted),
    ]


def _by_functions(world: Region) -> Iterator[Need]:
    functions = world.account.client("lambda", world.region)
    in_network = bool(_parameters(world).get("SubnetIds"))
    names = roles(world)
    bucket = f"arn:aws:s3:::{world.outputs['DeadLetterBucket']}"
    for page in functions.get_paginator("list_functions").paginate():
        for function in page["Functions"]:
            role = names.get(function["Role"].rpartition("/")[2])
            if role is None:
                continue
            # Lambda Developer Guide, "Sending Lambda function logs to CloudWatch Logs".
            stream = f"arn:aws:logs:{world.region}:{emulator.ACCOUNT}:log-group:{function['LoggingConfig']['LogGroup']}"
            for action in ("CreateLogStream", "PutLogEvents"):
                yield Need(role, f"logs:{action}", f"{stream}:log-stream:x")
            configs = functions.list_function_event_invoke_configs(FunctionName=function["FunctionName"])
            if any(one.get("DestinationConfig", {}).get("OnFailure") for one in configs["FunctionEventInvokeConfigs"]):
                # Lambda Developer Guide, "Capturing records of Lambda asynchronous invocations".
                yield Need(role, "s3:PutObject", f"{bucket}/aws/lambda/async/{function['FunctionName']}/x")
                yield Need(role, "s3:ListBucket", bucket)
            for mapping in functions.list_event_source_mappings()["EventSourceMappings"]:
                # Of the function, or of an alias.
                if f"{mapping['FunctionArn']}:".startswith(f"{function['FunctionArn']}:"):
                    yield from _by_mapping(role, mapping["EventSourceArn"])
            yield from _by_configuration(role, function, in_network=in_network)


def _parameters(world: Region) -> dict[str, str]:
    [stack] = world.account.client("cloudformation", world.region).describe_stacks(StackName=world.name)["Stacks"]
    return {one["ParameterKey"]: one["ParameterValue"] for one in stack["Parameters"]}


def _by_configuration(role: str, function: dict[str, Any], *, in_network: bool) -> Iterator[Need]:
    """in_network: by the stack's parameters, since the emulator makes functions without their VpcConfig."""
    if function.get("TracingConfig", {}).get("Mode") == "Active":
        # Lambda Developer Guide, "Visualize Lambda function invocations using AWS X-Ray": execution role permissions.
        for action in ("PutTraceSegments", "PutTelemetryRecords"):
            yield Need(role, f"xray:{action}", "*")
    if in_network:
        # Lambda Developer Guide, "Giving Lambda functions access to resources in an Amazon VPC": required permissions.
        arn = function["FunctionArn"].replace(":lambda:", ":ec2:").partition(":function:")[0]
        for action in ("DescribeNetworkInterfaces", "DescribeSubnets"):
            yield Need(role, f"ec2:{action}", "*")
        for action in ("Create", "Delete"):
            yield Need(role, f"ec2:{action}NetworkInterface", f"{arn}:network-interface/x")
        for action in ("Assign", "Unassign"):
            yield Need(role, f"ec2:{action}PrivateIpAddresses", f"{arn}:network-interface/x")


def _by_mapping(role: str, source: str) -> Iterator[Need]:
    # Lambda Developer Guide, "Using Lambda with Amazon SQS" and "… with Amazon Kinesis": execution role permissions.
    actions = {
        "sqs": ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes"),
        "kinesis": ("DescribeStream", "DescribeStreamSummary", "GetRecords", "GetShardIterator", "ListShards"),
    }
    service = source.split(":")[2]
    for action in actions[service]:
        yield Need(role, f"{service}:{action}", source)


def _by_subscriptions(world: Region) -> Iterator[Need]:
    """CloudWatch Logs User Guide, "Subscription filters with Amazon Kinesis Data Streams"."""
    names = roles(world)
    [policy] = world.logs.describe_account_policies(policyType="SUBSCRIPTION_FILTER_POLICY")["accountPolicies"]
    document = json.loads(policy["policyDocument"])
    pages = world.logs.get_paginator("describe_log_groups").paginate()
    groups = [item["logGroupName"] for page in pages for item in page["logGroups"]]
    filters = [
        (item["destinationArn"], item["roleArn"])
        for group in groups
        for item in world.logs.describe_subscription_filters(logGroupName=group)["subscriptionFilters"]
        if "roleArn" in item
    ]
    for destination, role in {(document["DestinationArn"], document["RoleArn"]), *filters}:
        yield Need("SubscriberRole", "iam:PassRole", role)
        own = names.get(role.rpartition("/")[2])
        if own:
            yield Need(own, "kinesis:PutRecord", destination)


def _by_destinations(world: Region) -> Iterator[Need]:
    """CloudWatch Logs User Guide, "Cross-account log data sharing using Amazon Kinesis Data Streams"."""
    names = roles(world)
    for destination in world.logs.describe_destinations()["destinations"]:
        own = names.get(destination["roleArn"].rpartition("/")[2])
        if own:
            yield Need(own, "kinesis:PutRecord", destination["targetArn"])


def _by_log_groups(world: Region) -> Iterator[Need]:
    """Of one log group AWS asks with its streams behind the name, where the emulator asks by the name alone.

    CloudWatch Logs User Guide, "Overview of managing access permissions": resources.
    """
    group = f"arn:aws:logs:{world.region}:{emulator.ACCOUNT}:log-group:{product.canary_log_group(world.name)}"
    yield Need("CanaryRole", "logs:PutLogEvents", f"{group}:log-stream:canary")
    yield Need("CanaryRole", "logs:DescribeSubscriptionFilters", f"{group}:log-stream:")


def _by_the_key(world: Region, noted: list[dict[str, Any]]) -> Iterator[Need]:
    """Objects, secrets, topics and the stream are encrypted, and each service uses the key for whoever asks it.

    S3 User Guide, "Using SSE-KMS"; Secrets Manager User Guide, "Secret encryption and decryption"; SNS Developer Guide,
    "Managing encryption keys"; Kinesis Developer Guide, "Permissions to use user-generated KMS keys".
    """
    aliases = world.account.client("kms", world.region).list_aliases()["Aliases"]
    [key] = [one["TargetKeyId"] for one in aliases if one["AliasName"] == f"alias/{world.name}"]
    arn = key if key.startswith("arn:") else f"arn:aws:kms:{world.region}:{emulator.ACCOUNT}:key/{key}"
    uses = {
        "s3:GetObject": ("Decrypt",),
        "s3:PutObject": ("GenerateDataKey",),
        "secretsmanager:GetSecretValue": ("Decrypt",),
        "sns:Publish": ("Decrypt", "GenerateDataKey"),
    }
    done = {(note["role"], note["action"]) for note in noted if note["allowed"]}
    derived = (*_by_functions(world), *_by_subscriptions(world), *_by_destinations(world))
    done |= {(need.role, need.action) for need in derived}
    more = {"kinesis:PutRecord": ("GenerateDataKey",), "kinesis:GetRecords": ("Decrypt",)}
    for role, action in sorted(done):
        for use in (uses | more).get(action, ()):
            yield Need(role, f"kms:{use}", arn, f"{action.partition(':')[0]}.{world.region}.amazonaws.com")
