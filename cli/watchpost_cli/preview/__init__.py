"""Draws dashboards as they would look, with the data that CloudWatch has, as one self-contained page."""

from __future__ import annotations

from watchpost_cli.preview.page import page
from watchpost_cli.preview.reading import CloudWatch

__all__ = ["CloudWatch", "page"]
