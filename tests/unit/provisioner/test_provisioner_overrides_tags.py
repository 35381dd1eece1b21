"""What people write into tags and overrides never raises, and what cannot be understood is told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from provisioner.inventory import Inventory
from provisioner.overrides import FIELDS, OFF, Overrides
from watchpost.configuration import AlarmOverride, AlarmRule, Alarms

from tests.unit.provisioner.overriding import BY_KIND, KINDS, effective, one_resource


@pytest.mark.parametrize("value", ["5", "+5.0", "5e0", " 5 ", ".5e1", "5."])
def test_a_number_in_a_tag_is_a_threshold(value: str) -> None:
    assert effective(Alarms(), one_resource(tags={"watchpost:errors": value})).threshold == 5


@pytest.mark.parametrize(
    "value", ["", "five", "nan", "inf", "-inf", "1_0", "5 %", "\u0665", "0x5", "1e999", "on", "true"]
)
def test_any_other_value_of_a_tag_is_told_and_ignored(value: str) -> None:
    resource = one_resource(tags={"watchpost:errors": value})

    assert effective(Alarms(), resource) == effective(Alarms(), one_resource())
    [warning] = Overrides(KINDS, Alarms()).warnings(KINDS, Inventory([resource]))
    told = f"has the value {value!r}, expected off or a number, it is ignored"
    assert warning == f"orders/orders-api: the tag 'watchpost:errors' {told}"


@pytest.mark.parametrize(
    ("tag", "value", "told"),
    [
        ("watchpost:alarms", "5", "has the value '5', expected off"),
        ("watchpost:eror", "off", "names no alarm of any kind"),
        ("watchpost:", "off", "names no alarm of any kind"),
        ("watchpost:duration-anomaly", "5", "expected off: this alarm follows a band"),
        # of another kind only: a stack's tags reach all its resources
        ("watchpost:oldest-message", "5", None),
        ("watchpost:duration-anomaly", "off", None),
        ("watchpost:alarms", "off", None),
        ("watchpost:stack", "wp", None),
        ("watchpost:kind", "x", None),
        ("watchpost:resource", "x", None),
        ("errors", "five", None),
        ("Watchpost:errors", "five", None),
    ],
)
def test_people_are_told_of_tags_that_cannot_be_understood(tag: str, value: str, told: str | None) -> None:
    warnings = Overrides(KINDS, Alarms()).warnings(KINDS, Inventory([one_resource(tags={tag: value})]))

    assert len(warnings) == (told is not None)
    assert (told or "") in "".join(warnings)


def test_a_resource_that_discovery_sees_as_several_is_told_of_once() -> None:
    twice = [one_resource(tags={"watchpost:eror": "off"})] * 2

    assert len(Overrides(KINDS, Alarms()).warnings(KINDS, Inventory(twice))) == 1


GLOBS = st.none() | st.sampled_from(["*", "orders*", "lambda", "errors", "[!o]*", "nothing"]) | st.text(max_size=6)
CHANGES = st.builds(
    AlarmOverride,
    enabled=st.none() | st.booleans(),
    threshold=st.none() | st.floats(allow_nan=False, allow_infinity=False),
    severity=st.none() | st.sampled_from(["critical", "warning"]),
    datapoints_to_alarm=st.none() | st.integers(1, 5),
    evaluation_periods=st.none() | st.integers(5, 9),
)
RULES = st.lists(st.builds(AlarmRule, GLOBS, GLOBS, GLOBS, GLOBS, CHANGES), max_size=6)
TAG_VALUES = st.sampled_from(["off", "5", "-1.5e3", "five", ""]) | st.text(max_size=20)
TAG_KEYS = st.sampled_from(["watchpost:alarms", "watchpost:errors", "watchpost:eror", "service"]) | st.text(max_size=20)
TAGS = st.dictionaries(TAG_KEYS, TAG_VALUES, max_size=5)


@given(RULES, TAGS, st.text(max_size=20), st.text(max_size=20))
def test_nothing_that_people_write_raises_or_leaves_an_alarm_undefined(
    rules: list[AlarmRule], tags: dict[str, str], service: str, name: str
) -> None:
    resource = one_resource(tags=tags, service=service, name=name)
    overrides = Overrides(KINDS, Alarms(overrides=tuple(rules)))

    warnings = overrides.warnings(KINDS, Inventory([resource]))

    assert len(set(warnings)) == len(warnings)
    for alarm in BY_KIND["lambda"].alarms:
        found = overrides.of(BY_KIND["lambda"], alarm, resource)
        assert 1 <= found.datapoints_to_alarm <= found.evaluation_periods
        assert found.severity in {"critical", "warning"}
        assert (found.reason_against("lambda", alarm.id) is None) == found.enabled
        assert bool(found.sentence) == bool(found.said)


@given(st.lists(CHANGES, max_size=6))
def test_of_what_several_say_the_last_counts_field_by_field(changes: list[AlarmOverride]) -> None:
    found = effective(Alarms(overrides=tuple(AlarmRule(alarm="errors", change=one) for one in changes)), one_resource())

    for field in FIELDS:
        said = [(index, getattr(one, field)) for index, one in enumerate(changes) if getattr(one, field) is not None]
        if not said:
            assert field not in found.said
            continue
        index, value = said[-1]
        assert found.said[field].place == f"alarms.overrides[{index}]"
        assert getattr(found, field) == value or field == "datapoints_to_alarm"


ALL_SAID = st.builds(
    AlarmOverride,
    st.booleans(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["critical", "warning"]),
    st.integers(1, 5),
    st.integers(5, 9),
)


@given(RULES, ALL_SAID)
def test_what_comes_first_never_matters_where_the_last_says_all(rules: list[AlarmRule], last: AlarmOverride) -> None:
    alone = Alarms(overrides=(AlarmRule(alarm="errors", change=last),))
    after = Alarms({"lambda.errors": AlarmOverride(enabled=False)}, (*rules, *alone.overrides))

    for field in FIELDS:
        assert getattr(effective(after, one_resource()), field) == getattr(effective(alone, one_resource()), field)


@given(RULES, st.floats(allow_nan=False, allow_infinity=False))
def test_tags_win_over_whatever_the_configuration_says(rules: list[AlarmRule], threshold: float) -> None:
    alarms = Alarms(overrides=tuple(rules))

    number = effective(alarms, one_resource(tags={"watchpost:errors": repr(threshold)}))
    none = effective(alarms, one_resource(tags={"watchpost:errors": "1", "watchpost:alarms": OFF}))

    assert number.threshold == threshold
    assert number.enabled == effective(alarms, one_resource()).enabled
    assert none.reason_against("lambda", "errors") == "off by the tag watchpost:alarms"
