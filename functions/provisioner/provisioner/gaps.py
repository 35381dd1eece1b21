"""What is not known, arranged so that tens of thousands of alarms can be asked about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provisioner.tags import KIND_TAG, RESOURCE_TAG, SERVICE_KIND, resource_tag

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from provisioner.inventory import Unknown


class Gaps:
    """The same answers as those of Unknown.covers_alarm, for all of them together."""

    def __init__(self, unknown: Sequence[Unknown]) -> None:
        self.everything = any(not (gap.kind or gap.resource) for gap in unknown)
        self._any = bool(unknown)
        self._exact: set[tuple[str, str]] = set()
        self._others: list[Unknown] = []  # whole kinds, and beginnings of names: there are few
        for gap in unknown:
            if gap.kind and gap.resource and not gap.resource.endswith("/"):
                self._exact.add((gap.kind, resource_tag(gap.resource)))
            else:
                self._others.append(gap)
        self._all_services = any(not gap.service for gap in unknown)
        self._services = {resource_tag(gap.service) for gap in unknown}

    def cover(self, tags: Mapping[str, str]) -> bool:
        """Whether an alarm with these tags may be about something that is not known.

        Alarms of old versions do not say what they are about.
        """
        if not self._any or self.everything:
            return self.everything
        kind, resource = tags.get(KIND_TAG), tags.get(RESOURCE_TAG, "")
        if kind is None:
            return True
        if kind == SERVICE_KIND:
            return self._all_services or resource in self._services
        return (kind, resource) in self._exact or any(gap.covers_alarm(kind, resource) for gap in self._others)
