"""Facts, sources, placeholders, conditions and bands: what a definition may say, and how a mistake is reported."""

from __future__ import annotations

import importlib.resources
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from provisioner import loader, placeholders
from provisioner.definitions import Anomaly, Condition
from provisioner.describe import TABLE
from provisioner.placeholders import PlaceholderError
from watchpost.errors import DefinitionError
from watchpost.names import ascii_text

from tests.unit.provisioner.documents import ALARM, MATH, document, parsed, put

if TYPE_CHECKING:
    from collections.abc import Callable

BAND = {key: value for key, value in ALARM.items() if key not in ("threshold", "comparison")} | {
    "anomaly": {"band": 2, "side": "upper"}
}
A = ("alarms", 0)
NUMBER = {"type": "number", "description": "d"}


def _refused(content: dict[str, Any], change: Callable[[dict[str, Any]], None]) -> DefinitionError:
    change(content)
    with pytest.raises(DefinitionError) as caught:
        parsed(content)
    assert caught.value.file == "services/lambda.yaml"
    assert caught.value.found
    assert caught.value.expected
    return caught.value


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (put("facts", to=[]), "facts"),
        (put("facts", "Big", to=NUMBER), "facts.Big"),
        (put("facts", "resource", to=NUMBER), "facts.resource"),
        (put("facts", "name", to=NUMBER), "facts.name"),
        (put("facts", "min", to=NUMBER), "facts.min"),
        (put("facts", "class", to=NUMBER), "facts.class"),
        (put("facts", "a" * 41, to=NUMBER), "facts." + "a" * 41),
        (put("facts", "stage", "type", to="string"), "facts.stage.type"),
        (put("facts", "stage", "unit", to="seconds"), "facts.stage.unit"),
        (put("facts", "stage", "description", to=None), "facts.stage.description"),
        (put("facts", "timeout_ms", "optional", to=True), "facts.timeout_ms.optional"),
        (put("facts", to={f"f{number}": NUMBER for number in range(31)}), "facts"),
        (put("source", "scope", to="region"), "source.scope"),
        (put("source", "scope", to="service"), "source.types"),
        (put("source", "types", to=None), "source.arn"),
        (put("source", "arn", to=None), "source.arn"),
        (put("source", "types", 0, to="Lambda"), "source.types[0]"),
        (put("source", "describe", to="a b"), "source.describe"),
        (put("source", "region", to="here"), "source.region"),
        (put("source", "tags", to={}), "source.tags"),
        (put("source", "arn", to="(?P<name>.+)"), "source.arn"),
        (put("source", "arn", to="^arn:.+$"), "source.arn"),
        (put("source", "arn", to="^(?P<name>.+$"), "source.arn"),
        (put("source", "arn", to="^(?P<name>(a+)+)$"), "source.arn"),
        (put("source", "arn", to="^(?P<name>.+)/(?P<zone>.+)$"), "source.arn"),
        (put("source", "arn", to="^(?P<name>.+)/(?P<timeout_ms>.+)$"), "source.arn"),
        (put("source", "arn", to=7), "source.arn"),
        (put("namespace", to="{stack}"), "namespace"),
        (put("namespace", to="{bus}"), "namespace"),
        (put("dimensions", "Stage", to="{Stage}"), "dimensions.Stage"),
        (put("dimensions", "Stage", to="{timeout_ms}"), "dimensions.Stage"),
        (put("dimensions", "Stage", to="{stage"), "dimensions.Stage"),
        (put("dimensions", "Stage", to="}"), "dimensions.Stage"),
        (put(*A, "dimensions", to={"Stage": "{nothing}"}), "alarms[0].dimensions.Stage"),
        (put(*A, "dimensions", to=["Stage"]), "alarms[0].dimensions"),
        (put(*A, "metric", to="{nothing}"), "alarms[0].metric"),
        (put(*A, "metric", to="{bus}"), "alarms[0].metric"),
        (put("widgets", 0, "metrics", 0, "metric", to="{nothing}"), "widgets[0].metrics[0].metric"),
        (put("widgets", 0, "health", to="yes"), "widgets[0].health"),
        (put(*A, "enabled", to="no"), "alarms[0].enabled"),
        (put(*A, "threshold", to="0.1 * stage"), "alarms[0].threshold"),
        (put(*A, "threshold", to="2 * stream_source"), "alarms[0].threshold"),
        (put(*A, "threshold", to=None), "alarms[0].threshold"),
        (put(*A, "comparison", to=None), "alarms[0].comparison"),
        (put(*A, "comparison", to="GreaterThanUpperThreshold"), "alarms[0].comparison"),
        (put(*A, "when", to="nothing"), "alarms[0].when"),
        (put(*A, "when", to="not  stage"), "alarms[0].when"),
        (put(*A, "when", to="stage and bus"), "alarms[0].when"),
        (put(*A, "when", to=True), "alarms[0].when"),
    ],
)
def test_a_mistake_is_reported_with_its_path(change: Callable[[dict[str, Any]], None], path: str) -> None:
    assert _refused(document(), change).path == path


