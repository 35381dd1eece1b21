"""Checks what a definition says about facts, and about where its resources come from."""

from __future__ import annotations

import re
from keyword import iskeyword
from typing import TYPE_CHECKING, Literal, cast

from watchpost.configuration import regexes

from provisioner import placeholders
from provisioner.definitions import Fact, Source
from provisioner.expressions import FUNCTIONS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from provisioner.nodes import Node

FACT_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
FACT_TYPES = ("boolean", "number", "text")
FACT_REQUIRED = {"type", "description"}
FACT_OPTIONAL = {"unit", "optional"}
MAX_FACTS = 30
SCOPES = ("resource", "service", "account")
SOURCE_FIELDS = {"scope", "types", "arn", "describe", "region"}
# A service, and a type of its resources (Resource Groups Tagging API, GetResources).
TYPE = re.compile(r"[a-z][a-z0-9-]{0,63}(:[A-Za-z0-9/_.-]{1,128})?")
DESCRIBE = re.compile(r"[a-z][a-z0-9_]{0,39}")
REGION = re.compile(r"[a-z]{2}(-[a-z]+){1,2}-\d")
LONGEST_ARN = 1011  # characters (Resource Groups Tagging API, ResourceTagMapping)

_RESERVED = frozenset({*placeholders.BUILT_IN, *FUNCTIONS, "name"})


def facts(node: Node) -> dict[str, Fact]:
    """The facts that a file declares. Raises DefinitionError."""
    return {name: _fact(name, child) for name, child in node.entries(MAX_FACTS)}


def _fact(name: str, node: Node) -> Fact:
    if not FACT_NAME.fullmatch(name) or name in _RESERVED or iskeyword(name):
        expected = "a name of at most 40 lower-case letters, digits and underscores that means nothing else, such as "
        raise node.wrong(expected + ", ".join(sorted(_RESERVED)), f"the name {name}"[:100])
    fields = node.object(FACT_REQUIRED, FACT_OPTIONAL)
    kind = fields["type"].choice(FACT_TYPES)
    if fields["unit"].given and kind != "number":
        raise fields["unit"].wrong("no unit, which only a number has")
    if fields["optional"].given and kind != "text":
        raise fields["optional"].wrong("no `optional`, which only a text has: others may be missing anyway")
    return Fact(
        type=cast('Literal["number", "boolean", "text"]', kind),
        unit=fields["unit"].string(30) if fields["unit"].given else "",
        description=fields["description"].string(200),
        optional=fields["optional"].boolean(),
    )


def source(node: Node, known: Mapping[str, Fact], describes: Collection[str] | None) -> Source:
    """Where the resources come from. describes: the describe calls that there are. Raises DefinitionError."""
    fields = node.object(set(), SOURCE_FIELDS)
    scope = fields["scope"].choice(SCOPES) if fields["scope"].given else "resource"
    types = tuple(item.matching(TYPE, "a type such as sqs or lambda:function") for item in fields["types"].items())
    if types and scope != "resource":
        raise fields["types"].wrong("no types, which only the scope resource has")
    if bool(types) != fields["arn"].given:
        raise fields["arn"].wrong("types together with an arn, which says the resource's name", "only one of them")
    describe = ""
    if fields["describe"].given:
        describe = fields["describe"].matching(DESCRIBE, "the name of a describe call")
        if describes is not None and describe not in describes:
            raise fields["describe"].wrong("one of " + ", ".join(sorted(describes)))
    region = fields["region"].matching(REGION, "a region such as us-east-1") if fields["region"].given else ""
    return Source(
        scope=cast('Literal["resource", "service", "account"]', scope),
        types=types,
        arn=_arn(fields["arn"], known) if types else None,
        describe=describe,
        region=region,
    )


def _arn(node: Node, known: Mapping[str, Fact]) -> re.Pattern[str]:
    text = node.value
    if not isinstance(text, str) or not text.startswith("^") or not text.endswith("$"):
        raise node.wrong("a regular expression for the whole ARN, from ^ to $")
    refused = regexes.refusal_on_bounded(text, LONGEST_ARN)
    if refused:
        raise node.wrong(regexes.ACCEPTED_ON_BOUNDED, refused)
    pattern = re.compile(text)
    if "name" not in pattern.groupindex:
        raise node.wrong("a group (?P<name>…) for the resource's name")
    texts = sorted(name for name, fact in known.items() if fact.type == "text")
    for group in sorted(pattern.groupindex.keys() - {"name"} - set(texts)):
        raise node.wrong("groups that are `name` or a text fact: " + (", ".join(texts) or "none"), f"the group {group}")
    return pattern
