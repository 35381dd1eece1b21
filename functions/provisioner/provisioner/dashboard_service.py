"""A service's dashboard: how it feels first, then each of its resources, its own metrics, and its last errors."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from provisioner.dashboard_graphs import resource_graph, shown
from provisioner.dashboard_health import health
from provisioner.dashboard_model import Section
from provisioner.dashboard_owner import owner_mark
from provisioner.dashboard_shipping import shipping
from provisioner.dashboard_widgets import alarms, console_of, dashboard_address, heading, last_errors, part_name, text
from provisioner.layout import flow, pack
from provisioner.markdown import escaped, is_address, link, plain
from provisioner.placeholders import PlaceholderError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from provisioner.dashboard_model import Context, ServicePage, Widget
    from provisioner.definitions import KindDefinition
    from provisioner.inventory import Resource

HEAD_HEIGHT = 3
START = "-PT3H"
OWN_METRICS = "metric"  # the kind of what a service's own lines count
PERIODS = ((60, "1 minute"), (300, "5 minutes"), (900, "15 minutes"), (3600, "1 hour"), (86_400, "1 day"))


def service_dashboards(page: ServicePage, context: Context) -> dict[str, dict[str, Any]]:
    """The decoded bodies of PutDashboard by name: one, or as many as CloudWatch's limits ask for."""
    parts = pack(_sections(page, context), reserved=1)
    found = {}
    for number, sections in enumerate(parts, start=1):
        head = Section((text(_head(page, context, number, len(parts)), HEAD_HEIGHT),))
        widgets = flow([head, *sections])
        found[part_name(context, page.service, number)] = {
            "start": START,
            # Sums are compared with the thresholds of alarms, so their periods do not follow the range of time.
            "periodOverride": "inherit",
            "variables": _variables(page, widgets),
            "widgets": widgets,
        }
    return found


def _sections(page: ServicePage, context: Context) -> list[Section]:
    order = {"critical": 0, "warning": 1}
    ordered = sorted(page.alarms, key=lambda alarm: (order.get(alarm.severity, 2), alarm.name))
    names = [*([page.composite] if page.composite else []), *(alarm.name for alarm in ordered)]
    status = alarms("Alarms", [context.alarm_arn(name) for name in names])
    resources = page.sorted_resources()
    first = [(kind, resource) for kind, resource in resources if kind.order < 0]
    sections = [Section(tuple(status)), *(_of_resource(kind, resource, page, context) for kind, resource in first)]
    sections += [Section(tuple(health(page, context))), Section(tuple(shipping(page, context)))]
    own: list[Widget] = []
    for kind, resource in resources[len(first) :]:
        if kind.source.scope == "service":
            continue  # all of it is in the first rows
        if kind.kind == OWN_METRICS:
            own += _graphs(kind, resource, page, context, named=True)
        else:
            sections.append(_of_resource(kind, resource, page, context))
    if own:
        sections.append(Section((heading("Own metrics"), *own)))
    sections.append(Section(tuple(last_errors(page.log_groups, context.region))))
    return [section for section in sections if section.widgets]


def _of_resource(kind: KindDefinition, resource: Resource, page: ServicePage, context: Context) -> Section:
    title = heading(f"{kind.title}: {resource.name}", console_of(context, resource.arn))
    return Section((title, *_graphs(kind, resource, page, context)))


def _graphs(
    kind: KindDefinition, resource: Resource, page: ServicePage, context: Context, *, named: bool = False
) -> list[Widget]:
    """The graphs of a resource, or a text that says why there are none. named: whether titles carry its name."""
    try:
        graphs = [resource_graph(kind, resource, widget, page, context) for widget in shown(kind, resource)]
    except PlaceholderError as error:
        return [text(f"No graphs of {escaped(resource.name)}: {escaped(str(error))}", 1)]
    if not graphs:
        reasons = {widget.when.otherwise for widget in kind.widgets if widget.when}
        said = "; ".join(sorted(reasons)) or "its kind has none"
        return [text(f"No graphs of {escaped(resource.name)}: {escaped(said)}", 1)]
    if named:
        graphs = [_titled(widget, resource.name, alone=len(graphs) == 1) for widget in graphs]
    return graphs


def _titled(widget: Widget, name: str, *, alone: bool) -> Widget:
    # What a service counts may be below zero, which an axis from zero would hide.
    properties = {field: value for field, value in widget["properties"].items() if field != "yAxis"}
    title = plain(name if alone else f"{name}: {properties['title']}")
    return {**widget, "properties": {**properties, "title": title}}


