"""Messages reach real webhooks, whatever the other webhooks do, and no URL is ever shown."""

from __future__ import annotations

import json
import logging
import socket
import ssl
import threading
import traceback
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import boto3
import pytest
import trustme
from moto import mock_aws
from notifier import handler
from notifier.delivery import BACKOFF, RESERVE, TRIES, Clock
from notifier.run import Surroundings, run
from watchpost import aws as clients
from watchpost import secrets, settings
from watchpost.errors import ConfigurationError, NotificationError, PayloadError
from watchpost.secrets import Secret
from watchpost.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

REGION = "eu-west-1"
HIDDEN = "hidden-part"
VARIABLES = {name: f"made-up-{name}" for name in Settings.__slots__} | {"stack": "watchpost", "aws_region": REGION}
SETTINGS = Settings(**VARIABLES)
ALARM = {
    "AlarmName": "watchpost/orders/orders/errors-in-logs",
    "NewStateValue": "ALARM",
    "OldStateValue": "OK",
    "NewStateReason": "Threshold Crossed: 1 datapoint [7.0 (21/11/26 05:59:00)] was greater than the threshold (1.0).",
    "StateChangeTime": "2026-11-21T06:00:00.000+0000",
    "Region": "EU (Ireland)",
    "Trigger": {"MetricName": "LogErrors", "Threshold": 1, "ComparisonOperator": "GreaterThanThreshold", "Period": 60},
}


@dataclass
class Webhooks:
    """Webhooks on this machine. answers: for a path, what it answers one after the other (the last one for good)."""

    port: int = 0
    answers: dict[str, list[tuple[int, dict[str, str]]]] = field(default_factory=dict)
    got: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    release: threading.Event = field(default_factory=threading.Event)

    def add(self, name: str, *answers: int | tuple[int, dict[str, str]]) -> dict[str, Any]:
        path = f"/{name}-{HIDDEN}"
        self.answers[path] = [answer if isinstance(answer, tuple) else (answer, {}) for answer in answers]
        return {"name": name, "url": f"http://127.0.0.1:{self.port}{path}", "allow_insecure": True}

    def of(self, name: str) -> list[dict[str, Any]]:
        return [body for path, body in self.got if path == f"/{name}-{HIDDEN}"]


class _Handler(BaseHTTPRequestHandler):
    webhooks: Webhooks

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.webhooks.got.append((self.path, body))
        answers = self.webhooks.answers[self.path]
        status, headers = answers.pop(0) if len(answers) > 1 else answers[0]
        if status == 0:  # does not answer
            self.webhooks.release.wait()
            return
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def webhooks() -> Iterator[Webhooks]:
    found = Webhooks()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"webhooks": found}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    found.port = server.server_address[1]
    yield found
    found.release.set()
    server.shutdown()
    server.server_close()
    thread.join()


@dataclass
class Time:
    """Time that passes only by sleeping."""

    left: float = 60.0
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.left -= seconds

    def clock(self) -> Clock:
        return Clock(lambda: self.left, self.sleep)


def _event(*messages: str) -> dict[str, Any]:
    topic = SETTINGS.critical_topic
    return {"Records": [{"Sns": {"TopicArn": topic, "Subject": "s", "Message": message}} for message in messages]}


def _run(hooks: list[dict[str, Any]], time: Time | None = None, event: Any = None) -> dict[str, int]:
    around = Surroundings(SETTINGS, Secret("hooks", {"webhooks": hooks}), (time or Time()).clock())
    return run(event or _event(json.dumps(ALARM)), around)


def test_every_receiver_gets_every_message(webhooks: Webhooks) -> None:
    hooks = [webhooks.add("ops", 200), webhooks.add("pager", 204)]

    result = _run(hooks, event=_event(json.dumps(ALARM), "the deploy is over"))

    assert result == {"messages": 2, "quiet": 0, "delivered": 4, "receivers": 2}
    for name in ("ops", "pager"):
        first, second = sorted(webhooks.of(name), key=lambda body: body["state"] or "z")
        assert first["text"].startswith("ALARM (critical): orders — errors in logs\nLogErrors over 1 minute was 7")
        assert second["text"].startswith("s (critical)\nthe deploy is over")


