"""The desired state follows from definitions, resources and overrides alone."""

from __future__ import annotations

import importlib.resources
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from provisioner import desired, loader
from provisioner.discovery import Inventory, Resource, Skipped
from watchpost.configuration import AlarmOverride, Alarms, Configuration
from watchpost.errors import ConfigurationError

from tests.unit.provisioner import dashboard_limits
from tests.unit.provisioner.limits import check_alarm, check_composite

if TYPE_CHECKING:
    from watchpost.settings import Settings

KINDS = tuple(
    kind
    for kind in loader.load(importlib.resources.files("dashboards") / "services")
    if kind.kind in ("lambda", "logs")
)
FACTS_OF_A_PLAIN_FUNCTION: dict[str, Any] = {
    "timeout_ms": 30_000,
    "memory_mb": 128,
    "architecture": "x86_64",
    "reserved_concurrency": None,
    "stream_source": False,
    "stream_retention_ms": None,
    "asynchronous": False,
    "dead_letter_target": False,
    "destination": False,
    "maximum_event_age_ms": 21_600_000,
}


def _function(name: str = "orders-api", service: str = "orders", **facts: Any) -> Resource:
    return Resource("lambda", name, service, FACTS_OF_A_PLAIN_FUNCTION | facts)


def _logs(service: str = "orders") -> Resource:
    return Resource("logs", "logs", service, {})


def _build(settings: Settings, *resources: Resource, **overrides: AlarmOverride) -> desired.Desired:
    named = {name.replace("__", "."): override for name, override in overrides.items()}
    return desired.build(KINDS, Inventory(list(resources)), Configuration(alarms=Alarms(named)), settings)


