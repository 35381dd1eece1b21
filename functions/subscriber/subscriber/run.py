"""From an event to work on log groups, and back to an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger
from watchpost import custom_resource

from subscriber import announced, sweep
from subscriber.events import kind_of
from subscriber.leave import Removal, remove_all
from subscriber.surroundings import AWS_ERRORS, SERVICE

if TYPE_CHECKING:
    from subscriber.result import Result
    from subscriber.surroundings import Surroundings

# Seconds that a deployment waits for its first sweep; the ticks go on with what is not done.
DEPLOYMENT_BUDGET = 480.0

_logger = Logger(service=SERVICE)


def run(event: Any, around: Surroundings) -> dict[str, Any]:
    """Do what an event asks for and return what was done.

    Messages of SQS are answered as Lambda wants it, everything else with Result.as_dict. Groups that failed are in the
    ledger, the metrics and the log, and the next sweep tries them again: an invocation that failed for them would only
    be repeated by Lambda at once. Raises PayloadError for an event of no known kind, and botocore's errors, LedgerError
    and ConfigurationError when groups cannot be listed, the ledger does not work, or no configuration is right. A
    custom resource is always answered; PayloadError when its answer would not go to AWS, and nothing is done then.
    """
    kind = kind_of(event)
    if kind == "resource":
        return _custom_resource(event, around)
    if kind == "queue":
        return announced.batch(event["Records"], around)
    if kind == "announcement":
        result = announced.single(event, around)
    elif kind == "tick":
        result = sweep.tick(around, around.account(around.remaining))
    else:
        result = sweep.sweep(around, around.account(around.remaining), anew=True)
    _log(result)
    return result.as_dict()


def _log(result: Result) -> None:
    bad = result.counts["failed"] or result.examples["failed"]
    level = _logger.error if bad else _logger.warning if result.problems else _logger.info
    level("run ended", extra={"result": result.as_dict()})


def _custom_resource(event: dict[str, Any], around: Surroundings) -> dict[str, Any]:
    """Subscribe on creation and update, unsubscribe on deletion, and tell CloudFormation in any case."""
    custom_resource.check(event)
    done: dict[str, Any] = {}
    failure: str | None = None
    try:
        if event["RequestType"] == "Delete":
            done, failure = _leave(event, around)
            if failure is None and not done["complete"]:
                return {**done, "answer": "NONE YET"}
        else:
            done = _deploy(around)
    except Exception as error:  # whatever it is: without an answer CloudFormation waits for an hour
        _logger.exception("the request of CloudFormation failed")
        failure = f"{type(error).__name__}: {error}"
    unfinished = failure or done.get("failed") or not done.get("complete")
    level = _logger.warning if unfinished else _logger.info
    level("request of CloudFormation ended", extra={"request": event["RequestType"], "result": done})
    custom_resource.respond(event, around.log_stream, failure=failure)
    return {**done, "answer": "FAILED" if failure else "SUCCESS"}


def _deploy(around: Surroundings) -> dict[str, Any]:
    """Begin a sweep. Neither single groups fail a deployment nor a sweep that takes longer: the ticks go on with it."""
    around.ledger().request(leaving=False)
    return sweep.sweep(around, around.account(around.within(DEPLOYMENT_BUDGET)), anew=True).as_dict()


def _leave(event: dict[str, Any], around: Surroundings) -> tuple[dict[str, Any], str | None]:
    """Remove everything, or hand the rest to another invocation. Returns what was done, and what a person has to do."""
    removal = Removal.begun(event, around.clock())
    account = around.account(around.within(removal.until - around.clock()))
    remove_all(around, account, removal)
    done = {
        "complete": removal.complete,
        "removed": removal.removed,
        "left": removal.left,
        "waiting": removal.waiting,
        "policy": removal.policy,
        "link": removal.link,
    }
    if removal.may_go_on(around.clock()):
        _logger.info("the removal goes on in another invocation", extra={"result": done})
        try:
            around.invoke(removal.as_event(event))
            return done, None
        except AWS_ERRORS:
            _logger.exception("the removal cannot go on in another invocation")
    return done, removal.what_is_left(account.stack)