@pytest.mark.parametrize(
    ("alarm", "change", "path"),
    [
        (BAND, put(*A, "threshold", to=1), "alarms[0].threshold"),
        (BAND, put(*A, "comparison", to="GreaterThanThreshold"), "alarms[0].comparison"),
        (BAND, put(*A, "anomaly", "side", to="left"), "alarms[0].anomaly.side"),
        (BAND, put(*A, "anomaly", "band", to=0), "alarms[0].anomaly.band"),
        (BAND, put(*A, "anomaly", "band", to=100.5), "alarms[0].anomaly.band"),
        (BAND, put(*A, "anomaly", "band", to=True), "alarms[0].anomaly.band"),
        (BAND, put(*A, "anomaly", "band", to=float("nan")), "alarms[0].anomaly.band"),
        (BAND, put(*A, "anomaly", "side", to=None), "alarms[0].anomaly.side"),
        (MATH, put(*A, "anomaly", to={"band": 2, "side": "upper"}), "alarms[0].threshold"),
        (MATH, put(*A, "metrics", 1, "expression", to="ANOMALY_DETECTION_BAND(a)"), "alarms[0].metrics[1].expression"),
        (MATH, put(*A, "metrics", 1, "dimensions", to={"a": "b"}), "alarms[0].metrics[1].dimensions"),
        (MATH, put(*A, "metrics", 0, "dimensions", to={"a": "{b}"}), "alarms[0].metrics[0].dimensions.a"),
    ],
)
def test_a_mistake_in_a_band_or_in_metric_math_is_reported_with_its_path(
    alarm: dict[str, Any], change: Callable[[dict[str, Any]], None], path: str
) -> None:
    assert _refused(document(alarm), change).path == path


def test_a_band_over_metric_math_is_a_mistake() -> None:
    alarm = {key: value for key, value in MATH.items() if key not in ("threshold", "comparison")}
    error = _refused(document(alarm), put(*A, "anomaly", to={"band": 2, "side": "upper"}))
    assert error.path == "alarms[0].anomaly"


@pytest.mark.parametrize(
    ("side", "comparison"),
    [
        ("upper", "GreaterThanUpperThreshold"),
        ("lower", "LessThanLowerThreshold"),
        ("both", "LessThanLowerOrGreaterThanUpperThreshold"),
    ],
)
def test_a_band_is_left_on_the_side_that_is_said(side: Any, comparison: str) -> None:
    [alarm] = parsed(document({**BAND, "anomaly": {"band": 2.5, "side": side}})).alarms
    assert alarm.anomaly == Anomaly(2.5, side)
    assert (alarm.comparison, alarm.threshold) == (comparison, None)


def test_an_alarm_is_made_unless_it_says_that_it_is_not() -> None:
    assert parsed(document()).alarms[0].enabled
    assert not parsed(document({**ALARM, "enabled": False})).alarms[0].enabled


