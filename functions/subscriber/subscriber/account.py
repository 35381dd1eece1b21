"""The log groups of the account and their tags, as the subscriber reads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from watchpost.aws import code_of

from subscriber.decision import SUBSCRIBABLE_CLASS, LogGroup, Tags

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_resourcegroupstaggingapi import ResourceGroupsTaggingAPIClient
    from watchpost.calls import Calls

PAGE = 50  # groups; the most that the API gives at once (CloudWatch Logs API, DescribeLogGroups)
TAGGED_PAGE = 100  # resources (Resource Groups Tagging API, GetResources)
TAGGED = ("logs:log-group", "lambda:function")


@dataclass(frozen=True, slots=True)
class Account:
    """Where the subscriber works, for whom, and how it calls AWS. The clients make one attempt each."""

    stack: str  # name of the CloudFormation stack
    destination: str  # ARN of what subscription filters point to: the shipper's alias, or the stream before it
    logs: CloudWatchLogsClient
    lambda_: LambdaClient
    tagging: ResourceGroupsTaggingAPIClient
    calls: Calls
    role: str | None = None  # ARN of what CloudWatch Logs writes to a stream as
    former: tuple[str, ...] = ()  # ARNs that filters of ours may still point to, of another way of delivery or version
    scope: str = "groups"  # "groups": a filter for each group; "account": one policy for all

    @property
    def destinations(self) -> frozenset[str]:
        """Every ARN of the stack itself that a filter of ours may point to."""
        return frozenset((self.destination, *self.former))

    def call(self, operation: str, /, **parameters: Any) -> dict[str, Any]:
        """A paced and retried call of CloudWatch Logs. Raises botocore's errors and OutOfTimeError."""
        return self.calls(self.logs, operation, **parameters)


@dataclass(frozen=True, slots=True)
class TagBook:
    """The tags of all log groups and functions that have any, by name."""

    groups: Mapping[str, Mapping[str, str]]
    functions: Mapping[str, Mapping[str, str]]

    def of(self, group: LogGroup) -> Tags:
        """The tags of a group and of its function."""
        return Tags(self.groups.get(group.name, {}), self.functions.get(group.function or "", {}))


def pages(account: Account, prefix: str = "") -> Iterator[tuple[LogGroup, ...]]:
    """The account's log groups page by page, in the order of their names.

    prefix: only groups whose name starts with it. Raises botocore's errors and OutOfTimeError.
    """
    wanted: dict[str, Any] = {"limit": PAGE} | ({"logGroupNamePrefix": prefix} if prefix else {})
    for answer in account.calls.pages(account.logs, "describe_log_groups", **wanted):
        yield tuple(_log_group(item) for item in answer["logGroups"])


def find(account: Account, name: str) -> LogGroup | None:
    """One log group by its name, or None when there is none. Raises botocore's errors and OutOfTimeError."""
    # In the order of names (CloudWatch Logs API, DescribeLogGroups) it comes before all that only begin like it.
    return next((group for group in next(pages(account, name)) if group.name == name), None)


def tags_of(account: Account, group: LogGroup) -> Tags:
    """The tags of a group and of its function as they are now.

    Raises botocore's errors, also when the group is gone, and OutOfTimeError.
    """
    answer = account.call("list_tags_for_resource", resourceArn=group.arn)
    return Tags(group=answer.get("tags", {}), function=_function_tags(account, group))


def all_tags(account: Account, after_page: Callable[[], None]) -> TagBook:
    """The tags of all log groups and functions; they lag behind.

    after_page: called after each page. Raises botocore's errors, such as a refusal, and OutOfTimeError.
    """
    groups: dict[str, Mapping[str, str]] = {}
    functions: dict[str, Mapping[str, str]] = {}
    wanted: dict[str, Any] = {"ResourceTypeFilters": list(TAGGED), "ResourcesPerPage": TAGGED_PAGE}
    for answer in account.calls.pages(account.tagging, "get_resources", **wanted):
        for item in answer["ResourceTagMappingList"]:
            tags = {tag["Key"]: tag["Value"] for tag in item.get("Tags", ())}
            kind, name = resource_of(item["ResourceARN"])
            if kind:
                (groups if kind == "log-group" else functions)[name] = tags
        after_page()
    return TagBook(groups, functions)


def resource_of(arn: str) -> tuple[str, str]:
    """The kind (`log-group` or `function`) and the name in an ARN; "" and "" for every other ARN."""
    # arn:<partition>:logs:<region>:<account>:log-group:<name>[:*], and :function:<name>[:<version>]; no name has a ":"
    parts = arn.split(":")
    if len(parts) < 7 or (parts[2], parts[5]) not in (("logs", "log-group"), ("lambda", "function")):
        return "", ""
    return parts[5], parts[6]


def _function_tags(account: Account, group: LogGroup) -> Mapping[str, str]:
    if not group.function:
        return {}
    # arn:<partition>:logs:<region>:<account>:log-group:<name>
    partition, _, region, owner = group.arn.split(":")[1:5]
    arn = f"arn:{partition}:lambda:{region}:{owner}:function:{group.function}"
    try:
        tags: Mapping[str, str] = account.calls(account.lambda_, "list_tags", Resource=arn).get("Tags", {})
        return tags
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
