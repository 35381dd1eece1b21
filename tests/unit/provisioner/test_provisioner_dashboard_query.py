"""The Logs Insights widget finds the last errors in raw lines, whatever logger wrote them."""

from __future__ import annotations

import re
from typing import Any

import pytest
from provisioner.dashboard_service import service_dashboards
from provisioner.dashboard_widgets import ERROR_LEVEL, ERROR_TEXT, HAS_LEVEL

from tests.unit.provisioner.dashboard_limits import check
from tests.unit.provisioner.pages import CONTEXT, of_type, service_page


def _body(**fields: Any) -> dict[str, Any]:
    ((name, body),) = service_dashboards(service_page(**fields), CONTEXT).items()
    check(name, body)
    return body


@pytest.mark.parametrize(("count", "widgets"), [(0, []), (1, [1]), (50, [50]), (51, [50, 1])])
def test_the_last_errors_are_looked_for_in_50_log_groups_at_most(count: int, widgets: list[int]) -> None:
    body = _body(log_groups=tuple(f"/aws/lambda/f{n}" for n in range(count)))
    assert [log["query"].count("SOURCE '") for log in of_type(body, "log")] == widgets


def test_a_name_that_no_log_group_can_have_never_gets_into_a_query() -> None:
    (log,) = of_type(_body(log_groups=("/good", "bad' | limit 1", "sp ace", "")), "log")
    assert log["query"].startswith("SOURCE '/good' | fields ")


def _is_found(line: str) -> bool:
    """What the widget's filter does: a JSON line goes by its level, any other by its words."""
    if re.search(ERROR_LEVEL, line):
        return True
    return not re.search(HAS_LEVEL, line) and bool(re.search(ERROR_TEXT, line))


def test_the_query_is_made_of_the_patterns_that_are_tested_here() -> None:
    (log,) = of_type(_body(), "log")
    text = f"filter @message like /{ERROR_LEVEL}/ or (@message not like /{HAS_LEVEL}/ and @message like /{ERROR_TEXT}/)"
    assert text in log["query"]
    assert "/" not in ERROR_LEVEL + HAS_LEVEL + ERROR_TEXT  # which would end a pattern


@pytest.mark.parametrize(
    "line",
    [
        '{"level":"ERROR","message":"no"}',
        '{"level": "error", "msg": "no"}',
        '{"timestamp":"t","log.level":"fatal"}',
        '{"severity":"CRITICAL"}',
        '{"level":50,"msg":"bunyan"}',
        "[ERROR] KeyError: 'x'",
        "2026-11-21T10:00:00.000Z\t1f\tERROR\tInvoke Error",
        "Traceback (most recent call last):",
        "TypeError: x is not a function",
        "java.lang.IllegalStateException: no",
        "2026-11-21T10:00:00Z 1f Task timed out after 3.00 seconds",
        "RequestId: 1f Error: Runtime exited with error: exit status 1",
        '{"time":"t","type":"platform.report","record":{"requestId":"1","status":"timeout"}}',
        "error: cannot connect",
    ],
)
def test_the_query_finds_lines_that_tell_of_an_error(line: str) -> None:
    assert _is_found(line)


@pytest.mark.parametrize(
    "line",
    [
        '{"level":"INFO","message":"no ERROR at all"}',
        '{"level":"warn","error":"TypeError"}',
        '{"level":30,"msg":"Exception handled"}',
        '{"level":500}',
        "START RequestId: 1f Version: $LATEST",
        "0 errors, 0 failures",
        "errorless",
        '{"time":"t","type":"platform.report","record":{"requestId":"1","status":"success"}}',
        "INFO everything is fine",
    ],
)
def test_the_query_leaves_out_other_lines(line: str) -> None:
    assert not _is_found(line)
