"""The alarms part of the configuration document, and whom a service belongs to."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from watchpost.configuration import AlarmOverride, AlarmRule, Alarms, Configuration, parse
from watchpost.errors import ConfigurationError

RULE: dict[str, Any] = {"alarm": "errors", "enabled": False}


def _alarms(section: dict[str, Any]) -> Alarms:
    return parse(json.dumps({"alarms": section})).alarms


def _refused(document: dict[str, Any]) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as caught:
        parse(json.dumps(document))
    return caught.value


def test_a_document_from_before_the_section_had_more_fields_means_the_same() -> None:
    found = _alarms({"lambda.errors": {"enabled": False}, "lambda.duration": {"threshold": 5000}})

    assert found == Alarms(
        {"lambda.errors": AlarmOverride(enabled=False), "lambda.duration": AlarmOverride(threshold=5000.0)}
    )
    assert (found.composite, found.monthly_budget, found.overrides) == (True, None, ())


def test_every_field_of_the_section_is_read() -> None:
    everything = {
        "kind": "lambda",
        "service": "orders*",
        "resource": "orders-api",
        "alarm": "errors",
        "enabled": True,
        "threshold": 5,
        "severity": "warning",
        "datapoints_to_alarm": 2,
        "evaluation_periods": 3,
        "reason": "accepted until the rewrite",
    }

    found = _alarms({"overrides": [everything, RULE], "composite": False, "monthly_budget": 50})

    change = AlarmOverride(True, 5.0, "warning", 2, 3, "accepted until the rewrite")  # in its order
    assert found == Alarms(
        overrides=(
            AlarmRule("lambda", "orders*", "orders-api", "errors", change),
            AlarmRule(alarm="errors", change=AlarmOverride(enabled=False)),
        ),
        composite=False,
        monthly_budget=50.0,
    )


def test_an_alarm_of_a_kind_can_be_changed_in_all_its_fields() -> None:
    change = {"severity": "critical", "datapoints_to_alarm": 1, "evaluation_periods": 1, "reason": "asked for"}

    found = _alarms({"sqs.in-flight": change}).by_name

    assert found == {"sqs.in-flight": AlarmOverride(None, None, "critical", 1, 1, "asked for")}


@pytest.mark.parametrize(
    ("section", "path"),
    [
        ({"overrides": {}}, "overrides"),
        ({"overrides": ["errors"]}, "overrides[0]"),
        ({"overrides": [RULE, {"enabled": False}]}, "overrides[1]"),
        ({"overrides": [{"alarm": "errors"}]}, "overrides[0]"),
        ({"overrides": [{"alarm": "errors", "reason": "no change"}]}, "overrides[0]"),
        ({"overrides": [RULE | {"treshold": 5}]}, "overrides[0].treshold"),
        ({"overrides": [RULE | {"alarm": ""}]}, "overrides[0].alarm"),
        ({"overrides": [RULE | {"alarm": None}]}, "overrides[0].alarm"),
        ({"overrides": [RULE | {"kind": ["lambda"]}]}, "overrides[0].kind"),
        ({"overrides": [RULE | {"resource": "r" * 513}]}, "overrides[0].resource"),
        ({"overrides": [RULE | {"enabled": "off"}]}, "overrides[0].enabled"),
        ({"overrides": [RULE | {"enabled": None}]}, "overrides[0].enabled"),
        ({"overrides": [RULE | {"threshold": "5"}]}, "overrides[0].threshold"),
        ({"overrides": [RULE | {"threshold": float("inf")}]}, "overrides[0].threshold"),
        ({"overrides": [RULE | {"severity": "info"}]}, "overrides[0].severity"),
        ({"overrides": [RULE | {"datapoints_to_alarm": 0}]}, "overrides[0].datapoints_to_alarm"),
        ({"overrides": [RULE | {"datapoints_to_alarm": 1441}]}, "overrides[0].datapoints_to_alarm"),
        ({"overrides": [RULE | {"evaluation_periods": 0}]}, "overrides[0].evaluation_periods"),
        ({"overrides": [RULE | {"evaluation_periods": 1441}]}, "overrides[0].evaluation_periods"),
        ({"overrides": [RULE | {"evaluation_periods": True}]}, "overrides[0].evaluation_periods"),
        (
            {"overrides": [RULE | {"datapoints_to_alarm": 3, "evaluation_periods": 2}]},
            "overrides[0].datapoints_to_alarm",
        ),
        ({"overrides": [RULE | {"reason": " "}]}, "overrides[0].reason"),
        ({"overrides": [RULE | {"reason": "two\nlines"}]}, "overrides[0].reason"),
        ({"overrides": [RULE | {"reason": "r" * 301}]}, "overrides[0].reason"),
        ({"overrides": [RULE] * 201}, "overrides"),
        ({"composite": "yes"}, "composite"),
        ({"composite": None}, "composite"),
        ({"monthly_budget": 0}, "monthly_budget"),
        ({"monthly_budget": -1}, "monthly_budget"),
        ({"monthly_budget": "50"}, "monthly_budget"),
        ({"monthly_budget": True}, "monthly_budget"),
        ({"monthly_budget": float("nan")}, "monthly_budget"),
        ({"monthly_budget": float("inf")}, "monthly_budget"),
        ({"overides": [RULE]}, "overides"),
        ({"lambda.errors": {"service": "orders", "enabled": False}}, "lambda.errors.service"),
        ({"lambda.errors": {"severity": "severe"}}, "lambda.errors.severity"),
    ],
)
def test_a_mistake_is_told_with_its_path_what_was_found_and_what_was_expected(
    section: dict[str, Any], path: str
) -> None:
    error = _refused({"alarms": section})

    assert error.path == f"configuration.alarms.{path}"
    assert error.found
    assert error.expected


@pytest.mark.parametrize(
    "section",
    [
        {"overrides": [RULE] * 200},
        {"overrides": [RULE | {"resource": "r" * 512}]},
        {"overrides": [RULE | {"reason": "r" * 300}]},
        {"overrides": [RULE | {"datapoints_to_alarm": 3, "evaluation_periods": 3}]},
        {"overrides": [RULE | {"evaluation_periods": 1440}]},
        {"overrides": [{"service": "*", "threshold": 0}]},
        {"monthly_budget": 0.01},
        {"monthly_budget": None},
    ],
)
def test_what_is_just_within_the_limits_is_taken(section: dict[str, Any]) -> None:
    assert _alarms(section) != Alarms() or section == {"monthly_budget": None}


def test_a_misspelt_field_of_the_section_is_told_which_fields_there_are() -> None:
    assert "overrides, composite, monthly_budget" in _refused({"alarms": {"overides": []}}).expected


def _service(**fields: Any) -> dict[str, Any]:
    return {"services": [{"log_group": "g", "name": "orders", **fields}]}


@pytest.mark.parametrize(
    "runbook",
    [
        "https://wiki.example",
        "https://wiki.example:8443/a%20b?page=1#what-to-do",
        "https://" + "w" * 492,
    ],
)
def test_a_runbook_is_an_https_address(runbook: str) -> None:
    assert parse(json.dumps(_service(runbook=runbook))).runbook_of("orders") == runbook


@pytest.mark.parametrize(
    "runbook",
    [
        "",
        "http://wiki.example",
        "HTTPS//wiki.example",
        "javascript:alert(1)",
        "https://",
        "https:///path",
        "https://user@wiki.example",
        "https://user:hunter2@wiki.example",
        "https://wiki.example:port",
        "https://[::1",
        "https://wiki.example/a b",
        "https://wiki.example/\n",
        "https://wiki.example:0",
        "https://wiki|b.example",
        "https://wiki.example\\@other.example",
        "https://wiki.example\\ü",
        "https://ü\u2024\u2024example",
        "https://ü" + "b" * 63 + ".example",
        "https://straße.example",
        "https://" + "w" * 493,
        None,
        5,
    ],
)
def test_any_other_runbook_is_refused_and_a_password_in_it_is_not_repeated(runbook: Any) -> None:
    error = _refused(_service(runbook=runbook))

    assert error.path == "configuration.services[0].runbook"
    assert "hunter2" not in str(error)


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ("https://wiki.example/Störung", "https://wiki.example/St%C3%B6rung"),
        ("https://wiki.example/運用?größe=1#a", "https://wiki.example/%E9%81%8B%E7%94%A8?gr%C3%B6%C3%9Fe=1#a"),
        ('https://wiki.example/a|b{c}^d`e\\f<g>"h', "https://wiki.example/a%7Cb%7Bc%7D%5Ed%60e%5Cf%3Cg%3E%22h"),
        ("https://wiki.example/a%20b|c", "https://wiki.example/a%20b%7Cc"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        ("https://BÜCHER.example:8443/ü", "https://xn--bcher-kva.example:8443/%C3%BC"),
        ("HTTPS://s/s?a[]=1", "https://s/s?a[]=1"),
        ("https://[2001:db8::1]:8443/{}", "https://[2001:db8::1]:8443/%7B%7D"),
    ],
)
def test_a_runbook_is_stored_as_messages_can_carry_it(given: str, stored: str) -> None:
    """What is accepted must not be missing from the messages: they carry ASCII and nothing that ends an address."""
    assert parse(json.dumps(_service(runbook=given))).runbook_of("orders") == stored


@pytest.mark.parametrize(
    ("letters", "length"), [("u" * 478, 500), ("ü" * 79 + "uuuu", 500), ("ü" * 79 + "uuuuu", 501), ("u" * 479, 501)]
)
def test_a_runbook_has_at_most_500_characters_as_given_and_as_stored(letters: str, length: int) -> None:
    document = _service(runbook=f"https://wiki.example/#{letters}")

    if length > 500:
        assert _refused(document).path == "configuration.services[0].runbook"
    else:
        assert len(parse(json.dumps(document)).runbook_of("orders") or "") == length


@given(st.text(max_size=30), st.text(max_size=60))
def test_every_runbook_is_refused_or_stored_as_an_ascii_address_that_means_the_same(host: str, path: str) -> None:
    address = f"https://wiki{host}.example/{path}"
    try:
        stored = parse(json.dumps(_service(runbook=address))).runbook_of("orders") or ""
    except ConfigurationError as error:
        assert error.path == "configuration.services[0].runbook"  # noqa: PT017  # which are wrong is generated
        return
    assert re.fullmatch(r"https://[!#-;=?-\[\]_a-z~]+", stored)
    assert urlsplit(stored).hostname
    assert parse(json.dumps(_service(runbook=stored))).runbook_of("orders") == stored
    assert unquote(stored).endswith(unquote(path))


@pytest.mark.parametrize("owner", ["t", "t" * 100, "Bücherwürmer <team@example.org>"])
def test_an_owner_is_a_line_of_text(owner: str) -> None:
    assert parse(json.dumps(_service(owner=owner))).owner_of("orders") == owner


@pytest.mark.parametrize("owner", ["", " ", "t" * 101, "a\nb", None, ["team"]])
def test_any_other_owner_is_refused(owner: Any) -> None:
    assert _refused(_service(owner=owner)).path == "configuration.services[0].owner"


def test_a_service_belongs_to_whom_the_first_of_its_rules_says() -> None:
    rules = [
        {"log_group": "a", "name": "mailing", "owner": "team-mail"},
        {"log_group": "b", "name": "orders"},
        {"log_group": "c", "name": "orders", "owner": "team-shop"},
        {"log_group": "d", "name": "orders", "owner": "team-late", "runbook": "https://wiki.example"},
    ]

    found = parse(json.dumps({"services": rules}))

    assert (found.owner_of("orders"), found.runbook_of("orders")) == ("team-shop", "https://wiki.example")
    assert (found.owner_of("mailing"), found.runbook_of("mailing")) == ("team-mail", None)
    assert (found.owner_of("unknown"), found.runbook_of("unknown")) == (None, None)


VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
FIELDS = st.sampled_from(
    ["kind", "service", "resource", "alarm", "enabled", "threshold", "severity", "evaluation_periods", "reason", "x"]
)
SECTIONS = st.fixed_dictionaries(
    {},
    optional={
        "overrides": VALUES | st.lists(VALUES | st.dictionaries(FIELDS, VALUES, max_size=4), max_size=3),
        "composite": VALUES,
        "monthly_budget": VALUES,
        "lambda.errors": VALUES | st.dictionaries(FIELDS, VALUES, max_size=3),
    },
)


@given(SECTIONS)
def test_every_section_is_either_understood_or_refused_with_its_path(section: dict[str, Any]) -> None:
    try:
        found = parse(json.dumps({"alarms": section})).alarms
    except ConfigurationError as error:
        assert error.path.startswith("configuration.alarms.")  # noqa: PT017  # which sections are wrong is generated
        return
    assert found.monthly_budget is None or 0 < found.monthly_budget < float("inf")
    for change in (*found.by_name.values(), *(rule.change for rule in found.overrides)):
        assert change.enabled in {None, True, False}
        assert change.severity in {None, "critical", "warning"}
        assert (change.datapoints_to_alarm or 1) <= (change.evaluation_periods or 1440)


def test_the_section_left_out_is_the_default() -> None:
    assert parse('{"alarms": {}}') == parse("") == Configuration()
