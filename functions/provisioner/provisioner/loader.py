"""Reads `dashboards/services/*.yaml`. The first fault stops everything, so no alarm is touched by a wrong file.

The fields of a file are checked here, those of facts and source in loader_source, of alarms and widgets in
loader_alarms, of their metrics in loader_metrics. `dashboards/schema.json` says the same to editors.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import yaml
from watchpost.errors import DefinitionError

from provisioner import loader_alarms, loader_metrics, loader_source
from provisioner.definitions import KindDefinition
from provisioner.nodes import Node

if TYPE_CHECKING:
    from collections.abc import Collection
    from importlib.resources.abc import Traversable

KIND = re.compile(r"[a-z][a-z0-9_]{0,39}")
REQUIRED = {"title", "order", "namespace", "dimensions", "source", "alarms"}
OPTIONAL = {"facts", "widgets"}
MAX_ORDER = 1000


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


def load(directory: Traversable, describes: Collection[str] | None = None) -> tuple[KindDefinition, ...]:
    """Read and check every definition, in the order of their names.

    describes: names of the describe calls that there are; None leaves them unchecked.
    Raises DefinitionError for the first fault. No file at all is one: without definitions every alarm would go.
    """
    files = sorted((file for file in directory.iterdir() if file.name.endswith(".yaml")), key=lambda file: file.name)
    if not files:
        raise DefinitionError("services/", "the folder", "no definition", "at least one .yaml file")
    kinds = []
    for file in files:
        try:
            text = file.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise DefinitionError(f"services/{file.name}", "the document", f"no UTF-8 ({error})", "UTF-8") from None
        kinds.append(parse(f"services/{file.name}", text, describes))
    return tuple(kinds)


def parse(file: str, text: str, describes: Collection[str] | None = None) -> KindDefinition:
    """Check one document.

    file: relative to `dashboards/`, its stem is the kind. describes: as for `load`. Raises DefinitionError.
    """
    kind = file.rpartition("/")[2].removesuffix(".yaml")
    if not KIND.fullmatch(kind):
        raise DefinitionError(file, "the file's name", repr(kind), "lower-case letters, digits and underscores")
    top = Node(file, "", _document(file, text)).object(REQUIRED, OPTIONAL)
    facts = loader_source.facts(top["facts"])
    return KindDefinition(
        kind=kind,
        title=top["title"].string(60),
        order=top["order"].integer(0, MAX_ORDER),
        namespace=loader_metrics.placed_text(top["namespace"], facts, 255),
        dimensions=loader_metrics.dimensions(top["dimensions"], facts),
        source=loader_source.source(top["source"], facts, describes),
        facts=facts,
        alarms=loader_alarms.alarms(top["alarms"], facts),
        widgets=tuple(loader_alarms.widget(node, facts) for node in top["widgets"].items()),
    )


def _document(file: str, text: str) -> Any:
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506  # a SafeLoader that is stricter
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        # ValueError: a date or number that YAML's own rules take for one and Python cannot hold; TypeError: a key
        # that cannot be one.
        raise DefinitionError(file, "the document", f"text that is not YAML ({error})"[:300], "YAML") from None
