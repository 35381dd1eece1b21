"""The janitor's part of the configuration document."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from watchpost.configuration import Janitor, OrphanedGroups, Selected, Versions, parse
from watchpost.configuration.janitor import LONGEST_GLOB, MOST_DAYS, MOST_DELETIONS, MOST_GLOBS, MOST_KEPT
from watchpost.errors import ConfigurationError

PAGE = (Path(__file__).parents[3] / "docs/configuration.md").read_text()


def _section(section: Any) -> Janitor:
    return parse(json.dumps({"janitor": section})).janitor


def _refused(section: Any) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as caught:
        _section(section)
    return caught.value


def test_without_a_section_it_only_reports() -> None:
    found = parse("{}").janitor

    assert found == _section({}) == _section({"log_groups": {}, "functions": {}, "layers": {}}) == Janitor()
    assert not found.delete
    assert not found.log_groups.delete
    assert (found.functions.keep, found.layers.keep, found.min_age_days, found.most) == (5, 5, 7, 500)


def test_every_field_is_taken() -> None:
    found = _section(
        {
            "mode": "delete",
            "min_age_days": 30,
            "most": 50,
            "functions": {"keep": 3, "include": ["shop-*"], "exclude": ["shop-legacy"]},
            "layers": {"keep": 2, "exclude": ["x"]},
            "log_groups": {"mode": "delete", "min_age_days": 90, "include": ["a*"]},
        }
    )

    assert found == Janitor(
        delete=True,
        min_age_days=30,
        most=50,
        functions=Versions(3, Selected(("shop-*",), ("shop-legacy",))),
        layers=Versions(2, Selected(("*",), ("x",))),
        log_groups=OrphanedGroups(delete=True, min_age_days=90, names=Selected(("a*",))),
    )


@pytest.mark.parametrize(
    ("path", "least", "most"),
    [
        ("min_age_days", 0, MOST_DAYS),
        ("most", 1, MOST_DELETIONS),
        ("functions.keep", 1, MOST_KEPT),
        ("layers.keep", 1, MOST_KEPT),
        ("log_groups.min_age_days", 0, MOST_DAYS),
    ],
)
def test_numbers_have_bounds_on_both_sides(path: str, least: int, most: int) -> None:
    def given(value: Any) -> Any:
        section: Any = value
        for name in reversed(path.split(".")):
            section = {name: section}
        return section

    for right in (least, most):
        _section(given(right))
    for wrong in (least - 1, most + 1, True, "7", None, 1.5):
        assert _refused(given(wrong)).path == f"configuration.janitor.{path}"


@pytest.mark.parametrize("section", [{"mode": "yes"}, {"mode": True}, {"log_groups": {"mode": "Delete"}}])
def test_a_mode_that_there_is_not_is_refused(section: Any) -> None:
    assert _refused(section).expected == "one of report, delete"


@pytest.mark.parametrize("part", ["functions", "layers", "log_groups"])
@pytest.mark.parametrize("field", ["include", "exclude"])
def test_globs_have_bounds(part: str, field: str) -> None:
    _section({part: {field: ["x" * LONGEST_GLOB] * MOST_GLOBS}})

    assert _refused({part: {field: ["x"] * (MOST_GLOBS + 1)}}).path == f"configuration.janitor.{part}.{field}"
    assert _refused({part: {field: ["x" * (LONGEST_GLOB + 1)]}}).path == f"configuration.janitor.{part}.{field}[0]"
    assert _refused({part: {field: "x"}}).expected == "a list"


def test_an_unknown_field_is_refused() -> None:
    assert _refused({"keep": 3}).path == "configuration.janitor.keep"
    assert _refused({"layers": {"min_age_days": 3}}).path == "configuration.janitor.layers.min_age_days"


def test_a_list_of_no_globs_selects_nothing_and_a_name_that_is_left_out_is_not_selected() -> None:
    found = _section({"functions": {"include": []}, "layers": {"include": ["a-*"], "exclude": ["a-b"]}})

    assert "anything" not in found.functions.names
    assert ["a-" in found.layers.names, "a-b" in found.layers.names, "A-c" in found.layers.names] == [
        True,
        False,
        False,
    ]


def test_the_page_shows_the_defaults() -> None:
    [shown] = [text for text in PAGE.split("```") if text.startswith("yaml\njanitor:")]

    assert _section(yaml.safe_load(shown.removeprefix("yaml\n"))["janitor"]) == Janitor()
