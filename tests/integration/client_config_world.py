"""Parameter Store and Secrets Manager as moto has them, with the client's configuration in front."""

from __future__ import annotations

import datetime as dt
import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import boto3
import botocore.client
from aws_lambda_powertools.utilities.parameters import base
from botocore.exceptions import ClientError, EndpointConnectionError
from moto import mock_aws
from watchpost_client import config, guard, sampling

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

BELOW = "/watchpost/watchpost/services"
ERRORS = [
    "ThrottlingException",
    "AccessDeniedException",
    "InternalServerError",
    "InvalidKeyId",
    EndpointConnectionError(endpoint_url="https://ssm"),
]


class _Clock:
    """Time that a test moves on, for Powertools and for us."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seconds = 1_000.0
        clock = self

        class Datetime(dt.datetime):
            @classmethod
            def now(cls, tz: Any = None) -> Any:
                return dt.datetime(2026, 11, 21, tzinfo=tz) + dt.timedelta(seconds=clock.seconds)

        monkeypatch.setattr(base, "datetime", Datetime)
        monkeypatch.setattr(config, "_clock", lambda: clock.seconds)


class Account:
    """The calls that reach AWS, and what AWS answers them instead, when a test wants that."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.error: str | Exception | None = None
        self.clock = _Clock(monkeypatch)
        inner = botocore.client.BaseClient._make_api_call
        account = self

        def call(client: Any, operation: str, params: dict[str, Any]) -> Any:
            account.calls.append((operation, params))
            if isinstance(account.error, Exception):
                raise account.error
            if account.error:
                answer: Any = {"Error": {"Code": account.error, "Message": "arn:aws:kms:::key/secret-name"}}
                raise ClientError(answer, operation)
            return inner(client, operation, params)

        # Those of the tests themselves are made before, and not counted.
        self.ssm = boto3.client("ssm", region_name="eu-west-1")
        self.secrets = boto3.client("secretsmanager", region_name="eu-west-1")
        self.kms = boto3.client("kms", region_name="eu-west-1")
        self._patch = lambda: monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", call)
        self._undo = lambda: monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", inner)
        self._patch()

    def put(self, path: str, value: str, **more: Any) -> None:
        self._undo()
        self.ssm.put_parameter(
            **{"Name": f"{BELOW}/{path}", "Value": value, "Type": "String", "Overwrite": True} | more
        )
        self._patch()

    def take_away(self, path: str) -> None:
        self._undo()
        self.ssm.delete_parameter(Name=f"{BELOW}/{path}")
        self._patch()

    def put_secret(self, path: str, **value: Any) -> None:
        self._undo()
        self.secrets.create_secret(Name=f"watchpost/watchpost/services/{path}", **value)
        self._patch()

    def names(self) -> list[str]:
        return [operation for operation, _ in self.calls]


@contextmanager
def account_of(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    """An account and a process that has read nothing yet."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    for name in (config.STACK, config.PREFIX, sampling.RATE_PATH):
        monkeypatch.delenv(name, raising=False)
    guard.forget()
    config.forget()
    with mock_aws():
        yield Account(monkeypatch)
    config.forget()


def warnings(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What was told since the last look."""
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert all(line["level"] == "WARNING" for line in lines)
    return [line["message"] for line in lines]
