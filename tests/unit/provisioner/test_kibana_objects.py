"""What is sent to Kibana: closed in itself, of fields that exist, with the keys that real exports have."""

from __future__ import annotations

import importlib.resources
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st
from provisioner import kibana, templates
from provisioner.kibana import objects, texts
from watchpost import names

from tests.unit.provisioner import kibana_rules

if TYPE_CHECKING:
    from collections.abc import Callable

    from watchpost.settings import Settings

FOLDER = importlib.resources.files("dashboards")
DEFINITIONS = kibana.load(FOLDER / "kibana", templates.load(FOLDER / "elasticsearch"))
ORDERS = kibana.Service("orders", owner="team-shop", runbook="https://runbooks.example/orders")


def _built(settings: Settings, *services: kibana.Service) -> list[dict[str, Any]]:
    return list(objects.build(DEFINITIONS, services, settings))


def _prefix(settings: Settings) -> str:
    return names.kibana_owner(settings.stack, settings.aws_region, settings.account)


def _panels(one: dict[str, Any]) -> list[dict[str, Any]]:
    decoded = json.loads(one["attributes"]["panelsJSON"])
    assert isinstance(decoded, list)
    return decoded


def _texts(one: dict[str, Any]) -> str:
    saved = [panel["embeddableConfig"].get("savedVis") for panel in _panels(one)]
    return "\n".join(vis["params"]["markdown"] for vis in saved if vis)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_every_object_is_one_that_kibana_shows_as_meant(settings: Settings, count: int) -> None:
    built = _built(settings, *(kibana.Service(f"service-{number}") for number in range(count)))
    assert kibana_rules.check(built, _prefix(settings)) == []
    assert [one["type"] for one in built] == ["index-pattern"] * 4 + ["search"] * 6 + ["dashboard"] * (1 + count)


def test_the_patterns_are_those_of_the_data_streams_of_the_environment(settings: Settings) -> None:
    patterns = {one["id"].removeprefix(_prefix(settings)): one["attributes"]["title"] for one in _built(settings)[:4]}
    assert patterns == {
        "app": names.data_stream("app", settings.environment),
        "platform": names.data_stream("platform", settings.environment),
        "line": names.data_stream("line", settings.environment),
        "logs": "logs-watchpost.*-dev",
    }


def test_objects_are_the_same_whatever_the_order_of_the_services(settings: Settings) -> None:
    other = kibana.Service("payments")
    assert _built(settings, ORDERS, other) == _built(settings, other, ORDERS)


def test_a_service_that_comes_changes_nothing_but_the_overview(settings: Settings) -> None:
    before = {one["id"]: one for one in _built(settings, ORDERS)}
    after = {one["id"]: one for one in _built(settings, ORDERS, kibana.Service("payments"))}
    changed = {name.removeprefix(_prefix(settings)) for name in before if before[name] != after[name]}
    assert changed == {"overview"}


def test_two_stacks_share_no_id(settings: Settings) -> None:
    found = [
        {one["id"] for one in _built(replace(settings, **other), ORDERS)}
        for other in ({}, {"stack": "wp-2"}, {"aws_region": "eu-west-2"})
    ]
    assert len(set.union(*found)) == sum(map(len, found))


def test_a_service_shows_its_owner_its_runbook_and_where_its_alarms_are(settings: Settings) -> None:
    text = _texts(_built(settings, ORDERS)[-1])
    assert "team-shop" in text
    assert "[Runbook](https://runbooks.example/orders)" in text
    assert (
        "https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#dashboards/dashboard/wp-orders"
        in text
    )
    assert f"(#/view/{_prefix(settings)}overview)" in text
    assert f"(discover#/view/{_prefix(settings)}correlation)" in text


def test_the_overview_has_a_row_for_each_service_with_a_link_to_its_dashboard(settings: Settings) -> None:
    built = _built(settings, ORDERS, kibana.Service("payments"))
    text = _texts(built[-3])
    assert text.count("\n| [") == 2
    for name in ("orders", "payments"):
        assert f"| [{name}](#/view/{_prefix(settings)}service-{name}) |" in text
    assert {one["id"] for one in built} >= {f"{_prefix(settings)}service-{name}" for name in ("orders", "payments")}


def test_the_list_of_services_ends_before_it_is_too_long_and_says_so(settings: Settings) -> None:
    def listed(count: int) -> str:
        services = [kibana.Service(f"s{number:04}") for number in range(count)]
        return texts.of_overview(services, settings, str)["services"]

    assert listed(300).count("\n| [") == 300
    assert "more are in the list" not in listed(300)
    assert listed(301).count("\n| [") == 300
    assert "1 more are in the list" in listed(301)


