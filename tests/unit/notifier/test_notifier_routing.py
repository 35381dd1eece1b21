"""Who is told: by severity, service and owner, in the order of the routes, and held back by quiet hours."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from notifier.routing import Facts, Target, targets
from watchpost.configuration import Notifications, parse

FACTS = Facts("critical", "orders-api", "team-shop")
EVERYBODY = ("ops", "pager")


def _notifications(*routes: dict[str, Any], **hours: dict[str, Any]) -> Notifications:
    section = {"routes": list(routes), "quiet_hours": hours}
    return parse(json.dumps({"notifications": section})).notifications


def _names(*routes: dict[str, Any], facts: Facts = FACTS) -> list[str]:
    return [target.receiver for target in targets(_notifications(*routes), facts, EVERYBODY)]


def test_without_routes_everybody_gets_everything() -> None:
    assert _names() == ["ops", "pager"]


@pytest.mark.parametrize(
    ("selectors", "matches"),
    [
        ({}, True),
        ({"severity": ["critical"]}, True),
        ({"severity": ["warning", "unknown"]}, False),
        ({"service": ["orders*"]}, True),
        ({"service": ["billing", "*-api"]}, True),
        ({"service": ["orders"]}, False),
        ({"service": ["ORDERS*"]}, False),
        ({"owner": ["team-*"]}, True),
        ({"owner": ["team-pay"]}, False),
        ({"severity": ["critical"], "service": ["orders*"], "owner": ["team-shop"]}, True),
        ({"severity": ["critical"], "service": ["orders*"], "owner": ["team-pay"]}, False),
        ({"severity": ["warning"], "service": ["orders*"], "owner": ["team-shop"]}, False),
        ({"severity": ["critical"], "service": ["billing"], "owner": ["team-shop"]}, False),
    ],
)
def test_a_route_matches_when_each_of_its_selectors_does(selectors: dict[str, Any], *, matches: bool) -> None:
    assert _names({**selectors, "to": ["shop"]}) == (["shop"] if matches else [])


def test_all_routes_that_match_are_used_and_each_receiver_once_in_their_order() -> None:
    assert _names({"to": ["b", "a"]}, {"service": "billing", "to": "x"}, {"to": ["c", "b"]}) == ["b", "a", "c"]


def test_a_route_that_matches_and_stops_is_the_last() -> None:
    assert _names({"to": "a"}, {"to": "b", "stop": True}, {"to": "c"}) == ["a", "b"]


def test_a_route_that_does_not_match_stops_nothing() -> None:
    assert _names({"service": "billing", "to": "b", "stop": True}, {"to": "c"}) == ["c"]


def test_what_no_route_is_for_is_told_to_nobody_here() -> None:
    assert _names({"severity": "warning", "to": "a"}) == []


def test_a_message_of_no_service_and_owner_matches_what_asks_for_none_or_for_any() -> None:
    unknown = Facts("unknown", "", "")

    found = _names({"to": "a"}, {"service": "*", "to": "b"}, {"owner": "?*", "to": "c"}, facts=unknown)

    assert found == ["a", "b"]


# 23:00 in Berlin
NIGHT = datetime(2026, 11, 21, 22, 0, tzinfo=UTC)
DAY = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
NIGHTS = {"from": "22:00", "to": "07:00", "timezone": "Europe/Berlin", "severity": ["critical"]}
EVENINGS = {"from": "20:00", "to": "23:30", "timezone": "Europe/Berlin", "severity": ["critical"]}


def _until(now: datetime, *routes: dict[str, Any], **hours: dict[str, Any]) -> datetime | None:
    found = _notifications(*routes, **hours)
    [target] = targets(found, FACTS, EVERYBODY)
    return target.until(found, now)


def test_quiet_hours_hold_back_until_they_end() -> None:
    route = {"to": "ops", "quiet_hours": "nights"}

    assert _until(DAY, route, nights=NIGHTS) is None
    assert _until(NIGHT, route, nights=NIGHTS) == datetime(2026, 11, 22, 6, 0, tzinfo=UTC)


def test_quiet_hours_for_other_severities_hold_nothing_back() -> None:
    assert _until(NIGHT, {"to": "ops", "quiet_hours": "nights"}, nights=NIGHTS | {"severity": ["warning"]}) is None


def test_several_quiet_hours_of_a_route_hold_back_until_the_last_of_them_ends() -> None:
    route = {"to": "ops", "quiet_hours": ["evenings", "nights"]}

    assert _until(NIGHT, route, nights=NIGHTS, evenings=EVENINGS) == datetime(2026, 11, 22, 6, 0, tzinfo=UTC)


def test_of_several_routes_to_a_receiver_the_one_that_lets_it_know_first_counts() -> None:
    quiet, shorter = {"to": "ops", "quiet_hours": "nights"}, {"to": "ops", "quiet_hours": "evenings"}

    assert _until(NIGHT, quiet, shorter, nights=NIGHTS, evenings=EVENINGS) == datetime(2026, 11, 21, 22, 30, tzinfo=UTC)
    assert _until(NIGHT, quiet, {"to": "ops"}, nights=NIGHTS) is None


names = st.lists(st.sampled_from("abc"), min_size=1, max_size=3)
routes = st.lists(
    st.fixed_dictionaries(
        {"to": names},
        optional={
            "severity": st.lists(st.sampled_from(["critical", "warning", "unknown"]), min_size=1),
            "service": st.lists(st.sampled_from(["*", "orders*", "billing"]), min_size=1),
            "stop": st.booleans(),
        },
    ),
    min_size=1,
    max_size=5,
)
facts = st.builds(
    Facts, st.sampled_from(["critical", "warning", "unknown"]), st.sampled_from(["", "orders", "billing"]), st.just("")
)


@given(routes=routes, facts=facts)
def test_nobody_is_told_twice_and_nobody_of_a_route_that_does_not_match(
    routes: list[dict[str, Any]], facts: Facts
) -> None:
    found = targets(_notifications(*routes), facts, EVERYBODY)

    told = [target.receiver for target in found]
    assert len(told) == len(set(told))
    for target in found:
        # each is there because of a route of its own, which matches alone too
        alone = [targets(_notifications({**route, "stop": False}), facts, EVERYBODY) for route in routes]
        assert any(Target(target.receiver, ((),)) in one for one in alone)
