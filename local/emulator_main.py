"""Starts the AWS emulator, in its own environment, with faults mended and things added that it does not know.

1. It evaluates an alarm over the datapoints of every dimension of its metric, so errors of one service would raise the
   alarms of all of them. CloudWatch looks at the alarm's own dimensions only, and so does what runs here.
2. It takes two questions about a Lambda function for other actions when it enforces IAM, and one for none.
3. It asks for permission on everything where a request to CloudWatch names a dashboard or a list of alarms.
4. It takes any number of subscription filters for a log group. CloudWatch Logs takes two.
5. It leaves log groups out of what the Resource Groups Tagging API lists.
6. It forgets the metrics of an alarm over several, so that nobody can see whether such an alarm is as it should be.
7. It waits 50 ms for the lines of an invocation. On a busy machine they come later and are another one's, or nobody's.
8. When it enforces IAM it takes what is asked of a layer's versions for ListLayers, and their deletion for nothing.
9. A change set does not see a resource whose condition holds no longer, or holds now, when nothing else has changed.
10. It knows no Fn::Join in conditions of templates, so that a list which is empty never counts as empty.
11. It forgets about aliases of functions in four places, which are in emulator_aliases.py.

The second, the third and the eighth would have a role allowed more than it needs on AWS. Added are the account-level
subscription policies of CloudWatch Logs, one for an account, with a list of log groups that it does not concern; the
question whose dead-letter queue a queue is; the versions of all functions in one listing (ListFunctions with ALL); the
provisioned concurrency of a function (ListProvisionedConcurrencyConfigs); and destinations of CloudWatch Logs in
templates. What it needs to show that roles are granted no more than they need is in local.emulator_iam and
local.emulator_additions.
"""

from __future__ import annotations

import json
import os
import re
import select
import sys
import threading
import time
import types
from pathlib import Path
from typing import TYPE_CHECKING, Any

import emulator_templates  # beside this file, which is started as a script
from ministack import app
from ministack.core import iam_actions, lambda_runtime
from ministack.core.responses import error_response_json, get_account_id, get_region, json_response
from ministack.services import cloudwatch, cloudwatch_logs, lambda_svc, sqs, tagging
from ministack.services.cloudformation import changesets

if TYPE_CHECKING:
    from collections.abc import Iterator

_evaluate = cloudwatch._evaluate_alarm  # noqa: SLF001
_put_alarm = cloudwatch._put_metric_alarm  # noqa: SLF001
_key_of = cloudwatch._dims_key  # noqa: SLF001
_pairs_of = cloudwatch._dims_from_list  # noqa: SLF001
_lambda_action = iam_actions._lambda_action  # noqa: SLF001
_resource_of = iam_actions.extract_resource_arn
_put_filter = cloudwatch_logs._put_subscription_filter  # noqa: SLF001
_fan_out = cloudwatch_logs._fanout_to_subscription_filters  # noqa: SLF001
_handle_logs = cloudwatch_logs.handle_request
_is_of_type = tagging._matches_type_filters  # noqa: SLF001
_resolve_for_diff = changesets._resolve_props_for_diff  # noqa: SLF001
_list_functions = lambda_svc._list_functions  # noqa: SLF001
_get_provisioned = lambda_svc._get_provisioned_concurrency  # noqa: SLF001
_drain_lines = lambda_runtime.Worker._drain_stderr_bounded  # noqa: SLF001

# Last part of the path of a GET request to the action that it is (API reference of Lambda).
LAMBDA_QUESTIONS = {
    "account-settings": "GetAccountSettings",
    "concurrency": "GetFunctionConcurrency",
    "event-invoke-config": "GetFunctionEventInvokeConfig",
    "provisioned-concurrency": "ListProvisionedConcurrencyConfigs",
}
# Of a layer's versions: the method, and what stands behind the layer's name in the path, with {} for a version.
LAYER_QUESTIONS = {
    ("GET", "versions"): "ListLayerVersions",
    ("GET", "versions/{}"): "GetLayerVersion",
    ("GET", "versions/{}/policy"): "GetLayerVersionPolicy",
    ("DELETE", "versions/{}"): "DeleteLayerVersion",
}
_LAYER = re.compile(r"/[0-9-]+/layers/[^/]+/(versions(?:/[0-9]+)?(?:/policy)?)/?")

FILTERS = 2  # of a log group (CloudWatch Logs quotas)
# The one form of selection criteria (CloudWatch Logs API, PutAccountPolicy).
_CRITERIA = re.compile(r"LogGroupName NOT IN (\[.*\])", re.DOTALL)
_policies: dict[str, dict[str, dict[str, Any]]] = {}  # subscription policies by region and name


