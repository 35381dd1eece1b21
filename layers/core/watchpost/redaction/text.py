"""Redacts single texts, for what shows parts of a line."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from watchpost.redaction.patterns import Patterns

if TYPE_CHECKING:
    from watchpost.configuration import Redact

# What nobody wants in a chat, whatever the configuration says. None of them is found in what is harmless.
SECRETS = ("aws_access_key_id", "aws_secret_access_key", "bearer_token", "authorization")


class Text:
    """What one configuration redacts, for single texts."""

    def __init__(self, redact: Redact) -> None:
        self._patterns = Patterns(redact)

    @classmethod
    def for_notifications(cls, redact: Redact) -> Text:
        """What the configuration redacts, and SECRETS too."""
        return cls(replace(redact, patterns=tuple(dict.fromkeys((*redact.patterns, *SECRETS)))))

    def clean(self, text: str) -> str:
        """The text with `[redacted:<name>]` in the place of what must not be shown."""
        worth = self._patterns.worth(text)
        return self._patterns.redacted(text, worth) if worth else text
