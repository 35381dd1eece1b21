"""A sweep brings every log group of an account in order, and nothing that is not ours."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from watchpost import names
from watchpost.configuration import (
    Configuration,
    GroupMatch,
    Logs,
    ServiceRule,
    SubscriptionRule,
    Subscriptions,
)

from tests.integration.subscriber_world import FOREIGN, STACK, Bench, bench

if TYPE_CHECKING:
    from collections.abc import Iterator

CONFIGURATION = Configuration(
    services=(ServiceRule("/ecs/*", "containers"),), logs=Logs(exclude=("/aws/rds/*",), retention_days=30)
)
LEAVE_ALONE = Logs(retention_days=None)


@pytest.fixture
def aws() -> Iterator[Bench]:
    with bench() as found:
        found.configuration = CONFIGURATION
        yield found


def _rules(*rules: SubscriptionRule, default: str = "include") -> Configuration:
    return Configuration(subscriptions=Subscriptions(default, rules), logs=LEAVE_ALONE)


def _rule(prefix: str, name: str = "rule", **fields: Any) -> SubscriptionRule:
    return SubscriptionRule(name, GroupMatch(prefix=(prefix,)), **fields)


def test_a_sweep_subscribes_each_group_under_its_services_name(aws: Bench) -> None:
    # given groups of every kind
    aws.world.function("pay-api", {"service": "payments"})
    aws.world.group("/aws/lambda/pay-api")
    aws.world.group("/aws/lambda/without-tags")
    aws.world.group("/custom/tagged", {"Service": "checkout"})
    aws.world.group("/ecs/shop")
    aws.world.group("/aws/rds/db")
    aws.world.group(f"/aws/lambda/{STACK}-shipper")
    aws.world.group("/aws/lambda/other-shipper", {names.OWNER_TAG: "other"})

    # when all are swept
    result = aws.sweep()

    # then each has the filter of its service, and the others a reason
    expected = {
        "/aws/lambda/pay-api": "payments",
        "/aws/lambda/without-tags": "without-tags",
        "/custom/tagged": "checkout",
        "/ecs/shop": "containers",
    }
    for group, service in expected.items():
        assert aws.world.filters(group) == {f"watchpost.service={service}": aws.shipper}
        assert aws.world.groups[group].retention == 30
        entry = aws.entry(group)
        assert (entry.state, entry.service, entry.via) == ("covered", service, "filter")
        assert (entry.filter, entry.destination) == (f"watchpost.service={service}", aws.shipper)
    assert result["complete"] is True
    assert (result["subscribed"], result["retention_set"], result["skipped"]) == (4, 4, 3)
    for group in ("/aws/rds/db", f"/aws/lambda/{STACK}-shipper", "/aws/lambda/other-shipper"):
        assert aws.entry(group).state == "skipped"
        assert aws.entry(group).reason
        assert aws.world.filters(group) == {}
        assert aws.world.groups[group].retention is None


def test_a_second_sweep_writes_nothing(aws: Bench) -> None:
    aws.world.group("/a", {"service": "a"}, filters=[("audit", FOREIGN)])
    aws.world.group("/aws/rds/db")
    aws.sweep()
    before = aws.ledger.read()

    asked = aws.count(aws.sweep)

    assert [operation for operation in asked if operation.startswith(("Put", "Delete"))] == []
    assert aws.ledger.read() == before


def test_entries_that_did_not_change_are_not_written_again(aws: Bench) -> None:
    aws.world.group("/a")
    aws.sweep()
    batches: list[Any] = []
    aws.client.meta.events.register(
        "before-parameter-build.dynamodb.BatchWriteItem", lambda params, **_: batches.append(params)
    )

    aws.world.clock.sleep(3_600)
    aws.sweep()
    assert batches == []

    aws.world.group("/b")
    aws.sweep()
    assert len(batches) == 1


def test_foreign_filters_are_left_as_they_are(aws: Bench) -> None:
    # given a filter of somebody else, and one that is named like ours but leads elsewhere
    aws.world.group("/a", {"service": "a"}, filters=[("audit", FOREIGN)])
    aws.world.group("/b", {"service": "b"}, filters=[("watchpost.service=old", FOREIGN)])

    aws.sweep()

    assert aws.world.filters("/a") == {"audit": FOREIGN, "watchpost.service=a": aws.shipper}
    assert aws.world.filters("/b") == {"watchpost.service=old": FOREIGN, "watchpost.service=b": aws.shipper}


def test_a_foreign_filter_with_the_very_name_is_not_overwritten(aws: Bench) -> None:
    aws.world.group("/a", {"service": "a"}, filters=[("watchpost.service=a", FOREIGN)])

    result = aws.sweep()

    assert aws.world.filters("/a") == {"watchpost.service=a": FOREIGN}
    assert aws.entry("/a").state == "blocked"
    assert aws.entry("/a").held_by == ("watchpost.service=a",)
    assert result["blocked"] == 1


def test_a_service_that_was_renamed_has_its_filter_replaced_without_a_gap(aws: Bench) -> None:
    aws.world.group("/a", {"service": "new"}, filters=[("watchpost.service=old", aws.shipper)])
    seen: list[list[str]] = []
    for operation in ("PutSubscriptionFilter", "DeleteSubscriptionFilter"):
        aws.world.after(operation, lambda _: seen.append(aws.names("/a")))

    result = aws.sweep()

    assert result["renamed"] == 1
    # the new one comes before the old one goes, so that no line is missed
    assert seen == [["watchpost.service=new", "watchpost.service=old"], ["watchpost.service=new"]]


def test_a_renamed_service_keeps_its_place_when_all_are_taken(aws: Bench) -> None:
    filters = [("audit", FOREIGN), ("watchpost.service=old", aws.shipper)]
    aws.world.group("/a", {"service": "new"}, filters=filters)

    result = aws.sweep()

    assert result["renamed"] == 1
    assert aws.world.filters("/a") == {"audit": FOREIGN, "watchpost.service=new": aws.shipper}


def test_a_replacement_that_fails_puts_the_old_filter_back_as_it_was(aws: Bench) -> None:
    # given a group without a free place, where AWS refuses the new name once the old one is gone
    filters = [("audit", FOREIGN), ("watchpost.service=old", aws.shipper)]
    aws.world.group("/a", {"service": "new"}, filters=filters)
    aws.world.before("DeleteSubscriptionFilter", lambda _: aws.refuse("PutSubscriptionFilter", times=1), times=1)

    # when it is swept, it fails
    assert aws.sweep()["failed"] == 1

    # then its lines are still shipped, and what is there is still known to be ours
    assert aws.world.filters("/a") == dict(filters)
    assert aws.entry("/a").state == "failed"
    assert aws.sweep()["renamed"] == 1


def test_a_group_without_a_free_place_is_blocked_and_tells_who_has_them(aws: Bench) -> None:
    aws.world.group("/a", {"service": "a"}, filters=[("audit", FOREIGN), ("siem", FOREIGN)])

    result = aws.sweep()

    assert aws.names("/a") == ["audit", "siem"]
    entry = aws.entry("/a")
    assert (entry.state, entry.held_by, entry.filter) == ("blocked", ("audit", "siem"), "")
    assert (result["blocked"], result["failed"]) == (1, 0)
    [example] = result["examples"]["blocked"]
    assert (example["log_group"], example["held_by"]) == ("/a", ["audit", "siem"])


def test_a_blocked_group_is_subscribed_once_a_place_is_free(aws: Bench) -> None:
    aws.world.group("/a", {"service": "a"}, filters=[("audit", FOREIGN), ("siem", FOREIGN)])
    aws.sweep()

    del aws.world.groups["/a"].filters["siem"]
    aws.sweep()

    assert (aws.entry("/a").state, aws.entry("/a").missed) == ("covered", 0)


def test_the_time_since_when_stays_while_state_service_and_destination_stay(aws: Bench) -> None:
    aws.world.group("/a", {"service": "a"})
    aws.sweep(_rules())
    first = aws.entry("/a").since
    assert first.endswith("Z")

    aws.world.clock.sleep(3_600)
    aws.sweep(_rules(_rule("/a", name="named")))
    assert (aws.entry("/a").since, aws.entry("/a").rule) == (first, "rule named")

    aws.world.groups["/a"].tags["service"] = "b"
    aws.sweep()
    assert aws.entry("/a").since > first


def test_sweeps_in_a_row_that_miss_a_group_are_counted_until_it_is_covered(aws: Bench) -> None:
    aws.world.group("/a", filters=[("audit", FOREIGN), ("siem", FOREIGN)])
    for number in (1, 2, 3):
        aws.sweep()
        assert aws.entry("/a").missed == number

    aws.world.groups["/a"].filters.clear()
    aws.sweep()
    assert aws.entry("/a").missed == 0


def test_groups_that_are_gone_leave_the_ledger_at_the_end_of_a_complete_sweep(aws: Bench) -> None:
    for name in ("/a", "/b"):
        aws.world.group(name)
    aws.sweep()
    aws.world.delete("/a")

    result = aws.sweep()

    assert list(aws.states()) == ["/b"]
    assert result["gone"] == 1


def test_classes_that_cannot_have_filters_are_skipped_without_a_call(aws: Bench) -> None:
    aws.world.group("/a", log_class="INFREQUENT_ACCESS")

    asked = aws.count(aws.sweep)

    assert aws.entry("/a").rule == "log class"
    assert "DescribeSubscriptionFilters" not in asked


def test_a_complete_sweep_prints_one_line_of_metrics(aws: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    # given a group of each state, and two sweeps, of which one does not know one of them
    aws.world.group("/covered")
    aws.world.group("/aws/rds/db")
    aws.world.group("/blocked", filters=[("audit", FOREIGN), ("siem", FOREIGN)])
    aws.world.group("/failed")
    aws.refuse("PutSubscriptionFilter", "/failed")
    aws.sweep()
    capsys.readouterr()
    aws.world.group("/new", filters=[("audit", FOREIGN), ("siem", FOREIGN)])

    aws.sweep()

    # then what they came to is in the metrics
    [line] = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    assert line["Stack"] == STACK
    [directive] = line["_aws"]["CloudWatchMetrics"]
    assert (directive["Namespace"], directive["Dimensions"]) == ("Watchpost/Pipeline", [["Stack"]])
    assert {item["Name"]: line[item["Name"]] for item in directive["Metrics"]} == {
        "GroupsCovered": 1,
        "GroupsBlocked": 2,
        "GroupsUnsubscribed": 3,
        "GroupsSkipped": 1,
        "GroupsOverdue": 2,
        "SweepSeconds": pytest.approx(1.0, abs=0.95),
        "CallsThrottled": 0,
    }


def test_the_result_is_json_for_whoever_called(aws: Bench) -> None:
    aws.world.group("/a")

    assert set(json.loads(json.dumps(aws.sweep()))) == {
        *("complete", "cursor", "note", "covered", "skipped", "blocked", "failed", "subscribed", "renamed"),
        *("removed", "retention_set", "gone", "problems", "examples"),
    }


def test_an_answer_names_no_more_than_twenty_of_many_bad_groups(aws: Bench) -> None:
    for number in range(21):
        aws.world.group(f"/{number:02}")
    aws.refuse("PutSubscriptionFilter")

    result = aws.sweep()

    assert result["failed"] == 21
    assert len(result["examples"]["failed"]) == 20
