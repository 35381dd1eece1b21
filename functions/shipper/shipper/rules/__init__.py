"""The rules of the configuration document: what is left out, sampled, labelled, redacted and lifted."""

from __future__ import annotations

from shipper.rules.engine import Rules, compiled

__all__ = ["Rules", "compiled"]
