"""Keeps alarms, dashboards and index templates as they are defined."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from watchpost import aws, configuration, elasticsearch, settings

from provisioner import events
from provisioner.deadline import Deadline
from provisioner.run import Account, definitions

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

# Named like the package, so that what its modules log goes out in the same form.
logger = Logger(service="provisioner")


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Reconcile, plan, or answer CloudFormation; see provisioner.events."""
    deadline = Deadline(lambda: context.get_remaining_time_in_millis() / 1000)
    return events.handle(event, context.log_stream_name, deadline, _account)


def _account() -> Account:
    """The stack's settings and clients.

    The configuration is read without the cache: whoever has just pushed a document expects that it counts.
    Credentials of Elasticsearch likewise. Raises ConfigurationError.
    """
    current = settings.current()
    return Account(
        settings=current,
        cloudwatch=aws.cloudwatch(),
        lambda_=aws.lambda_(),
        tagging=aws.tagging(),
        configuration=configuration.source(current.config_parameter).get,
        cluster=lambda: elasticsearch.cluster(current, fresh=True),
        definitions=definitions(),
    )
