"""What the logs say is told in short, without secrets; what is wrong with Elasticsearch is told in one sentence."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import NoCredentialsError
from hypothesis import given
from hypothesis import strategies as st
from notifier import evidence
from notifier.alarm_metric import metric_of
from notifier.evidence import EXAMPLE, MESSAGE, Found, Search, Subject
from watchpost.configuration import Redact
from watchpost.errors import ClusterRefusedError, ClusterUnavailableError, ConfigurationError
from watchpost.redaction import Text
from watchpost.search import kql
from watchpost.search.documents import Window
from watchpost.search.lines import FAILED

from tests.unit.notifier.facts import Elasticsearch, hit, message, refused

NOW = datetime(2026, 11, 21, 6, 2, 30, 123456, tzinfo=UTC)
WINDOW = Window(NOW - timedelta(minutes=5), NOW)
ORDERS = Subject(service="orders")
REDACT = Text.for_notifications(Redact(patterns=("email",))).clean


def _gather(*answers: Any, subject: Subject = ORDERS) -> tuple[Found, Elasticsearch]:
    cluster = Elasticsearch(list(answers))
    return evidence.gather(subject, Search(cluster.lines, WINDOW, REDACT, lambda: 2.0)), cluster


def _ids(request: str | None, correlation: str | None = None) -> dict[str, Any]:
    faas = {"faas": {"execution": request}} if request else {}
    return faas | ({"correlation": {"id": correlation}} if correlation else {})


def test_the_three_most_frequent_errors_are_told_with_counts_and_a_newest_example() -> None:
    hits = [hit(f"order {number} refused", number) for number in range(5)]
    hits += [hit("card declined", 10), hit("card declined", 11), hit("no stock", 20), hit("no stock", 21)]

    found, _ = _gather([*hits, hit("rare", 30)])

    told = found.evidence
    assert [(one.message, one.count) for one in told.errors] == [
        ("order 4 refused", 5),
        ("no stock", 2),
        ("card declined", 2),
    ]
    assert told.errors[0].newest == datetime(2026, 11, 21, 5, 59, 4, tzinfo=UTC)
    assert told.errors[0].example == "order 4 refused"
    assert (told.errors_total, told.errors_read, told.problem) == (10, 10, None)


def test_the_lines_asked_for_are_those_of_the_service_in_the_window() -> None:
    _, cluster = _gather([hit("x")])

    wanted = cluster.asked[0]["query"]["bool"]["filter"]
    within = {"gte": "2026-11-21T05:57:30.123Z", "lt": "2026-11-21T06:02:30.123Z"}
    assert {"range": {"@timestamp": within}} in wanted
    assert {"term": {"service.name": "orders"}} in wanted
    assert FAILED in wanted


@pytest.mark.parametrize(
    ("subject", "query"),
    [
        (ORDERS, 'service.name: "orders"'),
        (Subject(service='a" or "b*'), 'service.name: "a\\" or \\"b*"'),
        (Subject(groups=("/aws/lambda/a", "/aws/lambda/b")), 'log_group: ("/aws/lambda/a" or "/aws/lambda/b")'),
        (
            Subject("a", ("/b", "/c")),
            '(service.name: "a" or aws.cloudwatch.log_group: ("/b" or "/c")) and (log.level: ',
        ),
    ],
)
def test_the_query_for_people_is_for_the_same_lines(subject: Subject, query: str) -> None:
    assert query in subject.query()
    assert kql.to_elasticsearch(subject.query())


def test_secrets_are_redacted_in_the_message_and_the_example_even_where_escapes_hide_them() -> None:
    text = "refused AKIA\x1b[0mABCDEFGHIJKLMNOP for ann@example.com\nAuthorization: Bearer abcdefghijklmnop"

    found, _ = _gather([hit(text, error={"type": "AKIAABCDEFGHIJKLMNOP", "message": text})])

    [told] = found.evidence.errors
    for shown in (told.message, told.type, told.example):
        assert "AKIA" not in shown
        assert "ann@" not in shown
        assert "abcdefghijklmnop" not in shown
        assert "[redacted:" in shown
        assert "\x1b" not in shown


@pytest.mark.parametrize(("extra", "cut"), [(0, False), (1, True)])
def test_messages_and_examples_are_bounded(extra: int, cut: bool) -> None:
    found, _ = _gather([hit("word " * 119 + "x" * (5 + extra))])

    [told] = found.evidence.errors
    assert len(told.message) == MESSAGE
    assert len(told.example) == EXAMPLE
    assert told.example.endswith("…") == cut


def test_what_the_error_says_is_added_where_the_line_does_not_say_it() -> None:
    found, _ = _gather([hit("could not charge", error={"type": "CardError", "message": "limit reached"})])

    assert found.evidence.errors[0].example == "could not charge\nCardError: limit reached"


def test_the_transaction_told_is_the_one_that_most_is_known_of() -> None:
    most = [hit("frequent", number, **_ids("r-1")) for number in range(3)]

    found, _ = _gather([*most, hit("rare", 9, **_ids("r-2", "c-2"), aws={"cloudwatch": {"log_group": "/g"}})])

    failing = found.evidence.failing
    assert failing
    assert (failing.request_id, failing.correlation_id, failing.log_group) == ("r-2", "c-2", "/g")
    assert failing.at == datetime(2026, 11, 21, 5, 59, 9, tzinfo=UTC)


def test_the_correlation_id_of_a_timeout_is_that_of_the_invocations_other_lines() -> None:
    found, cluster = _gather([hit("Task timed out", **_ids("r-1"))], [hit("begun", 1, **_ids("r-1", "c-1"))])

    failing = found.evidence.failing
    assert failing
    assert (failing.request_id, failing.correlation_id) == ("r-1", "c-1")
    assert {"term": {"faas.execution": "r-1"}} in cluster.asked[1]["query"]["bool"]["filter"]


@pytest.mark.parametrize("second", [[], ClusterUnavailableError(0, "gone"), ClusterRefusedError(400, "no")])
def test_without_a_correlation_id_the_rest_is_told(second: Any) -> None:
    found, _ = _gather([hit("Task timed out", **_ids("r-1"))], second)

    assert found.evidence.errors
    assert found.evidence.failing
    assert found.evidence.failing.correlation_id is None


def test_lines_without_any_id_have_no_transaction() -> None:
    found, cluster = _gather([hit("x")])

    assert found.evidence.failing is None
    assert len(cluster.asked) == 1


def test_no_errors_among_the_lines_is_no_problem() -> None:
    found, _ = _gather([], [hit("all is well")])

    assert found.note == "There are no error lines since 05:57:30 UTC."
    assert found.evidence.problem is None
    assert found.evidence.errors == ()


def test_no_lines_at_all_is_a_problem() -> None:
    found, _ = _gather([])

    assert found.note == ""
    assert found.evidence.problem == "Elasticsearch has no lines at all of orders from 05:57:30 to 06:02:30 UTC."


def test_that_only_a_part_of_elasticsearch_answered_is_said() -> None:
    # given a cluster of which a shard did not answer
    class Partial(Elasticsearch):
        def request(self, *asked: Any, **more: Any) -> dict[str, Any]:
            return super().request(*asked, **more) | {"_shards": {"failed": 1, "total": 2}}

    def gather(*hits: dict[str, Any]) -> Found:
        return evidence.gather(ORDERS, Search(Partial([list(hits)]).lines, WINDOW, REDACT, lambda: 2.0))

    # when it knows of an error, then there may be more; when of none, then nothing is known
    assert gather(hit("x")).note == "Only a part of Elasticsearch answered, so there may be more errors."
    assert (gather().evidence.problem or "").startswith("Only a part of Elasticsearch answered")


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (ClusterUnavailableError(0, "ConnectionError: refused"), "Elasticsearch does not answer."),
        (ClusterUnavailableError(0, "ConnectionTimeout: x"), "Elasticsearch took too long to answer."),
        (ClusterUnavailableError(503, "<b>x</b>"), "Elasticsearch is too busy or away (HTTP 503)."),
        (ClusterRefusedError(401, "who"), "Elasticsearch refused the login (HTTP 401)."),
        (ClusterRefusedError(403, "who"), "Elasticsearch refused the login (HTTP 403)."),
        (ClusterRefusedError(400, "what"), "Elasticsearch refused the question (HTTP 400)."),
    ],
)
def test_what_is_wrong_with_elasticsearch_is_said_in_one_sentence_of_our_own(error: Exception, sentence: str) -> None:
    found, cluster = _gather(error)

    assert found == Found(evidence.Evidence(problem=sentence))
    assert len(cluster.asked) == 1


@pytest.mark.parametrize(
    "error", [ConfigurationError("secret", "nothing", "x"), NoCredentialsError(), refused("GetSecretValue")]
)
def test_a_secret_that_cannot_be_read_is_said(error: Exception) -> None:
    def connect() -> Any:
        raise error

    found = evidence.gather(ORDERS, Search(connect, WINDOW, REDACT, lambda: 2.0))

    assert found.evidence.problem == "Elasticsearch's credentials could not be read."


def test_the_functions_of_the_errors_are_told_with_the_newest_version_that_wrote_them() -> None:
    def of(name: str, version: str, group: str) -> dict[str, Any]:
        return {"faas": {"name": name, "version": version}, "aws": {"cloudwatch": {"log_group": group}}}

    found, _ = _gather(
        [
            hit("a", 1, **of("api", "9", "/api")),
            hit("b", 2, **of("api", "10", "/api")),
            hit("c", 3, **of("worker", "$LATEST", "/worker")),
        ]
    )

    assert dict(found.functions) == {"api": "10", "worker": None}
    assert set(found.groups) == {"/api", "/worker"}


def _metric(period: float | None, evaluations: float | None) -> Any:
    return metric_of({**message()["Trigger"], "Period": period, "EvaluationPeriods": evaluations}, "")


@pytest.mark.parametrize(
    ("metrics", "minutes"),
    [
        ([_metric(60, 1)], 2),
        ([_metric(300, 3)], 16),
        ([_metric(60, 1), _metric(300, 3), None], 16),
        ([_metric(None, None)], 6),
        ([], 6),
        ([_metric(86400, 7)], 24 * 60 + 1),
        ([_metric(-60, 1)], 6),
    ],
)
def test_the_window_begins_before_the_first_line_that_the_alarm_looked_at(metrics: list[Any], minutes: int) -> None:
    window = evidence.window_of(NOW - timedelta(minutes=3), metrics, NOW)

    assert window.start == datetime(2026, 11, 21, 5, 59, 30, 123000, tzinfo=UTC) - timedelta(minutes=minutes)
    assert window.end == datetime(2026, 11, 21, 6, 2, 30, 124000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("since", "believed"),
    [
        (NOW - timedelta(minutes=1), True),
        (NOW - timedelta(days=13), True),
        (NOW - timedelta(days=15), False),
        (datetime(1, 1, 1, tzinfo=UTC), False),
        (datetime(9999, 12, 31, tzinfo=UTC), False),
        (None, False),
    ],
)
def test_a_time_that_cannot_be_is_not_believed(since: datetime | None, believed: bool) -> None:
    assert evidence.began(since, NOW) == (since if believed else NOW)


def test_a_clock_that_is_ahead_does_not_make_an_alarm_begin_in_the_future() -> None:
    assert evidence.began(NOW + timedelta(seconds=5), NOW) == NOW


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(
    st.lists(st.dictionaries(st.sampled_from(["message", "error", "faas", "correlation", "aws"]), VALUES), max_size=4)
)
def test_no_document_is_too_strange_to_be_told(sources: list[dict[str, Any]]) -> None:
    found, _ = _gather([{**hit("x", number), "_source": source} for number, source in enumerate(sources)])

    assert all(len(one.example) <= EXAMPLE for one in found.evidence.errors)


def test_what_the_cluster_does_not_find_yet_is_asked_for_once_more() -> None:
    """An alarm may ring before the lines that rang it are found: a document is after its index was refreshed."""
    slept: list[float] = []
    cluster = Elasticsearch([[], [hit("order refused")]])
    search = Search(cluster.lines, WINDOW, REDACT, lambda: evidence.SETTLED * 2 + 0.1, slept.append)

    found = evidence.gather(ORDERS, search)

    assert slept == [evidence.SETTLED]
    assert found.evidence.errors_total == 1


def test_nobody_waits_for_lines_when_the_time_is_nearly_up() -> None:
    slept: list[float] = []
    search = Search(Elasticsearch([[]]).lines, WINDOW, REDACT, lambda: evidence.SETTLED * 2, slept.append)

    evidence.gather(ORDERS, search)

    assert slept == []
