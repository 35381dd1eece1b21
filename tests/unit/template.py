"""The parts of template.yaml as text, for what the code counts on."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

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


class _Loader(yaml.SafeLoader):
    """Reads CloudFormation's short forms as plain values."""


_Loader.add_multi_constructor("!", lambda loader, _suffix, node: _plain(loader, node))


def _plain(loader: _Loader, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    assert isinstance(node, yaml.MappingNode)
    return loader.construct_mapping(node, deep=True)


def parsed() -> dict[str, Any]:
    """The whole template. What a short form such as !Ref is of stands there as a plain value."""
    loaded = yaml.load(TEMPLATE, _Loader)  # noqa: S506  # derived from the safe loader
    assert isinstance(loaded, dict)
    return loaded


def statements() -> list[tuple[str, dict[str, Any]]]:
    """Each statement of IAM with the role that it is of, or the policy that several roles have."""
    found = []
    for name, item in parsed()["Resources"].items():
        properties = item.get("Properties", {})
        if item["Type"] == "AWS::IAM::Role":
            documents = [policy["PolicyDocument"] for policy in properties["Policies"]]
            found += [(name, one) for document in documents for one in document["Statement"]]
        elif item["Type"] == "AWS::IAM::Policy":
            found += [(role, one) for role in properties["Roles"] for one in properties["PolicyDocument"]["Statement"]]
        elif item["Type"] == "AWS::IAM::ManagedPolicy":
            found += [(name, one) for one in properties["PolicyDocument"]["Statement"]]
    return found
