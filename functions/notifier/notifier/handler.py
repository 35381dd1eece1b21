"""Entry point of the notifier."""

from __future__ import annotations

import functools
import threading
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from botocore.config import Config
from watchpost import aws, configuration, secrets, settings
from watchpost.search.lines import Lines

from notifier.clock import Clock
from notifier.run import Surroundings, run
from notifier.service import SERVICE

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext
    from watchpost.settings import Settings

# Seconds to connect and to read, of each of two attempts: what is asked for besides is worth no more, and for what
# nobody took, the clock keeps as much time as this needs.
_CONNECT, _READ, _ATTEMPTS = 1, 3, 2

_making = threading.Lock()  # making clients is nothing that threads can do at the same time
_logger = Logger(service=SERVICE)


@_logger.inject_lambda_context
def lambda_handler(event: Any, context: LambdaContext) -> dict[str, int]:
    """Tell the receivers about the alarms of an SNS event, or what waited for the end of quiet hours."""
    return run(event, surroundings(context))


def surroundings(context: LambdaContext) -> Surroundings:
    """Settings, clients and time of this invocation."""
    current = settings.current()
    return Surroundings(
        settings=current,
        # Both are read anew each time: notifications are rare, and a route or receiver that was changed counts at once.
        configuration=lambda: configuration.current(current.config_parameter, fresh=True),
        secret=lambda: secrets.read(current.notification_secret, fresh=True),
        lines=lambda: _lines(current),
        client=_client,
        clock=Clock(lambda: context.get_remaining_time_in_millis() / 1000),
        request_id=context.aws_request_id,
    )


def _lines(current: Settings) -> Lines:
    from watchpost import elasticsearch  # its client takes long to load, and most events need none  # noqa: PLC0415

    return Lines(elasticsearch.cluster(current), current.environment)


def _client(service: str) -> Any:
    with _making:
        return _made(service)


@functools.cache
def _made(service: str) -> Any:
    if service == "dynamodb":
        return aws.dynamodb_brief()
    retries = {"mode": "standard", "total_max_attempts": _ATTEMPTS}
    # Addresses in a bucket with a key of KMS must be signed with version 4.
    signature = {"signature_version": "s3v4"} if service == "s3" else {}
    config = Config(connect_timeout=_CONNECT, read_timeout=_READ, retries=retries, **signature)  # type: ignore[arg-type]  # the stub wants its own TypedDict
    return aws.session().create_client(service, config=config)
