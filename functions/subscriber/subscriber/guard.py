"""Which log groups are never subscribed, whatever the configuration says: shipping them would never end.

What is shipped must not be logged again by whoever takes it. So none of these is subscribed: a group of the stack's
own functions, by its name; a group of any Watchpost stack's function, by its tags or its function's (two stacks that
shipped each other's lines would never end either); a group of a function that is sent what is shipped. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from watchpost import names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from subscriber.decision import LogGroup, Tags


@dataclass(frozen=True, slots=True)
class Guard:
    """What is known of those who receive what is shipped."""

    stack: str  # name of the CloudFormation stack that Watchpost runs in
    # Names of functions that are sent what is shipped, each with the reason, such as "reads the stream logs".
    receivers: Mapping[str, str] = field(default_factory=dict)
    # Log groups that such functions write to where those are not named after them, each with the reason.
    groups: Mapping[str, str] = field(default_factory=dict)

    def refusal(self, group: LogGroup, tags: Tags | None) -> str | None:
        """Why a group is never subscribed, or None.

        tags: None where they are not known; then only names are looked at, and None says nothing for certain.
        """
        if group.name in names.own_log_groups(self.stack):
            return "Watchpost's own log group: shipping it would never end"
        canary = names.canary_stack(group.name)
        if canary is not None and canary != self.stack:
            return f"the canary of the Watchpost stack {canary}, which ships it itself"
        why = self.receivers.get(group.function or "") or self.groups.get(group.name)
        if why:
            return f"its function is sent what is shipped ({why}): shipping it would never end"
        for found in (tags.group, tags.function) if tags else ():
            if names.OWNER_TAG in found:
                return f"log group of the Watchpost stack {found[names.OWNER_TAG]}: shipping it would never end"
        return None
