"""A deployed stack with its canary, and everything around that it works with and that can be broken."""

from __future__ import annotations

import base64
import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from watchpost import names

from local import emulator
from tests.acceptance.helpers import subscription_event
from tests.acceptance.region import Region
from tests.acceptance.relay import Relay

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local.account import Account

HEARTBEAT = "/ping/8d5c1c1e-secret-path"


@dataclass
class World:
    """The stack, and what is outside of it."""

    stack: Region
    relay: Relay
    environment: str
    login: dict[str, str]  # of Elasticsearch
    pings: list[str] = field(default_factory=list)  # paths that the receiver of heartbeats was asked for
    queues: dict[str, str] = field(default_factory=dict)  # URL of the queue that gets what a topic gets

    @property
    def account(self) -> Account:
        return self.stack.account

    @property
    def data_stream(self) -> str:
        return names.data_stream("line", names.canary_namespace(self.environment))

    def client(self, service: str) -> Any:
        return self.account.client(service, self.stack.region)

    def run(self) -> dict[str, Any]:
        """One run of the canary."""
        return dict(self.account.invoke(self.stack.outputs["CanaryFunction"], {}, self.stack.region))

    def messages(self, topic: str) -> list[dict[str, Any]]:
        """What a topic got since it was asked last."""
        sqs, found = self.client("sqs"), []
        while got := sqs.receive_message(QueueUrl=self.queues[topic], MaxNumberOfMessages=10).get("Messages", []):
            for one in got:
                sqs.delete_message(QueueUrl=self.queues[topic], ReceiptHandle=one["ReceiptHandle"])
                found.append(json.loads(one["Body"]))
        return found

    def documents(self, pattern: str) -> int:
        """How many of the canary's lines are in data streams."""
        self.account.elasticsearch("POST", f"{pattern}/_refresh")
        query = {"query": {"term": {"aws.cloudwatch.log_group": names.canary_log_group(self.stack.name)}}}
        answer = self.account.elasticsearch("POST", f"{pattern}/_count", json=query)
        answer.raise_for_status()
        return int(answer.json()["count"])

    def set_login(self, login: dict[str, str]) -> None:
        secret = self.stack.outputs["ElasticsearchSecret"]
        self.client("secretsmanager").put_secret_value(SecretId=secret, SecretString=json.dumps(login))

    def deny(self, component: str, action: str) -> None:
        """Take a permission from a function's role."""
        statement = {"Effect": "Deny", "Action": action, "Resource": "*"}
        document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam = self.client("iam")
        iam.put_role_policy(RoleName=self._role(component), PolicyName="test", PolicyDocument=document)

    def allow(self, component: str) -> None:
        """Give it back."""
        self.client("iam").delete_role_policy(RoleName=self._role(component), PolicyName="test")

    def _role(self, component: str) -> str:
        name = f"{self.stack.name}-{component}"
        return str(self.client("lambda").get_function_configuration(FunctionName=name)["Role"]).rpartition("/")[2]


@contextmanager
def deployed(account: Account, name: str, region: str, environment: str, **parameters: str) -> Iterator[World]:
    """Deploy a stack with a canary that runs when it is asked to, for the length of a block."""
    url = urlsplit(account.elasticsearch_url)
    main = account.outputs()["ElasticsearchSecret"]
    login = json.loads(account.client("secretsmanager").get_secret_value(SecretId=main)["SecretString"])
    with Relay(url.hostname or "", url.port or 0) as relay:
        world = World(Region(account, name, region), relay, environment, login)
        with _heartbeats(world) as address:
            try:
                world.stack.deploy(
                    ElasticsearchUrl=f"{url.scheme}://127.0.0.1:{relay.port}",
                    Environment=environment,
                    Canary="on",
                    **parameters,
                )
                _prepare(world, address)
                yield world
            finally:
                for queue in world.queues.values():
                    world.client("sqs").delete_queue(QueueUrl=queue)
                world.stack.delete()


def _prepare(world: World, address: str) -> None:
    outputs = world.stack.outputs
    # From now on it runs when a test says so: a run by schedule would tell what a test waits for.
    events = world.client("events")
    for one in events.list_rules()["Rules"]:
        if one.get("ScheduleExpression") == "rate(1 minute)":
            events.disable_rule(Name=one["Name"])
    world.set_login(world.login)
    heartbeat = {"url": address, "allow_insecure": True, "allow_private": True}
    secret = json.dumps({"receivers": [], "heartbeat": heartbeat})
    world.client("secretsmanager").put_secret_value(SecretId=outputs["NotificationSecret"], SecretString=secret)
    for topic in ("FallbackTopic", "CriticalTopic"):
        arn = f"arn:aws:sqs:{world.stack.region}:{emulator.ACCOUNT}:{world.stack.name}-{topic}"
        allowed = {"Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": arn}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **allowed}]})
        created = world.client("sqs").create_queue(
            QueueName=f"{world.stack.name}-{topic}", Attributes={"Policy": policy}
        )
        queue = created["QueueUrl"]
        world.client("sns").subscribe(TopicArn=outputs[topic], Protocol="sqs", Endpoint=arn)
        world.queues[topic] = queue
    world.account.invoke(outputs["ProvisionerFunction"], {"action": "apply"}, world.stack.region)


@contextmanager
def _heartbeats(world: World) -> Iterator[str]:
    """The service that expects heartbeats."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            world.pings.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}{HEARTBEAT}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def logs_to_stream(world: World) -> Iterator[None]:
    """Put into the stream what is written into the canary's log group, as its filter says."""
    group = names.canary_log_group(world.stack.name)
    [found] = world.stack.logs.describe_subscription_filters(logGroupName=group)["subscriptionFilters"]
    with feeding(world.stack, found["filterName"], found["destinationArn"]):
        yield


@contextmanager
def feeding(stack: Region, filter_name: str, stream: str) -> Iterator[None]:
    """Put into a stream what is written into the canary's log group, as CloudWatch Logs does on AWS.

    The emulator keeps filters and policies with a stream behind them, and does not feed the stream.
    """
    group, over = names.canary_log_group(stack.name), threading.Event()

    def feed() -> None:
        sent: set[str] = set()
        kinesis = stack.account.client("kinesis", stack.region)
        while not over.wait(0.2):
            for event in stack.logs.filter_log_events(logGroupName=group)["events"]:
                if event["message"] not in sent:
                    sent.add(event["message"])
                    packed = subscription_event(group, [event["message"]], filter_name=filter_name)
                    data = base64.b64decode(packed["awslogs"]["data"])
                    kinesis.put_record(StreamARN=stream, Data=data, PartitionKey="canary")

    thread = threading.Thread(target=feed)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
