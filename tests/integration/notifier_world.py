"""A stack around the notifier: AWS as moto has it, receivers that are real servers, and time that tests set."""

from __future__ import annotations

import functools
import gzip
import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError
from moto import mock_aws
from notifier import telling
from notifier.clock import Clock
from notifier.run import Surroundings, run
from watchpost.configuration import parse
from watchpost.errors import ClusterUnavailableError
from watchpost.secrets import Secret
from watchpost.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from notifier.alarm import Sns
    from notifier.story import Story
    from watchpost.configuration import Configuration

    from tests.integration.receivers.server import FakeReceiver

REGION, ACCOUNT = "eu-west-1", "123456789012"
BEGIN = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)
NIGHT = datetime(2026, 11, 21, 22, 0, tzinfo=UTC)  # 23:00 in Berlin
MORNING = datetime(2026, 11, 22, 6, 0, tzinfo=UTC)  # 07:00 in Berlin
NIGHTS = {"from": "22:00", "to": "07:00", "timezone": "Europe/Berlin"}
ARN = f"arn:aws:sns:{REGION}:{ACCOUNT}:"
VARIABLES = {name: f"made-up-{name}" for name in Settings.__slots__} | {
    "stack": "watchpost",
    "aws_region": REGION,
    "kibana_url": "none",
    "critical_topic": f"{ARN}critical",
    "warning_topic": f"{ARN}warning",
    "fallback_topic": f"{ARN}fallback",
    "mail_topic": f"{ARN}mail",
    "dead_letter_bucket": "letters",
    "incident_table": "incidents",
    "notification_secret": "receivers",
    "config_parameter": "/watchpost/watchpost/config",
    "shipper_arn": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:watchpost-shipper:live",
}
SETTINGS = Settings(**VARIABLES)
NAME = "watchpost/orders/orders/errors-in-logs"
WHOLE = "watchpost/orders/service/unhealthy"
KEY = f"{ACCOUNT}/{REGION}/{NAME}"


def alarm(
    state: str = "ALARM", at: datetime = BEGIN, *, before: str | None = None, name: str = NAME, **more: Any
) -> str:
    """The message of an alarm that changed its state. before: the state that it had, OK before ALARM and so on."""
    composite = name.endswith("/unhealthy")
    trigger = {
        "MetricName": "LogErrors",
        "Namespace": "Watchpost",
        "Threshold": 1,
        "ComparisonOperator": "GreaterThanThreshold",
        "Period": 60,
        "Statistic": "SUM",
    }
    body = {
        "AlarmName": name,
        "AlarmArn": f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{name}",
        "AWSAccountId": ACCOUNT,
        "NewStateValue": state,
        "OldStateValue": before or ("OK" if state == "ALARM" else "ALARM"),
        "NewStateReason": "Threshold Crossed: 1 datapoint [7.0 (21/11/26 05:59:00)] was greater than 1.",
        "StateChangeTime": at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000",
        "Region": "EU (Ireland)",
        **({"AlarmRule": f'ALARM("{NAME}")'} if composite else {"Trigger": trigger}),
        **more,
    }
    return json.dumps(body)


@dataclass
class Time:
    """Time that passes only by sleeping, and when a test says so. left: seconds of the invocation."""

    at: datetime = BEGIN
    left: float = 60.0
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.left -= seconds
        self.at += timedelta(seconds=seconds)

    def clock(self) -> Clock:
        return Clock(lambda: self.left, self.sleep, lambda: self.at)


class Locked:
    """A client that does one thing at a time, as DynamoDB does with an item and moto does not.

    gone: when set, nobody answers any more.
    """

    def __init__(self, client: Any) -> None:
        self.gone = threading.Event()
        self._client = client
        self._lock = threading.RLock()

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            if self.gone.is_set():
                raise EndpointConnectionError(endpoint_url="https://dynamodb")
            with self._lock:
                return found(*args, **kwargs)

        return call if callable(found) else found


