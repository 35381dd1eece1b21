"""`watchpost errors`: the most frequent errors of each service, from a real Elasticsearch, and which are new."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from watchpost import links
from watchpost.search import kql
from watchpost.search.documents import Window

from tests.integration.logs_shop import line, report
from tests.integration.logs_world import BEGAN_MS, World, opened

if TYPE_CHECKING:
    from collections.abc import Iterator

DAY_MS = 86_400_000
DEPLOYED_MS = 300_000  # since BEGAN_MS


def moment(offset_ms: int) -> str:
    """A time as Lambda writes it."""
    return f"{datetime.fromtimestamp((BEGAN_MS + offset_ms) / 1_000, UTC):%Y-%m-%dT%H:%M:%S.000+0000}"


@pytest.fixture(scope="module")
def opened_world(elasticsearch_url: str) -> Iterator[World]:
    """Before the deployment of orders: a known error. After it: that one again, and a new one, more often."""
    with opened(elasticsearch_url) as made:
        made.ship("orders-api", (-DAY_MS, line("order 1 not found", "ERROR", correlation_id="c-1")))
        made.ship("orders-api", (100_000, line("order 2 not found", "ERROR")))
        made.ship(
            "orders-api",
            (400_000, line("order 3 not found", "ERROR", correlation_id="c-3")),
            *(
                (410_000 + n, line("save failed", "ERROR", error={"name": "E\x1b[1m", "message": f"row {n}"}))
                for n in range(4)
            ),
            (
                420_000,
                line("save failed", "ERROR", error={"name": "E\x1b[1m", "message": "row 9"}, correlation_id="c-9"),
            ),
        )
        made.ship("orders-worker", (430_000, line("queue gone", "FATAL")), filter_name="watchpost.service=orders-api")
        made.ship("mail-sender", (440_000, report("r-1", "3.5", "Status: timeout")), (450_000, line("fine")))
        made.ship("newborn", (460_000, line("first error", "ERROR")))
        made.ship("", (470_000, "ERROR something in a container"), group="/ecs/web", stream="web/1")
        yield made


@pytest.fixture
def world(opened_world: World) -> Iterator[World]:
    """All functions can be read; orders-worker was deployed last of those of its service."""
    opened_world.account.functions = {
        "orders-api": moment(-DAY_MS // 2),
        "orders-worker": moment(DEPLOYED_MS),
        "mail-sender": moment(-DAY_MS),
        "newborn": moment(DEPLOYED_MS),
    }
    yield opened_world
    opened_world.account.functions = {}


def groups(found: dict[str, Any], service: str) -> list[tuple[str | None, str, int, bool | None]]:
    (one,) = [each for each in found["services"] if each["service"] == service]
    return [(group["type"], group["message"], group["count"], group["new"]) for group in one["groups"]]


def test_errors_are_counted_by_service_and_those_since_the_deployment_are_new(world: World) -> None:
    found = world.json("errors")

    assert groups(found, "orders-api") == [
        ("E\x1b[1m", "row 9", 5, True),
        (None, "order 3 not found", 2, False),
        (None, "queue gone", 1, True),
    ]
    assert (found["total"], found["read"], found["partial"]) == (11, 11, None)
    assert found["services"][0]["service"] == "orders-api"
    assert found["services"][0]["count"] == 8


def test_the_deployment_is_the_newest_of_the_functions_that_appear(world: World) -> None:
    (orders,) = [one for one in world.json("errors")["services"] if one["service"] == "orders-api"]

    deployed = datetime.fromtimestamp((BEGAN_MS + DEPLOYED_MS) / 1_000, UTC)
    assert datetime.fromisoformat(orders["deployed"]) == deployed
    assert orders["deployedFunction"] == "orders-worker"
    assert datetime.fromisoformat(orders["comparedFrom"]) == deployed - timedelta(days=7)


def test_an_error_from_before_the_compared_time_is_new_again(world: World) -> None:
    """Of the order that was not found there is one in the hour before, and one a day before."""
    world.account.functions["orders-worker"] = moment(50_000)

    compared = {span: groups(world.json("errors", "--compare", span), "orders-api")[1] for span in ("2d", "1h")}

    assert compared["2d"][3] is False
    assert compared["1h"][3] is None  # the service wrote nothing at all in that hour


@pytest.mark.parametrize(("deployed_ms", "is_new"), [(410_000, True), (411_000, False)])
def test_an_error_of_the_moment_of_the_deployment_is_new_and_one_before_is_not(
    world: World, deployed_ms: int, *, is_new: bool
) -> None:
    world.account.functions["orders-worker"] = moment(deployed_ms)

    assert groups(world.json("errors"), "orders-api")[0] == ("E\x1b[1m", "row 9", 5, is_new)


def test_a_failure_that_only_the_platform_tells_of_is_an_error(world: World) -> None:
    assert groups(world.json("errors"), "mail-sender") == [(None, "the invocation ended with status timeout", 1, None)]


def test_each_group_has_first_last_and_an_example_to_follow(world: World) -> None:
    found = world.json("errors")
    (orders,) = [one for one in found["services"] if one["service"] == "orders-api"]

    group = orders["groups"][0]

    at = [datetime.fromtimestamp((BEGAN_MS + offset) / 1_000, UTC) for offset in (410_000, 420_000)]
    assert [datetime.fromisoformat(group[name]) for name in ("first", "last")] == at
    assert group["example"]["correlationId"] == "c-9"
    assert world.json("follow", "c-9")["total"] == 1


def test_the_table_shows_it_to_people_and_steers_no_terminal(world: World) -> None:
    code, out, err = world.shell("errors")

    assert (code, err) == (1, "")
    rows = out.splitlines()
    deployed = datetime.fromtimestamp((BEGAN_MS + DEPLOYED_MS) / 1_000, UTC)
    assert rows[0] == f"orders-api  8 errors  deployed {deployed:%Y-%m-%d %H:%M:%S} UTC (orders-worker)"
    assert rows[1].split() == ["count", "first", "(UTC)", "last", "(UTC)", "error,", "and", "what", "to", "follow"]
    assert rows[2].split()[:2] == ["NEW", "5"]
    assert rows[2].rstrip().endswith(r"E\x1b[1m: row 9")
    assert rows[3].strip() == "[c-9]"
    assert rows[4].split()[0] == "2"
    assert out.replace("\n", "").isprintable()
    assert "11 errors from " in out


def test_a_service_that_was_not_there_before_has_nothing_new(world: World) -> None:
    _, out, _ = world.shell("errors")

    assert groups(world.json("errors"), "newborn") == [(None, "first error", 1, None)]
    assert "There are no lines of it from before to compare with, so no error is marked." in out


def test_where_the_deployment_cannot_be_read_nothing_is_marked_and_it_says_so(world: World) -> None:
    world.account.functions = {"orders-api": 403, "orders-worker": 404}

    code, out, _ = world.shell("errors")

    assert code == 0
    assert "NEW" not in out
    assert "When it was deployed is not known: The function orders-api cannot be read: " in out
    assert "When it was deployed is not known: no Lambda function of it appears in its lines." in out  # /ecs/web


def test_where_some_functions_cannot_be_read_the_others_count(world: World) -> None:
    world.account.functions["orders-api"] = 403

    (orders,) = [one for one in world.json("errors")["services"] if one["service"] == "orders-api"]

    assert orders["deployedFunction"] == "orders-worker"
    assert orders["problem"].startswith("When it was deployed is not fully known: ")


def test_only_new_ones_are_shown_when_asked_for(world: World) -> None:
    found = world.json("errors", "--new")

    assert [one["service"] for one in found["services"]] == ["orders-api"]
    assert [one[3] for one in groups(found, "orders-api")] == [True, True]


def test_without_new_errors_it_ends_with_zero(world: World) -> None:
    world.account.functions = {}

    code, out, _ = world.shell("errors", "--new")

    assert code == 0
    assert "None of 11 errors from " in out


def test_errors_are_chosen_by_service_query_and_time(world: World) -> None:
    assert [one["service"] for one in world.json("errors", "--service", "newborn")["services"]] == ["newborn"]
    assert [one["service"] for one in world.json("errors", "container")["services"]] == ["/ecs/web"]
    assert world.json("errors", "--since", "2d")["total"] == 12
    code, out, _ = world.shell("errors", "nowhere")
    assert (code, out.startswith("No errors were found in logs-watchpost.*-")) == (0, True)


def test_the_link_to_discover_shows_the_lines(world: World) -> None:
    found = world.json("errors", "--service", "orders-api")

    decoded = links.discovered(found["discover"])
    page = world.lines.find(
        Window(decoded["start"], decoded["end"]), filters=[kql.to_elasticsearch(decoded["query"])], most=0
    )
    assert page.total == found["total"] == 8


def test_the_top_of_a_service_is_shown_and_what_is_left_is_counted(world: World) -> None:
    _, out, _ = world.shell("errors", "--service", "orders-api", "--top", "1")

    assert "row 9" in out
    assert "queue gone" not in out
    assert "2 more kinds of errors; --top shows more" in out


def test_where_not_all_were_counted_it_says_so(world: World) -> None:
    _, out, _ = world.shell("errors", "--most", "3")

    assert "Counts are of the newest 3 of 11 errors from " in out


@pytest.mark.parametrize(
    "arguments",
    [["--top", "0"], ["--most", "0"], ["--most", "100001"], ["--compare", "0s"], ["--compare", "2026-11-21"]],
)
def test_what_cannot_be_asked_for_ends_with_two(world: World, arguments: list[str]) -> None:
    code, out, err = world.shell("errors", *arguments)

    assert (code, out) == (2, "")
    assert err.startswith("watchpost: ")
