"""An account of many services in this process: moto's, with what moto lacks answered by its documentation."""

from __future__ import annotations

import contextlib
import functools
import importlib.resources
import io
import json
import zipfile
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import boto3
from moto import mock_aws
from provisioner import loader
from provisioner.deadline import Deadline
from provisioner.describe import TABLE
from provisioner.discovery import discover
from provisioner.reader import Reader

from tests.integration.services_account.scripted import Refusal, answer
from tests.integration.services_account.tagging import Tagging
from tests.unit.provisioner.world import REGION, made_up_settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pytest
    from provisioner.definitions import KindDefinition
    from provisioner.discovery import Inventory, Resource
    from provisioner.reader import Call

ACCOUNT = "123456789012"
LEDGER = "wp-subscriptions"


def arn(service: str, resource: str) -> str:
    """An ARN of this account and region."""
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"


@functools.cache
def definitions() -> tuple[KindDefinition, ...]:
    """The repository's own."""
    return loader.load(importlib.resources.files("dashboards") / "services", TABLE)


@dataclass
class Services:
    """The account. made: how often each operation was called by the last discovery."""

    tagging: Tagging = field(default_factory=Tagging)
    made: Counter[str] = field(default_factory=Counter)
    seconds: Iterator[float] | None = None  # that are left, at each look at the clock; None: enough
    concurrency: tuple[int, int] = (1000, 900)  # of the account, and what no function has reserved
    role: str = ""

    @functools.cached_property
    def clients(self) -> dict[str, Any]:
        return {}

    def client(self, name: str) -> Any:
        if name not in self.clients:
            self.clients[name] = boto3.client(name)
        return self.clients[name]

    def answer(self, client: str, operation: str, fixed: Mapping[str, Any]) -> None:
        """Answer an operation always the same."""
        answer(self.client(client), operation, lambda _: dict(fixed))

    def refuse(self, client: str, operation: str, code: str = "AccessDeniedException", **only: Any) -> None:
        """Refuse an operation where it has these parameters."""

        def respond(asked: Mapping[str, Any]) -> None:
            if only.items() <= asked.items():
                raise Refusal(code)

        answer(self.client(client), operation, respond)

    def tag(self, kind: str, name: str, **tags: str) -> str:
        """List an ARN under a type with tags; without any, with a service."""
        self.tagging.listed[name] = kind, tags or {"service": "orders"}
        return name

    def function(self, name: str, **more: Any) -> None:
        """A Lambda function with tags."""
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as archive:
            archive.writestr("app.py", "def handler(event, context): return None")
        settings = {"Runtime": "python3.13", "Handler": "app.handler", "Timeout": 30, **more}
        self.client("lambda").create_function(
            FunctionName=name, Role=self.role, Code={"ZipFile": code.getvalue()}, **settings
        )
        self.tag("lambda:function", arn("lambda", f"function:{name}"))

    def queue(self, name: str, tags: Mapping[str, str] | None = None, **attributes: str) -> str:
        """A queue and its ARN; without tags nobody lists it."""
        self.client("sqs").create_queue(QueueName=name, Attributes=attributes)
        made = arn("sqs", name)
        if tags is None or tags:
            self.tag("sqs:queue", made, **(tags or {}))
        return made

    def call(self, client: Any, operation: str, /, **parameters: Any) -> dict[str, Any]:
        """Make a call once and count it."""
        self.made[operation] += 1
        made: dict[str, Any] = getattr(client, operation)(**parameters)
        return made

    def reader(self, call: Call | None = None, out_of_time: type[Exception] = TimeoutError) -> Reader:
        """A reader of the account, for one discovery. call: another way to make calls."""
        settings = replace(made_up_settings(), ledger_table=LEDGER)
        seconds = self.seconds
        deadline = Deadline(lambda: next(seconds, 0.0) if seconds else 300.0)
        return Reader(settings, self.client, call or self.call, deadline, out_of_time)

    def discover(self, *kinds: str, tags: tuple[str, ...] = ("service", "Service"), **options: Any) -> Inventory:
        """Discover kinds of the repository's definitions, always in the same order."""
        self.made.clear()
        chosen = [kind for kind in definitions() if kind.kind in kinds]
        assert len(chosen) == len(kinds), "there is no definition of one of them"
        return discover(chosen, self.reader(), tags, **{"shuffle": _as_listed, **options})

    def one(self, *kinds: str) -> Resource:
        """The only resource that is found, when everything could be read."""
        inventory = self.discover(*kinds)
        assert inventory.unknown == []
        [resource] = inventory.resources
        return resource


def _as_listed(_: object) -> None:
    """No other order than the listing's."""


def make_ledger(name: str = LEDGER) -> None:
    """A table for the ledger of subscriptions."""
    boto3.client("dynamodb").create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": "log_group", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "log_group", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )


@contextlib.contextmanager
def services_account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Services]:
    """A fresh account."""
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(variable, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    with mock_aws():
        account = Services()
        trust = json.dumps({"Version": "2012-10-17", "Statement": []})
        account.role = boto3.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        answer(account.client("resourcegroupstaggingapi"), "GetResources", account.tagging.get_resources)
        answer(account.client("lambda"), "GetAccountSettings", lambda _: _limits(account))
        yield account


def _limits(account: Services) -> dict[str, Any]:
    quota, free = account.concurrency
    return {"AccountLimit": {"ConcurrentExecutions": quota, "UnreservedConcurrentExecutions": free}}
