"""What `watchpost plan` and `watchpost apply` print for people."""

from __future__ import annotations

import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from watchpost_cli import changelist, progress
from watchpost_cli.proposal import read
from watchpost_cli.values import LONGEST, number, pair, shown

from tests.unit.cli.provisioning_results import item, result

EVIL = "\x1b[31mred\u202e\r\n[bold]x[/bold]"
JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
FULL: dict[str, Any] = {
    "alarms": {
        "created": [item(f"wp/orders/api/{alarm}") for alarm in ("errors", "throttles")],
        "updated": [
            item("wp/orders/api/duration", ("Threshold", 27_000.0, 9_000.0)),
            item("wp/orders/api/memory", ("Threshold", 0.9, 0.95), ("EvaluationPeriods", 5, 3)),
        ],
        "deleted": [item(f"wp/orders/old/{alarm}") for alarm in ("errors", "throttles")],
    },
    "dashboards": {"created": [item("wp-orders")]},
    "cost": {"before": 12.3, "after": 1_313.1},
}


def _printed(width: int | None = None, every: bool = False, **parts: Any) -> str:
    """What a plan looks like: on a terminal of a width, or in a pipe."""
    stream = io.StringIO()
    output = Console(file=stream, width=width or 200, force_terminal=width is not None, color_system=None)
    changelist.of_plan(output, read(result(**parts), "wp", applied=False), "the file a.yaml", every=every)
    return stream.getvalue()


def test_a_plan_shows_what_is_added_changed_and_deleted_by_service() -> None:
    assert _printed(**FULL) == (
        "orders\n"
        "  + api: errors, throttles\n"
        "  ~ api/duration  Threshold: 27,000 -> 9,000\n"
        "  ~ api/memory\n"
        "      Threshold: 0.9 -> 0.95\n"
        "      EvaluationPeriods: 5 -> 3\n"
        "  - old: errors, throttles\n"
        "  + dashboard wp-orders\n"
        "\n"
        "By the file a.yaml.\n"
        "Plan: 3 to add, 2 to change, 2 to delete; "
        "cost 12.30 USD -> 1,313.10 USD a month (alarms, composites, dashboards).\n"
    )


def test_an_alarm_that_is_added_is_shown_with_its_threshold() -> None:
    created = [
        item("wp/a/b/errors", ("ComparisonOperator", None, "GreaterThanOrEqualToThreshold"), ("Threshold", None, 0.0)),
        item("wp/a/b/low", ("ComparisonOperator", None, "LessThanThreshold"), ("Threshold", None, 34_560.0)),
        item("wp/a/b/strange", ("ComparisonOperator", None, "GreaterThanUpperThreshold")),
    ]

    assert "  + b: errors >= 0, low < 34,560, strange\n" in _printed(alarms={"created": created})


def test_a_composite_alarm_is_shown_with_what_it_watches_from_now_on() -> None:
    before, after = 'ALARM("wp/a/b/x") OR ALARM("wp/a/b/y")', 'ALARM("wp/a/b/y") OR ALARM("wp/a/b/z")'

    told = _printed(alarms={"updated": [item("wp/a/service/unhealthy", ("AlarmRule", before, after))]})
    other = _printed(alarms={"updated": [item("wp/a/service/unhealthy", ("AlarmRule", f"NOT {after}", after))]})

    assert (
        "  ~ service/unhealthy (composite alarm)\n      watches no longer: wp/a/b/x\n      watches as well: wp/a/b/z\n"
    ) in told
    assert "AlarmRule" not in told
    assert "AlarmRule: NOT ALARM(" in other


def test_a_dashboard_is_shown_with_the_number_of_its_fields_that_differ_unless_all_are_asked_for() -> None:
    parts: Any = {"dashboards": {"updated": [item("wp-a", ("widgets[0].x", 1, 2), ("more", None, "9 more fields"))]}}

    assert "a\n  ~ dashboard wp-a  10 fields\n" in _printed(**parts)
    assert "      widgets[0].x: 1 -> 2\n" in _printed(every=True, **parts)


