"""What editors check by `dashboards/schema.json` is what the loader checks: the two cannot drift apart."""

from __future__ import annotations

import copy
import importlib.resources
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from provisioner import loader, loader_alarms, loader_metrics, loader_source
from provisioner.nodes import Node
from watchpost.errors import DefinitionError

from tests.unit.provisioner.schema import DEFS, SCHEMA, valid

if TYPE_CHECKING:
    import re
    from collections.abc import Iterator

FILES = {
    file.name: file.read_text(encoding="utf-8")
    for file in (importlib.resources.files("dashboards") / "services").iterdir()
    if file.name.endswith(".yaml")
}


def _loads(document: Any) -> bool:
    try:
        loader.parse("services/kind.yaml", yaml.safe_dump(document))
    except DefinitionError:
        return False
    return True


@pytest.mark.parametrize("name", sorted(FILES))
def test_every_definition_tells_editors_its_schema_and_keeps_to_it(name: str) -> None:
    assert FILES[name].startswith("# yaml-language-server: $schema=../schema.json\n")
    assert valid(yaml.safe_load(FILES[name]), SCHEMA)


@pytest.mark.parametrize(
    ("where", "required", "optional"),
    [
        (SCHEMA, loader.REQUIRED, loader.OPTIONAL),
        (DEFS["source"], set(), loader_source.SOURCE_FIELDS),
        (DEFS["fact"], loader_source.FACT_REQUIRED, loader_source.FACT_OPTIONAL),
        (DEFS["alarm"], loader_alarms.ALARM_REQUIRED, loader_alarms.ALARM_OPTIONAL),
        (DEFS["alarm"]["properties"]["anomaly"], loader_alarms.ANOMALY_FIELDS, set()),
        (DEFS["widget"], loader_alarms.WIDGET_REQUIRED, loader_alarms.WIDGET_OPTIONAL),
        (DEFS["query"], loader_metrics.QUERY_REQUIRED, loader_metrics.QUERY_OPTIONAL),
        (DEFS["line"], loader_metrics.LINE_REQUIRED, loader_metrics.LINE_OPTIONAL),
    ],
    ids=["file", "source", "fact", "alarm", "anomaly", "widget", "query", "line"],
)
def test_an_object_has_the_fields_that_the_loader_reads(
    where: dict[str, Any], required: set[str], optional: set[str]
) -> None:
    assert set(where.get("required", [])) == required
    assert set(where["properties"]) == required | optional
    assert where["additionalProperties"] is False


ALARM = DEFS["alarm"]["properties"]


@pytest.mark.parametrize(
    ("choices", "loaded"),
    [
        (ALARM["comparison"]["enum"], loader_alarms.COMPARISONS),
        (ALARM["treat_missing_data"]["enum"], loader_alarms.MISSING),
        (ALARM["severity"]["enum"], loader_alarms.SEVERITIES),
        (ALARM["anomaly"]["properties"]["side"]["enum"], loader_alarms.SIDES),
        (DEFS["source"]["properties"]["scope"]["enum"], loader_source.SCOPES),
        (DEFS["fact"]["properties"]["type"]["enum"], loader_source.FACT_TYPES),
    ],
)
def test_a_choice_is_the_loaders(choices: list[str], loaded: tuple[str, ...]) -> None:
    assert tuple(choices) == loaded


SOURCE = DEFS["source"]["properties"]


@pytest.mark.parametrize(
    ("where", "loaded"),
    [
        (ALARM["id"], loader_alarms.ALARM_ID),
        (ALARM["when"], loader_alarms.CONDITION),
        (DEFS["widget"]["properties"]["when"], loader_alarms.CONDITION),
        (DEFS["statistic"], loader_metrics.STATISTIC),
        (DEFS["query"]["properties"]["id"], loader_metrics.QUERY_ID),
        (DEFS["dimensions"]["propertyNames"], loader_metrics.DIMENSION),
        (SCHEMA["properties"]["facts"]["propertyNames"], loader_source.FACT_NAME),
        (SOURCE["types"]["items"], loader_source.TYPE),
        (SOURCE["describe"], loader_source.DESCRIBE),
        (SOURCE["region"], loader_source.REGION),
    ],
)
def test_a_pattern_is_the_loaders(where: dict[str, str], loaded: re.Pattern[str]) -> None:
    assert where["pattern"] == f"^(?:{loaded.pattern})$"


def test_everything_has_a_description_for_completion() -> None:
    without = [path for path, node in _properties(SCHEMA, "") if not node.keys() & {"description", "$ref", "const"}]
    assert without == []


