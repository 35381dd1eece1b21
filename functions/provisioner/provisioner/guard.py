"""Refuses to delete most of what is there in one run: that is what a wrong listing or filter looks like."""

from __future__ import annotations

LEAST = 10  # up to this many of ours everything may go at once


def refusal(owned: int, deletions: int, *, allowed: bool) -> str | None:
    """Why this many deletions are refused, or None.

    owned: how many are ours before the run. allowed: whether whoever asked for the run allows it.
    """
    if allowed or owned <= LEAST or deletions * 2 <= owned:
        return None
    return (
        f"{deletions} of {owned} would be deleted, more than half; "
        'when that is meant, invoke the provisioner with {"allow_mass_deletion": true}'
    )
