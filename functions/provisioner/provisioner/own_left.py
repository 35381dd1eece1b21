"""A run that leaves Watchpost's own alarms and dashboards as they are: while its stack is being deployed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from watchpost import names

from provisioner.dashboards import OVERVIEW, without_part

if TYPE_CHECKING:
    from provisioner.actual import Listing


def spare(stack: str, alarms: Listing | None, dashboards: set[str] | None) -> frozenset[str]:
    """Take what is about Watchpost itself out of the listings, so that nobody changes or deletes it.

    alarms, dashboards: below the stack's prefix, which are changed; None when nobody knows. Returns the dashboards that
    were taken out: the overview is among them, as it would lose the row of Watchpost.
    """
    for listed in (alarms.alarms, alarms.composites) if alarms else ():
        for name in [name for name in listed if name.startswith(f"{stack}/{names.OWN_SERVICE}/")]:
            del listed[name]
    about = {names.dashboard(stack, subject) for subject in (names.OWN_SERVICE, OVERVIEW)}
    spared = frozenset(name for name in dashboards or () if name in about or without_part(name) in about)
    if dashboards:
        dashboards -= spared
    return spared
