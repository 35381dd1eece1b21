"""The configuration document: what may change without a deployment.

It lies in SSM Parameter Store as JSON. A function keeps it for five minutes, and keeps the last good one when a newer
one cannot be read or is wrong. The whole document, with its defaults:

    services:                     # rules, the first that matches a log group counts
      - log_group: /aws/lambda/orders-*     # a glob
        name: orders
        environment: prod         # optional
    service_tags: [service, Service]        # tags of functions and log groups that name the service
    logs:
      exclude: []                 # globs of log groups that are not shipped
      retention_days: 30          # for groups that never expire; null leaves them alone
      platform: report            # which Lambda platform lines are kept: all, report (no START and END) or none
      count: true                 # publish LogLines and LogErrors for each service
    metrics:
      dimensions: []              # tags of metric lines that become dimensions beside Service
    alarms: {}                    # <kind>.<alarm>: {enabled: false} or {threshold: 5}
"""

from __future__ import annotations

import fnmatch
import json
import logging
import math
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from watchpost import aws
from watchpost.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

KEEP_SECONDS = 300
LARGEST = sys.float_info.max
PLATFORM_CHOICES = ("all", "report", "none")
# The only numbers of days that CloudWatch Logs takes (API reference, PutRetentionPolicy).
RETENTION_DAYS = (
    1,
    3,
    5,
    7,
    14,
    30,
    60,
    90,
    120,
    150,
    180,
    365,
    400,
    545,
    731,
    1096,
    1827,
    2192,
    2557,
    2922,
    3288,
    3653,
)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ServiceRule:
    """Which service the log groups of a glob belong to."""

    log_group: str
    name: str
    environment: str | None = None


@dataclass(frozen=True, slots=True)
class Logs:
    """What is shipped and how."""

    exclude: tuple[str, ...] = ()
    retention_days: int | None = 30
    platform: str = "report"
    count: bool = True


@dataclass(frozen=True, slots=True)
class AlarmOverride:
    """What one alarm of a kind is changed to, for all services."""

    enabled: bool = True
    threshold: float | None = None


@dataclass(frozen=True, slots=True)
class Configuration:
    """The document, checked."""

    services: tuple[ServiceRule, ...] = ()
    service_tags: tuple[str, ...] = ("service", "Service")
    logs: Logs = field(default_factory=Logs)
    metric_dimensions: tuple[str, ...] = ()
    alarms: Mapping[str, AlarmOverride] = field(default_factory=dict)

    def rule_for(self, log_group: str) -> ServiceRule | None:
        """The first rule whose glob matches a log group."""
        return next((rule for rule in self.services if fnmatch.fnmatchcase(log_group, rule.log_group)), None)

    def excludes(self, log_group: str) -> str | None:
        """The glob that keeps a log group from being shipped, or None."""
        return next((glob for glob in self.logs.exclude if fnmatch.fnmatchcase(log_group, glob)), None)


def parse(text: str) -> Configuration:
    """Check a document and make it a Configuration.

    Raises ConfigurationError with the path, what was found and what was expected.
    """
    try:
        document = json.loads(text or "{}")
    except ValueError as error:
        raise ConfigurationError("configuration", f"text that is not JSON ({error})", "a JSON object") from None
    except RecursionError:
        raise ConfigurationError("configuration", "text that is nested too deeply", "a JSON object") from None
    top = _Node("configuration", document).object({"services", "service_tags", "logs", "metrics", "alarms"})
    logs = top["logs"].object({"exclude", "retention_days", "platform", "count"})
    metrics = top["metrics"].object({"dimensions"})
    default = Configuration()
    return Configuration(
        services=tuple(_service_rule(node) for node in top["services"].items()),
        service_tags=top["service_tags"].strings() or default.service_tags,
        logs=Logs(
            exclude=logs["exclude"].strings(),
            retention_days=_retention(logs["retention_days"]),
            platform=logs["platform"].choice(PLATFORM_CHOICES, default.logs.platform),
            count=logs["count"].boolean(default=default.logs.count),
        ),
        metric_dimensions=metrics["dimensions"].strings(),
        alarms={name: _override(node) for name, node in top["alarms"].object(None).items()},
    )


