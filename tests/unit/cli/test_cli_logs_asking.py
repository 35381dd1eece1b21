"""What is asked for is the same for Elasticsearch and in the link to Kibana."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from watchpost import links
from watchpost.search import kql
from watchpost.search.documents import Window
from watchpost_cli import follow
from watchpost_cli.errors import CliError
from watchpost_cli.logs.asking import asked, window
from watchpost_cli.reach import Kibana

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("since", "until", "start", "end"),
    [
        ("1h", "", NOW - HOUR, NOW),
        ("2h", "1h", NOW - 3 * HOUR, NOW - HOUR),  # a span that ends then
        ("2026-11-21T08:00", "2026-11-21T09:00", NOW - 4 * HOUR, NOW - 3 * HOUR),
        ("2026-11-21T08:00", "1h", NOW - 4 * HOUR, NOW - HOUR),
        ("2026-11-21T09:00+01:00", "", NOW - 4 * HOUR, NOW),
        ("0s", "", NOW, NOW),
    ],
)
def test_a_window_is_read_from_its_two_ends(since: str, until: str, start: datetime, end: datetime) -> None:
    assert window(since, until, NOW) == Window(start, end)


@pytest.mark.parametrize(
    ("since", "until"), [("2026-11-21T12:00:01", ""), ("2026-11-20", "2026-11-19"), ("x", ""), ("1h", "x")]
)
def test_a_window_that_is_none_is_refused(since: str, until: str) -> None:
    with pytest.raises(CliError):
        window(since, until, NOW)


def test_a_window_that_is_refused_says_which_option_is_wrong() -> None:
    with pytest.raises(CliError, match=r"^--since 9999-12-31 is in the future: it is 2026-11-21T12:00:00 UTC now\.$"):
        window("9999-12-31", "", NOW)
    with pytest.raises(CliError, match=r"^--until 2026-11-19 is before --since 2026-11-20\.$"):
        window("2026-11-20", "2026-11-19", NOW)


def test_nothing_is_asked_of_nothing() -> None:
    assert asked(" ", [], None) == asked("", [], None)
    assert (asked("", [], None).filters, asked("", [], None).query) == ((), "")


def test_each_part_narrows_the_search() -> None:
    found = asked("a or b", ["orders", 'ma"il'], "error")

    typed = "(message: a or error.message: a) or (message: b or error.message: b)"
    assert found.query == rf'({typed}) and (service.name: ("orders" or "ma\"il")) and (log.level: (error or fatal))'
    assert found.filters[1:] == (
        {"terms": {"service.name": ["orders", 'ma"il']}},
        {"terms": {"log.level": ["error", "fatal"]}},
    )


@given(st.lists(st.text(min_size=1), max_size=3), st.sampled_from([None, "trace", "warn", "fatal"]))
def test_what_is_in_the_link_is_a_query_that_kibana_takes(services: list[str], level: str | None) -> None:
    one = asked("a or b", services, level)

    link = one.link(Kibana("https://k", "", "view"), Window(NOW - HOUR, NOW))

    assert link is not None
    decoded = links.discovered(link)
    assert decoded["query"] == one.query
    assert (decoded["start"], decoded["end"]) == (NOW - HOUR, NOW)
    assert kql.to_elasticsearch(decoded["query"])


def test_without_a_kibana_there_is_no_link() -> None:
    assert asked("a", [], None).link(None, Window(NOW, NOW)) is None


def test_a_wrong_query_is_shown_with_its_place(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(CliError, match="the query is wrong at character 8"):
        asked("(a or b", [], None)

    shown = capsys.readouterr().err.splitlines()
    assert shown == ["  (a or b", "         ^"]


def test_following_looks_a_day_back_and_then_two_weeks() -> None:
    ahead = timedelta(minutes=5)

    day, weeks = follow.windows_of("", "", NOW)

    assert (day.end, day.end - day.start) == (NOW + ahead, timedelta(days=1))
    assert (weeks.end, weeks.end - weeks.start) == (NOW + ahead, timedelta(days=14))


def test_following_looks_where_it_is_told_to() -> None:
    assert follow.windows_of("2d", "", NOW) == (Window(NOW - timedelta(days=2), NOW + timedelta(minutes=5)),)
    assert follow.windows_of("2d", "1d", NOW) == (Window(NOW - timedelta(days=3), NOW - timedelta(days=1)),)
    assert [one.end for one in follow.windows_of("", "1h", NOW)] == [NOW - HOUR] * 2
