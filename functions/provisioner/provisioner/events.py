"""Which event asks for what: CloudFormation, a schedule or rule of EventBridge, a queue, or a person with an action.

Deployments and changes of tags come in numbers, and each asks for the same: a run over everything. So they go through a
FIFO queue in which they all are one message: EventBridge puts a constant in place of the event, and of equal messages
within five minutes SQS keeps the first (content-based deduplication). The queue holds it back for these five minutes,
so that a run never begins before an event that it stands for.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from watchpost import custom_resource
from watchpost.errors import PayloadError, ProvisioningError

from provisioner.failures import reason_of
from provisioner.result import EXAMPLES
from provisioner.run import remove, run

if TYPE_CHECKING:
    from collections.abc import Callable

    from provisioner.deadline import Deadline
    from provisioner.result import Result
    from provisioner.run import Account

ACTIONS = ("apply", "plan")
DEPLOYMENT = 360.0  # seconds that a deployment waits for its first run; the schedule goes on with what is not done
_FIELDS = frozenset({"action", "allow_mass_deletion"})

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Order:
    """What a run is asked to do."""

    action: str = "apply"  # apply or plan
    allow_mass_deletion: bool = False


def order_of(event: Any) -> Order:
    """Read an event that is not CloudFormation's.

    Raises PayloadError for an unknown action or field: a misspelt `plan` must not become a run.
    """
    if not isinstance(event, dict):
        raise PayloadError("not an object", 'an object such as {"action": "plan"}')
    if "detail-type" in event or "source" in event:  # EventBridge: whatever happened, a whole run finds it
        return Order()
    if "Records" in event:
        return _of_queue(event["Records"])
    if not event.keys() <= _FIELDS:
        raise PayloadError("an object with unknown fields", " and ".join(sorted(_FIELDS)))
    action, allow = event.get("action", "apply"), event.get("allow_mass_deletion", False)
    if action not in ACTIONS:
        raise PayloadError("an unknown action", "one of " + ", ".join(ACTIONS))
    if not isinstance(allow, bool):
        raise PayloadError("an allow_mass_deletion of another type", "true or false")
    return Order(action, allow)


def most_seconds(event: Any) -> float:
    """How long the work on an event may take, whatever Lambda gives."""
    waiting = custom_resource.is_request(event) and event["RequestType"] != "Delete"
    return DEPLOYMENT if waiting else float("inf")


def _of_queue(records: Any) -> Order:
    """However many messages there are, one run stands for all; what lies in them does not matter."""
    if not isinstance(records, list) or not records:
        raise PayloadError("records of no queue", "messages of SQS")
    if not all(isinstance(record, dict) and record.get("eventSource") == "aws:sqs" for record in records):
        raise PayloadError("records of no queue", "messages of SQS")
    return Order()


def handle(event: Any, log_stream: str, deadline: Deadline, account: Callable[[], Account]) -> dict[str, Any]:
    """Do what an event asks for and return the result as a dict, that of a large account shortened.

    A run that fails is begun anew by whoever asked for it, Lambda or the queue, and goes on with what is left.

    account: makes settings and clients; raises ConfigurationError. log_stream: name of the invocation's log stream.
    Raises ProvisioningError when anything was not done, PayloadError for an event that is not understood, and what
    `run` raises. CloudFormation is answered instead; only an answer that could not be sent is raised, and PayloadError,
    before anything is done, when it would not go to AWS.
    """
    if custom_resource.is_request(event):
        return _answer(event, log_stream, deadline, account)
    order = order_of(event)
    result = run(account(), deadline, apply=order.action == "apply", allow_mass_deletion=order.allow_mass_deletion)
    failed = result.failures()
    if failed and order.action == "apply":
        raise ProvisioningError(failed)
    return result.answer()


def _answer(
    event: dict[str, Any], log_stream: str, deadline: Deadline, account: Callable[[], Account]
) -> dict[str, Any]:
    custom_resource.check(event)
    answer: dict[str, Any] = {}
    try:
        failure, answer = _work(event.get("RequestType"), deadline, account)
    except Exception as error:  # noqa: BLE001  # CloudFormation waits for an hour when nobody answers, so all is told
        _log.exception("the custom resource failed")
        failure = reason_of(error)
    custom_resource.respond(event, log_stream, failure=failure)
    return answer


def _work(request_type: Any, deadline: Deadline, account: Callable[[], Account]) -> tuple[str | None, dict[str, Any]]:
    """What failed, or None, and the result."""
    if request_type == "Delete":
        result = remove(account(), deadline)
        failed = result.failures()
    elif request_type in ("Create", "Update"):
        # Its own resources are made and changed at the same time. The end of the deployment asks for another run.
        result = run(account(), deadline, apply=True, own=False)
        failed = _fault_of_the_deployment(result)
    else:
        raise PayloadError("an unknown RequestType", "Create, Update or Delete")
    return (str(ProvisioningError(failed)) if failed else None), result.answer()


def _fault_of_the_deployment(result: Result) -> list[dict[str, str]]:
    """The failures that rolling back would mend: index templates that Elasticsearch refuses.

    All others are logged and left to the schedule: a cluster that is away, a secret that can be filled only after the
    deployment, alarms that were throttled or for which there was no time.
    """
    failed = [] if result.templates.outside else result.templates.failed
    left = [failure for failure in result.failures() if failure not in failed]
    if left:
        _log.warning(
            "not done by this deployment, left to the schedule", extra={"failed": left[:EXAMPLES], "count": len(left)}
        )
    return failed
