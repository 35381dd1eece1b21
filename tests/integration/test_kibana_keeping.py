"""Objects in a made-up Kibana: imported when changed, brought back when touched, deleted when their service is gone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from provisioner import kibana
from provisioner.kibana import keeper

from tests.integration.kibana_server.server import PASSWORD, USER, Kibana
from tests.integration.kibana_world import OWN, World

if TYPE_CHECKING:
    from collections.abc import Iterator

FIXED = 4 + 6 + 1  # data views, saved searches, the overview


@pytest.fixture(params=["8.10", "9.2"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """A Kibana that keeps objects as they came, and one that rewrites them."""
    server = Kibana(request.param)
    yield World(server)
    server.close()


def test_everything_is_there_after_the_first_run_and_the_second_one_imports_nothing(world: World) -> None:
    first = world.run("orders", "payments")
    imports = world.kibana.calls("POST", "_import")
    second = world.run("orders", "payments")

    assert first.failed is None
    assert len(first.created) == FIXED + 2
    assert {identifier for _, identifier in world.kibana.store.objects} == set(first.created)
    assert second == kibana.KibanaResult(unchanged=first.created)
    assert world.kibana.calls("POST", "_import") == imports


def test_all_requests_use_one_connection(world: World) -> None:
    world.run("orders")
    assert len(world.kibana.requests) >= 4
    assert world.kibana.connections == 1


def test_a_new_service_gets_a_dashboard_and_a_row_in_the_overview_and_nothing_else_is_imported(world: World) -> None:
    world.run("orders")
    result = world.run("orders", "payments")
    assert result.created == (f"{OWN}service-payments",)
    assert result.updated == (f"{OWN}overview",)
    assert len(result.unchanged) == FIXED


def test_another_owner_changes_the_dashboard_that_names_it(world: World) -> None:
    world.run("orders")
    result = kibana.reconcile([kibana.Service("orders", owner="team-shop")], world.around())
    assert result.updated == (f"{OWN}overview", f"{OWN}service-orders")
    assert "team-shop" in panels(world, "service-orders")


@pytest.mark.parametrize("what", ["logs", "errors", "overview", "service-orders"])
def test_what_somebody_deleted_comes_back(world: World, what: str) -> None:
    world.run("orders")
    [key] = [key for key in world.kibana.store.objects if key[1] == OWN + what]
    del world.kibana.store.objects[key]

    result = world.run("orders")

    assert result.created == (OWN + what,)
    assert len(result.unchanged) == FIXED
    assert key in world.kibana.store.objects


@pytest.mark.parametrize(
    ("kind", "what", "change"),
    [
        ("dashboard", "service-orders", {"title": "mine"}),
        ("dashboard", "service-orders", {"panelsJSON": "[]"}),
        ("dashboard", "service-orders", {"description": "without the seal"}),
        ("dashboard", "overview", {"timeFrom": "now-7d"}),
        ("search", "errors", {"columns": ["message"]}),
        ("search", "errors", {"title": "mine"}),
        ("index-pattern", "app", {"title": "logs-*"}),
        ("index-pattern", "app", {"timeFieldName": "event.ingested"}),
    ],
)
def test_what_somebody_changed_is_put_right_once(world: World, kind: str, what: str, change: dict[str, Any]) -> None:
    world.run("orders")
    world.kibana.store.edit(kind, OWN + what, **change)

    result = world.run("orders")

    assert result.updated == (OWN + what,)
    kept = world.kibana.store.objects[kind, OWN + what]["attributes"]
    assert all(kept[name] != value for name, value in change.items())
    assert world.run("orders").updated == ()


def test_an_object_that_somebody_replaced_by_an_import_of_their_own_is_put_right(world: World) -> None:
    # given a dashboard with the description of ours, seal and all, and other panels
    world.run("orders")
    exported = dict(world.kibana.store.objects["dashboard", f"{OWN}service-orders"])
    exported["attributes"] = {**exported["attributes"], "panelsJSON": "[]"}
    answer = world.kibana.store.import_([exported], overwrite=True)
    assert answer["success"]

    assert world.run("orders").updated == (f"{OWN}service-orders",)


def test_what_people_and_kibana_add_to_a_data_view_stays(world: World) -> None:
    # given a runtime field, a counter of Kibana's, and a title that somebody changed
    world.run("orders")
    added = {"runtimeFieldMap": '{"a": {"type": "long"}}', "fieldAttrs": '{"message": {"count": 7}}'}
    world.kibana.store.edit("index-pattern", f"{OWN}app", **added)
    assert world.run("orders").updated == ()

    world.kibana.store.edit("index-pattern", f"{OWN}app", name="mine")
    result = world.run("orders")

    assert result.updated == (f"{OWN}app",)
    kept = world.kibana.store.objects["index-pattern", f"{OWN}app"]["attributes"]
    assert added.items() <= kept.items()
    assert kept["name"] == "Watchpost wp: application lines"


def test_the_dashboard_of_a_vanished_service_is_deleted_and_nothing_of_others(world: World) -> None:
    # given dashboards of other stacks, and of people, on our data views too
    world.run("orders", "payments")
    foreign = {
        "somebody-s": {"type": "index-pattern", "id": f"{OWN}logs", "name": "x"},
        "watchpost-wp-000000-service-old": {"type": "index-pattern", "id": f"{OWN}logs", "name": "x"},
        "watchpost-wp-eu-cebc2b-service-old": {"type": "search", "id": f"{OWN}errors", "name": "x"},
    }
    for identifier, reference in foreign.items():
        one = dict(world.kibana.store.objects["dashboard", f"{OWN}overview"])
        world.kibana.store.objects["dashboard", identifier] = one | {"id": identifier, "references": [reference]}

    result = world.run("orders")

    assert result.deleted == (f"{OWN}service-payments",)
    left = {identifier for kind, identifier in world.kibana.store.objects if kind == "dashboard"}
    assert left == {f"{OWN}overview", f"{OWN}service-orders", *foreign}


def test_nothing_is_deleted_when_not_all_services_are_known(world: World) -> None:
    world.run("orders", "payments")
    result = world.run("orders", complete=False)
    assert result.deleted == ()
    assert ("dashboard", f"{OWN}service-payments") in world.kibana.store.objects


def test_most_of_the_dashboards_are_not_deleted_in_one_run_unless_that_is_meant(world: World) -> None:
    many = [f"service-{number}" for number in range(30)]
    world.run(*many)

    refused = world.run()
    assert refused.deleted == ()
    assert refused.failed is not None
    assert "more than half" in refused.failed

    allowed = world.run(allow_mass_deletion=True)
    assert len(allowed.deleted) == 30
    assert allowed.failed is None


def test_a_plan_tells_the_same_and_writes_nothing(world: World) -> None:
    planned = world.run("orders", apply=False)
    assert world.kibana.store.objects == {}
    assert planned == world.run("orders")

    later = world.run(apply=False)
    assert later.deleted == (f"{OWN}service-orders",)
    assert ("dashboard", f"{OWN}service-orders") in world.kibana.store.objects


def test_with_the_stack_go_its_dashboards_and_searches_and_the_data_views_stay(world: World) -> None:
    world.run("orders")
    result = kibana.remove(world.around())
    assert len(result.deleted) == 6 + 2
    assert {kind for kind, _ in world.kibana.store.objects} == {"index-pattern"}


def test_everything_lives_in_the_space_that_is_asked_for(world: World) -> None:
    result = world.run("orders", kibana_space="observability")
    assert result.failed is None
    assert world.kibana.store.objects == {}
    assert len(world.kibana.spaces["observability"].objects) == FIXED + 1
    assert all(path.startswith("/s/observability/api/") for _, path in world.kibana.requests)


def test_a_user_with_a_password_will_do(world: World) -> None:
    world.secret = {"username": USER, "password": PASSWORD}
    assert world.run("orders").failed is None
    [sent] = world.kibana.credentials
    assert sent.startswith("Basic ")


@pytest.mark.parametrize(("most", "batches"), [(FIXED + 2, 1), (FIXED + 1, 2)])
def test_an_import_has_at_most_so_many_objects(
    world: World, monkeypatch: pytest.MonkeyPatch, most: int, batches: int
) -> None:
    monkeypatch.setattr(keeper, "MOST_OBJECTS", most)
    assert world.run("orders", "payments").failed is None
    # Each is imported, and then once more with its seal; data views have none.
    assert len(world.kibana.imported) == 2 * batches


def test_an_import_has_at_most_so_many_bytes(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    # given a limit that two dashboards fit into, to the byte
    world.run("a1")
    of_one = len(json.dumps(world.kibana.imported[0][-1], separators=(",", ":"))) + 1
    for limit, expected in ((2 * of_one, 2), (2 * of_one - 1, 1)):
        monkeypatch.setattr(keeper, "MOST_BYTES", limit)
        world.kibana.store.objects.clear()
        world.kibana.imported.clear()
        world.run("a1", "a2", "a3", "a4", "a5")
        sizes = [sum("service-" in one["id"] for one in batch) for batch in world.kibana.imported]
        assert max(sizes) == expected


def test_a_proxy_that_finds_imports_too_large_gets_smaller_ones(world: World) -> None:
    world.kibana.most_bytes = 120_000  # two dashboards
    result = world.run("a", "b", "c", "d", "e")
    assert result.failed is None
    assert len(result.created) == FIXED + 5


def panels(world: World, what: str) -> str:
    return str(world.kibana.store.objects["dashboard", OWN + what]["attributes"]["panelsJSON"])
