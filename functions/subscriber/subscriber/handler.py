"""Entry point of the subscriber."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from watchpost import aws, configuration, settings

from subscriber.account import Account
from subscriber.run import SERVICE, Surroundings, run

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

_logger = Logger(service=SERVICE)


@_logger.inject_lambda_context
def lambda_handler(event: Any, context: LambdaContext) -> dict[str, Any]:
    """Subscribe log groups to the shipper: a new one, or all."""
    return run(event, surroundings(context))


def surroundings(context: LambdaContext) -> Surroundings:
    """Settings, configuration and clients of this invocation."""
    return Surroundings(
        account=_account,
        configuration=lambda: configuration.current(settings.current().config_parameter),
        remaining=lambda: context.get_remaining_time_in_millis() / 1000,
        log_stream=context.log_stream_name,
    )


def _account() -> Account:
    current = settings.current()
    direct, stream = current.shipper_arn, current.stream_arn
    if current.stream_role == "none":
        return Account(current.stack, direct, aws.logs(), aws.lambda_(), former=(stream,))
    return Account(current.stack, stream, aws.logs(), aws.lambda_(), role=current.stream_role, former=(direct,))
