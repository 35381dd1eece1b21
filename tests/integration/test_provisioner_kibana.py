"""A run of the provisioner and Kibana: kept with the services there are, and never the reason that something fails."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from provisioner.run import remove, run
from watchpost.secrets import Secret

from tests.integration.cloudwatch_account.account import CloudAccount
from tests.integration.kibana_server.server import Kibana
from tests.integration.kibana_world import KEY, OWN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from provisioner.result import Result
    from provisioner.run import Account


@pytest.fixture
def kibana() -> Iterator[Kibana]:
    made = Kibana()
    yield made
    made.close()


@pytest.fixture
def cloud() -> CloudAccount:
    made = CloudAccount()
    made.services.function("orders-api", "orders")
    made.services.function("shop-web", "shop")
    return made


def _with(account: Account, url: str, secret: Any = None) -> Account:
    settings = replace(account.settings, stack="wp", kibana_url=url, kibana_space="default")
    return replace(account, settings=settings, kibana=secret or (lambda: Secret("kibana", dict(KEY))))


def _run(cloud: CloudAccount, url: str, *, secret: Any = None, **options: Any) -> Result:
    deadline = cloud.begin()
    return run(_with(cloud.account(deadline), url, secret), deadline, **{"apply": True, **options})


def _dashboards(kibana: Kibana) -> set[str]:
    """The services that have a dashboard in Kibana."""
    mark = "service-"
    return {
        identifier.partition(mark)[2]
        for kind, identifier in kibana.store.objects
        if kind == "dashboard" and mark in identifier and identifier.startswith("watchpost-")
    }


def test_each_service_gets_a_dashboard_and_loses_it_with_its_last_resource(cloud: CloudAccount, kibana: Kibana) -> None:
    # given a first run, and a second one that changes nothing
    first = _run(cloud, kibana.url)
    second = _run(cloud, kibana.url)
    assert first.kibana.failed is None
    assert _dashboards(kibana) == {"orders", "shop"}
    assert (second.kibana.created, second.kibana.updated, second.kibana.deleted) == ((), (), ())
    assert len(second.kibana.unchanged) == len(first.kibana.created)

    # when a service is gone
    cloud.services.delete_function("shop-web")
    third = _run(cloud, kibana.url)

    # then its dashboard is
    assert _dashboards(kibana) == {"orders"}
    assert len(third.kibana.deleted) == 1
    assert third.as_dict()["kibana"]["deleted"] == list(third.kibana.deleted)


def test_nothing_is_deleted_while_something_is_not_known(cloud: CloudAccount, kibana: Kibana) -> None:
    _run(cloud, kibana.url)
    cloud.services.delete_function("shop-web")
    cloud.refuse("ListFunctions")
    cloud.refuse("GetResources")

    result = _run(cloud, kibana.url)

    assert result.kibana.deleted == ()
    assert _dashboards(kibana) == {"orders", "shop"}


def test_a_kibana_that_is_away_makes_nothing_fail(cloud: CloudAccount) -> None:
    result = _run(cloud, "http://127.0.0.1:9")  # the discard port: nothing listens there

    assert result.kibana.failed
    assert [failure["name"] for failure in result.failures()] == ["elasticsearch"]
    assert result.alarms.counts()["created"] > 5


def test_a_secret_that_cannot_be_read_makes_nothing_fail(cloud: CloudAccount, kibana: Kibana) -> None:
    result = _run(cloud, kibana.url, secret=lambda: Secret("kibana", {}))

    assert "kibana" in str(result.kibana.failed)
    assert [failure["name"] for failure in result.failures()] == ["elasticsearch"]


def test_a_plan_writes_nothing_into_kibana(cloud: CloudAccount, kibana: Kibana) -> None:
    result = _run(cloud, kibana.url, apply=False)

    assert result.kibana.created
    assert _dashboards(kibana) == set()


def test_with_the_stack_go_its_dashboards(cloud: CloudAccount, kibana: Kibana) -> None:
    _run(cloud, kibana.url)
    deadline = cloud.begin()

    result = remove(_with(cloud.account(deadline), kibana.url), deadline)

    assert result.kibana.failed is None
    assert _dashboards(kibana) == set()
    assert not [key for key in kibana.store.objects if key[0] != "index-pattern" and key[1].startswith(OWN)]


def test_without_a_kibana_nothing_is_done(cloud: CloudAccount) -> None:
    assert _run(cloud, "none").kibana.as_dict() == {
        "created": [],
        "updated": [],
        "deleted": [],
        "unchanged": 0,
        "failed": None,
    }
