"""The template gives the canary what its code counts on, and no more."""

from __future__ import annotations

import re

from canary import run
from canary.line import LEFT_OVER
from canary.memory import KEY
from watchpost import names

from tests.unit.template import number, resource


def test_a_run_ends_before_the_next_one_begins_and_has_time_to_tell() -> None:
    timeout = number("CanaryFunction", "Timeout")

    assert "rate(1 minute)" in resource("CanaryFunction")
    assert timeout <= 60
    assert timeout - run.RESERVE > run.LATE > run.EARLY
    assert timeout < LEFT_OVER


def test_its_log_group_is_subscribed_as_any_services() -> None:
    lines = resource("CanaryLines")

    assert names.canary_log_group("${AWS::StackName}") in lines
    assert "RetentionInDays: 1\n" in lines
    assert names.OWNER_TAG not in lines
    assert "own-tags" not in lines
    assert "Canary: !Ref CanaryLines" in resource("Subscriptions")


def test_no_data_is_as_bad_as_a_long_lag_and_reaches_who_is_told_of_critical_alarms() -> None:
    alarm = resource("PipelineLagAlarm")

    assert f"Namespace: {names.PIPELINE_NAMESPACE}\n" in alarm
    assert f"MetricName: {run.LAG}\n" in alarm
    assert "TreatMissingData: breaching" in alarm
    assert "AlarmActions: [!Ref CriticalTopic]" in alarm
    assert "Condition: CanaryOn" in alarm


def test_what_is_switched_off_sends_nothing() -> None:
    assert "State: !If [CanaryOn, ENABLED, DISABLED]" in resource("CanaryFunction")


def test_it_remembers_its_own_item_only() -> None:
    assert re.search(rf"dynamodb:LeadingKeys: \[{KEY}\]", resource("CanaryRole"))


def test_a_failed_run_becomes_no_dead_letter() -> None:
    assert "MaximumRetryAttempts: 0" in resource("CanaryFunction")
    assert "OnFailure" not in resource("CanaryFunction")
