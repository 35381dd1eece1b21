"""What the emulator gets wrong of CloudWatch Logs, and account-level subscription policies, which it does not know.

It takes any number of subscription filters for a log group, and leaves log groups out of what the Resource Groups
Tagging API lists. What a subscription filter delivers is an asynchronous invocation, which Lambda keeps when it fails
or when there is no room for it; the emulator invokes once, and forgets.
"""

from __future__ import annotations

import base64
import gzip
import json
import re
import time
import uuid
from typing import TYPE_CHECKING, Any

from ministack.core.responses import error_response_json, get_account_id, get_region, json_response
from ministack.services import cloudwatch_logs, lambda_svc, tagging

from local import emulator_aliases

if TYPE_CHECKING:
    from collections.abc import Iterator

_put_filter = cloudwatch_logs._put_subscription_filter  # noqa: SLF001
_handle_logs = cloudwatch_logs.handle_request
_is_of_type = tagging._matches_type_filters  # noqa: SLF001

FILTERS = 2  # of a log group (CloudWatch Logs quotas)
# The one form of selection criteria (CloudWatch Logs API, PutAccountPolicy).
_CRITERIA = re.compile(r"LogGroupName NOT IN (\[.*\])", re.DOTALL)
_policies: dict[str, dict[str, dict[str, Any]]] = {}  # subscription policies by region and name


def mend() -> None:
    """Put these in the place of the emulator's own."""
    cloudwatch_logs._put_subscription_filter = _put_third_filter_never  # noqa: SLF001
    cloudwatch_logs._fanout_to_subscription_filters = _fan_out  # noqa: SLF001
    cloudwatch_logs.handle_request = _handle_logs_and_policies
    tagging._matches_type_filters = _is_of_type_log_group_too  # noqa: SLF001
    tagging._COLLECTORS["logs"] = _log_group_tags  # noqa: SLF001


def _put_third_filter_never(data: dict[str, Any]) -> Any:
    group = cloudwatch_logs._log_groups.get(data.get("logGroupName"))  # noqa: SLF001
    there = (group or {}).get("subscriptionFilters", {})
    if data.get("filterName") not in there and len(there) >= FILTERS:
        return error_response_json("LimitExceededException", "Resource limit exceeded.", 400)
    return _put_filter(data)


def _log_group_tags() -> Iterator[tuple[str, list[dict[str, str]]]]:
    for group in cloudwatch_logs._log_groups.values():  # noqa: SLF001
        tags = [{"Key": key, "Value": value} for key, value in (group.get("tags") or {}).items()]
        yield group["arn"].removesuffix(":*"), tags


def _is_of_type_log_group_too(arn: str, type_filters: list[str]) -> bool:
    # A log group's name holds slashes, behind the colon that ends the type.
    before, colon, _ = arn.partition(":log-group:")
    return bool(_is_of_type(f"{before}{colon}name" if colon else arn, type_filters))


def _excluded(policy: dict[str, Any]) -> list[str]:
    found = _CRITERIA.fullmatch(policy.get("selectionCriteria") or "LogGroupName NOT IN []")
    return list(json.loads(found[1])) if found else []


def _put_account_policy(data: dict[str, Any]) -> Any:
    name, criteria = data["policyName"], data.get("selectionCriteria", "")
    if data.get("policyType") != "SUBSCRIPTION_FILTER_POLICY" or (criteria and not _CRITERIA.fullmatch(criteria)):
        return error_response_json("InvalidParameterException", "not a subscription policy as it has to be", 400)
    there = _policies.setdefault(get_region(), {})
    if name not in there and there:
        return error_response_json("LimitExceededException", "Resource limit exceeded.", 400)
    kept = ("policyName", "policyDocument", "policyType", "selectionCriteria")
    policy = {key: data[key] for key in kept if key in data}
    policy |= {"scope": "ALL", "accountId": get_account_id(), "lastUpdatedTime": int(time.time() * 1000)}
    there[name] = policy
    return json_response({"accountPolicy": policy})


def _describe_account_policies(data: dict[str, Any]) -> Any:
    wanted, there = data.get("policyName"), _policies.get(get_region(), {})
    return json_response({"accountPolicies": [one for name, one in there.items() if wanted in (None, name)]})


def _delete_account_policy(data: dict[str, Any]) -> Any:
    if _policies.get(get_region(), {}).pop(data.get("policyName", ""), None) is None:
        return error_response_json("ResourceNotFoundException", "The specified policy does not exist.", 400)
    return json_response({})


_ACCOUNT_POLICIES = {
    "Logs_20140328.PutAccountPolicy": _put_account_policy,
    "Logs_20140328.DescribeAccountPolicies": _describe_account_policies,
    "Logs_20140328.DeleteAccountPolicy": _delete_account_policy,
}


async def _handle_logs_and_policies(
    method: str, path: str, headers: dict[str, str], body: bytes, query_params: dict[str, Any]
) -> Any:
    handler = _ACCOUNT_POLICIES.get(headers.get("x-amz-target", ""))
    if handler:
        return handler(json.loads(body))
    return await _handle_logs(method, path, headers, body, query_params)


def _fan_out(group_name: str, stream_name: str, events: list[dict[str, Any]]) -> None:
    matches = cloudwatch_logs._subscription_pattern_matches  # noqa: SLF001
    for one in _filters_of(group_name):
        pattern, destination = one.get("filterPattern", ""), one.get("destinationArn", "")
        matched = [event for event in events if matches(pattern, event["message"])]
        if matched and ":function:" in destination:  # it delivers to no streams
            _deliver(emulator_aliases.found(destination), _payload(group_name, stream_name, one, matched))


def _filters_of(group_name: str) -> list[dict[str, Any]]:
    group = cloudwatch_logs._log_groups.get(group_name) or {}  # noqa: SLF001
    filters = list((group.get("subscriptionFilters") or {}).values())
    for policy in list(_policies.get(get_region(), {}).values()):
        if group_name in _excluded(policy):
            continue
        document = json.loads(policy["policyDocument"])
        as_filter = {
            "filterName": policy["policyName"],
            "destinationArn": document["DestinationArn"],
            "filterPattern": document.get("FilterPattern", ""),
        }
        filters.append(as_filter)
    return filters


def _payload(group_name: str, stream_name: str, by: dict[str, Any], events: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "messageType": "DATA_MESSAGE",
        "owner": get_account_id(),
        "logGroup": group_name,
        "logStream": stream_name,
        "subscriptionFilters": [by["filterName"]],
        "logEvents": [
            {"id": uuid.uuid4().hex, "timestamp": event["timestamp"], "message": event["message"]} for event in events
        ],
    }


def _deliver(function: dict[str, Any] | None, payload: dict[str, Any]) -> None:
    if function is not None:
        data = base64.b64encode(gzip.compress(json.dumps(payload).encode())).decode()
        lambda_svc.invoke_async_with_retry(function, {"awslogs": {"data": data}})
