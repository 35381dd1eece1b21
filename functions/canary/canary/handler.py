"""Entry point of the canary."""

from __future__ import annotations

import functools
import time
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from botocore.config import Config
from watchpost import aws, secrets, settings

from canary.joints import SERVICE
from canary.run import Surroundings, run

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

# Seconds to connect and to read, of each of two attempts: what does not answer must leave time to tell of it.
_CONNECT, _READ, _ATTEMPTS = 1, 3, 2

_logger = Logger(service=SERVICE)


@_logger.inject_lambda_context
def lambda_handler(event: Any, context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001  # every event means the same
    """Send one line through the whole path."""
    return run(surroundings(context))


def surroundings(context: LambdaContext) -> Surroundings:
    """Settings, clients and time of this invocation."""
    current = settings.current()
    return Surroundings(
        settings=current,
        client=_client,
        # Read anew each time: a wrong one must be seen at once, not when the shipper has forgotten the right one.
        elasticsearch_secret=lambda: secrets.read(current.elasticsearch_secret, fresh=True),
        notification_secret=lambda: secrets.read(current.notification_secret),
        now=time.time,
        monotonic=time.monotonic,
        sleep=time.sleep,
        remaining=lambda: context.get_remaining_time_in_millis() / 1000,
    )


@functools.cache
def _client(service: str) -> Any:
    retries = {"mode": "standard", "total_max_attempts": _ATTEMPTS}
    config = Config(connect_timeout=_CONNECT, read_timeout=_READ, retries=retries)  # type: ignore[arg-type]  # the stub wants its own TypedDict
    return aws.session().create_client(service, config=config)