class _OwnDimensions:
    """The emulator's datapoints, as far as they belong to one alarm."""

    def __init__(self, alarm: dict[str, Any]) -> None:
        self._key = _key_of(_pairs_of(alarm.get("Dimensions") or []))

    def items(self) -> list[tuple[Any, Any]]:
        metrics = cloudwatch._metrics  # noqa: SLF001
        return [(key, points) for key, points in metrics.items() if key[2] == self._key]


def _evaluate_own_dimensions(alarm: dict[str, Any]) -> None:
    # The same function with another view of the datapoints: nothing else of it is replaced.
    names = {**_evaluate.__globals__, "_metrics": _OwnDimensions(alarm)}
    types.FunctionType(_evaluate.__code__, names)(alarm)


def _put_alarm_with_metrics(params: Any, cbor_data: Any, is_cbor: bool, is_json: bool = False) -> Any:
    answer = _put_alarm(params, cbor_data, is_cbor, is_json)
    alarm = cloudwatch._alarms.get((cbor_data or {}).get("AlarmName"))  # noqa: SLF001
    if alarm and cbor_data.get("Metrics"):
        alarm["Metrics"] = cbor_data["Metrics"]
        for name in ("MetricName", "Namespace", "Statistic", "Period", "ThresholdMetricId"):
            alarm.pop(name, None)
        if "ThresholdMetricId" in cbor_data:
            alarm["ThresholdMetricId"] = cbor_data["ThresholdMetricId"]
    return answer


def _resolve_what_is_there(template: Any, params: Any, *names: Any) -> Any:
    resolved = _resolve_for_diff(template, params, *names)
    there = changesets._evaluate_conditions(template, params) if template else {}  # noqa: SLF001
    resources = resolved.get("Resources", {})
    return {"Resources": {name: one for name, one in resources.items() if there.get(one.get("Condition"), True)}}


def _list_versions_too(query: Any) -> Any:
    if lambda_svc._qp_first(query, "FunctionVersion") != "ALL":  # noqa: SLF001
        return _list_functions(query)
    functions = sorted(lambda_svc._functions.items())  # noqa: SLF001
    every = [one["config"] for _, function in functions for one in (function, *function["versions"].values())]
    start = int(lambda_svc._qp_first(query, "Marker") or 0)  # noqa: SLF001
    page = {"Functions": every[start : start + 50]}
    return json_response(page | ({"NextMarker": str(start + 50)} if start + 50 < len(every) else {}))


def _list_provisioned_too(name: str, qualifier: str | None) -> Any:
    if qualifier:
        return _get_provisioned(name, qualifier)
    there = lambda_svc._functions.get(name, {}).get("provisioned_concurrency", {})  # noqa: SLF001
    arn = lambda_svc._func_arn(name)  # noqa: SLF001
    found = [{"FunctionArn": f"{arn}:{one}", **config} for one, config in there.items()]
    return json_response({"ProvisionedConcurrencyConfigs": found})


def _own_lambda_action(method: str, path: str) -> str | None:
    layer = _LAYER.fullmatch(path)
    if layer and method != "POST":
        return LAYER_QUESTIONS.get((method, re.sub("[0-9]+", "{}", layer[1])))
    question = LAMBDA_QUESTIONS.get(path.rstrip("/").rsplit("/", 1)[-1]) if method == "GET" else None
    return question or _lambda_action(method, path)


def _own_resource(service: str, *request_parts: Any) -> str:
    found = str(_resource_of(service, *request_parts))
    if service != "monitoring" or found != "*":
        return found
    _method, _path, _headers, body, _query, region, account = request_parts
    try:
        request = json.loads(body)
    except ValueError:  # the older form of requests, or CBOR: as before
        return found
    dashboards = [request["DashboardName"]] if "DashboardName" in request else request.get("DashboardNames", [])
    named = [f"arn:aws:cloudwatch::{account}:dashboard/{name}" for name in dashboards]
    if "ResourceARN" in request:
        named.append(request["ResourceARN"])
    if "StateValue" not in request and "AlarmNamePrefix" not in request:  # DescribeAlarms lists the whole account
        named += [f"arn:aws:cloudwatch:{region}:{account}:alarm:{name}" for name in request.get("AlarmNames", [])]
    return named[0] if named else found


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


def _fan_out_by_policies_too(group_name: str, stream_name: str, events: list[dict[str, Any]]) -> None:
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
    with_alias = sys.modules["local.emulator_aliases"].with_alias
    seen = {
        str(number): {**one, "destinationArn": with_alias(one["destinationArn"])} for number, one in enumerate(filters)
    }
    # The same function, as if these were the group's filters: nothing else of it is replaced.
    groups = {group_name: {"subscriptionFilters": seen}}
    types.FunctionType(_fan_out.__code__, {**_fan_out.__globals__, "_log_groups": groups})(
        group_name, stream_name, events
    )


