"""Every format of log lines, and what it must become."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from shipper.levels import level_of
from watchpost.configuration import Configuration, Logs

if TYPE_CHECKING:
    from conftest import Shipper

TRACE = "1-5759e988-bd862e3fe1be46a994272793"


def test_a_powertools_line_fills_the_common_fields_and_keeps_the_rest_under_app(shipper: Shipper) -> None:
    line = {
        "level": "WARNING",
        "location": "charge:17",
        "message": "order is large",
        "service": "payments",
        "cold_start": True,
        "function_request_id": "6bc9",
        "xray_trace_id": TRACE,
        "correlation_id": "c-1",
        "order": {"id": 7, "items": [1, {"sku": "x"}]},
    }

    document = shipper.document(json.dumps(line) + "\n")

    assert document["message"] == "order is large"
    assert document["log"] == {"level": "warn"}
    assert document["service"] == {"name": "payments", "environment": "dev"}
    assert document["faas"]["execution"] == "6bc9"
    assert document["faas"]["coldstart"] is True
    assert document["trace"] == {"id": TRACE}
    assert document["correlation"] == {"id": "c-1"}
    assert document["app"] == {"location": "charge:17", "order": line["order"]}
    assert "tags" not in document


@pytest.mark.parametrize(
    ("value", "level"),
    [
        (10, "trace"),
        (20, "debug"),
        (30, "info"),
        (40, "warn"),
        (50, "error"),
        (60, "fatal"),
        ("INFO", "info"),
        ("Information", "info"),
        ("SEVERE", "error"),
        ("fail", "error"),
        ("crit", "fatal"),
        ("dbug", "debug"),
        ("wArNiNg", "warn"),
        (" error ", "error"),
        ("50", "error"),
        (69, "fatal"),
        (9, None),
        (70, None),
        (True, None),
        (None, None),
        ("", None),
        ("loud", None),
        ("9", None),
        ([], None),
    ],
)
def test_levels_of_every_logger_become_one_vocabulary(value: Any, level: str | None) -> None:
    assert level_of(value) == level


def test_a_level_that_nobody_knows_stays_under_app(shipper: Shipper) -> None:
    document = shipper.document('{"level": "loud", "message": "x"}')

    assert "log" not in document
    assert document["app"] == {"level": "loud"}


@pytest.mark.parametrize(
    "line",
    [
        "[ERROR]\t2026-11-21T08:00:00.123Z\t6bc9\tcard refused\n",
        "2026-11-21T08:00:00.123Z\t6bc9\tERROR\tcard refused\n",
        "2026-11-21T08:00:00.123Z\t6bc9\tfail\tcard refused\n",
        '2026-11-21T08:00:00.123Z\t6bc9\tINFO\t{"level": 50, "msg": "card refused"}',
    ],
    ids=["python", "node", "dotnet", "json-behind-node"],
)
def test_the_prefix_of_a_runtime_gives_level_and_request(shipper: Shipper, line: str) -> None:
    document = shipper.document(line)

    assert document["message"] == "card refused"
    assert document["log"] == {"level": "error"}
    assert document["faas"]["execution"] == "6bc9"


def test_log4j_gives_level_request_and_logger(shipper: Shipper) -> None:
    line = "2026-11-21 08:00:00 11111111-2222-3333-4444-555555555555 WARN  OrderService - slow answer"

    document = shipper.document(line)

    assert document["message"] == "slow answer"
    assert document["log"] == {"level": "warn"}
    assert document["faas"]["execution"] == "11111111-2222-3333-4444-555555555555"
    assert document["app"] == {"logger": "OrderService"}


@pytest.mark.parametrize(
    "line", ["[12] items", "[1, 2]", "2026-11-21 was a good day", "Error in the menu", "{x", "[", ""]
)
def test_text_that_only_looks_like_a_format_is_text_without_a_level(shipper: Shipper, line: str) -> None:
    document = shipper.document(line)

    assert document["message"] == line
    assert "log" not in document


@pytest.mark.parametrize("missing", ["undefined", "", "null"])
def test_a_request_id_that_is_none_is_absent(shipper: Shipper, missing: str) -> None:
    document = shipper.document(f"2026-11-21T08:00:00.123Z\t{missing}\tINFO\tstarting")

    assert "execution" not in document["faas"]


def test_lines_belong_to_the_request_whose_start_was_seen_last(shipper: Shipper) -> None:
    shipped = shipper.ship(
        "before", "START RequestId: a-1 Version: $LATEST\n", "one", "START RequestId: a-2 Version: 3", "two"
    )

    assert [document["faas"].get("execution") for document in shipped.documents] == [None, "a-1", "a-2"]


def test_a_python_traceback_with_carriage_returns_is_one_error(shipper: Shipper) -> None:
    trace = 'Traceback (most recent call last):\r\xa0\xa0File "/var/task/app.py", line 3, in f\r'
    line = f"[ERROR] KeyError: 'order'\r{trace}"

    error = shipper.document(line)["error"]

    assert error["type"] == "KeyError"
    assert error["message"] == "'order'"
    assert error["stack_trace"].splitlines()[0] == "Traceback (most recent call last):"
    assert len(error["stack_trace"].splitlines()) == 2


@pytest.mark.parametrize(
    ("fields", "error_type", "message"),
    [
        (
            {"errorType": "TypeError", "errorMessage": "x is not", "stack": ["TypeError: x is not", "    at f"]},
            "TypeError",
            "x is not",
        ),
        (
            {"error": {"name": "TypeError", "message": "x is not", "stack": "TypeError: x\n    at f"}},
            "TypeError",
            "x is not",
        ),
        (
            {"err": {"type": "TypeError", "message": "x is not", "stack": "TypeError: x\n    at f"}},
            "TypeError",
            "x is not",
        ),
        (
            {
                "exception_name": "TypeError",
                "exception": "Traceback (most recent call last):\n  File\nshop.TypeError: x is not",
            },
            "TypeError",
            "x is not",
        ),
        ({"exc_info": "Traceback (most recent call last):\n  File\nTypeError: x is not"}, "TypeError", "x is not"),
        ({"stackTrace": "java.lang.Boom: x is not\n\tat a.b(C.java:1)"}, "java.lang.Boom", "x is not"),
    ],
)
def test_errors_of_every_logger_become_one_shape(
    shipper: Shipper, fields: dict[str, Any], error_type: str, message: str
) -> None:
    error = shipper.document(json.dumps({"level": "error", "message": "failed", **fields}))["error"]

    assert error["type"] == error_type
    assert error["message"] == message
    assert "\n" in error["stack_trace"]


def test_an_error_that_nobody_caught_in_node_is_read(shipper: Shipper) -> None:
    content = {"errorType": "Error", "errorMessage": "boom", "stack": ["Error: boom", "    at f (app.js:1:1)"]}
    line = f"2026-11-21T08:00:00.123Z\t6bc9\tERROR\tInvoke Error \t{json.dumps(content)}"

    document = shipper.document(line)

    assert document["error"] == {
        "type": "Error",
        "message": "boom",
        "stack_trace": "Error: boom\n    at f (app.js:1:1)",
    }
    assert document["log"] == {"level": "error"}


def test_all_correlation_fields_are_kept_together(shipper: Shipper) -> None:
    line = {"msg": "x", "correlationId": "c-1", "X-Correlation-User-Id": "u-1", "x-correlation-id": "other"}

    document = shipper.document(json.dumps(line))

    assert document["correlation"] == {"id": "c-1", "user-id": "u-1"}
    assert document["app"] == {"x-correlation-id": "other"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (TRACE, TRACE),
        (f"Root={TRACE};Parent=53995c3f42cd8ad8;Sampled=1", TRACE),
        ("4bf92f3577b34da6a3ce929d0e0e4736", "4bf92f3577b34da6a3ce929d0e0e4736"),
        ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "4bf92f3577b34da6a3ce929d0e0e4736"),
        ("0" * 32, None),
        ("mine", None),
        (17, None),
    ],
)
def test_trace_ids_of_both_kinds_are_recognised(shipper: Shipper, value: Any, expected: str | None) -> None:
    document = shipper.document(json.dumps({"msg": "x", "trace_id": value}))

    assert document.get("trace", {}).get("id") == expected
    assert ("app" in document) == (expected is None)


def test_a_report_line_is_measured_in_any_order_with_tabs_or_spaces(shipper: Shipper) -> None:
    tabs = (
        "REPORT RequestId: 6bc9\tInit Duration: 120.50 ms\tDuration: 3.21 ms\tBilled Duration: 4 ms\t"
        f"Memory Size: 128 MB\tMax Memory Used: 70 MB\t\nXRAY TraceId: {TRACE}\tSegmentId: 1\tSampled: true\t\n"
    )

    for line in (tabs, tabs.replace("\t", " ")):
        document = shipper.document(line)

        assert document["data_stream"]["dataset"] == "watchpost.platform"
        assert document["event"]["action"] == "report"
        assert document["faas"]["execution"] == "6bc9"
        assert document["faas"]["coldstart"] is True
        assert document["trace"] == {"id": TRACE}
        assert document["aws"]["lambda"]["metrics"] == {
            "init_duration_ms": 120.5,
            "duration_ms": 3.21,
            "billed_duration_ms": 4,
            "memory_size_mb": 128,
            "max_memory_used_mb": 70,
        }


@pytest.mark.parametrize(
    ("line", "action", "outcome"),
    [
        ("START RequestId: 6bc9 Version: $LATEST\n", "start", None),
        ("END RequestId: 6bc9\n", "end", None),
        ("REPORT RequestId: 6bc9\tDuration: 3000 ms\tStatus: timeout\n", "report", "failure"),
        (
            "INIT_START Runtime Version: python:3.14.v1\tRuntime Version ARN: arn:aws:lambda:eu-west-1::runtime:1\n",
            "init-start",
            None,
        ),
        (
            "INIT_REPORT Init Duration: 9.5 ms\tPhase: init\tStatus: error\tError Type: Runtime.ExitError\n",
            "init-report",
            "failure",
        ),
        ("RESTORE_REPORT Restore Duration: 9.5 ms\n", "restore-report", None),
        ("2026-11-21T08:00:00.123Z 6bc9 Task timed out after 3.00 seconds\n\n", "timeout", "failure"),
        ("RequestId: 6bc9 Error: Runtime exited with error: exit status 1\nRuntime.ExitError\n", "fault", "failure"),
        ("EXTENSION\tName: agent\tState: Ready\tEvents: [INVOKE,SHUTDOWN]\n", "extension", None),
        ('{"time":"t","type":"platform.start","record":{"requestId":"6bc9","version":"$LATEST"}}', "start", None),
        (
            '{"time":"t","type":"platform.runtimeDone","record":{"requestId":"6bc9","status":"success"}}',
            "runtime-done",
            "success",
        ),
        ('{"time":"t","type":"platform.report","record":{"requestId":"6bc9","status":"error"}}', "report", "failure"),
        ('{"time":"t","type":"platform.fault","record":"RequestId: 6bc9 Process exited"}', "fault", "failure"),
        ('{"time":"t","type":"platform.logsDropped","record":{"droppedRecords":3}}', "logs-dropped", None),
    ],
)
def test_platform_lines_are_recognised(shipper: Shipper, line: str, action: str, outcome: str | None) -> None:
    document = shipper.document(line, configuration=Configuration(logs=Logs(platform="all")))

    assert document["data_stream"] == {"type": "logs", "dataset": "watchpost.platform", "namespace": "dev"}
    assert document["event"]["action"] == action
    assert document["event"].get("outcome") == outcome
    assert document.get("log") == ({"level": "error"} if outcome == "failure" else document.get("log"))


def test_a_platform_event_keeps_absent_numbers_absent(shipper: Shipper) -> None:
    record = {"requestId": "6bc9", "metrics": {"durationMs": 9.5, "memorySizeMB": None, "billedDurationMs": "4"}}

    document = shipper.document(json.dumps({"type": "platform.report", "record": record}))

    assert document["aws"]["lambda"]["metrics"] == {"duration_ms": 9.5}
    assert "coldstart" not in document["faas"]


def test_an_emf_line_is_a_document_and_no_metric(shipper: Shipper) -> None:
    directive = {
        "Timestamp": 1,
        "CloudWatchMetrics": [{"Namespace": "shop", "Dimensions": [[]], "Metrics": [{"Name": "n"}]}],
    }

    shipped = shipper.ship(json.dumps({"_aws": directive, "n": 3, "service": "shop"}))

    assert shipped.documents[0]["app"] == {"_aws": directive, "n": 3}
    assert {entry["MetricName"] for entry in shipped.entries} == {"LogLines", "LogErrors"}


def test_what_a_platform_event_says_beside_its_fields_is_kept_with_its_structure(shipper: Shipper) -> None:
    record = {
        "requestId": "6bc9",
        "status": "success",
        "metrics": {"durationMs": 2.5, "futureMs": 1},
        "spans": [{"a": 1}],
    }
    dropped = {"droppedBytes": 12, "droppedRecords": 3, "reason": "too slow"}

    done = shipper.document(json.dumps({"time": "t", "type": "platform.runtimeDone", "record": record}))
    lost = shipper.document(json.dumps({"time": "t", "type": "platform.logsDropped", "record": dropped}))

    assert done["app"] == {"time": "t", "record": {"metrics": {"futureMs": 1}, "spans": [{"a": 1}]}}
    assert done["aws"]["lambda"] == {"status": "success", "metrics": {"duration_ms": 2.5}}
    assert lost["app"] == {"time": "t", "record": dropped}


@pytest.mark.parametrize("more", ["", ',"a":[{}]', ',"a":{"b":{"c":1}}'])
def test_the_digits_of_a_huge_number_are_kept_wherever_it_stands(shipper: Shipper, more: str) -> None:
    line = f'{{"message":"m","stack":[{{"func":"f","source":"s","line":{2**65}}}],"n":{{"deep":[{2**65}]}}{more}}}'

    document = shipper.document(line)

    assert str(2**65) in document["error"]["stack_trace"]
    assert document["app"]["n"] == {"deep": [str(2**65)]}
