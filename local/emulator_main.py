"""Starts the AWS emulator, in its own environment, with three of its faults mended.

1. It evaluates an alarm over the datapoints of every dimension of its metric, so errors of one service would raise the
   alarms of all of them. CloudWatch looks at the alarm's own dimensions only, and so does what runs here.
2. It takes two questions about a Lambda function for other actions when it enforces IAM.
3. It asks for permission on everything where a request to CloudWatch names a dashboard or a list of alarms.

The last two would have a role allowed more than it needs on AWS.
"""

from __future__ import annotations

import json
import types
from typing import Any

from ministack import app
from ministack.core import iam_actions
from ministack.services import cloudwatch

_evaluate = cloudwatch._evaluate_alarm  # noqa: SLF001
_key_of = cloudwatch._dims_key  # noqa: SLF001
_pairs_of = cloudwatch._dims_from_list  # noqa: SLF001
_lambda_action = iam_actions._lambda_action  # noqa: SLF001
_resource_of = iam_actions.extract_resource_arn

# Last part of the path of a GET request to the action that it is (API reference of Lambda).
LAMBDA_QUESTIONS = {
    "concurrency": "GetFunctionConcurrency",
    "event-invoke-config": "GetFunctionEventInvokeConfig",
}


class _OwnDimensions:
    """The emulator's datapoints, as far as they belong to one alarm."""

    def __init__(self, alarm: dict[str, Any]) -> None:
        self._key = _key_of(_pairs_of(alarm.get("Dimensions") or []))

    def items(self) -> list[tuple[Any, Any]]:
        metrics = cloudwatch._metrics  # noqa: SLF001
        return [(key, points) for key, points in metrics.items() if key[2] == self._key]


def _evaluate_own_dimensions(alarm: dict[str, Any]) -> None:
    # The same function with another view of the datapoints: nothing else of it is replaced.
    names = {**_evaluate.__globals__, "_metrics": _OwnDimensions(alarm)}
    types.FunctionType(_evaluate.__code__, names)(alarm)


def _own_lambda_action(method: str, path: str) -> str | None:
    question = LAMBDA_QUESTIONS.get(path.rstrip("/").rsplit("/", 1)[-1]) if method == "GET" else None
    return question or _lambda_action(method, path)


def _own_resource(service: str, *request_parts: Any) -> str:
    found = str(_resource_of(service, *request_parts))
    if service != "monitoring" or found != "*":
        return found
    _method, _path, _headers, body, _query, region, account = request_parts
    try:
        request = json.loads(body)
    except ValueError:  # the older form of requests, or CBOR: as before
        return found
    dashboards = [request["DashboardName"]] if "DashboardName" in request else request.get("DashboardNames", [])
    named = [f"arn:aws:cloudwatch::{account}:dashboard/{name}" for name in dashboards]
    if "ResourceARN" in request:
        named.append(request["ResourceARN"])
    if "StateValue" not in request and "AlarmNamePrefix" not in request:  # DescribeAlarms lists the whole account
        named += [f"arn:aws:cloudwatch:{region}:{account}:alarm:{name}" for name in request.get("AlarmNames", [])]
    return named[0] if named else found


if __name__ == "__main__":
    cloudwatch._evaluate_alarm = _evaluate_own_dimensions  # noqa: SLF001
    iam_actions._lambda_action = _own_lambda_action  # noqa: SLF001
    iam_actions.extract_resource_arn = _own_resource
    app.main()
