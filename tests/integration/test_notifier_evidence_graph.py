"""Graphs and deployments through botocore: drawn by a CloudWatch as strict as its documentation, kept in S3."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from botocore.config import Config
from moto import mock_aws
from notifier.telling import Around, tell
from watchpost.errors import ClusterUnavailableError

from tests.integration import widget_server
from tests.integration.widget_server import WidgetServer, png
from tests.unit.notifier.facts import CONFIGURATION, REGION, SETTINGS, composite, message, queries, sns

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notifier.story import Story

ROLE = "arn:aws:iam::123456789012:role/orders"
TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})


@pytest.fixture
def cloudwatch(monkeypatch: pytest.MonkeyPatch) -> Iterator[WidgetServer]:
    """CloudWatch that draws, and an account in memory with the bucket."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    with mock_aws(), widget_server.running() as made:
        monkeypatch.setenv("AWS_ENDPOINT_URL_CLOUDWATCH", made.url)
        place = {"LocationConstraint": REGION}
        boto3.client("s3").create_bucket(Bucket=SETTINGS.dead_letter_bucket, CreateBucketConfiguration=place)
        yield made


def _client(service: str) -> Any:
    """As the handler makes them: what waits too long is given up by the story, not by its client."""
    retries = {"mode": "standard", "total_max_attempts": 1}
    return boto3.client(service, config=Config(signature_version="s3v4" if service == "s3" else "v4", retries=retries))


def _away() -> Any:
    raise ClusterUnavailableError(0, "ConnectionError: refused")


def _told(body: dict[str, Any], limit: float = 5.0) -> Story:
    return tell(sns(body), Around(SETTINGS, CONFIGURATION, _away, _client, limit=limit))


def _alarms(now: datetime) -> dict[str, dict[str, Any]]:
    band = {"Id": "band", "Expression": "ANOMALY_DETECTION_BAND(errors, 2)", "ReturnData": True}
    trigger = message()["Trigger"]
    triggers = {
        "metric": trigger,
        "percentile": {**trigger, "Statistic": None, "ExtendedStatistic": "p99.9"},
        "math": {"Metrics": queries(("rate", "100 * errors / MAX([errors, invocations])")), "Threshold": 5},
        "band": {"Metrics": [{**queries()[0], "ReturnData": True}, band], "ThresholdMetricId": "band"},
    }
    return {name: message(Trigger=found, StateChangeTime=now.isoformat()) for name, found in triggers.items()}


@pytest.mark.parametrize("kind", ["metric", "percentile", "math", "band"])
def test_cloudwatch_draws_every_kind_of_alarm(cloudwatch: WidgetServer, kind: str) -> None:
    # given an alarm that has just begun to ring
    story = _told(_alarms(datetime.now(UTC))[kind])

    # then CloudWatch took what it was asked for, and the picture is in the bucket
    assert (len(cloudwatch.widgets), cloudwatch.refused) == (1, [])
    assert story.graph
    address = urlsplit(story.graph)
    kept = boto3.client("s3").get_object(Bucket=SETTINGS.dead_letter_bucket, Key=address.path.lstrip("/"))
    assert kept["Body"].read() == png(600, 300)
    assert kept["ContentType"] == "image/png"