def _logged(caplog: pytest.LogCaptureFixture) -> str:
    """Every log record with all that it carries."""
    return "\n".join(str(record.__dict__) for record in caplog.records)


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        ("INSUFFICIENT_DATA", "OK", 0),
        ("INSUFFICIENT_DATA", "ALARM", 1),
        ("OK", "ALARM", 1),
        ("ALARM", "OK", 1),
        ("OK", "INSUFFICIENT_DATA", 1),
    ],
)
def test_a_new_alarm_that_gets_its_first_data_and_is_well_is_no_news(
    webhooks: Webhooks, before: str, now: str, told: int
) -> None:
    # given a change of an alarm's state
    change = json.dumps({**ALARM, "OldStateValue": before, "NewStateValue": now})

    # when it arrives
    result = _run([webhooks.add("ops", 200)], event=_event(change))

    # then people are told of it when it is news, and it is counted in any case
    assert result == {"messages": told, "quiet": 1 - told, "delivered": told, "receivers": 1}
    assert len(webhooks.of("ops")) == told


def test_without_a_receiver_the_result_and_the_log_say_so(caplog: pytest.LogCaptureFixture) -> None:
    assert _run([]) == {"messages": 1, "quiet": 0, "delivered": 0, "receivers": 0}

    [warning] = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert "no receiver" in warning.getMessage()
    assert "errors in logs" in str(warning.__dict__)  # what nobody was told


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_receiver_is_tried_again_after_a_pause(webhooks: Webhooks, status: int) -> None:
    time = Time()

    result = _run([webhooks.add("ops", status, status, 200)], time)

    assert result["delivered"] == 1
    assert time.slept == list(BACKOFF)


def test_a_receiver_that_stays_busy_is_tried_three_times_and_does_not_stop_the_others(webhooks: Webhooks) -> None:
    hooks = [webhooks.add("ops", 503), webhooks.add("pager", 200)]

    with pytest.raises(NotificationError) as caught:
        _run(hooks)

    assert (caught.value.channel, caught.value.status) == ("ops", 503)
    assert len(webhooks.of("ops")) == TRIES == 3
    assert len(webhooks.of("pager")) == 1


def test_the_error_names_every_channel_that_failed(webhooks: Webhooks) -> None:
    with pytest.raises(NotificationError) as caught:
        _run([webhooks.add("ops", 400), webhooks.add("chat", 200), webhooks.add("pager", 404)])

    assert caught.value.channel == "ops, pager"
    assert "HTTP 400" in str(caught.value)
    assert "HTTP 404" in str(caught.value)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_a_receiver_that_refuses_is_not_asked_again(webhooks: Webhooks, status: int) -> None:
    time = Time()

    with pytest.raises(NotificationError):
        _run([webhooks.add("ops", status)], time)

    assert len(webhooks.of("ops")) == 1
    assert time.slept == []


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(webhooks: Webhooks, status: int) -> None:
    target = webhooks.add("elsewhere", 200)

    with pytest.raises(NotificationError) as caught:
        _run([webhooks.add("ops", (status, {"location": target["url"]}))])

    assert caught.value.status == status
    assert webhooks.of("elsewhere") == []


def test_retry_after_is_honoured(webhooks: Webhooks) -> None:
    time = Time()

    _run([webhooks.add("ops", (429, {"retry-after": "7"}), 200)], time)

    assert time.slept == [7.0]


@pytest.mark.parametrize(("left", "tries"), [(7 + RESERVE, 1), (7.5 + RESERVE, 2)])
def test_a_pause_is_made_only_when_time_is_left_for_a_try_afterwards(
    webhooks: Webhooks, left: float, tries: int
) -> None:
    time = Time(left)
    hook = webhooks.add("ops", (429, {"retry-after": "7"}), 200)

    if tries == 1:
        with pytest.raises(NotificationError, match="no time was left"):
            _run([hook], time)
    else:
        _run([hook], time)

    assert len(webhooks.of("ops")) == tries


def test_without_time_nothing_is_sent_and_nothing_counts_as_delivered(webhooks: Webhooks) -> None:
    with pytest.raises(NotificationError, match="no time was left"):
        _run([webhooks.add("ops", 200)], Time(RESERVE))

    assert webhooks.of("ops") == []


def test_a_receiver_that_does_not_answer_is_given_up_in_time_for_the_others(webhooks: Webhooks) -> None:
    hooks = [webhooks.add("silent", 0), webhooks.add("ops", 200)]

    with pytest.raises(NotificationError) as caught:
        _run(hooks, Time(RESERVE + 0.3))

    assert caught.value.channel == "silent"
    assert "ReadTimeout" in str(caught.value)
    assert len(webhooks.of("ops")) == 1


