"""What the client's tests share."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from watchpost_client import context, guard

if TYPE_CHECKING:
    from collections.abc import Iterator

CONVENTIONS = Path(__file__).parents[3] / "docs" / "conventions"


def vectors(name: str) -> list[Any]:
    """The test vectors of the conventions: each is a test, named as the vector is."""
    found = json.loads((CONVENTIONS / f"{name}.json").read_text(encoding="utf-8"))
    return [pytest.param(vector, id=vector["name"]) for vector in found]


@pytest.fixture(autouse=True)
def _no_transaction() -> Iterator[None]:
    """Each test begins and ends outside every transaction, and with nothing told."""
    guard.forget()
    assert context.current() is None
    yield
    assert context.current() is None
