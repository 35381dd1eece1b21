"""What no receiver takes is not lost: it goes to the fallback topic and the dead-letter bucket, and is counted."""

from __future__ import annotations

import json
import logging
import threading
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from notifier.clock import RESERVE
from watchpost.errors import ConfigurationError, NotificationError

from tests.integration.notifier_world import NAME, alarm, one_stack
from tests.integration.receivers.server import broken

if TYPE_CHECKING:
    from collections.abc import Iterator

    from notifier.alarm import Sns
    from notifier.story import Story
    from notifier.telling import Around

    from tests.integration.notifier_world import World
    from tests.integration.receivers.webhook import Webhook


@pytest.fixture
def world() -> Iterator[World]:
    with one_stack() as found:
        yield found


def _metrics(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    for line in lines:
        [directive] = line["_aws"]["CloudWatchMetrics"]
        assert (directive["Namespace"], directive["Dimensions"]) == ("Watchpost/Pipeline", [["Stack"]])
        assert {metric["Name"] for metric in directive["Metrics"]} <= line.keys()
        assert line["Stack"] == "watchpost"
    return lines


def _reasons(world: World) -> str:
    [told] = world.fallback()
    return str(told["Message"]).split("\n\n", 1)[0]


def test_what_a_receiver_does_not_take_is_published_stored_and_counted(
    world: World, ops: Webhook, capsys: pytest.CaptureFixture[str]
) -> None:
    # given a receiver that refuses
    ops.script(broken(400))

    # when an alarm rings
    result = world.tells(ops).deliver(alarm())

    # then the invocation ends well
    assert (result["delivered"], result["undelivered"]) == (0, 1)
    # a person reads the whole message and why it came this way
    [told] = world.fallback()
    assert told["Message"].startswith("Not told:\n  ops: HTTP 400")
    assert "CRITICAL: orders — errors in logs\nSum of LogErrors over 1 minute was 7" in told["Message"]
    assert told["Subject"] == "CRITICAL: orders - errors in logs"
    # a machine finds the story and what it was made of
    [(key, letter)] = world.letters().items()
    assert key == "notifications/2026/11/21/request-1.json.gz"
    [one] = letter["undelivered"]
    assert (letter["version"], letter["at"], letter["stack"]) == (1, "2026-11-21T06:00:00.000Z", "watchpost")
    assert one["receiver"] == "ops"
    assert one["story"]["notification"]["name"] == NAME
    assert json.loads(one["sns"]["message"])["AlarmName"] == NAME
    # and an alarm sees it
    [line] = _metrics(capsys)
    assert (line["NotificationsUndelivered"], line["NotificationsDelivered"]) == (1, 0)


def test_when_all_goes_well_nothing_is_published_or_stored(
    world: World, ops: Webhook, capsys: pytest.CaptureFixture[str]
) -> None:
    world.tells(ops).deliver(alarm())

    assert (world.fallback(), world.letters()) == ([], {})
    [line] = _metrics(capsys)
    assert (line["NotificationsUndelivered"], line["NotificationsDelivered"]) == (0, 1)


def test_all_that_one_invocation_could_not_tell_is_one_message_and_one_object(world: World, ops: Webhook) -> None:
    ops.script(broken(400), broken(404))
    event = world.tells(ops).message(alarm())
    event["Records"] += world.message("the deploy is over", subject="news")["Records"]

    world.run(event)

    [told] = world.fallback()
    assert told["Message"].count("Not told:") == 2
    assert "errors in logs" in told["Message"]
    assert "the deploy is over" in told["Message"]
    [letter] = world.letters().values()
    assert len(letter["undelivered"]) == 2


@pytest.mark.parametrize("away", ["sns", "s3"])
def test_one_of_topic_and_bucket_is_enough(
    world: World, ops: Webhook, away: str, caplog: pytest.LogCaptureFixture
) -> None:
    ops.script(broken(400))
    world.away.add(away)

    result = world.tells(ops).deliver(alarm())

    assert result["undelivered"] == 1
    assert (len(world.fallback()), len(world.letters())) == ((0, 1) if away == "sns" else (1, 0))
    assert any("could not be kept" in record.getMessage() for record in caplog.records)


def test_when_nobody_takes_it_the_invocation_fails_so_that_lambda_repeats_it(
    world: World, ops: Webhook, capsys: pytest.CaptureFixture[str]
) -> None:
    ops.script(broken(400))
    world.tells(ops).away |= {"sns", "s3"}

    with pytest.raises(NotificationError) as caught:
        world.deliver(alarm())

    assert caught.value.channel == "ops"
    for part in ("HTTP 400", "fallback topic", "dead-letter bucket"):
        assert part in str(caught.value)
    [line] = _metrics(capsys)
    assert line["NotificationsUndelivered"] == 1


def test_a_topic_and_a_bucket_that_are_gone_are_told_by_their_errors(world: World, ops: Webhook) -> None:
    ops.script(broken(400))
    world.tells(ops)
    world.client("sns").delete_topic(TopicArn="arn:aws:sns:eu-west-1:123456789012:fallback")
    world.client("s3").delete_bucket(Bucket="letters")

    with pytest.raises(
        NotificationError, match=r"topic did not take it: NotFound.*bucket did not take it: NoSuchBucket"
    ):
        world.deliver(alarm())


# ---------------------------------------------------------------- nobody can be told
def test_without_a_receiver_the_fallback_topic_is_told(world: World) -> None:
    result = world.deliver(alarm())

    assert (result["receivers"], result["undelivered"]) == (0, 1)
    assert "no receiver is configured" in _reasons(world)


def test_a_message_that_no_route_is_for_is_told_by_the_fallback_topic(world: World, ops: Webhook) -> None:
    world.configuration = {"notifications": {"routes": [{"service": "billing", "to": "ops"}]}}

    result = world.tells(ops).deliver(alarm())

    assert (result["delivered"], result["undelivered"]) == (0, 1)
    assert ops.requests == []
    assert "no route matches" in _reasons(world)


def test_an_unknown_receiver_in_a_route_is_told_by_the_fallback_topic_and_stops_no_other(
    world: World, ops: Webhook
) -> None:
    world.configuration = {"notifications": {"routes": [{"to": ["nobody", "ops"]}]}}

    result = world.tells(ops).deliver(alarm())

    assert (result["delivered"], result["undelivered"]) == (1, 1)
    assert _reasons(world).splitlines() == ["Not told:", "  nobody: there is no receiver of this name"]


def test_a_wrong_receiver_is_told_without_its_url_and_stops_no_other(world: World, ops: Webhook) -> None:
    world.tells(ops)
    world.receivers.insert(0, {**ops.entry, "name": "old", "url": f"ftp://127.0.0.1/{ops.secret}"})

    result = world.deliver(alarm())

    assert (result["delivered"], result["undelivered"]) == (1, 1)
    reason = _reasons(world)
    assert "unusable receiver 1: secret receivers: receivers[0].url" in reason
    assert ops.secret not in reason


def test_a_route_to_a_receiver_that_is_wrong_says_why_there_is_none(world: World, ops: Webhook) -> None:
    world.configuration = {"notifications": {"routes": [{"to": "ops"}]}}
    world.receivers = [{**ops.entry, "url": 7}]

    world.deliver(alarm())

    assert "ops: there is no receiver of this name; secret receivers: receivers[0].url" in _reasons(world)


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        (
            ConfigurationError("secret receivers", "text that is not a JSON object", "a JSON object"),
            "not a JSON object",
        ),
        (
            ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "GetSecretValue"),
            "AccessDeniedException",
        ),
    ],
)
def test_a_secret_that_cannot_be_read_is_no_reason_to_lose_a_message(
    world: World, trouble: Exception, reason: str
) -> None:
    world.trouble["secret"] = trouble

    result = world.deliver(alarm())

    assert result["undelivered"] == 1
    [told] = world.fallback()
    assert reason in told["Message"]
    assert "orders — errors in logs" in told["Message"]


