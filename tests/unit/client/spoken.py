"""What the tests of the client's lines share."""

from __future__ import annotations

import json
import uuid
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from watchpost_client import handler, logger

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

REQUEST = "8f14e45f-ceea-467f-a0e6-6b1f5d1d5b7a"
ANSWERED = {"statusCode": 200}


def named() -> str:
    """A name of a service that no other test has: Python keeps loggers by their names for ever."""
    return f"shop-{uuid.uuid4().hex[:12]}"


def new_logger(**options: Any) -> Any:
    """A logger of a service of its own, which writes to the standard output of this test."""
    return logger(named(), **options)


def lambda_context(request_id: str = REQUEST) -> Any:
    """What Lambda hands over beside the event."""
    return SimpleNamespace(
        aws_request_id=request_id,
        function_name="orders",
        memory_limit_in_mb=128,
        invoked_function_arn="arn:aws:lambda:eu-west-1:123456789012:function:orders",
        tenant_id=None,
    )


def request(**headers: str) -> dict[str, Any]:
    """An event of an HTTP API; underscores in names of headers stand for dashes."""
    return {
        "version": "2.0",
        "requestContext": {"http": {"method": "GET", "path": "/"}},
        "headers": {name.replace("_", "-"): value for name, value in headers.items()},
    }


def invoke(work: Callable[[], Any], **headers: str) -> None:
    """Do something within an invocation."""
    handler(lambda *_: work())(request(**headers), lambda_context())


def spoken(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """The JSON lines that were written since the last look."""
    return [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
