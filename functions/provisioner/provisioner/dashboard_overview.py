"""The overview of all services, one row each: is it working, is it used, what does it cost, when was it deployed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from provisioner.dashboard_cost import cost_widget
from provisioner.dashboard_health import groups
from provisioner.dashboard_model import Section
from provisioner.dashboard_owner import owner_mark
from provisioner.dashboard_service import moment
from provisioner.dashboard_widgets import ALARMS_PER_WIDGET, dashboard_address, part_name, text
from provisioner.layout import flow, pack
from provisioner.markdown import escaped, link, plain
from provisioner.prices import SOURCE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from provisioner.dashboard_graphs import Line
    from provisioner.dashboard_health import Group, Signal
    from provisioner.dashboard_model import Context, ServicePage, Widget

SUBJECT = "overview"
HEAD_HEIGHT = 3
START = "-P1D"
PERIOD = 3600  # seconds: the figure is that of the last hour, the small line behind it the day
ROW = 3  # height, the least in which a figure with a line fits
WIDTHS = (4, 6, 5, 5, 4)  # of the columns
ESTIMATE = (
    f"Costs are estimates by {SOURCE}: a month like the time that is shown, and the service's alarms. "
    "Counted: Lambda, log ingestion, API Gateway, SQS, SNS, DynamoDB on demand, Kinesis shards."
)
TITLES = ("Service", "Is it working?", "Is it used?", "What does it cost?", "When was it deployed?")
MOST = 240  # metrics of one total: a widget has two, and an account's services must fit into few dashboards


def overview_dashboards(pages: Sequence[ServicePage], context: Context) -> dict[str, dict[str, Any]]:
    """The decoded bodies of PutDashboard by name: one, or as many as CloudWatch's limits ask for."""
    ordered = sorted(pages, key=lambda page: page.service)
    rows = [Section(_row(page, context)) for page in ordered]
    parts = pack(rows, reserved=1 + len(WIDTHS))
    found = {}
    for number, sections in enumerate(parts, start=1):
        head = Section((text(_head(context, len(pages), number, len(parts)), HEAD_HEIGHT),))
        titles = Section(tuple(text(f"**{title}**", 1, width) for title, width in zip(TITLES, WIDTHS, strict=True)))
        found[part_name(context, SUBJECT, number)] = {
            "start": START,
            "periodOverride": "inherit",
            "variables": [],
            "widgets": flow([head, titles, *sections]),
        }
    return found


def _head(context: Context, services: int, number: int, parts: int) -> str:
    title = f"# {services} services" if services != 1 else "# 1 service"
    others = [each for each in range(1, parts + 1) if each != number]
    pages = [link(f"Page {each}", dashboard_address(context, part_name(context, SUBJECT, each))) for each in others]
    kept = f"Kept by {owner_mark(context.stack)}: what is changed here by hand is put back. Times are UTC."
    head = f"{title}{f', page {number} of {parts}' if parts > 1 else ''}\n{' · '.join([*pages, kept])}"
    return f"{head}\n\n{ESTIMATE}"


def _row(page: ServicePage, context: Context) -> tuple[Widget, ...]:
    return (
        text(_name(page, context), ROW, WIDTHS[0]),
        _working(page, context),
        _used(page, context),
        cost_widget(page, context, (WIDTHS[3], ROW)),
        text(_deployed(page), ROW, WIDTHS[4]),
    )


def _name(page: ServicePage, context: Context) -> str:
    title = link(page.service, dashboard_address(context, part_name(context, page.service, 1)))
    owner = f" · Owner {link(page.links.owner, page.links.owner)}" if page.links.owner else ""
    return f"### {title}\n\n{escaped(page.environment)}{owner}"


def _working(page: ServicePage, context: Context) -> Widget:
    """The composite alarm, which says it all; else the severe alarms, or all, as many as a widget takes."""
    severe = [alarm.name for alarm in page.alarms if alarm.severity == "critical"]
    names = [page.composite] if page.composite else severe or [alarm.name for alarm in page.alarms]
    if not names:
        return text("No alarms", ROW, WIDTHS[1])
    arns = [context.alarm_arn(name) for name in sorted(names)[:ALARMS_PER_WIDGET]]
    properties = {"title": plain(page.service), "alarms": arns}
    return {"type": "alarm", "width": WIDTHS[1], "height": ROW, "properties": properties}


def _used(page: ServicePage, context: Context) -> Widget:
    """How much came in through the first kind that counts it, and what failed, each as one figure."""
    found = groups(page, context)
    traffic = _of(found, "Traffic")
    failed = _of(found, "Errors")
    metrics = [*_total(traffic, "traffic", "used", "calls"), *_total(failed, "error", "failed", "errors")]
    if not metrics:
        return text("No figures of use", ROW, WIDTHS[2])
    properties = {
        "title": "In the last hour",
        "region": context.region,
        "view": "singleValue",
        "sparkline": True,
        "period": PERIOD,
        "metrics": metrics,
    }
    return {"type": "metric", "width": WIDTHS[2], "height": ROW, "properties": properties}


def _of(found: Sequence[Group], signal: Signal) -> list[Line]:
    """The counts of a signal: of traffic those of the entrance only, as what comes in goes through all kinds."""
    lines = [one for group in found if group.signal == signal for one in group.lines if one.statistic != "Average"]
    if signal != "Traffic" or not lines:
        return lines[:MOST]
    entrance = next((group for group in found if group.signal == signal and not group.of_service), None)
    if entrance is None:
        return lines[:MOST]
    first = entrance.lines[0].namespace
    return [one for one in entrance.lines if one.namespace == first][:MOST]


def _total(lines: Sequence[Line], prefix: str, name: str, label: str) -> list[list[Any]]:
    """The sum of lines. Ids tell METRICS("prefix") which ones it is about (CloudWatch metric math, METRICS)."""
    if not lines:
        return []
    hidden = [one.entry(id=f"{prefix}{number}", visible=False) for number, one in enumerate(lines, start=1)]
    return [[{"expression": f'SUM(METRICS("{prefix}"))', "id": name, "label": label}], *hidden]


def _deployed(page: ServicePage) -> str:
    moments = page.moments()
    if not moments:
        return "No deployment seen"
    time, what = moments[-1]
    return f"**{moment(time)}**\n\n{escaped(what)}"