@pytest.mark.parametrize("runbook", ["javascript:alert(1)", "http://plain.example", "https://x.example/" + "a" * 2040])
def test_a_runbook_becomes_a_link_only_when_it_is_an_https_address_of_bearable_length(
    settings: Settings, runbook: str
) -> None:
    text = _texts(_built(settings, kibana.Service("orders", runbook=runbook))[-1])
    assert f"]({runbook[:10]}" not in text


@limits(max_examples=25)
@given(name=st.text(min_size=1, max_size=60), owner=st.text(max_size=60))
def test_names_and_owners_are_data_wherever_they_stand(name: str, owner: str) -> None:
    """Whatever they hold, the objects stay right, and the query of the dashboard asks for exactly this service."""
    settings = _settings()
    built = _built(settings, kibana.Service(name, owner=owner))
    assert kibana_rules.check(built, _prefix(settings)) == []
    source = json.loads(built[-1]["attributes"]["kibanaSavedObjectMeta"]["searchSourceJSON"])
    found = objects.kql.parse(source["query"]["query"]).root
    assert found.value.text == name  # type: ignore[union-attr]
    assert not found.value.wildcard  # type: ignore[union-attr]
    assert "\n" not in built[-1]["attributes"]["title"]


def _settings() -> Settings:
    from tests.unit.provisioner import conftest  # noqa: PLC0415  # hypothesis and fixtures of a function do not mix

    return conftest.settings.__wrapped__()  # type: ignore[attr-defined,no-any-return]


def _lens(panel: dict[str, Any]) -> dict[str, Any]:
    found = panel["embeddableConfig"]["attributes"]["state"]["datasourceStates"]["formBased"]["layers"]["layer"]
    assert isinstance(found, dict)
    return found


def _column(panel: dict[str, Any], label: str) -> dict[str, Any]:
    return next(one for one in _lens(panel)["columns"].values() if one["label"] == label)


def _shown(panel: dict[str, Any]) -> dict[str, Any]:
    found = panel["embeddableConfig"]["attributes"]["state"]["visualization"]
    assert isinstance(found, dict)
    return found


