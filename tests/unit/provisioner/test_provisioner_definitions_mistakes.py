"""Mistakes that well-known tools made in their alarms: each one, put into a definition, is found."""

from __future__ import annotations

import importlib.resources
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from provisioner import loader
from watchpost import names
from watchpost.errors import DefinitionError

from tests.unit.provisioner import reference

if TYPE_CHECKING:
    from provisioner.definitions import KindDefinition

SERVICES = importlib.resources.files("dashboards") / "services"
KINDS = {kind.kind: kind for kind in loader.load(SERVICES)}


def _changed(kind: str, right: str, wrong: str) -> KindDefinition:
    """A definition of the repository with something else in place of a text that is in it."""
    text = (SERVICES / f"{kind}.yaml").read_text(encoding="utf-8")
    assert right in text
    return loader.parse(f"services/{kind}.yaml", text.replace(right, wrong))


@pytest.mark.parametrize(
    ("kind", "right", "wrong", "fault"),
    [
        # A dimension that does not exist: the alarm never gets data.
        (
            "dynamodb_index",
            "GlobalSecondaryIndexName",
            "GlobalSecondaryIndex",
            "read-throttles: ReadThrottleEvents has no dimensions ['GlobalSecondaryIndex', 'TableName']",
        ),
        # A metric of the account, watched for a table.
        (
            "dynamodb",
            "metric: ReadThrottleEvents\n    statistic: Sum",
            "metric: UserErrors\n    statistic: Sum",
            "read-throttles: UserErrors has no dimensions ['TableName']",
        ),
        # A metric of each operation, watched for the table.
        (
            "dynamodb",
            "metric: SystemErrors, statistic: Sum, dimensions: {Operation: GetItem}",
            "metric: SystemErrors, statistic: Sum",
            "system-errors: SystemErrors has no dimensions ['TableName']",
        ),
        # Rules of custom buses without the name of the bus.
        (
            "events_rule",
            '  EventBusName: "{bus}"\n',
            '  EventBus: "{bus}"\n',
            "failed-invocations: FailedInvocations has no dimensions ['EventBus', 'RuleName']",
        ),
        # A target group's metric, watched for its load balancer.
        (
            "alb",
            "metric: TargetConnectionErrorCount\n    statistic: Sum",
            "metric: UnHealthyHostCount\n    statistic: Maximum",
            "connection-errors: UnHealthyHostCount has no dimensions ['LoadBalancer']",
        ),
        # Seconds taken for milliseconds.
        (
            "sqs",
            "unit: seconds, description: how long",
            "unit: milliseconds, description: how long",
            "oldest-message: ApproximateAgeOfOldestMessage is in Seconds, the threshold in milliseconds",
        ),
        # Milliseconds taken for seconds.
        (
            "kinesis",
            "unit: milliseconds",
            "unit: seconds",
            "iterator-age: GetRecords.IteratorAgeMilliseconds is in Milliseconds, the threshold in seconds",
        ),
        # `> 1` where a single failure is to be told.
        (
            "sns",
            "metric: NumberOfNotificationsFailedToRedriveToDlq\n    statistic: Sum\n    period: 60\n    threshold: 0",
            "metric: NumberOfNotificationsFailedToRedriveToDlq\n    statistic: Sum\n    period: 60\n    threshold: 1",
            "redrive-failed: one failure does not ring",
        ),
        # An average of zeros and ones above one.
        (
            "apigateway_rest",
            "threshold: 0.05",
            "threshold: 5",
            "server-errors: an average of zeros and ones never gets there",
        ),
        # The average of a metric that is a sum only.
        (
            "lambda",
            "metric: Errors\n    statistic: Sum",
            "metric: Errors\n    statistic: Average",
            "errors: Errors has no statistic Average",
        ),
        # A threshold in the name: an edit would orphan the old alarm.
        (
            "lambda",
            "id: duration\n",
            "id: duration-90\n",
            "duration-90: a number in the id, and so in the alarm's name",
        ),
        # Nothing at all counted as good where nothing is what is waited for.
        (
            "lambda",
            "treat_missing_data: breaching",
            "treat_missing_data: notBreaching",
            "usage-stopped: no data is what it waits for, and counts as good",
        ),
        ("lambda", "metric: Throttles", "metric: Throttle", "throttles: AWS/Lambda has no metric Throttle"),
    ],
)
def test_a_mistake_of_other_tools_is_found(kind: str, right: str, wrong: str, fault: str) -> None:
    assert reference.faults(KINDS[kind]) == []
    assert fault in reference.faults(_changed(kind, right, wrong))


