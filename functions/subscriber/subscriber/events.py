"""What events ask for. What they hold came from outside and is checked here."""

from __future__ import annotations

import json
import re
from typing import Any, Literal

from watchpost import custom_resource
from watchpost.errors import PayloadError

from subscriber.account import resource_of

CALLED = "AWS API Call via CloudTrail"
TAGGED = "Tag Change on Resource"
SCHEDULED = "Scheduled Event"
CONFIGURED = "Parameter Store Change"
CREATED = ("logs.amazonaws.com", "CreateLogGroup")  # eventSource and eventName of CloudTrail

# CloudWatch Logs API, CreateLogGroup. Anybody in the account can send such an event; a name that no group can have is
# neither asked for nor written down.
_GROUP = re.compile(r"[.\-_/#A-Za-z0-9]{1,512}")

Kind = Literal["queue", "announcement", "tick", "sweep", "resource"]


def kind_of(event: Any) -> Kind:
    """What an event is about.

    queue: announcements through SQS; announcement: one, from EventBridge itself; tick: of the schedule; sweep: asked
    for by somebody, or by a change of the configuration; resource: a request of CloudFormation. Raises PayloadError for
    an event of no known kind.
    """
    if not isinstance(event, dict):
        raise PayloadError("malformed", "a JSON object")
    if custom_resource.is_request(event):
        return "resource"
    if isinstance(event.get("Records"), list):
        return "queue"
    detail_type = event.get("detail-type")
    if detail_type in (CALLED, TAGGED):
        return "announcement"
    if detail_type == CONFIGURED or event.get("action") == "sweep" or not event:
        return "sweep"
    if event.get("source") == "aws.events" or detail_type == SCHEDULED:
        return "tick"
    expected = "an announcement, a schedule, {}, {action: sweep}, messages of SQS or a request of CloudFormation"
    raise PayloadError("unknown", expected)


def announced(event: Any) -> str | None:
    """The log group that an event of EventBridge is about; None for one that is about none.

    Raises PayloadError for an event that is not what its source promises (CloudTrail User Guide, "record contents";
    Tag Editor User Guide, "Tag changes generate EventBridge events").
    """
    detail_type = event.get("detail-type") if isinstance(event, dict) else None
    if detail_type == CALLED:
        return _created(event.get("detail"))
    if detail_type == TAGGED:
        return _tagged(event)
    raise PayloadError("unknown", f"{CALLED} or {TAGGED}")


def message_of(record: Any) -> tuple[str, Any]:
    """The id of a message of SQS and what lay in it. Raises PayloadError when it is none.

    What lay in it is None where it is no JSON: such a message never becomes better.
    """
    if not isinstance(record, dict) or record.get("eventSource") != "aws:sqs":
        raise PayloadError("unknown", "messages of SQS")
    identifier, body = record.get("messageId"), record.get("body")
    if not isinstance(identifier, str) or not identifier:
        raise PayloadError("malformed", "a message with its messageId")
    try:
        return identifier, json.loads(body) if isinstance(body, str) else None
    except (ValueError, RecursionError):
        return identifier, None


def _created(detail: Any) -> str | None:
    """The log group that a call created, as CloudTrail tells it."""
    if not isinstance(detail, dict) or (detail.get("eventSource"), detail.get("eventName")) != CREATED:
        raise PayloadError("unknown", "CreateLogGroup of CloudTrail")
    if detail.get("errorCode"):
        return None  # such a call did not create anything, and its parameters may be missing
    parameters = detail.get("requestParameters")
    name = parameters.get("logGroupName") if isinstance(parameters, dict) else None
    if not isinstance(name, str) or not _GROUP.fullmatch(name):
        raise PayloadError("malformed", "detail.requestParameters.logGroupName, the name of a log group")
    return name


def _tagged(event: dict[str, Any]) -> str | None:
    """The log group whose tags changed, or that of the function whose tags changed."""
    resources = event.get("resources")
    arn = resources[0] if isinstance(resources, list) and resources else None
    if not isinstance(arn, str):
        raise PayloadError("malformed", "resources with the ARN of what was tagged")
    kind, name = resource_of(arn)
    if not name:
        return None  # Logs and Lambda have other resources with tags
    group = name if kind == "log-group" else f"/aws/lambda/{name}"
    return group if _GROUP.fullmatch(group) else None
