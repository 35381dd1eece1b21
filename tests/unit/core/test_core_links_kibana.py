"""Addresses of Kibana: as Kibana writes them, and read again by what decodes rison."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from urllib.parse import unquote

import prison
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from watchpost import links
from watchpost.errors import PayloadError
from watchpost.search import kql

START = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)
END = datetime(2026, 11, 21, 7, 30, 1, 234567, tzinfo=UTC)
# What is allowed in an address without meaning anything: RFC 3986, unreserved; and what carries an encoded character.
_HARMLESS = re.compile(r"[A-Za-z0-9._~%-]*")

names = st.text(st.characters(exclude_categories=["Cs"])) | st.text(
    alphabet="ab'\"!%+&=#?/\\ \n()*,:@$~ü日", max_size=20
)
HOSTILE = 'it\'s "50%" off! a/b & c=d #e ?f\nünï/日本 $LATEST [x] (y) ~z *+ éā1'


def test_discover_has_the_address_that_kibana_gives_it() -> None:
    query = kql.field_equals("service.name", "orders")
    url = links.discover("https://kibana.test:5601/base/", "wp-logs", start=START, end=END, query=query)

    assert unquote(url) == (
        "https://kibana.test:5601/base/app/discover#/"
        "?_g=(time:(from:'2026-11-21T06:00:00.000Z',to:'2026-11-21T07:30:01.234Z'))"
        "&_a=(columns:!(log.level,message),dataSource:(dataViewId:wp-logs,type:dataView),filters:!(),interval:auto,"
        "query:(language:kuery,query:'service.name: \"orders\"'),sort:!(!('@timestamp',desc)))"
    )


@pytest.mark.parametrize(("space", "place"), [("", ""), ("default", ""), ("ops", "/s/ops"), ("a/b", "/s/a%2Fb")])
def test_a_space_stands_before_the_page(space: str, place: str) -> None:
    discover = links.discover("https://k.test", "v", start="now-1h", end="now", query="", space=space)
    dashboard = links.kibana_dashboard("https://k.test", "d", space=space)

    assert discover.startswith(f"https://k.test{place}/app/discover#/?")
    assert dashboard == f"https://k.test{place}/app/dashboards#/view/d"


def test_a_dashboard_is_shown_for_a_time_when_both_ends_of_it_are_given() -> None:
    plain = "https://k.test/app/dashboards#/view/watchpost-wp-overview"

    def link(**options: Any) -> str:
        return unquote(links.kibana_dashboard("https://k.test", "watchpost-wp-overview", **options))

    assert link() == link(start=START) == link(end=END) == plain
    assert link(start=START, end=END) == (
        plain + "?_g=(time:(from:'2026-11-21T06:00:00.000Z',to:'2026-11-21T07:30:01.234Z'))"
    )
    assert link(start="now-7d", end="now") == f"{plain}?_g=(time:(from:now-7d,to:now))"


def test_times_are_those_of_utc() -> None:
    berlin = START.astimezone(timezone(timedelta(hours=1)))

    assert links.discovered(links.discover("https://k.test", "v", start=berlin, end="now", query=""))["start"] == START


@given(names, names, st.lists(names, max_size=3), names)
@example("v", 'a: "b\nc"', ["first\n!(", "-1", "!t", "'"], "x\ny")
@example("v", "plain\n'quote", [], "")
@example(HOSTILE, HOSTILE, [HOSTILE], HOSTILE)
def test_any_query_is_read_again_out_of_its_link(view: str, query: str, columns: list[str], space: str) -> None:
    url = links.discover("https://k.test", view, start=START, end=END, query=query, columns=columns, space=space)

    assert links.discovered(url) == {
        "data_view_id": view,
        "query": query,
        "start": START,
        "end": END.replace(microsecond=234000),
        "columns": tuple(columns),
    }


@given(names, names, st.lists(names, max_size=3))
@example(HOSTILE, HOSTILE, [HOSTILE])
@example("v", "plain\n'quote", ["a\nb"])
def test_the_state_in_a_link_is_rison_and_nothing_in_it_ends_the_address(
    view: str, query: str, columns: list[str]
) -> None:
    url = links.discover("https://k.test", view, start="now-1h", end="now", query=query, columns=columns)

    found = re.fullmatch(r"https://k\.test/app/discover#/\?_g=(.*)&_a=(.*)", url)
    assert found is not None
    assert all(_HARMLESS.fullmatch(part) for part in found.groups())
    assert prison.loads(unquote(found[1])) == {"time": {"from": "now-1h", "to": "now"}}
    assert prison.loads(unquote(found[2])) == {
        "columns": columns,
        "dataSource": {"dataViewId": view, "type": "dataView"},
        "filters": [],
        "interval": "auto",
        "query": {"language": "kuery", "query": query},
        "sort": [["@timestamp", "desc"]],
    }


@given(names)
@example(HOSTILE)
def test_any_service_is_asked_for_exactly_by_its_link(service: str) -> None:
    query = kql.field_equals("service.name", service)
    url = links.discover("https://k.test", "v", start=START, end=END, query=query)

    assert kql.to_elasticsearch(links.discovered(url)["query"]) == {"match_phrase": {"service.name": service}}


def test_a_time_without_a_zone_is_left_as_it_is() -> None:
    url = links.discover("https://k.test", "v", start="2026-11-21", end="2026-11-22T00:00+01:00", query="")

    found = links.discovered(url)
    assert (found["start"], found["end"]) == ("2026-11-21", datetime(2026, 11, 21, 23, 0, tzinfo=UTC))


def test_half_a_character_in_a_query_breaks_no_link() -> None:
    assert "%3F" in links.discover("https://k.test", "v", start=START, end=END, query="\ud834")


def test_a_link_that_a_person_changed_by_hand_is_read_too() -> None:
    """Kibana itself leaves most of rison as it is, and writes its state in another order and with more in it."""
    url = (
        "https://k.test/s/ops/app/discover#/?_a=(query:(query:'a:%20b',language:kuery),columns:!(),"
        "dataSource:(type:dataView,dataViewId:v),grid:(columns:()))&_g=(filters:!(),time:(to:now,from:now-15m))"
    )

    assert links.discovered(url) == {
        "data_view_id": "v",
        "query": "a: b",
        "start": "now-15m",
        "end": "now",
        "columns": (),
    }


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://k.test/app/discover",
        "https://k.test/app/discover#/",
        "https://k.test/app/discover#/?",
        "https://k.test/app/discover#/?_g=(time:(from:now-1h,to:now))",
        "https://k.test/app/discover#/?_g=&_a=",
        "https://k.test/app/discover#/?_g=(&_a=(",
        "https://k.test/app/discover#/?_g=!&_a='",
        "https://k.test/app/discover#/?_g=('!&_a=-",
        "https://k.test/app/discover#/?_g=a&_a=!n",
        "https://k.test/app/discover#/?_g=(time:(from:now-1h,to:now))&_a=(columns:!(),query:(query:x))",
        "https://k.test/app/discover#/?_g=(time:(from:1,to:2))&_a=(columns:!(),dataSource:(dataViewId:v),query:(query:x))",
        "https://k.test/app/discover#/?_g=" + "(a:" * 5_000,
    ],
)
def test_what_is_no_discover_link_is_told(url: str) -> None:
    with pytest.raises(PayloadError, match=r"no-discover-link.*_g=.*_a="):
        links.discovered(url)


@given(st.text(alphabet="()!',:abn-0.1=&_?#%", max_size=60))
def test_broken_rison_is_told_and_breaks_nothing(text: str) -> None:
    with pytest.raises(PayloadError):
        links.discovered(f"https://k.test/app/discover#/?_g=(time:{text}&_a={text}")