@dataclass
class World:
    """The stack. away: services of AWS that nothing answers for."""

    time: Time = field(default_factory=Time)
    configuration: dict[str, Any] = field(default_factory=dict)
    receivers: list[dict[str, Any]] = field(default_factory=list)
    away: set[str] = field(default_factory=lambda: {"cloudwatch", "lambda"})
    request_id: str = "request-1"
    tell: Callable[[Sns, telling.Around], Story] = telling.tell
    trouble: dict[str, Exception] = field(default_factory=dict)  # raised by what reads the configuration or the secret
    waits: dict[str, threading.Event] = field(default_factory=dict)  # until then it does not answer: "secret"
    asked: list[str] = field(default_factory=list)  # services in the order in which their clients were wanted
    _clients: dict[str, Any] = field(default_factory=dict)
    _messages: int = 0

    def client(self, service: str) -> Any:
        self.asked.append(service)
        if service in self.away:
            return _client(service, "http://127.0.0.1:9")
        return self._clients[service]

    def surroundings(self, clock: Clock | None = None) -> Surroundings:
        return Surroundings(
            settings=SETTINGS,
            configuration=self._configuration,
            secret=self._secret,
            lines=self._lines,
            client=self.client,
            clock=clock or self.time.clock(),
            request_id=self.request_id,
            tell=self.tell,
        )

    def message(
        self, text: str, *, severity: str = "critical", message_id: str = "", subject: str = "s"
    ) -> dict[str, Any]:
        """An event of SNS. message_id: a new one when it is not given."""
        self._messages += 1
        topic = {"critical": SETTINGS.critical_topic, "warning": SETTINGS.warning_topic}.get(severity, severity)
        sns = {"TopicArn": topic, "Subject": subject, "Message": text, "MessageId": message_id or f"m{self._messages}"}
        return {"Records": [{"Sns": sns}]}

    def deliver(self, text: str, **about: Any) -> dict[str, int]:
        """One SNS message arrives."""
        return self.run(self.message(text, **about))

    def warn(self, state: str = "ALARM", **about: Any) -> dict[str, int]:
        """A warning of an alarm that changes its state now arrives."""
        return self.deliver(alarm(state, self.time.at, **about), severity="warning")

    def run(self, event: Any, left: float = 60.0) -> dict[str, int]:
        """One invocation. left: seconds that it has."""
        self.time.left = left
        return run(event, self.surroundings())

    def deferred(self) -> dict[str, int]:
        """The schedule's invocation."""
        return self.run({"deferred": True})

    def pass_time(self, **span: float) -> datetime:
        """Let time pass, and say what time it is then."""
        self.time.at += timedelta(**span)
        return self.time.at

    def fallback(self) -> list[dict[str, Any]]:
        """What the fallback topic got: Subject and Message of each."""
        return [json.loads(message) for message in self._received("fallback")]

    def mails(self) -> list[dict[str, Any]]:
        """What the mail topic got."""
        return [json.loads(message) for message in self._received("mail")]

    def _received(self, queue: str) -> list[str]:
        sqs = self._clients["sqs"]
        url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
        found: list[str] = []
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for one in messages:
                found.append(one["Body"])
                sqs.delete_message(QueueUrl=url, ReceiptHandle=one["ReceiptHandle"])
        return found

    def letters(self) -> dict[str, Any]:
        """The objects in the dead-letter bucket by their keys."""
        s3 = self._clients["s3"]
        keys = [one["Key"] for one in s3.list_objects_v2(Bucket="letters").get("Contents", [])]
        return {
            key: json.loads(gzip.decompress(s3.get_object(Bucket="letters", Key=key)["Body"].read())) for key in keys
        }

    def items(self, beginning: str = "") -> dict[str, dict[str, Any]]:
        """The items of the table by their keys."""
        found = self._clients["dynamodb"].scan(TableName="incidents")["Items"]
        return {item["pk"]["S"]: item for item in found if item["pk"]["S"].startswith(beginning)}

    def _configuration(self) -> Configuration:
        if "configuration" in self.trouble:
            raise self.trouble["configuration"]
        return parse(json.dumps(self.configuration))

    def _secret(self) -> Secret:
        if "secret" in self.waits:
            self.waits["secret"].wait()
        if "secret" in self.trouble:
            raise self.trouble["secret"]
        return Secret("receivers", {"receivers": self.receivers})

    def _lines(self) -> Any:
        raise ClusterUnavailableError(0, "these tests have none")

    def tells(self, *receivers: FakeReceiver) -> World:
        """Make these the receivers of the stack."""
        self.receivers = [receiver.entry for receiver in receivers]
        return self


@functools.cache
def _client(service: str, url: str | None = None) -> Any:
    """A client for all tests of a process: making one takes long. url: where nobody listens, instead of moto."""
    config = Config(retries={"total_max_attempts": 1}, connect_timeout=1, read_timeout=1)
    keys = {"aws_access_key_id": "made-up", "aws_secret_access_key": "made-up"}
    return boto3.client(service, region_name=REGION, endpoint_url=url, config=config, **keys)


@contextmanager
def one_stack() -> Iterator[World]:
    """A stack in an account of its own."""
    with mock_aws():
        names = ("dynamodb", "sns", "s3", "sqs", "cloudwatch", "lambda")
        clients = {name: _client(name) for name in names}
        clients["dynamodb"].create_table(
            TableName="incidents",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        clients["s3"].create_bucket(Bucket="letters", CreateBucketConfiguration={"LocationConstraint": REGION})
        for name in ("fallback", "mail"):
            clients["sns"].create_topic(Name=name)
            queue = clients["sqs"].create_queue(QueueName=name)["QueueUrl"]
            arn = clients["sqs"].get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"][
                "QueueArn"
            ]
            clients["sns"].subscribe(TopicArn=f"{ARN}{name}", Protocol="sqs", Endpoint=arn)
        clients["dynamodb"] = Locked(clients["dynamodb"])
        yield World(_clients=clients)


@contextmanager
def one_stack_at_night() -> Iterator[World]:
    """A stack at night. `ops` is told of warnings in the morning; whoever else there is, at once."""
    with one_stack() as found:
        routes = [{"to": "ops", "quiet_hours": "nights"}, {"to": "awake"}]
        found.configuration = {"notifications": {"routes": routes, "quiet_hours": {"nights": NIGHTS}}}
        found.time.at = NIGHT
        yield found
