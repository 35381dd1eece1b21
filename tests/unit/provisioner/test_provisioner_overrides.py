"""What applies to an alarm: its definition, the configuration in its order, and the resource's tags, field by field."""

from __future__ import annotations

from typing import Any

import pytest
from provisioner import override_checks
from provisioner.inventory import Inventory, Unknown
from provisioner.overrides import Effective, Overrides
from watchpost.configuration import Alarms
from watchpost.errors import ConfigurationError

from tests.unit.provisioner.overriding import KINDS, alarms_of, by_rules, effective, one_resource


def test_without_overrides_an_alarm_is_what_its_definition_says() -> None:
    found = effective(Alarms(), one_resource())

    assert found == Effective(True, None, "warning", 1, 1)
    assert not found.sentence
    assert found.reason_against("lambda", "errors") is None


def test_each_field_is_of_the_last_that_says_it() -> None:
    alarms = alarms_of(
        **{"lambda.errors": {"threshold": 1, "severity": "critical", "evaluation_periods": 4}},
        overrides=[
            {"kind": "lambda", "threshold": 2, "datapoints_to_alarm": 2},
            {"service": "ord*", "threshold": 3, "reason": "until the rewrite"},
        ],
    )

    found = effective(alarms, one_resource(tags={"watchpost:errors": "4"}))

    assert found.threshold == 4
    assert (found.severity, found.datapoints_to_alarm, found.evaluation_periods) == ("critical", 2, 4)
    assert found.sentence == (
        "threshold 4 by the tag watchpost:errors, severity critical by alarms.lambda.errors, "
        "datapoints to alarm 2 by alarms.overrides[0], evaluation periods 4 by alarms.lambda.errors"
    )


def test_people_are_told_why_somebody_wanted_it() -> None:
    found = effective(by_rules({"alarm": "errors", "threshold": 5, "reason": "until the rewrite"}), one_resource())

    assert found.sentence == "threshold 5 by alarms.overrides[0] (until the rewrite)"


@pytest.mark.parametrize(
    ("alarms", "tags", "reason"),
    [
        (alarms_of(**{"lambda.errors": {"enabled": False}}), {}, "alarms.lambda.errors.enabled is false"),
        (by_rules({"alarm": "err*", "enabled": False}), {}, "alarms.overrides[0].enabled is false"),
        (by_rules({"alarm": "*", "enabled": False, "reason": "why"}), {}, "alarms.overrides[0].enabled is false (why)"),
    ],
)
def test_an_alarm_that_the_configuration_excludes_tells_where(
    alarms: Alarms, tags: dict[str, str], reason: str
) -> None:
    found = effective(alarms, one_resource(tags=tags))

    assert found.reason_against("lambda", "errors") == f"excluded by watchpost.yaml: {reason}"


@pytest.mark.parametrize("tag", ["watchpost:errors", "watchpost:alarms"])
@pytest.mark.parametrize("value", ["off", "OFF", " Off "])
def test_a_tag_switches_off_what_the_configuration_switched_on(tag: str, value: str) -> None:
    asked = by_rules({"alarm": "errors", "enabled": True})

    assert (
        effective(asked, one_resource(tags={tag: value})).reason_against("lambda", "errors") == f"off by the tag {tag}"
    )


def test_a_tag_of_one_alarm_leaves_the_others_alone() -> None:
    resource = one_resource(tags={"watchpost:errors": "off", "watchpost:throttles": "7"})

    assert effective(Alarms(), resource, "duration") == effective(Alarms(), one_resource(), "duration")
    assert effective(Alarms(), resource, "throttles").threshold == 7


def test_an_alarm_on_demand_is_there_only_where_somebody_switched_it_on() -> None:
    threshold_alone = by_rules({"alarm": "usage-stopped", "threshold": 5})
    switched_on = by_rules({"alarm": "usage-stopped", "enabled": True})

    reason = "only on demand: alarms.lambda.usage-stopped.enabled is not true in watchpost.yaml"
    for alarms in (Alarms(), threshold_alone):
        found = effective(alarms, one_resource(tags={"watchpost:usage-stopped": "3"}), "usage-stopped")
        assert found.reason_against("lambda", "usage-stopped") == reason
    assert effective(switched_on, one_resource(), "usage-stopped").reason_against("lambda", "usage-stopped") is None


