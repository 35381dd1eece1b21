"""Lifts chosen application fields to typed fields of the document.

A field of the Elastic Common Schema gets its own name. Any other lies in the container of its type, as one name with
dots: `lifted.double` has `order.amount`. So two services can never give one field two types.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from watchpost.configuration import ECS_FIELDS

from shipper.rules import paths
from shipper.rules.conversion import convert

if TYPE_CHECKING:
    from collections.abc import Iterable

    from watchpost.configuration import Lift

    from shipper.line import Line

TAG = "lift-failed"
CONTAINER = "lifted"


class Lifter:
    """What one configuration lifts in one log group."""

    def __init__(self, lifts: Iterable[Lift]) -> None:
        self._lifts = [(tuple(lift.field.split(".")), target_of(lift), lift.type) for lift in lifts]

    def lift(self, line: Line) -> None:
        """Move the chosen fields of a line from `app` to `typed`.

        A value that is not of the type stays where it is, and the line is tagged. So does one whose place is taken.
        """
        app = line.app
        if not app:
            return
        for source, target, kind in self._lifts:
            place = paths.find(app, source)
            if place is None or place[0][place[1]] is None:
                continue
            converted = convert(place[0][place[1]], kind)
            typed = line.typed if line.typed is not None else {}
            if converted is not None and paths.put(typed, target, converted):
                line.typed = typed
                paths.remove(app, source, place)
            else:
                line.tag(TAG)
        if not app:
            line.app = None


def target_of(lift: Lift) -> paths.Parts:
    """Where a lifted field stands in the document."""
    if lift.to in ECS_FIELDS:
        return tuple(lift.to.split("."))
    return (CONTAINER, lift.type, lift.to)
