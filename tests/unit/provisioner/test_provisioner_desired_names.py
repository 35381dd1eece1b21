"""Two alarms never share a name or a tag's value, whatever their resources are called."""

from __future__ import annotations

import importlib.resources
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from provisioner import desired, loader
from provisioner.inventory import Inventory, Resource, Unknown
from provisioner.tags import LONGEST, resource_tag
from watchpost.configuration import Configuration

from tests.unit.provisioner.limits import check_alarm

if TYPE_CHECKING:
    from watchpost.settings import Settings

KINDS = loader.load(importlib.resources.files("dashboards") / "services")


def _alarms(settings: Settings, *resources: Resource) -> desired.Desired:
    return desired.build(KINDS, Inventory(list(resources)), Configuration(), settings)


def _stream(name: str = "orders", service: str = "orders", arn: str = "") -> Resource:
    return Resource("kinesis", name, service, {"retention_ms": 86_400_000}, arn=arn)


def _function(name: str = "orders", service: str = "orders") -> Resource:
    facts = {"timeout_ms": 30_000, "stream_source": True, "stream_retention_ms": 86_400_000}
    return Resource("lambda", name, service, facts)


def _named(state: desired.Desired, alarm: str) -> dict[str, str]:
    return {name: one.kind for name, one in state.alarms.items() if name.endswith(f"/{alarm}")}


def test_a_function_and_a_stream_of_one_name_both_have_their_alarms(settings: Settings) -> None:
    state = _alarms(settings, _function(), _stream())

    assert not state.failed
    assert _named(state, "iterator-age") == {
        "wp/orders/lambda:orders/iterator-age": "lambda",
        "wp/orders/kinesis:orders/iterator-age": "kinesis",
    }
    # and what only one of them has keeps its plain name
    assert _named(state, "errors") == {"wp/orders/orders/errors": "lambda"}


def test_names_do_not_hang_on_which_alarms_are_switched_on(settings: Settings) -> None:
    plain = Resource("lambda", "orders", "orders", {"timeout_ms": 30_000, "stream_source": False})

    assert _named(_alarms(settings, plain, _stream()), "iterator-age") == {
        "wp/orders/kinesis:orders/iterator-age": "kinesis"
    }


def test_resources_and_services_with_slashes_in_their_names_stay_apart(settings: Settings) -> None:
    state = _alarms(settings, _stream("b/c", "a"), _stream("c", "a/b"))

    assert set(_named(state, "iterator-age")) == {"wp/a/kinesis:b/c/iterator-age", "wp/a/b/kinesis:c/iterator-age"}


def test_two_resources_of_one_name_are_told_apart_by_their_arns(settings: Settings) -> None:
    state = _alarms(settings, _stream(arn="arn:a"), _stream(arn="arn:b"))

    assert len(_named(state, "iterator-age")) == 2
    assert not state.failed


def test_the_same_resource_twice_has_no_state_instead_of_the_last_one_winning(settings: Settings) -> None:
    state = _alarms(settings, _stream(arn="arn:a"), _stream(arn="arn:a"))

    assert state.alarms == {}
    assert set(state.failed.values()) == {desired.TWICE}


def test_a_resource_called_service_is_not_taken_for_the_service(settings: Settings) -> None:
    [kind] = [kind for kind in KINDS if kind.kind == "kinesis"]
    [critical] = [alarm for alarm in kind.alarms if alarm.severity == "critical"]
    changed = replace(kind, alarms=(replace(critical, id="unhealthy"),))

    state = desired.build([changed], Inventory([_stream("service")]), Configuration(), settings)

    assert set(state.alarms) == {"wp/orders/kinesis:service/unhealthy"}
    assert set(state.composites) == {"wp/orders/service/unhealthy"}


