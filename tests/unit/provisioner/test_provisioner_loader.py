"""A wrong definition is reported with its place, before anything is done."""

from __future__ import annotations

import copy
import importlib.resources
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from provisioner import loader
from watchpost.errors import DefinitionError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

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


def _document(alarm: dict[str, Any] = ALARM, widget: dict[str, Any] = WIDGET) -> dict[str, Any]:
    return {
        "title": "Function",
        "namespace": "AWS/Lambda",
        "dimensions": {"FunctionName": "{resource}"},
        "alarms": [copy.deepcopy(alarm)],
        "widgets": [copy.deepcopy(widget)],
    }


def _parse(document: Any) -> Any:
    return loader.parse("services/lambda.yaml", yaml.safe_dump(document))


def test_the_definitions_of_the_repository_are_right() -> None:
    kinds = loader.load(importlib.resources.files("dashboards") / "services")
    assert {kind.kind for kind in kinds} == {"lambda", "logs"}


@pytest.mark.parametrize("alarm", [ALARM, MATH])
def test_a_right_definition_is_read(alarm: dict[str, Any]) -> None:
    kind = _parse(_document(alarm))
    assert kind.kind == "lambda"
    assert kind.alarms[0].id == "errors"
    assert kind.widgets[0].width == 24


def _set(*path: Any, to: Any) -> Callable[[dict[str, Any]], None]:
    def change(document: dict[str, Any]) -> None:
        place: Any = document
        for step in path[:-1]:
            place = place[step]
        if to is None:
            del place[path[-1]]
        else:
            place[path[-1]] = to

    return change


A = ("alarms", 0)


@pytest.mark.parametrize(
    ("alarm", "change", "path"),
    [
        (ALARM, _set("title", to=None), "title"),
        (ALARM, _set("extra", to=1), "extra"),
        (ALARM, _set("title", to="x" * 61), "title"),
        (ALARM, _set("dimensions", to=["FunctionName"]), "dimensions"),
        (ALARM, _set("alarms", to={}), "alarms"),
        (ALARM, _set(*A, "id", to="Errors"), "alarms[0].id"),
        (ALARM, _set(*A, "metric", to=None), "alarms[0].metric"),
        (ALARM, _set(*A, "metrics", to=MATH["metrics"]), "alarms[0].metric"),
        (ALARM, _set(*A, "statistic", to="p101"), "alarms[0].statistic"),
        (ALARM, _set(*A, "period", to=90), "alarms[0].period"),
        (ALARM, _set(*A, "period", to=30), "alarms[0].period"),
        (ALARM, _set(*A, "period", to=True), "alarms[0].period"),
        (ALARM, _set(*A, "evaluation_periods", to=1441), "alarms[0].evaluation_periods"),
        (ALARM, _set(*A, "datapoints_to_alarm", to=3), "alarms[0].datapoints_to_alarm"),
        (ALARM, _set(*A, "threshold", to="0.9 * timeout"), "alarms[0].threshold"),
        (ALARM, _set(*A, "threshold", to="open('x')"), "alarms[0].threshold"),
        (ALARM, _set(*A, "threshold", to=float("inf")), "alarms[0].threshold"),
        (ALARM, _set(*A, "threshold", to=True), "alarms[0].threshold"),
        (ALARM, _set(*A, "comparison", to=">"), "alarms[0].comparison"),
        (ALARM, _set(*A, "treat_missing_data", to="ok"), "alarms[0].treat_missing_data"),
        (ALARM, _set(*A, "severity", to="page"), "alarms[0].severity"),
        (ALARM, _set(*A, "reason", to=" "), "alarms[0].reason"),
        (ALARM, _set(*A, "reason", to="x" * 401), "alarms[0].reason"),
        (ALARM, _set(*A, "runbook", to="x" * 301), "alarms[0].runbook"),
        (ALARM, _set(*A, "when", to="stream_source"), "alarms[0].otherwise"),
        (ALARM, _set(*A, "otherwise", to="why not"), "alarms[0].when"),
        (MATH, _set(*A, "statistic", to="Sum"), "alarms[0].statistic"),
        (MATH, _set(*A, "metrics", to=MATH["metrics"][:1]), "alarms[0].metrics"),
        (MATH, _set(*A, "metrics", 0, "returned", to=True), "alarms[0].metrics"),
        (MATH, _set(*A, "metrics", 1, "returned", to=False), "alarms[0].metrics"),
        (MATH, _set(*A, "metrics", 0, "id", to="A"), "alarms[0].metrics[0].id"),
        (MATH, _set(*A, "metrics", 1, "id", to="a"), "alarms[0].metrics[1].id"),
        (MATH, _set(*A, "metrics", 1, "expression", to="100 * b"), "alarms[0].metrics[1].expression"),
        (MATH, _set(*A, "metrics", 1, "expression", to="Search(a)"), "alarms[0].metrics[1].expression"),
        (MATH, _set(*A, "metrics", 1, "statistic", to="Sum"), "alarms[0].metrics[1].statistic"),
        (MATH, _set(*A, "metrics", 1, "metric", to="Errors"), "alarms[0].metrics[1].metric"),
        (ALARM, _set("widgets", 0, "width", to=25), "widgets[0].width"),
        (ALARM, _set("widgets", 0, "width", to=0), "widgets[0].width"),
        (ALARM, _set("widgets", 0, "metrics", to=[]), "widgets[0].metrics"),
        (ALARM, _set("widgets", 0, "metrics", 0, "unit", to="s"), "widgets[0].metrics[0].unit"),
    ],
)
def test_a_fault_is_reported_with_file_and_path(
    alarm: dict[str, Any], change: Callable[[dict[str, Any]], None], path: str
) -> None:
    document = _document(alarm)
    change(document)
    with pytest.raises(DefinitionError) as caught:
        _parse(document)
    assert caught.value.file == "services/lambda.yaml"
    assert caught.value.path == path
    assert caught.value.found
    assert caught.value.expected