@pytest.mark.parametrize("given", [None, False, True, "", "live", 0, 5])
def test_a_condition_holds_for_what_is_there_and_its_opposite_for_what_is_not(given: Any) -> None:
    facts = {"stage": given}
    [alarm] = parsed(document({**ALARM, "when": "stage", "otherwise": "no stage"})).alarms
    [opposite] = parsed(document({**ALARM, "when": "not stage", "otherwise": "a stage"})).alarms
    assert alarm.when == Condition("stage", "no stage")
    assert opposite.when == Condition("stage", "a stage", negated=True)
    assert alarm.when.holds(facts) is bool(given)
    assert opposite.when.holds(facts) is not bool(given)


def test_a_describe_call_that_there_is_not_is_a_mistake() -> None:
    text = yaml.safe_dump(document())
    assert loader.parse("services/a.yaml", text, {"lambda"}).source.describe == "lambda"
    with pytest.raises(DefinitionError) as caught:
        loader.parse("services/a.yaml", text, {"sqs", "sns"})
    assert (caught.value.path, caught.value.expected) == ("source.describe", "one of sns, sqs")


def test_an_arn_gives_the_name_and_text_facts() -> None:
    content = document()
    put("source", "arn", to="^arn:(?P<name>(?:(?P<bus>.+)/)?[^/]+)$")(content)
    pattern = parsed(content).source.arn
    assert pattern
    match = pattern.fullmatch("arn:orders/nightly")
    assert match
    assert match.groupdict() == {"name": "orders/nightly", "bus": "orders"}
    plain = pattern.fullmatch("arn:nightly")
    assert plain
    assert plain["bus"] is None


ARNS = {
    "lambda": ("arn:aws:lambda:eu-west-1:123456789012:function:api", {"name": "api"}),
    "apigateway_rest": ("arn:aws:apigateway:eu-west-1::/restapis/a1b2", {"name": "a1b2"}),
    "apigateway_http": ("arn:aws:apigateway:eu-west-1::/apis/a1b2", {"name": "a1b2"}),
    "sqs": ("arn:aws:sqs:eu-west-1:123456789012:orders.fifo", {"name": "orders.fifo"}),
    "sns": ("arn:aws-cn:sns:cn-north-1:123456789012:orders", {"name": "orders"}),
    "kinesis": ("arn:aws:kinesis:eu-west-1:123456789012:stream/orders", {"name": "orders"}),
    "dynamodb": ("arn:aws:dynamodb:eu-west-1:123456789012:table/orders", {"name": "orders"}),
    "events_rule": (
        "arn:aws:events:eu-west-1:123456789012:rule/orders/nightly",
        {"name": "orders/nightly", "bus": "orders", "rule": "nightly"},
    ),
    "scheduler": ("arn:aws:scheduler:eu-west-1:123456789012:schedule-group/orders", {"name": "orders"}),
    "states": (
        "arn:aws:states:eu-west-1:123456789012:stateMachine:orders",
        {"name": "orders", "arn": "arn:aws:states:eu-west-1:123456789012:stateMachine:orders"},
    ),
    "ecs": (
        "arn:aws:ecs:eu-west-1:123456789012:service/shop/orders",
        {"name": "shop/orders", "cluster": "shop", "service_name": "orders"},
    ),
    "alb": (
        "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/shop/50dc6c495c0c9188",
        {"name": "shop", "load_balancer": "app/shop/50dc6c495c0c9188"},
    ),
    "rds": ("arn:aws:rds:eu-west-1:123456789012:db:orders", {"name": "orders"}),
    "s3": ("arn:aws:s3:::orders.example", {"name": "orders.example"}),
    "cloudfront": ("arn:aws:cloudfront::123456789012:distribution/E1", {"name": "E1"}),
    "appsync": ("arn:aws:appsync:eu-west-1:123456789012:apis/a1b2", {"name": "a1b2"}),
}
# What the Tagging API lists besides, for the same types, and what is watched with the resource above it.
OTHERS = (
    "arn:aws:lambda:eu-west-1:123456789012:function:api:live",
    "arn:aws:apigateway:eu-west-1::/restapis/a1b2/stages/live",
    "arn:aws:apigateway:eu-west-1::/apis/a1b2/stages/live",
    "arn:aws:apigateway:eu-west-1::/vpclinks/a1b2",
    "arn:aws:kinesis:eu-west-1:123456789012:stream/orders/consumer/c:1",
    "arn:aws:dynamodb:eu-west-1:123456789012:table/orders/index/by-date",
    "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/net/shop/50dc6c495c0c9188",
    "arn:aws:rds:eu-west-1:123456789012:cluster:orders",
    "arn:aws:s3:eu-west-1:123456789012:accesspoint/orders",
)
KINDS = {kind.kind: kind for kind in loader.load(importlib.resources.files("dashboards") / "services", TABLE)}


