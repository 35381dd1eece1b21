"""The parts of template.yaml as text, for what the code counts on."""

from __future__ import annotations

import re
from pathlib import Path

TEMPLATE = (Path(__file__).resolve().parents[2] / "template.yaml").read_text()


def resource(name: str) -> str:
    """What stands below the name of a resource."""
    found = re.search(rf"^  {name}:\n(.*?)(?=^  \S)", TEMPLATE, re.MULTILINE | re.DOTALL)
    assert found, f"template.yaml has no {name}"
    return found[1]


def number(name: str, field: str) -> int:
    """A field of a resource, the first one of this name wherever it stands."""
    found = re.search(rf"^ +{field}: (\d+)", resource(name), re.MULTILINE)
    assert found, f"{name} has no number in {field}"
    return int(found[1])
