"""What stands in the text panels: links, owners and runbooks. Names and addresses are data there, never markup."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from watchpost import names
from watchpost.links import Console

from provisioner import markdown

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from watchpost.settings import Settings

    from provisioner.kibana.model import Service

MOST_ROWS = 300  # of services in one text; each is some 400 bytes
LONGEST_ADDRESS = 2048  # characters
NAMELESS = "(blank name)"


def title(service: str) -> str:
    """A service's name fit for the title of a dashboard."""
    return markdown.plain(service) or NAMELESS


def of_service(service: Service, settings: Settings, identify: Callable[[str], str]) -> dict[str, str]:
    """Values of the placeholders in a service's texts."""
    return {
        "stack": markdown.escaped(settings.stack),
        "namespace": markdown.escaped(settings.environment),
        "service": markdown.escaped(title(service.name)),
        "owner": markdown.escaped(service.owner) or "nobody named",
        "runbook": _runbook(service) or "no runbook",
        "cloudwatch": _cloudwatch(service.name, settings),
        "overview": _dashboard("Overview", identify("overview")),
        "errors": _search("Errors of all services", identify("errors")),
        "correlation": _search("One transaction across services", identify("correlation")),
    }


def of_overview(services: Sequence[Service], settings: Settings, identify: Callable[[str], str]) -> dict[str, str]:
    """Values of the placeholders in the overview's texts."""
    return {
        "stack": markdown.escaped(settings.stack),
        "namespace": markdown.escaped(settings.environment),
        "services": _rows(services, settings, identify),
    }


def _rows(services: Sequence[Service], settings: Settings, identify: Callable[[str], str]) -> str:
    if not services:
        return "No service has been found yet."
    rows = ["| Service | Owner | Runbook | Alarms |", "|---|---|---|---|"]
    for one in services[:MOST_ROWS]:
        cells = (
            _dashboard(title(one.name), identify(f"service-{one.name}")),
            markdown.escaped(one.owner) or "-",
            _runbook(one) or "-",
            _cloudwatch(one.name, settings),
        )
        rows.append(f"| {' | '.join(cells)} |")
    left = len(services) - MOST_ROWS
    more = f"\n\n{left} more are in the list of dashboards." if left > 0 else ""
    return "\n".join(rows) + more


def _runbook(service: Service) -> str:
    address = service.runbook
    return markdown.link("Runbook", address) if address and len(address) <= LONGEST_ADDRESS else ""


def _cloudwatch(service: str, settings: Settings) -> str:
    console = Console(settings.aws_region, settings.partition)
    return markdown.link("CloudWatch", console.dashboard(names.dashboard(settings.stack, service)))


def _dashboard(text: str, identifier: str) -> str:
    # Relative to the page that shows it, so it stays in the space; Kibana's address may be anything.
    return f"[{markdown.escaped(text)}](#/view/{quote(identifier, safe='')})"


def _search(text: str, identifier: str) -> str:
    return f"[{markdown.escaped(text)}](discover#/view/{quote(identifier, safe='')})"