def test_ten_metrics_are_allowed_in_an_alarm_and_eleven_are_not() -> None:
    alarm = copy.deepcopy(MATH)
    alarm["metrics"] += [{"id": f"m{n}", "metric": "Errors", "statistic": "Sum"} for n in range(8)]
    assert len(_parse(_document(alarm)).alarms[0].metrics) == 10
    alarm["metrics"].append({"id": "m8", "metric": "Errors", "statistic": "Sum"})
    with pytest.raises(DefinitionError):
        _parse(_document(alarm))


def test_a_day_may_be_evaluated_and_not_more() -> None:
    assert _parse(_document({**ALARM, "period": 3600, "evaluation_periods": 24})).alarms[0].period == 3600
    with pytest.raises(DefinitionError, match="at most 24 periods"):
        _parse(_document({**ALARM, "period": 3600, "evaluation_periods": 25}))


def test_an_id_is_used_once() -> None:
    document = _document()
    document["alarms"].append(copy.deepcopy(ALARM))
    with pytest.raises(DefinitionError) as caught:
        _parse(document)
    assert caught.value.path == "alarms[1].id"


@pytest.mark.parametrize("text", ["a: [", "- 1", "", "a: 2026-99-99", "[" * 5000])
def test_a_file_that_holds_no_object_is_a_wrong_definition(text: str) -> None:
    with pytest.raises(DefinitionError):
        loader.parse("services/lambda.yaml", text)


def test_a_kind_that_nothing_discovers_is_a_wrong_definition() -> None:
    with pytest.raises(DefinitionError, match="one of lambda, logs"):
        loader.parse("services/kitchen.yaml", yaml.safe_dump(_document()))


def test_a_folder_without_definitions_is_a_wrong_definition(tmp_path: Path) -> None:
    """Else a packaging mistake would delete every alarm."""
    (tmp_path / "notes.txt").write_text("nothing")
    with pytest.raises(DefinitionError, match="at least one"):
        loader.load(tmp_path)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(sorted(ALARM)), JSON)
def test_any_value_of_a_field_is_either_right_or_reported(field: str, value: Any) -> None:
    assert _outcome({**ALARM, field: value}) in ("right", "reported")


def _outcome(alarm: dict[str, Any]) -> str:
    try:
        kind = _parse(_document(alarm))
    except DefinitionError as error:
        return "reported" if error.path.startswith("alarms") else f"reported at {error.path}"
    return "right" if len(kind.alarms) == 1 else "lost"


@given(st.text(max_size=60))
def test_any_text_is_either_a_definition_or_reported(text: str) -> None:
    with pytest.raises(DefinitionError):
        loader.parse("services/logs.yaml", text)