def _service_rule(node: _Node) -> ServiceRule:
    rule = node.object({"log_group", "name", "environment"})
    environment = rule["environment"]
    return ServiceRule(
        log_group=rule["log_group"].string(),
        name=rule["name"].string(),
        environment=environment.string() if environment.given else None,
    )


def _retention(node: _Node) -> int | None:
    if not node.given:
        return Logs().retention_days
    if node.value is None:
        return None
    if isinstance(node.value, bool) or node.value not in RETENTION_DAYS:
        raise node.wrong("null or one of " + ", ".join(map(str, RETENTION_DAYS)))
    return int(node.value)


def _override(node: _Node) -> AlarmOverride:
    override = node.object({"enabled", "threshold"})
    threshold = override["threshold"]
    return AlarmOverride(
        enabled=override["enabled"].boolean(default=True),
        threshold=threshold.number() if threshold.given else None,
    )


_ABSENT: Any = object()


class _Node:
    """A value of the document that knows its path."""

    def __init__(self, path: str, value: Any) -> None:
        self.path = path
        self.value = value

    @property
    def given(self) -> bool:
        return self.value is not _ABSENT

    def wrong(self, expected: str) -> ConfigurationError:
        return ConfigurationError(self.path, json.dumps(self.value)[:100] if self.given else "nothing", expected)

    def object(self, allowed: set[str] | None) -> dict[str, _Node]:
        """The fields of an object; every allowed one is there, given or not. None allows any name."""
        value = {} if not self.given else self.value
        if not isinstance(value, dict):
            raise self.wrong("an object")
        for name in value:
            if allowed is not None and name not in allowed:
                raise ConfigurationError(
                    f"{self.path}.{name}", "an unknown field", "one of " + ", ".join(sorted(allowed))
                )
        return {name: _Node(f"{self.path}.{name}", value.get(name, _ABSENT)) for name in (allowed or value)}

    def items(self) -> list[_Node]:
        value = [] if not self.given else self.value
        if not isinstance(value, list):
            raise self.wrong("a list")
        return [_Node(f"{self.path}[{index}]", item) for index, item in enumerate(value)]

    def string(self) -> str:
        if not isinstance(self.value, str) or not self.value:
            raise self.wrong("a text that is not empty")
        return self.value

    def strings(self) -> tuple[str, ...]:
        return tuple(item.string() for item in self.items())

    def number(self) -> float:
        if isinstance(self.value, bool) or not isinstance(self.value, int | float):
            raise self.wrong("a number")
        # JSON of Python knows NaN and Infinity, and integers that no float can hold: no alarm can compare with them.
        if abs(self.value) > LARGEST or math.isnan(self.value):
            raise self.wrong("a finite number")
        return float(self.value)

    def boolean(self, *, default: bool) -> bool:
        if not self.given:
            return default
        if not isinstance(self.value, bool):
            raise self.wrong("true or false")
        return self.value

    def choice(self, choices: tuple[str, ...], default: str) -> str:
        if not self.given:
            return default
        if self.value not in choices:
            raise self.wrong("one of " + ", ".join(choices))
        return str(self.value)


class Source:
    """The document of one stack, kept for five minutes; the last good one outlives a failed refresh."""

    def __init__(self, fetch: Callable[[], str], clock: Callable[[], float] = time.monotonic) -> None:
        self._fetch = fetch
        self._clock = clock
        self._kept: Configuration | None = None
        self._read_at = 0.0

    def get(self) -> Configuration:
        """The configuration in force.

        Raises what the first reading raises (ConfigurationError, botocore's errors); later failures are logged and
        leave the last good document in force.
        """
        if self._kept is not None and self._clock() - self._read_at < KEEP_SECONDS:
            return self._kept
        try:
            self._kept = parse(self._fetch())
        except (ConfigurationError, BotoCoreError, ClientError) as error:
            if self._kept is None:
                raise
            _log.warning("the configuration could not be refreshed, the last good one stays in force: %s", error)
        self._read_at = self._clock()
        return self._kept


_sources: dict[str, Source] = {}


def current(parameter: str) -> Configuration:
    """The configuration in an SSM parameter, through the cache of this process."""
    if parameter not in _sources:
        _sources[parameter] = Source(lambda: aws.ssm().get_parameter(Name=parameter)["Parameter"]["Value"])
    return _sources[parameter].get()
