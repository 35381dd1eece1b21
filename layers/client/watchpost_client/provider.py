"""Watchpost's metric lines as a provider of Powertools' Metrics."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.metrics.provider.base import BaseProvider

from watchpost_client import metric_lines, metrics
from watchpost_client.guard import guarded

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

# What Powertools' users call units (MetricUnit) is what CloudWatch calls them; these have words of their own in lines.
_KINDS = {"Count": metric_lines.COUNT, "Milliseconds": metric_lines.TIMING, "None": metric_lines.GAUGE}


class MetricsProvider(BaseProvider):
    """Collects what Powertools measures, and writes it as metric lines at the end of the invocation.

        metrics = MetricsProvider(default_tags={"channel": "web"})

        @metrics.log_metrics(capture_cold_start_metric=True)
        def handler(event, context):
            metrics.add_metric("orders", unit="Count", value=1)

    Unlike other providers it never raises, for empty sets neither.
    """

    def __init__(self, default_tags: dict[str, Any] | None = None) -> None:
        self.default_tags = dict(default_tags or {})
        self._waiting: list[tuple[str, str, Any, dict[str, Any], float]] = []

    def add_metric(self, name: str, unit: Any = "None", value: float = 1, **tags: Any) -> None:
        """Take one measurement. unit: a MetricUnit of Powertools or its name; tags: beside the default ones."""
        text = str(getattr(unit, "value", unit))
        kind = _KINDS.get(text, text.lower())
        self._waiting.append((kind, name, value, {**self.default_tags, **tags}, time.time()))

    def serialize_metric_set(self, *_args: Any, **_kwargs: Any) -> list[str]:
        """The lines of what waits."""
        lines = []
        for kind, name, value, tags, at in self._waiting:
            good, of = metric_lines.number(value), metric_lines.series(kind, name, tags)
            if good is not None and of is not None:
                lines.append(metric_lines.line(at, good, of))
        return lines

    def flush_metrics(self, *_args: Any, **_kwargs: Any) -> None:
        """Hand over what waits: it is written at once, or with everything else of the invocation."""
        with guarded("metrics"):
            for kind, name, value, tags, at in self._waiting:
                metrics.measure(kind, name, value, tags, at)
        self.clear_metrics()

    def clear_metrics(self, *_args: Any, **_kwargs: Any) -> None:
        """Forget what waits."""
        self._waiting.clear()

    def add_cold_start_metric(self, context: LambdaContext) -> None:
        """Count a cold start of the function."""
        self.add_metric("ColdStart", "Count", 1, function_name=context.function_name)