def test_each_arn_belongs_to_one_kind_and_says_the_resources_name() -> None:
    patterns = {name: kind.source.arn for name, kind in KINDS.items() if kind.source.arn}
    assert patterns.keys() == ARNS.keys()
    for expected, (arn, groups) in ARNS.items():
        found = {name: match.groupdict() for name, arn_of in patterns.items() if (match := arn_of.fullmatch(arn))}
        assert found == {expected: groups}


@pytest.mark.parametrize("arn", OTHERS)
def test_what_is_a_part_of_a_resource_is_no_resource(arn: str) -> None:
    assert [name for name, kind in KINDS.items() if kind.source.arn and kind.source.arn.fullmatch(arn)] == []


def test_every_describe_call_is_for_one_kind() -> None:
    """All kinds were read with the describe calls that there are, so that none is missing either."""
    assert sorted(kind.source.describe for kind in KINDS.values() if kind.source.describe) == sorted(TABLE)


VALUES = {"resource": "r", "service": "{resource}", "stage": "live", "bus": None}


def test_placeholders_are_filled_in_once() -> None:
    assert placeholders.fill("{resource}/{service}/{stage}", VALUES) == "r/{resource}/live"


@pytest.mark.parametrize("name", ["bus", "nothing"])
def test_a_placeholder_without_a_value_is_an_error(name: str) -> None:
    with pytest.raises(PlaceholderError, match=f"{name} is not known"):
        placeholders.fill(f"{{{name}}}", VALUES)


def test_a_dimension_is_left_out_where_its_optional_fact_has_no_value() -> None:
    dimensions = [("A", "{stage}"), ("B", "{bus}")]
    assert placeholders.fill_dimensions(dimensions, VALUES, ["bus"]) == [("A", "live")]
    assert placeholders.fill_dimensions(dimensions, {**VALUES, "bus": "b"}, ["bus"]) == [("A", "live"), ("B", "b")]
    with pytest.raises(PlaceholderError):
        placeholders.fill_dimensions(dimensions, VALUES, [])


@given(st.text(max_size=30))
def test_any_text_has_placeholders_or_is_refused(text: str) -> None:
    try:
        names = placeholders.names(text)
    except PlaceholderError:
        assert "{" in text or "}" in text
        return
    filled = placeholders.fill(text, dict.fromkeys(names, "x"))
    assert "{" not in filled
    assert "}" not in filled


@given(st.text(max_size=40) | st.text(st.sampled_from(" :aé"), max_size=5))
def test_a_service_is_called_in_alarms_as_the_shipper_publishes_it(service: str) -> None:
    """Else the alarm looks at a metric that is not there."""
    assert placeholders.published(service) == (ascii_text(service, 1024) or "unknown")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(["source", "facts", "dimensions", "widgets", "order", "namespace"]), JSON)
def test_any_value_of_a_part_is_either_right_or_reported_with_a_path(part: str, value: Any) -> None:
    assert _reported_at({**document(), part: value}, part).startswith(part)


def _reported_at(content: dict[str, Any], part: str) -> str:
    """The path of the mistake, or of the part when there is none."""
    try:
        kind = parsed(content)
    except DefinitionError as error:
        return error.path
    return part if kind.kind == "lambda" else ""
