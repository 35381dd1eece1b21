"""Who is sent what is shipped, for the recursion guard: such a function's own lines must not be shipped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from subscriber.account import resource_of
from subscriber.guard import Guard
from subscriber.surroundings import AWS_ERRORS, said

if TYPE_CHECKING:
    from collections.abc import Iterator

    from watchpost.configuration import Configuration

    from subscriber.account import Account


def guard_of(account: Account, configuration: Configuration) -> tuple[Guard, tuple[str, ...]]:
    """The guard for this account, and for people what could not be found out for it.

    Functions that are destinations of rules, functions that read a stream that is a destination (the stack's own
    included), and the log groups that such functions write to. Raises OutOfTimeError.
    """
    destinations = {account.destination: "destination of this stack"}
    for rule in configuration.subscriptions.rules:
        if rule.destination and not rule.exclude:
            destinations.setdefault(rule.destination.arn, f"destination of the rule {rule.name}")
    receivers: dict[str, str] = {}
    problems: list[str] = []
    for arn, why in destinations.items():
        try:
            receivers |= dict.fromkeys(_functions(account, arn), why)
        except AWS_ERRORS as error:
            problems.append(f"The recursion guard does not know who reads {arn}: {said(error)}")
    groups: dict[str, str] = {}
    for name, why in receivers.items():
        try:
            groups |= dict.fromkeys(_log_group(account, name), why)
        except AWS_ERRORS as error:
            problems.append(f"The recursion guard does not know the log group of the function {name}: {said(error)}")
    return Guard(account.stack, receivers, groups), tuple(problems)


def _functions(account: Account, arn: str) -> Iterator[str]:
    """Names of this account's functions that are sent what arrives at a destination."""
    kind, name = resource_of(arn)
    if kind == "function":
        # Somebody else's function may have the name of one of this account.
        if _home(arn) == _home(account.destination):
            yield name
    elif arn.split(":")[2:3] == ["kinesis"]:
        for page in account.calls.pages(account.lambda_, "list_event_source_mappings", EventSourceArn=arn):
            for mapping in page["EventSourceMappings"]:
                yield resource_of(mapping["FunctionArn"])[1]


def _log_group(account: Account, function: str) -> list[str]:
    """The group that a function writes to, where that is not the one that is named after it."""
    # The stack's own functions are refused by their names, and write nowhere else.
    if function.startswith(f"{account.stack}-"):
        return []
    answer = account.calls(account.lambda_, "get_function_configuration", FunctionName=function)
    group = answer.get("LoggingConfig", {}).get("LogGroup")
    return [group] if group and group != f"/aws/lambda/{function}" else []


def _home(arn: str) -> list[str]:
    """Region and account."""
    return arn.split(":")[3:5]
