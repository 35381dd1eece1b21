"""Who is told of a story, by the routes of the configuration. Pure."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass
from typing import TYPE_CHECKING

from notifier import quiet

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from watchpost.configuration import Notifications, QuietHours, Route


@dataclass(frozen=True, slots=True)
class Facts:
    """What routes look at. service and owner are "" when unknown, which `*` matches too."""

    severity: str
    service: str
    owner: str


@dataclass(frozen=True, slots=True)
class Target:
    """A receiver, and for each route that leads to it the names of the quiet hours that hold the story back."""

    receiver: str
    quiet: tuple[tuple[str, ...], ...]

    def until(self, notifications: Notifications, now: datetime) -> datetime | None:
        """When the story may be told, None when that is now: with several routes what the first of them allows."""
        ends = []
        for names in self.quiet:
            end = quiet.until((notifications.quiet_hours[name] for name in names), now)
            if end is None:
                return None
            ends.append(end)
        return min(ends, default=None)


def targets(notifications: Notifications, facts: Facts, everybody: Iterable[str]) -> tuple[Target, ...]:
    """The receivers of a story, each once, in the order of the routes. Without routes that is everybody.

    everybody: names of all receivers. Names in routes may be of others; none are returned when no route matches.
    """
    if not notifications.routes:
        return tuple(Target(name, ()) for name in everybody)
    found: dict[str, list[tuple[str, ...]]] = {}
    for route in notifications.routes:
        if _matches(route, facts):
            # Hours that are for other severities do not hold this story back.
            names = tuple(name for name in route.quiet_hours if _holds(notifications.quiet_hours[name], facts))
            for receiver in route.to:
                found.setdefault(receiver, []).append(names)
            if route.stop:
                break
    return tuple(Target(name, tuple(quiet_by_route)) for name, quiet_by_route in found.items())


def _holds(hours: QuietHours, facts: Facts) -> bool:
    return facts.severity in hours.severity


def _matches(route: Route, facts: Facts) -> bool:
    return (
        (not route.severity or facts.severity in route.severity)
        and _any(route.service, facts.service)
        and _any(route.owner, facts.owner)
    )


def _any(globs: Sequence[str], text: str) -> bool:
    return not globs or any(fnmatch.fnmatchcase(text, glob) for glob in globs)