@pytest.mark.parametrize(
    "name",
    ["orders-api", "cluster/service", "a b+c=d.e_f:g/h@i", "x" * LONGEST, "", "a=0123456789a", "a=0123456789ab "],
)
def test_a_name_that_a_tag_can_hold_is_its_value(name: str) -> None:
    assert resource_tag(name) == name


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("shop/$default", "shop/-default=c0"),
        ("Bücher", "B-cher="),
        ("x" * (LONGEST + 1), "x" * (LONGEST - 13) + "="),
        # or it would be the value of another name
        ("shop/-default=0123456789ab", "shop/-default=0123456789ab="),
    ],
)
def test_any_other_name_gets_a_hash(name: str, value: str) -> None:
    assert resource_tag(name).startswith(value.removesuffix("c0"))
    assert len(resource_tag(name)) <= LONGEST


NAMES = st.text(st.sampled_from("ab$ü=/0123456789"), max_size=20) | st.text(max_size=300)


@given(NAMES, NAMES)
def test_two_names_never_have_the_same_value(one: str, other: str) -> None:
    # a value may be the name of another resource
    for name in (other, resource_tag(one)):
        assert (resource_tag(one) == resource_tag(name)) == (one == name)


@given(NAMES, st.text("ab$ü/", max_size=5))
def test_what_is_not_known_covers_its_alarms_under_the_values_of_their_tags(name: str, stage: str) -> None:
    tag = resource_tag(name)

    assert Unknown("refused", "sqs", "", name).covers_alarm("sqs", tag)
    assert not Unknown("refused", "sqs", "", f"{name}y").covers_alarm("sqs", tag)
    assert not Unknown("refused", "sqs", "", name).covers_alarm("sns", tag)
    # all stages of an API
    assert Unknown("refused", "apigateway_http", "", f"{name}/").covers_alarm(
        "apigateway_http", resource_tag(f"{name}/{stage}")
    )


@pytest.mark.parametrize("length", [242, 243, 244, 255, 256, 300])
def test_the_stages_of_an_api_with_a_long_name_are_covered_too(length: int) -> None:
    gap = Unknown("refused", "apigateway_http", "", "x" * length + "/")

    assert gap.covers_alarm("apigateway_http", resource_tag("x" * length + "/prod"))
    assert not gap.covers_alarm("apigateway_http", resource_tag("y" * length + "/prod"))


def test_a_composite_alarm_stays_while_anything_of_its_service_is_not_known() -> None:
    service = "Bücher"

    assert Unknown("refused").covers_alarm("service", resource_tag(service))
    assert Unknown("refused", "sqs").covers_alarm("service", resource_tag(service))
    assert Unknown("refused", "sqs", service, "jobs").covers_alarm("service", resource_tag(service))
    assert not Unknown("refused", "sqs", "orders", "jobs").covers_alarm("service", resource_tag(service))


def test_tags_of_names_that_no_tag_holds_are_ones_that_cloudwatch_takes(settings: Settings) -> None:
    facts = {"api_id": "a1b2", "stage": "$default"}
    state = _alarms(settings, Resource("apigateway_http", "shop/$default", "bücher & co", facts))

    assert state.alarms
    for alarm in state.alarms.values():
        check_alarm({**alarm.request, "Tags": [{"Key": key, "Value": value} for key, value in alarm.tags.items()]})
        assert alarm.tags["watchpost:resource"] == resource_tag("shop/$default")
        assert alarm.tags["service"] == resource_tag("bücher & co")
        assert (alarm.resource, alarm.service) == ("shop/$default", "bücher & co")


TEXTS = st.text(st.sampled_from("ab/ü"), min_size=1, max_size=4) | st.text(min_size=1, max_size=300)


@given(st.lists(st.tuples(st.sampled_from(["kinesis", "lambda"]), TEXTS, TEXTS), unique=True, max_size=6))
def test_every_alarm_of_every_resource_has_a_name_of_its_own(resources: list[tuple[str, str, str]]) -> None:
    wanted = [
        desired._Wanted(kind, alarm, Resource(kind.kind, name, service, {}, arn=f"arn:{index}"))
        for index, (of, name, service) in enumerate(resources)
        for kind in KINDS
        if kind.kind == of
        for alarm in kind.alarms
    ]
    state = desired.Desired()

    named = desired._named(state, wanted, "wp")

    assert not state.failed
    assert len({name for name, _ in named}) == len(named) == len(wanted)
    assert all(name.isascii() and name.isprintable() and 1 <= len(name) <= 255 for name, _ in named)
