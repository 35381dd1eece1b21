"""Where to look: the pages that show what a story tells. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from watchpost import links, names

from notifier.story import ALARM, DASHBOARD, DISCOVER, INSIGHTS, RUNBOOK, STREAM, Link

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from watchpost.search.documents import Window
    from watchpost.settings import Settings

    from notifier.alarm import Notification
    from notifier.evidence import Subject
    from notifier.story import Failing

COLUMNS = ("log.level", "message", "error.type", "correlation.id", "faas.execution")
# Of raw lines, which have no level that every logger writes alike.
INSIGHTS_QUERY = (
    "fields @timestamp, @message, @logStream\n"
    "| filter @message like /(?i)(error|exception|fatal|critical|timed out)/\n"
    "| sort @timestamp desc\n"
    "| limit 200"
)
_ORDER = (DISCOVER, ALARM, DASHBOARD, INSIGHTS, STREAM, RUNBOOK)
_MILLISECOND = timedelta(milliseconds=1)


def of_alarm(notification: Notification, settings: Settings, runbook: str | None) -> tuple[Link, ...]:
    """The alarm itself, its service's dashboard, and what to do."""
    console = links.Console(notification.region or settings.aws_region, settings.partition)
    own = links.Console(settings.aws_region, settings.partition)
    found: list[Link] = []
    if notification.name:
        found.append(Link(ALARM, console.alarm(notification.name)))
    if notification.service:
        dashboard = names.dashboard(settings.stack, notification.service)
        found.append(Link(DASHBOARD, own.dashboard(dashboard)))
    if runbook:
        found.append(Link(RUNBOOK, runbook))
    return tuple(found)


def discover(subject: Subject, window: Window, settings: Settings) -> tuple[Link, ...]:
    """Discover with exactly the lines that `Lines.errors` finds; none without a Kibana."""
    if settings.kibana_url == "none":
        return ()
    view = names.kibana_object(settings.stack, settings.aws_region, settings.account, "logs")
    # Kibana's time has its end in it, a window has not.
    end = max(window.end - _MILLISECOND, window.start)
    url = links.discover(
        settings.kibana_url,
        view,
        start=window.start,
        end=end,
        query=subject.query(),
        columns=COLUMNS,
        space=settings.kibana_space,
    )
    return (Link(DISCOVER, url),)


def raw(groups: Sequence[str], failing: Failing | None, window: Window, settings: Settings) -> tuple[Link, ...]:
    """Logs Insights over the log groups, and the log stream of the transaction that failed."""
    console = links.Console(settings.aws_region, settings.partition)
    found: list[Link] = []
    if groups:
        url = console.logs_insights(groups, INSIGHTS_QUERY, window.start, window.end)
        found.append(Link(INSIGHTS, url))
    if failing and failing.log_group and failing.log_stream:
        url = console.log_stream(failing.log_group, failing.log_stream, failing.at - timedelta(minutes=1))
        found.append(Link(STREAM, url))
    return tuple(found)


def ordered(found: Iterable[Link]) -> tuple[Link, ...]:
    """In the order in which a person wants them."""
    return tuple(sorted(found, key=lambda link: _ORDER.index(link.label)))
