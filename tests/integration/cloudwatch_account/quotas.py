"""How often AWS lets an account call what the provisioner calls, by its documentation.

Amazon CloudWatch User Guide, "CloudWatch service quotas"; Resource Groups Tagging API Reference, GetResources; Lambda
Developer Guide, "Lambda quotas" (control plane, all operations together). For the others no figure is documented: they
are not limited here.
"""

from __future__ import annotations

LAMBDA = "Lambda"
QUOTAS = {  # calls a second
    "DescribeAlarms": 9.0,
    "PutMetricAlarm": 3.0,
    "PutCompositeAlarm": 3.0,
    "DeleteAlarms": 3.0,
    "ListTagsForResource": 10.0,
    "TagResource": 20.0,
    "ListDashboards": 10.0,
    "GetDashboard": 10.0,
    "PutDashboard": 10.0,
    "DeleteDashboards": 10.0,
    "ListMetrics": 25.0,
    "GetResources": 15.0,
    LAMBDA: 15.0,
}
# Operations that share one.
SHARED = dict.fromkeys(
    (
        *("ListFunctions", "ListEventSourceMappings", "GetAccountSettings"),
        *("GetFunctionConcurrency", "GetFunctionEventInvokeConfig"),
    ),
    LAMBDA,
)
# How each service says that it is called too often: code and HTTP status.
THROTTLED = {
    "cloudwatch": ("Throttling", 400),
    "resourcegroupstaggingapi": ("ThrottledException", 400),
    "lambda": ("TooManyRequestsException", 429),
}
