"""Lines that hold what a shipper made are told from all others, however a service writes what it receives."""

from __future__ import annotations

import html
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shipper import recursion
from watchpost import names

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Shipper

LINES = (
    "an order",
    '{"level":"INFO","message":"an \\"order\\"","order":{"id":7}}',
    "REPORT RequestId: 0a1b\tDuration: 3.25 ms\tBilled Duration: 4 ms\tMemory Size: 128 MB\tMax Memory Used: 92 MB\t",
    "MONITORING|1795248000|12.5|latency|answer-time|#channel:web",
)
WRITTEN: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "behind a prefix": "2026-11-21T08:00:00.123Z 0a1b INFO body: {}".format,
    "in JSON": lambda body: json.dumps({"level": "info", "body": body}),
    "in JSON in JSON": lambda body: json.dumps({"message": json.dumps({"body": body})}),
    "five times in JSON": lambda body: json.dumps(json.dumps(json.dumps(json.dumps(json.dumps(body))))),
    "as Python's text": repr,
    "as Python's dict": lambda body: f"got {json.loads(body)}",
    "with spaces": lambda body: json.dumps(json.loads(body), indent=4),
    "with spaces, in JSON": lambda body: json.dumps({"body": json.dumps(json.loads(body), indent=4)}),
    "as .NET's JSON": lambda body: json.dumps({"body": body}).replace('\\"', "\\u0022"),
    "in HTML": html.escape,
    "in a URL": quote,
    "cut": lambda body: body[: body.index('"namespace"')],
}


@pytest.mark.parametrize("written", WRITTEN)
@pytest.mark.parametrize("line", LINES)
def test_a_document_and_its_action_are_recognised_however_a_service_writes_them(
    shipper: Shipper, line: str, written: str
) -> None:
    # given what is sent for a line
    (item,) = shipper.ship(line).items
    action, document = item.decode().splitlines()

    # when a service writes it, then nothing is shipped but what stands beside it
    echoed = WRITTEN[written](document)
    actions = [WRITTEN[written](action)] if written != "cut" else []
    done = shipper.ship("before", echoed, *actions, "after")
    assert [one["message"] for one in done.documents] == ["before", "after"]
    assert done.counts.filtered_by == {recursion.RULE: 1 + len(actions)}
    assert done.counts.lines_filtered == 1 + len(actions)


@pytest.mark.parametrize(
    "line",
    [
        "deployed watchpost.app in version 2",
        "GET /logs-watchpost.app-dev/_search 200",
        '{"message":"query","body":"{\\"term\\":{\\"data_stream.dataset\\":\\"watchpost.app\\"}}"}',
        '{"dataset":"watchpost.application"}',
        '{"dataset":"watchpost.app-2"}',
        '{"dataset":"mywatchpost.app"}',
        '{"mydataset":"watchpost.app"}',
        '{"dataset":"","name":"watchpost.app"}',
        '{"dataset":["x"],"name":"watchpost.line"}',
        '{"_index":"logs-nginx.access-dev"}',
        "dataset" + "\\" * 1_000 + "watchpost.app",
        "dataset" * 1_000 + "watchpost.app",
    ],
)
def test_what_only_names_watchpost_is_shipped(shipper: Shipper, line: str) -> None:
    done = shipper.ship(line)

    assert len(done.items) == 1
    assert done.counts.filtered_by == {}


@given(st.lists(st.text() | st.sampled_from(['"dataset":', "watchpost", ".app", '"']), max_size=5))
def test_a_text_without_watchposts_datasets_is_no_echo(texts: list[str]) -> None:
    assert not recursion.echoes([text.replace("watchpost.", "") for text in texts])


@given(st.text(), st.text(), st.integers(0, 300), st.sampled_from(["app", "platform", "line"]))
def test_a_dataset_is_recognised_between_any_text_and_behind_any_number_of_backslashes(
    before: str, after: str, backslashes: int, kind: str
) -> None:
    quote = "\\" * backslashes + '"'

    line = f"got {before} {quote}dataset{quote}: {quote}watchpost.{kind}{quote}{after}"

    assert list(recursion.echoes(["x", line, "y"])) == [1]


def test_all_lines_are_left_out_where_a_document_is_spread_over_them(shipper: Shipper) -> None:
    # given a container whose lines are events, and that writes what it receives over many of them
    (item,) = shipper.ship("an order").items
    document = json.dumps(json.loads(item.splitlines()[1]), indent=2)
    pieces = document.splitlines()
    assert len(pieces) > 20

    # when
    done = shipper.ship("received:", *pieces, logGroup="/ecs/proxy")

    # then none of the pieces becomes a document, which would be twenty lines again
    assert done.items == []
    assert done.counts.filtered_by == {recursion.RULE: len(pieces) + 1}


