"""What a story says of the logs, from a real Elasticsearch with lines as the shipper makes them."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from notifier.story import DISCOVER, INSIGHTS, STREAM
from notifier.telling import Around, tell
from watchpost import links, names
from watchpost.elasticsearch import Cluster
from watchpost.search import kql
from watchpost.search.lines import Lines
from watchpost.secrets import Secret
from watchpost.times import iso

from tests.integration.logs_shop import line, report
from tests.integration.logs_world import BEGAN_MS, World, opened
from tests.unit.notifier.facts import ARN, CONFIGURATION, SETTINGS, Aws, message, sns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from notifier.story import Story

BEGAN = datetime.fromtimestamp(BEGAN_MS / 1_000, UTC)
RANG = BEGAN + timedelta(minutes=2)  # the window of an alarm over a minute begins two minutes before
NOW = RANG + timedelta(seconds=30)
KEY = "AKIAIOSFODNN7EXAMPLE"
IDS = {"function_request_id": "r-1", "correlation_id": "c-1"}
HOSTILE = f"<!channel> \x1b[31m{KEY}\u202e https://evil.example.com Authorization: Bearer abcdefghijklmnop"


@pytest.fixture(scope="module")
def world(elasticsearch_url: str) -> Iterator[World]:
    """A service with errors in the window, on its edges, and beside it."""
    with opened(elasticsearch_url) as made:
        declined = [(1_000 + n, line(f"order {n} declined", "ERROR", **IDS)) for n in range(5)]
        made.ship("orders", *declined, (2_000, line("all is well")), (2_500, line("careful", "WARN")))
        made.ship("orders", (3_000, line("disk full", "FATAL")), (3_001, line("disk full", "FATAL")))
        for service, shift in (("orders", 4_000), ("slow", 5_000)):
            made.ship(
                service,
                (shift, line("work begins", function_request_id="r-9", correlation_id="c-9")),
                *(
                    (shift + n, f"2026-11-21T08:00:00.000Z r-{n} Task timed out after 3.00 seconds\n")
                    for n in (7, 8, 9)
                ),
                (shift + 10, report("r-9", "3000", "Status: timeout")),
            )
        made.ship("orders", (-1, line("before", "ERROR")), (0, line("on the first edge", "ERROR")))
        made.ship("orders", (150_000, line("on the last edge", "ERROR")), (150_001, line("after", "ERROR")))
        made.ship("orders*", (1_000, line("of another service", "ERROR")), group="/aws/lambda/orders-two")
        made.ship("payments", (1_000, line("of a third", "ERROR")), (1_001, line(HOSTILE, "ERROR")))
        made.ship("quiet", (1_000, line("all is well")))
        made.ship("tagged", (1_000, line("of the tag", "ERROR")))
        made.ship("tagged-api", (1_000, line("of its own name", "ERROR")), (1_001, line("all is well")))
        yield made


def _told(service: str, lines: Callable[[], Lines], limit: float = 5.0, **changes: Any) -> Story:
    name = f"watchpost/{service}/{service}/errors-in-logs"
    body = message(AlarmName=name, AlarmArn=ARN + name, StateChangeTime=RANG.isoformat(), **changes)
    return tell(sns(body), Around(SETTINGS, CONFIGURATION, lines, Aws().client, now=lambda: NOW, limit=limit))


def _url(story: Story, label: str) -> str:
    return next(link.url for link in story.links if link.label == label)


def _shown(world: World, url: str) -> list[str]:
    """The messages that Discover shows: the query, and the time with both of its ends, as Kibana sends them."""
    found = links.discovered(url)
    time = {"gte": iso(found["start"]), "lte": iso(found["end"]), "format": "strict_date_optional_time"}
    query = {"bool": {"filter": [kql.to_elasticsearch(found["query"]), {"range": {"@timestamp": time}}]}}
    streams = ",".join(names.data_stream(kind, world.namespace) for kind in ("app", "platform"))
    answer = world.cluster.request("POST", f"/{streams}/_search", {"query": query, "size": 1_000})
    return sorted(hit["_source"]["message"].strip() for hit in answer["hits"]["hits"])


def test_the_link_to_discover_shows_exactly_the_failing_lines(world: World) -> None:
    story = _told("orders", lambda: world.lines)

    shown = _shown(world, _url(story, DISCOVER))
    assert [text for text in shown if not text.startswith("REPORT")] == sorted(
        [
            *(f"order {n} declined" for n in range(5)),
            *("disk full", "disk full", "on the first edge", "on the last edge"),
            *(f"2026-11-21T08:00:00.000Z r-{n} Task timed out after 3.00 seconds" for n in range(7, 10)),
        ]
    )
    # and the platform's own line on the invocation that failed, which is no error of its own
    assert len([text for text in shown if text.startswith("REPORT")]) == 1
    assert story.evidence
    assert story.evidence.errors_total == story.evidence.errors_read == len(shown) - 1


def test_the_most_frequent_errors_are_told_with_their_counts_and_newest_examples(world: World) -> None:
    story = _told("orders", lambda: world.lines)

    assert story.evidence
    first, second, third = story.evidence.errors
    assert (first.message, first.count, first.service) == ("order 4 declined", 5, "orders")
    assert first.newest == BEGAN + timedelta(milliseconds=1_004)
    assert (second.count, "timed out" in second.example) == (3, True)
    assert (third.message, third.count) == ("disk full", 2)


def test_a_failing_transaction_is_told_with_both_of_its_ids_and_its_place(world: World) -> None:
    story = _told("orders", lambda: world.lines)

    assert story.evidence
    failing = story.evidence.failing
    assert failing
    assert (failing.request_id, failing.correlation_id) == ("r-1", "c-1")
    assert failing.at == BEGAN + timedelta(milliseconds=1_004)
    assert (failing.log_group, failing.log_stream) == ("/aws/lambda/orders", "2026/11/21/[$LATEST]0a1b")
    assert "orders" in _url(story, INSIGHTS)
    assert "log-events" in _url(story, STREAM)


def test_the_correlation_id_of_a_timeout_is_found_in_what_the_invocation_wrote_before(world: World) -> None:
    story = _told("slow", lambda: world.lines)

    assert story.evidence
    failing = story.evidence.failing
    assert failing
    assert (failing.request_id, failing.correlation_id) == ("r-9", "c-9")


def test_secrets_and_what_steers_a_terminal_do_not_get_out_of_the_logs(world: World) -> None:
    story = _told("payments", lambda: world.lines)

    assert story.evidence
    told = f"{story.evidence}"
    assert "[redacted:" in told
    for hidden in (KEY, "abcdefghijklmnop", "\x1b", "\u202e", "\\x1b", "\\u202e"):
        assert hidden not in told


def test_a_wildcard_in_a_services_name_is_only_a_character(world: World) -> None:
    story = _told("orders*", lambda: world.lines)

    assert story.evidence
    assert story.evidence.errors == ()
    assert _shown(world, _url(story, DISCOVER)) == []


def test_an_alarm_of_somebody_else_shows_the_lines_of_its_function(world: World) -> None:
    trigger = {**message()["Trigger"], "Dimensions": [{"name": "FunctionName", "value": "payments"}]}
    body = message(AlarmName="CPU", Trigger=trigger, StateChangeTime=RANG.isoformat())

    story = tell(sns(body), Around(SETTINGS, CONFIGURATION, lambda: world.lines, Aws().client, now=lambda: NOW))

    assert story.evidence
    assert story.evidence.errors_total == 2
    assert len(_shown(world, _url(story, DISCOVER))) == 2


def test_the_lines_of_an_alarms_function_are_told_though_they_call_themselves_another_service(world: World) -> None:
    """The tag says `tagged`, a line of the function's says `tagged-api`: the line's own name counts."""
    trigger = {**message()["Trigger"], "Dimensions": [{"name": "FunctionName", "value": "tagged-api"}]}

    story = _told("tagged", lambda: world.lines, Trigger=trigger)

    assert story.evidence
    assert {one.service for one in story.evidence.errors} == {"tagged", "tagged-api"}
    assert _shown(world, _url(story, DISCOVER)) == ["of its own name", "of the tag"]
    assert story.evidence.errors_total == 2


def test_no_error_lines_are_no_problem(world: World) -> None:
    story = _told("quiet", lambda: world.lines)

    assert story.evidence
    assert story.evidence.problem is None
    assert "There are no error lines since " in story.words


def test_a_service_without_any_line_is_told_as_such(world: World) -> None:
    story = _told("unknown", lambda: world.lines)

    assert story.evidence
    assert (story.evidence.problem or "").startswith("Elasticsearch has no lines at all of unknown from ")


def test_before_the_first_line_there_is_no_data_stream_and_the_story_says_that_there_are_no_lines(
    world: World,
) -> None:
    story = _told("orders", lambda: Lines(world.cluster, f"{world.namespace}-new"))

    assert story.evidence
    assert (story.evidence.problem or "").startswith("Elasticsearch has no lines at all of orders from ")


def test_a_login_that_is_refused_is_told(world: World, elasticsearch_url: str) -> None:
    wrong = Secret("test", {"username": "watchpost", "password": "wrong"})
    url = f"http://{elasticsearch_url.rpartition('@')[2]}"

    story = _told("orders", lambda: Lines(Cluster.connect(url, wrong), world.namespace))

    assert story.evidence
    assert story.evidence.problem == "Elasticsearch refused the login (HTTP 401)."


def _behind(world: World, url: str) -> Callable[[], Lines]:
    return lambda: Lines(Cluster.connect(url, Secret("test", world.account.secret)), world.namespace)


def test_an_elasticsearch_that_is_not_there_is_told_at_once(world: World) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    story = _told("orders", _behind(world, f"http://127.0.0.1:{port}"), limit=3_600)

    assert story.evidence
    assert story.evidence.problem == "Elasticsearch does not answer."
    assert story.words.startswith("Sum of LogErrors")


def test_an_elasticsearch_that_is_busy_is_told(world: World) -> None:
    world.gate.shut = True
    try:
        story = _told("orders", _behind(world, world.gate.url))
    finally:
        world.gate.shut = False

    assert story.evidence
    assert story.evidence.problem == "Elasticsearch is too busy or away (HTTP 503)."


def test_an_elasticsearch_that_is_slow_holds_nothing_up(world: World) -> None:
    # given one that takes connections and never answers
    with socket.create_server(("127.0.0.1", 0)) as silent:
        # when a story is told that has half a second
        story = _told("orders", _behind(world, f"http://127.0.0.1:{silent.getsockname()[1]}"), limit=0.5)

    # then it says so, and has the rest
    assert story.evidence
    assert story.evidence.problem in (
        "Elasticsearch gave no usable answer within 0.4 seconds.",
        "Elasticsearch took too long to answer.",
    )
    assert story.graph
