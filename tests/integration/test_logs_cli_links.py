"""The commands' links to Discover show what the commands show; and answers that are none of Elasticsearch's."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from watchpost import links, names
from watchpost.search import kql
from watchpost.search.documents import Window

from tests.integration.logs_shop import line, report
from tests.integration.logs_world import ACCOUNT, REGION, World, opened

if TYPE_CHECKING:
    from collections.abc import Iterator

HIT = {"_id": "1", "_index": "i", "_source": {}, "sort": [1]}


@pytest.fixture(scope="module")
def world(elasticsearch_url: str) -> Iterator[World]:
    with opened(elasticsearch_url) as made:
        made.ship("orders", (0, line("card refused")), (1, report("r-1", "3.5", "Status: timeout")))
        made.ship("orders", (2, report("r-2", "3.5")), (3, "MONITORING|none|count|orders"))
        yield made


def linked(world: World, link: str, kinds: tuple[str, ...]) -> list[str]:
    """The ids of the lines that a link shows in a data view of these kinds."""
    decoded = links.discovered(link)
    window, query = Window(decoded["start"], decoded["end"]), kql.to_elasticsearch(decoded["query"])
    return [one.id for one in world.lines.find(window, filters=[query], kinds=kinds).documents]


@pytest.mark.parametrize(
    ("arguments", "view", "kinds", "number"),
    [
        ([], "logs", ("app", "platform"), 3),
        (["--kind", "app"], "logs", ("app", "platform"), 1),
        (["--kind", "platform"], "logs", ("app", "platform"), 2),
        (["--kind", "platform", "--kind", "app"], "logs", ("app", "platform"), 3),
        (["--kind", "platform", "duration_ms or REPORT", "--service", "orders"], "logs", ("app", "platform"), 2),
        (["--kind", "line"], "line", ("line",), 1),
    ],
)
def test_the_link_of_a_search_shows_lines_of_the_same_kinds(
    world: World, arguments: list[str], view: str, kinds: tuple[str, ...], number: int
) -> None:
    found = world.json("search", *arguments)

    assert links.discovered(found["discover"])["data_view_id"] == names.kibana_object("wp", REGION, ACCOUNT, view)
    assert linked(world, found["discover"], kinds) == [one["id"] for one in found["lines"]]
    assert len(found["lines"]) == number


def test_where_no_data_view_has_all_that_is_shown_there_is_no_link_and_it_says_so(world: World) -> None:
    arguments = ("search", "--kind", "line", "--kind", "app")

    assert (world.json(*arguments)["total"], world.json(*arguments)["discover"]) == (2, None)
    assert (
        "Kibana has no data view of metric lines and others together: there is no link." in world.shell(*arguments)[1]
    )


def test_the_link_of_errors_shows_failures_that_only_the_platform_tells_of(world: World) -> None:
    found = world.json("errors")

    assert found["total"] == 1
    (example,) = [group["example"] for one in found["services"] for group in one["groups"]]
    assert linked(world, found["discover"], ("app", "platform")) == [example["id"]]


@pytest.mark.parametrize(
    "answer",
    [
        [],
        "a page",
        {},
        {"hits": None},
        {"hits": {"hits": [{"_id": "1"}]}},
        {"hits": {"hits": [HIT | {"sort": 1}]}},
        {"hits": {"hits": [HIT | {"_source": "text"}]}},
        {"hits": {"hits": ["text"]}},
        {"hits": {"hits": [], "total": 5}},
        {"hits": {"hits": [], "total": {"value": "many"}}},
        {"hits": {"hits": []}, "_shards": None},
        {"hits": {"hits": []}, "_shards": {"failed": 1}},
        {"hits": {"hits": []}, "_shards": {"failed": 1, "total": 1, "failures": {"a": 1}}},
    ],
)
@pytest.mark.parametrize("arguments", [["search"], ["errors"], ["follow", "c-1"]])
def test_an_answer_of_another_shape_ends_with_two_and_says_so(
    world: World, monkeypatch: pytest.MonkeyPatch, answer: Any, arguments: list[str]
) -> None:
    """Such as a proxy sends, with a status that means success."""
    content = json.dumps(answer).encode()
    monkeypatch.setattr(world.gate, "ask", lambda *_: (200, {"content-type": "application/json"}, content))

    code, out, err = world.shell(*arguments)

    assert (code, out) == (2, "")
    assert "the answer is not what Elasticsearch answers to a search" in err
    assert err.count("\n") == 1