def test_a_rule_has_the_dimension_of_its_bus_and_none_of_the_default_bus() -> None:
    """Both kinds of rules are one definition, which works only because the bus may be missing."""
    kind = KINDS["events_rule"]
    assert dict(kind.dimensions) == {"RuleName": "{rule}", "EventBusName": "{bus}"}
    assert kind.facts["bus"].optional
    assert not kind.facts["rule"].optional
    assert kind.source.arn
    default = kind.source.arn.fullmatch("arn:aws:events:eu-west-1:123456789012:rule/nightly")
    custom = kind.source.arn.fullmatch("arn:aws:events:eu-west-1:123456789012:rule/orders/nightly")
    partner = kind.source.arn.fullmatch("arn:aws:events:eu-west-1:123456789012:rule/aws.partner/a.com/b/nightly")
    found = [match.groupdict() if match else {} for match in (default, custom, partner)]
    assert found == [
        {"name": "nightly", "rule": "nightly", "bus": None},
        {"name": "orders/nightly", "rule": "nightly", "bus": "orders"},
        {"name": "aws.partner/a.com/b/nightly", "rule": "nightly", "bus": "aws.partner/a.com/b"},
    ]


def test_the_tagging_api_is_asked_for_the_types_that_it_has() -> None:
    """It refuses a listing for a type that it does not know, and lists nothing for one that is spelt otherwise."""
    assert {name: kind.source.types for name, kind in KINDS.items() if kind.source.types} == {
        "alb": ("elasticloadbalancing:loadbalancer/app",),
        "apigateway_http": ("apigateway",),
        "apigateway_rest": ("apigateway",),
        "appsync": ("appsync:apis",),
        "cloudfront": ("cloudfront:distribution",),
        "dynamodb": ("dynamodb:table",),
        "ecs": ("ecs:service",),
        "events_rule": ("events:rule",),
        "kinesis": ("kinesis:stream",),
        "lambda": ("lambda:function",),
        "rds": ("rds:db",),
        "s3": ("s3",),
        "scheduler": ("scheduler:schedule-group",),
        "sns": ("sns",),
        "sqs": ("sqs",),
        "states": ("states:stateMachine",),
    }


def test_search_in_an_alarm_is_refused() -> None:
    """CloudWatch refuses it, so the alarm would never be made."""
    with pytest.raises(DefinitionError, match="no SEARCH"):
        _changed("lambda", "IF(invocations >= 10, 100 * errors / invocations, 0)", "SUM(SEARCH('x', 'Sum', 60))")


def test_the_quota_of_messages_in_flight_is_the_queues_own() -> None:
    """A queue is a FIFO queue by the value of the attribute; a definition does not guess it from its presence."""
    [alarm] = [alarm for alarm in KINDS["sqs"].alarms if alarm.id == "in-flight"]
    assert alarm.threshold
    assert alarm.threshold.names == {"in_flight_quota"}
    assert alarm.threshold.value({"in_flight_quota": 120_000}) == 96_000
    assert alarm.threshold.value({"in_flight_quota": 20_000}) == 16_000
    assert not [one for one in (*KINDS["sqs"].alarms, *KINDS["sqs"].widgets) if one.when and one.when.fact == "fifo"]


@pytest.mark.parametrize("kind", KINDS)
def test_no_alarm_is_lost_between_the_file_and_the_loader(kind: str) -> None:
    """Each has a name of its own, however many there are: nothing is overwritten in a loop."""
    text = (SERVICES / f"{kind}.yaml").read_text(encoding="utf-8")
    stable = {names.alarm("wp", "orders", "r", alarm.id) for alarm in KINDS[kind].alarms}
    assert len(stable) == text.count("\n  - id: ")


@given(threshold=st.integers(0, 10**6))
def test_another_threshold_is_no_other_name(threshold: int) -> None:
    text = (SERVICES / "logs.yaml").read_text(encoding="utf-8").replace("threshold: 5", f"threshold: {threshold}")
    kind = loader.parse("services/logs.yaml", text)
    assert [alarm.id for alarm in kind.alarms] == [alarm.id for alarm in KINDS["logs"].alarms]
