"""Reads `dashboards/services/*.yaml`. The first fault stops everything, so no alarm is touched by a wrong file.

The fields of a file are checked here, those of facts and source in loader_source, of alarms and widgets in
loader_alarms, of their metrics in loader_metrics. `dashboards/schema.json` says the same to editors.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from watchpost.errors import DefinitionError

from provisioner import loader_alarms, loader_metrics, loader_source, yaml_files
from provisioner.definitions import KindDefinition

if TYPE_CHECKING:
    from collections.abc import Collection
    from importlib.resources.abc import Traversable

KIND = re.compile(r"[a-z][a-z0-9_]{0,39}")
REQUIRED = {"title", "order", "namespace", "dimensions", "source", "alarms"}
OPTIONAL = {"facts", "widgets"}
MAX_ORDER = 1000


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
        shown = f"services/{file.name}"
        kinds.append(parse(shown, yaml_files.read(directory, file.name, shown), describes))
    return tuple(kinds)


def parse(file: str, text: str, describes: Collection[str] | None = None) -> KindDefinition:
    """Check one document.

    file: relative to `dashboards/`, its stem is the kind. describes: as for `load`. Raises DefinitionError.
    """
    kind = file.rpartition("/")[2].removesuffix(".yaml")
    if not KIND.fullmatch(kind):
        raise DefinitionError(file, "the file's name", repr(kind), "lower-case letters, digits and underscores")
    top = yaml_files.parse(file, text).object(REQUIRED, OPTIONAL)
    facts = loader_source.facts(top["facts"])
    return KindDefinition(
        kind=kind,
        title=top["title"].string(60),
        order=top["order"].integer(-MAX_ORDER, MAX_ORDER),
        namespace=loader_metrics.placed_text(top["namespace"], facts, 255),
        dimensions=loader_metrics.dimensions(top["dimensions"], facts),
        source=loader_source.source(top["source"], facts, describes),
        facts=facts,
        alarms=loader_alarms.alarms(top["alarms"], facts),
        widgets=tuple(loader_alarms.widget(node, facts) for node in top["widgets"].items()),
    )