def _dead_letter_source_queues(request: dict[str, Any], url: str) -> dict[str, Any]:
    queues = sqs._queues  # noqa: SLF001
    own = sqs._get_q(request.get("QueueUrl", url), "sqs:ListDeadLetterSourceQueues")["attributes"]["QueueArn"]  # noqa: SLF001
    policies = {one: json.loads(queue["attributes"].get("RedrivePolicy") or "{}") for one, queue in queues.items()}
    return {"queueUrls": [one for one, policy in policies.items() if policy.get("deadLetterTargetArn") == own]}


class _Output:
    """What the process of a function writes: read while it runs, and to the last byte when an invocation has ended."""

    _making = threading.Lock()

    def __init__(self, process: Any, lines: Any) -> None:
        self.process = process
        self._lines = lines
        self._file: int | None = os.dup(process.stderr.fileno())  # of our own: nobody else closes it
        # One for each thread, as one alone refuses to be asked twice at a time.
        self._comes, self._there = select.poll(), select.poll()
        self._comes.register(self._file, select.POLLIN)
        self._there.register(self._file, select.POLLIN)
        self._begun = b""
        self._lock = threading.Lock()

    @classmethod
    def of(cls, worker: Any) -> _Output | None:
        with cls._making:
            found: _Output | None = worker.__dict__.get("_output")
            process = worker._proc  # noqa: SLF001
            if process is not None and (found is None or found.process is not process):
                found = worker._output = cls(process, worker._stderr_queue)  # noqa: SLF001
            return found

    def read(self) -> None:
        """Read until the process ends."""
        while self._comes.poll() and self.take():
            pass

    def take(self) -> bool:
        """Read what has been written. Returns whether more may come."""
        with self._lock:
            while self._file is not None and self._there.poll(0):
                data = os.read(self._file, 65_536)
                *whole, self._begun = (self._begun + data).split(b"\n") if data else (self._begun, b"")
                for line in whole:
                    if data or line:
                        self._lines.put(line.decode(errors="replace"))
                if not data:
                    os.close(self._file)
                    self._file = None
            return self._file is not None


def _read_output(worker: Any) -> None:
    output = _Output.of(worker)
    if output:
        output.read()


def _drain_all_lines(worker: Any, *args: Any, **kwargs: Any) -> str:
    output = None if isinstance(worker, lambda_runtime.ProvidedWorker) else _Output.of(worker)
    if output is None:
        return str(_drain_lines(worker, *args, **kwargs))
    # A function writes its lines before its answer, which is here.
    output.take()
    return str(worker._drain_stderr())  # noqa: SLF001


if __name__ == "__main__":
    sys.path[0] = os.path.dirname(sys.path[0])  # this folder is a package  # noqa: PTH120
    from local import emulator_aliases

    emulator_aliases.mend()
    lambda_runtime.Worker._read_stderr = _read_output  # noqa: SLF001
    lambda_runtime.Worker._drain_stderr_bounded = _drain_all_lines  # noqa: SLF001
    sqs._HANDLERS["ListDeadLetterSourceQueues"] = _dead_letter_source_queues  # noqa: SLF001
    changesets._resolve_props_for_diff = _resolve_what_is_there  # noqa: SLF001
    lambda_svc._list_functions = _list_versions_too  # noqa: SLF001
    lambda_svc._get_provisioned_concurrency = _list_provisioned_too  # noqa: SLF001
    cloudwatch._put_metric_alarm = _put_alarm_with_metrics  # noqa: SLF001
    cloudwatch_logs._put_subscription_filter = _put_third_filter_never  # noqa: SLF001
    cloudwatch_logs._fanout_to_subscription_filters = _fan_out_by_policies_too  # noqa: SLF001
    cloudwatch_logs.handle_request = _handle_logs_and_policies
    emulator_templates.mend()
    tagging._matches_type_filters = _is_of_type_log_group_too  # noqa: SLF001
    tagging._COLLECTORS["logs"] = _log_group_tags  # noqa: SLF001
    cloudwatch._evaluate_alarm = _evaluate_own_dimensions  # noqa: SLF001
    iam_actions._lambda_action = _own_lambda_action  # noqa: SLF001
    iam_actions.extract_resource_arn = _own_resource
    sys.path[0] = str(Path(__file__).resolve().parent.parent)  # what is beside this file is of the package local
    from local import emulator_additions, emulator_iam

    emulator_additions.list_more_services()
    emulator_additions.draw_metrics()
    emulator_iam.know_more_of_requests()
    emulator_iam.simulate_with_context()
    emulator_iam.note_decisions(Path(os.environ["DECISIONS_FILE"]))
    app.main()
