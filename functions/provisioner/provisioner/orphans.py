"""The alarms that nothing asks for: which of them may be deleted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from provisioner import guard

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from provisioner.actual import Actual, Existing
    from provisioner.desired import Desired
    from provisioner.gaps import Gaps
    from provisioner.healths import Healths
    from provisioner.writer import Writer


@dataclass(slots=True)
class Orphans:
    """Alarms of the stack's that nothing asks for. Foreign ones are not among them, as far as anybody asked."""

    deletable: dict[str, Existing] = field(default_factory=dict)
    kept: dict[str, Existing] = field(default_factory=dict)  # that stay, because nobody knows whether they should


@dataclass(frozen=True, slots=True)
class Known:
    """What a run knows before it changes anything."""

    desired: Desired
    actual: Actual
    gaps: Gaps
    orphans: Orphans


def find(writer: Writer, actual: Actual, desired: Desired, gaps: Gaps) -> Orphans:
    """Sort what should not be there: ignorance is no reason to delete."""
    orphans = Orphans()
    for name, existing in actual.others.items():
        if name in desired.failed:
            orphans.kept[name] = existing
        else:
            _sort(writer, existing, gaps, orphans)
    return orphans


def composites(writer: Writer, known: Known, healths: Healths, silent: Collection[str]) -> Orphans:
    """The same for composite alarms, when the others are as they should be.

    silent: names of alarms that nobody would be told of without the composite alarm.
    """
    orphans = Orphans()
    for name, existing in known.actual.composites.items():
        if name in healths.final:
            continue
        if healths.leaves_below(name) & set(silent):
            orphans.kept[name] = existing
        else:
            _sort(writer, existing, known.gaps, orphans)
    return orphans


def _sort(writer: Writer, existing: Existing, gaps: Gaps, orphans: Orphans) -> None:
    # Where nothing is deleted, it does not matter whose an alarm is.
    tags = {} if gaps.everything else writer.tags(existing)
    if tags is not None:
        (orphans.kept if gaps.cover(tags) else orphans.deletable)[existing.name] = existing


def delete(
    writer: Writer, orphans: Mapping[str, Existing], owned: int, watched: Mapping[str, str], *, allowed: bool
) -> None:
    """Delete alarms and composite alarms of the stack's, unless they are most of what it has.

    owned: how many are the stack's. watched: children of composite alarms that stay, with the names of these.
    """
    refused = guard.refusal(owned, len(orphans), allowed=allowed)
    if refused:
        writer.changes.fail("deletion of alarms", refused)
        return
    for name in orphans.keys() & watched.keys():
        writer.changes.fail(name, f"the composite alarm {watched[name]} watches it still")
    writer.delete([existing for name, existing in orphans.items() if name not in watched])
