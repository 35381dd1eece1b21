"""What the shipper's unit tests stand on: the pure part of the pipeline, without network or disk."""

from __future__ import annotations

import base64
import gzip
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from shipper.convert import Conversion
from shipper.counts import Counts
from shipper.decode import payload_of
from shipper.metrics import Gathered
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
    elasticsearch_compression="none",
    elasticsearch_secret="elasticsearch",
    notification_secret="notification",
    config_parameter="/watchpost/watchpost/config",
    kibana_url="none",
    kibana_space="default",
    kibana_secret="arn:aws:secretsmanager:eu-central-1:123456789012:secret:elasticsearch",
    metric_namespace="Watchpost",
    dead_letter_bucket="dead-letters",
    critical_topic="critical",
    warning_topic="warning",
    fallback_topic="arn:aws:sns:eu-west-1:123456789012:fallback",
    mail_topic="arn:aws:sns:eu-west-1:123456789012:mail",
    incident_table="watchpost-incidents",
    shipper_arn="arn:aws:lambda:eu-west-1:123456789012:function:watchpost-shipper:live",
    stream_arn="arn:aws:kinesis:eu-west-1:123456789012:stream/watchpost-logs",
    stream_role="none",
    ledger_table="watchpost-subscriptions",
    subscription_scope="groups",
)


@dataclass(frozen=True)
class Shipped:
    """What the lines of one event became."""

    items: list[bytes]
    entries: list[dict[str, Any]]
    gathered: Gathered
    counts: Counts

    @property
    def actions(self) -> list[dict[str, Any]]:
        return [json.loads(item.split(b"\n")[0])["create"] for item in self.items]

    @property
    def documents(self) -> list[dict[str, Any]]:
        return [json.loads(item.split(b"\n")[1]) for item in self.items]


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

    def ship(
        self,
        *messages: str | tuple[str, int, str],
        configuration: Configuration | None = None,
        now: int = NOW,
        **overrides: Any,
    ) -> Shipped:
        configuration = configuration or Configuration()
        payload = payload_of(self.event(messages, **overrides)["awslogs"]["data"])
        assert payload is not None
        counts = Counts()
        conversion = Conversion(payload, SETTINGS, configuration, now)
        chunks = [] if conversion.is_left_out(counts) else list(conversion.chunks(counts))
        gathered = Gathered(conversion.source.service, now, configuration.max_dimension_sets)
        gathered.add(
            [sample for chunk in chunks for sample in chunk.lines],
            [values for chunk in chunks for values in chunk.values.values()],
        )
        items = [item for chunk in chunks for item in chunk.documents.items]
        assert all(len(chunk.documents.items) == len(chunk.lines) for chunk in chunks)
        return Shipped(items, list(gathered.entries()), gathered, counts)

    def document(self, message: str, **overrides: Any) -> dict[str, Any]:
        """The one document of a line."""
        (document,) = self.ship(message, **overrides).documents
        return document


@pytest.fixture
def shipper() -> Shipper:
    """Converts events to documents and metrics."""
    return Shipper()
