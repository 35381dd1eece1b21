"""Entry point of the subscriber."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from watchpost import aws, configuration, names, settings
from watchpost.calls import Calls
from watchpost.ledger import Ledger

from subscriber.account import Account
from subscriber.run import run
from subscriber.surroundings import SERVICE, Surroundings

if TYPE_CHECKING:
    from collections.abc import Callable

    from aws_lambda_powertools.utilities.typing import LambdaContext
    from watchpost.configuration import Configuration

_logger = Logger(service=SERVICE)


@_logger.inject_lambda_context
def lambda_handler(event: Any, context: LambdaContext) -> dict[str, Any]:
    """Subscribe log groups to the shipper: new ones, or all."""
    return run(event, surroundings(context))


def surroundings(context: LambdaContext) -> Surroundings:
    """Settings, configuration and clients of this invocation."""
    return Surroundings(
        account=_account,
        ledger=lambda: Ledger(aws.dynamodb(), settings.current().ledger_table),
        configuration=_configuration,
        remaining=lambda: context.get_remaining_time_in_millis() / 1000,
        clock=time.time,
        sleep=time.sleep,
        invoke=lambda event: _invoke(context.invoked_function_arn, event),
        owner=context.aws_request_id,
        log_stream=context.log_stream_name,
    )


def _account(remaining: Callable[[], float]) -> Account:
    current = settings.current()
    streaming = current.stream_role != "none"
    own = (current.stream_arn, current.shipper_arn) if streaming else (current.shipper_arn, current.stream_arn)
    destination, *former = own if current.log_destination == "none" else (current.log_destination, *own)
    return Account(
        stack=current.stack,
        destination=destination,
        logs=aws.client("logs"),
        lambda_=aws.client("lambda"),
        tagging=aws.client("resourcegroupstaggingapi"),
        calls=Calls(time.monotonic, time.sleep, remaining),
        role=current.stream_role if streaming else None,
        # Filters of versions before the alias point to the function itself.
        former=(*former, names.without_alias(current.shipper_arn)),
        scope=current.subscription_scope,
    )


def _configuration(*, fresh: bool) -> tuple[Configuration, str | None]:
    parameter = settings.current().config_parameter
    if not fresh:
        return configuration.current(parameter), configuration.problem(parameter)
    source = configuration.source(parameter)
    return source.get(), source.problem


def _invoke(function: str, event: dict[str, Any]) -> None:
    """Hand an event to another invocation. Raises botocore's errors."""
    aws.lambda_().invoke(FunctionName=function, InvocationType="Event", Payload=json.dumps(event).encode())
