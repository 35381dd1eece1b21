"""Every joint of a stack that `watchpost doctor` looks at: how it breaks, and what must be said of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
from canary.findings import Finding
from watchpost.ledger import Entry

from tests.integration.doctor_world import ACCOUNT, BUCKET, INCIDENTS, LOGIN, OWNER, REGION

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.doctor_world import World


def _of(name: str, **values: Any) -> Callable[[dict[str, Any]], None]:
    """Change the answer about one function."""
    return lambda parsed: parsed.update(values) if parsed.get("FunctionName") == name else None


def _entry(world: World, state: Any, missed: int = 0) -> None:
    world.ledger().put([Entry("/aws/lambda/a", state, "2026-11-21T08:00:00Z", "default", "full", missed=missed)])


def _letter(key: str) -> Callable[[World], None]:
    return lambda _: boto3.client("s3").put_object(Bucket=BUCKET, Key=key, Body=b"x") and None


def _old_letter(world: World) -> None:
    _letter("dead-letters/2026/11/20/a.ndjson.gz")(world)
    old = datetime.now(UTC) - timedelta(days=2)
    world.changed["ListObjectsV2"] = lambda parsed: (
        [one.update(LastModified=old) for one in parsed.get("Contents", [])] and None
    )


def _alarm(_: World) -> None:
    cloudwatch = boto3.client("cloudwatch")
    for name in ("wp/watchpost/replay/oldest", "wp/orders/orders-api/errors"):
        cloudwatch.put_metric_alarm(
            AlarmName=name,
            MetricName="m",
            Namespace="n",
            Statistic="Sum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanThreshold",
            AlarmDescription="Somebody must look",
        )
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="3 letters > 0")


def _unsubscribed(output: str) -> Callable[[World], None]:
    def act(world: World) -> None:
        sns = boto3.client("sns")
        for one in sns.list_subscriptions_by_topic(TopicArn=world.outputs[output])["Subscriptions"]:
            sns.unsubscribe(SubscriptionArn=one["SubscriptionArn"])

    return act


def _pending(world: World) -> None:
    """As SNS lists who did not confirm yet; those of functions need no confirmation."""

    def change(parsed: dict[str, Any]) -> None:
        for one in parsed["Subscriptions"]:
            if one["Protocol"] != "lambda":
                one["SubscriptionArn"] = "PendingConfirmation"

    world.changed["ListSubscriptionsByTopic"] = change


def _answers(server: str, path: str, status: int, content: Any) -> Callable[[World], None]:
    return lambda world: getattr(world, server).answers.update({path: lambda *_: (status, content)})


def _set(**values: Any) -> Callable[[World], None]:
    return lambda world: [setattr(world, name, value) for name, value in values.items()] and None


def _denied(action: str, output: str) -> Callable[[World], None]:
    """Take an action on what an output names from all roles."""
    return lambda world: world.not_allowed.add(f"{action} on {world.outputs[output]}")


def _own_kibana_secret(world: World) -> None:
    """A stack with a secret for Kibana, which no role may read."""
    world.not_allowed.add(f"secretsmanager:GetSecretValue on {KIBANA_SECRET}")
    world.changed["GetFunctionConfiguration"] = lambda parsed: parsed["Environment"]["Variables"].update(
        KIBANA_SECRET=KIBANA_SECRET
    )


def _parameter(**values: str) -> Callable[[World], None]:
    return lambda world: world.parameters.update(values)


def _changed(operation: str, change: Callable[[dict[str, Any]], None]) -> Callable[[World], None]:
    return lambda world: world.changed.update({operation: change})


def _routes(*to: str) -> Callable[[World], None]:
    return lambda world: world.configure({"notifications": {"routes": [{"to": list(to)}]}})


def _fill(output: str, value: Any) -> Callable[[World], None]:
    return lambda world: world.secret(output, value)


def _canary(*findings: Finding, **values: Any) -> Callable[[World], None]:
    return lambda world: world.canary(findings=findings, **values)


def _silent_canary(_: World) -> None:
    boto3.client("dynamodb").delete_item(TableName=INCIDENTS, Key={"pk": {"S": "canary"}})


THROTTLED = Finding("shipper", "wp-shipper is throttled", "Undo that.")
NOT_PINGED = Finding("heartbeat", "it was answered with HTTP 404", "Check the field.", is_warning=True)
KIBANA_SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:kibana"
GONE = {"name": "b", "type": "webhook", "url": "https://hooks.example.com/secret-place", "colour": "red"}
# What is broken, the check that must find it, how bad it is, what it must name, and what it must advise.
BROKEN: list[tuple[str, Callable[[World], None], str, str, str, str]] = [
    ("no stack", _set(status=""), "stack", "failed", "there is no stack wp", "--stack"),
    ("failed update", _set(status="UPDATE_FAILED"), "stack", "failed", "UPDATE_FAILED", "deploy again"),
    ("rolled back", _set(status="UPDATE_ROLLBACK_COMPLETE"), "stack", "warning", "ROLLBACK", "deploy again"),
    ("being updated", _set(status="UPDATE_IN_PROGRESS"), "stack", "warning", "IN_PROGRESS", "Wait"),
    ("old stack", lambda world: world.outputs.pop("MailTopic") and None, "stack", "warning", "MailTopic", "Deploy"),
    ("no function", lambda _: boto3.client("lambda").delete_function(FunctionName="wp-replay") and None, "functions",
     "failed", "there is no function wp-replay", "Deploy"),
    ("broken function", _changed("GetFunctionConfiguration", _of("wp-shipper", State="Failed", StateReason="no key")),
     "functions", "failed", "wp-shipper is Failed, its last update Successful: no key", "Mend"),
    ("broken update", _changed("GetFunctionConfiguration", _of("wp-notifier", LastUpdateStatus="Failed")),
     "functions", "failed", "wp-notifier is Active, its last update Failed", "Mend"),
    ("being made", _changed("GetFunctionConfiguration", _of("wp-replay", State="Pending")),
     "functions", "warning", "wp-replay is Pending", "Wait"),
    ("switched off", lambda _: boto3.client("lambda").put_function_concurrency(
        FunctionName="wp-shipper", ReservedConcurrentExecutions=0) and None,
     "functions", "failed", "wp-shipper is switched off", "delete-function-concurrency"),
    ("role without rights", _set(not_allowed={"s3:PutObject"}), "roles", "failed",
     "role of wp-shipper does not allow s3:PutObject", "Deploy"),
    ("no mails", _denied("sns:Publish", "MailTopic"), "roles", "failed",
     "role of wp-notifier does not allow sns:Publish on arn:aws:sns:eu-west-1:123456789012:wp-Mail", "Deploy"),
    ("no fallback", _denied("sns:Publish", "FallbackTopic"), "roles", "failed",
     "role of wp-notifier does not allow sns:Publish on arn:aws:sns:eu-west-1:123456789012:wp-Fallback", "Deploy"),
    ("no receivers", _denied("secretsmanager:GetSecretValue", "NotificationSecret"), "roles", "failed",
     "role of wp-notifier does not allow secretsmanager:GetSecretValue", "Deploy"),
    ("no evidence", _denied("secretsmanager:GetSecretValue", "ElasticsearchSecret"), "roles", "failed",
     "role of wp-notifier does not allow secretsmanager:GetSecretValue", "Deploy"),
    ("no login of Kibana", _own_kibana_secret, "roles", "failed",
     f"role of wp-provisioner does not allow secretsmanager:GetSecretValue on {KIBANA_SECRET}", "Deploy"),
    ("no incidents", _set(not_allowed={"dynamodb:UpdateItem"}), "roles", "failed",
     "dynamodb:UpdateItem on arn:aws:dynamodb:eu-west-1:123456789012:table/wp-incidents", "Deploy"),
    ("old stack's incidents", lambda world: world.outputs.pop("IncidentTable") and None, "stack", "warning",
     "IncidentTable", "Deploy"),
    ("role is gone", lambda world: world.errors.update(SimulatePrincipalPolicy="NoSuchEntity"), "roles", "failed",
     "is gone", "Deploy"),
    ("no invocation", lambda _: boto3.client("lambda").remove_permission(
        FunctionName="wp-shipper", StatementId="logs") and None, "roles", "failed", "Logs may not invoke", "Deploy"),
    ("empty secret", _fill("ElasticsearchSecret", {}), "secrets", "failed", "no credentials", "put-secret-value"),
    ("no JSON", _fill("ElasticsearchSecret", "hunter2"), "secrets", "failed", "no JSON object", "put-secret-value"),
    ("no certificate", _fill("ElasticsearchSecret", {**LOGIN, "ca_certificate": "x"}), "secrets", "failed",
     "not a certificate", "put-secret-value"),
    ("nobody to tell", _fill("NotificationSecret", {}), "secrets", "warning", "nobody to tell", "put-secret-value"),
    ("wrong login", _fill("ElasticsearchSecret", {**LOGIN, "password": "x"}), "elasticsearch", "failed",
     "refuses the login", "credentials"),
    ("no privilege", _answers("elasticsearch", "/_cluster/health", 403, {"error": "no"}), "elasticsearch", "failed",
     "does not allow the privilege `monitor`", "docs/elasticsearch.md"),
    ("red cluster", _answers("elasticsearch", "/_cluster/health", 200, {"status": "red"}), "elasticsearch", "failed",
     "health is red", "allocation"),
    ("no cluster", _answers("elasticsearch", "/_cluster/health", 200, {"hello": 1}), "elasticsearch", "failed",
     "no health of a cluster", "address"),
    ("nothing there", _parameter(ElasticsearchUrl="http://127.0.0.1:1"), "elasticsearch", "failed", "unavailable",
     "ElasticsearchUrl"),
    ("overloaded", _answers("elasticsearch", "/_cluster/health", 503, {}), "elasticsearch", "failed", "503",
     "ElasticsearchUrl"),
    ("no template", _set(missing={"logs-watchpost.app"}), "templates", "failed", "index/logs-watchpost.app is missing",
     "wp-provisioner"),
    ("old template", _answers("elasticsearch", "/_component_template/watchpost-metric", 200, {
        "component_templates": [{"name": "watchpost-metric", "component_template": {"template": {}}}]}),
     "templates", "failed", "component/watchpost-metric is of another version", "wp-provisioner"),
    ("Kibana is down", _parameter(KibanaUrl="http://127.0.0.1:1"), "kibana", "failed", "cannot be reached", "address"),
    ("Kibana is ill", _answers("kibana", "/api/status", 503, {"status": {"overall": {"level": "critical"}}}), "kibana",
     "failed", "is critical", "/status"),
    ("half well", _answers("kibana", "/api/status", 200, {"status": {"overall": {"level": "degraded"}}}), "kibana",
     "warning", "is degraded", "/status"),
    ("no Kibana", _answers("kibana", "/api/status", 200, "<html>"), "kibana", "failed", "not as a Kibana", "KibanaUrl"),
    ("Kibana's login", _fill("ElasticsearchSecret", {**LOGIN, "password": "x"}), "kibana", "failed",
     "refuses the login", "credentials"),
    ("no space", _parameter(KibanaSpace="shop"), "kibana", "failed", "no space shop", "KibanaSpace"),
    ("no dashboard", lambda world: world.objects.discard(f"{OWNER}overview"), "kibana", "failed",
     f"1 object is missing: {OWNER}overview", "wp-provisioner"),
    ("wrong document", lambda world: world.configure('{"logs": {"count": 1}}'), "configuration", "warning",
     "version 2 is wrong, version 1 stays in force: configuration.logs.count", "watchpost config"),
    ("unknown alarm", lambda world: world.configure({"alarms": {"lambda.duraton": {"threshold": 1}}}), "configuration",
     "failed", "lambda.duraton", "watchpost config"),
    ("blocked", lambda world: _entry(world, "blocked"), "subscriptions", "warning", "1 blocked", "subscriptions"),
    ("overdue", lambda world: _entry(world, "failed", missed=2), "subscriptions", "failed", "1 overdue",
     "watchpost subscriptions"),
    ("late sweep", lambda world: world.swept(ago=3 * 3_600), "subscriptions", "failed", "3 hours ago", "wp-subscriber"),
    ("problem of a sweep", lambda world: world.swept(problems=("no policy",)), "subscriptions", "warning", "no policy",
     "sweep"),
    ("dead letter", _letter("dead-letters/2026/11/21/a.ndjson.gz"), "dead-letters", "warning", "1 dead letters",
     "watchpost replay"),
    ("old dead letter", _old_letter, "dead-letters", "failed", "2 days ago", "watchpost replay"),
    ("rejected", _letter("rejected/a"), "dead-letters", "warning", "1 rejected", "--rejected"),
    ("failed call", _letter("aws/lambda/async/wp-shipper/2026/11/21/a"), "dead-letters", "warning",
     "1 failed invocations", "logs"),
    ("untold", _letter("notifications/2026/11/21/a.json.gz"), "dead-letters", "warning",
     "1 undelivered notifications", "notifier"),
    ("unknown receiver", _routes("oncall", "nobody-here"), "notifications", "failed", "nobody-here", "routes"),
    ("wrong receiver", _fill("NotificationSecret", {"receivers": [GONE]}), "notifications", "failed", "receivers[0]",
     "docs/notifications.md"),
    ("nobody gets mails", _fill("NotificationSecret", {"receivers": [{"name": "oncall", "type": "email"}]}),
     "notifications", "failed", "nobody gets the mails of receivers of type email (wp-Mail)", "NotificationEmail"),
    ("nobody behind alarms", _unsubscribed("CriticalTopic"), "notifications", "failed",
     "CriticalTopic does not reach the notifier", "Deploy"),
    ("nobody behind the fallback", _unsubscribed("FallbackTopic"), "notifications", "failed", "FallbackTopic",
     "NotificationEmail"),
    ("not confirmed", _pending, "notifications", "failed", "1 did not confirm yet", "confirm"),
    ("own alarm", _alarm, "alarms", "failed", "wp/watchpost/replay/oldest rings", "Somebody must look"),
    ("broken path", _canary(THROTTLED, lag=None), "canary", "failed",
     "shipper: wp-shipper is throttled (its line did not arrive, ", "Undo that."),
    ("no heartbeat", _canary(NOT_PINGED, heartbeat="failed"), "canary", "warning",
     "heartbeat: it was answered with HTTP 404 (its line arrived after 2.1 s, ", "Check the field."),
    ("canary that stopped", _canary(ago=240.0), "canary", "failed", "it ran last 4 minutes ago", "wp-canary"),
    ("silent canary", _silent_canary, "canary", "warning", "it has said nothing yet", "wp-canary"),
    ("slow clock", _set(clock_ahead=301), "clock", "failed", "behind AWS", "NTP"),
    ("odd clock", _set(cluster_ahead=-60), "clock", "warning", "ahead of Elasticsearch", "NTP"),
]  # fmt: skip  # rows are easier to read


# An operation that is refused, the check that needs it, and the permission that must be named.
REFUSED = [
    ("DescribeStacks", "stack", "cloudformation:DescribeStacks on the stack wp"),
    ("GetFunctionConfiguration", "functions", "lambda:GetFunctionConfiguration on the functions wp-*"),
    ("GetFunctionConcurrency", "functions", "lambda:GetFunctionConcurrency on the functions wp-*"),
    ("SimulatePrincipalPolicy", "roles", "iam:SimulatePrincipalPolicy on arn:aws:iam::123456789012:role/r"),
    ("GetPolicy", "roles", "lambda:GetPolicy on wp-shipper"),
    ("GetSecretValue", "secrets", "secretsmanager:GetSecretValue on arn:"),
    ("GetSecretValue", "elasticsearch", "secretsmanager:GetSecretValue on arn:"),
    ("GetSecretValue", "templates", "secretsmanager:GetSecretValue on arn:"),
    ("GetSecretValue", "kibana", "secretsmanager:GetSecretValue on arn:"),
    ("GetSecretValue", "clock", "secretsmanager:GetSecretValue on arn:"),
    ("GetParameter", "configuration", "ssm:GetParameter on /watchpost/wp/config"),
    ("GetSecretValue", "notifications", "secretsmanager:GetSecretValue on arn:"),
    ("GetParameter", "notifications", "ssm:GetParameter on /watchpost/wp/config"),
    ("ListSubscriptionsByTopic", "notifications", "sns:ListSubscriptionsByTopic on arn:"),
    ("GetItem", "subscriptions", "dynamodb:GetItem and dynamodb:Scan on the table wp-ledger"),
    ("Scan", "subscriptions", "dynamodb:GetItem and dynamodb:Scan on the table wp-ledger"),
    ("ListObjectsV2", "dead-letters", "s3:ListBucket on the bucket wp-dead-letters"),
    ("DescribeAlarms", "alarms", "cloudwatch:DescribeAlarms on all alarms"),
    ("GetItem", "canary", "dynamodb:GetItem on the table wp-incidents"),
]
