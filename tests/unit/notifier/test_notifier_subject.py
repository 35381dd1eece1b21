"""The lines of an alarm's functions are evidence, whatever service they say that they are of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from notifier import evidence
from notifier.evidence import Search, Subject
from notifier.story import DISCOVER
from notifier.telling import tell
from watchpost import links
from watchpost.configuration import Redact
from watchpost.redaction import Text
from watchpost.search import kql
from watchpost.search.documents import Window

from tests.unit.notifier.facts import NOW, Aws, Elasticsearch, around, composite, described, hit, message, queries, sns

BEGAN = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)
ERRORS = "watchpost/orders/orders-api/errors"
FUNCTION = {
    "MetricName": "Errors",
    "Namespace": "AWS/Lambda",
    "Dimensions": [{"name": "FunctionName", "value": "orders-api"}],
}
EITHER = [{"term": {"service.name": "orders"}}, {"terms": {"aws.cloudwatch.log_group": ["/aws/lambda/orders-api"]}}]


@pytest.mark.parametrize(
    "body",
    [
        message(AlarmName=ERRORS, Trigger={**message()["Trigger"], **FUNCTION}),
        message(AlarmName=ERRORS, Trigger={"Metrics": queries(("rate", "errors / invocations")), "Threshold": 0.05}),
        composite(ERRORS),
    ],
)
def test_the_lines_of_an_alarms_functions_are_told_whatever_service_they_call_themselves(body: dict[str, Any]) -> None:
    """Lines may have another service's name than the tag that the alarm is named by: their own counts more."""
    cluster = Elasticsearch([[hit("card declined")]])

    story = tell(sns(body), around(cluster, Aws({ERRORS: described(ERRORS, BEGAN)})))

    wanted = cluster.asked[0]["query"]["bool"]["filter"]
    assert {"bool": {"should": EITHER, "minimum_should_match": 1}} in wanted
    [link] = [one.url for one in story.links if one.label == DISCOVER]
    query = links.discovered(link)["query"]
    assert query.startswith('(service.name: "orders" or aws.cloudwatch.log_group: ("/aws/lambda/orders-api")) and (')
    assert kql.to_elasticsearch(query)


@pytest.mark.parametrize("name", ["orders", "orders-api", "payments"])
@pytest.mark.parametrize("group", ["/aws/lambda/orders-api", "/aws/lambda/other"])
def test_lines_count_that_call_themselves_otherwise_but_are_in_a_log_group_of_the_subject(
    name: str, group: str
) -> None:
    """A line's own name of its service counts more than the tag, by which alarms are named."""
    subject = Subject("orders", ("/aws/lambda/orders-api", "/aws/lambda/orders-job"))
    line = {"service.name": name, "aws.cloudwatch.log_group": group}

    [wanted] = subject.filters()

    assert wanted["bool"]["minimum_should_match"] == 1
    values = [
        (field, value) for clause in wanted["bool"]["should"] for _, on in clause.items() for field, value in on.items()
    ]
    found = any(line[field] == value or line[field] in list(value) for field, value in values)
    assert found == (name == "orders" or group == "/aws/lambda/orders-api")


def test_secrets_that_no_pattern_of_the_configuration_names_are_redacted_in_evidence() -> None:
    text = "connect to postgres://app:hunter2@db failed, password=hunter3 ghp_" + "a1B2" * 9

    search = Search(
        Elasticsearch([[hit(text)]]).lines,
        Window(NOW - timedelta(minutes=5), NOW),
        Text.for_notifications(Redact()).clean,
        lambda: 3.0,
    )

    found = evidence.gather(Subject("orders"), search)

    [told] = found.evidence.errors
    for shown in (told.message, told.example):
        assert "hunter" not in shown
        assert "a1B2" not in shown
