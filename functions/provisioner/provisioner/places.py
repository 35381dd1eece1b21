"""Where a resource's metrics are: the namespace and dimensions of its kind, with the resource's values filled in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provisioner import placeholders

if TYPE_CHECKING:
    from collections.abc import Mapping

    from provisioner.definitions import KindDefinition
    from provisioner.inventory import Resource

Dimensions = tuple[tuple[str, str], ...]


def values(kind: KindDefinition, resource: Resource, metric_namespace: str) -> Mapping[str, object]:
    """What every placeholder of a kind's definition stands for."""
    texts = {name: resource.facts.get(name) for name, fact in kind.facts.items() if fact.type == "text"}
    service = placeholders.published(resource.service)
    return {**texts, "resource": resource.name, "service": service, "metric_namespace": metric_namespace}


def place(kind: KindDefinition, resource: Resource, metric_namespace: str, *own: Dimensions) -> tuple[str, Dimensions]:
    """Namespace and dimensions. own: dimensions besides or instead of the kind's.

    Raises PlaceholderError when the resource has no value for a placeholder.
    """
    filled = values(kind, resource, metric_namespace)
    dimensions = dict(kind.dimensions)
    for more in own:
        dimensions.update(more)
    optional = [name for name, fact in kind.facts.items() if fact.optional]
    pairs = placeholders.fill_dimensions(dimensions.items(), filled, optional)
    return placeholders.fill(kind.namespace, filled), tuple(pairs)
