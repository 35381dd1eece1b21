"""What `watchpost plan` and `watchpost apply` make of a result: order, sums, exit codes, JSON."""

from __future__ import annotations

import json
import re
import sys
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.hooks import HierarchicalEmitter
from provisioner import discovery
from provisioner.describe import TABLE
from watchpost_cli import provisioning
from watchpost_cli.main import main
from watchpost_cli.progress import Count
from watchpost_cli.proposal import Proposal, read

from tests.unit.cli.provisioning_results import item, result

_ACTION = re.compile(r"\b[a-z0-9]+:[A-Z][A-Za-z]+")  # of IAM
FAILED = [{"name": "orders/lambda", "reason": "AccessDeniedException"}]


def _read(applied: bool = False, **parts: Any) -> Proposal:
    return read(result(**parts), "wp", applied=applied)


def _places(proposal: Proposal) -> list[tuple[str, str, str]]:
    return [(one.group, one.action, one.subject) for one in proposal.items]


def test_changes_stand_by_service_then_alarms_by_resource_the_composite_and_the_dashboard() -> None:
    # given a result in the order of a run
    created = ["wp/orders/service/unhealthy", "wp/orders/b/errors", "wp/mail/q/in-flight", "wp/orders/a/errors"]
    deleted = ["wp/orders/a/duration"]

    # when it is read
    read_back = _read(
        alarms={
            "created": [item(name) for name in created],
            "updated": [item("wp/orders/a/throttles")],
            "deleted": [item(name) for name in deleted],
        },
        dashboards={"created": [item("wp-orders"), item("wp-overview")]},
    )

    # then what belongs together stands together, and what is added comes before what is deleted
    assert _places(read_back) == [
        ("mail", "add", "q/in-flight"),
        ("orders", "add", "a/errors"),
        ("orders", "change", "a/throttles"),
        ("orders", "delete", "a/duration"),
        ("orders", "add", "b/errors"),
        ("orders", "add", "service/unhealthy"),
        ("orders", "add", "wp-orders"),
        ("overview", "add", "wp-overview"),
    ]


@pytest.mark.parametrize(
    ("service", "dashboard", "group"),
    [
        ("orders", "wp-orders", "orders"),
        ("my shop.eu", "wp-my_shop_eu", "my shop.eu"),
        ("caf-", "wp-caf_", "caf-"),  # an é has another replacement in the names of alarms
        ("orders", "wp-orders-12", "orders"),
        ("orders", "wp-orders-eu", "orders-eu"),
    ],
)
def test_a_dashboard_stands_with_its_service_as_far_as_its_name_tells(service: str, dashboard: str, group: str) -> None:
    read_back = _read(alarms={"created": [item(f"wp/{service}/api/errors")]}, dashboards={"created": [item(dashboard)]})

    assert {one.name: one.group for one in read_back.items}[dashboard] == group
    assert {one.name: one.service for one in read_back.items}[dashboard] == ""


def test_composite_alarms_are_told_from_others_by_their_names_or_their_rule() -> None:
    composite = [f"wp/a/service/unhealthy{end}" for end in ("", "-12", ".0123456789ab", "-2.0123456789ab")]
    others = [f"wp/a/{end}" for end in ("service/errors", "x/service/unhealthy", "service/unhealthy-x")]

    read_back = _read(
        alarms={"created": [*map(item, composite + others), item("wp/a/cut", ("AlarmRule", None, 'ALARM("x")'))]}
    )

    kinds = {one.name: one.kind for one in read_back.items}
    assert kinds == dict.fromkeys([*composite, "wp/a/cut"], "composite") | dict.fromkeys(others, "alarm")


def test_the_fields_of_a_dashboard_are_counted_with_those_that_the_result_only_counts() -> None:
    told = [("widgets[0].x", 1, 2), ("widgets[1].x", 1, 2)]
    more = ("more", None, "9 more fields")

    read_back = _read(dashboards={"updated": [item("wp-a", *told), item("wp-b", *told, more)]})

    assert [one.fields for one in read_back.items] == [2, 11]


def test_a_name_of_another_form_is_shown_whole_and_under_no_service() -> None:
    [one] = _read(alarms={"deleted": [item("wp/short")]}).items

    assert (one.service, one.group, one.subject) == ("", "", "wp/short")


@pytest.mark.parametrize(
    ("parts", "plan", "applied"),
    [
        ({}, 0, 0),
        ({"alarms": {"unchanged": 3}}, 0, 0),
        ({"alarms": {"created": [item("wp/a/b/c")]}}, 1, 0),
        ({"dashboards": {"deleted": [item("wp-a")]}}, 1, 0),
        ({"alarms": {"failed": FAILED}}, 1, 1),
        ({"dashboards": {"failed": FAILED}}, 1, 1),
        ({"warnings": ["a tag"], "left_out": [{"name": "wp/a/b/c", "reason": "budget"}]}, 0, 0),
    ],
)
def test_the_exit_code_tells_whether_something_is_left(parts: dict[str, Any], plan: int, applied: int) -> None:
    """Index templates are the function's: that they were not looked at is never told as a failure."""
    assert _read(**parts).exit_code == plan
    assert _read(applied=True, **parts).exit_code == applied
    assert _read(**parts).as_done().exit_code == applied


