"""The notifications part of the configuration document: routes, quiet hours, evidence."""

from __future__ import annotations

import json
import re
from datetime import time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from watchpost.configuration import DAYS, TOLD_SEVERITIES, Notifications, QuietHours, Route, parse
from watchpost.configuration.notifications import (
    LONGEST_GLOB,
    LONGEST_NAME,
    MOST_ITEMS,
    MOST_QUIET_HOURS,
    MOST_ROUTES,
)
from watchpost.errors import ConfigurationError

NIGHTS = {"from": "22:00", "to": "07:00"}


def _section(section: Any) -> Notifications:
    return parse(json.dumps({"notifications": section})).notifications


def _refused(section: Any) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as caught:
        _section(section)
    return caught.value


def _hours(**fields: Any) -> dict[str, Any]:
    return {"quiet_hours": {"nights": {**NIGHTS, **fields}}}


def test_a_document_without_the_section_tells_everybody_everything_with_evidence() -> None:
    assert parse("{}").notifications == Notifications(routes=(), quiet_hours={}, evidence=True)


def test_every_field_is_read() -> None:
    found = _section(
        {
            "routes": [
                {
                    "severity": ["critical"],
                    "service": ["orders*", "billing"],
                    "owner": ["team-shop"],
                    "to": ["oncall", "shop-slack"],
                    "quiet_hours": ["nights", "weekends"],
                    "stop": True,
                }
            ],
            "quiet_hours": {
                "nights": {
                    **NIGHTS,
                    "timezone": "Europe/Berlin",
                    "days": ["mon", "sun"],
                    "severity": ["warning", "unknown"],
                },
                "weekends": {"from": "00:00", "to": "00:00", "days": ["sat", "sun"]},
            },
            "evidence": False,
        }
    )

    assert found.routes == (
        Route(
            to=("oncall", "shop-slack"),
            severity=("critical",),
            service=("orders*", "billing"),
            owner=("team-shop",),
            quiet_hours=("nights", "weekends"),
            stop=True,
        ),
    )
    assert found.quiet_hours == {
        "nights": QuietHours(
            time(22), time(7), ZoneInfo("Europe/Berlin"), days=("mon", "sun"), severity=("warning", "unknown")
        ),
        "weekends": QuietHours(time(), time(), ZoneInfo("UTC"), days=("sat", "sun"), severity=("warning",)),
    }
    assert not found.evidence


def test_a_single_text_stands_for_a_list_of_one() -> None:
    route = {"severity": "critical", "service": "orders", "owner": "shop", "to": "ops", "quiet_hours": "nights"}

    found = _section({"routes": [route], **_hours(days="sun", severity="critical")})

    assert found.routes == (Route(("ops",), ("critical",), ("orders",), ("shop",), ("nights",)),)
    assert (found.quiet_hours["nights"].days, found.quiet_hours["nights"].severity) == (("sun",), ("critical",))


def test_quiet_hours_hold_back_warnings_on_every_day_in_utc_unless_they_say_otherwise() -> None:
    assert _section(_hours()).quiet_hours["nights"] == QuietHours(
        time(22), time(7), ZoneInfo("UTC"), days=DAYS, severity=("warning",)
    )


