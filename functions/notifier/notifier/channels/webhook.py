"""A webhook of one's own: one JSON object with a text for people and its parts for machines, signed. Pure.

Headers and signature: the Standard Webhooks specification 1.0.0 (github.com/standard-webhooks/standard-webhooks).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import TYPE_CHECKING, Any

from notifier import story as kinds
from notifier.channels import safe
from notifier.channels.answers import by_status
from notifier.channels.call import Call
from notifier.channels.readable import plain
from notifier.clean import escaped
from notifier.receivers import signing_key

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from notifier.alarm import Metric
    from notifier.channels.call import Outcome
    from notifier.receivers import Receiver
    from notifier.story import Child, Evidence, Failing, Story

VERSION = 2
# Where machines find the links that they know, by label.
_LINKS = {
    "alarm": kinds.ALARM,
    "dashboard": kinds.DASHBOARD,
    "discover": kinds.DISCOVER,
    "logs_insights": kinds.INSIGHTS,
    "log_stream": kinds.STREAM,
    "runbook": kinds.RUNBOOK,
}


def request(receiver: Receiver, story: Story, now: float) -> Call:
    """The call that posts the message. now: seconds since 1970, of the attempt."""
    body = json.dumps(message(story), allow_nan=False).encode()
    headers = {"content-type": "application/json", "webhook-id": message_id(story), "webhook-timestamp": str(int(now))}
    if receiver.credential:
        headers["webhook-signature"] = signature(receiver.credential, headers, body)

    def response(status: int, answer: bytes) -> Outcome:  # noqa: ARG001  # what it says may be our own message
        return by_status(status, "")

    return Call("POST", receiver.url, headers, body, response)


def signature(secret: str, headers: Mapping[str, str], body: bytes) -> str:
    """`v1,` and the base64 of HMAC-SHA256 over id, time and body (Standard Webhooks, signature scheme)."""
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(signing_key(secret), signed, hashlib.sha256).digest()).decode()


def message_id(story: Story) -> str:
    """The same for the same news, however often it is told, so that receivers can drop what they have.

    It is made of what has happened and of none of the words, which may differ when a story is told anew: by then more
    is known of the logs and the deployments.
    """
    told = story.notification
    children = sorted([child.name, child.state] for child in story.children)
    news: list[Any] = [story.key, story.event, told.state, _time(story.since), story.times, children]
    news += [story.items, story.lasted.total_seconds() if story.lasted is not None else None]
    # Of a message without a time nothing else says that it is another one.
    news += [told.reason] if told.state is not None and story.since is None else []
    return f"msg_{hashlib.sha256(json.dumps(news).encode()).hexdigest()[:32]}"


def message(story: Story) -> dict[str, Any]:
    """The message of a safe story. Every field is always there; what is not known is null.

    `text` has & < > escaped; the other fields are plain text, without control characters.
    """
    told = story.notification
    return {
        "version": VERSION,
        "event": story.event,
        "key": story.key,
        "text": escaped(plain(story)),
        "title": story.headline,
        "words": story.words or None,
        "state": told.state,
        "previous_state": told.previous_state,
        "severity": story.severity,
        "service": told.service,
        "resource": told.resource,
        "alarm": told.alarm,
        "alarm_name": told.name,
        "reason": story.reason,
        "description": story.description or None,
        "metric": _metric(told.metric) if told.metric else None,
        "threshold": told.threshold,
        "since": _time(story.since),
        "lasted_seconds": story.lasted.total_seconds() if story.lasted is not None else None,
        "times": story.times,
        "owner": story.owner,
        "account": told.account,
        "region": told.region,
        "children": [_child(child) for child in story.children],
        "evidence": _evidence(story.evidence) if story.evidence else None,
        "deployments": [{"what": item.what, "when": _time(item.when)} for item in story.deployments],
        "graph": story.graph,
        "links": _links(story),
        "items": list(story.items),
    }


def _metric(metric: Metric) -> dict[str, Any]:
    return {
        "namespace": metric.namespace,
        "name": metric.name,
        "statistic": metric.statistic,
        "period_seconds": metric.period,
        "evaluation_periods": metric.evaluation_periods,
        "comparison": metric.comparison,
        "dimensions": dict(metric.dimensions),
        "expression": metric.expression,
        "value": metric.value,
    }


def _child(child: Child) -> dict[str, Any]:
    return {
        "alarm_name": child.name,
        "service": child.service or None,
        "resource": child.resource or None,
        "alarm": child.alarm or None,
        "state": child.state,
        "reason": child.reason,
        "since": _time(child.since),
    }


def _evidence(evidence: Evidence) -> dict[str, Any]:
    return {
        "errors": [
            {
                "message": error.message,
                "type": error.type or None,
                "service": error.service,
                "count": error.count,
                "newest": _time(error.newest),
                "example": error.example,
            }
            for error in evidence.errors
        ],
        "errors_total": evidence.errors_total,
        "errors_read": evidence.errors_read,
        "failing": _failing(evidence.failing) if evidence.failing else None,
        "problem": evidence.problem,
    }


def _failing(failing: Failing) -> dict[str, Any]:
    return {
        "request_id": failing.request_id,
        "correlation_id": failing.correlation_id,
        "trace_id": failing.trace_id,
        "service": failing.service,
        "log_group": failing.log_group or None,
        "log_stream": failing.log_stream or None,
        "at": _time(failing.at),
    }


def _links(story: Story) -> dict[str, str | None]:
    known = {link.label: link.url for link in reversed(story.links)}
    return {name: known.get(label) for name, label in _LINKS.items()}


def _time(when: datetime | None) -> str | None:
    return safe.stamp(when) if when else None
