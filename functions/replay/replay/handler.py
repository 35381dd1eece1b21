"""Entry point of the replay function."""

from __future__ import annotations

import functools
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from watchpost import aws, elasticsearch, settings

from replay import invoke
from replay.run import SERVICE, Surroundings, run

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

_logger = Logger(service=SERVICE)


@_logger.inject_lambda_context
def lambda_handler(event: Any, context: LambdaContext) -> dict[str, Any]:
    """Replay dead letters: those that are due, or those that a person asks for."""
    return run(event, surroundings(context))


def surroundings(context: LambdaContext) -> Surroundings:
    """Settings and clients of this invocation."""
    current = settings.current()
    return Surroundings(
        settings=current,
        connect=functools.partial(elasticsearch.cluster, current),
        s3=aws.s3,
        invoke=invoke.shipper(current.shipper_arn),
        remaining=lambda: context.get_remaining_time_in_millis() / 1000,
        request_id=context.aws_request_id,
        now=lambda: datetime.now(UTC),
        monotonic=time.monotonic,
    )
