"""A service's critical alarms page as one, within what CloudWatch takes."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from provisioner import composites
from provisioner.composites import Composite, Health

from tests.unit.provisioner.limits import check_composite

if TYPE_CHECKING:
    from collections.abc import Sequence

    from watchpost.settings import Settings

MAIN = "wp/orders/service/unhealthy"


def _checked(settings: Settings, health: Health) -> dict[str, Composite]:
    """What is built, every request checked, children before those that watch them, and only the last one pages."""
    made = composites.build(health, settings)
    done: set[str] = set()
    for name, composite in made.items():
        tags = [{"Key": key, "Value": value} for key, value in composite.tags.items()]
        check_composite({**composite.request, "Tags": tags})
        assert composite.request["AlarmName"] == name
        assert composites.children_of(composite.request["AlarmRule"]) == composite.children
        assert {child for child in composite.children if child in made} <= done
        done.add(name)
    paging = [name for name, composite in made.items() if composite.request["AlarmActions"]]
    assert paging == list(made)[-1:]
    assert composites.count(settings.stack, health.service, health.children) == len(made)
    return made


def _names(number: int, length: int = 30) -> list[str]:
    return [f"wp/orders/{index:05}".ljust(length, "x") for index in range(number)]


def test_a_service_is_unhealthy_when_any_of_its_critical_alarms_rings(settings: Settings) -> None:
    made = _checked(settings, Health("orders", ("wp/orders/b/errors", "wp/orders/a b/(errors)")))

    assert list(made) == [MAIN]
    assert made[MAIN].request == {
        "AlarmName": MAIN,
        "AlarmDescription": "orders is unhealthy: at least one of its critical alarms rings.\n"
        "Runbook: see which of its alarms rings; its description says what to do first.",
        "ActionsEnabled": True,
        "AlarmActions": [settings.critical_topic],
        "OKActions": [settings.critical_topic],
        "AlarmRule": 'ALARM("wp/orders/a b/(errors)") OR ALARM("wp/orders/b/errors")',
    }
    assert made[MAIN].tags == {
        "watchpost:stack": "wp",
        "service": "orders",
        "watchpost:kind": "service",
        "watchpost:resource": "orders",
    }


def test_a_service_without_critical_alarms_has_none(settings: Settings) -> None:
    assert _checked(settings, Health("orders", ())) == {}


def test_it_says_whose_the_service_is_and_where_its_runbook_lies(settings: Settings) -> None:
    made = _checked(settings, Health("orders", ("a",), "team-shop", "https://wiki.example/orders"))

    description = made[MAIN].request["AlarmDescription"]
    assert description.endswith("Owner: team-shop\nRunbook: https://wiki.example/orders")


def test_the_longest_of_everything_fits_into_a_description(settings: Settings) -> None:
    made = _checked(settings, Health("ö" * 512, ("a",), "o" * 100, "https://" + "r" * 492))

    [composite] = made.values()
    assert composite.request["AlarmDescription"].endswith("r" * 492)


def test_a_hundred_alarms_are_watched_by_one(settings: Settings) -> None:
    assert [len(one.children) for one in _checked(settings, Health("orders", tuple(_names(100)))).values()] == [100]


def test_more_than_a_hundred_alarms_are_watched_in_parts_that_tell_nobody(settings: Settings) -> None:
    made = _checked(settings, Health("orders", tuple(_names(101))))

    assert {name: len(one.children) for name, one in made.items()} == {f"{MAIN}-1": 100, f"{MAIN}-2": 1, MAIN: 2}
    assert made[MAIN].children == (f"{MAIN}-1", f"{MAIN}-2")
    for part in (f"{MAIN}-1", f"{MAIN}-2"):
        assert made[part].request["AlarmActions"] == made[part].request["OKActions"] == []
        assert MAIN in made[part].request["AlarmDescription"]


def test_a_rule_is_as_long_as_it_may_be_and_not_longer(settings: Settings) -> None:
    """40 names of 243 characters make a rule of 10,236 characters, four of them longer by one fill it."""
    fitting = [name + "y" * (index < 4) for index, name in enumerate(_names(40, 243))]
    [whole] = _checked(settings, Health("orders", tuple(fitting))).values()

    too_long = [*fitting[:-1], fitting[-1] + "y"]

    assert len(whole.request["AlarmRule"]) == 10_240
    assert len(_checked(settings, Health("orders", tuple(too_long)))) == 3


def test_thousands_of_alarms_are_watched_in_several_levels(settings: Settings) -> None:
    service = "s" * 230
    children = _names(4_000, 255)

    made = _checked(settings, Health(service, tuple(children)))

    assert composites.watched(made) == set(children)
    assert len(made) > 100


def test_the_order_and_repetition_of_children_do_not_matter(settings: Settings) -> None:
    children = _names(250)
    shuffled = random.Random(7).sample(children, len(children)) + children[:3]  # noqa: S311  # no secret

    assert composites.build(Health("orders", tuple(shuffled)), settings) == composites.build(
        Health("orders", tuple(children)), settings
    )


@pytest.mark.parametrize("name", ['wp/a"b/c', "wp/a\\b/c", "wp/a\nb"])
def test_what_no_rule_can_quote_is_not_watched(settings: Settings, name: str) -> None:
    made = _checked(settings, Health("orders", (name, "wp/fine")))

    assert composites.watched(made) == {"wp/fine"}
    assert _checked(settings, Health("orders", (name,))) == {}


@pytest.mark.parametrize("rule", ["", "TRUE", "ALARM(unquoted)", 'OK("a")'])
def test_a_foreign_rule_has_no_children_that_ours_would_have(rule: str) -> None:
    assert composites.children_of(rule) == ()


@pytest.mark.parametrize(
    ("name", "is_one"),
    [(MAIN, True), (f"{MAIN}-2", True), ("wp/orders/service/errors", False), ("wp/orders/api/unhealthy-hosts", False)],
)
def test_names_of_composite_alarms_are_known(name: str, is_one: bool) -> None:
    assert composites.is_name(name) == is_one


SERVICES = st.text(min_size=1, max_size=300)
ALARM_NAMES = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=255)


@given(SERVICES, st.lists(ALARM_NAMES, max_size=150), st.none() | st.text(max_size=100))
def test_every_service_and_every_alarm_leads_to_requests_that_cloudwatch_takes(
    service: str, children: list[str], owner: str | None
) -> None:
    made = _checked(_settings(), Health(service, tuple(children), owner))

    assert composites.watched(made) == {name for name in children if not set(name) & set('"\\')}


@given(st.lists(ALARM_NAMES, max_size=120, unique=True), st.data())
def test_fewer_children_never_need_more_composite_alarms(children: Sequence[str], data: Any) -> None:
    """The budget relies on it: whatever is left out makes the rest cheaper."""
    fewer = data.draw(st.lists(st.sampled_from(children), unique=True)) if children else []

    assert composites.count("wp", "orders", fewer) <= composites.count("wp", "orders", children)


def _settings() -> Any:
    from watchpost.settings import Settings  # noqa: PLC0415  # the fixture cannot be used beside generated values

    values = Settings(**dict.fromkeys(Settings.__slots__, "x"))
    return replace(values, stack="wp", critical_topic="arn:aws:sns:eu-west-1:123456789012:critical")
