"""From an event to work on log groups, and back to an answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from watchpost import custom_resource, names
from watchpost.errors import PayloadError, SubscriptionError

from subscriber.result import Result
from subscriber.sweep import new_group, remove_all, sweep

if TYPE_CHECKING:
    from collections.abc import Callable

    from watchpost.configuration import Configuration

    from subscriber.account import Account
    from subscriber.sweep import Removal

SERVICE = "watchpost-subscriber"
CREATED = ("logs.amazonaws.com", "CreateLogGroup")  # eventSource and eventName of CloudTrail
NAMED = 5  # log groups that an answer to CloudFormation names; the log has them all

_logger = Logger(service=SERVICE)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What an invocation works with. Account and configuration are asked for when needed, so that a mistake in one
    still lets a custom resource be answered, and a deletion needs no configuration.
    """

    account: Callable[[], Account]
    configuration: Callable[[], Configuration]
    remaining: Callable[[], float]  # seconds until Lambda ends the invocation
    log_stream: str


def run(event: Any, around: Surroundings) -> dict[str, Any]:
    """Do what an event asks for and return what was done.

    Raises PayloadError for an event of no known kind, SubscriptionError when a log group failed (every other group was
    treated all the same), botocore's errors when log groups cannot be listed. A custom resource is always answered.
    """
    if custom_resource.is_request(event):
        return _custom_resource(event, around)
    result = _work(event, around)
    _logger.info("run ended", extra={"result": result.as_dict()})
    if result.failed:
        raise SubscriptionError(result.failures())
    return result.as_dict()


def _work(event: Any, around: Surroundings) -> Result:
    if not isinstance(event, dict):
        raise PayloadError("malformed", "a JSON object")
    if event.get("detail-type") == "AWS API Call via CloudTrail":
        return _created(event.get("detail"), around)
    scheduled = event.get("source") == "aws.events" or event.get("detail-type") == "Scheduled Event"
    if scheduled or event.get("action") == "sweep" or not set(event) - {"next_token"}:
        token = event.get("next_token") or ""
        if not isinstance(token, str):
            raise PayloadError("malformed", "next_token as a sweep returned it")
        return sweep(around.account(), around.configuration(), around.remaining, token)
    expected = "CreateLogGroup of CloudTrail, a schedule, {}, {action: sweep} or a request of CloudFormation"
    raise PayloadError("unknown", expected)


def _created(detail: Any, around: Surroundings) -> Result:
    """The work for what CloudTrail tells about one call."""
    if not isinstance(detail, dict) or (detail.get("eventSource"), detail.get("eventName")) != CREATED:
        raise PayloadError("unknown", "CreateLogGroup of CloudTrail")
    parameters = detail.get("requestParameters")
    name = parameters.get("logGroupName") if isinstance(parameters, dict) else None
    if detail.get("errorCode"):  # such a call did not create anything, and its parameters may be missing
        result = Result()
        result.skip(name if isinstance(name, str) else "", f"the log group was not created: {detail['errorCode']}")
        return result
    if not isinstance(name, str) or not name:
        raise PayloadError("malformed", "detail.requestParameters.logGroupName")
    return new_group(around.account(), around.configuration(), name)


def _custom_resource(event: dict[str, Any], around: Surroundings) -> dict[str, Any]:
    """Subscribe on creation and update, unsubscribe on deletion, and tell CloudFormation in any case."""
    done: dict[str, Any] = {}
    failure: str | None = None
    try:
        if event["RequestType"] == "Delete":
            removal = remove_all(around.account(), around.remaining)
            done = {"removed": removal.removed, "left": removal.left, "next_token": removal.next_token}
            failure = _what_is_left(removal)
        else:
            done = sweep(around.account(), around.configuration(), around.remaining).as_dict()
    except Exception as error:  # whatever it is: without an answer CloudFormation waits for an hour
        _logger.exception("the request of CloudFormation failed")
        failure = f"{type(error).__name__}: {error}"
    # Single groups do not fail a deployment: the next sweep tries them again, and raises.
    level = _logger.warning if failure or done.get("failed") or done.get("next_token") else _logger.info
    level("request of CloudFormation ended", extra={"request": event["RequestType"], "result": done})
    custom_resource.respond(event, around.log_stream, failure=failure)
    return {**done, "answer": "FAILED" if failure else "SUCCESS"}


def _what_is_left(removal: Removal) -> str | None:
    """What a person has to do after a removal, or None when nothing of ours remained."""
    how = (
        "Delete the stack again, or: aws logs delete-subscription-filter --log-group-name GROUP"
        f" --filter-name NAME (named {names.FILTER_PREFIX}...)."
    )
    late = "" if removal.next_token is None else " The time was over before all log groups were looked at."
    if not removal.left:
        return f"{how}{late}" if late else None
    named = ", ".join(sorted(removal.left)[:NAMED])
    more = f" and {len(removal.left) - NAMED} more" if len(removal.left) > NAMED else ""
    # The instruction comes first: a long list of names is cut by the limit of the answer.
    return f"{len(removal.left)} log groups still have filters. {how}{late} They are: {named}{more}"