def _head(page: ServicePage, context: Context, number: int, parts: int) -> str:
    """Markdown: the service's name, its links, and what keeps this dashboard."""
    links = page.links
    named = (("Kibana", links.kibana), ("Runbook", links.runbook), ("Console", links.console))
    line = [f"Environment {escaped(page.environment)}", *(link(label, url) for label, url in named if is_address(url))]
    if links.owner:
        line.append(f"Owner {link(links.owner, links.owner)}")
    moments = page.moments()
    last = f"Last deployment {moment(moments[-1][0])} {escaped(moments[-1][1])}" if moments else "No deployment seen"
    line.append(last)
    line.append(link("All services", dashboard_address(context, part_name(context, "overview", 1))))
    others = [each for each in range(1, parts + 1) if each != number]
    pages = [
        link(f"Page {each}", dashboard_address(context, part_name(context, page.service, each))) for each in others
    ]
    title = f"# {escaped(page.service)}" + (f", page {number} of {parts}" if parts > 1 else "")
    kept = f"Kept by {owner_mark(context.stack)}: what is changed here by hand is put back. Times are UTC."
    return f"{title}\n{' · '.join([*line, *pages])}\n\n{kept}"


def moment(time: datetime) -> str:
    """A time of day for people, in markdown."""
    return escaped(f"{time:%Y-%m-%d %H:%M}")


def _variables(page: ServicePage, widgets: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """What can be chosen at the top of the dashboard. Both change what is shown only, never what is stored."""
    return [*_environment(page, widgets), *_period(widgets)]


def _period(widgets: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    periods = Counter(widget["properties"]["period"] for widget in widgets if widget["type"] == "metric")
    if not periods:
        return []
    usual = max(periods, key=lambda period: (periods[period], -period))
    offered = dict(PERIODS) | ({} if usual in dict(PERIODS) else {usual: f"{usual} seconds"})
    return [
        {
            "type": "property",
            "property": "period",
            "inputType": "select",
            "id": "period",
            "label": "Period",
            "defaultValue": str(usual),
            "visible": True,
            "values": [{"value": str(period), "label": offered[period]} for period in sorted(offered)],
        }
    ]


def _environment(page: ServicePage, widgets: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """A choice of environment where the names of resources carry it, such as orders-dev-api.

    CloudWatch replaces the pattern everywhere in the body, so it is offered only where the text is a word of its own
    wherever it is found: `prod` within `products` would be replaced too.
    """
    environment = page.environment
    others = sorted({*page.environments} - {environment})
    word = re.compile(rf"(?<![A-Za-z0-9]){re.escape(environment)}(?![A-Za-z0-9])")
    fixed = json.dumps([_fixed(widget) for widget in widgets], ensure_ascii=False)
    told = json.dumps([_told(widget) for widget in widgets], ensure_ascii=False)
    found = word.findall(told)
    safe = environment.isascii() and re.fullmatch(r"[A-Za-z0-9_-]+", environment) and environment not in fixed
    if not safe or not found or told.count(environment) != len(found):
        return []
    choice = {"values": [{"value": one, "label": one} for one in sorted({environment, *others})]} if others else {}
    return [
        {
            "type": "pattern",
            "pattern": environment,
            "inputType": "select" if others else "input",
            "id": "environment",
            "label": "Environment",
            "defaultValue": environment,
            "visible": True,
            **choice,
        }
    ]


def _told(widget: dict[str, Any]) -> list[Any]:
    """What of a widget names resources: dimensions, log groups and alarms."""
    properties = widget["properties"]
    metrics = [entry[3:-1:2] for entry in properties.get("metrics", ()) if len(entry) > 1]
    return [metrics, properties.get("query", "").split(" | fields", 1)[0], properties.get("alarms", ())]


def _fixed(widget: dict[str, Any]) -> list[Any]:
    """What of a widget must stay as it is whatever the environment."""
    properties = widget["properties"]
    metrics = [[*entry[:2], *entry[2:-1:2]] if len(entry) > 1 else entry for entry in properties.get("metrics", ())]
    query = properties.get("query", "").split(" | fields", 1)[1:]
    options = [option for entry in properties.get("metrics", ()) for option in entry[-1]]
    return [
        widget["type"],
        *widget,
        *properties,
        *options,
        properties.get("region"),
        properties.get("view"),
        metrics,
        query,
    ]