def test_the_json_has_the_fields_that_the_help_promises() -> None:
    read_back = _read(
        alarms={
            "created": [item("wp/orders/service/unhealthy")],
            "updated": [item("wp/orders/api/duration", ("Threshold", 27_000.0, 9_000))],
            "unchanged": 7,
            "failed": FAILED,
        },
        dashboards={"deleted": [item("wp-gone")], "unchanged": 2},
        services=2,
        without_alarm=[
            {"resource": "orders/api", "alarm": "iterator-age", "reason": "no stream source"},
            {"resource": "lonely", "alarm": "*", "reason": "no service"},
        ],
        left_out=[{"name": "wp/mail/q/in-flight", "reason": "over the monthly budget of 5 USD"}],
        warnings=["a tag"],
        cost={"before": 12.3, "after": 13},
    )

    assert json.loads(json.dumps(read_back.as_json("the file a.yaml"))) == {
        "stack": "wp",
        "configuration": "the file a.yaml",
        "applied": False,
        "services": 2,
        "counts": {
            "add": 1,
            "change": 1,
            "delete": 1,
            "unchanged": 9,
            "failed": 1,
            "withoutAlarm": 2,
            "leftOut": 1,
        },
        "cost": {"before": 12.3, "after": 13.0, "currency": "USD"},
        "changes": [
            {"action": "delete", "kind": "dashboard", "name": "wp-gone", "service": None, "what": []},
            {
                "action": "change",
                "kind": "alarm",
                "name": "wp/orders/api/duration",
                "service": "orders",
                "what": [{"field": "Threshold", "before": 27_000.0, "after": 9_000}],
            },
            {
                "action": "add",
                "kind": "composite",
                "name": "wp/orders/service/unhealthy",
                "service": "orders",
                "what": [],
            },
        ],
        "failed": FAILED,
        "withoutAlarm": [
            {"resource": "lonely", "alarm": None, "reason": "no service"},
            {"resource": "orders/api", "alarm": "iterator-age", "reason": "no stream source"},
        ],
        "leftOut": [{"name": "wp/mail/q/in-flight", "reason": "over the monthly budget of 5 USD"}],
        "warnings": ["a tag"],
    }


def test_what_was_done_besides_the_plan_is_found_by_what_was_done_and_to_what() -> None:
    planned = _read(alarms={"created": [item("wp/a/b/c")], "deleted": [item("wp/a/b/d")]})
    done = _read(
        applied=True,
        alarms={"created": [item("wp/a/b/c"), item("wp/a/b/e")], "updated": [item("wp/a/b/d", ("Threshold", 1, 2))]},
    )

    assert [(one.action, one.name) for one in done.beside(planned)] == [("add", "wp/a/b/e"), ("change", "wp/a/b/d")]


@pytest.mark.parametrize("command", ["plan", "apply"])
def test_the_help_names_each_field_of_the_json_each_exit_code_and_what_is_left_out(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])

    told = capsys.readouterr().out
    assert ended.value.code == 0
    printed = _read(alarms={"created": [item("wp/a/b/c", ("Threshold", None, 1))]}).as_json("")
    [change] = printed["changes"]
    names = {*printed, *printed["counts"], *printed["cost"], *change, *change["what"][0]}
    assert [name for name in sorted(names) if name not in told.replace("\n", " ")] == []
    for sentence in ("  0 ", "  1 ", "  2 ", "Index templates of Elasticsearch are left", "needs: cloudformation:"):
        assert sentence in told


def test_the_help_names_each_permission_that_the_provisioner_s_modules_name() -> None:
    modules = [discovery, *(sys.modules[describe.__module__] for describe in TABLE.values())]
    needed = {action for module in modules for action in _ACTION.findall(str(module.__doc__))}

    assert len(needed) > 15
    assert [action for action in sorted(needed) if action not in provisioning.NEEDS_TO_READ] == []


@pytest.mark.parametrize(("name", "expected"), [("deletion of alarms", True), ("wp/deletion of/a/b", False)])
def test_what_the_guard_refused_is_told_from_other_failures(name: str, *, expected: bool) -> None:
    assert _read(alarms={"failed": [{"name": name, "reason": "why"}]}).is_guarded is expected


def test_calls_and_changes_of_clients_are_counted_each_name_of_a_deletion_by_itself() -> None:
    count, told = Count(), list[tuple[int, int]]()
    count.told = lambda: told.append((count.calls, count.changes))
    client = count.watch(_Client())

    for operation, params in (
        ("DescribeAlarms", {}),
        ("PutMetricAlarm", {"AlarmName": "a"}),
        ("PutCompositeAlarm", {"AlarmName": "a"}),
        ("PutDashboard", {"DashboardName": "a"}),
        ("DeleteAlarms", {"AlarmNames": ["a", "b", "c"]}),
        ("DeleteDashboards", {"DashboardNames": ["a", "b"]}),
    ):
        client.meta.events.emit(
            f"provide-client-params.cloudwatch.{operation}", params=params, model=SimpleNamespace(name=operation)
        )

    assert told == [(1, 0), (2, 1), (3, 2), (4, 3), (5, 6), (6, 8)]


class _Client:
    """As much of a client as is looked at."""

    def __init__(self) -> None:
        self.meta = SimpleNamespace(events=HierarchicalEmitter())


def test_definitions_are_those_of_the_installation_or_of_the_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    installed = provisioning.definitions(None)

    def none(_: str) -> None:
        raise ModuleNotFoundError

    monkeypatch.setattr("importlib.resources.files", none)

    for folder in (installed, provisioning.definitions(None)):
        assert (folder / "services" / "lambda.yaml").is_file()
