"""What the tests of a story's facts have in common: settings, messages as CloudWatch sends them, and AWS in memory."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from notifier.alarm import Sns
from notifier.telling import Around
from watchpost.configuration import parse
from watchpost.search.lines import Lines
from watchpost.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from watchpost.configuration import Configuration

REGION, ACCOUNT = "eu-west-1", "123456789012"
NOW = datetime(2026, 11, 21, 6, 2, 30, tzinfo=UTC)
SINCE = "2026-11-21T06:00:00.000+0000"
MADE_UP = dict.fromkeys(Settings.__slots__, "unused") | {
    "stack": "watchpost",
    "environment": "test",
    "aws_region": REGION,
    "kibana_url": "https://kibana.example.com",
    "kibana_space": "default",
    "metric_namespace": "Watchpost",
    "dead_letter_bucket": "letters",
    "critical_topic": f"arn:aws:sns:{REGION}:{ACCOUNT}:critical",
    "warning_topic": f"arn:aws:sns:{REGION}:{ACCOUNT}:warning",
    "shipper_arn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:watchpost-shipper:live",
}
SETTINGS = Settings(**MADE_UP)
CONFIGURATION = parse(
    json.dumps(
        {
            "services": [
                {
                    "log_group": "/aws/lambda/orders-*",
                    "name": "orders",
                    "owner": "team-shop",
                    "runbook": "https://wiki.example.com/orders",
                }
            ]
        }
    )
)
ARN = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)


def queries(*expressions: tuple[str, str]) -> list[dict[str, Any]]:
    """Errors and invocations of a function as metric math has them in messages, and expressions over them."""
    where = [{"value": "orders-api", "name": "FunctionName"}]
    metrics = [
        {
            "Id": name.lower(),
            "MetricStat": {
                "Metric": {"Dimensions": where, "MetricName": name, "Namespace": "AWS/Lambda"},
                "Period": 300,
                "Stat": "Sum",
            },
            "ReturnData": False,
        }
        for name in ("Errors", "Invocations")
    ]
    return [*metrics, *({"Id": id_, "Expression": text, "ReturnData": True} for id_, text in expressions)]


def message(**changes: Any) -> dict[str, Any]:
    """The message of a metric alarm, as CloudWatch sends it."""
    name = changes.get("AlarmName", "watchpost/orders/orders/errors-in-logs")
    return {
        "AlarmName": name,
        "AlarmDescription": "Errors in the logs of orders.",
        "AWSAccountId": ACCOUNT,
        "NewStateValue": "ALARM",
        "NewStateReason": "Threshold Crossed: 1 datapoint [7.0 (21/11/26 05:59:00)] was greater than or equal to the "
        "threshold (1.0).",
        "StateChangeTime": SINCE,
        "Region": "EU (Ireland)",
        "AlarmArn": ARN + str(name),
        "OldStateValue": "OK",
        "OKActions": [SETTINGS.critical_topic],
        "AlarmActions": [SETTINGS.critical_topic],
        "InsufficientDataActions": [],
        "Trigger": {
            "MetricName": "LogErrors",
            "Namespace": "Watchpost",
            "StatisticType": "Statistic",
            "Statistic": "SUM",
            "Dimensions": [{"value": "orders", "name": "Service"}],
            "Period": 60,
            "EvaluationPeriods": 1,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "Threshold": 1.0,
        },
        **changes,
    }


def composite(*triggering: str, rule: tuple[str, ...] = (), **changes: Any) -> dict[str, Any]:
    """The message of a service's composite alarm: with a rule and children, and without a Trigger."""
    name = "watchpost/orders/service/unhealthy"
    found = message(AlarmName=name, NewStateReason=f"{ARN}{triggering[0] if triggering else ''} transitioned to ALARM")
    del found["Trigger"]
    children = [{"Arn": ARN + child, "State": {"Value": "ALARM", "Timestamp": SINCE}} for child in triggering]
    rules = " OR ".join(f'ALARM("{child}")' for child in rule or triggering)
    return {**found, "AlarmRule": rules, "TriggeringChildren": children, **changes}


