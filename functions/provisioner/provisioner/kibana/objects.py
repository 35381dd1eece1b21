"""Makes the saved objects of a stack out of the definitions, for the services that there are. Pure.

Version stamps say what the objects look like: newer Kibanas (8.10 and later, 9.x) migrate them forward from there;
without a stamp each old migration would run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from watchpost import names
from watchpost.search import kql

from provisioner import placeholders
from provisioner.kibana import lens, texts
from provisioner.kibana.model import DASHBOARD, DATA_VIEW, SEARCH, SavedObject, Service, compact

if TYPE_CHECKING:
    from watchpost.settings import Settings

    from provisioner.kibana.definitions import Dashboard, Definitions, Panel

STAMPS = {DATA_VIEW: "8.0.0", SEARCH: "8.0.0", DASHBOARD: "8.9.0"}
CORE = "8.8.0"
PANEL_VERSION = "8.10.0"
INDEX = "kibanaSavedObjectMeta.searchSourceJSON.index"
KEPT = "Kept by Watchpost: what is changed by hand is undone."

Ids: TypeAlias = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Page:
    """What one dashboard is filled with. Values by placeholder, for its title, its query and its texts."""

    id: str
    title: dict[str, str]
    query: dict[str, str]
    text: dict[str, str]


def build(definitions: Definitions, services: Iterable[Service], settings: Settings) -> Iterator[SavedObject]:
    """Every object, each after those that it refers to: data views, saved searches, dashboards.

    One after the other, as those of a thousand services together would take some 50 MB.
    """

    def identify(what: str) -> str:
        return names.kibana_object(settings.stack, settings.aws_region, settings.account, what)

    stack = {"stack": settings.stack, "namespace": settings.environment}
    ordered = sorted(services, key=lambda service: service.name)
    overview = Page(identify("overview"), stack, {}, texts.of_overview(ordered, settings, identify))
    yield from _views(definitions, stack, identify)
    yield from _searches(definitions, stack, identify)
    yield _dashboard(definitions.overview, overview, identify)
    for one in ordered:
        page = Page(
            identify(f"service-{one.name}"),
            {**stack, "service": texts.title(one.name)},
            {"service": kql.quoted(one.name)},
            texts.of_service(one, settings, identify),
        )
        yield _dashboard(definitions.service, page, identify)


def _object(kind: str, identifier: str, attributes: dict[str, Any], references: list[dict[str, str]]) -> SavedObject:
    return {
        "type": kind,
        "id": identifier,
        "attributes": attributes,
        "references": references,
        "coreMigrationVersion": CORE,
        "typeMigrationVersion": STAMPS[kind],
    }


def _views(definitions: Definitions, stack: dict[str, str], identify: Ids) -> list[SavedObject]:
    return [
        _object(
            DATA_VIEW,
            identify(name),
            {
                "title": placeholders.fill(view.pattern, stack),  # the pattern, in Kibana's words
                "name": placeholders.fill(view.title, stack),
                "timeFieldName": "@timestamp",
                "allowNoIndex": True,  # before the first line, the data stream does not exist
            },
            [],
        )
        for name, view in definitions.views.items()
    ]


def _searches(definitions: Definitions, stack: dict[str, str], identify: Ids) -> list[SavedObject]:
    return [
        _object(
            SEARCH,
            identify(name),
            {
                "title": placeholders.fill(search.title, stack),
                "description": f"{search.description} {KEPT}",
                "columns": list(search.columns),
                "sort": [list(search.sort)],
                "grid": {},
                "hideChart": False,
                "isTextBasedQuery": False,
                "timeRestore": False,
                "kibanaSavedObjectMeta": {
                    "searchSourceJSON": compact(
                        {
                            "filter": [],
                            "highlightAll": True,
                            "indexRefName": INDEX,
                            "query": {"language": "kuery", "query": search.query},
                            "version": True,
                        }
                    )
                },
            },
            [{"type": DATA_VIEW, "id": identify(search.view), "name": INDEX}],
        )
        for name, search in definitions.searches.items()
    ]


def _dashboard(dashboard: Dashboard, page: Page, identify: Ids) -> SavedObject:
    panels, references = [], []
    for number, panel in enumerate(dashboard.panels):
        index = f"panel{number}"
        written, refers = _panel(panel, index, page, identify)
        x, y, width, height = panel.place
        grid = {"x": x, "y": y, "w": width, "h": height, "i": index}
        panels.append({**written, "gridData": grid, "panelIndex": index, "version": PANEL_VERSION})
        references += refers
    options = {
        "hidePanelTitles": False,
        "syncColors": True,
        "syncCursor": True,
        "syncTooltips": False,
        "useMargins": True,
    }
    query = placeholders.fill(dashboard.query, page.query)
    attributes = {
        "title": placeholders.fill(dashboard.title, page.title),
        "description": f"{dashboard.description} {KEPT}",
        "timeRestore": True,
        "timeFrom": dashboard.since,
        "timeTo": "now",
        "optionsJSON": compact(options),
        "panelsJSON": compact(panels),
        "kibanaSavedObjectMeta": {
            "searchSourceJSON": compact({"filter": [], "query": {"language": "kuery", "query": query}})
        },
        "version": 1,
    }
    return _object(DASHBOARD, page.id, attributes, references)


def _panel(panel: Panel, index: str, page: Page, identify: Ids) -> tuple[dict[str, Any], list[dict[str, str]]]:
    """A panel without its place, and what it refers to."""
    titled: dict[str, Any] = {"title": panel.title} if panel.title else {}
    if panel.chart:
        data_view = identify(panel.view)
        config = {"attributes": lens.attributes(panel, data_view), "enhancements": {}, "hidePanelTitles": False}
        reference = {"type": DATA_VIEW, "id": data_view, "name": f"{index}:{lens.REFERENCE}"}
        return {**titled, "type": "lens", "embeddableConfig": config}, [reference]
    if panel.search:
        name = f"panel_{index}"
        reference = {"type": SEARCH, "id": identify(panel.search), "name": f"{index}:{name}"}
        return {**titled, "type": "search", "panelRefName": name, "embeddableConfig": {"enhancements": {}}}, [reference]
    config = {"enhancements": {}, "hidePanelTitles": not panel.title, "savedVis": _markdown(panel, page)}
    return {**titled, "type": "visualization", "embeddableConfig": config}, []


def _markdown(panel: Panel, page: Page) -> dict[str, Any]:
    return {
        "title": panel.title,
        "description": "",
        "type": "markdown",
        "params": {
            "fontSize": 12,
            "markdown": placeholders.fill(panel.text, page.text),
            "openLinksInNewTab": False,
        },
        "uiState": {},
        "data": {"aggs": [], "searchSource": {"filter": [], "query": {"language": "kuery", "query": ""}}},
    }