def _properties(node: Any, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, child in node.items() if isinstance(node, dict) else []:
        if name == "properties":
            yield from ((f"{path}.{field}", schema) for field, schema in child.items())
        yield from _properties(child, f"{path}.{name}")


BASE: dict[str, Any] = {
    "title": "t" * 60,
    "order": 1000,
    "namespace": "n" * 255,
    "dimensions": {"d": "v" * 1024},
    "source": {"types": ["sqs"], "arn": "^(?P<name>.+)$", "describe": "d" * 40, "region": "us-east-1"},
    "facts": {"f" * 40: {"type": "number", "unit": "u" * 30, "description": "d" * 200}},
    "alarms": [
        {
            "id": "i" * 40,
            "title": "t" * 60,
            "metric": "m" * 255,
            "statistic": "p99.9",
            "period": 60,
            "threshold": 1,
            "comparison": "GreaterThanThreshold",
            "datapoints_to_alarm": 1440,
            "evaluation_periods": 1440,
            "treat_missing_data": "ignore",
            "severity": "critical",
            "enabled": False,
            "when": "not " + "f" * 40,
            "otherwise": "o" * 200,
            "reason": "r" * 400,
            "runbook": "r" * 300,
            "dimensions": {"e": "v"},
        },
        {
            "id": "band",
            "title": "t",
            "metric": "m",
            "statistic": "Sum",
            "period": 86_400,
            "anomaly": {"band": 100, "side": "upper"},
            "datapoints_to_alarm": 1,
            "evaluation_periods": 1,
            "treat_missing_data": "missing",
            "severity": "warning",
            "reason": "r",
            "runbook": "r",
        },
        {
            "id": "math",
            "title": "t",
            "metrics": [
                {"id": "i" * 255, "metric": "m" * 255, "statistic": "Sum", "label": "l" * 100, "dimensions": {}},
                {"id": "e", "expression": "1" * 1024, "returned": True},
            ],
            "period": 60,
            "threshold": "1 + 1",
            "comparison": "LessThanThreshold",
            "datapoints_to_alarm": 1,
            "evaluation_periods": 1,
            "treat_missing_data": "missing",
            "severity": "warning",
            "reason": "r",
            "runbook": "r",
        },
    ],
    "widgets": [
        {
            "title": "t" * 60,
            "metrics": [{"metric": "m" * 255, "statistic": "p100", "label": "l" * 100}],
            "period": 60,
            "width": 24,
            "height": 1000,
            "health": True,
            "when": "f" * 40,
            "otherwise": "o",
        }
    ],
}


LINE = BASE["widgets"][0]["metrics"][0]


@pytest.mark.parametrize(
    "document",
    [
        BASE,
        {**BASE, "widgets": [{**BASE["widgets"][0], "metrics": [LINE] * 500}]},
        {**BASE, "dimensions": {f"d{number}": "v" for number in range(30)}},
    ],
)
def test_what_is_just_right_is_right_for_both(document: dict[str, Any]) -> None:
    assert valid(document, SCHEMA)
    assert _loads(document)


def _changed(*path: Any, to: Any = None) -> dict[str, Any]:
    document = copy.deepcopy(BASE)
    place: Any = document
    for step in path[:-1]:
        place = place[step]
    if to is None:
        del place[path[-1]]
    else:
        place[path[-1]] = to
    return document


def _leaves(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Every value with its path."""
    for step, child in node.items() if isinstance(node, dict) else enumerate(node):
        yield (*path, step), child
        if isinstance(child, dict | list):
            yield from _leaves(child, (*path, step))


FREE = {"expression", "id", "region", "arn", "types"}  # a longer one would be wrong in another way, or right


@pytest.mark.parametrize(
    ("path", "value"), [pytest.param(*leaf, id=".".join(map(str, leaf[0]))) for leaf in _leaves(BASE)]
)
def test_what_is_wrong_is_wrong_for_both(path: tuple[Any, ...], value: Any) -> None:
    """A value of another kind, one that is beyond its limit, and a field that is missing."""
    wrongs: list[dict[str, Any]] = [_changed(*path, to=[[]])]
    if isinstance(value, str) and path[-1] not in FREE and len(value) > 20 and path[-1] != "comparison":
        wrongs.append(_changed(*path, to=value + "x"))
    if isinstance(value, int) and not isinstance(value, bool) and path[-1] not in ("threshold", "band"):
        wrongs += [_changed(*path, to=-100_001), _changed(*path, to=value + 100_001)]
    for document in wrongs:
        assert not valid(document, SCHEMA)
        assert not _loads(document)
    if path[0] == "facts" and len(path) <= 2:
        return  # that a fact is declared where it is used is the loader's matter, see below
    missing = _changed(*path)
    assert valid(missing, SCHEMA) == _loads(missing)


@pytest.mark.parametrize(
    "document",
    [
        _changed("extra", to=1),
        _changed("alarms", 0, "anomaly", to={"band": 2, "side": "upper"}),
        _changed("alarms", 1, "threshold", to=1),
        _changed("alarms", 1, "anomaly", "band", to=101),
        _changed("alarms", 0, "metrics", to=BASE["alarms"][2]["metrics"]),
        _changed("alarms", 2, "metrics", to=BASE["alarms"][2]["metrics"][1:]),
        _changed("alarms", 2, "metrics", 1, "metric", to="m"),
        _changed("alarms", 0, "period", to=90),
        _changed("alarms", 0, "statistic", to="p101"),
        _changed("alarms", 0, "severity", to="page"),
        _changed("alarms", 0, "threshold", to=True),
        _changed("dimensions", to={":d": "v"}),
        _changed("dimensions", to={f"d{number}": "v" for number in range(31)}),
        _changed("source", to={"scope": "region"}),
        _changed("source", "arn", to="(?P<name>.+)"),
        _changed("widgets", 0, "metrics", to=[LINE] * 501),
    ],
)
def test_a_combination_that_is_wrong_is_wrong_for_both(document: dict[str, Any]) -> None:
    assert not valid(document, SCHEMA)
    assert not _loads(document)


def test_a_fault_that_the_schema_does_not_see_is_the_loaders_matter() -> None:
    """Names that must be declared are beyond a schema; the loader has the last word."""
    document = _changed("alarms", 0, "when", to="unknown")
    assert valid(document, SCHEMA)
    with pytest.raises(DefinitionError):
        loader_alarms.alarms(Node("f", "alarms", document["alarms"]), {})
