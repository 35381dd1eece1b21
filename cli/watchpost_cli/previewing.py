"""`watchpost plan --preview FILE.html`: the dashboards as they would be, drawn with the data that there is."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3

from watchpost_cli.errors import CliError

if TYPE_CHECKING:
    from collections.abc import Mapping


def write(path: str, dashboards: Mapping[str, dict[str, Any]], title: str) -> None:
    """Write the page. dashboards: decoded bodies by name. Raises CliError."""
    try:
        from watchpost_cli import preview  # noqa: PLC0415  # what it draws with takes a second to load
    except ImportError as error:
        raise CliError(f"--preview cannot draw here: {error}. Install what requirements/project.txt names.") from None
    data = preview.CloudWatch(lambda region: boto3.client("cloudwatch", region_name=region), datetime.now(UTC))
    try:
        Path(path).write_text(preview.page(dashboards, data, title), encoding="utf-8")
    except OSError as error:
        raise CliError(f"{path} cannot be written: {error.strerror}.") from None
