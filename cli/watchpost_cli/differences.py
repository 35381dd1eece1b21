"""How two configuration documents differ: field by field for machines, as YAML for people."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

_ABSENT: Any = object()
_WIDTH = 110  # columns of YAML


def to_yaml(document: Any, *, in_order: bool = False) -> str:
    """A document as YAML. in_order: sort the fields by name, so that two documents can be compared.

    Text stands as it is, unless there is something in it that a terminal would act on: then ASCII stands for all.
    """
    options: dict[str, Any] = {"sort_keys": in_order, "width": _WIDTH, "default_flow_style": False}
    text: str = yaml.dump(document, Dumper=_Dumper, allow_unicode=True, **options)
    if all(line.isprintable() for line in text.split("\n")):
        return text
    plain: str = yaml.dump(document, Dumper=_Dumper, allow_unicode=False, **options)
    return plain


class _Dumper(yaml.SafeDumper):
    """Lists are indented, as in the documentation, and nothing is an alias of something else."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002, RUF100  # PyYAML's signature
        super().increase_indent(flow, indentless=False)

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002  # PyYAML's signature
        return True


def lines(before: Any, after: Any, names: tuple[str, str]) -> list[str]:
    """A unified diff of two documents as YAML, without line ends; none where they mean the same."""
    left, right = (to_yaml(document, in_order=True).split("\n") for document in (before, after))
    return list(difflib.unified_diff(left, right, *names, lineterm=""))


def changes(before: Any, after: Any) -> list[dict[str, Any]]:
    """What differs, by the path of each field: {path, change (add, change, remove), stored, file}."""
    left, right = dict(_leaves(before, "")), dict(_leaves(after, ""))
    found = []
    for path in dict.fromkeys([*left, *right]):
        old, new = left.get(path, _ABSENT), right.get(path, _ABSENT)
        if old is not _ABSENT and new is not _ABSENT and _same(old, new):
            continue
        if _filled(path, old, right) or _filled(path, new, left):
            continue
        change = "add" if old is _ABSENT else "remove" if new is _ABSENT else "change"
        values = [None if value is _ABSENT else value for value in (old, new)]
        found.append({"path": path, "change": change, "stored": values[0], "file": values[1]})
    return found


def _filled(path: str, value: Any, other: dict[str, Any]) -> bool:
    """Whether something empty has fields or items on the other side, which are named themselves."""
    below = (f"{path}.", f"{path}[") if path else ("",)
    return value in ({}, []) and path not in other and any(name.startswith(below) for name in other)


def _same(old: Any, new: Any) -> bool:
    """Whether JSON has the same for both: 1 and true are equal in Python."""
    return bool(old == new) and isinstance(old, bool) == isinstance(new, bool)


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Every value without fields or items of its own, by its path."""
    children: list[tuple[str, Any]] = []
    if isinstance(value, dict):
        children = [(f"{path}.{name}" if path else name, inner) for name, inner in value.items()]
    elif isinstance(value, list):
        children = [(f"{path}[{index}]", inner) for index, inner in enumerate(value)]
    if not children:
        yield path, value
    for inner_path, inner in children:
        yield from _leaves(inner, inner_path)