def test_the_address_of_a_graph_works_for_an_hour_with_a_key_of_kms(cloudwatch: WidgetServer) -> None:
    story = _told(message())

    # S3 wants version 4 of the signature for what a key of KMS encrypts
    assert story.graph
    signed = parse_qs(urlsplit(story.graph).query)
    assert signed["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert signed["X-Amz-Expires"] == ["3600"]


@pytest.mark.parametrize(
    ("status", "code"), [(400, "InvalidAction"), (403, "AccessDenied"), (404, "UnknownOperationException"), (503, "X")]
)
def test_where_cloudwatch_cannot_draw_the_story_has_no_graph(cloudwatch: WidgetServer, status: int, code: str) -> None:
    cloudwatch.answer = (status, code)

    story = _told(message())

    assert story.graph is None
    assert story.words.startswith("Sum of LogErrors")


def test_a_cloudwatch_that_does_not_answer_holds_nothing_up(cloudwatch: WidgetServer) -> None:
    cloudwatch.hang = True

    story = _told(message(), limit=0.5)

    assert not cloudwatch.release.is_set()
    assert story.graph is None
    assert story.evidence


def test_a_bucket_that_is_gone_costs_the_graph_only(cloudwatch: WidgetServer) -> None:
    boto3.client("s3").delete_bucket(Bucket=SETTINGS.dead_letter_bucket)

    assert _told(message()).graph is None
    assert len(cloudwatch.widgets) == 1


def _deploy(name: str) -> str:
    """A function with a published version; its number."""
    iam = boto3.client("iam", region_name=REGION)
    role = iam.create_role(RoleName="orders", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as packed:
        packed.writestr("handler.py", "")
    made = boto3.client("lambda").create_function(
        FunctionName=name,
        Runtime="python3.11",
        Role=role,
        Handler="handler.handler",
        Code={"ZipFile": code.getvalue()},
        Description="Refunds",
        Publish=True,
    )
    return str(made["Version"])


def test_the_last_deployment_is_told_with_its_time(cloudwatch: WidgetServer) -> None:
    # given a function that was deployed now, and an alarm about it that rang a moment later
    _deploy("orders-api")
    rang = datetime.now(UTC) + timedelta(seconds=2)
    trigger = {"Metrics": queries(("rate", "100 * errors / invocations")), "Threshold": 5}

    # when it is told
    story = tell(
        sns(message(Trigger=trigger, StateChangeTime=rang.isoformat())),
        Around(SETTINGS, CONFIGURATION, _away, _client, now=lambda: rang),
    )

    # then the deployment is named, and said to have been shortly before
    [deployed] = story.deployments
    assert deployed.what == "orders-api (Refunds)"
    assert rang - timedelta(minutes=1) < deployed.when <= rang
    assert "orders-api (Refunds) was deployed " in story.words
    assert story.words.endswith(" s before it began.")


def test_the_children_of_a_composite_alarm_are_asked_for_and_one_is_drawn(
    cloudwatch: WidgetServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a composite alarm in an account whose CloudWatch knows alarms, but no pictures
    monkeypatch.delenv("AWS_ENDPOINT_URL_CLOUDWATCH")
    account = boto3.client("cloudwatch")
    name = "watchpost/orders/orders-api/errors"
    account.put_metric_alarm(
        AlarmName=name,
        Namespace="AWS/Lambda",
        MetricName="Errors",
        Dimensions=[{"Name": "FunctionName", "Value": "orders-api"}],
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=0,
        ComparisonOperator="GreaterThanThreshold",
    )
    reason = "Threshold Crossed: 1 datapoint [3.0 (21/11/26 05:59:00)] was greater than the threshold (0.0)."
    account.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason=reason)
    drawing = boto3.client("cloudwatch", endpoint_url=cloudwatch.url)

    class Both:
        """Alarms of the one, pictures of the other."""

        describe_alarms = staticmethod(account.describe_alarms)
        get_metric_widget_image = staticmethod(drawing.get_metric_widget_image)

    def client(service: str) -> Any:
        return Both if service == "cloudwatch" else _client(service)

    # when its message is told
    story = tell(sns(composite(name)), Around(SETTINGS, CONFIGURATION, _away, client))

    # then the child is told with its value, and drawn
    [child] = story.children
    assert (child.resource, child.alarm) == ("orders-api", "errors")
    assert child.reason == "Sum of Errors over 1 minute was 3, the alarm is at more than 0."
    assert story.graph
    assert cloudwatch.widgets[0]["title"] == "orders-api: errors"