@pytest.mark.parametrize(
    ("rule", "applies"),
    [
        ({"kind": "lambda"}, True),
        ({"kind": "lam"}, False),
        ({"kind": "LAMBDA"}, False),
        ({"service": "o?ders"}, True),
        ({"service": "order"}, False),
        ({"resource": "*-api"}, True),
        ({"resource": "api"}, False),
        ({"alarm": "[de]*"}, True),
        ({"alarm": "error"}, False),
        ({"kind": "lambda", "service": "orders", "resource": "orders-api", "alarm": "errors"}, True),
        ({"kind": "lambda", "service": "mailing"}, False),
        ({"kind": "sqs", "resource": "*"}, False),
    ],
)
def test_all_globs_that_are_given_must_match_the_whole_name(rule: dict[str, str], applies: bool) -> None:
    found = effective(by_rules(rule | {"threshold": 9}), one_resource())

    assert found.threshold == (9 if applies else None)


def test_fewer_periods_than_datapoints_take_the_datapoints_with_them() -> None:
    found = effective(by_rules({"alarm": "throttles", "evaluation_periods": 3}), one_resource(), "throttles")

    assert (found.datapoints_to_alarm, found.evaluation_periods) == (3, 3)


def test_a_threshold_for_many_alarms_leaves_those_on_a_band_as_they_are() -> None:
    found = effective(by_rules({"kind": "lambda", "threshold": 9}), one_resource(), "duration-anomaly")

    assert found.threshold is None
    assert not found.sentence


def test_an_override_for_a_service_or_resource_that_is_not_there_is_a_warning() -> None:
    overrides = Overrides(
        KINDS,
        by_rules(
            {"service": "orders", "enabled": True},
            {"service": "mailing", "enabled": True},
            {"kind": "sqs", "resource": "orders-api", "enabled": True},
            # not about any resource in particular
            {"kind": "rds", "enabled": True},
        ),
    )

    assert overrides.warnings(KINDS, Inventory([one_resource()])) == [
        "alarms.overrides[1] matches no resource that was found",
        "alarms.overrides[2] matches no resource that was found",
    ]


@pytest.mark.parametrize(("unknown", "warnings"), [("", 0), ("sqs", 0), ("rds", 1)])
def test_nothing_is_said_to_be_missing_that_may_only_be_unknown(unknown: str, warnings: int) -> None:
    overrides = Overrides(KINDS, by_rules({"kind": "sqs", "resource": "jobs", "enabled": True}))

    assert len(overrides.warnings(KINDS, Inventory(unknown=[Unknown("refused", unknown)]))) == warnings


@pytest.mark.parametrize(
    ("section", "path"),
    [
        ({"lambda.eror": {"enabled": False}}, "lambda.eror"),
        ({"lambda.duration-anomaly": {"threshold": 5}}, "lambda.duration-anomaly.threshold"),
        ({"lambda.usage-stopped": {"evaluation_periods": 289}}, "lambda.usage-stopped.evaluation_periods"),
        ({"overrides": [{"kind": "sqs", "enabled": True}, {"kind": "sq", "enabled": True}]}, "overrides[1].kind"),
        ({"overrides": [{"kind": "sqs", "alarm": "errors", "enabled": True}]}, "overrides[0].alarm"),
        ({"overrides": [{"alarm": "*-eror", "enabled": True}]}, "overrides[0].alarm"),
        ({"overrides": [{"alarm": "*-anomaly", "threshold": 5}]}, "overrides[0].threshold"),
        ({"overrides": [{"kind": "lambda", "evaluation_periods": 289}]}, "overrides[0].evaluation_periods"),
    ],
)
def test_an_override_that_means_no_alarm_is_a_wrong_configuration(section: dict[str, Any], path: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        override_checks.check(KINDS, alarms_of(**section))

    assert caught.value.path == f"configuration.alarms.{path}"
    assert caught.value.expected


@pytest.mark.parametrize(
    "section",
    [
        {"lambda.usage-stopped": {"evaluation_periods": 288}},
        {"lambda.duration-anomaly": {"enabled": True}},
        {"overrides": [{"kind": "s*", "alarm": "usage-*", "enabled": True}]},
        {"overrides": [{"alarm": "*", "threshold": 5}]},
        {"overrides": [{"service": "not-there", "threshold": 5}]},
        {"overrides": [{"alarm": "throttles", "evaluation_periods": 1440}]},
    ],
)
def test_an_override_of_alarms_that_there_are_is_right(section: dict[str, Any]) -> None:
    override_checks.check(KINDS, alarms_of(**section))
