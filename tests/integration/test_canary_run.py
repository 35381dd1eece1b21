"""A run of the canary: what it does when all is well, what it names when something is broken, and when it tells."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from watchpost import names
from watchpost.dead_letters import DeadLetter

from tests.integration.canary_world import GROUP, INDEX, REGION, SHIPPER, STREAM, World, opened, subscribed
from tests.integration.doctor_server import Server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

URL_PATH = "/ping/secret-path-4711"
BLOCKED = {"8": {"description": "index write (api)", "levels": ["write"]}}
REFUSED = "AccessDenied (403): not authorized to perform: cloudwatch:PutMetricData"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    with opened(monkeypatch) as made:
        yield made


@pytest.fixture
def outside() -> Iterator[Server]:
    """The service that expects heartbeats."""
    made = Server()
    made.answers[URL_PATH] = lambda *_: (200, {})
    yield made
    made.close()


def document(reason: str) -> DeadLetter:
    """A dead letter of the shipper with the canary's line."""
    return DeadLetter("document", reason, 1, {"index": "i", "id": "1", "document": {"labels": {"id": "{id}"}}})


def metric(reason: str, service: str = names.CANARY_SERVICE, ago: float = 0.0) -> DeadLetter:
    """A dead letter of the shipper with the value of the line."""
    dimensions = [{"Name": "Service", "Value": service}]
    datum = {"MetricName": "CanaryLines", "Dimensions": dimensions, "Timestamp": int(time.time() - ago) // 60 * 60}
    return DeadLetter("metric", reason, 1, {"namespace": "Watchpost", **datum})


def heart(server: Server, **values: Any) -> dict[str, Any]:
    return {"heartbeat": {"url": f"{server.url}{URL_PATH}", "allow_insecure": True, "allow_private": True, **values}}


def test_a_line_that_arrives_is_counted_and_removed_and_the_heartbeat_is_sent(world: World, outside: Server) -> None:
    world.notifications = heart(outside)

    result = world.run()

    assert (result["state"], result["joints"], result["removed"], result["told"]) == ("well", [], 1, False)
    assert world.lags() == [pytest.approx(result["lag_seconds"], abs=0.001)]
    assert f"DELETE /{INDEX}/_doc/a-1" in world.elasticsearch.requests
    assert (result["heartbeat"], outside.requests) == ("pinged", [f"GET {URL_PATH}"])
    [event] = boto3.client("logs", REGION).filter_log_events(logGroupName=GROUP)["events"]
    assert event["message"].startswith("MONITORING|1|Count|CanaryLines|Watchpost|id=")


def test_every_line_has_an_id_of_its_own(world: World) -> None:
    for _ in range(3):
        world.run()

    events = boto3.client("logs", REGION).filter_log_events(logGroupName=GROUP)["events"]
    assert len({event["message"] for event in events}) == 3


def _set(**values: Any) -> Callable[[World], Any]:
    return lambda world: [setattr(world, name, value) for name, value in values.items()]


def _aws(operation: str, answer: Any, *, arrives: bool = False) -> Callable[[World], Any]:
    return lambda world: (world.answers.update({operation: answer}), setattr(world, "arrives", arrives))


def _cluster(path: str, status: int, content: Any, *, arrives: bool = True) -> Callable[[World], Any]:
    return lambda world: (world.cluster(path, status, content), setattr(world, "arrives", arrives))


def _everywhere(status: int, content: Any) -> Callable[[World], Any]:
    return lambda world: [world.cluster(path, status, content) for path in list(world.elasticsearch.answers)]


def _blocked(world: World, index: str) -> None:
    world.cluster("/_cluster/state/blocks", 200, {"blocks": {"indices": {index: BLOCKED}}})
    made = {
        ".ds-logs-watchpost.app-dev-2026.11.20-000001": "100",
        ".ds-logs-watchpost.app-dev-2026.11.21-000002": "200",
    }
    answer = {name: {"settings": {"index": {"creation_date": one}}} for name, one in made.items()}
    world.cluster("/logs-watchpost.*-dev,", 200, answer)


def _metrics_refused(world: World) -> None:
    world.arrives, world.stores = False, [metric(REFUSED)]


def _throttled(world: World) -> None:
    world.arrives = False
    boto3.client("lambda", REGION).put_function_concurrency(FunctionName=SHIPPER, ReservedConcurrentExecutions=0)


def _counted(name: str, value: float) -> Callable[[World], Any]:
    def act(world: World) -> None:
        world.arrives = False
        dimensions = [{"Name": "FunctionName", "Value": SHIPPER}]
        datum = {"MetricName": name, "Dimensions": dimensions, "Value": value}
        boto3.client("cloudwatch", REGION).put_metric_data(Namespace="AWS/Lambda", MetricData=[datum])

    return act


REASON = {"error": {"type": "security_exception", "reason": "action is unauthorized for user [writer]"}}
GLOBAL = {"blocks": {"global": {"6": {"description": "cluster read-only (api)", "levels": ["write"]}}}}
MISSING = {"index_templates": [{"name": "logs-watchpost.app"}, {"name": "metrics-watchpost.line"}]}
DOWN = {"error": {"type": "x", "reason": "starting"}}
FOREIGN = f"arn:aws:lambda:{REGION}:1:function:wp-shipper2"
SEARCH = "/metrics-watchpost.line-dev.canary/_search"
# What is broken, the joint that must be named, and a part of what must be said.
BROKEN: list[tuple[str, Callable[[World], Any], str, str]] = [
    ("log group gone", _aws("PutLogEvents", "ResourceNotFoundException"), "log-group", f"no log group {GROUP}"),
    ("line refused", _aws("PutLogEvents", "AccessDeniedException"), "log-group", "takes no line"),
    ("filter gone", _aws("DescribeSubscriptionFilters", subscribed()), "subscription", "not subscribed to the"),
    ("foreign filter", _aws("DescribeSubscriptionFilters", subscribed(FOREIGN)),
     "subscription", f"but to {FOREIGN}"),
    ("shipper gone", _aws("GetFunctionConfiguration", "ResourceNotFoundException"), "shipper", "no function wp-ship"),
    ("shipper broken", _aws("GetFunctionConfiguration", {"State": "Failed", "StateReason": "no key"}), "shipper",
     "no key"),
    ("shipper switched off", _throttled, "shipper", "reserved concurrency is 0"),
    ("shipper throttled", _counted("Throttles", 3.0), "shipper", "throttled 3 times"),
    ("shipper fails", _counted("Errors", 2.0), "shipper", "failed 2 times"),
    ("empty secret", _set(login={}), "secret", "no credentials"),
    ("login refused", _everywhere(401, REASON), "secret", "refuses the login"),
    ("privilege missing", _cluster("/_cluster/health", 403, REASON), "secret", "unauthorized for user [writer]"),
    ("unavailable", _everywhere(503, DOWN), "elasticsearch", "503"),
    ("red", _cluster("/_cluster/health", 200, {"status": "red"}), "elasticsearch", "health is red"),
    ("template missing", _cluster("/_index_template/", 200, MISSING), "templates", "missing: logs-watchpost.platform"),
    ("cluster read-only", _cluster("/_cluster/state/blocks", 200, GLOBAL), "read-only", "cluster read-only (api)"),
    ("index read-only", lambda world: _blocked(world, ".ds-logs-watchpost.app-dev-2026.11.21-000002"), "read-only",
     ".ds-logs-watchpost.app-dev-2026.11.21-000002: index write (api)"),
    ("kept as dead letter", _set(arrives=False, stores=[document("400 mapper_parsing_exception: n")]), "dead-letters",
     "mapper_parsing_exception"),
    ("refused as read-only", _set(arrives=False, stores=[document("403 cluster_block_exception: blocked by: …")]),
     "read-only", "cluster_block_exception"),
    ("shipper's metrics refused", _metrics_refused, "metrics", "metrics of the shipper"),
    ("canary's metrics refused", _aws("PutMetricData", "AccessDenied", arrives=True), "metrics",
     "of the canary: AccessDenied"),
    ("nobody knows", _set(arrives=False), "unknown", "every joint looks well"),
]  # fmt: skip  # rows are easier to read


@pytest.mark.parametrize("row", BROKEN, ids=[row[0] for row in BROKEN])
def test_what_is_broken_is_named_told_and_keeps_the_heartbeat_back(
    world: World, outside: Server, row: tuple[Any, ...]
) -> None:
    _, act, joint, says = row
    world.notifications = heart(outside)
    act(world)

    result = world.run()

    assert (result["state"], result["heartbeat"], outside.requests) == ("broken", "withheld", [])
    assert [one["joint"] for one in result["joints"]] == [joint], result
    assert says in result["joints"][0]["seen"]
    [(subject, text)] = world.told()
    assert subject == f"[watchpost] wp: the pipeline is broken: {joint}"
    assert f"{joint}: {result['joints'][0]['seen']}" in text
    assert result["joints"][0]["todo"] in text
    # a run ends with time to spare, whatever is broken
    assert world.passed <= 46


def test_only_the_newest_index_of_a_data_stream_need_be_writable(world: World) -> None:
    _blocked(world, ".ds-logs-watchpost.app-dev-2026.11.20-000001")

    assert world.run()["state"] == "well"


@pytest.mark.parametrize(
    "stored",
    [
        DeadLetter("document", "r", 1, {"document": {"labels": {"id": "another"}}}),
        metric(REFUSED, service="orders"),
        metric(REFUSED, ago=600),
        DeadLetter("payload", "not gzip", 1, "text"),
        DeadLetter("document", "no document", 1, {"document": ["labels"]}),
    ],
    ids=["another line", "another service", "replayed", "payload", "odd"],
)
def test_dead_letters_of_others_say_nothing_of_the_canarys_line(world: World, stored: DeadLetter) -> None:
    world.arrives, world.stores = False, [stored]

    assert [one["joint"] for one in world.run()["joints"]] == ["unknown"]


def test_a_metric_that_was_refused_after_the_line_was_found_is_noticed_by_the_next_run(world: World) -> None:
    # given a run that is well, whose shipper stores the value that CloudWatch refused a moment later
    assert world.run()["state"] == "well"
    world.stores = [metric(REFUSED)]
    world._store()

    result = world.run()

    assert [one["joint"] for one in result["joints"]] == ["metrics"]
    # and it is over when a run sees no new one
    world.skew = 120
    assert world.run()["state"] == "well"


def test_a_cluster_that_is_away_for_a_moment_is_no_fault(world: World) -> None:
    """The shipper tries for about eight seconds; so long the canary waits as well."""
    search, health = (world.elasticsearch.answers[one] for one in (SEARCH, "/_cluster/health"))
    for path, right in ((SEARCH, search), ("/_cluster/health", health)):
        world.elasticsearch.answers[path] = lambda headers, body, right=right: (
            right(headers, body) if world.passed >= 8 else (503, DOWN)
        )

    assert world.run()["state"] == "well"


def test_in_the_account_scope_the_policy_stands_for_the_filter(monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(monkeypatch, scope="account") as world:
        world.arrives = False
        world.answers["DescribeSubscriptionFilters"] = subscribed()
        policy = {"policyName": names.account_policy("wp"), "selectionCriteria": 'LogGroupName NOT IN ["/x"]'}

        world.answers["DescribeAccountPolicies"] = {"accountPolicies": [policy]}
        assert [one["joint"] for one in world.run()["joints"]] == ["unknown"]

        for wrong in (
            {**policy, "policyName": "theirs"},
            {**policy, "selectionCriteria": f'LogGroupName NOT IN ["{GROUP}"]'},
        ):
            world.answers["DescribeAccountPolicies"] = {"accountPolicies": [wrong]}
            assert [one["joint"] for one in world.run()["joints"]] == ["subscription"]


def _mapping(**values: str) -> dict[str, Any]:
    one = {"UUID": "u-1", "FunctionArn": f"arn:aws:lambda:eu-west-1:123456789012:function:{SHIPPER}:live", **values}
    return {"EventSourceMappings": [one]}


@pytest.mark.parametrize(
    ("mappings", "joint", "says"),
    [
        (_mapping(State="Enabled", LastProcessingResult="OK"), "unknown", "every joint"),
        ({"EventSourceMappings": []}, "stream", f"nothing reads the stream {STREAM}"),
        (_mapping(State="Disabled"), "stream", "is Disabled"),
        (_mapping(State="Enabled", LastProcessingResult="PROBLEM: no access"), "stream", "no access"),
    ],
    ids=["well", "gone", "disabled", "not readable"],
)
def test_with_a_stream_what_reads_it_is_a_joint_too(
    monkeypatch: pytest.MonkeyPatch, mappings: dict[str, Any], joint: str, says: str
) -> None:
    with opened(monkeypatch, delivery="kinesis") as world:
        world.arrives = False
        world.answers["ListEventSourceMappings"] = mappings

        [found] = world.run()["joints"]

        assert found["joint"] == joint
        assert says in found["seen"]


def test_a_joint_that_may_not_be_looked_at_hides_no_other_and_is_noted(world: World) -> None:
    world.answers |= {"DescribeSubscriptionFilters": "AccessDeniedException"}
    _throttled(world)

    result = world.run()

    assert [one["joint"] for one in result["joints"]] == ["shipper"]
    [(_, text)] = world.told()
    assert "Note: subscription could not be looked at: AccessDeniedException" in text


def test_somebody_is_told_of_changes_and_every_six_hours(world: World) -> None:
    subjects = []

    def after(seconds: float) -> list[str]:
        world.skew += seconds
        world.run()
        subjects.append([subject.rpartition(": ")[2] for subject, _ in world.told()])
        return list(subjects[-1])

    assert after(0) == []  # well from the beginning: no news
    world.answers["DescribeSubscriptionFilters"] = subscribed()
    world.arrives = False
    assert after(60) == ["subscription"]
    assert after(60) == []
    assert after(6 * 3_600 - 180) == []
    assert after(120) == ["subscription"]  # a reminder
    world.answers["DescribeSubscriptionFilters"] = subscribed(STREAM)
    _throttled(world)
    assert after(60) == ["shipper"]
    boto3.client("lambda", REGION).delete_function_concurrency(FunctionName=SHIPPER)
    world.arrives = True
    assert after(60) == ["the pipeline is well again"]
    assert after(7 * 3_600) == []


def test_what_the_topic_did_not_take_is_told_by_the_next_run(world: World) -> None:
    world.arrives = False
    world.answers |= {"DescribeSubscriptionFilters": subscribed(), "Publish": "KMSAccessDenied"}
    assert world.run()["told"] is False

    del world.answers["Publish"]

    assert world.run()["told"] is True
    assert world.run()["told"] is False
    assert len(world.told()) == 1


def test_a_table_that_does_not_answer_makes_no_mails_every_minute(world: World) -> None:
    world.arrives = False
    world.answers |= {
        "DescribeSubscriptionFilters": subscribed(),
        "GetItem": "InternalServerError",
        "PutItem": "InternalServerError",
    }

    told = [world.run()["told"] for _ in range(3)]

    assert told == [True, False, False]


@pytest.mark.parametrize(
    ("secret", "says"),
    [
        ({"allow_private": False}, "its address is not public"),
        ({"url": "http://127.0.0.1:9/secret-path-4711"}, "ConnectionRefusedError"),
        ({"url": "no url secret-path-4711"}, "expected https://"),
        ({"allow_insecure": False}, "a URL without TLS"),
    ],
    ids=["private", "away", "no URL", "no TLS"],
)
def test_a_heartbeat_that_is_not_taken_is_a_warning_and_never_shows_its_address(
    world: World, outside: Server, capsys: pytest.CaptureFixture[str], secret: dict[str, Any], says: str
) -> None:
    world.notifications = heart(outside, **secret)

    result = world.run()

    assert (result["state"], result["heartbeat"], world.lags() != []) == ("warned", "failed", True)
    [found] = result["joints"]
    assert (found["joint"], found["is_warning"]) == ("heartbeat", True)
    assert says in found["seen"]
    told = world.told()
    assert [subject for subject, _ in told] == ["[watchpost] wp: the pipeline works, with a warning: heartbeat"]
    everything = json.dumps([result, told]) + "".join(capsys.readouterr())
    assert "secret-path" not in everything


def test_an_answer_that_is_no_success_is_a_warning(world: World, outside: Server) -> None:
    outside.answers[URL_PATH] = lambda *_: (302, {})
    world.notifications = heart(outside)

    [found] = world.run()["joints"]

    assert "HTTP 302" in found["seen"]
    assert outside.requests == [f"GET {URL_PATH}"]


def test_lines_that_cannot_be_removed_are_a_warning_and_the_heartbeat_is_sent(world: World, outside: Server) -> None:
    world.notifications = heart(outside)
    world.cluster(f"/{INDEX}/_doc/a-1", 403, REASON)

    result = world.run()

    assert (result["state"], result["heartbeat"]) == ("warned", "pinged")
    assert [one["joint"] for one in result["joints"]] == ["clean-up"]
    assert "delete" in result["joints"][0]["todo"]


def test_no_credentials_are_in_what_is_told_kept_or_logged(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    _everywhere(401, REASON)(world)

    result = world.run()

    item = boto3.client("dynamodb", REGION).get_item(TableName="wp-incidents", Key={"pk": {"S": "canary"}})["Item"]
    everything = json.dumps([result, item, world.told()]) + "".join(capsys.readouterr())
    assert "hunter-4711" not in everything