def _tagged(request: dict[str, Any], tags: dict[str, str]) -> dict[str, Any]:
    return {**request, "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}


def _check_all(state: desired.Desired) -> None:
    for name, alarm in state.alarms.items():
        assert alarm.request["AlarmName"] == name
        check_alarm(_tagged(alarm.request, alarm.tags))
    for name, composite in state.composites.items():
        assert composite.request["AlarmName"] == name
        check_composite(_tagged(composite.request, composite.tags))
    for name, body in state.dashboards.items():
        dashboard_limits.check(name, body)


def test_discovery_promises_the_facts_that_the_definitions_may_use() -> None:
    [kind] = [kind for kind in KINDS if kind.kind == "lambda"]
    assert set(FACTS_OF_A_PLAIN_FUNCTION) == set(kind.facts)


def test_a_plain_function_gets_the_alarms_that_need_no_condition(settings: Settings) -> None:
    state = _build(settings, _function(), _logs())
    assert set(state.alarms) == {
        "wp/orders/orders-api/errors",
        "wp/orders/orders-api/error-rate",
        "wp/orders/orders-api/throttles",
        "wp/orders/orders-api/duration",
        "wp/orders/orders-api/recursion",
        "wp/orders/logs/errors",
    }
    assert not state.failed
    _check_all(state)


def test_every_alarm_that_is_left_out_has_its_reason(settings: Settings) -> None:
    state = _build(settings, _function(), _logs())
    reasons = {entry["alarm"]: entry["reason"] for entry in state.without_alarm}
    on_demand = "only on demand: alarms.{}.enabled is not true in watchpost.yaml"
    assert reasons == {
        "usage-stopped": on_demand.format("lambda.usage-stopped"),
        "duration-anomaly": on_demand.format("lambda.duration-anomaly"),
        "invocations-anomaly": on_demand.format("lambda.invocations-anomaly"),
        "memory": on_demand.format("logs.memory"),
        "concurrency": "no reserved concurrency",
        "iterator-age": "no stream source",
        "dead-letter-errors": "no dead-letter queue or topic",
        "destination-failures": "no destination",
        "events-dropped": "not known to be invoked asynchronously",
        "event-age": "not known to be invoked asynchronously",
    }
    # and together with those that are there these are all
    assert len(reasons) + len(state.alarms) == sum(len(kind.alarms) for kind in KINDS)


def test_a_function_with_everything_gets_every_alarm(settings: Settings) -> None:
    everything = _function(
        reserved_concurrency=50,
        stream_source=True,
        stream_retention_ms=86_400_000,
        asynchronous=True,
        dead_letter_target=True,
        destination=True,
    )
    [kind] = [kind for kind in KINDS if kind.kind == "lambda"]
    asked = {f"lambda__{alarm.id}": AlarmOverride(enabled=True) for alarm in kind.alarms}
    state = _build(settings, everything, **asked)
    assert len(state.alarms) == 14
    assert state.without_alarm == []
    _check_all(state)


def test_thresholds_come_from_the_live_configuration(settings: Settings) -> None:
    state = _build(settings, _function(timeout_ms=10_000, reserved_concurrency=50))
    duration = state.alarms["wp/orders/orders-api/duration"].request
    assert duration["Threshold"] == pytest.approx(9_000)
    assert duration["ExtendedStatistic"] == "p99"
    assert duration["Dimensions"] == [{"Name": "FunctionName", "Value": "orders-api"}]
    assert state.alarms["wp/orders/orders-api/concurrency"].request["Threshold"] == pytest.approx(45)


def test_the_error_rate_is_zero_below_ten_invocations(settings: Settings) -> None:
    """One error in one invocation is not a rate of 100 %."""
    request = _build(settings, _function()).alarms["wp/orders/orders-api/error-rate"].request
    expressions = [query for query in request["Metrics"] if "Expression" in query]
    assert [query["Expression"] for query in expressions] == ["IF(invocations >= 10, 100 * errors / invocations, 0)"]
    assert [query["Id"] for query in request["Metrics"] if query["ReturnData"]] == ["rate"]


def test_a_warning_tells_its_topic_both_when_it_rings_and_when_it_is_over(settings: Settings) -> None:
    warning = _build(settings, _function()).alarms["wp/orders/orders-api/throttles"].request
    assert warning["AlarmActions"] == warning["OKActions"] == [settings.warning_topic]


def test_errors_in_the_logs_are_watched_in_the_stacks_own_namespace(settings: Settings) -> None:
    request = _build(replace(settings, metric_namespace="Shop"), _logs()).alarms["wp/orders/logs/errors"].request
    assert request["Namespace"] == "Shop"
    assert request["MetricName"] == "LogErrors"
    assert request["Dimensions"] == [{"Name": "Service", "Value": "orders"}]
    assert (request["Threshold"], request["Period"], request["ComparisonOperator"]) == (
        5,
        60,
        "GreaterThanOrEqualToThreshold",
    )


def test_a_description_says_why_and_what_to_do(settings: Settings) -> None:
    for alarm in _build(settings, _function(), _logs()).alarms.values():
        assert "Runbook: " in alarm.request["AlarmDescription"]


def test_an_alarm_carries_whose_it_is(settings: Settings) -> None:
    tags = _build(settings, _function()).alarms["wp/orders/orders-api/errors"].tags
    assert tags == {
        "watchpost:stack": "wp",
        "service": "orders",
        "watchpost:kind": "lambda",
        "watchpost:resource": "orders-api",
    }


def test_an_override_changes_a_threshold_and_not_the_name(settings: Settings) -> None:
    state = _build(settings, _function(), lambda__throttles=AlarmOverride(threshold=7))
    assert state.alarms["wp/orders/orders-api/throttles"].request["Threshold"] == 7


def test_an_override_leaves_an_alarm_out_with_the_reason(settings: Settings) -> None:
    state = _build(settings, _function(), lambda__throttles=AlarmOverride(enabled=False))
    assert "wp/orders/orders-api/throttles" not in state.alarms
    [entry] = [entry for entry in state.without_alarm if entry["alarm"] == "throttles"]
    assert entry == {
        "resource": "orders/orders-api",
        "alarm": "throttles",
        "reason": "excluded by watchpost.yaml: alarms.lambda.throttles.enabled is false",
    }


def test_an_override_of_an_alarm_that_does_not_exist_is_a_wrong_configuration() -> None:
    desired.check_overrides(KINDS, Alarms({"lambda.throttles": AlarmOverride()}))
    with pytest.raises(ConfigurationError) as caught:
        desired.check_overrides(KINDS, Alarms({"lambda.thottles": AlarmOverride()}))
    assert caught.value.path == "configuration.alarms.lambda.thottles"
    assert "lambda.throttles" in caught.value.expected


def test_what_is_skipped_is_told(settings: Settings) -> None:
    state = desired.build(KINDS, Inventory(skipped=[Skipped("old", "deleted")]), Configuration(), settings)
    assert state.without_alarm == [{"resource": "old", "alarm": "*", "reason": "deleted"}]


def test_two_services_of_one_dashboard_name_are_both_refused(settings: Settings) -> None:
    state = _build(settings, _logs("a.b"), _logs("a b"))
    assert state.failed_dashboards == {"wp-a_b": "two services would have a dashboard of this name"}
    assert "wp-a_b" not in state.dashboards


def test_a_threshold_without_a_value_fails_alone(settings: Settings) -> None:
    state = _build(settings, _function(timeout_ms=None))
    assert state.failed == {"wp/orders/orders-api/duration": "threshold: timeout_ms is not known as a number"}
    assert "wp/orders/orders-api/errors" in state.alarms


def test_braces_in_a_name_are_not_filled_in(settings: Settings) -> None:
    request = _build(settings, _logs("{resource}")).alarms["wp/{resource}/logs/errors"].request
    assert request["Dimensions"] == [{"Name": "Service", "Value": "{resource}"}]


TAG_VALUE = st.text(st.sampled_from("aZ09 +-=._:/@é"), min_size=1, max_size=256)
FUNCTION_NAME = st.text(st.sampled_from("aZ09-_"), min_size=1, max_size=64)


@given(
    service=TAG_VALUE,
    function=FUNCTION_NAME,
    timeout=st.integers(1, 900),
    reserved=st.none() | st.integers(0, 10_000),
    flags=st.tuples(*[st.booleans()] * 4),
)
def test_no_service_and_no_function_leads_to_a_request_that_cloudwatch_refuses(
    service: str, function: str, timeout: int, reserved: int | None, flags: tuple[bool, ...]
) -> None:
    settings = _settings()
    facts = dict(zip(("stream_source", "asynchronous", "dead_letter_target", "destination"), flags, strict=True))
    resource = _function(function, service, timeout_ms=timeout * 1000, reserved_concurrency=reserved, **facts)
    state = _build(settings, resource, _logs(service))
    _check_all(state)
    assert state.alarms or state.failed


def _settings() -> Any:
    from watchpost.settings import Settings  # noqa: PLC0415  # the fixture cannot be used beside generated values

    values = dict.fromkeys(Settings.__slots__, "x")
    topics = {f"{one}_topic": f"arn:aws:sns:eu-west-1:123456789012:{one}" for one in ("critical", "warning")}
    return Settings(**{**values, "stack": "wp", "aws_region": "eu-west-1", **topics})
