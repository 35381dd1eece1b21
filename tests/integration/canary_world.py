"""A stack as far as its canary knows it: moto's AWS, a small server that answers as Elasticsearch, and a clock."""

from __future__ import annotations

import io
import json
import time
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import boto3
from canary import memory
from canary.run import Surroundings, run
from moto import mock_aws
from watchpost import dead_letters, names
from watchpost.secrets import Secret
from watchpost.settings import Settings

from tests.integration.doctor_server import Server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import pytest
    from watchpost.dead_letters import DeadLetter

REGION, ACCOUNT, STACK = "eu-west-1", "123456789012", "wp"
GROUP = names.canary_log_group(STACK)
BUCKET, TABLE, SHIPPER = "wp-dead-letters", "wp-incidents", "wp-shipper"
STREAM = f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/wp-logs"
SHIPPER_ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{SHIPPER}"
INDEX = ".ds-metrics-watchpost.line-dev.canary-2026.11.21-000001"
TEMPLATES = ("logs-watchpost.app", "logs-watchpost.platform", "metrics-watchpost.line")
LOGIN = {"username": "writer", "password": "hunter-4711"}
HITS = {"hits": {"hits": [{"_index": INDEX, "_id": "a-1"}]}}


@dataclass
class World:
    """What a run of the canary meets, all of it well; each part can be broken."""

    elasticsearch: Server
    settings: Settings
    queue: str = ""  # what the fallback topic got
    login: dict[str, Any] = field(default_factory=lambda: dict(LOGIN))
    notifications: dict[str, Any] = field(default_factory=dict)  # the secret
    arrives: bool = True  # whether the line is found
    stores: Sequence[DeadLetter] = ()  # what the shipper stores when the line comes; {id} is the line's
    answers: dict[str, Any] = field(default_factory=dict)  # of AWS by operation: a code of an error, or the answer
    asked: list[str] = field(default_factory=list)  # operations of AWS
    skew: float = 0.0  # seconds that the clock is ahead
    passed: float = 0.0  # seconds of the run that passed

    def run(self) -> dict[str, Any]:
        """One run."""
        self.passed = 0.0
        return run(self.around())

    def around(self) -> Surroundings:
        return Surroundings(
            settings=self.settings,
            client=self.client,
            elasticsearch_secret=lambda: Secret("elasticsearch", self.login),
            notification_secret=lambda: Secret("notification", self.notifications),
            now=lambda: time.time() + self.skew,
            monotonic=lambda: self.passed,
            sleep=self.sleep,
            remaining=lambda: 60 - self.passed,
        )

    def sleep(self, seconds: float) -> None:
        """Time passes; meanwhile the shipper may store something."""
        self.passed += seconds
        if self.stores:
            self._store()

    def _store(self) -> None:
        events = boto3.client("logs", REGION).filter_log_events(logGroupName=GROUP)["events"]
        line = str(events[-1]["message"]).rpartition("=")[2]
        text = json.dumps([dead_letters.fields_of(one) for one in self.stores]).replace("{id}", line)
        letters = [dead_letters.DeadLetter(**one) for one in json.loads(text)]
        dead_letters.store(boto3.client("s3", REGION), BUCKET, "request", letters)
        self.stores = ()

    def client(self, service: str) -> Any:
        """A client of moto's AWS, with the answers that a test wants."""
        return _client(service, self)

    def answer(self, model: Any, **_: Any) -> Any:
        """Answer instead of moto, None leaves it to that. As botocore's event before-call wants it."""
        self.asked.append(model.name)
        if model.name not in self.answers:
            return None
        found = self.answers[model.name]
        status, parsed = (400, {"Error": {"Code": found, "Message": "m"}}) if isinstance(found, str) else (200, found)
        return SimpleNamespace(status_code=status, headers={}), {
            **parsed,
            "ResponseMetadata": {"HTTPStatusCode": status},
        }

    def told(self) -> list[tuple[str, str]]:
        """Subject and text of what the fallback topic got since it was asked last."""
        sqs, found = boto3.client("sqs", REGION), []
        while got := sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages", []):
            for one in got:
                sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=one["ReceiptHandle"])
                body = json.loads(one["Body"])
                found.append((body["Subject"], body["Message"]))
        return found

    def lags(self) -> list[float]:
        """The values of PipelineLagSeconds."""
        now = time.time() + self.skew
        found = boto3.client("cloudwatch", REGION).get_metric_statistics(
            Namespace="Watchpost/Pipeline",
            MetricName="PipelineLagSeconds",
            Dimensions=[{"Name": "Stack", "Value": STACK}],
            StartTime=now - 3_600,
            EndTime=now + 3_600,
            Period=60,
            Statistics=["Maximum", "SampleCount"],
        )["Datapoints"]
        return [one["Maximum"] for one in found for _ in range(int(one["SampleCount"]))]

    def cluster(self, path: str, status: int, content: Any) -> None:
        """Have Elasticsearch answer otherwise. path: how it begins."""
        self.elasticsearch.answers[path] = lambda *_: (status, content)


