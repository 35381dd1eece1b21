"""How a dashboard says whose it is: a mark in a text widget, as dashboards of old had no tags."""

from __future__ import annotations

from typing import Any


def owner_mark(stack: str) -> str:
    """What in a text widget says that a dashboard is the stack's."""
    return f"`watchpost:stack={stack}`"


def is_owned(body: Any, stack: str) -> bool:
    """Whether a dashboard's decoded body carries the stack's mark."""
    widgets = body.get("widgets") if isinstance(body, dict) else None
    for widget in widgets if isinstance(widgets, list) else []:
        properties = widget.get("properties") if isinstance(widget, dict) else None
        markdown = properties.get("markdown") if isinstance(properties, dict) else None
        if isinstance(markdown, str) and owner_mark(stack) in markdown:
            return True
    return False
