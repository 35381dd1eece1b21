"""What comes from the ledger and from CloudWatch, and how many calls a discovery takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from provisioner.discovery import Skipped
from watchpost.ledger import Entry, Ledger

from tests.integration.services_account.account import (
    LEDGER,
    Services,
    arn,
    definitions,
    make_ledger,
    services_account,
)
from tests.integration.services_account.scripted import answer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from provisioner.definitions import KindDefinition

SHIPPER = arn("lambda", "function:wp-shipper")
FILTER = "watchpost.service=orders"


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Services]:
    with services_account(monkeypatch) as made:
        yield made


def _entry(log_group: str, **more: str) -> Entry:
    fields = {"state": "covered", "since": "2026-01-01", "rule": "r", "reason": "", "service": "orders", **more}
    return Entry(log_group=log_group, **fields)  # type: ignore[arg-type]


def _ledger(account: Services, *entries: Entry) -> None:
    make_ledger()
    Ledger(account.client("dynamodb"), LEDGER).put(entries)


def _metrics(account: Services, *pages: list[tuple[str, dict[str, str]]]) -> list[Mapping[str, Any]]:
    """Metrics as ListMetrics tells them, by page. Returns what is asked, as it is asked."""
    asked_for: list[Mapping[str, Any]] = []

    def respond(asked: Mapping[str, Any]) -> dict[str, Any]:
        asked_for.append(dict(asked))
        number = int(asked.get("NextToken", "0"))
        metrics = [
            {"MetricName": name, "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()]}
            for name, dimensions in (pages[number] if pages else ())
        ]
        more = {"NextToken": str(number + 1)} if pages[number + 1 :] else {}
        return {"Metrics": metrics, **more}

    answer(account.client("cloudwatch"), "ListMetrics", respond)
    return asked_for


def _delivered(log_group: str, kind: str) -> tuple[str, dict[str, str]]:
    return "ForwardedLogEvents", {"LogGroupName": log_group, "FilterName": FILTER, "DestinationType": kind}


def test_each_filter_of_ours_is_a_resource(account: Services) -> None:
    """Its alarms are on three dimensions: a wrong value of one would be an alarm that never has data."""
    # given groups with filters, with none, without a service, and destinations of several kinds
    _ledger(
        account,
        _entry("/a", filter=FILTER, destination=SHIPPER),
        _entry("/b", filter=FILTER, destination=arn("kinesis", "stream/logs"), service="mail"),
        _entry("/c", filter=FILTER, destination=arn("firehose", "deliverystream/logs")),
        _entry("/skipped", state="skipped"),
        _entry("/account", via="account"),
        _entry("/nobodys", filter=FILTER, destination=SHIPPER, service=""),
    )
    _metrics(account)

    # when they are discovered
    inventory = account.discover("log_delivery", "logs")

    # then each is one of its service, which has log lines
    assert {(one.service, one.name): one.facts for one in inventory.resources if one.kind == "log_delivery"} == {
        ("orders", "/a"): {"log_group": "/a", "filter_name": FILTER, "destination_type": "Lambda"},
        ("mail", "/b"): {"log_group": "/b", "filter_name": FILTER, "destination_type": "Kinesis"},
        ("orders", "/c"): {"log_group": "/c", "filter_name": FILTER, "destination_type": "Firehose"},
    }
    assert [one.service for one in inventory.resources if one.kind == "logs"] == ["mail", "orders"]
    assert inventory.skipped == [Skipped("/nobodys", "its log group has no service")]
    assert inventory.unknown == []


def test_every_log_group_of_a_service_is_known_whether_it_has_a_filter_of_its_own_or_not(account: Services) -> None:
    # given a ledger in account mode: one group has a pattern and so a filter of its own, one waits for a place
    _ledger(
        account,
        _entry("/ecs/shop", service="shop", via="account"),
        _entry("/b", filter=FILTER, destination=SHIPPER, via="filter"),
        _entry("/a", via="account"),
        _entry("/full", state="blocked"),
        _entry("/broken", state="failed", service="mail"),
        _entry("/off", state="skipped"),
        _entry("/nobodys", service="", via="account"),
    )
    _metrics(account)

    # when they are discovered
    inventory = account.discover("log_delivery", "logs")

    # then each is one of its service, but those that nobody wants to be shipped
    assert inventory.log_groups == {"mail": ["/broken"], "orders": ["/a", "/b", "/full"], "shop": ["/ecs/shop"]}
    # and whose lines are shipped has alarms on them, though no filter says so
    assert [one.service for one in inventory.resources if one.kind == "logs"] == ["orders", "shop"]


def test_how_cloudwatch_calls_a_destination_comes_from_its_own_metrics(account: Services) -> None:
    # given metrics of three filters: one has another word, one had another destination before, one is on page two
    for_stream = {"filter": FILTER, "destination": arn("kinesis", "stream/logs")}
    _ledger(account, *(_entry(name, **for_stream) for name in ("/a", "/b", "/c")))
    _metrics(
        account,
        [_delivered("/a", "KinesisStream"), _delivered("/b", "Lambda"), _delivered("/b", "Firehose")],
        [_delivered("/c", "Streams"), ("ForwardedLogEvents", {"LogGroupName": "/a"})],
    )

    # when they are discovered
    found = {one.name: one.facts["destination_type"] for one in account.discover("log_delivery").resources}

    # then the only word that is seen counts, and where there are two the destination decides
    assert found == {"/a": "KinesisStream", "/b": "Kinesis", "/c": "Streams"}


@pytest.mark.parametrize(
    ("client", "operation"), [("dynamodb", "Scan"), ("cloudwatch", "ListMetrics")], ids=["ledger", "metrics"]
)
def test_a_ledger_that_may_not_be_read_keeps_the_alarms_of_all_filters(
    account: Services, client: str, operation: str
) -> None:
    _ledger(account, _entry("/a", filter=FILTER, destination=SHIPPER))
    account.refuse(client, operation)

    inventory = account.discover("log_delivery")

    assert inventory.resources == []
    assert [(one.kind, one.service, one.resource) for one in inventory.unknown] == [("log_delivery", "", "")]


def test_a_services_own_metrics_are_resources(account: Services) -> None:
    # given metrics on two pages: of a known service, of another, with more dimensions, and Watchpost's own counts
    account.tag("scheduler:schedule-group", arn("scheduler", "schedule-group/g"))
    asked = _metrics(
        account,
        [("OrdersPlaced", {"Service": "orders"}), ("LogErrors", {"Service": "orders"})],
        [("OrdersPlaced", {"Service": "orders", "Country": "at"}), ("Logins", {"Service": "elsewhere"})],
    )

    # when they are discovered
    inventory = account.discover("metric", "scheduler")

    # then only the metric of the service alone is one, and no metric that is silent for some hours is lost
    found = [(one.service, one.name, one.facts) for one in inventory.resources if one.kind == "metric"]
    assert found == [("orders", "OrdersPlaced", {"metric_name": "OrdersPlaced"})]
    assert inventory.skipped == [Skipped("elsewhere/Logins", "no resource of a service with this name was found")]
    assert [sorted(one) for one in asked] == [["Dimensions", "Namespace"], ["Dimensions", "Namespace", "NextToken"]]
    assert asked[0]["Namespace"] == "Watchpost"


def test_metrics_that_may_not_be_listed_keep_their_alarms(account: Services) -> None:
    account.tag("scheduler:schedule-group", arn("scheduler", "schedule-group/g"))
    account.refuse("cloudwatch", "ListMetrics")

    inventory = account.discover("metric", "scheduler")

    assert [(one.kind, one.service, one.resource) for one in inventory.unknown] == [("metric", "orders", "")]


def _fill(account: Services, names: range) -> None:
    """One resource of each kind for every number."""
    for number in names:
        account.function(f"f{number}")
        account.queue(f"q{number}")
        topic = account.client("sns").create_topic(Name=f"t{number}")["TopicArn"]
        account.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn("sqs", f"q{number}"))
        account.tag("sns:topic", topic)
        stream = arn("kinesis", f"stream/s{number}")
        account.client("kinesis").create_stream(StreamName=f"s{number}", ShardCount=1)
        account.tag("kinesis:stream", stream)
        account.client("lambda").create_event_source_mapping(
            EventSourceArn=stream, FunctionName=f"f{number}", StartingPosition="LATEST"
        )
        account.tag("scheduler:schedule-group", arn("scheduler", f"schedule-group/g{number}"))


def test_the_number_of_calls_grows_with_the_resources_and_not_faster(account: Services) -> None:
    # given an account, and one with twice as much
    kinds = ("lambda", "sqs", "sns", "kinesis", "scheduler", "logs", "account")
    _fill(account, range(10))
    assert account.discover(*kinds).unknown == []
    once = account.made.copy()
    _fill(account, range(10, 20))

    # when they are discovered
    found = account.discover(*kinds)
    twice = account.made

    # then what a listing tells costs nothing more, and the rest one call each
    assert len([one for one in found.resources if one.service == "orders"]) == 5 * 20 + 1
    each = {
        "get_function_concurrency": 10,
        "get_function_event_invoke_config": 10,
        "describe_stream_summary": 10,  # shared by the stream and by the function that reads it
        "get_queue_attributes": 10,
        "list_dead_letter_source_queues": 10,
        "get_subscription_attributes": 10,
    }
    once_in_all = (
        "list_functions",
        "list_event_source_mappings",
        "get_account_settings",
        "list_queues",
        "list_topics",
        "list_subscriptions",
    )
    assert once == {**each, **dict.fromkeys(once_in_all, 1), "get_resources": 1}
    assert twice == {**dict.fromkeys(each, 20), **dict.fromkeys(once_in_all, 1), "get_resources": 1}


def _described() -> list[KindDefinition]:
    return [kind for kind in definitions() if kind.source.types and kind.source.describe]


def test_what_is_not_there_is_not_asked_for(account: Services) -> None:
    """An account without databases needs no permission for them."""
    kinds = [kind.kind for kind in _described()]

    assert account.discover(*kinds).unknown == []

    assert account.made == {"get_resources": 1}


def test_every_fact_of_a_definition_is_found_by_its_describe_call(account: Services) -> None:
    """A fact that nobody finds would be a threshold that never has a value."""
    # given one resource of each kind
    _fill(account, range(1))
    _ledger(account, _entry("/a", filter=FILTER, destination=SHIPPER))
    _metrics(account, [("OrdersPlaced", {"Service": "orders"})])
    account.client("rds").create_db_instance(
        DBInstanceIdentifier="d", DBInstanceClass="db.t3.micro", Engine="postgres", AllocatedStorage=20
    )
    account.tag("rds:db", arn("rds", "db:d"))
    account.answer("s3", "ListBucketMetricsConfigurations", {"MetricsConfigurationList": [{"Id": "all"}]})
    account.tag("s3:bucket", "arn:aws:s3:::b")
    account.answer("apigateway", "GetRestApis", {"items": [{"id": "r", "name": "rest"}]})
    account.answer("apigateway", "GetStages", {"item": [{"stageName": "prod"}]})
    account.tag("apigateway:restapis", "arn:aws:apigateway:eu-west-1::/restapis/r")
    account.answer("apigatewayv2", "GetApis", {"Items": [{"ApiId": "h", "Name": "http", "ProtocolType": "HTTP"}]})
    account.answer("apigatewayv2", "GetStages", {"Items": [{"StageName": "prod"}]})
    account.tag("apigateway:apis", "arn:aws:apigateway:eu-west-1::/apis/h")
    index = {"GlobalSecondaryIndexes": [{"IndexName": "i"}]}
    account.answer("dynamodb", "DescribeTable", {"Table": index})
    account.tag("dynamodb:table", arn("dynamodb", "table/t"))
    described = {kind.kind: set(kind.facts) for kind in definitions() if kind.source.describe or kind.facts}
    kinds = [kind for kind in described if kind not in ("alb", "ecs", "events_rule", "states")]  # all in the ARN

    # when they are discovered
    inventory = account.discover(*kinds)

    # then each has exactly what its definition declares
    assert inventory.unknown == []
    assert {one.kind: set(one.facts) for one in inventory.resources} == {kind: described[kind] for kind in kinds}
