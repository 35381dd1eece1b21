"""Addresses of the AWS console: those of each partition, right for every name."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from botocore.loaders import Loader
from hypothesis import example, given
from hypothesis import strategies as st
from watchpost import links
from watchpost.links import Console

START = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)
END = datetime(2026, 11, 21, 7, 30, 1, 234567, tzinfo=UTC)
CONSOLE = Console("eu-west-1", "aws")
HOME = "https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#"
# What is allowed in an address without meaning anything: RFC 3986, unreserved; and what carries an encoded character.
_HARMLESS = re.compile(r"[A-Za-z0-9._~%-]*")

names = st.text(st.characters(exclude_categories=["Cs"])) | st.text(
    alphabet="ab'\"!%+&=#?/\\ \n()*,:@$~ü日", max_size=20
)
HOSTILE = 'it\'s "50%" off! a/b & c=d #e ?f\nünï/日本 $LATEST [x] (y) ~z *+ éā1'


@pytest.mark.parametrize(
    ("partition", "region", "host"),
    [
        ("aws", "eu-west-1", "eu-west-1.console.aws.amazon.com"),
        ("aws-us-gov", "us-gov-west-1", "us-gov-west-1.console.amazonaws-us-gov.com"),
        ("aws-cn", "cn-north-1", "cn-north-1.console.amazonaws.cn"),
        ("aws-eusc", "eusc-de-east-1", "eusc-de-east-1.console.amazonaws-eusc.eu"),
    ],
)
def test_each_partition_has_its_own_console(partition: str, region: str, host: str) -> None:
    assert Console(region, partition).alarm("a") == (f"https://{host}/cloudwatch/home?region={region}#alarmsV2:alarm/a")


def test_every_partition_whose_console_is_public_has_one() -> None:
    """Those that botocore knows, but for the isolated ones, which have an address all the same."""
    partitions = {entry["id"] for entry in Loader().load_data("partitions")["partitions"]}

    assert {name for name in partitions if not name.startswith("aws-iso")} == set(links._CONSOLES)
    assert Console("us-iso-east-1", "aws-iso").alarm("a").startswith("https://us-iso-east-1.console.aws.amazon.com/")


def test_pages_of_the_console_have_the_addresses_that_it_gives_them() -> None:
    assert CONSOLE.alarm("wp/orders/api/errors") == HOME + "alarmsV2:alarm/wp%2Forders%2Fapi%2Ferrors"
    assert CONSOLE.dashboard("wp-orders") == HOME + "dashboards/dashboard/wp-orders"
    assert CONSOLE.function("orders-api") == (
        "https://eu-west-1.console.aws.amazon.com/lambda/home?region=eu-west-1#/functions/orders-api"
    )
    assert CONSOLE.log_stream("/aws/lambda/orders", "2026/11/21/[$LATEST]ab") == (
        HOME + "logsV2:log-groups/log-group/$252Faws$252Flambda$252Forders"
        "/log-events/2026$252F11$252F21$252F$255B$2524LATEST$255Dab"
    )
    assert CONSOLE.log_stream("g", "s", END) == (
        HOME + "logsV2:log-groups/log-group/g/log-events/s$3Fstart$3D1795246201234"
    )


def test_logs_insights_has_the_address_that_the_console_gives_it() -> None:
    """As the links of Grafana's CloudWatch data source, in the form of the console's present log pages."""
    query = "fields @timestamp, @message | sort @timestamp desc | limit 25"

    assert CONSOLE.logs_insights(["group-A", "/aws/lambda/b"], query, START, END) == (
        HOME + "logsV2:logs-insights$3FqueryDetail$3D~(end~'2026-11-21T07*3a30*3a01.234Z"
        "~start~'2026-11-21T06*3a00*3a00.000Z~timeType~'ABSOLUTE~tz~'UTC"
        "~editorString~'fields*20*40timestamp*2c*20*40message*20*7c*20sort*20*40timestamp*20desc*20*7c*20limit*2025"
        "~source~(~'group-A~'*2faws*2flambda*2fb))"
    )


def test_logs_insights_searches_as_many_groups_as_a_query_may_have() -> None:
    groups = [f"g{number}" for number in range(51)]

    assert _insights(CONSOLE.logs_insights(groups[:50], "q", START, END))["source"] == groups[:50]
    assert _insights(CONSOLE.logs_insights(groups, "q", START, END))["source"] == groups[:50]


@given(names)
@example(HOSTILE)
def test_any_name_is_found_again_behind_the_console_s_own_decoding(name: str) -> None:
    for url, pattern in (
        (CONSOLE.alarm(name), r"alarmsV2:alarm/(.*)"),
        (CONSOLE.dashboard(name), r"dashboards/dashboard/(.*)"),
        (CONSOLE.function(name), r"/functions/(.*)"),
    ):
        found = re.fullmatch(pattern, urlsplit(url).fragment)
        assert found is not None
        assert _HARMLESS.fullmatch(found[1])
        assert unquote(found[1]) == name


@given(names, names)
@example(HOSTILE, HOSTILE)
def test_any_log_stream_is_found_again_behind_the_console_s_own_decoding(group: str, stream: str) -> None:
    fragment = urlsplit(CONSOLE.log_stream(group, stream, START)).fragment

    found = re.fullmatch(r"logsV2:log-groups/log-group/(.*)/log-events/(.*)\$3Fstart\$3D1795240800000", fragment)
    assert found is not None
    assert [unquote(unquote(part.replace("$", "%"))) for part in found.groups()] == [group, stream]


@given(st.lists(names, max_size=3), names)
@example([HOSTILE, "𝄞"], HOSTILE + "𝄞")
def test_any_query_for_logs_insights_is_read_again_by_jsurl(groups: list[str], query: str) -> None:
    assert _insights(CONSOLE.logs_insights(groups, query, START, END)) == {
        "end": "2026-11-21T07:30:01.234Z",
        "start": "2026-11-21T06:00:00.000Z",
        "timeType": "ABSOLUTE",
        "tz": "UTC",
        "editorString": query,
        "source": groups,
    }


def _insights(url: str) -> Any:
    """What the console reads out of its address, by the grammar of jsurl."""
    text = urlsplit(url).fragment.removeprefix("logsV2:logs-insights$3FqueryDetail$3D")
    value, end = _jsurl(text, 0)
    assert end == len(text)
    return value


def _jsurl(text: str, at: int) -> tuple[Any, int]:
    assert text[at] == "~"
    if text[at + 1] == "'":
        found = re.compile(r"(?:[\w.!-]|\*[0-9a-f]{2}|\*\*[0-9a-f]{4})*", re.ASCII).match(text, at + 2)
        assert found is not None
        return _characters(found[0]), found.end()
    assert text[at + 1] == "("
    at += 2
    if text[at] == "~":
        items = []
        while text[at] != ")" and text[at : at + 2] != "~)":
            value, at = _jsurl(text, at)
            items.append(value)
        return items, text.index(")", at) + 1
    made = {}
    while text[at] != ")":
        name, _, _ = text[at:].lstrip("~").partition("~")
        at = text.index(name, at) + len(name)
        made[name], at = _jsurl(text, at)
    return made, at + 1


def _characters(text: str) -> str:
    """A text of jsurl: `!` is `$`, and a star stands before a UTF-16 unit in two or (two stars) four digits."""
    units = re.findall(r"\*\*([0-9a-f]{4})|\*([0-9a-f]{2})|(.)", text)
    made = "".join(chr(int(four or two, 16)) if four or two else "$" if one == "!" else one for four, two, one in units)
    return made.encode("utf-16", "surrogatepass").decode("utf-16")


def test_times_are_those_of_utc() -> None:
    berlin = START.astimezone(timezone(timedelta(hours=1)))

    assert CONSOLE.log_stream("g", "s", berlin) == CONSOLE.log_stream("g", "s", START)
    assert CONSOLE.logs_insights([], "", berlin, berlin) == CONSOLE.logs_insights([], "", START, START)


def test_half_a_character_in_a_name_breaks_no_link() -> None:
    assert CONSOLE.alarm("a\ud834b").endswith("alarmsV2:alarm/a%3Fb")
    assert "**d834" in CONSOLE.logs_insights([], "\ud834", START, END)
