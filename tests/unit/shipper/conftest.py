"""What the shipper's unit tests stand on: the pure part of the pipeline, without network or disk."""

from __future__ import annotations

import base64
import gzip
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest
from shipper.counts import Counts
from shipper.deadline import Deadline
from shipper.decode import payload_of
from shipper.pipeline import Outputs, Surroundings, convert
from watchpost.configuration import Configuration
from watchpost.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

NOW = 1_795_248_000_000  # 2026-11-21T08:00:00Z
SETTINGS = Settings(
    stack="watchpost",
    environment="dev",
    aws_region="eu-west-1",
    elasticsearch_url="http://127.0.0.1:9",
    elasticsearch_secret="elasticsearch",
    notification_secret="notification",
    config_parameter="/watchpost/watchpost/config",
    metric_namespace="Watchpost",
    dead_letter_bucket="dead-letters",
    critical_topic="critical",
    warning_topic="warning",
    shipper_arn="arn:aws:lambda:eu-west-1:123456789012:function:watchpost-shipper",
)


def _unreachable(**_: Any) -> Any:
    raise AssertionError("the pure part of the pipeline asked for a client")


@dataclass(frozen=True)
class Shipped:
    """What the lines of one event became."""

    outputs: Outputs
    counts: Counts

    @property
    def actions(self) -> list[dict[str, Any]]:
        return [json.loads(item.split(b"\n")[0])["create"] for item in self.outputs.items]

    @property
    def documents(self) -> list[dict[str, Any]]:
        return [json.loads(item.split(b"\n")[1]) for item in self.outputs.items]


class Shipper:
    """Makes events and converts them."""

    now = NOW
    settings = SETTINGS

    def event(self, messages: Sequence[str | tuple[str, int, str]], **overrides: Any) -> dict[str, Any]:
        """A subscription event; a message may be (id, timestamp, message)."""
        events = [
            message if isinstance(message, tuple) else (f"{number:056d}", NOW + number, message)
            for number, message in enumerate(messages)
        ]
        content = {
            "messageType": "DATA_MESSAGE",
            "owner": "123456789012",
            "logGroup": "/aws/lambda/orders-api",
            "logStream": "2026/11/21/[$LATEST]0a1b2c3d",
            "subscriptionFilters": ["watchpost"],
            "logEvents": [{"id": one, "timestamp": time, "message": text} for one, time, text in events],
        } | overrides
        return self.packed(json.dumps(content).encode())

    def packed(self, content: bytes) -> dict[str, Any]:
        return {"awslogs": {"data": base64.b64encode(gzip.compress(content)).decode()}}

    def surroundings(self, configuration: Configuration | None = None) -> Surroundings:
        return Surroundings(
            settings=SETTINGS,
            configuration=configuration or Configuration(),
            connect=_unreachable,
            cloudwatch=_unreachable,
            s3=_unreachable,
            deadline=Deadline(lambda: 60.0),
            request_id="invocation",
            now_ms=lambda: NOW,
        )

    def ship(
        self,
        *messages: str | tuple[str, int, str],
        configuration: Configuration | None = None,
        now: int = NOW,
        **overrides: Any,
    ) -> Shipped:
        payload = payload_of(self.event(messages, **overrides))
        assert payload is not None
        counts = Counts()
        around = replace(self.surroundings(configuration), now_ms=lambda: now)
        return Shipped(convert(payload, around, counts), counts)

    def document(self, message: str, **overrides: Any) -> dict[str, Any]:
        """The one document of a line."""
        (document,) = self.ship(message, **overrides).documents
        return document


@pytest.fixture
def shipper() -> Shipper:
    """Converts events to documents and metrics."""
    return Shipper()