def test_a_secret_that_does_not_come_leaves_time_for_the_fallback_topic(world: World) -> None:
    release = threading.Event()
    world.waits["secret"] = release

    result = world.run(world.message(alarm()), RESERVE + 1)

    release.set()
    assert result["undelivered"] == 1
    assert "was not read in time" in _reasons(world)


@pytest.mark.parametrize(
    "trouble",
    [
        ConfigurationError("configuration.logs", "7", "an object"),
        ClientError({"Error": {"Code": "ParameterNotFound", "Message": "no"}}, "GetParameter"),
    ],
)
def test_without_a_configuration_everybody_is_told(
    world: World, ops: Webhook, trouble: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    world.trouble["configuration"] = trouble

    assert world.tells(ops).deliver(alarm())["delivered"] == 1
    assert any("no configuration" in record.getMessage() for record in caplog.records)


def test_a_story_that_cannot_be_made_is_told_as_its_message_is(world: World, ops: Webhook) -> None:
    def fail(sns: Sns, around: Around) -> Story:
        raise RuntimeError("a mistake of ours")

    world.tell = fail

    assert world.tells(ops).deliver(alarm())["delivered"] == 1
    assert (ops.messages[0]["title"], ops.messages[0]["severity"]) == ("orders — errors in logs", "critical")
    assert "Threshold Crossed" in ops.messages[0]["reason"]


def test_nothing_secret_is_in_the_log_of_a_failure(
    world: World, ops: Webhook, caplog: pytest.LogCaptureFixture
) -> None:
    ops.script(broken(400, b"no such webhook " + ops.secret.encode()))
    with caplog.at_level(logging.DEBUG):
        world.tells(ops).deliver(alarm())

    logged = "\n".join(str(record.__dict__) for record in caplog.records)
    assert "a receiver was not told" in logged
    for text in (logged, json.dumps(world.fallback()), json.dumps(world.letters())):
        assert ops.secret not in text


def test_a_receiver_of_mail_is_told_by_sns(world: World) -> None:
    world.receivers = [{"name": "team", "type": "email"}]

    assert world.deliver(alarm())["delivered"] == 1

    [told] = world.mails()
    assert "errors in logs" in told["Subject"]
    assert world.fallback() == []


def test_mail_that_sns_does_not_take_goes_to_the_fallback_topic(world: World) -> None:
    world.receivers = [{"name": "team", "type": "email"}]
    world.client("sns").delete_topic(TopicArn="arn:aws:sns:eu-west-1:123456789012:mail")

    world.deliver(alarm())

    assert "team: SNS: NotFound" in _reasons(world)
    assert world.time.slept == []
