"""Entry point of the janitor."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging.utils import copy_config_to_registered_loggers
from watchpost import aws, configuration, settings
from watchpost.calls import Calls

from janitor.run import Surroundings, run

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

_logger = Logger(service="watchpost-janitor")
# What the modules log goes out in the same form: their loggers are named like the package.
copy_config_to_registered_loggers(_logger, include={"janitor"})


@_logger.inject_lambda_context
def lambda_handler(event: Any, context: LambdaContext) -> dict[str, Any]:
    """Look at everything, and remove what may go where the configuration says so.

    `{"dry_run": true}` only reports. No event can make it remove anything that the configuration does not.
    """
    around = surroundings(context)
    dry = isinstance(event, dict) and event.get("dry_run") is not None
    result = run(around, delete=False if dry else None)
    _logger.info("janitor ended", extra={"result": result.summary(), "calls": result.calls})
    print(result.emf(around.stack, around.now()))
    return result.answer()


def surroundings(context: LambdaContext) -> Surroundings:
    """Settings, configuration and clients of this invocation."""
    current = settings.current()
    # Without the cache: whoever has just switched it on, or off, expects that it counts.
    source = configuration.source(current.config_parameter)
    return Surroundings(
        stack=current.stack,
        client=aws.client,
        calls=Calls(time.monotonic, time.sleep, lambda: context.get_remaining_time_in_millis() / 1000),
        configuration=source.get,
        problem=lambda: source.problem,
        now=lambda: datetime.now(UTC),
    )
