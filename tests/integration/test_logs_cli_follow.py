"""`watchpost follow`: a transaction over three services, from a real Elasticsearch, as a tree."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from watchpost import links
from watchpost.search import kql
from watchpost.search.documents import Window

from tests.integration.logs_shop import API, CORRELATION, MAIL, OTHER, TRACE, WORKER, line, ship_transaction
from tests.integration.logs_world import BEGAN_MS, KIBANA, NOW_MS, World, opened

if TYPE_CHECKING:
    from collections.abc import Iterator

DAY_MS = 86_400_000


@pytest.fixture(scope="module")
def world(elasticsearch_url: str) -> Iterator[World]:
    with opened(elasticsearch_url) as made:
        ship_transaction(made)
        made.ship("old", (NOW_MS - BEGAN_MS - 3 * DAY_MS, line("long ago", correlation_id="c-old")))
        yield made


def test_a_transaction_over_three_services_is_shown_in_order_with_times(world: World) -> None:
    code, out, err = world.shell("follow", CORRELATION)

    assert (code, err) == (0, "")
    shown = [row for row in out.splitlines() if not row.startswith("Kibana: ")]
    at = datetime.fromtimestamp((BEGAN_MS + 310) / 1_000, UTC)
    assert shown == [
        f"c-4711  {at:%Y-%m-%d %H:%M:%S}.310 UTC  2,290 ms  12 lines, 3 services, 1 error",
        f"├── orders-api  -291 ms  651 ms  cold start 413 ms  91 of 512 MB  {API}",
        f"│   ├── payment-worker  +0 ms  340 ms  91 of 512 MB  {WORKER}",
        "│   │   ├──    +10 ms  INFO   charging card",
        "│   │   └──   +330 ms  ERROR  card refused · CardError: declined by the bank",
        "│   ├──    +20 ms  INFO   order received",
        "│   └──   +350 ms  WARN   order not paid",
        "├──     ⋮      1,900 ms without a line",
        f"└── mail-sender  +2,260 ms  30 ms  91 of 512 MB  {MAIL}",
        r"    └── +2,270 ms  INFO   mail queued \x1b[2J\x1b]0;owned\x07\u202e\r\n\x9b31m",
        "1 line of the same invocations belong to other transactions.",
    ]


def test_nothing_of_a_line_steers_the_terminal(world: World) -> None:
    for arguments in (
        ["follow", CORRELATION],
        ["follow", CORRELATION, "--full"],
        ["search", "mail"],
        ["search", "--full"],
    ):
        _, out, err = world.shell(*arguments)

        assert "owned" in out
        assert (out + err).replace("\n", "").isprintable()


def test_lines_of_the_platform_are_shown_when_all_is_asked_for(world: World) -> None:
    _, out, _ = world.shell("follow", CORRELATION, "--full")

    assert f"START RequestId: {MAIL}" in out
    assert "Billed Duration: 900 ms" in out


@pytest.mark.parametrize("identifier", [API, MAIL, TRACE, f"Root={TRACE};Parent=53995c3f42cd8ad8;Sampled=1"])
def test_a_request_id_or_a_trace_id_leads_to_the_same_tree(world: World, identifier: str) -> None:
    whole = world.json("follow", CORRELATION)

    found = world.json("follow", identifier)

    assert found["invocations"] == whole["invocations"]


def test_machines_get_all_of_it(world: World) -> None:
    found = world.json("follow", CORRELATION)

    assert (found["identifier"], found["total"], found["shown"], found["others"]) == (CORRELATION, 12, 12, 1)
    assert found["correlationIds"] == [CORRELATION]
    assert found["requestIds"] == sorted([API, WORKER, MAIL])
    assert found["services"] == ["orders-api", "payment-worker", "mail-sender"]
    api, worker, mail = found["invocations"]
    assert (api["calledBy"], worker["calledBy"], mail["calledBy"]) == (None, 0, None)
    assert (api["coldStart"], api["initMs"], api["durationMs"], worker["errors"]) == (True, 412.6, 650.7, 1)
    assert (mail["memoryUsedMb"], mail["memoryMb"], mail["requestId"], mail["attempt"]) == (91, 512, MAIL, 1)
    assert [one["offsetMs"] for one in worker["lines"]] == [0, 10, 330, 340, 340]
    assert worker["lines"][2]["errorType"] == "CardError"


def test_the_link_to_discover_shows_these_lines_and_no_others(world: World) -> None:
    found = world.json("follow", CORRELATION)

    decoded = links.discovered(found["discover"])
    assert found["discover"].startswith(f"{KIBANA}/app/discover#/")
    assert re.fullmatch(r"watchpost-wp-[0-9a-f]{6}-logs", decoded["data_view_id"])
    window = Window(decoded["start"], decoded["end"])
    page = world.lines.find(window, filters=[kql.to_elasticsearch(decoded["query"])])
    ids = {one["id"] for each in found["invocations"] for one in each["lines"]}
    assert {one.id for one in page.documents} == ids


def test_the_window_is_found_by_itself(world: World) -> None:
    """First the last day is searched, and only then two weeks."""
    recent, old = world.json("follow", CORRELATION), world.json("follow", "c-old")

    assert _days(recent) == 1
    assert (_days(old), old["services"]) == (14, ["old"])


def test_the_window_can_be_set(world: World) -> None:
    code, out, _ = world.shell("follow", "c-old", "--since", "2d")
    assert code == 1
    assert "Nothing was found for c-old." in out

    assert world.json("follow", "c-old", "--since", "4d", "--until", "2d")["shown"] == 1


def test_where_nothing_is_found_it_says_what_was_searched(world: World) -> None:
    code, out, err = world.shell("follow", "nobody\x1b[31m")

    assert (code, err) == (1, "")
    nothing, searched = out.splitlines()
    assert nothing == r"Nothing was found for nobody\x1b[31m."
    assert "correlation.id, faas.execution (request id) or trace.id" in searched
    assert f"logs-watchpost.*-{world.namespace}" in searched
    assert world.json("follow", "nobody")["invocations"] == []


def test_too_many_lines_are_cut_and_it_says_so(world: World) -> None:
    code, out, _ = world.shell("follow", CORRELATION, "--limit", "3")

    assert code == 0
    assert "These are the first 3 of 12 lines; --limit shows more." in out


def test_another_transaction_is_not_part_of_it(world: World) -> None:
    assert world.json("follow", OTHER)["correlationIds"] == ["c-4712"]


@pytest.mark.parametrize("arguments", [[""], ["x" * 1_025], ["x", "--limit", "0"], ["x", "--limit", "10001"]])
def test_what_cannot_be_asked_for_ends_with_two(world: World, arguments: list[str]) -> None:
    code, out, err = world.shell("follow", *arguments)

    assert (code, out) == (2, "")
    assert err.startswith("watchpost: ")


def test_the_longest_id_and_the_most_lines_may_be_asked_for(world: World) -> None:
    code, _, _ = world.shell("follow", "x" * 1_024, "--limit", "10000")

    assert code == 1


def _days(found: dict[str, str]) -> int:
    return (datetime.fromisoformat(found["to"]) - datetime.fromisoformat(found["from"])) // timedelta(days=1)
