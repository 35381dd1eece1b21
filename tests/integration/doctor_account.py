"""The account in which `watchpost doctor` is typed: deployed once for all tests that leave it as it was."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import boto3
from moto import mock_aws

from tests.integration.doctor_server import Server
from tests.integration.doctor_world import REGION, World, deploy, one_session, serve

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest
    from moto.core.models import MockAWS

VARIABLES = (  # of the shell, that would lead the command elsewhere
    *("ELASTICSEARCH_URL", "ELASTICSEARCH_API_KEY", "ELASTICSEARCH_USERNAME", "ELASTICSEARCH_PASSWORD"),
    *("KIBANA_API_KEY", "KIBANA_USERNAME", "KIBANA_PASSWORD", "KIBANA_SPACE", "KIBANA_CA"),
    *("WATCHPOST_ELASTICSEARCH_SECRET", "AWS_ENDPOINT_URL", "WATCHPOST_STACK"),
)


class Account:
    """An account with a stack, and the servers that it knows of, for tests that come one after the other."""

    def __init__(self, aws: MockAWS) -> None:
        self.elasticsearch, self.kibana = Server({"x-elastic-product": "Elasticsearch"}), Server()
        self._aws = aws
        self._last: World | None = None
        self._deployed: tuple[dict[str, str], dict[str, str]] = ({}, {})  # outputs and parameters of the stack

    def world(self, capsys: pytest.CaptureFixture[str]) -> World:
        """A stack in which all is well. It is deployed anew when the test before wrote anything."""
        for server in (self.elasticsearch, self.kibana):
            server.answers.clear()
            server.requests.clear()
        made = World(self.elasticsearch, self.kibana, capsys)
        if self._last is None or self._last.wrote:
            self._aws.reset()
            deploy(made)
            self._deployed = made.outputs, made.parameters
        made.outputs, made.parameters = (dict(one) for one in self._deployed)
        serve(made)
        self._last = made
        return made

    def close(self) -> None:
        self.elasticsearch.close()
        self.kibana.close()


@contextmanager
def one_account() -> Iterator[Account]:
    with mock_aws(config={"core": {"passthrough": {"urls": [r"http://127\.0\.0\.1.*"]}}}) as aws:
        made = Account(aws)
        yield made
        made.close()


@contextmanager
def opened(account: Account, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[World]:
    """A stack in which all is well, and a shell to type commands in."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name, value in (("AWS_ACCESS_KEY_ID", "testing"), ("AWS_SECRET_ACCESS_KEY", "testing")):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    session = one_session()
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", session)
    world = account.world(capsys)
    session.events.register("before-call", world.before)
    session.events.register("after-call", world.after)
    yield world
    session.events.unregister("before-call", world.before)
    session.events.unregister("after-call", world.after)
