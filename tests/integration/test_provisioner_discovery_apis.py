"""REST and HTTP APIs: one resource for each stage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.services_account.account import Services, services_account
from tests.integration.services_account.scripted import Refusal, answer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

GONE = "deleted, though its tags are still listed"
API = "arn:aws:apigateway:eu-west-1::"


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Services]:
    with services_account(monkeypatch) as made:
        yield made


def _stages(account: Services, stages: Mapping[str, list[str]], refused: str = "") -> None:
    """The stages of REST APIs by the APIs' ids; an API without any here is deleted."""

    def respond(asked: Mapping[str, Any]) -> dict[str, Any]:
        if asked["restApiId"] == refused:
            raise Refusal("AccessDeniedException", 403)
        if asked["restApiId"] not in stages:
            raise Refusal("NotFoundException", 404)
        return {"item": [{"stageName": stage} for stage in stages[asked["restApiId"]]]}

    answer(account.client("apigateway"), "GetStages", respond)


def test_each_stage_of_a_rest_api_is_a_resource_under_the_apis_name(account: Services) -> None:
    # given two APIs on two pages, one that is deleted, and a tagged stage
    for number in (1, 2, 3):
        account.tag("apigateway:restapis", f"{API}/restapis/id{number}", service=f"s{number}")
    stage = account.tag("apigateway:restapis", f"{API}/restapis/id1/stages/prod")
    pages = {None: "id1", "next": "id2"}

    def page(asked: Mapping[str, Any]) -> dict[str, Any]:
        found = pages[asked.get("position")]
        more = {"position": "next"} if found == "id1" else {}
        return {"items": [{"id": found, "name": f"api of {found}"}], **more}

    answer(account.client("apigateway"), "GetRestApis", page)
    _stages(account, {"id1": ["dev", "prod"], "id2": ["v1"]})

    # when they are discovered
    inventory = account.discover("apigateway_rest")

    # then there is one for each stage
    assert {(one.service, one.name): one.facts for one in inventory.resources} == {
        ("s1", "api of id1/dev"): {"api_name": "api of id1", "stage": "dev"},
        ("s1", "api of id1/prod"): {"api_name": "api of id1", "stage": "prod"},
        ("s2", "api of id2/v1"): {"api_name": "api of id2", "stage": "v1"},
    }
    assert {one.resource: one.reason for one in inventory.skipped} == {
        stage: "no definition is for an ARN of this form",
        "id3": GONE,
    }


def test_two_rest_apis_of_one_name_are_watched_once(account: Services) -> None:
    """CloudWatch knows them by their name only, so the metrics of a stage are those of both."""
    for number in (2, 1):
        account.tag("apigateway:restapis", f"{API}/restapis/id{number}", service=f"s{number}")
    named = [{"id": "id1", "name": "shop"}, {"id": "id2", "name": "shop"}]
    account.answer("apigateway", "GetRestApis", {"items": named})
    _stages(account, {"id1": ["prod"], "id2": ["prod", "dev"]})

    inventory = account.discover("apigateway_rest")

    assert [(one.service, one.name) for one in inventory.resources] == [("s1", "shop/prod"), ("s2", "shop/dev")]
    [skipped] = inventory.skipped
    assert skipped.resource == "shop/prod"
    assert "counts both together" in skipped.reason


def test_stages_that_may_not_be_read_keep_their_alarms(account: Services) -> None:
    for number in (1, 2):
        account.tag("apigateway:restapis", f"{API}/restapis/id{number}")
    named = [{"id": "id1", "name": "shop"}, {"id": "id2", "name": "shop-2"}]
    account.answer("apigateway", "GetRestApis", {"items": named})
    _stages(account, {"id2": ["prod"]}, refused="id1")

    [gap] = account.discover("apigateway_rest").unknown

    assert gap.covers_alarm("apigateway_rest", "shop/prod")
    assert not gap.covers_alarm("apigateway_rest", "shop-2/prod")
    assert not gap.covers_alarm("apigateway_http", "shop/prod")


def test_each_stage_of_an_http_api_is_a_resource_and_one_of_a_websocket_api_is_none(account: Services) -> None:
    # given an HTTP API with stages on two pages, one of the same name, a WebSocket API, and one that is deleted
    for number in (4, 3, 2, 1):
        account.tag("apigateway:apis", f"{API}/apis/id{number}")
    apis = [
        {"ApiId": f"id{number}", "Name": name, "ProtocolType": protocol, "RouteSelectionExpression": ""}
        for number, name, protocol in ((1, "shop", "HTTP"), (2, "shop", "HTTP"), (3, "chat", "WEBSOCKET"))
    ]
    account.answer("apigatewayv2", "GetApis", {"Items": apis})

    def page(asked: Mapping[str, Any]) -> dict[str, Any]:
        if asked["ApiId"] == "id2" or asked.get("NextToken"):
            return {"Items": [{"StageName": "prod"}]}
        return {"Items": [{"StageName": "$default"}], "NextToken": "next"}

    answer(account.client("apigatewayv2"), "GetStages", page)

    # when they are discovered
    inventory = account.discover("apigateway_http")

    # then every stage has a name of its own
    assert {one.name: one.facts for one in inventory.resources} == {
        "shop/$default": {"api_id": "id1", "stage": "$default"},
        "shop/prod": {"api_id": "id1", "stage": "prod"},
        "shop-id2/prod": {"api_id": "id2", "stage": "prod"},
    }
    assert {one.resource: one.reason for one in inventory.skipped} == {
        "chat": "an API with the protocol WEBSOCKET, not HTTP",
        "id4": GONE,
    }
