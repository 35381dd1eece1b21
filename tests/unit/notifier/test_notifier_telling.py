"""A story has what a person needs to know."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from notifier.story import ALARM, DASHBOARD, DISCOVER, INSIGHTS, KEY, RUNBOOK, STREAM
from notifier.telling import tell
from watchpost import links
from watchpost.configuration import parse
from watchpost.errors import ClusterUnavailableError
from watchpost.search import kql

from tests.unit.notifier.facts import (
    ARN,
    NOW,
    Aws,
    Elasticsearch,
    around,
    composite,
    described,
    hit,
    message,
    queries,
    sns,
)

if TYPE_CHECKING:
    from notifier.story import Story

BEGAN = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)
ERRORS = "watchpost/orders/orders-api/errors"
AWAY = Elasticsearch([ClusterUnavailableError(0, "ConnectionError: refused")])
FAAS = {"name": "orders-api", "version": "42", "execution": "r-1"}
WHERE = {"log_group": "/aws/lambda/orders-api", "log_stream": "2026/11/21/[42]0a1b"}


def _hit(text: str = "card declined", second: int = 0) -> dict[str, Any]:
    return hit(text, second, faas=FAAS, correlation={"id": "c-1"}, aws={"cloudwatch": WHERE})


def _told(body: dict[str, Any] | str, *answers: Any, aws: Aws | None = None, **changes: Any) -> Story:
    cluster = Elasticsearch(list(answers)) if answers else AWAY
    return tell(sns(body), around(cluster, aws or Aws(), **changes))


def _link(story: Story, label: str) -> str:
    return next((link.url for link in story.links if link.label == label), "")


def test_a_story_has_what_is_wrong_the_evidence_the_graph_the_deployment_and_where_to_look() -> None:
    # given an alarm, errors that a function of the service wrote, and its deployment four minutes before
    functions = {"orders-api:42": {"LastModified": "2026-11-21T05:56:00.000+0000", "Description": "Refunds"}}
    aws = Aws(functions=functions)

    # when it is told
    story = _told(message(), [_hit("card declined", 1), _hit("card declined", 2)], aws=aws)

    # then everything is there
    assert (story.event, story.severity, story.headline) == ("opened", "critical", "orders — errors in logs")
    assert story.words == (
        "Sum of LogErrors over 1 minute was 7, the alarm is at 1 or more. "
        "orders-api version 42 (Refunds) was deployed 4 min before it began."
    )
    assert (story.since, story.times, story.lasted) == (BEGAN, 1, None)
    assert (story.owner, story.runbook) == ("team-shop", "https://wiki.example.com/orders")
    assert story.evidence
    assert [(one.message, one.count) for one in story.evidence.errors] == [("card declined", 2)]
    assert story.evidence.failing
    assert (story.evidence.failing.request_id, story.evidence.failing.correlation_id) == ("r-1", "c-1")
    assert [one.what for one in story.deployments] == ["orders-api version 42 (Refunds)"]
    assert story.graph
    assert story.graph.startswith("https://letters.example.com/graphs/")
    labels = [link.label for link in story.links]
    assert labels == [DISCOVER, ALARM, DASHBOARD, INSIGHTS, STREAM, RUNBOOK]


def test_the_link_to_discover_has_the_service_the_window_and_the_level() -> None:
    story = _told(message(), [_hit()])

    found = links.discovered(_link(story, DISCOVER))
    assert found["start"] == BEGAN - timedelta(minutes=2)
    assert found["end"] == NOW  # which Kibana includes
    assert found["query"].startswith('service.name: "orders" and (log.level: (error or fatal)')
    assert kql.to_elasticsearch(found["query"])


def test_without_a_kibana_there_is_no_link_to_it() -> None:
    usual = around(Elasticsearch([[_hit()]]), Aws())
    without = replace(usual, settings=replace(usual.settings, kibana_url="none"))

    story = tell(sns(message()), without)

    assert _link(tell(sns(message()), usual), DISCOVER)
    assert not _link(story, DISCOVER)
    assert _link(story, ALARM)


@pytest.mark.parametrize(
    ("deployed", "suspect"),
    [
        ("2026-11-21T05:44:59.000+0000", ""),
        ("2026-11-21T05:45:00.000+0000", "orders-api version 42 was deployed 15 min before it began."),
        ("2026-11-21T06:01:00.000+0000", "orders-api version 42 was deployed 1 min after it began."),
        ("2026-11-21T06:03:00.000+0000", ""),
        ("soon", ""),
    ],
)
def test_what_was_deployed_shortly_before_is_the_prime_suspect(deployed: str, suspect: str) -> None:
    story = _told(message(), [_hit()], aws=Aws(functions={"orders-api:42": {"LastModified": deployed}}))

    assert story.words == f"Sum of LogErrors over 1 minute was 7, the alarm is at 1 or more. {suspect}".rstrip()
    assert len(story.deployments) == (deployed != "soon")


def test_what_was_deployed_within_a_long_window_is_the_prime_suspect_too() -> None:
    # given an alarm that looks back an hour
    functions = {"orders-api:42": {"LastModified": "2026-11-21T05:10:00.000+0000"}}
    trigger = {**message()["Trigger"], "EvaluationPeriods": 60}

    story = _told(message(Trigger=trigger), [_hit()], aws=Aws(functions=functions))

    assert story.words.endswith("orders-api version 42 was deployed 50 min before it began.")


def test_the_functions_that_an_alarm_is_about_are_asked_for_when_no_line_tells_their_version() -> None:
    trigger = {"Metrics": queries(("rate", "errors / invocations")), "Threshold": 0.05}
    aws = Aws(functions={"orders-api": {"LastModified": "2026-11-20T05:56:00.000+0000"}})

    story = _told(message(Trigger=trigger), aws=aws)

    assert [one.what for one in story.deployments] == ["orders-api"]
    assert "orders-api" in _link(story, INSIGHTS)


def test_that_there_are_no_error_lines_is_said_and_is_no_problem() -> None:
    story = _told(message(), [], [], [_hit("all is well")])

    assert story.evidence
    assert story.evidence.problem is None
    assert story.words.endswith("There are no error lines since 05:58:00 UTC.")


def test_evidence_can_be_turned_off() -> None:
    cluster = Elasticsearch([[_hit()]])
    off = parse(json.dumps({"notifications": {"evidence": False}}))

    story = tell(sns(message()), around(cluster, Aws(), off))

    assert story.evidence is None
    assert cluster.asked == []
    assert _link(story, DISCOVER)


def test_a_composite_alarm_is_told_with_its_ringing_children_and_the_graph_of_the_first() -> None:
    # given two alarms that ring, the one that the message does not name since a minute before
    queue = "watchpost/orders/orders-dlq/not-empty"
    aws = Aws(
        {
            queue: described(queue, BEGAN - timedelta(minutes=1), MetricName="Visible", Namespace="AWS/SQS"),
            ERRORS: described(ERRORS, BEGAN),
        }
    )

    story = _told(composite(ERRORS, rule=(ERRORS, queue)), [_hit()], aws=aws)

    assert story.headline == "orders is unhealthy"
    assert [child.resource for child in story.children] == ["orders-dlq", "orders-api"]
    assert story.words.startswith("2 alarms of orders ring: orders-dlq: not empty (Sum of Visible over 1 minute was 3")
    [asked] = aws.of("GetMetricWidgetImage")
    drawn = json.loads(asked["MetricWidget"])
    assert drawn["metrics"][0][:2] == ["AWS/SQS", "Visible"]
    assert drawn["title"] == "orders-dlq: not empty"
    # and the window begins with the first child: a minute before, the two that it looks back, and one to be sure
    found = links.discovered(_link(story, DISCOVER))
    assert found["start"] == BEGAN - timedelta(minutes=4)


def test_a_composite_alarm_with_a_hundred_children_is_told() -> None:
    children = {f"watchpost/orders/f{number:03d}/errors": BEGAN for number in range(100)}
    aws = Aws({name: described(name, since) for name, since in children.items()})

    story = _told(composite(*list(children)[:1], rule=tuple(children)), [_hit()], aws=aws)

    assert len(story.children) == 100
    assert "; 97 more." in story.words


@pytest.mark.parametrize(
    ("before", "now", "event"),
    [
        ("OK", "ALARM", "opened"),
        ("INSUFFICIENT_DATA", "ALARM", "opened"),
        ("ALARM", "OK", "resolved"),
        ("OK", "INSUFFICIENT_DATA", "opened"),
        ("ALARM", "INSUFFICIENT_DATA", "changed"),
    ],
)
def test_the_state_says_what_happened(before: str, now: str, event: str) -> None:
    assert _told(message(OldStateValue=before, NewStateValue=now)).event == event


def test_when_it_is_over_nobody_is_asked_for_more() -> None:
    aws, cluster = Aws(), Elasticsearch([[]])

    story = tell(sns(message(NewStateValue="OK", OldStateValue="ALARM")), around(cluster, aws))

    assert (aws.asked, cluster.asked) == ([], [])
    assert [link.label for link in story.links] == [ALARM, DASHBOARD, RUNBOOK]


def test_a_plain_message_is_told_in_its_own_words() -> None:
    story = _told("deployed\nby ann")

    assert (story.event, story.headline, story.words) == ("plain", "subject", "deployed\nby ann")
    assert story.key.startswith("plain/")
    assert story.key == _told("deployed\nby ann").key != _told("deployed\nby bob").key
    assert (story.evidence, story.links, story.notification.state) == (None, (), None)


def test_an_alarm_of_somebody_else_is_told_with_the_lines_of_its_function() -> None:
    cluster = Elasticsearch([[_hit()]])
    trigger = {**message()["Trigger"], "Dimensions": [{"name": "FunctionName", "value": "their-api"}]}

    story = tell(sns(message(AlarmName="CPU is high", Trigger=trigger)), around(cluster, Aws()))

    assert (story.headline, story.notification.service) == ("CPU is high", None)
    wanted = cluster.asked[0]["query"]["bool"]["filter"]
    assert {"terms": {"aws.cloudwatch.log_group": ["/aws/lambda/their-api"]}} in wanted
    assert links.discovered(_link(story, DISCOVER))["query"].startswith(
        'aws.cloudwatch.log_group: ("/aws/lambda/their-api")'
    )
    assert not _link(story, DASHBOARD)


@pytest.mark.parametrize(
    ("trigger", "service"), [({"Namespace": "Watchpost"}, "orders"), ({"Namespace": "Shop"}, None), (None, None)]
)
def test_an_alarm_of_somebody_else_on_our_metrics_is_told_with_the_services_lines(
    trigger: dict[str, Any] | None, service: str | None
) -> None:
    cluster = Elasticsearch([[_hit()]])
    whole = {**message()["Trigger"], **trigger} if trigger else None

    story = tell(sns(message(AlarmName="mine", Trigger=whole)), around(cluster, Aws()))

    assert bool(cluster.asked) == bool(story.evidence) == (service is not None)


def test_our_own_alarms_are_told_without_lines_as_ours_are_never_shipped() -> None:
    cluster = Elasticsearch([[_hit()]])

    story = tell(sns(message(AlarmName="watchpost/watchpost/subscriber/groups-overdue")), around(cluster, Aws()))

    assert (cluster.asked, story.evidence) == ([], None)
    assert "watchpost-subscriber" in _link(story, INSIGHTS)


def test_the_graph_of_an_alarm_elsewhere_is_not_asked_for_here() -> None:
    aws = Aws()

    story = _told(message(AlarmArn=ARN.replace("eu-west-1", "us-east-1") + "x"), aws=aws)

    assert (story.graph, aws.of("GetMetricWidgetImage")) == (None, [])
    assert _link(story, ALARM).startswith("https://us-east-1.console.aws.amazon.com/")


def test_an_alarm_without_data_says_so_against_its_threshold() -> None:
    reason = "Insufficient Data: 1 datapoint was unknown."

    story = _told(message(NewStateValue="INSUFFICIENT_DATA", NewStateReason=reason))

    assert story.words.startswith(f"Sum of LogErrors over 1 minute: the alarm is at 1 or more. {reason}")


@pytest.mark.parametrize("name", ["watchpost/a/b/c", "🔥" * 255, "x" * 255, "a\u202eb", "a b"])
def test_a_key_is_the_same_for_everything_that_an_alarm_says(name: str) -> None:
    rings = _told(message(AlarmName=name))
    over = _told(message(AlarmName=name, NewStateValue="OK", OldStateValue="ALARM"))

    assert rings.key == over.key
    assert rings.key != _told(message(AlarmName=name[:-1])).key
    assert len(rings.key) <= KEY
    assert rings.key.isascii()
