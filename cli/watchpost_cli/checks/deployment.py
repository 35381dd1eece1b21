"""Checks of what is deployed: the stack, its functions, their roles."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from watchpost import names
from watchpost.aws import code_of

from watchpost_cli.checks.around import DESCRIBE, FUNCTION, OUTPUTS, needing
from watchpost_cli.checks.model import OK, Check, NotAllowedError, UnknownError, failed, ok, refused, skipped, warning
from watchpost_cli.terminal import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from watchpost_cli.checks.around import Around
    from watchpost_cli.checks.model import Finding, Findings

CONCURRENCY, POLICY = "lambda:GetFunctionConcurrency", "lambda:GetPolicy"
SIMULATE = "iam:SimulatePrincipalPolicy"
_MISSING = "ResourceNotFoundException"
_BUCKET = "arn:{partition}:s3:::{DEAD_LETTER_BUCKET}/dead-letters/doctor"
_INCIDENTS = "arn:{partition}:dynamodb:{region}:{account}:table/{INCIDENT_TABLE}"
_PARAMETER = "arn:{partition}:ssm:{region}:{account}:parameter{CONFIG_PARAMETER}"
_PIPELINE = names.PIPELINE_NAMESPACE  # in which the canary publishes
_OWN = "arn:{partition}:lambda:{region}:{account}:function:{STACK}"
_ANY_FUNCTION = "arn:{partition}:lambda:{region}:{account}:function:doctor"
_LINES = "arn:{partition}:logs:{region}:{account}:log-group:/watchpost/{STACK}/canary:*"
# What each function cannot do its work without: an action, and on what, with the function's own variables.
ROLES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "shipper": (
        ("ssm:GetParameter", _PARAMETER),
        ("secretsmanager:GetSecretValue", "{ELASTICSEARCH_SECRET}"),
        ("s3:PutObject", _BUCKET),
        ("cloudwatch:PutMetricData", "*"),
    ),
    "subscriber": (
        ("ssm:GetParameter", _PARAMETER),
        ("dynamodb:BatchWriteItem", "arn:{partition}:dynamodb:{region}:{account}:table/{LEDGER_TABLE}"),
        ("logs:PutSubscriptionFilter", "arn:{partition}:logs:{region}:{account}:log-group:/aws/lambda/doctor"),
    ),
    "provisioner": (
        ("ssm:GetParameter", _PARAMETER),
        ("secretsmanager:GetSecretValue", "{ELASTICSEARCH_SECRET}"),
        ("secretsmanager:GetSecretValue", "{KIBANA_SECRET}"),  # that of Elasticsearch where it has none of its own
        ("cloudwatch:PutMetricAlarm", "arn:{partition}:cloudwatch:{region}:{account}:alarm:{STACK}/doctor"),
        ("cloudwatch:PutDashboard", "arn:{partition}:cloudwatch::{account}:dashboard/{STACK}-doctor"),
    ),
    "notifier": (
        ("ssm:GetParameter", _PARAMETER),
        ("secretsmanager:GetSecretValue", "{ELASTICSEARCH_SECRET}"),
        ("secretsmanager:GetSecretValue", "{NOTIFICATION_SECRET}"),
        ("s3:PutObject", "arn:{partition}:s3:::{DEAD_LETTER_BUCKET}/notifications/doctor"),
        *((f"dynamodb:{name}", _INCIDENTS) for name in ("GetItem", "PutItem", "UpdateItem", "DeleteItem", "Scan")),
        ("sns:Publish", "{MAIL_TOPIC}"),
        ("sns:Publish", "{FALLBACK_TOPIC}"),
        ("cloudwatch:GetMetricWidgetImage", "*"),
        ("cloudwatch:DescribeAlarms", "*"),
        ("lambda:GetFunctionConfiguration", _ANY_FUNCTION),
    ),
    "replay": (
        ("secretsmanager:GetSecretValue", "{ELASTICSEARCH_SECRET}"),
        ("s3:GetObject", _BUCKET),
        ("lambda:InvokeFunction", "{SHIPPER_ARN}"),
    ),
    "janitor": (
        ("ssm:GetParameter", _PARAMETER),
        *((f"lambda:List{what}", "*") for what in ("Functions", "EventSourceMappings", "Layers", "LayerVersions")),
        ("logs:DescribeLogGroups", "arn:{partition}:logs:{region}:{account}:log-group:*"),
        ("lambda:ListAliases", _ANY_FUNCTION),
        ("lambda:GetPolicy", _ANY_FUNCTION),
        ("lambda:GetLayerVersionPolicy", "arn:{partition}:lambda:{region}:{account}:layer:doctor:1"),
        ("logs:DescribeLogStreams", "arn:{partition}:logs:{region}:{account}:log-group:/aws/lambda/doctor"),
    ),
    "canary": (
        ("secretsmanager:GetSecretValue", "{ELASTICSEARCH_SECRET}"),
        ("secretsmanager:GetSecretValue", "{NOTIFICATION_SECRET}"),
        *((f"logs:{name}", _LINES) for name in ("PutLogEvents", "DescribeSubscriptionFilters")),
        *((f"lambda:GetFunction{what}", f"{_OWN}-shipper") for what in ("Configuration", "Concurrency")),
        ("cloudwatch:GetMetricData", "*"),
        ("s3:GetObject", _BUCKET),
        ("cloudwatch:PutMetricData", "*"),
        *((f"dynamodb:{name}", _INCIDENTS) for name in ("GetItem", "PutItem")),
        ("sns:Publish", "{FALLBACK_TOPIC}"),
    ),
}


def stack(around: Around) -> Findings:
    """Whether the stack is deployed, as a whole."""
    try:
        found = around.deployed()
    except UnknownError as error:
        yield failed(
            str(error), "Name it (--stack, or WATCHPOST_STACK), or choose the account and region: AWS_PROFILE."
        )
        return
    seen = f"{found.name} is {found.status}" + (f": {found.reason}" if found.reason else "")
    if found.status.endswith("_FAILED") or found.status in ("ROLLBACK_COMPLETE", "DELETE_COMPLETE"):
        yield failed(seen, "Look at the stack's events in CloudFormation, mend what they name, and deploy again.")
    elif found.status.endswith("_IN_PROGRESS"):
        yield warning(seen, "Wait until the deployment is over, and look again.")
    elif "ROLLBACK" in found.status:
        yield warning(seen, "The last deployment was undone: the stack's events say why. Mend that and deploy again.")
    else:
        yield ok(seen)
    missing = [name for name in OUTPUTS if name not in found.outputs]
    if missing:
        yield warning(f"it has no output {', '.join(missing)}", "Deploy the version that this command is of.")


def functions(around: Around) -> Findings:
    """Whether every function can run."""
    found = [one for component in names.COMPONENTS for one in function(around, f"{around.stack}-{component}")]
    yield from _summed(found, "function can run", "functions can run")


def _summed(found: list[Finding], one: str, more: str) -> Iterator[Finding]:
    """What is well as a number, the rest as it is."""
    well = sum(1 for finding in found if finding.status == OK)
    if well:
        yield ok(counted(well, one, more))
    yield from (finding for finding in found if finding.status != OK)


def function(around: Around, name: str) -> Iterator[Finding]:
    """Whether a function can run."""
    try:
        found = configuration_of(around, name)
    except NotAllowedError as error:
        yield refused(error)
        return
    if found is None:
        yield failed(f"there is no function {name}", "Deploy the stack again.")
        return
    state, update = found.get("State", "Active"), found.get("LastUpdateStatus", "Successful")
    if state == "Failed" or update == "Failed":
        why = found.get("StateReason") or found.get("LastUpdateStatusReason") or "AWS does not say why"
        yield failed(f"{name} is {state}, its last update {update}: {why}", "Mend what AWS names, and deploy again.")
    elif state == "Pending" or update == "InProgress":
        yield warning(f"{name} is {state}, its last update {update}", "Wait a minute, and look again.")
    else:
        yield from _concurrency(around, name, state)


def _concurrency(around: Around, name: str, state: str) -> Iterator[Finding]:
    try:
        with needing(f"{CONCURRENCY} on the functions {around.stack}-*"):
            found = around.client("lambda").get_function_concurrency(FunctionName=name)
    except NotAllowedError as error:
        yield ok(f"{name} is {state}")
        yield refused(error)
        return
    if found.get("ReservedConcurrentExecutions") == 0:
        todo = f"Whoever did that had a reason. Undo: aws lambda delete-function-concurrency --function-name {name}"
        yield failed(f"{name} is switched off: its reserved concurrency is 0", todo)
    else:
        yield ok(f"{name} is {state}")


def roles(around: Around) -> Findings:
    """Whether each function may do what it is there for, and CloudWatch Logs may invoke the shipper."""
    said: list[Finding] = []
    for component, needed in ROLES.items():
        name = f"{around.stack}-{component}"
        try:
            found = configuration_of(around, name)
            if found is not None:  # else the functions' check says it
                said += _role(around, name, found, needed)
        except NotAllowedError as error:
            said.append(refused(error))
            break  # the others are refused too
    yield from _summed(said, "role allows what its function needs", "roles allow what their functions need")
    yield from _invocable(around, f"{around.stack}-shipper")


def _role(
    around: Around, name: str, found: Mapping[str, Any], needed: tuple[tuple[str, str], ...]
) -> Iterator[Finding]:
    role, denied = str(found.get("Role", "")), []
    parts = str(found.get("FunctionArn", "")).split(":")
    known = dict(zip(("partition", "region", "account"), (parts[1], parts[3], parts[4]), strict=True))
    values = {**found.get("Environment", {}).get("Variables", {}), **known}
    # Metrics may be published in this namespace only, and a simulation knows what it is told.
    context: dict[str, Any] = {
        "ContextKeyName": "cloudwatch:namespace",
        "ContextKeyType": "string",
        "ContextKeyValues": [_PIPELINE if name == f"{around.stack}-canary" else values.get("METRIC_NAMESPACE", "")],
    }
    try:
        for resource, actions in _by_resource(needed, values).items():
            with needing(f"{SIMULATE} on {role}"):
                answer = around.client("iam").simulate_principal_policy(
                    PolicySourceArn=role, ActionNames=actions, ResourceArns=[resource], ContextEntries=[context]
                )
            wrong = [one["EvalActionName"] for one in answer["EvaluationResults"] if one["EvalDecision"] != "allowed"]
            denied += [f"{action} on {resource}" for action in wrong]
    except KeyError as error:
        yield skipped(f"{name} has no variable {error.args[0]}", "Deploy the version that this command is of.")
        return
    except ClientError as error:
        if code_of(error) not in ("NoSuchEntity", "NoSuchEntityException"):
            raise
        yield failed(f"the role {role} of {name} is gone", "Deploy the stack again.")
        return
    if denied:
        yield failed(
            f"the role of {name} does not allow {', '.join(denied)}", "Deploy the stack again: its template does."
        )
    else:
        yield ok(f"the role of {name} allows what was asked for")


def _by_resource(needed: tuple[tuple[str, str], ...], values: Mapping[str, str]) -> dict[str, list[str]]:
    """The actions on each resource, which are asked for at once. Raises KeyError for a variable that there is not."""
    found: dict[str, list[str]] = {}
    for action, pattern in needed:
        actions = found.setdefault(pattern.format_map(values), [])
        if action not in actions:  # two variables may name the same
            actions.append(action)
    return found


def _invocable(around: Around, name: str) -> Iterator[Finding]:
    """Whether CloudWatch Logs may invoke the shipper: without that no filter delivers anything."""
    try:
        with needing(f"{POLICY} on {name}"):
            policy = around.client("lambda").get_policy(FunctionName=name, Qualifier=names.SHIPPER_ALIAS)["Policy"]
    except NotAllowedError as error:
        yield refused(error)
        return
    except ClientError as error:
        if code_of(error) != _MISSING:
            raise
        policy = "{}"
    statements = json.loads(policy).get("Statement", [])
    if any('"logs.' in json.dumps(one.get("Principal")) for one in statements if one["Effect"] == "Allow"):
        yield ok(f"CloudWatch Logs may invoke {name}")
    else:
        yield failed(
            f"CloudWatch Logs may not invoke {name}", "Deploy the stack again: its template has the permission."
        )


def configuration_of(around: Around, name: str) -> Mapping[str, Any] | None:
    """A function as Lambda describes it, None when there is none. Raises NotAllowedError."""

    def read() -> Any:
        try:
            with needing(f"{FUNCTION} on the functions {around.stack}-*"):
                return around.client("lambda").get_function_configuration(FunctionName=name)
        except ClientError as error:
            if code_of(error) != _MISSING:
                raise
            return None

    found: Mapping[str, Any] | None = around.once(f"function {name}", read)
    return found


CHECKS = (
    Check("stack", "the CloudFormation stack", (DESCRIBE,), stack),
    Check("functions", "state and concurrency of each function", (FUNCTION, CONCURRENCY), functions),
    Check("roles", "what each function may do, and who may invoke the shipper", (FUNCTION, SIMULATE, POLICY), roles),
)
