"""Watchpost itself as a service: what the template watches, what needs no alarm, and what goes past the notifier. Pure.

Its alarms are made as those of every service are. The template has those that must be there when the provisioner fails;
what such an alarm tells, no definition tells a second time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from watchpost import names

from provisioner import dashboard_model

if TYPE_CHECKING:
    from watchpost.settings import Settings

    from provisioner.inventory import Resource

KIND = "watchpost"
PIPELINE = "pipeline"  # its only resource


@dataclass(frozen=True, slots=True)
class Static:
    """An alarm of template.yaml, `<stack>/watchpost/<component>/<what>`."""

    component: str
    what: str
    title: str
    severity: str
    instead: str = ""  # the function's alarm of the kind `lambda` that it is there instead of

    def name(self, stack: str) -> str:
        """What it is called."""
        return names.alarm(stack, names.OWN_SERVICE, self.component, self.what)


STATIC = (
    Static("shipper", "fails", "Shipper fails", "critical"),
    Static("shipper", "throttled", "Shipper throttled", "critical", "throttles"),
    Static("shipper", "dead-letters", "Dead letters", "warning"),
    Static("subscriber", "groups-overdue", "Log groups not covered", "warning"),
    Static("provisioner", "fails", "Provisioner fails", "warning", "errors"),
    Static("notifier", "fails", "Notifier fails", "critical", "errors"),
    Static("notifier", "notifications-undelivered", "Notifications undelivered", "critical"),
)
# Alarms of other kinds that Watchpost's own resources do without, and why.
NEEDLESS = {
    ("lambda", "error-rate"): "every single error of Watchpost's functions is told",
    ("lambda", "event-age"): "throttles and errors tell it hours before",
    ("lambda", "recursion"): "Lambda sees no loops through log groups; PayloadsRefused does",
    ("sqs", "in-flight"): "its function takes a few messages at once at most",
    ("dynamodb", "system-errors"): "the function that calls it fails then",
    ("events_rule", "dead-letters-lost"): "Watchpost's rules have no dead-letter queues",
    ("events_rule", "throttled"): "what it asks for is done by the next schedule",
}


def reason_against(kind: str, alarm: str, resource: Resource, settings: Settings) -> str | None:
    """Why a resource of Watchpost's own does without an alarm, or None."""
    if kind == "lambda":
        for static in STATIC:
            if static.instead == alarm and resource.name == f"{settings.stack}-{static.component}":
                return f"the template has {static.name(settings.stack)}"
    return NEEDLESS.get((kind, alarm))


def is_of_notifier(resource: Resource, settings: Settings) -> bool:
    """Whether an alarm of a resource could not be told by the notifier, which needs that very resource."""
    if resource.service != names.OWN_SERVICE:
        return False
    topics = (settings.critical_topic, settings.warning_topic, settings.mail_topic)
    return resource.arn in topics or resource.name in (f"{settings.stack}-notifier", settings.incident_table)


def static_alarms(stack: str) -> tuple[dashboard_model.Alarm, ...]:
    """The template's alarms, as a dashboard shows them."""
    return tuple(
        dashboard_model.Alarm(static.name(stack), static.title, static.severity, static.component) for static in STATIC
    )
