"""docs/uninstalling.md: what it removes in Elasticsearch is all that Watchpost installs there, and only that."""

from __future__ import annotations

import re
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/uninstalling.md").read_text()
KINDS = {"index": "_index_template", "component": "_component_template"}
INSTALLED = sorted(
    (KINDS[path.parent.name], path.stem) for path in (ROOT / "dashboards/elasticsearch").glob("*/*.json")
)


def _patterns(resource: str) -> list[str]:
    return re.findall(rf"^DELETE /{resource}/(\S+)$", PAGE, re.MULTILINE)


@pytest.mark.parametrize(("resource", "name"), INSTALLED)
def test_every_template_is_removed(resource: str, name: str) -> None:
    """One pattern a request: several names in one are taken as they are (Elasticsearch, Delete index template API)."""
    assert any(fnmatch(name, pattern) for pattern in _patterns(resource))


@pytest.mark.parametrize("resource", ["_data_stream", *KINDS.values()])
def test_nothing_of_others_is_removed(resource: str) -> None:
    patterns = [pattern for part in _patterns(resource) for pattern in part.split(",")]

    assert patterns
    assert all("watchpost" in pattern for pattern in patterns)
