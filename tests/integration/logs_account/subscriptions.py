"""CloudWatch Logs: subscription filters and the account's subscription policy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.integration.logs_account import state
from tests.integration.logs_account.groups import group, limit
from tests.integration.logs_account.state import ACCOUNT, Filter, Policy, Refusal, gone, invalid

if TYPE_CHECKING:
    from tests.integration.logs_account.world import World

KIND = "SUBSCRIPTION_FILTER_POLICY"
PAGE_OF_POLICIES = 5  # few, so that whoever reads one page only is found out


def describe_subscription_filters(world: World, asked: dict[str, Any]) -> dict[str, Any]:
    """A group's filters in ASCII order of their names, in pages."""
    found, size, prefix = group(world, asked), limit(asked), asked.get("filterNamePrefix", "")
    request = ("filters", found.name, prefix)
    after = world.tokens.take(asked.get("nextToken"), request)
    names = sorted(name for name in found.filters if name.startswith(prefix) and name > after)
    answer: dict[str, Any] = {
        "subscriptionFilters": [_described(found.name, found.filters[name]) for name in names[:size]]
    }
    if names[size:]:
        answer["nextToken"] = world.tokens.give(request, names[size - 1])
    return answer


def put_subscription_filter(world: World, asked: dict[str, Any]) -> dict[str, Any]:
    """A filter, or another one under the name of one that is there."""
    name, pattern, destination = (asked.get(key) for key in ("filterName", "filterPattern", "destinationArn"))
    if not isinstance(name, str) or not state.FILTER_NAME.fullmatch(name):
        raise invalid("filterName must match [^:*]* and have 1 to 512 characters")
    if not isinstance(pattern, str) or len(pattern) > state.MAX_PATTERN:
        raise invalid("filterPattern must be text of at most 1024 characters")
    if asked.get("distribution") not in state.DISTRIBUTIONS:
        raise invalid("distribution must be Random or ByLogStream")
    found = group(world, asked)
    if found.log_class != "STANDARD":
        raise Refusal("InvalidOperationException", f"no subscription filters in the log class {found.log_class}")
    state.check_destination(world.destinations, destination, asked.get("roleArn"))
    if destination == state.function_arn(found.name.removeprefix("/aws/lambda/")):
        raise invalid("The log group provided is reserved for the function logs of the destination function.")
    if name not in found.filters and len(found.filters) >= world.filter_quota:
        raise Refusal("LimitExceededException", "Resource limit exceeded.")
    distribution = asked.get("distribution") or "ByLogStream"
    found.filters[name] = Filter(name, str(destination), pattern, asked.get("roleArn"), distribution)
    return {}


def delete_subscription_filter(world: World, asked: dict[str, Any]) -> dict[str, Any]:
    """A filter goes."""
    found, name = group(world, asked), asked.get("filterName")
    if name not in found.filters:
        raise gone("subscription filter")
    del found.filters[name]
    return {}


def put_account_policy(world: World, asked: dict[str, Any]) -> dict[str, Any]:
    """The one policy for the subscriptions of all groups, or another one under its name."""
    name, document, selection = (asked.get(key) for key in ("policyName", "policyDocument", "selectionCriteria"))
    _check_kind(asked)
    if not isinstance(name, str) or not name or name.startswith("aws/"):
        raise invalid("policyName must be text that does not start with aws/")
    if asked.get("scope", "ALL") != "ALL":
        raise invalid("scope must be ALL")
    if not isinstance(document, str):
        raise invalid("policyDocument must be text")
    state.check_document(world.destinations, document)
    if selection is not None:
        state.names_of(selection)
    if name not in world.policies and len(world.policies) >= world.policy_quota:
        raise Refusal("LimitExceededException", f"the account has a {KIND} already")
    world.policies[name] = Policy(name, document, selection, world.clock.now())
    return {"accountPolicy": _described_policy(world.policies[name])}


def describe_account_policies(world: World, asked: dict[str, Any]) -> dict[str, Any]:
    """All policies for subscriptions, in pages, or the one with a name."""
    _check_kind(asked)
    wanted = asked.get("policyName")
    if wanted is not None and wanted not in world.policies:
        raise gone("account policy")
    after = world.tokens.take(asked.get("nextToken"), ("policies", wanted))
    names = sorted(name for name in world.policies if wanted in (None, name) and name > after)
    answer: dict[str, Any] = {
        "accountPolicies": [_described_policy(world.policies[name]) for name in names[:PAGE_OF_POLICIES]]
    }
    if names[PAGE_OF_POLICIES:]:
        answer["nextToken"] = world.tokens.give(("policies", wanted), names[PAGE_OF_POLICIES - 1])
    return answer


def delete_account_policy(world: World, asked: dict[str, Any]) -> dict[str, Any]:
    """A policy goes."""
    _check_kind(asked)
    if asked.get("policyName") not in world.policies:
        raise gone("account policy")
    del world.policies[asked["policyName"]]
    return {}


def _check_kind(asked: dict[str, Any]) -> None:
    if asked.get("policyType") != KIND:
        raise invalid(f"policyType must be {KIND}: this account has no others")


def _described(log_group: str, item: Filter) -> dict[str, Any]:
    role = {"roleArn": item.role} if item.role else {}
    return {
        "filterName": item.name,
        "logGroupName": log_group,
        "filterPattern": item.pattern,
        "destinationArn": item.destination,
        "distribution": item.distribution,
        "creationTime": 1_700_000_000_000,
        **role,
    }


def _described_policy(policy: Policy) -> dict[str, Any]:
    selection = {} if policy.selection is None else {"selectionCriteria": policy.selection}
    return {
        "policyName": policy.name,
        "policyDocument": policy.document,
        "policyType": KIND,
        "scope": "ALL",
        "accountId": ACCOUNT,
        "lastUpdatedTime": int(policy.updated * 1_000),
        **selection,
    }
