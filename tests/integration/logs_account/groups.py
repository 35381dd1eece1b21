"""CloudWatch Logs: log groups, their tags and their retention."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from typing import TYPE_CHECKING, Any

from tests.integration.logs_account import state
from tests.integration.logs_account.state import Refusal, gone, group_arn, invalid

if TYPE_CHECKING:
    from tests.integration.logs_account.state import Group
    from tests.integration.logs_account.world import World

_ARN = re.compile(r"[\w+=/:,.@-]{1,1011}", re.ASCII)
_TAG_KEY = re.compile(r"[\w\s+\-=.:/@]{1,128}")
_TAG_VALUE = re.compile(r"[\w\s+\-=.:/@]{0,256}")
MAX_TAGS = 50
PAGE = 50  # groups


def describe_log_groups(world: World, asked: dict[str, Any]) -> dict[str, Any]:
    """Names in ASCII order, by prefix, in pages."""
    prefix, size = asked.get("logGroupNamePrefix", ""), limit(asked)
    if prefix and not state.GROUP_NAME.fullmatch(prefix):
        raise invalid("logGroupNamePrefix has characters that no name has")
    names = world.names
    after = world.tokens.take(asked.get("nextToken"), ("groups", prefix))
    start = bisect_right(names, after) if after else bisect_left(names, prefix)
    page = [name for name in names[start : start + size] if name.startswith(prefix)]
    rest = names[start + size : start + size + 1]
    answer: dict[str, Any] = {"logGroups": [_described(world.groups[name]) for name in page]}
    if page and rest and rest[0].startswith(prefix):
        answer["nextToken"] = world.tokens.give(("groups", prefix), page[-1])
    return answer


def create_log_group(world: World, asked: dict[str, Any]) -> dict[str, Any]:
    """A new group, of a class, with tags."""
    name, log_class, tags = asked.get("logGroupName"), asked.get("logGroupClass", "STANDARD"), asked.get("tags", {})
    if not isinstance(name, str) or not state.GROUP_NAME.fullmatch(name):
        raise invalid("logGroupName has characters that no name has")
    if log_class not in state.CLASSES:
        raise invalid("logGroupClass is none")
    if name in world.groups:
        raise Refusal("ResourceAlreadyExistsException", "The specified log group already exists")
    _check_tags(tags)
    world.group(name, tags, log_class=log_class)
    return {}


def delete_log_group(world: World, asked: dict[str, Any]) -> dict[str, Any]:
    """A group goes, and what it has with it."""
    world.delete(group(world, asked).name)
    return {}


def put_retention_policy(world: World, asked: dict[str, Any]) -> dict[str, Any]:
    """Days after which lines go."""
    if asked.get("retentionInDays") not in state.RETENTION_DAYS:
        raise invalid("retentionInDays is not one of the allowed numbers of days")
    found = group(world, asked)
    if found.log_class == "DELIVERY":  # its lines are kept for one day, whatever is asked (CreateLogGroup)
        raise invalid("the log class DELIVERY has a retention of its own")
    found.retention = asked["retentionInDays"]
    return {}


def list_tags_for_resource(world: World, asked: dict[str, Any]) -> dict[str, Any]:
    """The tags of a group by its ARN."""
    return {"tags": dict(_by_arn(world, asked).tags)}


def tag_resource(world: World, asked: dict[str, Any]) -> dict[str, Any]:
    """More tags for a group."""
    found = _by_arn(world, asked)
    _check_tags(asked.get("tags"))
    if len(found.tags | asked["tags"]) > MAX_TAGS:
        raise Refusal("TooManyTagsException", f"a resource can have {MAX_TAGS} tags")
    found.tags |= asked["tags"]
    return {}


def group(world: World, asked: dict[str, Any]) -> Group:
    """The group that a request names. Raises Refusal."""
    name = asked.get("logGroupName")
    if not isinstance(name, str) or not state.GROUP_NAME.fullmatch(name):
        raise invalid("logGroupName has characters that no name has")
    if name not in world.groups:
        raise gone("log group")
    return world.groups[name]


def limit(asked: dict[str, Any]) -> int:
    """How many items a page shall have."""
    size = asked.get("limit", PAGE)
    if not isinstance(size, int) or not 1 <= size <= PAGE:
        raise invalid(f"limit must be 1 to {PAGE}")
    return size


def _by_arn(world: World, asked: dict[str, Any]) -> Group:
    arn = asked.get("resourceArn")
    if not isinstance(arn, str) or not _ARN.fullmatch(arn) or not arn.startswith(group_arn("")):
        raise invalid("resourceArn must be the ARN of a log group, without :* at its end")
    name = arn.removeprefix(group_arn(""))
    if name not in world.groups:
        raise gone("log group")
    return world.groups[name]


def _check_tags(tags: Any) -> None:
    if not isinstance(tags, dict) or len(tags) > MAX_TAGS:
        raise invalid(f"tags must be at most {MAX_TAGS}")
    for key, value in tags.items():
        if not _TAG_KEY.fullmatch(key) or key.lower().startswith("aws:") or not _TAG_VALUE.fullmatch(value):
            raise invalid("tags have characters or lengths that are not allowed")


def _described(found: Group) -> dict[str, Any]:
    arn = group_arn(found.name)
    kept = {} if found.retention is None else {"retentionInDays": found.retention}
    return {
        "logGroupName": found.name,
        "arn": f"{arn}:*",
        "logGroupArn": arn,
        "logGroupClass": found.log_class,
        "creationTime": 1_700_000_000_000,
        "metricFilterCount": 0,
        "storedBytes": 0,
        **kept,
    }
