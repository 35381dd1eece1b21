"""What discovery knows and does not know, without any AWS."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from provisioner.describe.sqs import _policy
from provisioner.discovery import Found, Unknown, _service
from watchpost import names

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@pytest.mark.parametrize(
    ("unknown", "kind", "resource", "covered"),
    [
        (Unknown("r"), "lambda", "f", True),
        (Unknown("r", "lambda"), "lambda", "f", True),
        (Unknown("r", "lambda"), "sqs", "f", False),
        (Unknown("r", "lambda", "orders"), "lambda", "f", True),
        (Unknown("r", "lambda", "orders", "f"), "lambda", "f", True),
        (Unknown("r", "lambda", "orders", "f"), "lambda", "f/g", False),
        (Unknown("r", "lambda", "orders", "f"), "lambda", "f2", False),
        (Unknown("r", "dynamodb_index", "orders", "t/"), "dynamodb_index", "t/i", True),
        (Unknown("r", "dynamodb_index", "orders", "t/"), "dynamodb_index", "t2/i", False),
        (Unknown("r", "dynamodb_index", "orders", "t/"), "dynamodb_index", "t", False),
    ],
)
def test_what_is_unknown_covers_its_own_alarms_and_no_others(
    unknown: Unknown, kind: str, resource: str, *, covered: bool
) -> None:
    assert unknown.covers_alarm(kind, resource) is covered


@pytest.mark.parametrize(
    ("unknown", "name"),
    [
        (Unknown("r"), "discovery"),
        (Unknown("r", "lambda"), "lambda"),
        (Unknown("r", "lambda", "orders", "f"), "orders/lambda/f"),
    ],
)
def test_what_is_unknown_has_a_name_for_the_result(unknown: Unknown, name: str) -> None:
    assert unknown.name == name


def test_a_resource_has_what_its_listing_and_its_description_say() -> None:
    found = Found("sqs", "letters", "orders", "arn:x", {"team": "a"}, {"region": "eu", "fifo": False})

    resource = found.resource({"fifo": True}, "other")

    assert (resource.kind, resource.name, resource.service, resource.arn) == ("sqs", "other", "orders", "arn:x")
    assert resource.facts == {"region": "eu", "fifo": True}
    assert resource.tags == {"team": "a"}
    assert found.resource().name == "letters"


TAGS = st.dictionaries(st.sampled_from(["app", "service", "aws:cloudformation:stack-name", "team"]), st.text())


@given(TAGS)
def test_every_resource_has_a_service_or_a_reason(tags: dict[str, str]) -> None:
    service, reason = _service("q", "arn:aws:sqs:eu-west-1:123456789012:q", tags, ["app", "service"], "wp")

    named = [tags[tag] for tag in ("app", "service", "aws:cloudformation:stack-name") if tags.get(tag)]
    if tags.get("aws:cloudformation:stack-name") == "wp":
        assert (service, reason) == ("", "part of Watchpost itself")
    elif named:
        assert (service, reason) == (named[0], None)
    else:
        assert service == ""
        assert reason == "no stack, and no tag that names its service: app, service"


@pytest.mark.parametrize("component", names.COMPONENTS)
def test_the_stacks_own_functions_are_known_by_their_names(component: str) -> None:
    """Also where nobody tagged them, and no other stack's."""
    tags = {"service": "x"}
    for stack, own in (("wp", True), ("wp2", False)):
        name = f"{stack}-{component}"
        arn = f"arn:aws:lambda:eu-west-1:123456789012:function:{name}"
        assert _service(name, arn, tags, ["service"], "wp") == (names.OWN_SERVICE if own else "x", None)


@given(JSON)
def test_a_policy_is_an_object_or_none(value: object) -> None:
    assert _policy({"P": json.dumps(value)}, "P") == (value if isinstance(value, dict) else {})


@given(st.text())
def test_any_text_can_stand_where_a_policy_should(text: str) -> None:
    assert isinstance(_policy({"P": text}, "P"), dict)
    assert _policy({}, "P") == {}