def test_no_url_is_shown_when_nobody_listens(caplog: pytest.LogCaptureFixture) -> None:
    # given a port where nobody listens
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    hook = {"name": "ops", "url": f"http://user:{HIDDEN}@127.0.0.1:{port}/{HIDDEN}", "allow_insecure": True}
    time = Time()

    # when a message is sent, with every logger at its most talkative
    with caplog.at_level(logging.DEBUG), pytest.raises(NotificationError) as caught:
        _run([hook], time)

    # then the channel is named and its URL is nowhere
    assert caught.value.channel == "ops"
    assert caught.value.status == 0
    assert time.slept == list(BACKOFF)
    shown = "".join(traceback.format_exception(caught.value)), _logged(caplog)
    assert ["ConnectionError" in text for text in shown] == [True, True]
    assert [HIDDEN in text for text in shown] == [False, False]


def test_no_url_is_shown_when_all_goes_well(webhooks: Webhooks, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        _run([webhooks.add("ops", 200)])

    assert webhooks.of("ops")
    assert "run ended" in _logged(caplog)
    assert HIDDEN not in _logged(caplog)


def test_a_receiver_whose_certificate_nobody_vouches_for_gets_nothing(webhooks: Webhooks) -> None:
    # given a webhook with TLS of an unknown authority
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    handler_class = type("Handler", (_Handler,), {"webhooks": webhooks})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_class)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a broken handshake is what is expected
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    webhooks.add("ops", 200)
    url = f"https://127.0.0.1:{server.server_address[1]}/ops-{HIDDEN}"

    try:
        with pytest.raises(NotificationError, match="SSLError"):
            _run([{"name": "ops", "url": url}])
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

    assert webhooks.of("ops") == []


@pytest.mark.parametrize(
    "event", [None, {}, {"Records": []}, {"Records": [{}]}, {"Records": [{"Sns": {"Message": 7}}]}, {"Records": "x"}]
)
def test_an_event_that_is_not_of_sns_is_refused_before_anybody_is_told(webhooks: Webhooks, event: Any) -> None:
    around = Surroundings(SETTINGS, Secret("hooks", {"webhooks": [webhooks.add("ops", 200)]}), Time().clock())

    with pytest.raises(PayloadError):
        run(event, around)

    assert webhooks.of("ops") == []


def test_a_wrong_secret_is_told_without_its_url() -> None:
    with pytest.raises(ConfigurationError) as caught:
        _run([{"name": "ops", "url": f"http://127.0.0.1/{HIDDEN}"}])

    assert HIDDEN not in "".join(traceback.format_exception(caught.value))


@dataclass
class Context:
    """What Lambda hands to a handler."""

    function_name: str = "watchpost-notifier"
    memory_limit_in_mb: int = 256
    invoked_function_arn: str = "arn:aws:lambda:eu-west-1:123456789012:function:watchpost-notifier"
    aws_request_id: str = "request"

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


def test_the_handler_reads_the_receivers_from_the_secret(webhooks: Webhooks, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name.upper(), value)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    with mock_aws(config={"core": {"passthrough": {"urls": ["http://127.0.0.1.*"]}}}):
        settings.current.cache_clear()
        clients.secrets.cache_clear()
        secrets._kept.clear()
        content = json.dumps({"webhooks": [webhooks.add("ops", 200)]})
        manager = boto3.client("secretsmanager", region_name=REGION)
        manager.create_secret(Name=SETTINGS.notification_secret, SecretString=content)

        result = handler.lambda_handler(_event("hello"), Context())  # type: ignore[arg-type]
        # and when the webhook is changed, the next notification goes to the new one
        changed = json.dumps({"webhooks": [webhooks.add("pager", 200)]})
        manager.put_secret_value(SecretId=SETTINGS.notification_secret, SecretString=changed)
        handler.lambda_handler(_event("hello again"), Context())  # type: ignore[arg-type]

    settings.current.cache_clear()
    clients.secrets.cache_clear()
    secrets._kept.clear()
    assert result == {"messages": 1, "quiet": 0, "delivered": 1, "receivers": 1}
    assert webhooks.of("ops")[0]["severity"] == "critical"
    assert [len(webhooks.of(name)) for name in ("ops", "pager")] == [1, 1]
