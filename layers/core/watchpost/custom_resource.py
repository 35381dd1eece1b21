"""The answer that CloudFormation waits for when a function backs a custom resource."""

from __future__ import annotations

import json
from typing import Any

import requests

TIMEOUT = 10  # seconds
# Characters of a reason. The whole answer may have 4,096 bytes (CloudFormation User Guide, custom resource response
# objects), and a character takes up to six of them in JSON.
LONGEST_REASON = 500


def is_request(event: Any) -> bool:
    """Whether an event asks for work on a custom resource."""
    return isinstance(event, dict) and "RequestType" in event and "ResponseURL" in event


def respond(event: dict[str, Any], log_stream: str, *, failure: str | None, data: dict[str, str] | None = None) -> None:
    """Tell CloudFormation that the work is done, or what failed.

    event: the request; failure: None for success, else one sentence that the person who deploys will read.
    A reason is cut to LONGEST_REASON characters. Without an answer CloudFormation waits for an hour, so errors of this
    call are raised (requests.RequestException), without the URL: whoever has it can answer.
    """
    body = json.dumps(
        {
            "Status": "FAILED" if failure else "SUCCESS",
            "Reason": (failure or f"See log stream {log_stream}")[:LONGEST_REASON],
            "PhysicalResourceId": event.get("PhysicalResourceId") or event["LogicalResourceId"],
            "StackId": event["StackId"],
            "RequestId": event["RequestId"],
            "LogicalResourceId": event["LogicalResourceId"],
            "Data": data or {},
        }
    )
    # The URL is signed for an empty content type.
    headers = {"content-type": ""}
    try:
        response = requests.put(event["ResponseURL"], data=body.encode(), headers=headers, timeout=TIMEOUT)
    except requests.RequestException as error:
        raise requests.RequestException(f"CloudFormation took no answer: {type(error).__name__}") from None
    if not response.ok:
        raise requests.RequestException(f"CloudFormation took no answer: HTTP {response.status_code}")
