"""The pictures in the documentation are what the commands draw."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs.images import terminal

PICTURES = terminal.pictures()
GUIDE = Path(terminal.__file__).parents[1] / "searching.md"


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_that_of_the_present_code(name: str) -> None:
    """Where it is not: python -m docs.images.terminal"""
    assert (Path(terminal.__file__).parent / name).read_text() == PICTURES[name]


def test_pictures_are_the_same_every_time() -> None:
    assert terminal.pictures() == PICTURES


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_needs_nothing_from_elsewhere(name: str) -> None:
    assert "url(http" not in PICTURES[name].replace('"', "")


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_shown_in_the_guide(name: str) -> None:
    assert f"(images/{name})" in GUIDE.read_text()