@pytest.mark.parametrize(
    ("section", "path"),
    [
        ({"route": []}, "notifications.route"),
        ({"routes": {}}, "notifications.routes"),
        ({"routes": [7]}, "notifications.routes[0]"),
        ({"routes": [{"to": ["ops"], "for": "x"}]}, "notifications.routes[0].for"),
        ({"routes": [{}]}, "notifications.routes[0].to"),
        ({"routes": [{"to": []}]}, "notifications.routes[0].to"),
        ({"routes": [{"to": [""]}]}, "notifications.routes[0].to[0]"),
        ({"routes": [{"to": "ops", "severity": []}]}, "notifications.routes[0].severity"),
        ({"routes": [{"to": "ops", "severity": ["bad"]}]}, "notifications.routes[0].severity[0]"),
        ({"routes": [{"to": "ops", "service": []}]}, "notifications.routes[0].service"),
        ({"routes": [{"to": "ops", "service": 7}]}, "notifications.routes[0].service"),
        ({"routes": [{"to": "ops", "owner": [7]}]}, "notifications.routes[0].owner[0]"),
        ({"routes": [{"to": "ops", "stop": "yes"}]}, "notifications.routes[0].stop"),
        ({"routes": [{"to": "ops", "quiet_hours": "nights"}]}, "notifications.routes[0].quiet_hours"),
        ({"quiet_hours": []}, "notifications.quiet_hours"),
        ({"quiet_hours": {"nights": {}}}, "notifications.quiet_hours.nights.from"),
        (_hours(to=None), "notifications.quiet_hours.nights.to"),
        (_hours(timezone="Berlin"), "notifications.quiet_hours.nights.timezone"),
        (_hours(timezone="Europe"), "notifications.quiet_hours.nights.timezone"),
        (_hours(timezone="../etc/passwd"), "notifications.quiet_hours.nights.timezone"),
        (_hours(timezone=""), "notifications.quiet_hours.nights.timezone"),
        (_hours(days=[]), "notifications.quiet_hours.nights.days"),
        (_hours(days=["monday"]), "notifications.quiet_hours.nights.days[0]"),
        (_hours(severity=[]), "notifications.quiet_hours.nights.severity"),
        (_hours(until="x"), "notifications.quiet_hours.nights.until"),
        ({"evidence": "no"}, "notifications.evidence"),
    ],
)
def test_a_mistake_is_told_with_its_path(section: dict[str, Any], path: str) -> None:
    assert _refused(section).path == f"configuration.{path}"


@pytest.mark.parametrize("value", [1320, "24:00", "22:60", "7:00", "22", "22:00:00", " 22:00", "\u0662\u0662:00", None])
def test_only_a_time_of_day_in_quotes_is_one(value: Any) -> None:
    # YAML reads 22:00 without quotes as 1320
    error = _refused(_hours(**{"from": value}))

    assert error.expected == 'a time such as "22:00", in quotes'


@pytest.mark.parametrize("value", ["00:00", "09:59", "19:00", "23:59"])
def test_every_minute_of_a_day_can_be_said(value: str) -> None:
    assert _section(_hours(**{"from": value})).quiet_hours["nights"].begin == time.fromisoformat(value)


def test_quiet_hours_that_never_end_are_refused() -> None:
    assert "never end" in _refused(_hours(to="22:00")).expected
    assert _section(_hours(to="22:00", days=list(DAYS[1:])))


def test_an_unknown_name_of_quiet_hours_is_told_with_those_that_there_are() -> None:
    error = _refused({"routes": [{"to": "ops", "quiet_hours": "days"}], **_hours()})

    assert error.expected.endswith("nights")


@pytest.mark.parametrize(
    ("longest", "section"),
    [
        (MOST_ROUTES, lambda count: {"routes": [{"to": "ops"}] * count}),
        (MOST_QUIET_HOURS, lambda count: {"quiet_hours": {str(number): NIGHTS for number in range(count)}}),
        (MOST_ITEMS, lambda count: {"routes": [{"to": [str(number) for number in range(count)]}]}),
        (LONGEST_NAME, lambda count: {"routes": [{"to": "x" * count}]}),
        (LONGEST_GLOB, lambda count: {"routes": [{"to": "ops", "service": "x" * count}]}),
        (LONGEST_GLOB, lambda count: {"routes": [{"to": "ops", "owner": ["x" * count]}]}),
    ],
)
def test_each_limit_is_what_is_just_allowed(longest: int, section: Any) -> None:
    assert _section(section(longest))
    assert _refused(section(longest + 1)).expected.startswith("at most")


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=8)
    | st.sampled_from(["22:00", "nights", "mon", "UTC"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["routes", "quiet_hours", "to", "from", "days", "timezone", "nights", "severity"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_every_section_is_either_fit_to_be_used_or_clearly_refused(section: Any) -> None:
    try:
        found = _section(section)
    except ConfigurationError:
        return
    for route in found.routes:
        assert route.to
        assert set(route.quiet_hours) <= found.quiet_hours.keys()
        assert set(route.severity) <= set(TOLD_SEVERITIES)


def test_the_example_of_the_documentation_is_right() -> None:
    page = (Path(__file__).parents[3] / "docs/notifications.md").read_text()
    [example] = re.findall(r"```yaml\n(notifications:\n.*?)```", page, re.DOTALL)

    found = parse(json.dumps(yaml.safe_load(example))).notifications

    assert [route.to for route in found.routes] == [("oncall", "shop"), ("shop",), ("team",)]
    assert found.quiet_hours.keys() == {"nights", "weekends"}
