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

from tests.unit.provisioner.documents import ALARM, MATH, document, parsed, put

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_the_definitions_of_the_repository_are_right() -> None:
    kinds = loader.load(importlib.resources.files("dashboards") / "services")
    assert {kind.kind for kind in kinds} == {
        *(
            "account",
            "alb",
            "apigateway_http",
            "apigateway_rest",
            "appsync",
            "cloudfront",
            "dynamodb",
            "dynamodb_index",
        ),
        *("ecs", "events_rule", "kinesis", "lambda", "log_delivery", "logs", "metric", "rds", "s3", "scheduler", "sns"),
        *("sqs", "states", "watchpost"),
    }


@pytest.mark.parametrize("alarm", [ALARM, MATH])
def test_a_right_definition_is_read(alarm: dict[str, Any]) -> None:
    kind = parsed(document(alarm))
    assert kind.kind == "lambda"
    assert kind.alarms[0].id == "errors"
    assert kind.widgets[0].width == 24


A = ("alarms", 0)


@pytest.mark.parametrize(
    ("alarm", "change", "path"),
    [
        (ALARM, put("title", to=None), "title"),
        (ALARM, put("extra", to=1), "extra"),
        (ALARM, put("title", to="x" * 61), "title"),
        (ALARM, put("dimensions", to=["FunctionName"]), "dimensions"),
        (ALARM, put("dimensions", 1, to="a"), "dimensions.1"),
        (ALARM, put("dimensions", ":a", to="a"), "dimensions.:a"),
        (ALARM, put("order", to=1001), "order"),
        (ALARM, put("order", to=-1001), "order"),
        (ALARM, put("source", to=None), "source"),
        (ALARM, put("alarms", to={}), "alarms"),
        (ALARM, put(*A, "id", to="Errors"), "alarms[0].id"),
        (ALARM, put(*A, "metric", to=None), "alarms[0].metric"),
        (ALARM, put(*A, "metrics", to=MATH["metrics"]), "alarms[0].metric"),
        (ALARM, put(*A, "statistic", to="p101"), "alarms[0].statistic"),
        (ALARM, put(*A, "period", to=90), "alarms[0].period"),
        (ALARM, put(*A, "period", to=30), "alarms[0].period"),
        (ALARM, put(*A, "period", to=True), "alarms[0].period"),
        (ALARM, put(*A, "evaluation_periods", to=1441), "alarms[0].evaluation_periods"),
        (ALARM, put(*A, "datapoints_to_alarm", to=3), "alarms[0].datapoints_to_alarm"),
        (ALARM, put(*A, "threshold", to="0.9 * timeout"), "alarms[0].threshold"),
        (ALARM, put(*A, "threshold", to="open('x')"), "alarms[0].threshold"),
        (ALARM, put(*A, "threshold", to=float("inf")), "alarms[0].threshold"),
        (ALARM, put(*A, "threshold", to=True), "alarms[0].threshold"),
        (ALARM, put(*A, "comparison", to=">"), "alarms[0].comparison"),
        (ALARM, put(*A, "treat_missing_data", to="ok"), "alarms[0].treat_missing_data"),
        (ALARM, put(*A, "severity", to="page"), "alarms[0].severity"),
        (ALARM, put(*A, "reason", to=" "), "alarms[0].reason"),
        (ALARM, put(*A, "reason", to="x" * 401), "alarms[0].reason"),
        (ALARM, put(*A, "runbook", to="x" * 301), "alarms[0].runbook"),
        (ALARM, put(*A, "when", to="stream_source"), "alarms[0].otherwise"),
        (ALARM, put(*A, "otherwise", to="why not"), "alarms[0].when"),
        (MATH, put(*A, "statistic", to="Sum"), "alarms[0].statistic"),
        (MATH, put(*A, "metrics", to=MATH["metrics"][:1]), "alarms[0].metrics"),
        (MATH, put(*A, "metrics", 0, "returned", to=True), "alarms[0].metrics"),
        (MATH, put(*A, "metrics", 1, "returned", to=False), "alarms[0].metrics"),
        (MATH, put(*A, "metrics", 0, "id", to="A"), "alarms[0].metrics[0].id"),
        (MATH, put(*A, "metrics", 1, "id", to="a"), "alarms[0].metrics[1].id"),
        (MATH, put(*A, "metrics", 1, "expression", to="100 * b"), "alarms[0].metrics[1].expression"),
        (MATH, put(*A, "metrics", 1, "expression", to="Search(a)"), "alarms[0].metrics[1].expression"),
        (MATH, put(*A, "metrics", 1, "statistic", to="Sum"), "alarms[0].metrics[1].statistic"),
        (MATH, put(*A, "metrics", 1, "metric", to="Errors"), "alarms[0].metrics[1].metric"),
        (ALARM, put("widgets", 0, "width", to=25), "widgets[0].width"),
        (ALARM, put("widgets", 0, "width", to=0), "widgets[0].width"),
        (ALARM, put("widgets", 0, "metrics", to=[]), "widgets[0].metrics"),
        (ALARM, put("widgets", 0, "metrics", 0, "unit", to="s"), "widgets[0].metrics[0].unit"),
    ],
)
def test_a_fault_is_reported_with_file_and_path(
    alarm: dict[str, Any], change: Callable[[dict[str, Any]], None], path: str
) -> None:
    content = document(alarm)
    change(content)
    with pytest.raises(DefinitionError) as caught:
        parsed(content)
    assert caught.value.file == "services/lambda.yaml"
    assert caught.value.path == path
    assert caught.value.found
    assert caught.value.expected


