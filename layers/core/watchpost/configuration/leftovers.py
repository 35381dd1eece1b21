"""What `janitor` of a checked configuration document is made of."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Selected:
    """Which names something concerns, as globs."""

    include: tuple[str, ...] = ("*",)
    exclude: tuple[str, ...] = ()

    def __contains__(self, name: str) -> bool:
        """Whether a name is one of these."""
        included = any(fnmatch.fnmatchcase(name, glob) for glob in self.include)
        return included and not any(fnmatch.fnmatchcase(name, glob) for glob in self.exclude)


@dataclass(frozen=True, slots=True)
class Versions:
    """Which old versions of functions, or of layers, may go."""

    keep: int = 5  # of the newest
    names: Selected = field(default_factory=Selected)


@dataclass(frozen=True, slots=True)
class OrphanedGroups:
    """What becomes of log groups whose functions are gone."""

    delete: bool = False  # only where the janitor deletes at all
    min_age_days: int = 30  # since they were created and last written to
    names: Selected = field(default_factory=Selected)  # of the functions


@dataclass(frozen=True, slots=True)
class Janitor:
    """What deployments leave behind, and what becomes of it."""

    delete: bool = False  # False: it only reports
    min_age_days: int = 7  # of versions: younger ones stay
    most: int = 500  # deletions in a run
    functions: Versions = field(default_factory=Versions)
    layers: Versions = field(default_factory=Versions)
    log_groups: OrphanedGroups = field(default_factory=OrphanedGroups)
