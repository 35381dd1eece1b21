"""The widgets of a dashboard's body (CloudWatch API, Dashboard Body Structure and Syntax)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from watchpost import links, names

from provisioner.layout import COLUMNS
from provisioner.markdown import escaped, plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from provisioner.dashboard_model import Context, ServicePage, Widget

ALARMS_PER_WIDGET = 100  # of one alarm status widget (dashboard body structure)
GROUPS_PER_QUERY = 50  # log groups (CloudWatch Logs quotas, Logs Insights)
LAST_ERRORS = 50  # lines that are shown
MAX_DEPLOYMENTS = 20  # that are marked in a graph, the last ones: more hide the lines
COLOURS = {"critical": "#d13212", "warning": "#ff9900", "deployment": "#687078"}

_GROUP = re.compile(r"[A-Za-z0-9_\-/.#]{1,512}")  # CloudWatch Logs API, CreateLogGroup
_LEVEL_KEY = r'"(log\.)?(level|levelname|lvl|severity|severity_text|severityText|loglevel)" *: *'
HAS_LEVEL = rf"(?i){_LEVEL_KEY}"
ERROR_LEVEL = rf'(?i){_LEVEL_KEY}"?(error|err|fail|severe|fatal|critical|crit|alert|emergency|emerg|panic|50|60)\b'
ERROR_TEXT = (
    r"\b(ERROR|FATAL|CRITICAL|SEVERE|PANIC|Traceback|[A-Za-z]*(Error|Exception)|Task timed out|Runtime exited)\b"
    r"|(^|[\[ ])(error|fatal|critical|panic)[\]:]"
    r'|"platform\.report".*"status" *: *"(error|failure|timeout)"'
)


def text(markdown: str, height: int, width: int = COLUMNS) -> Widget:
    """A text widget."""
    return {"type": "text", "width": width, "height": height, "properties": {"markdown": markdown}}


def heading(title: str, address: str = "") -> Widget:
    """The title of a section, with a link to the console where there is an address."""
    linked = f" · [open in the console]({address})" if address else ""
    return text(f"## {escaped(title)}{linked}", 1)


def alarms(title: str, arns: Sequence[str]) -> list[Widget]:
    """Alarm status widgets for any number of alarms."""
    pages = [arns[start : start + ALARMS_PER_WIDGET] for start in range(0, len(arns), ALARMS_PER_WIDGET)]
    return [
        {
            "type": "alarm",
            "width": COLUMNS,
            "height": 1 + -(-len(page) // 6),  # about six alarms stand in a row
            "properties": {
                "title": title if len(pages) == 1 else f"{title}, {number} of {len(pages)}",
                "alarms": list(page),
            },
        }
        for number, page in enumerate(pages, start=1)
    ]


def graph(  # noqa: PLR0913  # all are the widget's own properties
    title: str,
    metrics: Sequence[Sequence[Any]],
    size: tuple[int, int],
    *,
    period: int,
    region: str,
    annotations: Mapping[str, Any] | None = None,
) -> Widget:
    """A graph over time. size: width and height."""
    return {
        "type": "metric",
        "width": size[0],
        "height": size[1],
        "properties": {
            "title": plain(title),
            "region": region,
            "view": "timeSeries",
            "stacked": False,
            "period": period,
            # Much and little are told apart by the distance from zero.
            "yAxis": {"left": {"min": 0}},
            "metrics": [list(metric) for metric in metrics],
            **({"annotations": dict(annotations)} if annotations else {}),
        },
    }


def deployed(page: ServicePage) -> list[dict[str, Any]]:
    """The vertical annotations of a page's last deployments."""
    colour = COLOURS["deployment"]
    return [
        {"value": f"{time:%Y-%m-%dT%H:%M:%SZ}", "label": plain(what) or "deployment", "color": colour}
        for time, what in page.moments()[-MAX_DEPLOYMENTS:]
    ]


def last_errors(log_groups: Iterable[str], region: str) -> list[Widget]:
    """Logs Insights widgets with the last lines that tell of an error, in JSON and in plain text.

    The query reads raw lines: what the shipper makes of them is in Elasticsearch only. A JSON line counts by its level,
    any other by its words. Groups whose names CloudWatch Logs would not allow are left out.
    """
    groups = sorted({group for group in log_groups if _GROUP.fullmatch(group)})
    pages = [groups[start : start + GROUPS_PER_QUERY] for start in range(0, len(groups), GROUPS_PER_QUERY)]
    return [
        {
            "type": "log",
            "width": COLUMNS,
            "height": 9,
            "properties": {
                "title": "Last errors" if len(pages) == 1 else f"Last errors, {number} of {len(pages)}",
                "region": region,
                "view": "table",
                "query": " | ".join(f"SOURCE '{group}'" for group in page) + _QUERY,
            },
        }
        for number, page in enumerate(pages, start=1)
    ]


_QUERY = (
    " | fields @timestamp, @log, @message"
    f"\n| filter @message like /{ERROR_LEVEL}/"
    f" or (@message not like /{HAS_LEVEL}/ and @message like /{ERROR_TEXT}/)"
    f"\n| sort @timestamp desc\n| limit {LAST_ERRORS}"
)


def console_of(context: Context, arn: str) -> str:
    """The address that opens a resource in the console, whatever it is; empty for a resource without ARN."""
    return f"https://{links.console_host(context.partition)}/go/view?arn={quote(arn, safe='')}" if arn else ""


def dashboard_address(context: Context, name: str) -> str:
    """The address of a dashboard."""
    return links.Console(context.region, context.partition).dashboard(name)


def part_name(context: Context, subject: str, number: int) -> str:
    """The name of a part of a service's dashboard or of the overview; the first part has no number."""
    name = names.dashboard(context.stack, subject)
    ending = f"-{number}" if number > 1 else ""
    return name[: 255 - len(ending)] + ending
