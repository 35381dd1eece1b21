"""What the notifier calls itself in its own lines."""

from __future__ import annotations

SERVICE = "watchpost-notifier"
