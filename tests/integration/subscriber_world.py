"""The subscriber in an account of its own: simulated log groups, a ledger in moto, and time that does not wait."""

from __future__ import annotations

import itertools
import json
import os
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import boto3
from moto import mock_aws
from subscriber.account import Account
from subscriber.run import run
from subscriber.surroundings import Surroundings
from watchpost import names
from watchpost.calls import Calls
from watchpost.configuration import Configuration
from watchpost.ledger import KEY, Ledger

from tests.integration.logs_account.world import Refusal, World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from watchpost.ledger import Entry

REGION = "eu-west-1"
STACK = "watchpost"
TABLE = "watchpost-ledger"
FOREIGN = f"arn:aws:kinesis:{REGION}:123456789012:stream/somebody-else"
BY_RULE = f"arn:aws:kinesis:{REGION}:123456789012:stream/by-rule"  # destination of a rule
ROLE = "arn:aws:iam::123456789012:role/by-rule"
TICK = 300.0  # seconds, the rate of the schedule in template.yaml
TIMEOUT = 900.0  # seconds, the function's Timeout in template.yaml
SCHEDULE = {"source": "aws.events", "detail-type": "Scheduled Event"}
SWEEP = {"action": "sweep"}


@dataclass
class Bench:
    """An account, and the subscriber's way into it."""

    world: World
    dynamodb: Any
    shipper: str
    stream: str
    configuration: Configuration = field(default_factory=Configuration)
    problem: str | None = None
    scope: str = "groups"
    streaming: bool = False  # whether the stack's own destination is the stream
    invoked: list[dict[str, Any]] = field(default_factory=list)  # what the function handed to itself
    calls: list[Calls] = field(default_factory=list)  # of each invocation
    function_groups: dict[str, str] = field(default_factory=dict)  # log groups that functions write to, by their names
    _owners: Iterator[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self.logs, self.lambda_ = self.world.client("logs"), self.world.client("lambda")
        self.tagging = self.world.client("resourcegroupstaggingapi")
        # The account does not know this call.
        self.lambda_.meta.events.register("before-call.lambda.GetFunctionConfiguration", self._function_configuration)
        self.client = self.ledger_client()
        self.ledger = Ledger(self.dynamodb, TABLE, sleep=self.world.clock.sleep)

    def ledger_client(self) -> Any:
        return boto3.client("dynamodb", region_name=REGION)

    @property
    def destination(self) -> str:
        return self.stream if self.streaming else self.shipper

    def around(self, seconds: float = TIMEOUT, owner: str = "") -> Surroundings:
        """An invocation that Lambda ends after some seconds."""
        clock = self.world.clock
        end = clock.now() + seconds
        return Surroundings(
            account=self._account,
            ledger=lambda: Ledger(self.client, TABLE, sleep=clock.sleep),
            configuration=self._read,
            remaining=lambda: end - clock.now(),
            clock=clock.now,
            sleep=clock.sleep,
            invoke=lambda event: self.invoked.append(json.loads(json.dumps(event))),
            owner=owner or f"invocation {next(self._owners)}",
            log_stream="stream",
        )

    def run(self, event: Any, seconds: float = TIMEOUT) -> dict[str, Any]:
        return run(event, self.around(seconds))

    def sweep(self, configuration: Configuration | None = None, seconds: float = TIMEOUT) -> dict[str, Any]:
        """A sweep from the beginning, as long as one invocation lasts."""
        self.configuration = configuration or self.configuration
        return self.run(SWEEP, seconds)

    def ticks(self, seconds: float = TIMEOUT, most: int = 100) -> list[dict[str, Any]]:
        """Let the schedule go on until the sweep is complete."""
        results = []
        while self.ledger.sweep().running:
            assert len(results) < most, "the sweep does not come to an end"
            results.append(self.run(SCHEDULE, seconds))
            self.to_next_tick()
        return results

    def delete(self, stack: CloudFormation, seconds: float = TIMEOUT) -> list[dict[str, Any]]:
        """Delete the stack, and every invocation that the function asks for. CloudFormation waits for an hour."""
        results = [self.run(stack.request("Delete"), seconds)]
        while self.invoked:
            results.append(self.run(self.invoked.pop(), seconds))
        return results

    def to_next_tick(self) -> None:
        self.world.clock.sleep(TICK - self.world.clock.now() % TICK)

    def entry(self, group: str) -> Entry:
        found = self.ledger.get(group)
        assert found, f"{group} is not in the ledger"
        return found

    def states(self) -> dict[str, str]:
        return {name: entry.state for name, entry in self.ledger.read().items()}

    def names(self, group: str) -> list[str]:
        """The names of a group's filters."""
        return sorted(self.world.filters(group))

    def refuse(self, operation: str, group: str = "", code: str = "AccessDeniedException", times: float = 1e9) -> None:
        """Have AWS refuse an operation, for one group or for all."""

        def act(parameters: dict[str, Any]) -> None:
            told = parameters.get("logGroupName") or parameters.get("resourceArn") or parameters.get("Resource") or ""
            if told == group or told.endswith(f":{group}") or not group:
                raise Refusal(code, "not allowed", 400)

        self.world.before(operation, act, times)

    def count(self, act: Callable[[], Any]) -> dict[str, int]:
        """What is asked of the account while something is done, by operation."""
        before = self.world.requests.copy()
        act()
        return dict(self.world.requests - before)

    def break_ledger(self, operation: str, when: Callable[[], bool] = lambda: True) -> None:
        """Have DynamoDB fail for the subscriber."""

        def fail(**_: Any) -> Any:
            if not when():
                return None
            error = {"Code": "InternalServerError", "Message": "broken"}
            status = {"HTTPStatusCode": 500, "HTTPHeaders": {}}

            class Http:
                status_code = 500

            return Http(), {"Error": error, "ResponseMetadata": status}

        self.client = self.ledger_client()
        self.client.meta.events.register(f"before-call.dynamodb.{operation}", fail)

    def _read(self, *, fresh: bool) -> tuple[Configuration, str | None]:  # noqa: ARG002
        return self.configuration, self.problem

    def _account(self, remaining: Callable[[], float]) -> Account:
        clock = self.world.clock
        calls = Calls(clock.now, clock.sleep, remaining)
        self.calls.append(calls)
        return Account(
            stack=STACK,
            destination=self.destination,
            logs=self.logs,
            lambda_=self.lambda_,
            tagging=self.tagging,
            calls=calls,
            role="arn:aws:iam::123456789012:role/stream" if self.streaming else None,
            former=(self.shipper if self.streaming else self.stream, names.without_alias(self.shipper)),
            scope=self.scope,
        )

    def _function_configuration(self, params: dict[str, Any], **_: Any) -> Any:
        name = params["url_path"].split("/")[3]
        group = self.function_groups.get(name, f"/aws/lambda/{name}")

        class Http:
            status_code = 200

        return Http(), {"LoggingConfig": {"LogGroup": group}, "ResponseMetadata": {}}


@contextmanager
def bench(latency: float = 0.03) -> Iterator[Bench]:
    # moto hands AWS's own domains to a fake and lets what goes to this machine through.
    with mock_aws(config={"core": {"passthrough": {"urls": ["http://127.0.0.1.*"]}}}), World(latency=latency) as world:
        client = boto3.client("dynamodb", region_name=REGION)
        client.create_table(
            TableName=TABLE,
            KeySchema=[{"AttributeName": KEY, "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": KEY, "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        function = world.function(f"{STACK}-shipper", {"watchpost:stack": STACK})
        shipper = world.destination(f"{function}:{names.SHIPPER_ALIAS}")
        stream = world.destination(f"arn:aws:kinesis:{REGION}:123456789012:stream/{STACK}-logs")
        world.destination(FOREIGN)
        world.destination(BY_RULE)
        yield Bench(world, client, shipper, stream)


def created(group: str, **detail: Any) -> dict[str, Any]:
    """What CloudTrail tells about a new log group, as EventBridge has it."""
    told = {
        "eventSource": "logs.amazonaws.com",
        "eventName": "CreateLogGroup",
        "requestParameters": {"logGroupName": group},
        **detail,
    }
    return {"source": "aws.logs", "detail-type": "AWS API Call via CloudTrail", "detail": told}


def tagged(arn: str) -> dict[str, Any]:
    """What EventBridge tells about changed tags (Tag Editor User Guide, "Tag changes generate EventBridge events")."""
    service, kind = arn.split(":")[2], arn.split(":")[5]
    detail = {"changed-tag-keys": ["service"], "service": service, "resource-type": kind, "version": 3, "tags": {}}
    return {"source": "aws.tag", "detail-type": "Tag Change on Resource", "resources": [arn], "detail": detail}


def queued(*events: Any) -> dict[str, Any]:
    """Events as they come through SQS; the identifiers are 0, 1 and so on. A text is a body as it is."""
    bodies = [event if isinstance(event, str) else json.dumps(event) for event in events]
    records = [{"messageId": str(number), "eventSource": "aws:sqs", "body": body} for number, body in enumerate(bodies)]
    return {"Records": records}


def group_arn(name: str) -> str:
    return f"arn:aws:logs:{REGION}:123456789012:log-group:{name}"


@dataclass
class CloudFormation:
    """Takes the answers to its requests."""

    url: str = ""
    answers: list[dict[str, Any]] = field(default_factory=list)

    @property
    def answer(self) -> tuple[str, str]:
        """Status and reason of the only answer there is."""
        [found] = self.answers
        return found["Status"], found["Reason"]

    def request(self, kind: str) -> dict[str, Any]:
        return {
            "RequestType": kind,
            "ResponseURL": self.url,
            "StackId": "arn:aws:cloudformation:eu-west-1:123456789012:stack/watchpost/1",
            "RequestId": "request",
            "LogicalResourceId": "Subscriptions",
            "ResourceProperties": {},
        }


@contextmanager
def cloudformation() -> Iterator[CloudFormation]:
    found = CloudFormation()

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            found.answers.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    found.url = f"http://127.0.0.1:{server.server_address[1]}/answer?signature=hidden-part"
    with patch.dict(os.environ, AWS_ENDPOINT_URL_CLOUDFORMATION=found.url):  # this server stands for AWS
        yield found
    server.shutdown()
    server.server_close()
    thread.join()