def _client(service: str, world: World) -> Any:
    client = boto3.client(service, region_name=REGION)
    client.meta.events.register("before-call", world.answer)
    return client


@contextmanager
def opened(monkeypatch: pytest.MonkeyPatch, scope: str = "groups", delivery: str = "direct") -> Iterator[World]:
    """A stack that is well, for the length of a block."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    monkeypatch.setattr(memory, "_kept", {})  # of the process, which Lambda would have started for this stack
    config: Any = {
        "core": {"passthrough": {"urls": [r"http://127\.0\.0\.1.*"]}},
        "lambda": {"use_docker": False},
    }
    server = Server({"x-elastic-product": "Elasticsearch"})
    try:
        with mock_aws(config=config):
            yield _deployed(server, scope, delivery)
    finally:
        server.close()


def _deployed(server: Server, scope: str, delivery: str) -> World:
    topic = boto3.client("sns", REGION).create_topic(Name="fallback")["TopicArn"]
    values = dict.fromkeys(Settings.__slots__, "unused") | {
        "stack": STACK,
        "environment": "dev",
        "aws_region": REGION,
        "elasticsearch_url": server.url,
        "dead_letter_bucket": BUCKET,
        "incident_table": TABLE,
        "fallback_topic": topic,
        "shipper_arn": SHIPPER_ARN,
        "stream_arn": STREAM,
        "stream_role": "arn:aws:iam::123456789012:role/r" if delivery == "kinesis" else "none",
        "subscription_scope": scope,
    }
    world = World(server, Settings(**values))
    queue = boto3.client("sqs", REGION).create_queue(QueueName="fallback")["QueueUrl"]
    world.queue = queue
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:fallback"
    boto3.client("sns", REGION).subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    boto3.client("s3", REGION).create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    boto3.client("dynamodb", REGION).create_table(
        TableName=TABLE,
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    boto3.client("logs", REGION).create_log_group(logGroupName=GROUP)
    _function()
    destination = STREAM if delivery == "kinesis" else f"{SHIPPER_ARN}:live"
    world.answers["DescribeSubscriptionFilters"] = subscribed(destination)
    _serve(world)
    return world


def subscribed(*destinations: str) -> dict[str, Any]:
    """What CloudWatch Logs says of the filters of a log group."""
    return {"subscriptionFilters": [{"filterName": "f", "destinationArn": one} for one in destinations]}


def _function() -> None:
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("app.py", "def handler(event, context): return None")
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    role = boto3.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    boto3.client("lambda", REGION).create_function(
        FunctionName=SHIPPER, Runtime="python3.13", Handler="app.handler", Role=role, Code={"ZipFile": code.getvalue()}
    )


def _serve(world: World) -> None:
    def searched(_: Any, body: bytes) -> tuple[int, Any]:
        return 200, HITS if world.arrives and b"labels.id" in body else {}

    answers: dict[str, Callable[[Any, bytes], tuple[int, Any]]] = world.elasticsearch.answers
    answers["/metrics-watchpost.line-dev.canary/_search"] = searched
    answers[f"/{INDEX}/_doc/a-1"] = lambda *_: (200, {"result": "deleted"})
    answers["/_cluster/health"] = lambda *_: (200, {"status": "green"})
    answers["/_index_template/"] = lambda *_: (200, {"index_templates": [{"name": one} for one in TEMPLATES]})
    answers["/_cluster/state/blocks"] = lambda *_: (200, {})
