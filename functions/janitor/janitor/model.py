"""What there is to look at, as plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something is kept. kind: one of few, to be counted by; text: for people."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Numbered:
    """A published version of a function or of a layer."""

    number: int
    since: datetime | None  # with its offset; None when AWS gave nothing that can be read
    bytes: int = 0  # CodeSize


@dataclass(slots=True)
class Function:
    """A function with its published versions; $LATEST is not among them, and nothing here can mean it."""

    name: str
    versions: list[Numbered] = field(default_factory=list)
    replica: bool = False  # of a function of another region, made by Lambda@Edge


@dataclass(slots=True)
class Inventory:
    """All functions of a region."""

    functions: dict[str, Function] = field(default_factory=dict)
    layers: set[str] = field(default_factory=set)  # ARNs of the layer versions that any version of a function has
    log_groups: set[str] = field(default_factory=set)  # that functions write to, by name


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer with its versions."""

    name: str
    arns: Mapping[int, str]  # of the versions
    versions: tuple[Numbered, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """A log group."""

    name: str
    created: datetime
    stored_bytes: int = 0