# A mistake of each kind, made in a finished object: which panel (by title) it is made in, what, and what is said.
BROKEN: list[tuple[str, Any, str]] = [
    ("Lines", lambda p: p["gridData"].update(w=49), "outside of the grid"),
    ("Lines", lambda p: p["gridData"].update(x=-1), "outside of the grid"),
    ("Lines", lambda p: p["gridData"].update(y=5), "overlaps"),
    ("Lines", lambda p: p["gridData"].update(i="other"), "the grid calls it other"),
    ("Lines", lambda p: p.update(size=1), "no real export has size"),
    ("Lines", lambda p: p.update(type="lenz"), "a panel of type lenz"),
    ("Lines", lambda p: _lens(p).update(indexPatternId="x"), "no real export has indexPatternId"),
    ("Lines", lambda p: _lens(p)["columnOrder"].append("ghost"), "columnOrder"),
    ("Lines", lambda p: _lens(p)["columnOrder"].clear(), "columnOrder"),
    ("Lines", lambda p: _shown(p).update(metricAccessor="ghost"), "shows ['ghost']"),
    ("Lines", lambda p: _shown(p).update(accessor="column0"), "no real export has accessor"),
    ("Lines", lambda p: _column(p, "Lines").update(sourceField="Records"), "counts Records"),
    ("Lines", lambda p: _column(p, "Lines").update(operationType="cnt"), "no operation is called cnt"),
    ("Lines", lambda p: _column(p, "Lines")["params"].update(size=3), "no real export has size"),
    ("Lines", lambda p: _column(p, "Lines").update(isBucketed=True), "isBucketed True"),
    ("Lines", lambda p: p["embeddableConfig"]["attributes"].update(visualizationType="lnsMetrik"), "lnsMetrik"),
    (
        "Lines",
        lambda p: p["embeddableConfig"]["attributes"]["references"][0].update(id="other"),
        "inside and to",
    ),
    (
        "Lines",
        lambda p: p["embeddableConfig"]["attributes"]["state"]["query"].update(query="log.levle: error"),
        "asks for log.levle",
    ),
    ("Log volume by level", lambda p: _column(p, "Level").update(sourceField="log.lvl"), "no document has log.lvl"),
    ("Log volume by level", lambda p: _column(p, "Level").update(sourceField="message"), "terms of message, which is"),
    (
        "Log volume by level",
        lambda p: _column(p, "Time").update(sourceField="log.level"),
        "date_histogram of log.level",
    ),
    ("Log volume by level", lambda p: _column(p, "Level").update(dataType="number"), "dataType number"),
    ("Log volume by level", lambda p: _column(p, "Level").update(scale="ratio"), "scale ratio"),
    (
        "Log volume by level",
        lambda p: _column(p, "Level")["params"]["orderBy"].update(columnId="ghost"),
        "cannot be ordered by ghost",
    ),
    ("Log volume by level", lambda p: _column(p, "Level")["params"].update(otherBucket=False), "without others"),
    ("Log volume by level", lambda p: _shown(p)["layers"][0].pop("splitAccessor"), "is never shown"),
    ("Log volume by level", lambda p: _shown(p)["layers"][0].update(seriesType="bars"), "drawn as bars"),
    ("Log volume by level", lambda p: _shown(p)["layers"][0].update(layerId="ghost"), "not every layer is shown"),
    ("Log volume by level", lambda p: _lens(p)["columnOrder"].reverse(), "a metric before what splits it"),
    (
        "Top errors by type and message",
        lambda p: _column(p, "Message").update(sourceField="error.message"),
        "terms of error.message, which is text",
    ),
    ("Top errors by type and message", lambda p: _shown(p)["columns"].pop(), "is never shown"),
    (
        "Top errors by type and message",
        lambda p: _shown(p)["columns"].append(_shown(p)["columns"][0]),
        "shown twice",
    ),
    (
        "Duration of invocations, ms",
        lambda p: _column(p, "p95").update(sourceField="faas.execution"),
        "percentile of faas.execution, which is keyword",
    ),
    ("Memory against size", lambda p: _column(p, "Used of size").update(references=["ghost"]), "no columns"),
    (
        "Memory against size",
        lambda p: _column(p, "Part of Used of size").update(sourceField="faas.name"),
        "max of faas.name, which is keyword",
    ),
    (
        "Memory against size",
        lambda p: _column(p, "Function")["params"]["orderBy"].update(columnId="column3"),
        "cannot be ordered by column3",
    ),
    ("Slowest invocations", lambda p: p.update(panelRefName="panel_other"), "refers by panel_other"),
    ("Follow one transaction", lambda p: p["embeddableConfig"]["savedVis"]["params"].update(markdown=" "), "empty"),
]


@pytest.mark.parametrize(("title", "breaks", "said"), BROKEN)
def test_a_panel_with_a_mistake_is_refused(
    settings: Settings, title: str, breaks: Callable[[dict[str, Any]], object], said: str
) -> None:
    built = _built(settings, ORDERS)
    panels = _panels(built[-1])
    breaks(next(panel for panel in panels if panel.get("title") == title))
    built[-1]["attributes"]["panelsJSON"] = json.dumps(panels)
    assert said in " / ".join(kibana_rules.check(built, _prefix(settings)))


@pytest.mark.parametrize(
    ("position", "breaks", "said"),
    [
        (-1, lambda one: one["references"].pop(), "not used, or missing"),
        (-1, lambda one: one["references"].append({"type": "search", "id": "x", "name": "y"}), "nothing is search x"),
        (-1, lambda one: one["references"].append(dict(one["references"][0])), "is there twice"),
        (-1, lambda one: one["attributes"].update(uiStateJSON="{}"), "no real export has uiStateJSON"),
        (-1, lambda one: one["attributes"].update(optionsJSON={}), "where a string with JSON should be"),
        (-1, lambda one: one.update(typeMigrationVersion="8.10.0"), "stamps"),
        (-1, lambda one: one.pop("coreMigrationVersion"), "stamps"),
        (-1, lambda one: one.update(id="mine"), "does not say whose it is"),
        (4, lambda one: one["attributes"]["columns"].append("log.lvl"), "no document has the column log.lvl"),
        (4, lambda one: one["attributes"]["sort"].append(["message", "desc"]), "cannot sort by message"),
        (4, lambda one: one["references"].clear(), "not used, or missing"),
        (0, lambda one: one["attributes"].update(title="logs-other-*"), "no data stream is like"),
    ],
)
def test_an_object_with_a_mistake_is_refused(
    settings: Settings, position: int, breaks: Callable[[dict[str, Any]], object], said: str
) -> None:
    built = _built(settings, ORDERS)
    breaks(built[position])
    assert said in " / ".join(kibana_rules.check(built, _prefix(settings)))
