"""What the client's documents show works: each example is run, and its handler called, in an account of moto."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import boto3
import pytest
import urllib3
import watchpost_client
from moto import mock_aws
from watchpost_client import config, correlation, guard
from watchpost_client.outgoing import http

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
DOCUMENTS = ("docs/client.md", "layers/client/README.md")
BELOW = "watchpost/watchpost/services"
CONTEXT = SimpleNamespace(
    aws_request_id="8f14e45f",
    function_name="orders",
    memory_limit_in_mb=128,
    invoked_function_arn="arn:aws:lambda:eu-west-1:123456789012:function:orders",
    tenant_id=None,
    get_remaining_time_in_millis=lambda: 3_000,
)
HTTP = {
    "version": "2.0",
    "rawPath": "/orders",
    "requestContext": {"http": {"method": "GET"}},
    "headers": {"x-correlation-id": "c-1"},
}
MESSAGE = {
    "messageId": "m-1",
    "eventSource": "aws:sqs",
    "eventSourceARN": "arn:aws:sqs:eu-west-1:123456789012:orders",
    "messageAttributes": {"x-correlation-id": {"stringValue": "c-1", "dataType": "String"}},
}


def _examples() -> list[Any]:
    found = []
    for name in DOCUMENTS:
        text = (ROOT / name).read_text(encoding="utf-8")
        for example in re.finditer(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
            line = text.count("\n", 0, example.start()) + 1
            found.append(pytest.param(example[1], id=f"{name}:{line}"))
    return found


@pytest.fixture
def _account(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    # What an example instruments is so for this test alone.
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    monkeypatch.setattr(urllib3.HTTPConnectionPool, "urlopen", urllib3.HTTPConnectionPool.urlopen)
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    guard.forget()
    config.forget()
    with mock_aws():
        ssm, secrets = boto3.client("ssm"), boto3.client("secretsmanager")
        for path, value in {"payments/timeout": "2.5", "payments/hosts": "a,b", "limits/orders": "7"}.items():
            ssm.put_parameter(Name=f"/{BELOW}/{path}", Value=value, Type="String")
        secrets.create_secret(Name=f"{BELOW}/payments/db", SecretString='{"password": "p"}')
        boto3.client("dynamodb").create_table(
            TableName="idempotency",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        yield
    http.forget()
    config.forget()


@pytest.mark.usefixtures("_account")
@pytest.mark.parametrize("example", _examples())
def test_the_example_does_what_it_shows(example: str, capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, Any] = {"__name__": "example"}

    exec(compile(example, "example", "exec"), names)  # noqa: S102  # it is ours, and this is the test of it

    if "lambda_handler" in names:
        batch = {"Records": [MESSAGE | {"body": json.dumps({"id": "o-1"})}]}
        answer = names["lambda_handler"](batch if "records" in names else HTTP, CONTEXT)
        assert answer in (
            {"statusCode": 200},
            {"statusCode": 202},
            {"batchItemFailures": []},
            {"x-correlation-id": "c-1", "debug-log-enabled": "false"},
            {"x-correlation-id": "c-1", "debug-log-enabled": "false", "x-correlation-tenant": "t-17"},
        )
    out = capsys.readouterr().out
    assert guard.FAILURES not in out
    assert all(json.loads(line)["level"] in ("INFO", "DEBUG") for line in out.splitlines() if line.startswith("{"))
    assert correlation.current() is None


def test_there_are_examples_of_every_part() -> None:
    examples = "\n".join(example.values[0] for example in _examples())

    assert len(_examples()) > 10
    for name in set(watchpost_client.__all__) - {"__version__"}:
        assert name in examples, name


def test_the_reference_tells_every_function_and_every_variable() -> None:
    text = (ROOT / "layers/client/README.md").read_text(encoding="utf-8")
    public = {
        name
        for module in (watchpost_client.config, watchpost_client.metrics, watchpost_client.records)
        for name, found in vars(module).items()
        if getattr(found, "__module__", "") == module.__name__ and not name.startswith("_") and found.__doc__
    } - {"ConfigError", "Buffer", "measure", "begin", "end", "own_context"}
    sources = "".join(path.read_text() for path in (ROOT / "layers/client/watchpost_client").rglob("*.py"))
    variables = set(re.findall(r'"(WATCHPOST_[A-Z_]+)"', sources))

    assert {name for name in public | set(correlation.__all__) if f"`{name}" not in text} == set()
    assert {name for name in variables if f"`{name}`" not in text} == set()
    assert f"Version {watchpost_client.__version__}," in text


def test_links_between_the_documents_lead_somewhere() -> None:
    for name in DOCUMENTS:
        text = (ROOT / name).read_text(encoding="utf-8")
        for target, anchor in re.findall(r"\]\(([^)#:]*)(?:#([^)]*))?\)", text):
            there = (ROOT / name).parent / target if target else ROOT / name
            assert there.exists(), target
            headings = re.findall(r"^#+ (.*)$", there.read_text(encoding="utf-8"), re.MULTILINE) if anchor else []
            slugs = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
            assert not anchor or anchor in slugs, (name, anchor)
