"""Settings from the environment, and the names that Watchpost gives."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from watchpost import names
from watchpost.errors import ConfigurationError
from watchpost.settings import Settings

ENVIRONMENT = {name.upper(): f"value of {name}" for name in Settings.__slots__}


def test_each_setting_is_the_variable_of_its_name() -> None:
    found = Settings.from_environment({**ENVIRONMENT, "PATH": "elsewhere"})

    assert {name: getattr(found, name) for name in Settings.__slots__} == {
        name: f"value of {name}" for name in Settings.__slots__
    }


@pytest.mark.parametrize("variable", sorted(ENVIRONMENT))
@pytest.mark.parametrize("value", [None, ""])
def test_a_missing_or_empty_variable_is_named(variable: str, value: str | None) -> None:
    environ = {name: text for name, text in ENVIRONMENT.items() if name != variable}
    environ |= {} if value is None else {variable: value}

    with pytest.raises(ConfigurationError) as caught:
        Settings.from_environment(environ)

    assert caught.value.path == variable


def test_own_log_groups_are_those_of_every_function() -> None:
    assert names.own_log_groups("s") == {f"/aws/lambda/s-{component}" for component in names.COMPONENTS}


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("app", "logs-watchpost.app-dev"),
        ("platform", "logs-watchpost.platform-dev"),
        ("line", "metrics-watchpost.line-dev"),
    ],
)
def test_each_kind_of_document_has_its_data_stream(kind: str, name: str) -> None:
    assert names.data_stream(kind, "dev") == name


@given(st.text(min_size=1))
def test_a_filters_name_is_one_that_the_api_takes_and_carries_the_service(service: str) -> None:
    name = names.subscription_filter(service)

    assert 1 <= len(name) <= 512
    assert not set(name) & set(":*")
    carried = names.service_of_filter(name)
    assert carried == service.replace(":", "-").replace("*", "-")[: 512 - len(names.FILTER_PREFIX)]


@pytest.mark.parametrize(("length", "kept"), [(494, 494), (495, 494)])
def test_a_filters_name_is_cut_at_512_characters(length: int, kept: int) -> None:
    assert names.subscription_filter("s" * length) == names.FILTER_PREFIX + "s" * kept


@pytest.mark.parametrize("name", ["", "audit", "watchpost.service=", "watchpost.service", "x watchpost.service=a"])
def test_a_foreign_filters_name_carries_no_service(name: str) -> None:
    assert names.service_of_filter(name) is None


def test_each_stack_has_its_account_policy() -> None:
    assert names.account_policy("blue") == "blue-subscriptions"
    # which is no filter that carries a service
    assert names.service_of_filter(names.account_policy("blue")) is None


def test_an_alarms_name_says_what_it_is_about() -> None:
    assert names.alarm("wp", "orders", "cluster/api", "errors") == "wp/orders/cluster/api/errors"


@pytest.mark.parametrize(("length", "kept"), [(249, 249), (250, 236)])
def test_an_alarms_name_is_cut_at_255_characters_and_says_so(length: int, kept: int) -> None:
    name = names.alarm("s", "a", "r", "i" * length)

    assert len(name) == 255
    assert name.startswith("s/a/r/" + "i" * kept)
    assert (name[-13] == ".") == (length > kept)


def test_an_alarms_name_with_a_hash_stays_what_it_is() -> None:
    """Were it another one after a release, all such alarms would be deleted and made anew."""
    assert names.alarm("wp", "bücher", "api", "errors") == "wp/b-cher/api/errors.b99ed3e7bac9"


PARTS = st.text(st.sampled_from('ab/ü"\\\n'), max_size=6) | st.text(max_size=300)
ALARM_IDS = st.sampled_from(["errors", "error-rate"])


SUBJECTS = st.tuples(PARTS, PARTS, ALARM_IDS)


@given(SUBJECTS, SUBJECTS)
def test_two_alarms_have_the_same_name_only_where_their_parts_read_the_same(
    subject: tuple[str, str, str], other_subject: tuple[str, str, str]
) -> None:
    one = names.alarm("wp", *subject)
    other = names.alarm("wp", *other_subject)

    assert 1 <= len(one) <= 255
    assert one.isascii()
    assert one.isprintable()
    # a quote could not be quoted in the rule of a composite alarm
    assert not set(one) & set('"\\')
    if "/".join(subject) != "/".join(other_subject):
        assert one != other


@given(st.text(), st.text())
def test_a_dashboards_name_is_one_that_the_api_takes(stack: str, service: str) -> None:
    name = names.dashboard(stack, service)

    assert 1 <= len(name) <= 255
    assert name.isascii()
    assert name.replace("-", "").replace("_", "").isalnum() or not name.strip("-_")