def test_ten_metrics_are_allowed_in_an_alarm_and_eleven_are_not() -> None:
    alarm = copy.deepcopy(MATH)
    alarm["metrics"] += [{"id": f"m{n}", "metric": "Errors", "statistic": "Sum"} for n in range(8)]
    assert len(parsed(document(alarm)).alarms[0].metrics) == 10
    alarm["metrics"].append({"id": "m8", "metric": "Errors", "statistic": "Sum"})
    with pytest.raises(DefinitionError):
        parsed(document(alarm))


def test_a_day_may_be_evaluated_and_not_more() -> None:
    assert parsed(document({**ALARM, "period": 3600, "evaluation_periods": 24})).alarms[0].period == 3600
    with pytest.raises(DefinitionError, match="at most 24 periods"):
        parsed(document({**ALARM, "period": 3600, "evaluation_periods": 25}))


def test_an_id_is_used_once() -> None:
    content = document()
    content["alarms"].append(copy.deepcopy(ALARM))
    with pytest.raises(DefinitionError) as caught:
        parsed(content)
    assert caught.value.path == "alarms[1].id"


@pytest.mark.parametrize("text", ["a: [", "- 1", "", "a: 2026-99-99", "[" * 5000])
def test_a_file_that_holds_no_object_is_a_wrong_definition(text: str) -> None:
    with pytest.raises(DefinitionError):
        loader.parse("services/lambda.yaml", text)


@pytest.mark.parametrize("name", ["Lambda", "1st", "a-b", "", "a" * 41])
def test_the_name_of_a_file_is_a_kind(name: str) -> None:
    loader.parse(f"services/{'a' * 40}.yaml", yaml.safe_dump(document()))
    with pytest.raises(DefinitionError) as caught:
        loader.parse(f"services/{name}.yaml", yaml.safe_dump(document()))
    assert caught.value.path == "the file's name"


def test_a_file_of_a_new_kind_needs_no_code() -> None:
    kind = loader.parse("services/kitchen.yaml", yaml.safe_dump({**document(), "source": {"scope": "service"}}))
    assert kind.kind == "kitchen"


def test_a_field_that_is_there_twice_is_a_mistake() -> None:
    """YAML's own rule lets the last one win: an alarm would silently have another threshold than the one on top."""
    with pytest.raises(DefinitionError, match="title is there twice, line 2"):
        loader.parse("services/lambda.yaml", "title: a\ntitle: b\n")


def test_a_file_that_is_not_utf_8_is_a_wrong_definition(tmp_path: Path) -> None:
    (tmp_path / "sqs.yaml").write_bytes(b"title: \xff")
    with pytest.raises(DefinitionError) as caught:
        loader.load(tmp_path)
    assert (caught.value.file, caught.value.expected) == ("services/sqs.yaml", "UTF-8")


def test_a_number_too_long_to_be_shown_is_reported_all_the_same() -> None:
    text = yaml.safe_dump(document()).replace("threshold: 1", "threshold: 0x" + "f" * 5000)
    with pytest.raises(DefinitionError) as caught:
        loader.parse("services/lambda.yaml", text)
    assert caught.value.path == "alarms[0].threshold"


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
        kind = parsed(document(alarm))
    except DefinitionError as error:
        return "reported" if error.path.startswith("alarms") else f"reported at {error.path}"
    return "right" if len(kind.alarms) == 1 else "lost"


@given(st.text(max_size=60))
def test_any_text_is_either_a_definition_or_reported(text: str) -> None:
    with pytest.raises(DefinitionError):
        loader.parse("services/logs.yaml", text)
