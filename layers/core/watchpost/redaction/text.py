"""Redacts single texts, for what shows parts of a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from watchpost.redaction.patterns import Patterns
from watchpost.redaction.secrets import with_secrets

if TYPE_CHECKING:
    from watchpost.configuration import Redact


class Text:
    """What one configuration redacts, for single texts."""

    def __init__(self, redact: Redact) -> None:
        self._patterns = Patterns(redact)

    @classmethod
    def for_notifications(cls, redact: Redact) -> Text:
        """What the configuration redacts, and what is a secret by its look or by the name in front of it."""
        return cls(with_secrets(redact))

    def clean(self, text: str) -> str:
        """The text with `[redacted:<name>]` in the place of what must not be shown."""
        worth = self._patterns.worth(text)
        return self._patterns.redacted(text, worth) if worth else text