def test_each_sign_has_its_colour_on_a_terminal() -> None:
    stream = io.StringIO()
    output = Console(file=stream, width=120, force_terminal=True, color_system="standard")

    changelist.of_plan(output, read(result(**FULL), "wp", applied=False), "it", every=False)

    for sign in ("\x1b[32m  + ", "\x1b[33m  ~ ", "\x1b[31m  - "):
        assert sign in stream.getvalue()


def test_a_plan_without_changes_says_so_with_what_there_is_and_costs() -> None:
    shown_plan = _printed(alarms={"unchanged": 1_200}, dashboards={"unchanged": 4}, cost={"before": 9, "after": 9})

    assert shown_plan.splitlines()[-1] == (
        "Nothing to change: 1,204 alarms and dashboards as they should be; "
        "cost stays 9.00 USD a month (alarms, composites, dashboards)."
    )


def test_reasons_are_counted_and_those_that_leave_a_resource_without_any_alarm_come_first() -> None:
    reasons = [
        *({"resource": f"orders/f{n}", "alarm": "iterator-age", "reason": "no stream source"} for n in range(3)),
        *({"resource": f"own-{n}", "alarm": "*", "reason": "part of Watchpost itself"} for n in range(5)),
        {"resource": "orders/f1", "alarm": "errors", "reason": "excluded: alarms.lambda.errors"},
    ]

    assert _printed(without_alarm=reasons).splitlines()[:4] == [
        "Without an alarm, by reason (9; --all names each):",
        "      5  part of Watchpost itself (own-0, own-1, own-2, and 2 more)",
        "      3  no stream source (iterator-age)",
        "      1  excluded: alarms.lambda.errors",
    ]
    assert _printed(without_alarm=reasons, every=True).splitlines()[5:10] == [
        "  own-4: part of Watchpost itself",
        "  orders/f0, iterator-age: no stream source",
        "  orders/f1, errors: excluded: alarms.lambda.errors",
        "  orders/f1, iterator-age: no stream source",
        "  orders/f2, iterator-age: no stream source",
    ]


def test_budget_warnings_and_failures_are_each_told_with_names_and_reasons() -> None:
    text = _printed(
        left_out=[{"name": "wp/a/b/c", "reason": "over the monthly budget of 5 USD"}],
        warnings=["b: a tag that nobody understands"],
        alarms={"failed": [{"name": "a/lambda", "reason": "denied"}]},
        dashboards={"failed": [{"name": "deletion of dashboards", "reason": "too many"}]},
    )

    for line in (
        "Left out for the budget (1):\n  wp/a/b/c: over the monthly budget of 5 USD\n",
        "Warnings:\n  b: a tag that nobody understands\n",
        "(2):\n  a/lambda: denied\n  deletion of dashboards: too many\n",
        "add --allow-mass-deletion.",
    ):
        assert line in text


def test_the_option_for_mass_deletions_is_only_named_where_the_guard_refused() -> None:
    assert "--allow-mass" not in _printed(alarms={"failed": [{"name": "a/lambda", "reason": "denied"}]})


def test_a_result_tells_what_was_done_what_was_not_and_what_nobody_had_planned() -> None:
    stream = io.StringIO()
    planned = read(result(alarms={"created": [item("wp/a/b/c")]}), "wp", applied=False)
    parts: Any = {
        "alarms": {
            "created": [item("wp/a/b/c"), item("wp/a/b/d")],
            "failed": [{"name": "wp/a/b/e", "reason": "throttled"}],
        }
    }

    changelist.of_result(Console(file=stream, width=200), read(result(**parts), "wp", applied=True), planned)

    assert stream.getvalue() == (
        "The account changed since the plan. This was done besides it:\n"
        "a\n  + b: d\n\n"
        "Not done; another apply, or the next run of the function, tries again (1):\n  wp/a/b/e: throttled\n\n"
        "Applied: 2 added, 0 changed, 0 deleted, 1 not done; "
        "cost stays 0.00 USD a month (alarms, composites, dashboards).\n"
    )


