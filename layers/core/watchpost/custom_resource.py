"""The answer that CloudFormation waits for when a function backs a custom resource."""

from __future__ import annotations

import json
import os
import re
from typing import Any
from urllib.parse import urlsplit

import requests

from watchpost.errors import PayloadError

TIMEOUT = 10  # seconds
_ENDPOINTS = ("AWS_ENDPOINT_URL_CLOUDFORMATION", "AWS_ENDPOINT_URL")  # variables that every SDK of AWS reads
# Where CloudFormation has its answers put: presigned addresses of a bucket, which S3 names in several ways, such as
# cloudformation-custom-resource-response-useast1.s3-us-east-1.amazonaws.com and, of China,
# …-cnnorth1.s3.cn-north-1.amazonaws.com.cn (Lambda Developer Guide, "Using Lambda with CloudFormation"). Any bucket
# will do: an answer holds no secret, and one that was not sent for a name that AWS changed would hold up a deployment
# for an hour.
_S3 = re.compile(
    r"(?:[a-z0-9][a-z0-9.-]*\.)?s3(?:[.-](?:fips|dualstack|fips\.dualstack))?(?:[.-][a-z]{2,}(?:-[a-z]+)+-\d{1,2})?\."
    r"(?:amazonaws\.com|amazonaws\.com\.cn|amazonaws\.eu|c2s\.ic\.gov|sc2s\.sgov\.gov|cloud\.adc-e\.uk|csp\.hci\.ic\.gov)"
)
# Characters of a reason. The whole answer may have 4,096 bytes (CloudFormation User Guide, custom resource response
# objects), and a character takes up to six of them in JSON.
LONGEST_REASON = 500


def is_request(event: Any) -> bool:
    """Whether an event asks for work on a custom resource."""
    return isinstance(event, dict) and "RequestType" in event and "ResponseURL" in event


def check(event: dict[str, Any]) -> None:
    """Refuse a request that asks for an answer to anywhere but Amazon S3, before anything is done for it.

    Whoever may invoke the function would else have it send requests into the network that it is in. The host that
    AWS_ENDPOINT_URL_CLOUDFORMATION or AWS_ENDPOINT_URL names is taken as well: where an emulator stands for AWS, these
    say so. Raises PayloadError, without the address.
    """
    if not _is_of_aws(event.get("ResponseURL")):
        raise PayloadError("foreign", "a ResponseURL of Amazon S3")


def _is_of_aws(address: Any) -> bool:
    try:
        url = urlsplit(address)
        port = url.port
        named = {_host(urlsplit(os.environ.get(name, "")).hostname) for name in _ENDPOINTS} - {""}
    except (ValueError, AttributeError, TypeError):
        return False
    if not isinstance(address, str) or not address.isascii() or not address.isprintable() or "@" in url.netloc:
        return False
    if _host(url.hostname) in named:
        return url.scheme in ("http", "https")
    return url.scheme == "https" and port in (None, 443) and _S3.fullmatch(url.hostname or "") is not None


def _host(name: str | None) -> str:
    """A host's name; one for all that this machine has for itself."""
    return "localhost" if name in ("127.0.0.1", "::1") else name or ""


def respond(event: dict[str, Any], log_stream: str, *, failure: str | None, data: dict[str, str] | None = None) -> None:
    """Tell CloudFormation that the work is done, or what failed.

    event: the request; failure: None for success, else one sentence that the person who deploys will read.
    A reason is cut to LONGEST_REASON characters. Without an answer CloudFormation waits for an hour, so errors of this
    call are raised (requests.RequestException), without the URL: whoever has it can answer. Raises PayloadError as
    `check` does.
    """
    check(event)
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
        response = requests.put(
            event["ResponseURL"], data=body.encode(), headers=headers, timeout=TIMEOUT, allow_redirects=False
        )
    except requests.RequestException as error:
        raise requests.RequestException(f"CloudFormation took no answer: {type(error).__name__}") from None
    if not response.ok:
        raise requests.RequestException(f"CloudFormation took no answer: HTTP {response.status_code}")
