"""Checks the part of the document that says what becomes of what deployments leave behind: `janitor`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from watchpost.configuration.leftovers import Janitor, OrphanedGroups, Selected, Versions

if TYPE_CHECKING:
    from watchpost.configuration.node import Node

REPORT, DELETE = MODES = ("report", "delete")
MOST_KEPT = 1_000
MOST_DAYS = 3_650
MOST_DELETIONS = 10_000  # in a run: more than Lambda's quota allows in the time that one has
MOST_GLOBS = 200
LONGEST_GLOB = 512  # characters, as of other globs
_SELECTED = ("include", "exclude")


def janitor(node: Node) -> Janitor:
    """`janitor`. Raises ConfigurationError."""
    fields = node.object({"mode", "min_age_days", "most", "functions", "layers", "log_groups"})
    default = Janitor()
    return Janitor(
        delete=_deletes(fields["mode"]),
        min_age_days=fields["min_age_days"].integer(0, MOST_DAYS, default.min_age_days),
        most=fields["most"].integer(1, MOST_DELETIONS, default.most),
        functions=_versions(fields["functions"]),
        layers=_versions(fields["layers"]),
        log_groups=_log_groups(fields["log_groups"]),
    )


def _versions(node: Node) -> Versions:
    fields = node.object({"keep", *_SELECTED})
    return Versions(keep=fields["keep"].integer(1, MOST_KEPT, Versions().keep), names=_selected(fields))


def _log_groups(node: Node) -> OrphanedGroups:
    fields = node.object({"mode", "min_age_days", *_SELECTED})
    return OrphanedGroups(
        delete=_deletes(fields["mode"]),
        min_age_days=fields["min_age_days"].integer(0, MOST_DAYS, OrphanedGroups().min_age_days),
        names=_selected(fields),
    )


def _selected(fields: dict[str, Node]) -> Selected:
    include, exclude = fields["include"], fields["exclude"]
    return Selected(
        include=_globs(include) if include.given else Selected().include,
        exclude=_globs(exclude) if exclude.given else (),
    )


def _globs(node: Node) -> tuple[str, ...]:
    return tuple(item.string(LONGEST_GLOB) for item in node.items(MOST_GLOBS))


def _deletes(node: Node) -> bool:
    return node.choice(MODES, REPORT) == DELETE