@pytest.mark.parametrize("width", [None, 80, 200])
def test_nothing_from_aws_reaches_the_terminal_as_a_command_or_a_line_of_its_own(width: int | None) -> None:
    evil: Any = {
        "alarms": {
            "created": [item(f"wp/{EVIL}/{EVIL}/{EVIL}"), item(f"wp/a/service/unhealthy{EVIL}")],
            "updated": [item(f"wp/a/b/{EVIL}", (EVIL, EVIL, EVIL), (EVIL, [EVIL], {EVIL: EVIL * 60}))],
            "failed": [{"name": EVIL, "reason": EVIL}],
        },
        "dashboards": {"deleted": [item(f"wp-{EVIL}")]},
        "without_alarm": [
            {"resource": EVIL, "alarm": "*", "reason": EVIL},
            {"resource": EVIL, "alarm": EVIL, "reason": "why"},
        ],
        "left_out": [{"name": EVIL, "reason": EVIL}],
        "warnings": [EVIL],
    }

    for every in (False, True):
        text = _printed(width, every, **evil)

        assert all(line.isprintable() for line in text.split("\n"))
        assert "[bold]x[/bold]" in text.replace("\n", "").replace(" ", "")


@pytest.mark.parametrize("width", [60, 80, 120])
def test_on_a_terminal_no_line_is_wider_than_it_and_in_a_pipe_each_entry_is_one(width: int) -> None:
    long = {
        **FULL,
        "warnings": ["a warning of many words " * 20],
        "without_alarm": [{"resource": "r" * 150, "alarm": "*", "reason": "because " * 30}],
    }
    long["alarms"] = {**FULL["alarms"], "updated": [item("wp/a/b/c", ("AlarmDescription", "old " * 80, "new " * 80))]}

    assert max(map(cell_len, _printed(width, **long).split("\n"))) <= width
    piped = _printed(None, **long).split("\n")
    assert sum("a warning of many words" in line for line in piped) == 1
    assert sum("because" in line for line in piped) == 1


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (27_000.0, "27,000"),
        (1_234_567.5, "1,234,567.5"),
        (0.05, "0.05"),
        (0, "0"),
        (True, "yes"),
        (None, "none"),
        ([], "none"),
        (["a", 2000], "a, 2,000"),
        ({"b": 1, "a": "é"}, '{"a": "é", "b": 1}'),
        ("two\nlines", "two\\nlines"),
    ],
)
def test_values_are_shown_as_people_write_them(value: Any, expected: str) -> None:
    assert shown(value) == expected


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e12, max_value=1e12))
def test_a_number_keeps_twelve_digits(value: float) -> None:
    assert float(number(value).replace(",", "")) == pytest.approx(value, rel=1e-11)


@given(JSON, JSON)
def test_two_values_are_shown_on_one_line_each_and_never_at_length(before: Any, after: Any) -> None:
    for text in pair(before, after):
        assert text.isprintable()
        assert len(text) <= LONGEST + 1


@given(st.text("ab", max_size=400), st.text("ab", max_size=400))
def test_where_two_values_differ_stays_in_sight(before: str, after: str) -> None:
    first, second = pair(f"x{before}", f"x{after}")

    assert (first == second) is (before == after)


@pytest.mark.parametrize(
    ("calls", "changes", "total", "expected"),
    [
        (1, 0, None, "reading the account: 1 call"),
        (1_234, 0, 5, "reading the account: 1,234 calls"),
        (1_300, 3, 5, "3 of 5 changes"),
        (1_300, 7, 5, "5 of 5 changes"),
    ],
)
def test_progress_tells_calls_that_read_and_then_changes(
    calls: int, changes: int, total: int | None, expected: str
) -> None:
    assert progress.said(calls, changes, total) == expected
