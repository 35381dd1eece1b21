"""Entry point of the shipper."""

from __future__ import annotations

import functools
import time
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from watchpost import aws, configuration, ingest, settings

from shipper import cloudwatch, services
from shipper.deadline import RESERVE, Deadline
from shipper.pipeline import Surroundings, run

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

_logger = Logger(service="watchpost-shipper")


@_logger.inject_lambda_context
def lambda_handler(event: Any, context: LambdaContext) -> dict[str, Any]:
    """Ship the log lines of CloudWatch Logs subscriptions, direct or by Kinesis, and dead letters."""
    return run(event, surroundings(context))


def surroundings(context: LambdaContext) -> Surroundings:
    """Settings, configuration and clients of this invocation."""
    current = settings.current()
    remaining = context.get_remaining_time_in_millis() / 1000
    deadline = Deadline(
        lambda: context.get_remaining_time_in_millis() / 1000,
        reserve=min(RESERVE, remaining / 3),  # a function with a short timeout must deliver as well
    )
    return Surroundings(
        settings=current,
        configuration=configuration.current(current.config_parameter),
        connect=functools.partial(ingest.ingest, current),
        cloudwatch=functools.partial(cloudwatch.connected, current.aws_region, current.url_suffix),
        s3=functools.partial(aws.bucket, deadline.last().left),
        entry_of=functools.partial(services.entry_of, current.ledger_table),
        deadline=deadline,
        request_id=context.aws_request_id,
        now_ms=lambda: time.time_ns() // 1_000_000,
        version="" if context.function_version == "$LATEST" else context.function_version,
    )
