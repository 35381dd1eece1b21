"""What the emulator's enforcement of IAM is taught: to know of a request what AWS knows, and to note what it decided.

Each decision about a role stands once in a file, one JSON object a line:

    {"role": "watchpost-ShipperRole-1A2B", "action": "s3:PutObject", "resource": "arn:aws:s3:::bucket/dead-letters/x",
     "allowed": true, "by": [["WriteDeadLetters", ["arn:aws:s3:::bucket/dead-letters/*"]]]}

`by` has every statement of the role's own policies that allows the request, each with those of its resources that the
request is for. Of requests that differ in nothing but the resource the first one is noted.
"""

from __future__ import annotations

import json
import os
import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from ministack.core import iam_actions, iam_evaluator
from ministack.services import iam

if TYPE_CHECKING:
    from pathlib import Path

# What AWS asks permission on where the emulator knows no resource: the first two list everything, as AWS's errors say.
RESOURCES = {
    "logs:DescribeLogGroups": "arn:aws:logs:{region}:{account}:log-group::log-stream:",
    "rds:DescribeDBInstances": "arn:aws:rds:{region}:{account}:db:*",
    "rds:DescribeDBParameters": "arn:aws:rds:{region}:{account}:pg:{DBParameterGroupName}",
}
ACTIONS = ("AlarmActions", "OKActions", "InsufficientDataActions")
ALARM_CHANGES = {"cloudwatch:PutMetricAlarm", "cloudwatch:PutCompositeAlarm"}


class _Notes:
    """The decisions, each once."""

    def __init__(self, file: Path) -> None:
        self._file = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._lock = threading.Lock()
        self._seen: set[str] = set()

    def add(self, note: dict[str, Any], resource: str) -> None:
        key = json.dumps(note, sort_keys=True)
        with self._lock:
            if key not in self._seen:
                self._seen.add(key)
                os.write(self._file, json.dumps({**note, "resource": resource}).encode() + b"\n")


def note_decisions(file: Path) -> None:
    """Note, from now on, each decision about a role in a file."""
    notes, asked = _Notes(file), threading.local()
    evaluate, enforce = iam_evaluator.evaluate, iam_evaluator.enforce

    def evaluate_and_keep(context: Any, policies: Any, *limits: Any) -> Any:
        result = evaluate(context, policies, *limits)
        if getattr(asked, "first", None) is None:  # the second question is that to the policy of the resource
            asked.first = (context, policies)
        return result

    def enforce_and_note(*arguments: Any, **named: Any) -> Any:
        asked.first = None
        denied = enforce(*arguments, **named)
        context, policies = asked.first or (None, [])
        if context is not None and context.principal_type == "AssumedRole":
            matched = [one for statements in policies for one in statements if _allows(one, context)]
            by = [[one.sid, [each for each in one.resources if _matches(context, each)]] for one in matched]
            role = iam_evaluator._role_name_from_assumed_arn(context.principal_arn)  # noqa: SLF001
            note = {"role": role, "action": context.action, "allowed": denied is None, "by": by}
            notes.add(note, context.resource_arn)
        return denied

    iam_evaluator.evaluate, iam_evaluator.enforce = evaluate_and_keep, enforce_and_note


def _allows(statement: Any, context: Any) -> bool:
    return iam_evaluator._first_match(context, [statement], "Allow") is not None  # noqa: SLF001


def _matches(context: Any, pattern: str) -> bool:
    return bool(iam_evaluator.fnmatch_iam_cs(context.resource_arn, pattern))


def simulate_with_context() -> None:
    """Have a simulation know the condition keys that it is told (IAM API, SimulatePrincipalPolicy, ContextEntries)."""
    parameters_of, evaluate = iam._extract_simulate_params, iam_evaluator.evaluate  # noqa: SLF001
    simulate = iam._build_simulate_results_real  # noqa: SLF001
    told = threading.local()

    def keep_context(request: Any) -> Any:
        entry = "ContextEntries.member.1."  # nobody here tells more than one, with one value
        name = iam._p(request, f"{entry}ContextKeyName")  # noqa: SLF001
        value = iam._p(request, f"{entry}ContextKeyValues.member.1")  # noqa: SLF001
        told.keys = {name.lower(): value} if name else {}
        return parameters_of(request)

    def simulate_knowing(*arguments: Any) -> Any:
        told.is_simulated = True
        try:
            return simulate(*arguments)
        finally:
            told.is_simulated = False

    def evaluate_knowing(context: Any, *policies: Any) -> Any:
        if getattr(told, "is_simulated", False):
            context.service_context |= told.keys
        return evaluate(context, *policies)

    iam._extract_simulate_params, iam._build_simulate_results_real = keep_context, simulate_knowing  # noqa: SLF001
    iam_evaluator.evaluate = evaluate_knowing


def know_more_of_requests() -> None:
    """Know the condition keys of CloudWatch, the namespace of metrics and the actions of alarms; and what listings ask.

    Service Authorization Reference, "Actions, resources, and condition keys for Amazon CloudWatch".
    """
    of_tags, resource_of = iam_actions.request_tag_context, iam_actions.extract_resource_arn

    def of_tags_and_cloudwatch(service: str, action: str, body: bytes, parameters: Any) -> dict[str, Any]:
        return {**of_tags(service, action, body, parameters), **_cloudwatch_keys(action, body)}

    def resource_or_listing(service: str, *parts: Any) -> str:
        found = str(resource_of(service, *parts))
        _method, _path, headers, body, _query, region, account = parts
        asked = dict(parse_qsl(body.decode(errors="replace"))) if found == "*" else {}
        action = headers.get("x-amz-target", "").rpartition(".")[2] or asked.get("Action")
        known = RESOURCES.get(f"{service}:{action}") if found == "*" else None
        return known.format(**asked, region=region, account=account) if known else found

    iam_actions.request_tag_context = of_tags_and_cloudwatch
    iam_actions.extract_resource_arn = resource_or_listing


def _cloudwatch_keys(action: str, body: bytes) -> dict[str, Any]:
    if action != "cloudwatch:PutMetricData" and action not in ALARM_CHANGES:
        return {}
    try:
        request = json.loads(body)
    except ValueError:  # the older form of requests, which nothing here makes use of
        return {}
    if action == "cloudwatch:PutMetricData":
        return {"cloudwatch:namespace": request.get("Namespace")}
    told = [one for name in ACTIONS for one in request.get(name) or []]
    return {"cloudwatch:alarmactions": told} if told else {}
