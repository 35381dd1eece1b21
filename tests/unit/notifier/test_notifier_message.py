"""What receivers get to see."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from notifier.alarm import Metric, Notification, Sns, parse
from notifier.message import TEXT, build, severity_of
from watchpost.settings import Settings

SETTINGS = Settings(
    stack="watchpost",
    environment="test",
    aws_region="eu-west-1",
    elasticsearch_url="https://elasticsearch.example.com:9200",
    elasticsearch_compression="none",
    elasticsearch_secret="arn:aws:secretsmanager:eu-west-1:123456789012:secret:es",
    notification_secret="arn:aws:secretsmanager:eu-west-1:123456789012:secret:hooks",
    config_parameter="/watchpost/watchpost/config",
    kibana_url="none",
    metric_namespace="Watchpost",
    dead_letter_bucket="letters",
    critical_topic="arn:aws:sns:eu-west-1:123456789012:critical",
    warning_topic="arn:aws:sns:eu-west-1:123456789012:warning",
    shipper_arn="arn:aws:lambda:eu-west-1:123456789012:function:watchpost-shipper",
    stream_arn="arn:aws:kinesis:eu-west-1:123456789012:stream/logs",
    stream_role="none",
    ledger_table="watchpost-subscriptions",
    subscription_scope="groups",
)
FIELDS = {
    *("version", "text", "title", "state", "previous_state", "severity", "service", "resource", "alarm", "alarm_name"),
    *("reason", "description", "metric", "threshold", "since", "account", "region", "links"),
}
METRIC = Metric("Watchpost", "LogErrors", "Sum", 60, 1, "GreaterThanOrEqualToThreshold", {"Service": "orders"}, None, 7)
ALARM = Notification(
    title="orders-worker — errors in logs",
    reason="Threshold Crossed: 1 datapoint [7.0] was …",
    state="ALARM",
    previous_state="OK",
    name="watchpost/orders-worker/orders-worker/errors-in-logs",
    description="Look at the log.",
    service="orders-worker",
    resource="orders-worker",
    alarm="errors-in-logs",
    metric=METRIC,
    threshold=1.0,
    since=datetime(2026, 11, 21, 6, 0, tzinfo=UTC),
    account="123456789012",
    region="eu-west-1",
)


def _with(notification: Notification, **changes: Any) -> Notification:
    values = {name: getattr(notification, name) for name in Notification.__slots__}
    return Notification(**{**values, **changes})


def _metric(**changes: Any) -> Metric:
    return Metric(**{**{name: getattr(METRIC, name) for name in Metric.__slots__}, **changes})


def _wording(notification: Notification) -> str:
    return str(build(notification, "critical", SETTINGS)["text"]).splitlines()[1]


def test_the_text_reads_as_a_person_wants_it() -> None:
    text = build(ALARM, "critical", SETTINGS)["text"]

    assert text.splitlines() == [
        "ALARM (critical): orders-worker — errors in logs",
        "Sum of LogErrors over 1 minute was 7, the alarm is at 1 or more.",
        "Look at the log.",
        "since 2026-11-21 06:00:00 UTC, account 123456789012, eu-west-1",
        "https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#alarmsV2:alarm/"
        "watchpost%2Forders-worker%2Forders-worker%2Ferrors-in-logs",
    ]


def test_every_field_is_there_for_machines() -> None:
    message = build(ALARM, "critical", SETTINGS)

    assert set(message) == FIELDS
    assert message["since"] == "2026-11-21T06:00:00Z"
    assert message["metric"]["period_seconds"] == 60
    assert message["links"]["dashboard"].endswith("#dashboards/dashboard/watchpost-orders-worker")


def test_a_plain_message_has_the_same_fields_and_says_its_text_once() -> None:
    message = build(Notification("the deploy is over", "the deploy is over"), "warning", SETTINGS)

    assert set(message) == FIELDS
    assert message["text"] == "the deploy is over (warning)\neu-west-1"
    assert message["links"] == {"alarm": None, "dashboard": None}
    assert message["state"] is None


def test_that_all_is_well_again_is_not_called_critical() -> None:
    text = build(_with(ALARM, state="OK"), "critical", SETTINGS)["text"]

    assert text.startswith("OK: orders-worker")


@pytest.mark.parametrize(
    ("comparison", "words"),
    [
        ("GreaterThanOrEqualToThreshold", "1 or more"),
        ("GreaterThanThreshold", "more than 1"),
        ("LessThanThreshold", "less than 1"),
        ("LessThanOrEqualToThreshold", "1 or less"),
    ],
)
def test_each_comparison_has_its_words(comparison: str, words: str) -> None:
    assert _wording(_with(ALARM, metric=_metric(comparison=comparison))).endswith(f"the alarm is at {words}.")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(10, "10 seconds"), (60, "1 minute"), (90, "90 seconds"), (300, "5 minutes"), (3600, "1 hour"), (86400, "1 day")],
)
def test_a_period_is_told_in_its_largest_unit(seconds: float, words: str) -> None:
    assert f" over {words} was " in _wording(_with(ALARM, metric=_metric(period=seconds)))


@pytest.mark.parametrize("seconds", [None, 0, -60, 0.5])
def test_a_period_that_is_none_is_left_out(seconds: float | None) -> None:
    assert _wording(_with(ALARM, metric=_metric(period=seconds))).startswith("Sum of LogErrors was 7")


def test_without_a_value_cloudwatchs_own_words_follow_the_limit() -> None:
    wording = _wording(_with(ALARM, metric=_metric(value=None), reason="no datapoints were received"))

    assert wording == "Sum of LogErrors over 1 minute: the alarm is at 1 or more. no datapoints were received"


@pytest.mark.parametrize("metric", [None, _metric(comparison="LessThanLowerOrGreaterThanUpperThreshold")])
def test_where_no_limit_can_be_told_cloudwatchs_own_words_are_used(metric: Metric | None) -> None:
    assert _wording(_with(ALARM, metric=metric, reason="outside the band")) == "outside the band"


def test_a_mention_in_a_chat_is_only_text() -> None:
    text = build(_with(ALARM, description="<!channel> & <https://x|y>"), "critical", SETTINGS)["text"]

    assert "&lt;!channel&gt; &amp; &lt;https://x|y&gt;" in text


@pytest.mark.parametrize(("extra", "cut"), [(0, False), (1, True)])
def test_a_long_text_is_cut_in_its_middle_at_the_limit_and_keeps_its_link(extra: int, cut: bool) -> None:
    # given a text that is as long as it may be, and one that is a character longer
    bare = _with(ALARM, metric=None, description="")
    fixed = len(build(_with(bare, reason="x"), "critical", SETTINGS)["text"]) - 1
    message = build(_with(bare, reason="x" * (TEXT - fixed + 2 + extra)), "critical", SETTINGS)

    assert ("…" in message["text"]) == cut
    assert message["text"].endswith("errors-in-logs")
    assert len(message["text"]) <= TEXT + 2  # and the line breaks between its parts


def test_a_very_long_name_leaves_room_for_what_is_wrong() -> None:
    text = build(_with(ALARM, name="🔥" * 255), "critical", SETTINGS)["text"]

    assert "Sum of LogErrors" in text
    assert text.endswith("%F0%9F%94%A5")


@pytest.mark.parametrize(
    ("topic", "severity"),
    [(SETTINGS.critical_topic, "critical"), (SETTINGS.warning_topic, "warning"), ("arn:other", "unknown")],
)
def test_the_topic_says_how_bad_it_is(topic: str, severity: str) -> None:
    assert severity_of(topic, SETTINGS) == severity


HOSTILE = st.text(alphabet=st.sampled_from("\x1b[]0;m\x07\x9d\n\u202e\ud800<>&!@é🔥/%#?\"'"), max_size=60) | st.text()
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | HOSTILE,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(HOSTILE, inner, max_size=4),
    max_leaves=8,
)
TRIGGER = st.fixed_dictionaries(
    {},
    optional={
        "MetricName": HOSTILE,
        "Namespace": HOSTILE,
        "Statistic": VALUES,
        "Period": VALUES,
        "Threshold": VALUES,
        "ComparisonOperator": st.sampled_from(["GreaterThanThreshold", "x"]) | VALUES,
        "Dimensions": VALUES | st.lists(st.dictionaries(st.sampled_from(["name", "Name", "value"]), VALUES)),
        "Metrics": VALUES | st.lists(st.fixed_dictionaries({"MetricStat": VALUES, "Expression": VALUES})),
    },
)
ALARMS = st.fixed_dictionaries(
    {"AlarmName": HOSTILE | st.just("watchpost/a/b/c"), "NewStateValue": HOSTILE | st.just("ALARM")},
    optional={
        "NewStateReason": VALUES,
        "AlarmDescription": VALUES,
        "Region": VALUES,
        "AlarmArn": VALUES,
        "AWSAccountId": VALUES,
        "StateChangeTime": VALUES,
        "OldStateValue": VALUES,
        "Trigger": TRIGGER | VALUES,
    },
)


def _texts(value: Any) -> list[str]:
    """Every text in a message, the names of dimensions included."""
    if isinstance(value, dict):
        return [text for pair in value.items() for part in pair for text in _texts(part)]
    return [value] if isinstance(value, str) else []


@given(ALARMS.map(json.dumps) | HOSTILE, HOSTILE)
def test_whatever_arrives_leaves_as_strict_json_with_escaped_text(message: str, subject: str) -> None:
    built = build(parse(Sns("arn:x", message, subject), "watchpost"), "warning", SETTINGS)

    sent = json.dumps(built, allow_nan=False)
    assert json.loads(sent) == built
    assert set(built) == FIELDS
    assert not re.search(r"[<>]|&(?!(?:amp|lt|gt);)", built["text"])
    hidden = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e]")
    assert [text for text in _texts(built) if hidden.search(text)] == []
    alarm = built["links"]["alarm"]
    assert alarm is None or re.fullmatch(r"https://eu-west-1\.[\w./?=-]+#alarmsV2:alarm/[\w.~%-]+", alarm)
