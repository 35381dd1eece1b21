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
12. It unpacks a function's code and layers again for every environment, which takes minutes for fifty at once.
13. It invokes a subscribed function once. Lambda tries again what fails, and keeps what there is no room for.

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
import sys
import types
from pathlib import Path
from typing import Any

from ministack import app
from ministack.core import iam_actions
from ministack.core.responses import json_response
from ministack.services import cloudwatch, lambda_svc, sqs
from ministack.services.cloudformation import changesets

_evaluate = cloudwatch._evaluate_alarm  # noqa: SLF001
_put_alarm = cloudwatch._put_metric_alarm  # noqa: SLF001
_key_of = cloudwatch._dims_key  # noqa: SLF001
_pairs_of = cloudwatch._dims_from_list  # noqa: SLF001
_lambda_action = iam_actions._lambda_action  # noqa: SLF001
_resource_of = iam_actions.extract_resource_arn
_resolve_for_diff = changesets._resolve_props_for_diff  # noqa: SLF001
_list_functions = lambda_svc._list_functions  # noqa: SLF001
_get_provisioned = lambda_svc._get_provisioned_concurrency  # noqa: SLF001

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


def _dead_letter_source_queues(request: dict[str, Any], url: str) -> dict[str, Any]:
    queues = sqs._queues  # noqa: SLF001
    own = sqs._get_q(request.get("QueueUrl", url), "sqs:ListDeadLetterSourceQueues")["attributes"]["QueueArn"]  # noqa: SLF001
    policies = {one: json.loads(queue["attributes"].get("RedrivePolicy") or "{}") for one, queue in queues.items()}
    return {"queueUrls": [one for one, policy in policies.items() if policy.get("deadLetterTargetArn") == own]}


if __name__ == "__main__":
    # This folder is a package: what lies in it is imported from there.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
    from local import (
        emulator_additions,
        emulator_aliases,
        emulator_archives,
        emulator_iam,
        emulator_logs,
        emulator_output,
        emulator_templates,
    )

    for part in (emulator_aliases, emulator_archives, emulator_logs, emulator_output, emulator_templates):
        part.mend()
    sqs._HANDLERS["ListDeadLetterSourceQueues"] = _dead_letter_source_queues  # noqa: SLF001
    changesets._resolve_props_for_diff = _resolve_what_is_there  # noqa: SLF001
    lambda_svc._list_functions = _list_versions_too  # noqa: SLF001
    lambda_svc._get_provisioned_concurrency = _list_provisioned_too  # noqa: SLF001
    cloudwatch._put_metric_alarm = _put_alarm_with_metrics  # noqa: SLF001
    cloudwatch._evaluate_alarm = _evaluate_own_dimensions  # noqa: SLF001
    iam_actions._lambda_action = _own_lambda_action  # noqa: SLF001
    iam_actions.extract_resource_arn = _own_resource
    emulator_additions.list_more_services()
    emulator_additions.draw_metrics()
    emulator_iam.know_more_of_requests()
    emulator_iam.simulate_with_context()
    emulator_iam.note_decisions(Path(os.environ["DECISIONS_FILE"]))
    app.main()
