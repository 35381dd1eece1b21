"""Entry point of the notifier."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from watchpost import secrets, settings

from notifier.delivery import Clock
from notifier.run import SERVICE, Surroundings, run

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

_logger = Logger(service=SERVICE)


@_logger.inject_lambda_context
def lambda_handler(event: Any, context: LambdaContext) -> dict[str, int]:
    """Tell the receivers about the alarms of an SNS event."""
    return run(event, surroundings(context))


def surroundings(context: LambdaContext) -> Surroundings:
    """Settings, receivers and time of this invocation."""
    current = settings.current()
    return Surroundings(
        settings=current,
        # Read anew each time: notifications are rare, and a webhook that was changed must not lose one.
        secret=secrets.read(current.notification_secret, fresh=True),
        clock=Clock(lambda: context.get_remaining_time_in_millis() / 1000),
    )
