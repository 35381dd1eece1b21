"""A made-up definition file, right as it is, for tests that change one thing in it."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import yaml
from provisioner import loader

if TYPE_CHECKING:
    from collections.abc import Callable

    from provisioner.definitions import KindDefinition

ALARM: dict[str, Any] = {
    "id": "errors",
    "title": "Errors",
    "metric": "Errors",
    "statistic": "Sum",
    "period": 60,
    "threshold": 1,
    "comparison": "GreaterThanThreshold",
    "datapoints_to_alarm": 1,
    "evaluation_periods": 2,
    "treat_missing_data": "notBreaching",
    "severity": "critical",
    "reason": "why",
    "runbook": "what to do",
}
MATH: dict[str, Any] = {key: value for key, value in ALARM.items() if key not in ("metric", "statistic")} | {
    "metrics": [
        {"id": "a", "metric": "Errors", "statistic": "Sum"},
        {"id": "rate", "expression": "100 * a", "returned": True},
    ]
}
WIDGET: dict[str, Any] = {
    "title": "Errors",
    "metrics": [{"metric": "Errors", "statistic": "p99.9"}],
    "period": 60,
    "width": 24,
    "height": 2,
}


FACTS: dict[str, Any] = {
    "timeout_ms": {"type": "number", "unit": "milliseconds", "description": "when it is cut off"},
    "stream_source": {"type": "boolean", "description": "whether it reads a stream"},
    "stage": {"type": "text", "description": "name of the stage"},
    "bus": {"type": "text", "optional": True, "description": "name of the bus"},
}


def document(alarm: dict[str, Any] = ALARM, widget: dict[str, Any] = WIDGET) -> dict[str, Any]:
    """A whole file with one alarm and one graph."""
    return {
        "title": "Function",
        "order": 1,
        "namespace": "AWS/Lambda",
        "dimensions": {"FunctionName": "{resource}"},
        "source": {"types": ["lambda:function"], "arn": "^arn:.+:(?P<name>[^:]+)$", "describe": "lambda"},
        "facts": copy.deepcopy(FACTS),
        "alarms": [copy.deepcopy(alarm)],
        "widgets": [copy.deepcopy(widget)],
    }


def parsed(content: Any) -> KindDefinition:
    """What the loader makes of a file; raises DefinitionError."""
    return loader.parse("services/lambda.yaml", yaml.safe_dump(content))


def put(*path: Any, to: Any) -> Callable[[dict[str, Any]], None]:
    """A change of a file at one place; None takes away what is there."""

    def change(content: dict[str, Any]) -> None:
        place: Any = content
        for step in path[:-1]:
            place = place[step]
        if to is None:
            del place[path[-1]]
        else:
            place[path[-1]] = to

    return change
