"""Installs the component and index templates of `dashboards/elasticsearch/`, those that differ only."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError
from watchpost.errors import ClusterRefusedError, ClusterUnavailableError, ConfigurationError, DefinitionError

from provisioner.deadline import NO_TIME
from provisioner.failures import reason_of
from provisioner.result import TemplateChanges

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from importlib.resources.abc import Traversable

    from watchpost.elasticsearch import Cluster

    from provisioner.deadline import Deadline

# Folder, endpoint, and where the answer holds the template. Components first: index templates are made of them.
_KINDS = (
    ("component", "_component_template", "component_templates", "component_template"),
    ("index", "_index_template", "index_templates", "index_template"),
)
_NAME = re.compile(r"[a-z0-9][a-z0-9@._-]{0,200}")
# What a cluster adds to what it was given (seen on 8.19 and 9.2); a value of None stands for any.
_ADDED: dict[str, str | None] = {
    "created_date_millis": None,
    "modified_date_millis": None,
    "composed_of": "[]",
    "template": "{}",
    "template.lifecycle.enabled": "true",
    "data_stream.hidden": "false",
    "data_stream.allow_custom_routing": "false",
}
_SETTINGS = "template.settings"


@dataclass(frozen=True, slots=True)
class Template:
    """One file: `component/<name>.json` or `index/<name>.json`, the body of the request."""

    folder: str
    name: str
    body: dict[str, Any]

    @property
    def title(self) -> str:
        return f"{self.folder}/{self.name}"


def load(directory: Traversable) -> tuple[Template, ...]:
    """Read every template, components first, else in the order of their names.

    Raises DefinitionError for the first file that is not a JSON object or has a name that Elasticsearch refuses.
    """
    found = []
    for folder, *_ in _KINDS:
        place = directory / folder
        files = [file for file in place.iterdir() if file.name.endswith(".json")] if place.is_dir() else []
        found += [_template(folder, file) for file in sorted(files, key=lambda file: file.name)]
    return tuple(found)


def _template(folder: str, file: Traversable) -> Template:
    shown = f"elasticsearch/{folder}/{file.name}"
    try:
        body = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DefinitionError(shown, "the document", f"text that is not JSON ({error})", "a JSON object") from None
    if not isinstance(body, dict):
        raise DefinitionError(shown, "the document", type(body).__name__, "a JSON object")
    name = file.name.removesuffix(".json")
    if not _NAME.fullmatch(name):
        raise DefinitionError(shown, "the file's name", repr(name), "lower-case letters, digits and @ . _ -")
    return Template(folder, name, body)


def install(
    connect: Callable[[], Cluster], templates: Sequence[Template], deadline: Deadline, *, apply: bool
) -> TemplateChanges:
    """Put the templates that the cluster does not have as they are.

    connect: makes the client; its ConfigurationError, ClientError and BotoCoreError mean that the credentials are
    not there yet. Raises nothing: what was not done is in `failed`.
    """
    changes = TemplateChanges()
    if not templates:
        return changes
    try:
        cluster = connect()
    except (ConfigurationError, ClientError, BotoCoreError) as error:
        changes.fail("elasticsearch", f"no connection for {len(templates)} templates: {reason_of(error)}", outside=True)
        return changes
    away: str | None = None
    for template in templates:
        reason = away or (NO_TIME if deadline.passed() else None)
        if reason:
            changes.fail(template.title, reason, outside=True)
            continue
        try:
            _install(cluster, template, changes, apply=apply)
        except ClusterUnavailableError as error:
            # The others would wait for the same silence.
            away = f"not tried: {error}"
            changes.fail(template.title, str(error), outside=True)
        except ClusterRefusedError as error:
            # Refused credentials are not the template's fault.
            changes.fail(template.title, str(error), outside=error.status in (401, 403))
    return changes


def _install(cluster: Cluster, template: Template, changes: TemplateChanges, *, apply: bool) -> None:
    endpoint, listed, inner = next(kind[1:] for kind in _KINDS if kind[0] == template.folder)
    path = f"/{endpoint}/{template.name}"
    try:
        found = cluster.request("GET", path)[listed][0][inner]
    except ClusterRefusedError as error:
        if error.status != 404:
            raise
        found = None
    if found is not None and same(template.body, found):
        changes.unchanged.append(template.title)
        return
    if apply:
        cluster.request("PUT", path, template.body)
    changes.installed.append(template.title)


def same(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
    """Whether a cluster's template means what a file says, in spite of how the cluster spells it."""
    left, right = _flat(wanted), _flat(found)
    for path in left.keys() | right.keys():
        if left.get(path) == right.get(path):
            continue
        if path in left or path not in _ADDED or _ADDED[path] not in (None, right[path]):
            return False
    return True


def _flat(value: Any, path: str = "") -> dict[str, str]:
    """Every leaf by its dotted path, as text. Settings get their `index.` prefix."""
    if isinstance(value, dict):
        flat: dict[str, str] = {}
        # Settings may be nested or dotted, so there an object by itself means nothing; elsewhere it may be empty.
        if path and not path.startswith(_SETTINGS):
            flat[path] = "{}"
        for name, inner in value.items():
            flat.update(_flat(inner, f"{path}.{name}" if path else str(name)))
        return flat
    if path.startswith(f"{_SETTINGS}.") and not path.startswith(f"{_SETTINGS}.index."):
        path = f"{_SETTINGS}.index.{path.removeprefix(f'{_SETTINGS}.')}"
    return {path: _leaf(value)}


def _leaf(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return json.dumps(
            [_leaf(item) if not isinstance(item, dict) else _flat(item) for item in value], sort_keys=True
        )
    return json.dumps(value)
