"""What was deployed last: when the functions of a service changed."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from notifier import clean
from notifier.service import SERVICE
from notifier.story import Deployment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from notifier.alarm_metric import Metric

ASKED = 5  # functions
TOLD = 3
DESCRIPTION = 100  # characters
LEAST = 0.2  # seconds that must be left for another call

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")  # of a function (Lambda API, CreateFunction)
_GROUP = "/aws/lambda/"

_logger = Logger(service=SERVICE)

Functions = dict[str, str | None]  # names with versions, None is the newest code


def log_groups(metrics: Iterable[Metric | None]) -> tuple[str, ...]:
    """The log groups of the functions that alarms are about."""
    return tuple(_GROUP + name for name in _named(metrics))


def functions_of(metrics: Iterable[Metric | None], seen: Sequence[tuple[str, str | None]]) -> Functions:
    """The functions that alarms are about, and those that wrote the errors.

    seen: with the version that wrote them, which is what runs, whatever is being worked on.
    """
    versions = dict(seen)
    names = [*_named(metrics), *(name for name in versions if _NAME.fullmatch(name))]
    return {name: versions.get(name) for name in list(dict.fromkeys(names))[:ASKED]}


def newest(
    functions: Functions, client: Any, redact: Callable[[str], str], left: Callable[[], float]
) -> tuple[Deployment, ...]:
    """When they were deployed, the newest first. One that cannot be asked about is left out."""
    found: list[Deployment] = []
    for name, version in functions.items():
        if left() < LEAST:
            break
        which = {"Qualifier": version} if version else {}
        try:
            answer = client.get_function_configuration(FunctionName=name, **which)
        except (BotoCoreError, ClientError) as error:
            _logger.info("the last deployment is not known", extra={"function": name, "why": str(error)})
            continue
        deployment = _deployment(name, version, answer, redact)
        found += [deployment] if deployment else []
    return tuple(sorted(found, key=lambda one: one.when, reverse=True)[:TOLD])


def _named(metrics: Iterable[Metric | None]) -> list[str]:
    named = [
        value
        for metric in metrics
        if metric
        for query in metric.queries
        for dimension, value in query.dimensions
        if dimension == "FunctionName" and _NAME.fullmatch(value)
    ]
    return list(dict.fromkeys(named))


def _deployment(
    name: str, version: str | None, answer: Mapping[str, Any], redact: Callable[[str], str]
) -> Deployment | None:
    try:
        when = datetime.fromisoformat(str(answer.get("LastModified"))).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    what = f"{name} version {version}" if version else name
    description = clean.shown(answer.get("Description"), DESCRIPTION, redact)
    return Deployment(f"{what} ({description})" if description else what, when)
