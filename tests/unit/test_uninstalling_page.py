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
    (names,) = re.findall(rf"^DELETE /{resource}/(\S+)$", PAGE, re.MULTILINE)
    return str(names).split(",")


@pytest.mark.parametrize(("resource", "name"), INSTALLED)
def test_every_template_is_removed(resource: str, name: str) -> None:
    assert any(fnmatch(name, pattern) for pattern in _patterns(resource))


@pytest.mark.parametrize("resource", ["_data_stream", *KINDS.values()])
def test_nothing_of_others_is_removed(resource: str) -> None:
    assert all("watchpost" in pattern for pattern in _patterns(resource))
