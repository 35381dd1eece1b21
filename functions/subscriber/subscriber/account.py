"""The log groups and tags of the account, as the subscriber reads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from watchpost.aws import code_of

from subscriber.decision import SUBSCRIBABLE_CLASS, LogGroup, Tags

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_logs import CloudWatchLogsClient

PAGE = 50  # groups; the most that the API gives at once (CloudWatch Logs API, DescribeLogGroups)


@dataclass(frozen=True, slots=True)
class Account:
    """Where the subscriber works, and for whom."""

    stack: str  # name of the CloudFormation stack
    destination: str  # ARN of what subscription filters point to: the shipper, or the stream before it
    logs: CloudWatchLogsClient
    lambda_: LambdaClient
    role: str | None = None  # ARN of what CloudWatch Logs writes to a stream as
    former: tuple[str, ...] = ()  # ARNs that filters of ours may still point to, after another way of delivery

    @property
    def destinations(self) -> frozenset[str]:
        """Every ARN that a filter of ours may point to."""
        return frozenset((self.destination, *self.former))


@dataclass(frozen=True, slots=True)
class Page:
    """Log groups in the order of their names, and the token that leads to them again."""

    token: str  # "" for the first page
    groups: tuple[LogGroup, ...]


def pages(logs: CloudWatchLogsClient, token: str = "", prefix: str = "") -> Iterator[Page]:
    """Read the account's log groups page by page, from the page of a token on.

    prefix: only groups whose name starts with it. Raises botocore's ClientError and BotoCoreError.
    """
    while True:
        wanted: dict[str, Any] = {"limit": PAGE}
        wanted |= {"nextToken": token} if token else {}
        wanted |= {"logGroupNamePrefix": prefix} if prefix else {}
        answer = logs.describe_log_groups(**wanted)
        yield Page(token, tuple(_log_group(item) for item in answer["logGroups"]))
        token = answer.get("nextToken") or ""
        if not token:
            return


def find(logs: CloudWatchLogsClient, name: str) -> LogGroup | None:
    """One log group by its name, or None when there is none. Raises botocore's errors."""
    return next((group for page in pages(logs, prefix=name) for group in page.groups if group.name == name), None)


def tags_of(group: LogGroup, account: Account) -> Tags:
    """The tags of a group and of its function. Raises botocore's errors, also when the group is gone."""
    return Tags(
        group=account.logs.list_tags_for_resource(resourceArn=group.arn).get("tags", {}),
        function=_function_tags(group, account.lambda_),
    )


def _function_tags(group: LogGroup, lambda_: LambdaClient) -> Mapping[str, str]:
    if not group.function:
        return {}
    # arn:<partition>:logs:<region>:<account>:log-group:<name>
    partition, _, region, owner = group.arn.split(":")[1:5]
    arn = f"arn:{partition}:lambda:{region}:{owner}:function:{group.function}"
    try:
        return lambda_.list_tags(Resource=arn).get("Tags", {})
    except ClientError as error:
        # Log groups outlive their functions.
        if code_of(error) == "ResourceNotFoundException":
            return {}
        raise


def _log_group(item: Mapping[str, Any]) -> LogGroup:
    return LogGroup(
        name=item["logGroupName"],
        arn=item.get("logGroupArn") or item["arn"].removesuffix(":*"),
        log_class=item.get("logGroupClass") or SUBSCRIBABLE_CLASS,
        retention_days=item.get("retentionInDays"),
    )
