"""A stack, a made-up Kibana, and runs over them."""

from __future__ import annotations

import importlib.resources
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from provisioner import kibana, templates
from watchpost.secrets import Secret
from watchpost.settings import Settings

from tests.integration.kibana_server.server import API_KEY, Kibana

if TYPE_CHECKING:
    from provisioner.kibana import KibanaResult

FOLDER = importlib.resources.files("dashboards")
DEFINITIONS = kibana.load(FOLDER / "kibana", templates.load(FOLDER / "elasticsearch"))
KEY = {"api_key": API_KEY}
# Of stack wp in the region and account of `settings`.
OWN = "watchpost-wp-cebc2b-"


def settings(url: str, **values: str) -> Settings:
    """Those of a stack whose Kibana is at the URL."""
    made = dict.fromkeys(Settings.__slots__, "unused") | {
        "stack": "wp",
        "environment": "dev",
        "aws_region": "eu-west-1",
        "kibana_url": url,
        "kibana_space": "default",
        "shipper_arn": "arn:aws:lambda:eu-west-1:123456789012:function:wp-shipper:live",
    }
    return Settings(**made | values)


@dataclass
class World:
    """Time passes when somebody sleeps, and with `ticks` at each look at the clock."""

    kibana: Kibana
    secret: dict[str, Any] = field(default_factory=lambda: dict(KEY))
    seconds: float = 100.0
    ticks: float = 0.0
    slept: list[float] = field(default_factory=list)

    def around(self, **values: Any) -> kibana.Around:
        of_settings = {name: values.pop(name) for name in tuple(values) if name in Settings.__slots__}
        made = kibana.Around(
            settings=settings(self.kibana.url, **of_settings),
            definitions=DEFINITIONS,
            left=self._left,
            secret=lambda: Secret("kibana", self.secret),
            sleep=self._sleep,
        )
        return replace(made, **values)

    def run(self, *names: str, **values: Any) -> KibanaResult:
        return kibana.reconcile([kibana.Service(name) for name in names], self.around(**values))

    def _left(self) -> float:
        self.seconds -= self.ticks
        return self.seconds

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds -= seconds
