"""Tags in bulk (Resource Groups Tagging API) and the little that is asked of Lambda."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.integration.logs_account.state import Refusal, function_arn, group_arn, invalid

if TYPE_CHECKING:
    from tests.integration.logs_account.world import World

MAX_PAGE = 100  # resources (GetResources, ResourcesPerPage)
DEFAULT_PAGE = 50
_TYPES = {
    "logs": ("logs:log-group",),
    "lambda": ("lambda:function",),
    "logs:log-group": ("logs:log-group",),
    "lambda:function": ("lambda:function",),
}


def get_resources(world: World, asked: dict[str, Any]) -> dict[str, Any]:
    """The tagged resources of some types, in the order of their ARNs, in pages. One without tags is none of them."""
    filters, size = asked.get("ResourceTypeFilters", list(_TYPES)), asked.get("ResourcesPerPage", DEFAULT_PAGE)
    if not isinstance(filters, list) or any(kind not in _TYPES for kind in filters):
        raise invalid("ResourceTypeFilters has a type that this account has none of")
    if not isinstance(size, int) or not 1 <= size <= MAX_PAGE:
        raise invalid(f"ResourcesPerPage must be 1 to {MAX_PAGE}")
    if set(asked) - {"ResourceTypeFilters", "ResourcesPerPage", "PaginationToken"}:
        raise invalid("only ResourceTypeFilters, ResourcesPerPage and PaginationToken are understood")
    request = ("resources", tuple(filters), size)
    after = world.bulk_tokens.take(asked.get("PaginationToken"), request)
    tagged = _tagged(world, {kind for each in filters for kind in _TYPES[each]})
    found = sorted(arn for arn in tagged if arn > after)
    page = found[:size]
    return {
        "PaginationToken": world.bulk_tokens.give(request, page[-1]) if found[size:] else "",
        "ResourceTagMappingList": [
            {"ResourceARN": arn, "Tags": [{"Key": key, "Value": value} for key, value in tagged[arn].items()]}
            for arn in page
        ],
    }


def list_tags(world: World, asked: dict[str, Any]) -> dict[str, Any]:
    """The tags of a function by its ARN."""
    arn = asked["Resource"]
    if not arn.startswith(function_arn("")):
        raise Refusal("InvalidParameterValueException", "Resource must be the ARN of a function")
    name = arn.removeprefix(function_arn(""))
    if name not in world.functions:
        raise Refusal("ResourceNotFoundException", f"Function not found: {arn}", 404)
    return {"Tags": dict(world.functions[name])}


def list_event_source_mappings(world: World, asked: dict[str, Any]) -> dict[str, Any]:
    """Which functions read from where, in pages."""
    source, function = asked.get("EventSourceArn"), asked.get("FunctionName", "").rsplit(":", 1)[-1]
    size = min(int(asked.get("MaxItems", 100)), 100)  # "returns a maximum of 100 items in each response"
    if size < 1:
        raise Refusal("InvalidParameterValueException", "MaxItems must be at least 1")
    request = ("mappings", source, function)
    try:
        after = world.tokens.take(asked.get("Marker"), request)
    except Refusal as refusal:
        raise Refusal("InvalidParameterValueException", refusal.message) from None
    found = [
        (f"{number:08}-0000-4000-8000-000000000000", stream, reader)
        for number, (stream, reader) in enumerate(world.mappings, 1)
        if source in (None, stream) and function in ("", reader)
    ]
    page = [item for item in found if item[0] > after]
    more = {"NextMarker": world.tokens.give(request, page[size - 1][0])} if page[size:] else {}
    described = [
        {"UUID": uuid, "EventSourceArn": stream, "FunctionArn": function_arn(reader), "State": "Enabled"}
        for uuid, stream, reader in page[:size]
    ]
    return {"EventSourceMappings": described, **more}


def _tagged(world: World, kinds: set[str]) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    if "logs:log-group" in kinds:
        found |= {group_arn(group.name): group.tags for group in world.groups.values() if group.name not in world.late}
    if "lambda:function" in kinds:
        found |= {function_arn(name): tags for name, tags in world.functions.items()}
    return {arn: tags for arn, tags in found.items() if tags}
