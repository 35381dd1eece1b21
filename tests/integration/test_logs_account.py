"""The simulated account itself: what it refuses and throttles, so that tests that stand on it mean something."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError

from tests.integration.logs_account.asking import refusal
from tests.integration.logs_account.world import NoAnswerError, Refusal, World

if TYPE_CHECKING:
    from collections.abc import Iterator

STREAM = "arn:aws:kinesis:eu-west-1:123456789012:stream/logs"
ROLE = "arn:aws:iam::123456789012:role/stream"
FUNCTION_ARN = "arn:aws:lambda:eu-west-1:123456789012:function:"
SHIPPER = FUNCTION_ARN + "shipper"
GROUP_ARN = "arn:aws:logs:eu-west-1:123456789012:log-group:"
TAGGING = ("resourcegroupstaggingapi", "get_resources")


@pytest.fixture
def world() -> Iterator[World]:
    with World() as made:
        made.function("shipper", {"team": "shop"})
        made.destination(STREAM)
        yield made


def _filter(world: World, **changes: Any) -> dict[str, Any]:
    asked = {"logGroupName": "/a", "filterName": "f", "filterPattern": ""}
    return {**asked, "destinationArn": SHIPPER, **changes}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, ""),
        ({"filterName": "f" * 512}, ""),
        ({"filterName": "f" * 513}, "InvalidParameterException"),
        ({"filterName": "a:b"}, "InvalidParameterException"),
        ({"filterName": "a*"}, "InvalidParameterException"),
        ({"filterPattern": "p" * 1_024}, ""),
        ({"filterPattern": "p" * 1_025}, "InvalidParameterException"),
        ({"logGroupName": "/gone"}, "ResourceNotFoundException"),
        ({"logGroupName": "/a b"}, "InvalidParameterException"),
        ({"logGroupName": "/rare"}, "InvalidOperationException"),
        ({"logGroupName": "/delivery"}, "InvalidOperationException"),
        ({"logGroupName": "/aws/lambda/shipper"}, "InvalidParameterException"),
        ({"destinationArn": STREAM + "-2", "roleArn": ROLE}, "InvalidParameterException"),
        ({"destinationArn": STREAM}, "InvalidParameterException"),
        ({"destinationArn": STREAM, "roleArn": "role"}, "InvalidParameterException"),
        ({"destinationArn": STREAM, "roleArn": ROLE}, ""),
        ({"roleArn": ROLE}, "InvalidParameterException"),
    ],
)
def test_filters_are_taken_as_the_api_documents(world: World, changes: dict[str, Any], code: str) -> None:
    world.group("/a")
    world.group("/rare", log_class="INFREQUENT_ACCESS")
    world.group("/delivery", log_class="DELIVERY")
    world.group("/aws/lambda/shipper")

    assert refusal(world.client("logs").put_subscription_filter, **_filter(world, **changes)) == code


def test_a_group_has_two_filters_and_the_same_name_overwrites(world: World) -> None:
    logs = world.client("logs")
    world.group("/a", filters=[("one", STREAM)])

    assert refusal(logs.put_subscription_filter, **_filter(world, filterName="two")) == ""
    assert refusal(logs.put_subscription_filter, **_filter(world, filterName="three")) == "LimitExceededException"
    assert refusal(logs.put_subscription_filter, **_filter(world, filterName="one")) == ""

    assert set(world.filters("/a")) == {"one", "two"}
    assert STREAM not in world.filters("/a").values()
    assert refusal(logs.delete_subscription_filter, logGroupName="/a", filterName="one") == ""
    assert refusal(logs.delete_subscription_filter, logGroupName="/a", filterName="one") == "ResourceNotFoundException"
    found = logs.describe_subscription_filters(logGroupName="/a")["subscriptionFilters"]
    assert [item["filterName"] for item in found] == ["two"]


@pytest.mark.parametrize("kind", ["groups", "filters", "mappings"])
def test_lists_come_whole_in_pages_with_tokens_that_belong_to_their_request(world: World, kind: str) -> None:
    world.throttle = False
    names = sorted(f"/{number}" for number in range(101))
    for name in names:
        world.group(name, filters=[(other, STREAM) for other in names] if name == "/7" else [])
        world.mapping(STREAM, name)
    service, operation, parameters, result, key = {
        "groups": ("logs", "describe_log_groups", {"limit": 50}, "logGroups", "logGroupName"),
        "filters": (
            "logs",
            "describe_subscription_filters",
            {"logGroupName": "/7"},
            "subscriptionFilters",
            "filterName",
        ),
        "mappings": ("lambda", "list_event_source_mappings", {"MaxItems": 50}, "EventSourceMappings", "FunctionArn"),
    }[kind]

    pages = [page[result] for page in world.client(service).get_paginator(operation).paginate(**parameters)]

    assert [len(page) for page in pages] == [50, 50, 1]
    assert sorted(item[key].removeprefix(FUNCTION_ARN) for page in pages for item in page) == names


def test_a_prefix_and_a_token_hold_while_groups_come_and_go(world: World) -> None:
    logs = world.client("logs")
    for number in range(60):
        world.group(f"/x/{number:02}")
    world.group("/w")
    world.group("/y")

    first = logs.describe_log_groups(logGroupNamePrefix="/x/")
    world.delete("/x/49")  # the last one of the page
    world.group("/x/00-a")
    second = logs.describe_log_groups(logGroupNamePrefix="/x/", nextToken=first["nextToken"])

    assert [group["logGroupName"] for group in second["logGroups"]] == [f"/x/{number}" for number in range(50, 60)]
    assert "nextToken" not in second
    refused = {"nextToken": first["nextToken"], "logGroupNamePrefix": "/w"}
    assert refusal(logs.describe_log_groups, **refused) == "InvalidParameterException"
    assert refusal(logs.describe_log_groups, nextToken="made-up") == "InvalidParameterException"


@pytest.mark.parametrize(("days", "code"), [(14, ""), (3_653, ""), (15, "InvalidParameterException")])
def test_a_retention_is_one_of_the_allowed_numbers(world: World, days: int, code: str) -> None:
    world.group("/a")

    assert refusal(world.client("logs").put_retention_policy, logGroupName="/a", retentionInDays=days) == code
    assert world.groups["/a"].retention == (None if code else days)


def test_groups_are_made_tagged_and_deleted(world: World) -> None:
    logs, arn = world.client("logs"), GROUP_ARN + "/a"
    logs.create_log_group(logGroupName="/a", tags={"a": "1"}, logGroupClass="INFREQUENT_ACCESS")
    logs.tag_resource(resourceArn=arn, tags={"b": "2"})

    assert refusal(logs.create_log_group, logGroupName="/a") == "ResourceAlreadyExistsException"
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == {"a": "1", "b": "2"}
    assert refusal(logs.list_tags_for_resource, resourceArn=arn + ":*") == "InvalidParameterException"
    assert logs.describe_log_groups()["logGroups"][0]["logGroupClass"] == "INFREQUENT_ACCESS"
    logs.delete_log_group(logGroupName="/a")
    assert refusal(logs.list_tags_for_resource, resourceArn=arn) == "ResourceNotFoundException"
    assert refusal(logs.delete_log_group, logGroupName="/a") == "ResourceNotFoundException"


def test_tags_come_in_bulk_for_what_has_some_and_is_known_already(world: World) -> None:
    for number in range(100):
        world.group(f"/{number:02}", {"number": str(number)})
    world.group("/without")
    world.group("/new", {"a": "b"})
    world.late.add("/new")
    wanted = {"ResourceTypeFilters": ["logs:log-group", "lambda:function"], "ResourcesPerPage": 100}

    pages = list(world.client("resourcegroupstaggingapi").get_paginator("get_resources").paginate(**wanted))

    assert [len(page["ResourceTagMappingList"]) for page in pages] == [100, 1]
    assert pages[0]["ResourceTagMappingList"][0] == {
        "ResourceARN": SHIPPER,
        "Tags": [{"Key": "team", "Value": "shop"}],
    }
    assert world.requests["GetResources"] == 2
    with pytest.raises(ClientError, match="InvalidParameterException"):
        world.client(TAGGING[0]).get_resources(ResourcesPerPage=101)


@pytest.mark.parametrize(
    ("operation", "names", "lifetime", "code"),
    [
        (("logs", "describe_log_groups"), ("limit", "nextToken"), 86_400, "InvalidParameterException"),
        (TAGGING, ("ResourcesPerPage", "PaginationToken"), 900, "PaginationTokenExpiredException"),
    ],
)
def test_requests_take_time_and_tokens_expire(
    world: World, operation: tuple[str, str], names: tuple[str, str], lifetime: float, code: str
) -> None:
    world.group("/a", {"a": "b"})
    world.group("/b", {"a": "b"})
    call, began, (size, token) = getattr(world.client(operation[0]), operation[1]), world.clock.now(), names
    asked: dict[str, Any] = {size: 1}
    asked[token] = call(**asked)[token]

    assert world.clock.now() - began == pytest.approx(0.03)
    world.clock.sleep(lifetime - 0.04)
    assert [refusal(call, **asked) for _ in range(2)] == ["", code]


def test_the_tags_of_a_function_are_told_and_of_none_refused(world: World) -> None:
    tags = world.client("lambda").list_tags

    assert tags(Resource=SHIPPER)["Tags"] == {"team": "shop"}
    assert refusal(tags, Resource=SHIPPER + "-2") == "ResourceNotFoundException"


@pytest.mark.parametrize(
    ("service", "operation", "parameters", "quota", "code"),
    [
        ("logs", "describe_log_groups", {}, 10, "ThrottlingException"),
        ("logs", "describe_subscription_filters", {"logGroupName": "/a"}, 5, "ThrottlingException"),
        (*TAGGING, {}, 15, "ThrottledException"),
        ("lambda", "list_event_source_mappings", {}, 15, "TooManyRequestsException"),
    ],
)
def test_an_operation_is_throttled_beyond_its_quota_and_free_again_as_time_passes(
    service: str, operation: str, parameters: dict[str, Any], quota: int, code: str
) -> None:
    # given an account whose requests take no time
    with World(latency=0.0) as world:
        world.group("/a")
        call = getattr(world.client(service), operation)

        # when a second's quota is used at once
        answers = [refusal(call, **parameters) for _ in range(quota + 2)]

        # then what comes on top is throttled, until there is time for one more
        assert answers == [""] * quota + [code] * 2
        world.clock.sleep(1 / quota)
        assert [refusal(call, **parameters) for _ in range(2)] == ["", code]
        assert (sum(world.requests.values()), sum(world.throttled.values())) == (quota + 4, 3)


def test_an_act_may_change_the_account_refuse_or_break_the_connection(world: World) -> None:
    logs = world.client("logs")
    world.group("/a")

    def refuse(asked: dict[str, Any]) -> None:
        raise Refusal("ServiceUnavailableException", f"not for {asked['logGroupName']}", 503)

    def hang_up(_: dict[str, Any]) -> None:
        raise NoAnswerError

    world.before("PutSubscriptionFilter", refuse, times=1)
    assert refusal(logs.put_subscription_filter, **_filter(world)) == "ServiceUnavailableException"
    assert world.filters("/a") == {}

    world.after("PutSubscriptionFilter", hang_up, times=1)
    with pytest.raises(ConnectionClosedError):
        logs.put_subscription_filter(**_filter(world))
    assert set(world.filters("/a")) == {"f"}

    world.before("DescribeSubscriptionFilters", lambda asked: world.delete(asked["logGroupName"]))
    assert refusal(logs.describe_subscription_filters, logGroupName="/a") == "ResourceNotFoundException"


def test_an_act_that_fails_fails_the_test() -> None:
    def act(_: dict[str, Any]) -> None:
        raise AssertionError("the test's own fault")

    with pytest.raises(AssertionError, match="own fault"), World() as world:  # noqa: PT012
        world.before("DescribeLogGroups", act)
        with pytest.raises(ConnectionClosedError):
            world.client("logs").describe_log_groups()
