"""`watchpost search`: lines by a query, from a real Elasticsearch; and how Elasticsearch is reached."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from unittest.mock import patch
from urllib.parse import urlsplit

import pytest
from watchpost import links
from watchpost.search import kql
from watchpost.search.documents import Window

from tests.integration.logs_shop import line, report
from tests.integration.logs_world import SECRET, World, opened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

OWN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:mine"


@pytest.fixture(scope="module")
def world(elasticsearch_url: str) -> Iterator[World]:
    with opened(elasticsearch_url) as made:
        levels = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
        made.ship(
            "orders-api", *((n * 10, line(f"order {n}", level, order={"id": n})) for n, level in enumerate(levels))
        )
        made.ship("mail-sender", (1_000, line("mail to order 3", error={"stack": "at one\n at \x1b[1mtwo"})))
        made.ship("mail-sender", (1_100, report("r-1", "12.5")), (1_200, "MONITORING|none|count|mails"))
        yield made


@pytest.fixture
def account(world: World) -> Iterator[World]:
    """The world, whose account is afterwards as it was."""
    kept = dict(world.account.parameters), dict(world.account.outputs), dict(world.account.secret)
    world.account.calls.clear()
    yield world
    world.account.parameters, world.account.outputs, world.account.secret = kept
    world.account.may_read_secret = True


def test_lines_are_shown_with_the_newest_last(world: World) -> None:
    code, out, err = world.shell("search", "order", "--service", "orders-api")

    assert (code, err) == (0, "")
    rows = out.splitlines()
    assert [re.split(" {2,}", row)[1:] for row in rows[:6]] == [
        ["TRACE", "orders-api", "order 0"],
        ["DEBUG", "orders-api", "order 1"],
        ["INFO", "orders-api", "order 2"],
        ["WARN", "orders-api", "order 3"],
        ["ERROR", "orders-api", "order 4"],
        ["FATAL", "orders-api", "order 5"],
    ]
    assert rows[6].startswith("6 lines from ")


@pytest.mark.parametrize(
    ("arguments", "messages"),
    [
        (["app.order.id: 3"], ["order 3"]),
        (['"order 3"'], ["order 3", "mail to order 3"]),
        (["order", "--level", "error"], ["order 4", "order 5"]),
        (["--level", "fatal"], ["order 5"]),
        (["not service.name: mail* and log.level: (info or warn)"], ["order 2", "order 3"]),
        (["mail or order 2 ", "--service", "mail-sender"], ["mail to order 3"]),
        (["--service", "mail-sender", "--service", "orders-api", "--level", "warn"], ["order 3", "order 4", "order 5"]),
        (["aws.lambda.metrics.duration_ms > 12"], ["REPORT RequestId: r-1"]),
        (["--kind", "line"], ["MONITORING|none|count|mails"]),
        (["order", "--limit", "2"], ["order 5", "mail to order 3"]),
    ],
)
def test_lines_are_chosen_by_query_service_level_and_kind(
    world: World, arguments: list[str], messages: list[str]
) -> None:
    assert [one["message"].split("\t")[0].strip() for one in world.json("search", *arguments)["lines"]] == messages


def test_the_link_to_discover_finds_the_same_lines(world: World) -> None:
    found = world.json("search", "order 3 or mail", "--service", "mail-sender", "--level", "info")

    decoded = links.discovered(found["discover"])
    assert decoded["query"] == found["query"]
    window = Window(decoded["start"], decoded["end"])
    page = world.lines.find(window, filters=[kql.to_elasticsearch(decoded["query"])])
    assert [one.id for one in page.documents] == [one["id"] for one in found["lines"]]
    assert found["lines"]


def test_machines_get_the_whole_document_or_the_fields_that_they_ask_for(world: World) -> None:
    whole = world.json("search", "app.order.id: 3")
    (one,) = whole["lines"]
    assert (whole["total"], whole["shown"], whole["partial"]) == (1, 1, None)
    assert (one["service"], one["level"], one["logGroup"]) == ("orders-api", "warn", "/aws/lambda/orders-api")
    assert one["document"]["app"] == {"order": {"id": 3}}

    chosen = world.json("search", "app.order.id: 3", "--fields", "app.order.id, app.nothing")
    assert chosen["lines"] == [{"at": one["at"], "app.order.id": 3, "app.nothing": None}]


def test_fields_are_shown_in_columns(world: World) -> None:
    _, out, _ = world.shell("search", "app.order.id: (4 or 5)", "--fields", "log.level,app.order.id")

    assert [row.split() for row in out.splitlines()[:3]] == [
        ["log.level", "app.order.id"],
        ["error", "4"],
        ["fatal", "5"],
    ]


def test_stack_traces_are_shown_when_all_is_asked_for(world: World) -> None:
    _, out, _ = world.shell("search", "mail", "--full")

    assert "    at one\n     at \\x1b[1mtwo\n" in out


def test_where_more_lines_are_there_it_says_so(world: World) -> None:
    _, out, _ = world.shell("search", "order", "--limit", "1")

    assert "The newest 1 of 7 lines from " in out


def test_where_none_are_found_it_says_what_was_searched(world: World) -> None:
    code, out, _ = world.shell("search", "nowhere", "--since", "2026-01-01", "--until", "2026-01-02")

    assert code == 1
    where = f"logs-watchpost.*-{world.namespace}"
    assert f"No lines were found in {where} from 2026-01-01 00:00:00.000 to 2026-01-02 00:00:00.000 UTC." in out


def test_a_query_that_is_wrong_is_shown_with_the_place(world: World) -> None:
    code, out, err = world.shell("search", "level: \x1b[1m(error or")

    assert (code, out) == (2, "")
    first, pointer, told = err.splitlines()
    assert first.startswith("  level: ")
    assert pointer.strip() == "^"
    assert told.startswith("watchpost: the query is wrong at character ")
    assert err.replace("\n", "").isprintable()


@pytest.mark.parametrize(
    "wrong",
    [
        "--limit 10001",
        "--limit 0",
        "--fields ,",
        "--since yesterday",
        "--until x",
        "--since 2026-01-02 --until 2026-01-01",
    ],
)
def test_what_cannot_be_asked_for_ends_with_two(world: World, wrong: str) -> None:
    code, out, err = world.shell("search", *wrong.split())

    assert (code, out) == (2, "")
    assert err.startswith("watchpost: ")


def test_a_part_of_the_answer_ends_with_one(world: World) -> None:
    begin = world.gate.searches
    world.gate.on_search = lambda number: setattr(world.gate, "shut", number == begin + 2)
    with patch("watchpost.search.lines._FIRST", 2):
        code, out, _ = world.shell("search", "order", "--limit", "6")
    world.gate.on_search, world.gate.shut = (lambda _: None), False

    assert code == 1
    assert "This is not all: reading on failed: " in out
    assert "order 5" in out


def test_elasticsearch_that_is_away_ends_with_two_and_says_what_to_do(world: World) -> None:
    world.gate.shut = True
    code, out, err = world.shell("search")
    world.gate.shut = False

    assert (code, out) == (2, "")
    assert "watchpost doctor" in err


def test_the_stack_says_where_elasticsearch_is_and_its_secret_how_to_log_in(account: World) -> None:
    assert account.json("search")["total"] == 8

    assert account.account.calls == ["DescribeStacks wp", f"GetSecretValue {SECRET}"]


@pytest.mark.parametrize("way", ["option", "variable"])
def test_a_secret_of_ones_own_is_read_instead(account: World, way: str) -> None:
    account.account.may_read_secret = False
    environment = {"WATCHPOST_ELASTICSEARCH_SECRET": OWN} if way == "variable" else {}
    with patch.object(type(account), "_environment", _with(account, environment)):
        found = account.json("search", *(["--elasticsearch-secret", OWN] if way == "option" else []))

    assert found["total"] == 8
    assert account.account.calls[-1] == f"GetSecretValue {OWN}"


def test_who_may_not_read_the_secret_is_told_what_to_ask_for_and_what_else_there_is(account: World) -> None:
    account.account.may_read_secret = False

    code, _, err = account.shell("search")

    assert code == 2
    for word in (SECRET, "secretsmanager:GetSecretValue", "WATCHPOST_ELASTICSEARCH_SECRET", "ELASTICSEARCH_API_KEY"):
        assert word in err


@pytest.mark.parametrize("way", ["in the url", "beside it"])
def test_with_credentials_in_the_shell_nobody_asks_aws(account: World, way: str) -> None:
    user, password = account.account.secret["username"], account.account.secret["password"]
    host = urlsplit(account.gate.url).netloc
    environment = {"ELASTICSEARCH_URL": f"http://{user}:{password}@{host}"}
    if way == "beside it":
        environment = {
            "ELASTICSEARCH_URL": f"http://{host}/",
            "ELASTICSEARCH_USERNAME": user,
            "ELASTICSEARCH_PASSWORD": password,
        }
    with patch.object(type(account), "_environment", _with(account, environment)):
        found = account.json("search", "--environment", account.namespace)

    assert (found["total"], found["discover"]) == (8, None)
    assert account.account.calls == []


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({"ELASTICSEARCH_URL": "http://127.0.0.1:9"}, "without credentials"),
        ({"ELASTICSEARCH_URL": "http://u:secretword@127.0.0.1:nine"}, "is no URL"),
        ({"ELASTICSEARCH_USERNAME": "u"}, "without credentials"),
        ({"ELASTICSEARCH_API_KEY": "k", "ELASTICSEARCH_CA": "/nowhere.pem"}, "cannot be read"),
    ],
)
def test_credentials_in_the_shell_that_are_not_enough_are_told(
    account: World, environment: dict[str, str], told: str
) -> None:
    with patch.object(type(account), "_environment", _with(account, environment)):
        code, _, err = account.shell("search")

    assert code == 2
    assert told in err
    assert "secretword" not in err


def test_wrong_credentials_are_told_without_them(account: World) -> None:
    account.account.secret = {"username": "nobody", "password": "secretword"}

    code, _, err = account.shell("search")

    assert code == 2
    assert "(401)" in err
    assert "credentials are wrong" in err
    assert "secretword" not in err


@pytest.mark.parametrize("missing", ["ElasticsearchUrl", "Environment", "ElasticsearchSecret"])
def test_a_stack_that_is_none_of_ours_is_told(account: World, missing: str) -> None:
    account.account.parameters.pop(missing, None)
    account.account.outputs.pop(missing, None)

    code, _, err = account.shell("search")

    assert code == 2
    assert missing in err


def test_without_a_kibana_there_is_no_link(account: World) -> None:
    account.account.parameters["KibanaUrl"] = "none"

    assert account.json("search")["discover"] is None
    assert "Kibana" not in account.shell("search")[1]


def test_a_space_of_kibana_is_part_of_the_link(account: World) -> None:
    account.account.parameters["KibanaSpace"] = "team-shop"

    assert "/s/team-shop/app/discover" in account.json("search")["discover"]


def test_an_environment_without_a_url_is_refused(account: World) -> None:
    code, _, err = account.shell("search", "--environment", "prod")

    assert code == 2
    assert "ELASTICSEARCH_URL" in err


def _with(world: World, more: dict[str, str]) -> Callable[[World], dict[str, str]]:
    own = world._environment() | more
    return lambda _: own
