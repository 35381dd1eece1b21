"""Keeps alarms, dashboards and index templates as they are defined."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging.utils import copy_config_to_registered_loggers
from watchpost import aws, configuration, elasticsearch, secrets, settings
from watchpost.calls import Calls

from provisioner import events
from provisioner.deadline import Deadline
from provisioner.run import Account, definitions

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger(service="watchpost-provisioner")
# What the modules log goes out in the same form: their loggers are named like the package.
copy_config_to_registered_loggers(logger, include={"provisioner"})


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Reconcile, plan, or answer CloudFormation; see provisioner.events."""
    most, began = events.most_seconds(event), time.monotonic()
    deadline = Deadline(lambda: min(context.get_remaining_time_in_millis() / 1000, began + most - time.monotonic()))
    return events.handle(event, context.log_stream_name, deadline, lambda: _account(deadline))


def _account(deadline: Deadline) -> Account:
    """The stack's settings and clients.

    The configuration is read without the cache: whoever has just pushed a document expects that it counts.
    Credentials of Elasticsearch likewise. Raises ConfigurationError.
    """
    current = settings.current()
    source = configuration.source(current.config_parameter)
    return Account(
        settings=current,
        client=aws.client,
        calls=Calls(time.monotonic, time.sleep, deadline.left, deadline.reserve),
        configuration=source.get,
        problem=lambda: source.problem,
        cluster=lambda: elasticsearch.cluster(current, fresh=True),
        kibana=lambda: secrets.read(current.kibana_secret, fresh=True),
        definitions=definitions(),
    )
