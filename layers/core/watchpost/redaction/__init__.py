"""What must not be shown: patterns and names of fields that the configuration redacts, and how they are found.

The shipper redacts lines before anything leaves it; notifications redact once more what they show of them.
"""

from __future__ import annotations

from watchpost.redaction.finders import Finder
from watchpost.redaction.patterns import Patterns
from watchpost.redaction.secrets import SECRETS
from watchpost.redaction.text import Text

__all__ = ["SECRETS", "Finder", "Patterns", "Text"]
