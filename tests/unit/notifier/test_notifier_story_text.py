"""A story reads well: what is wrong, since when, how bad, why, and where to look."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta
from typing import Any

import pytest
from notifier.alarm import Notification
from notifier.channels import parts, plain, safe
from notifier.channels.wording import cut, duration, nth
from notifier.story import Evidence, Link, Story

from tests.integration.receivers import stories


def _with(**changes: Any) -> Story:
    return safe.story(dataclasses.replace(stories.OPENED, **changes))


@pytest.mark.parametrize(
    ("changes", "title"),
    [
        ({}, "CRITICAL: orders is unhealthy"),
        ({"severity": "warning"}, "WARNING: orders is unhealthy"),
        ({"severity": "unknown"}, "ALARM: orders is unhealthy"),
        ({"event": "again"}, "CRITICAL again: orders is unhealthy"),
        ({"event": "changed"}, "CRITICAL, changed: orders is unhealthy"),
        ({"event": "resolved", "lasted": timedelta(minutes=7)}, "RESOLVED after 7 min: orders is unhealthy"),
        ({"event": "resolved"}, "RESOLVED: orders is unhealthy"),
        ({"event": "plain", "severity": "warning"}, "orders is unhealthy (warning)"),
        ({"event": "digest", "severity": "unknown"}, "orders is unhealthy"),
        (
            {"notification": dataclasses.replace(stories.NOTIFICATION, state="INSUFFICIENT_DATA")},
            "NO DATA (critical): orders is unhealthy",
        ),
    ],
)
def test_the_title_says_how_bad_it_is_and_what_became_of_it(changes: dict[str, Any], title: str) -> None:
    assert parts.title(_with(**changes)) == title


def test_the_end_is_told_in_short() -> None:
    story = dataclasses.replace(stories.RESOLVED, times=2)

    assert plain(story).splitlines()[:2] == [
        "RESOLVED after 7 min: orders is unhealthy",
        "2026-11-21 03:12:45 to 03:19:57 UTC, rang 2 times",
    ]
    assert [line.split(":")[0] for line in plain(story).splitlines()[3:]] == ["Discover", "CloudWatch alarm"]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        *((-1, "0 s"), (0, "0 s"), (59, "59 s"), (60, "1 min"), (119, "1 min 59 s"), (120, "2 min"), (432, "7 min")),
        *((3600, "1 h"), (7500, "2 h 5 min"), (86_400, "1 d"), (266_700, "3 d 2 h")),
    ],
)
def test_a_time_is_told_in_its_largest_units(seconds: float, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("number", "word"), [(2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (12, "12th"), (21, "21st")]
)
def test_how_often_is_counted_as_people_do(number: int, word: str) -> None:
    assert nth(number) == word


@pytest.mark.parametrize(("length", "end"), [(10, "x" * 10), (11, "x" * 9 + "…")])
def test_a_text_is_cut_at_its_limit_and_shows_it(length: int, end: str) -> None:
    assert cut("x" * length, 10) == end


def test_only_the_newest_lines_being_counted_is_said() -> None:
    evidence = dataclasses.replace(stories.EVIDENCE, errors_total=54_000, errors_read=10_000)

    assert "among the newest 10,000 of 54,000 lines with errors" in plain(_with(evidence=evidence))


def test_errors_of_several_services_name_theirs() -> None:
    other = dataclasses.replace(stories.ERRORS[1], service="payments")
    evidence = Evidence((stories.ERRORS[0], other), 182, 182)

    text = plain(_with(evidence=evidence))

    assert "152 x orders: TimeoutError: Task timed out" in text
    assert "30 x payments: connect ECONNREFUSED" in text


@pytest.mark.parametrize(
    ("before", "words"),
    [(timedelta(minutes=7), "7 min before the alarm"), (timedelta(minutes=-1), "after the alarm began")],
)
def test_a_deployment_is_told_by_its_distance_to_the_alarm(before: timedelta, words: str) -> None:
    deployment = dataclasses.replace(stories.OPENED.deployments[0], when=stories.SINCE - before)

    assert words in plain(_with(deployments=(deployment,)))


def test_what_was_deployed_long_ago_is_told_by_its_date_only() -> None:
    deployment = dataclasses.replace(stories.OPENED.deployments[0], when=stories.SINCE - timedelta(days=1))

    assert "version 12 (2026-11-20 03:12:45 UTC)" in plain(_with(deployments=(deployment,)))


def test_only_children_that_ring_are_shown_and_ten_of_them() -> None:
    ringing = [dataclasses.replace(stories.CHILDREN[0], resource=f"api-{index}") for index in range(12)]

    text = plain(_with(children=(*ringing, stories.CHILDREN[1])))

    assert "12 alarms ring below it:" in text
    assert "• api-0: errors, since 03:12:45 UTC — Sum of Errors" in text
    assert "api-9:" in text
    assert "api-10:" not in text
    assert "and 2 more" in text
    assert "orders-queue" not in text


@pytest.mark.parametrize(
    ("state", "since", "words"),
    [
        ("OK", stories.SINCE, "orders-api: errors is well since 03:12:45 UTC"),
        ("OK", None, "orders-api: errors is well"),
        ("INSUFFICIENT_DATA", stories.SINCE, "orders-api: errors has no data since 03:12:45 UTC"),
    ],
)
def test_of_a_child_that_does_not_ring_it_is_not_said_that_it_does(
    state: str, since: datetime | None, words: str
) -> None:
    child = dataclasses.replace(stories.CHILDREN[0], state=state, since=since)

    text = plain(_with(event="changed", children=(child,)))

    assert "ring below it" not in text
    assert "rings below it" not in text
    assert f"Below it:\n  • {words} — " in text


@pytest.mark.parametrize(("count", "shown"), [(12, 12), (13, 11)])
def test_an_example_has_twelve_lines_and_one_sees_that_it_had_more(count: int, shown: int) -> None:
    example = "\n".join(f"line{index}" for index in range(count))
    evidence = Evidence((dataclasses.replace(stories.ERRORS[0], example=example),), 1, 1)

    lines = plain(_with(evidence=evidence)).splitlines()

    assert len([line for line in lines if line.startswith("    | line")]) == shown
    assert ("    | …" in lines) == (count > shown)


def test_of_blank_lines_in_a_row_one_is_shown() -> None:
    evidence = Evidence((dataclasses.replace(stories.ERRORS[0], example="a\n\n \n\t\nb\nc\n\nd"),), 1, 1)

    lines = [line.strip() for line in plain(_with(evidence=evidence)).splitlines()]

    assert [line for line in lines if line.startswith("|")] == ["| a", "|", "| b", "| c", "|", "| d"]


def test_marks_upon_marks_do_not_run_over_the_lines_beside() -> None:
    shown = plain(_with(headline="Z" + "\u0335" * 100 + "o\u0308"))

    assert shown.splitlines()[0] == "CRITICAL: Z" + "\u0335" * 4 + "o\u0308"


# What is followed


@pytest.mark.parametrize(
    "url",
    [
        *("ftp://e.example/", "javascript:alert(1)", "https://", "https://e.example/ x", "https://e.example/<x>", ""),
        *("https://e.example/|x", 'https://e.example/"', "https://u@e.example/", "https://é.example/", "https://[e/"),
        "https://e.example/" + "x" * 8192,
    ],
)
def test_what_is_no_address_to_follow_is_no_link(url: str) -> None:
    story = _with(links=(Link("Bad", url), stories.LINKS[0]), graph=url, runbook=url)

    assert [link.label for link in story.links] == ["Discover"]
    assert (story.graph, story.runbook) == (None, None)


def test_a_link_may_lead_to_a_kibana_without_tls_and_nothing_else_may() -> None:
    """The stack's own links are as its parameters are; a runbook and a picture are fetched by others."""
    url = "http://kibana.internal:5601/app"
    story = _with(links=(Link("Discover", url),), graph=url, runbook=url)

    assert [link.url for link in story.links] == [url]
    assert (story.graph, story.runbook) == (None, None)


def test_the_runbook_is_linked_once() -> None:
    twice = _with(links=(*stories.LINKS, Link("Runbook", stories.RUNBOOK)))

    assert [link.url for link in twice.links].count(stories.RUNBOOK) == 1
    assert _with().links[-1] == Link("Runbook", stories.RUNBOOK)


def test_times_of_other_zones_are_told_in_utc() -> None:
    east = datetime.fromisoformat("2026-11-21T05:12:45+02:00")

    assert "since 2026-11-21 03:12:45 UTC" in plain(_with(since=east))
    assert safe.stamp(east) == "2026-11-21T03:12:45Z"


def test_a_story_of_almost_nothing_is_told_too() -> None:
    bare = Story("opened", "", "unknown", "", "", "", "", Notification("", ""), None, None, 1, None, None)

    assert plain(bare) == "ALARM: an alarm without a name"
