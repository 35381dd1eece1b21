"""Reads YAML of `dashboards/`, more strictly than YAML itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml
from watchpost.errors import DefinitionError

from provisioner.nodes import Node

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable


class _Loader(yaml.SafeLoader):
    """YAML's own rule is that the last of two fields of the same name wins, which hides a mistake."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002, RUF100  # PyYAML's signature
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                if key.value in seen:
                    raise yaml.YAMLError(f"{key.value} is there twice, line {key.start_mark.line + 1}")
                seen.add(key.value)
        return super().construct_mapping(node, deep=deep)


def read(directory: Traversable, name: str, shown: str) -> str:
    """The text of a file; shown: its name in messages. Raises DefinitionError when it is missing or no UTF-8."""
    try:
        return (directory / name).read_text(encoding="utf-8")
    except OSError:
        raise DefinitionError(shown, "the file", "nothing", "a file") from None
    except UnicodeDecodeError as error:
        raise DefinitionError(shown, "the document", f"no UTF-8 ({error})", "UTF-8") from None


def parse(shown: str, text: str) -> Node:
    """The document in a text; shown: its file's name in messages. Raises DefinitionError when it is no YAML."""
    try:
        return Node(shown, "", yaml.load(text, Loader=_Loader))  # noqa: S506  # a SafeLoader that is stricter
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        # ValueError: a date or number that YAML's own rules take for one and Python cannot hold; TypeError: a key
        # that cannot be one.
        raise DefinitionError(shown, "the document", f"text that is not YAML ({error})"[:300], "YAML") from None
