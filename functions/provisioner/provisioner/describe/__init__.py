"""Describe calls: each reads the live configuration of the resources of one kind, and adds what is there.

A new one is a module with a function `describe` and a line in TABLE; definitions name it in `source.describe`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from provisioner.describe.account import describe as describe_account
from provisioner.describe.apigateway_http import describe as describe_apigateway_http
from provisioner.describe.apigateway_rest import describe as describe_apigateway_rest
from provisioner.describe.dynamodb import describe as describe_dynamodb
from provisioner.describe.kinesis import describe as describe_kinesis
from provisioner.describe.lambda_ import describe as describe_lambda
from provisioner.describe.log_delivery import describe as describe_log_delivery
from provisioner.describe.metric import describe as describe_metric
from provisioner.describe.rds import describe as describe_rds
from provisioner.describe.s3 import describe as describe_s3
from provisioner.describe.sns import describe as describe_sns
from provisioner.describe.sqs import describe as describe_sqs
from provisioner.describe.watchpost import describe as describe_watchpost

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from provisioner.inventory import Found
    from provisioner.reader import Reader

    # Gets what the listing found of one kind, all of it that has a service. Refused calls are told to the reader, and
    # none is raised: a listing's as the whole kind, one resource's as that resource.
    Describe = Callable[[Sequence[Found], Reader], None]

# In the order in which they are called: the last look for metrics of the services that the others found.
TABLE: Mapping[str, Describe] = {
    "lambda": describe_lambda,
    "apigateway_rest": describe_apigateway_rest,
    "apigateway_http": describe_apigateway_http,
    "sqs": describe_sqs,
    "sns": describe_sns,
    "kinesis": describe_kinesis,
    "dynamodb": describe_dynamodb,
    "rds": describe_rds,
    "s3": describe_s3,
    "account": describe_account,
    "log_delivery": describe_log_delivery,
    "metric": describe_metric,
    "watchpost": describe_watchpost,
}
