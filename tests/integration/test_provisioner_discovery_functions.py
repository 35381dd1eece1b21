"""The live configuration of functions, streams, tables and the account, as AWS in this process has it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from provisioner.discovery import Skipped, Unknown

from tests.integration.services_account.account import Services, arn, services_account
from tests.integration.services_account.scripted import answer

if TYPE_CHECKING:
    from collections.abc import Iterator

HOUR_MS = 3_600_000


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Services]:
    with services_account(monkeypatch) as made:
        yield made


def _stream(account: Services, name: str, hours: int = 24) -> str:
    kinesis = account.client("kinesis")
    kinesis.create_stream(StreamName=name, ShardCount=1)
    if hours != 24:
        kinesis.increase_stream_retention_period(StreamName=name, RetentionPeriodHours=hours)
    return arn("kinesis", f"stream/{name}")


def _table(account: Services, name: str, billing: str, *indexes: str) -> None:
    throughput = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}
    bought = {} if billing == "PAY_PER_REQUEST" else {"ProvisionedThroughput": throughput}
    schema = [{"AttributeName": "id", "KeyType": "HASH"}]
    found = [
        {"IndexName": index, "KeySchema": schema, "Projection": {"ProjectionType": "ALL"}, **bought}
        for index in indexes
    ]
    account.client("dynamodb").create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=schema,
        BillingMode=billing,
        **bought,
        **({"GlobalSecondaryIndexes": found} if found else {}),
    )
    account.tag("dynamodb:table", arn("dynamodb", f"table/{name}"))


def _mapped(account: Services, *mappings: tuple[str, str]) -> None:
    """Event sources of functions, both by their ARNs."""
    found = [{"EventSourceArn": source, "FunctionArn": function} for source, function in mappings]
    account.answer("lambda", "ListEventSourceMappings", {"EventSourceMappings": found})


def test_a_plain_function_has_the_facts_of_its_configuration(account: Services) -> None:
    account.function("orders-api", Timeout=7, MemorySize=512)

    assert account.one("lambda").facts == {
        "timeout_ms": 7_000,
        "memory_mb": 512,
        "architecture": "x86_64",
        "reserved_concurrency": None,
        "stream_source": False,
        "stream_retention_ms": None,
        "asynchronous": False,
        "dead_letter_target": False,
        "destination": False,
        "maximum_event_age_ms": 6 * HOUR_MS,
    }


def test_the_architecture_is_a_fact_as_it_decides_the_price(account: Services) -> None:
    account.function("orders-api", Architectures=["arm64"])

    assert account.one("lambda").facts["architecture"] == "arm64"


def test_reserved_concurrency_and_asynchronous_invocation_are_facts(account: Services) -> None:
    account.function("worker")
    client = account.client("lambda")
    client.put_function_concurrency(FunctionName="worker", ReservedConcurrentExecutions=40)
    client.put_function_event_invoke_config(
        FunctionName="worker",
        MaximumEventAgeInSeconds=600,
        DestinationConfig={"OnFailure": {"Destination": arn("sqs", "letters")}},
    )

    facts = account.one("lambda").facts

    assert facts["reserved_concurrency"] == 40
    assert (facts["asynchronous"], facts["destination"], facts["maximum_event_age_ms"]) == (True, True, 600_000)


def test_no_function_is_asked_for_a_reservation_where_none_is_made(account: Services) -> None:
    """What the account has left says so, in one call for all functions."""
    account.function("worker")
    account.concurrency = 1000, 1000

    assert account.one("lambda").facts["reserved_concurrency"] is None
    assert account.made["get_function_concurrency"] == 0


def test_without_the_accounts_settings_each_function_is_asked(account: Services) -> None:
    account.function("worker")
    account.client("lambda").put_function_concurrency(FunctionName="worker", ReservedConcurrentExecutions=40)
    account.refuse("lambda", "GetAccountSettings")

    assert account.one("lambda").facts["reserved_concurrency"] == 40


def test_the_smallest_retention_of_a_functions_streams_counts(account: Services) -> None:
    """Aliases, versions and consumers in the ARNs of event sources are those of the function and the stream."""
    # given functions with streams, and one with a queue only
    for name in ("both", "table", "long", "queue"):
        account.function(name)
    long, longer = _stream(account, "long", 48), _stream(account, "longer", 168)
    function = arn("lambda", "function:")
    _mapped(
        account,
        (f"{longer}/consumer/fan-out:1700000000", f"{function}both:live"),
        (long, f"{function}both:7"),
        (arn("dynamodb", "table/t/stream/2026-01-01T00:00:00.000"), f"{function}table"),
        (longer, f"{function}long"),
        (arn("sqs", "kinesis"), f"{function}queue"),  # a queue may have this name
    )

    # when they are discovered
    found = {one.name: one.facts for one in account.discover("lambda").resources}

    # then each has its own retention
    assert {name: facts["stream_retention_ms"] for name, facts in found.items()} == {
        "both": 48 * HOUR_MS,
        "table": 24 * HOUR_MS,
        "long": 168 * HOUR_MS,
        "queue": None,
    }
    assert {name for name, facts in found.items() if facts["stream_source"]} == {"both", "table", "long"}
    assert account.made["describe_stream_summary"] == 2


def test_a_deleted_stream_is_no_stream_source_though_it_is_still_mapped(account: Services) -> None:
    account.function("worker")
    _mapped(account, (arn("kinesis", "stream/gone"), arn("lambda", "function:worker")))

    facts = account.one("lambda").facts

    assert (facts["stream_source"], facts["stream_retention_ms"]) == (False, None)


def test_a_stream_that_may_not_be_read_leaves_its_function_as_it_is(account: Services) -> None:
    account.function("worker")
    account.function("other")
    _mapped(account, (_stream(account, "s"), arn("lambda", "function:worker")))
    account.refuse("kinesis", "DescribeStreamSummary")

    inventory = account.discover("lambda")

    assert [one.name for one in inventory.resources] == ["other"]
    assert [(one.kind, one.service, one.resource) for one in inventory.unknown] == [("lambda", "orders", "worker")]


def test_every_page_of_functions_and_event_sources_is_read(account: Services) -> None:
    """Unpaginated listings are why tools miss what comes after the first fifty."""
    # given functions and event sources on two pages each
    account.function("first")
    account.function("second")
    [one, two] = account.client("lambda").list_functions()["Functions"]
    stream, function = _stream(account, "s"), arn("lambda", "function:second")
    pages: dict[str, list[dict[str, Any]]] = {
        "Functions": [one, two],
        "EventSourceMappings": [{}, {"EventSourceArn": stream, "FunctionArn": function}],
    }
    for operation, key in (("ListFunctions", "Functions"), ("ListEventSourceMappings", "EventSourceMappings")):
        answer(
            account.client("lambda"),
            operation,
            lambda asked, key=key: (
                {key: [pages[key][1]]} if asked.get("Marker") else {key: [pages[key][0]], "NextMarker": "next"}
            ),
        )

    # when they are discovered
    found = {one.name: one.facts["stream_source"] for one in account.discover("lambda").resources}

    # then the second pages count too
    assert found == {"first": False, "second": True}


def test_a_deleted_function_is_skipped_though_its_tags_are_listed(account: Services) -> None:
    account.tag("lambda:function", arn("lambda", "function:gone"))

    inventory = account.discover("lambda", "logs")

    assert inventory.resources == []
    assert inventory.skipped == [Skipped("gone", "deleted, though its tags are still listed")]
    assert inventory.unknown == []


@pytest.mark.parametrize("operation", ["ListFunctions", "ListEventSourceMappings"])
def test_a_refused_listing_leaves_all_functions_as_they_are(account: Services, operation: str) -> None:
    account.function("one")
    account.tag("lambda:function", arn("lambda", "function:two"), service="mail")
    account.refuse("lambda", operation)

    inventory = account.discover("lambda")

    assert inventory.resources == []
    assert inventory.unknown == [
        Unknown(
            f"functions and their event sources could not be listed: AccessDeniedException: not done: {operation}",
            "lambda",
            service,
        )
        for service in ("mail", "orders")
    ]


@pytest.mark.parametrize(("mode", "on_demand"), [("PROVISIONED", False), ("ON_DEMAND", True)])
def test_a_stream_has_its_retention_capacity_mode_and_shards(account: Services, mode: str, on_demand: bool) -> None:
    client = account.client("kinesis")
    shards = {"ShardCount": 3} if mode == "PROVISIONED" else {}
    client.create_stream(StreamName="s", StreamModeDetails={"StreamMode": mode}, **shards)
    account.tag("kinesis:stream", arn("kinesis", "stream/s"))

    facts = {"retention_ms": 24 * HOUR_MS, "on_demand": on_demand, "shards": 4 if on_demand else 3}
    assert account.one("kinesis").facts == facts


@pytest.mark.parametrize(("billing", "on_demand"), [("PROVISIONED", False), ("PAY_PER_REQUEST", True)])
def test_a_table_and_each_of_its_indexes_is_a_resource(account: Services, billing: str, on_demand: bool) -> None:
    _table(account, "orders", billing, "by-day", "by-customer")

    inventory = account.discover("dynamodb", "dynamodb_index")

    assert {(one.kind, one.name): one.facts for one in inventory.resources} == {
        ("dynamodb", "orders"): {"on_demand": on_demand},
        ("dynamodb_index", "orders/by-day"): {"table": "orders", "index": "by-day", "on_demand": on_demand},
        ("dynamodb_index", "orders/by-customer"): {"table": "orders", "index": "by-customer", "on_demand": on_demand},
    }
    assert {one.service for one in inventory.resources} == {"orders"}


def test_a_table_that_was_never_on_demand_does_not_say_so(account: Services) -> None:
    _table(account, "orders", "PROVISIONED")

    def without(parsed: dict[str, Any], **_: Any) -> None:
        parsed["Table"].pop("BillingModeSummary", None)

    account.client("dynamodb").meta.events.register("after-call.dynamodb.DescribeTable", without)

    assert account.one("dynamodb").facts == {"on_demand": False}


def test_a_table_that_may_not_be_read_leaves_itself_and_its_indexes_as_they_are(account: Services) -> None:
    # given two tables with an index each, of which one may not be read, and one that is deleted
    for name in ("orders", "orders-old"):
        _table(account, name, "PAY_PER_REQUEST", "by-day")
    account.tag("dynamodb:table", arn("dynamodb", "table/gone"))
    account.refuse("dynamodb", "DescribeTable", TableName="orders")

    # when they are discovered
    inventory = account.discover("dynamodb", "dynamodb_index")

    # then nothing is known of it and of what is beneath it, and of nothing else
    assert [one.name for one in inventory.resources] == ["orders-old", "orders-old/by-day"]
    assert [one.resource for one in inventory.skipped] == ["gone"]
    alarms = [("dynamodb", "orders"), ("dynamodb_index", "orders/by-day"), ("dynamodb_index", "orders/another")]
    others = [("dynamodb", "orders-old"), ("dynamodb_index", "orders-old/by-day"), ("kinesis", "orders")]
    assert all(any(gap.covers_alarm(*alarm) for gap in inventory.unknown) for alarm in alarms)
    assert not any(gap.covers_alarm(*alarm) for gap in inventory.unknown for alarm in others)


def test_an_account_that_may_not_be_read_keeps_its_alarm(account: Services) -> None:
    account.refuse("lambda", "GetAccountSettings")

    inventory = account.discover("account", "logs")

    assert inventory.resources == []
    assert [(one.kind, one.service, one.resource) for one in inventory.unknown] == [("account", "account", "account")]
