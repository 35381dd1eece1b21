"""What `watchpost subscriptions --plan` makes of decisions and a ledger: changes, order, sums, JSON."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console
from subscriber.decision import Decision, LogGroup
from watchpost.configuration import Destination, Retention
from watchpost.ledger import Entry
from watchpost_cli import tables
from watchpost_cli.plan import Change, Plan, Planned, changes, gone
from watchpost_cli.stack import Deployed

OWN = "arn:aws:lambda:eu-west-1:123456789012:function:wp-shipper"
OTHER = "arn:aws:kinesis:eu-west-1:123456789012:stream/other"
GROUP = LogGroup("/shop", "arn:aws:logs:eu-west-1:123456789012:log-group:/shop")
SUBSCRIBE = Decision("subscribe", "shop", "default", "name of the log group")
SKIP = Decision("skip", "", "rule rds", "excluded by the rule rds")
COVERED = Entry(
    "/shop", "covered", "2026-11-21T08:00:00Z", "default", "", "shop", "watchpost.service=shop", OWN, "filter"
)


def _changes(decision: Decision, entry: Entry | None, pattern: str | None = None, days: int | None = None) -> list[str]:
    group = replace(GROUP, retention_days=days)
    return [change.text for change in changes(group, decision, entry, OWN, pattern)]


def _planned(name: str, decision: Decision, *found: Change, entry: Entry | None = None) -> Planned:
    return Planned(replace(GROUP, name=name), decision, entry, found)


def test_a_group_that_is_as_it_should_be_is_left_alone() -> None:
    assert _changes(SUBSCRIBE, COVERED) == []
    assert _changes(SUBSCRIBE, replace(COVERED, via="account", filter="", destination="")) == []
    assert _changes(SKIP, None) == []
    assert _changes(SKIP, replace(COVERED, state="skipped", filter="")) == []


@pytest.mark.parametrize("state", ["skipped", "blocked", "failed"])
def test_a_group_that_is_not_covered_would_be_subscribed(state: Any) -> None:
    assert _changes(SUBSCRIBE, None) == ["subscribe"]
    assert _changes(SUBSCRIBE, replace(COVERED, state=state)) == ["subscribe"]


def test_a_group_that_falls_out_would_be_unsubscribed_however_it_was_covered() -> None:
    assert _changes(SKIP, COVERED) == ["unsubscribe"]
    assert _changes(SKIP, replace(COVERED, via="account", filter="")) == ["unsubscribe"]
    # and one that failed when it had a filter of ours already
    assert _changes(SKIP, replace(COVERED, state="failed")) == ["unsubscribe"]
    assert _changes(SKIP, replace(COVERED, state="failed", filter="")) == []


def test_another_service_renames() -> None:
    assert _changes(replace(SUBSCRIBE, service="till"), COVERED) == ["rename shop -> till"]
    in_policy = replace(COVERED, via="account", filter="")
    assert _changes(replace(SUBSCRIBE, service="till"), in_policy) == ["rename shop -> till"]


def test_two_services_with_one_filter_name_are_no_change() -> None:
    entry = replace(COVERED, service="a:b", filter="watchpost.service=a-b")

    assert _changes(replace(SUBSCRIBE, service="a*b"), entry) == []


def test_another_destination_is_told() -> None:
    assert _changes(replace(SUBSCRIBE, destination=Destination(OTHER)), COVERED) == [f"send to {OTHER}"]
    assert _changes(SUBSCRIBE, replace(COVERED, destination=OTHER)) == [f"send to {OWN}"]
    assert _changes(replace(SUBSCRIBE, destination=Destination(OTHER)), replace(COVERED, destination=OTHER)) == []


def test_another_filter_pattern_is_told_where_the_one_in_force_is_known() -> None:
    wanted = replace(SUBSCRIBE, filter_pattern="?ERROR")

    assert _changes(wanted, COVERED, pattern="") == ["filter pattern '?ERROR'"]
    assert _changes(wanted, COVERED, pattern="?ERROR") == []
    assert _changes(SUBSCRIBE, COVERED, pattern="?ERROR") == ["no filter pattern"]
    assert _changes(wanted, COVERED, pattern=None) == []


@pytest.mark.parametrize(
    ("days", "overrule", "expected"),
    [
        (None, False, ["set retention 30 d"]),
        (None, True, ["set retention 30 d"]),
        (90, False, []),
        (90, True, ["set retention 30 d (is 90 d)"]),
        (30, True, []),
    ],
)
def test_retention_is_set_where_nothing_expires_or_a_rule_overrules(
    days: int | None, overrule: bool, expected: list[str]
) -> None:
    for decision in (SUBSCRIBE, SKIP):
        entry = COVERED if decision is SUBSCRIBE else None
        assert _changes(replace(decision, retention=Retention(30, overrule)), entry, days=days) == expected


def test_log_groups_of_the_ledger_that_are_gone_are_named() -> None:
    assert gone({"/shop": COVERED, "/z": COVERED, "/a": COVERED}, [GROUP]) == ["/a", "/z"]


def test_changes_are_listed_first_and_those_that_take_lines_away_before_all() -> None:
    plan = Plan(
        "wp",
        "a file",
        [
            _planned("/skipped", SKIP),
            _planned("/fine", SUBSCRIBE),
            _planned("/kept", SUBSCRIBE, Change("retention", None, 30)),
            _planned("/new", SUBSCRIBE, Change("subscribe", None, "new")),
            _planned("/out", SKIP, Change("unsubscribe", "out")),
        ],
    )

    listed = [one.group.name for one in plan.listed()]
    assert listed == ["/out", "/new", "/kept", "/fine", "/skipped"]
    said = "\n".join(plan.sentences())
    assert "5 log groups: 3 to be covered, 2 to be skipped." in said
    assert "The next sweep would change: 1 to unsubscribe, 1 to subscribe, 1 to set a retention for." in said


def test_a_state_is_that_of_now_and_a_service_that_of_now_or_then() -> None:
    plan = Plan(
        "wp",
        "a file",
        [
            _planned("/a", replace(SUBSCRIBE, service="new"), entry=replace(COVERED, service="old")),
            _planned("/b", SKIP, entry=replace(COVERED, state="blocked", service="")),
            _planned("/c", SKIP),
        ],
    )

    assert [one.group.name for one in plan.listed(service="old")] == ["/a"]
    assert [one.group.name for one in plan.listed(service="new")] == ["/a"]
    assert [one.group.name for one in plan.listed(state="blocked")] == ["/b"]
    assert plan.listed(state="failed") == []


def test_a_plan_without_changes_and_one_without_groups_say_so() -> None:
    assert "The next sweep would change nothing." in Plan("wp", "a file", [_planned("/a", SKIP)]).sentences()
    assert "There are no log groups." in Plan("wp", "a file", []).sentences()


def test_json_has_every_decision_and_change() -> None:
    decision = replace(
        SUBSCRIBE, filter_pattern="?E", destination=Destination(OTHER), retention=Retention(30, overrule=True)
    )
    found = changes(GROUP, decision, COVERED, OWN, "")
    plan = Plan("wp", "the file x", [Planned(GROUP, decision, COVERED, found)], gone=["/gone"], problems=["odd"])

    assert json.loads(json.dumps(plan.as_json(plan.listed()))) == {
        "stack": "wp",
        "configuration": "the file x",
        "problems": ["odd"],
        "counts": {
            "actions": {"subscribe": 1, "skip": 0},
            "changes": {"unsubscribe": 0, "subscribe": 0, "redirect": 1, "pattern": 1, "rename": 0, "retention": 1},
            "unchanged": 0,
        },
        "gone": ["/gone"],
        "groups": [
            {
                "logGroup": "/shop",
                "action": "subscribe",
                "service": "shop",
                "rule": "default",
                "reason": "name of the log group",
                "filterPattern": "?E",
                "destination": OTHER,
                "retention": {"days": 30, "overrule": True},
                "state": "covered",
                "changes": [
                    {"kind": "redirect", "from": OWN, "to": OTHER},
                    {"kind": "pattern", "from": "", "to": "?E"},
                    {"kind": "retention", "from": None, "to": 30},
                ],
            }
        ],
    }


@pytest.mark.parametrize("width", [80, 100, 200])
def test_the_table_tells_decision_service_rule_change_and_what_blocks_now(width: int) -> None:
    blocked = replace(COVERED, state="blocked", reason="no place", held_by=("splunk",))
    output = Console(file=io.StringIO(), width=width, markup=False, highlight=False, emoji=False, soft_wrap=True)
    tables.of_plan(output, [_planned("/shop\x1b[2J", SUBSCRIBE, Change("subscribe", None, "shop"), entry=blocked)])
    shown = output.file.getvalue()  # type: ignore[attr-defined]

    assert max(map(len, shown.splitlines())) <= width
    text = " ".join(shown.split())
    for part in ("/shop\\x1b[2J", "subscribe", "shop", "default", "blocked now: no place; held by splunk"):
        assert part in text
    assert "\x1b" not in shown


def test_arns_of_a_stack_have_its_partition_region_and_account() -> None:
    stack = Deployed("wp", "arn:aws-us-gov:cloudformation:us-gov-west-1:42:stack/wp/1", {}, {})

    assert stack.arn_of("kinesis", "stream/wp-logs") == "arn:aws-us-gov:kinesis:us-gov-west-1:42:stream/wp-logs"
