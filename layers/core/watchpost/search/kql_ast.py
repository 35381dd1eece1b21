"""A query in the Kibana Query Language, read. Pure data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from typing import TypeAlias

Operator = Literal["gt", "gte", "lt", "lte"]


@dataclass(frozen=True, slots=True)
class Term:
    """A field's name or a value. parts: its text, cut at each wildcard; position: of its first character."""

    parts: tuple[str, ...]
    quoted: bool
    position: int

    @property
    def text(self) -> str:
        """As it was meant, wildcards as `*`."""
        return "*".join(self.parts)

    @property
    def wildcard(self) -> bool:
        """Whether a part of it may be anything."""
        return len(self.parts) > 1

    @property
    def anything(self) -> bool:
        """Whether it is wildcards only."""
        return self.wildcard and not any(self.parts)


@dataclass(frozen=True, slots=True)
class Everything:
    """What blank text means."""


@dataclass(frozen=True, slots=True)
class Matches:
    """`field: value`, or a value alone."""

    field: Term | None
    value: Term


@dataclass(frozen=True, slots=True)
class Compares:
    """`field >= value`."""

    field: Term
    operator: Operator
    value: Term


@dataclass(frozen=True, slots=True)
class Not:
    """What does not match the node."""

    node: Node


@dataclass(frozen=True, slots=True)
class And:
    """What matches each of the nodes, of which there are two or more."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """What matches one of the nodes, of which there are two or more."""

    nodes: tuple[Node, ...]


Node: TypeAlias = "Everything | Matches | Compares | Not | And | Or"


@dataclass(frozen=True, slots=True)
class Query:
    """A query: its text, and what it means."""

    text: str
    root: Node
