"""Made-up services for the tests of dashboards."""

from __future__ import annotations

import importlib.resources
from typing import TYPE_CHECKING, Any

from provisioner import loader
from provisioner.dashboard_model import Alarm, Context, Cost, Links, ServicePage
from provisioner.inventory import Resource

if TYPE_CHECKING:
    from provisioner.definitions import KindDefinition

KINDS = {kind.kind: kind for kind in loader.load(importlib.resources.files("dashboards") / "services")}
CONTEXT = Context("wp", "eu-west-1", "aws", "123456789012", "Watchpost")
# A value for every text fact, so that every kind's dimensions can be filled in.
TEXTS = {name: f"the-{name}" for kind in KINDS.values() for name, fact in kind.facts.items() if fact.type == "text"}


def resource(kind: str, name: str = "", service: str = "orders", **facts: Any) -> tuple[KindDefinition, Resource]:
    """A resource of a kind with all of its text facts."""
    arn = f"arn:aws:{kind}:eu-west-1:123456789012:thing/{name or kind}"
    return KINDS[kind], Resource(kind, name or kind, service, TEXTS | facts, {}, arn)


def function(name: str, service: str = "orders") -> tuple[KindDefinition, Resource]:
    """A Lambda function."""
    return resource("lambda", name, service)


def alarm(name: str, metric: str = "", **request: Any) -> Alarm:
    """An alarm on a metric of the function `orders-api`, every 60 seconds, above 5."""
    asked = {
        "Namespace": "AWS/Lambda",
        "MetricName": metric,
        "Dimensions": [{"Name": "FunctionName", "Value": "orders-api"}],
        "Statistic": "Sum",
        "Period": 60,
        "Threshold": 5.0,
        "ComparisonOperator": "GreaterThanThreshold",
    }
    return Alarm(f"wp/orders/orders-api/{name}", f"Title of {name}", "critical", "orders-api", asked | request)


def service_page(service: str = "orders", **fields: Any) -> ServicePage:
    """A service with one function, its alarm, links, a cost and a deployment."""
    made: dict[str, Any] = {
        "environment": "dev",
        "alarms": (alarm("errors", "Errors"),),
        "composite": f"wp/{service}",
        "resources": (function(f"{service}-api", service), resource("logs", service=service)),
        "log_groups": (f"/aws/lambda/{service}-api",),
        "links": Links("https://kibana.example/s", "https://wiki.example/r", "team-a", "https://console.example/"),
        "deployments": (("2026-11-20T14:03:12Z", "v1.2.3"), ("2026-11-19T09:00:00Z", "v1.2.2")),
        "cost": Cost(1234.5, "Lambda in the last 30 days"),
    }
    return ServicePage(service, **(made | fields))


def of_type(body: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    """The properties of a body's widgets of a type."""
    return [widget["properties"] for widget in body["widgets"] if widget["type"] == kind]


def graphs(body: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The properties of metric widgets by their titles; of several the first."""
    return {graph["title"]: graph for graph in reversed(of_type(body, "metric"))}