def test_an_echo_in_fields_that_cloudwatch_extracted_is_left_out(shipper: Shipper) -> None:
    event = {
        "id": "1",
        "timestamp": shipper.now,
        "message": "x",
        "extractedFields": {"b": '{"dataset":"watchpost.app"}'},
    }

    done = shipper.ship(logEvents=[event])

    assert (done.items, done.counts.filtered_by) == ([], {recursion.RULE: 1})


def test_what_is_left_out_adds_nothing_to_metrics(shipper: Shipper) -> None:
    (item,) = shipper.ship("MONITORING|1795248000|12.5|latency|answer-time|#channel:web").items

    done = shipper.ship(item.decode().splitlines()[1])

    assert done.entries == []


@pytest.mark.parametrize("position", [0, 999, 1_000, 1_001])
def test_an_echo_is_found_in_every_chunk_and_takes_no_other_line_with_it(shipper: Shipper, position: int) -> None:
    messages = [f"line {number}" for number in range(1_002)]
    messages[position] = '{"dataset":"watchpost.app"}'

    done = shipper.ship(*messages)

    expected = [number for number in range(1_002) if number != position]
    assert [one["message"] for one in done.documents] == [f"line {number}" for number in expected]
    assert [one["_id"].split("-")[1] for one in done.actions] == [f"{number:056d}" for number in expected]


def _own_lines(component: str, stack: str) -> dict[str, str]:
    directive = {"Namespace": "Watchpost/Pipeline", "Dimensions": [["Stack"]], "Metrics": [{"Name": "LinesReceived"}]}
    metrics: dict[str, Any] = {
        "_aws": {"Timestamp": 1, "CloudWatchMetrics": [directive]},
        "Stack": stack,
        "LinesReceived": 1,
    }
    logger = {"level": "INFO", "location": "run:7", "message": "done", "service": f"watchpost-{component}"}
    return {"metrics": json.dumps(metrics, separators=(",", ":")), "logger": json.dumps(logger)}


@pytest.mark.parametrize("component", names.COMPONENTS)
@pytest.mark.parametrize("kind", ["metrics", "logger"])
def test_a_payload_of_another_stacks_function_is_refused_as_a_whole(
    shipper: Shipper, component: str, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    own = _own_lines(component, "blue")[kind]

    done = shipper.ship("START RequestId: 0a1b", own, "a text", logGroup=f"/aws/lambda/blue-{component}")

    assert done.items == []
    assert done.counts.payloads_refused == 1
    assert done.counts.filtered_by == {recursion.RULE: 3}
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert f"/aws/lambda/blue-{component}" in caplog.text


@pytest.mark.parametrize(
    ("log_group", "line"),
    [
        ("/aws/lambda/order-shipper", '{"level":"INFO","message":"order shipped","service":"order-shipper"}'),
        ("/aws/lambda/order-shipper", '{"level":"INFO","service":"orders","message":"watchpost-shipper is late"}'),
        ("/aws/lambda/order-shipper", "Watchpost/Pipeline and watchpost-shipper"),
        ("/aws/lambda/order-shipper", '["watchpost-shipper"]'),
        ("/aws/lambda/order-shipper", '{"_aws":{"CloudWatchMetrics":"Watchpost/Pipeline"}}'),
        ("/aws/lambda/order-shipper", '{"_aws":{"CloudWatchMetrics":["Watchpost/Pipeline"]}}'),
        ("/aws/lambda/order-shipper", '{"_aws":"Watchpost/Pipeline"}'),
        ("/aws/lambda/order-notifier", _own_lines("shipper", "blue")["logger"]),
        ("/aws/lambda/orders", _own_lines("shipper", "blue")["logger"]),
        ("/ecs/order-shipper", _own_lines("shipper", "blue")["metrics"]),
        ("/aws/lambda/-shipper", _own_lines("shipper", "blue")["metrics"]),
        ("/aws/lambda/order-shipper-2", _own_lines("shipper", "blue")["metrics"]),
    ],
)
def test_a_function_that_is_merely_called_like_ours_is_shipped(shipper: Shipper, log_group: str, line: str) -> None:
    done = shipper.ship(line, logGroup=log_group)

    assert len(done.items) == 1
    assert (done.counts.payloads_refused, done.counts.filtered_by) == (0, {})


@pytest.mark.parametrize(("count", "more"), [(5, False), (6, True)])
def test_the_warning_names_five_log_groups_as_data(count: int, more: bool, caplog: pytest.LogCaptureFixture) -> None:
    recursion.warn({f"/group/{number}\nx": 2 for number in range(count)})

    [record] = caplog.records
    assert "\n" not in record.getMessage()
    assert record.getMessage().count("/group/") == 5
    assert ("and 1 more" in record.getMessage()) == more
    assert record.getMessage().startswith(f"{2 * count} lines")
    assert "logs.exclude" in record.getMessage()


def test_no_warning_is_given_when_nothing_is_echoed(caplog: pytest.LogCaptureFixture) -> None:
    recursion.warn({})

    assert caplog.records == []
