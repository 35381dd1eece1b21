"""Checks the configuration document: the fields that are not rules for lines."""

from __future__ import annotations

import json

from watchpost.configuration.alarms import alarms, owner, runbook
from watchpost.configuration.janitor import janitor
from watchpost.configuration.model import RETENTION_DAYS, Configuration, Logs, ServiceRule
from watchpost.configuration.node import Node
from watchpost.configuration.notifications import notifications
from watchpost.configuration.rules import labels, lifts, log_rules, redact
from watchpost.configuration.subscriptions import subscriptions
from watchpost.errors import ConfigurationError

PLATFORM_CHOICES = ("all", "report", "none")
MOST_DIMENSION_SETS = 1_000


def parse(text: str) -> Configuration:
    """Check a document and make it a Configuration.

    Raises ConfigurationError with the path, what was found and what was expected.
    """
    try:
        document = json.loads(text or "{}")
    except ValueError as error:
        raise ConfigurationError("configuration", f"text that is not JSON ({error})", "a JSON object") from None
    except RecursionError:
        raise ConfigurationError("configuration", "text that is nested too deeply", "a JSON object") from None
    top = Node("configuration", document).object(
        {"services", "service_tags", "logs", "metrics", "alarms", "subscriptions", "notifications", "janitor"}
    )
    metrics = top["metrics"].object({"dimensions", "report", "max_dimension_sets"})
    default = Configuration()
    return Configuration(
        services=tuple(_service_rule(node) for node in top["services"].items()),
        service_tags=top["service_tags"].strings() or default.service_tags,
        logs=_logs(top["logs"]),
        metric_dimensions=metrics["dimensions"].strings(),
        alarms=alarms(top["alarms"]),
        metric_report=metrics["report"].boolean(default=default.metric_report),
        max_dimension_sets=metrics["max_dimension_sets"].integer(1, MOST_DIMENSION_SETS, default.max_dimension_sets),
        subscriptions=subscriptions(top["subscriptions"]),
        notifications=notifications(top["notifications"]),
        janitor=janitor(top["janitor"]),
    )


def _logs(node: Node) -> Logs:
    logs = node.object({"exclude", "retention_days", "platform", "count", "rules", "redact", "lift"})
    default = Logs()
    return Logs(
        exclude=logs["exclude"].strings(),
        retention_days=_retention(logs["retention_days"]),
        platform=logs["platform"].choice(PLATFORM_CHOICES, default.platform),
        count=logs["count"].boolean(default=default.count),
        rules=log_rules(logs["rules"]),
        redact=redact(logs["redact"]),
        lift=lifts(logs["lift"]),
    )


def _service_rule(node: Node) -> ServiceRule:
    rule = node.object({"log_group", "name", "environment", "labels", "owner", "runbook"})
    return ServiceRule(
        log_group=rule["log_group"].string(),
        name=rule["name"].string(),
        environment=rule["environment"].optional(),
        labels=labels(rule["labels"]),
        owner=owner(rule["owner"]),
        runbook=runbook(rule["runbook"]),
    )


def _retention(node: Node) -> int | None:
    if not node.given:
        return Logs().retention_days
    if node.value is None:
        return None
    if isinstance(node.value, bool) or node.value not in RETENTION_DAYS:
        raise node.wrong("null or one of " + ", ".join(map(str, RETENTION_DAYS)))
    return int(node.value)
