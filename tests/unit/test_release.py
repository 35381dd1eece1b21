"""The version stands in one place, and everything else that tells it tells the same."""

from __future__ import annotations

import importlib.metadata
import re
from pathlib import Path

import pytest
from watchpost import __version__

from tests.unit.template import TEMPLATE

ROOT = Path(__file__).resolve().parents[2]
APPLICATION = re.search(r"  AWS::ServerlessRepo::Application:\n((?:    .*\n)+)", TEMPLATE)


def test_the_version_is_a_semantic_one() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?", __version__)


def test_the_installed_package_has_it() -> None:
    assert importlib.metadata.version("watchpost") == __version__


def test_the_template_tells_it_to_the_repository_and_as_an_output() -> None:
    assert APPLICATION
    assert f"    SemanticVersion: {__version__}\n" in APPLICATION[1]
    assert f"  Version:\n    Description: Version of Watchpost\n    Value: {__version__}\n" in TEMPLATE


def test_the_changelog_has_a_heading_for_it() -> None:
    headings = re.findall(r"^## \[(.+?)\](?: - \d{4}-\d\d-\d\d)?$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)

    assert next(one for one in headings if one != "Unreleased") == __version__


def test_no_other_file_tells_a_version_of_its_own() -> None:
    assert 'dynamic = ["version"]' in (ROOT / "pyproject.toml").read_text()


@pytest.mark.parametrize(
    ("field", "pattern"),
    [
        # AWS SAM Developer Guide, "AWS SAM template Metadata section properties".
        ("Name", r"[a-zA-Z0-9-]{1,140}"),
        ("Author", r"[a-z0-9](([a-z0-9]|-(?!-))*[a-z0-9])?"),
        ("SpdxLicenseId", r"Apache-2\.0"),
    ],
)
def test_the_application_is_one_that_the_repository_takes(field: str, pattern: str) -> None:
    assert APPLICATION
    found = re.search(rf"^    {field}: (.+)$", APPLICATION[1], re.MULTILINE)
    assert found
    assert re.fullmatch(pattern, found[1])


def test_what_the_repository_shows_is_short_enough() -> None:
    assert APPLICATION
    description = re.search(r"Description: >-\n((?:      .*\n)+)", APPLICATION[1])
    assert description
    assert 1 <= len(" ".join(description[1].split())) <= 256
    for name in ("README.md", "LICENSE"):
        assert (ROOT / name).stat().st_size < 5_000_000  # AWS SAM Developer Guide, as above: ReadmeUrl, LicenseUrl


def test_no_function_stands_where_the_repository_allows_none() -> None:
    assert APPLICATION
    assert "!" not in APPLICATION[1]
    assert "Fn::" not in APPLICATION[1]