def described(name: str, since: datetime, **changes: Any) -> dict[str, Any]:
    """An alarm as DescribeAlarms has it."""
    return {
        "AlarmName": name,
        "AlarmArn": ARN + name,
        "StateValue": "ALARM",
        "StateReason": "Threshold Crossed: 2 datapoints [3.0 (21/11/26 05:59:00)] were greater than the threshold (0).",
        "StateTransitionedTimestamp": since,
        "MetricName": "Errors",
        "Namespace": "AWS/Lambda",
        "Statistic": "Sum",
        "Dimensions": [{"Name": "FunctionName", "Value": "orders-api"}],
        "Period": 60,
        "EvaluationPeriods": 2,
        "Threshold": 0.0,
        "ComparisonOperator": "GreaterThanThreshold",
        **changes,
    }


def sns(body: dict[str, Any] | str, topic: str = SETTINGS.critical_topic) -> Sns:
    """It as SNS brings it."""
    return Sns(topic, body if isinstance(body, str) else json.dumps(body), "subject")


def hit(message: str, second: int = 0, **fields: Any) -> dict[str, Any]:
    """A document of orders as Elasticsearch answers with it."""
    source = {
        "@timestamp": f"2026-11-21T05:59:{second:02d}.000Z",
        "message": message,
        "log": {"level": "error"},
        "service": {"name": "orders"},
        "event": {"dataset": "watchpost.app"},
        **fields,
    }
    return {"_id": f"{message}{second}", "_index": "x", "_source": source, "sort": [second, "x", second]}


@dataclass
class Elasticsearch:
    """Stands for the cluster: answers searches one after the other, the last answer for good. An error is raised."""

    answers: list[list[dict[str, Any]] | Exception | Callable[[], Any]]
    asked: list[dict[str, Any]] = field(default_factory=list)

    def request(self, method: str, path: str, body: dict[str, Any], **_: Any) -> dict[str, Any]:
        assert (method, path.rpartition("/")[2]) == ("POST", "_search")
        self.asked.append(body)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if callable(answer):
            answer = answer()
        if isinstance(answer, Exception):
            raise answer
        return {"hits": {"total": {"value": len(answer)}, "hits": answer[: body["size"]]}, "_shards": {"failed": 0}}

    def lines(self) -> Lines:
        return Lines(self, "test")  # type: ignore[arg-type]  # in the place of the client


def refused(operation: str, code: str = "AccessDenied") -> ClientError:
    """AWS says no."""
    return ClientError({"Error": {"Code": code, "Message": "no"}}, operation)


@dataclass
class Aws:
    """Stands for CloudWatch, Lambda and S3."""

    alarms: dict[str, dict[str, Any]] = field(default_factory=dict)
    functions: dict[str, dict[str, Any]] = field(default_factory=dict)
    picture: bytes | Exception = PNG
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def client(self, name: str) -> Aws:
        assert name in ("cloudwatch", "lambda", "s3")
        return self

    def of(self, operation: str) -> list[dict[str, Any]]:
        return [parameters for name, parameters in self.asked if name == operation]

    def describe_alarms(self, **asked: Any) -> dict[str, Any]:
        self.asked.append(("DescribeAlarms", asked))
        assert 1 <= len(asked["AlarmNames"]) <= 100
        found = [self.alarms[name] for name in asked["AlarmNames"] if name in self.alarms]
        return {
            "MetricAlarms": [alarm for alarm in found if "AlarmRule" not in alarm],
            "CompositeAlarms": [alarm for alarm in found if "AlarmRule" in alarm],
        }

    def get_metric_widget_image(self, **asked: Any) -> dict[str, Any]:
        self.asked.append(("GetMetricWidgetImage", asked))
        if isinstance(self.picture, Exception):
            raise self.picture
        return {"MetricWidgetImage": self.picture}

    def put_object(self, **asked: Any) -> dict[str, Any]:
        self.asked.append(("PutObject", asked))
        return {}

    def generate_presigned_url(self, operation: str, **asked: Any) -> str:
        assert operation == "get_object"
        self.asked.append(("GetObject", asked))
        return f"https://{asked['Params']['Bucket']}.example.com/{asked['Params']['Key']}?signed"

    def get_function_configuration(self, **asked: Any) -> dict[str, Any]:
        self.asked.append(("GetFunctionConfiguration", asked))
        name = ":".join(asked.values())
        if name not in self.functions:
            raise refused("GetFunctionConfiguration", "ResourceNotFoundException")
        return self.functions[name]


def around(cluster: Elasticsearch, aws: Aws, configuration: Configuration = CONFIGURATION, **changes: Any) -> Around:
    """What a story is made with."""
    values = {"now": lambda: NOW, "sleep": lambda _seconds: None, **changes}
    return Around(SETTINGS, configuration, cluster.lines, aws.client, **values)
