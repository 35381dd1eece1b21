"""All dashboards of a stack: one for each service and an overview, in as many parts as CloudWatch's limits ask for.

Positions are computed, so widgets never overlap and never leave the 24 columns.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from provisioner.dashboard_model import Context, ServicePage
from provisioner.dashboard_overview import overview_dashboards
from provisioner.dashboard_owner import is_owned, owner_mark
from provisioner.dashboard_service import service_dashboards

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Context", "Made", "ServicePage", "all_dashboards", "is_owned", "owner_mark"]

TWICE = "two services would have a dashboard of this name"


@dataclass(frozen=True, slots=True)
class Made:
    """All dashboards of a stack. bodies: decoded, by name; failed: why there is none, by name."""

    bodies: dict[str, dict[str, Any]]
    failed: dict[str, str]


def all_dashboards(pages: Iterable[ServicePage], context: Context) -> Made:
    """The dashboards of all services, and the overview.

    Names are unique in the account: where two subjects would have the same, none of both is made, as it would depend on
    the order of a listing whose it is.
    """
    known = sorted(pages, key=lambda page: page.service)
    sets = [*(service_dashboards(page, context) for page in known), overview_dashboards(known, context)]
    counted = Counter(name for bodies in sets for name in bodies)
    made = Made({}, {name: TWICE for name, times in counted.items() if times > 1})
    for bodies in sets:
        made.bodies.update({name: content for name, content in bodies.items() if counted[name] == 1})
    return made
