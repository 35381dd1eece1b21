"""Checks the parts of the document that say what happens to lines: `logs.rules`, `logs.redact` and `logs.lift`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from watchpost.configuration import regexes
from watchpost.configuration.model import (
    APPLICATION,
    ECS_FIELDS,
    LEVELS,
    METRIC,
    PATTERNS,
    PLATFORM,
    TYPES,
    CustomPattern,
    Levels,
    Lift,
    LogRule,
    Match,
    Redact,
    Sample,
    Scalar,
)

if TYPE_CHECKING:
    from watchpost.configuration.node import Node

MOST_RULES = 100
MOST_LIFTS = 100  # bounds the typed fields that an index can get
MOST_CUSTOM = 20
MOST_KEYS = 50
MOST_LABELS = 50
LONGEST = 256  # characters of names, labels and the like

_ACTIONS = ("drop", "sample", "levels", "labels")
# Which kinds of lines an action may be about. A metric line is left out only by a drop rule that names it.
_LINES = {
    "drop": (APPLICATION, METRIC),
    "sample": (APPLICATION,),
    "levels": (APPLICATION,),
    "labels": (APPLICATION, METRIC, PLATFORM),
}
# Fields of the document that a rule can look at, with those below the ones that end in a dot.
FIELDS = ("app.", "correlation.", "labels.", "error.type", "error.message", "service.name", "service.environment",
          "service.version", "trace.id", "faas.execution", "faas.coldstart", "metric.name")  # fmt: skip  # a row

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_PATH = re.compile(r"[A-Za-z0-9_@-]{1,100}(?:\.[A-Za-z0-9_@-]{1,100}){0,9}")
_NAME_EXPECTED = "1 to 64 letters, digits, - or _"


def labels(node: Node) -> dict[str, str]:
    """Static labels."""
    return node.texts(MOST_LABELS, LONGEST)


def log_rules(node: Node) -> tuple[LogRule, ...]:
    """`logs.rules`. Raises ConfigurationError."""
    rules: list[LogRule] = []
    for item in node.items(MOST_RULES):
        rule = _log_rule(item)
        if any(rule.name == other.name for other in rules):
            raise item.wrong("a name that no other rule has", f"the name {rule.name} a second time")
        rules.append(rule)
    return tuple(rules)


def _log_rule(node: Node) -> LogRule:
    rule = node.object({"name", "log_group", "service", "lines", "match", *_ACTIONS})
    actions = [action for action in _ACTIONS if rule[action].given]
    if len(actions) != 1:
        raise node.wrong("exactly one of " + ", ".join(_ACTIONS), " and ".join(actions) or "none of them")
    found = LogRule(
        name=rule_name(rule["name"]),
        log_group=rule["log_group"].optional(),
        service=rule["service"].optional(),
        lines=rule["lines"].choices(_LINES[actions[0]]) if rule["lines"].given else (APPLICATION,),
        match=_match(rule["match"]),
        drop=_drop(rule["drop"]),
        sample=_sample(rule["sample"]) if rule["sample"].given else None,
        levels=_levels(rule["levels"]) if rule["levels"].given else None,
        labels=labels(rule["labels"]),
    )
    if not found.lines:
        raise rule["lines"].wrong("at least one of " + ", ".join(_LINES[actions[0]]))
    if actions == ["labels"] and not found.labels:
        raise rule["labels"].wrong("at least one label")
    if found.drop and found.match == Match() and found.log_group is None and found.service is None:
        raise node.wrong("log_group, service or match, which say what is dropped", "a rule that drops every line")
    return found


def rule_name(node: Node) -> str:
    """The name of a rule or a pattern. Raises ConfigurationError."""
    name = node.string()
    if not _NAME.fullmatch(name):
        raise node.wrong(_NAME_EXPECTED)
    return name


def _drop(node: Node) -> bool:
    if node.given and node.value is not True:
        raise node.wrong("true")
    return node.given


def _match(node: Node) -> Match:
    match = node.object({"text", "regex", "level", "fields"})
    regex = match["regex"]
    return Match(
        text=match["text"].optional(1_000),
        regex=_regex(regex) if regex.given else None,
        level=match["level"].choices(LEVELS) if match["level"].given else (),
        fields={_field(name, item): _values(item) for name, item in match["fields"].object(None).items()},
    )


def _field(name: str, node: Node) -> str:
    below = tuple(field for field in FIELDS if field[-1] == ".")
    known = name.startswith(below) if name not in FIELDS else name not in below
    if not known:
        expected = ", ".join(field if field[-1] != "." else f"{field}<name>" for field in FIELDS)
        raise node.wrong(f"one of the fields {expected}", "an unknown field")
    return name


def _values(node: Node) -> tuple[Scalar, ...]:
    values = node.items() if isinstance(node.value, list) else [node]
    for value in values:
        if not isinstance(value.value, str | int | float):  # a boolean is an int
            raise value.wrong("a text, a number, true or false")
    if not values:
        raise node.wrong("at least one value")
    return tuple(value.value for value in values)


def _sample(node: Node) -> Sample:
    sample = node.object({"rate", "one_in", "errors"})
    rate, one_in = sample["rate"], sample["one_in"]
    if rate.given == one_in.given:
        raise node.wrong("exactly one of rate and one_in", "both" if rate.given else "neither")
    number = rate.number() if rate.given else 1 / one_in.integer(1, 1_000_000, 1)
    if not 0 < number <= 1:
        raise rate.wrong("a number above 0, up to 1 (to keep nothing, use drop)")
    return Sample(number, sample["errors"].boolean(default=False))


def _levels(node: Node) -> Levels:
    if isinstance(node.value, dict):
        minimum = node.object({"minimum"})["minimum"].one_of(LEVELS)
        return Levels(LEVELS[LEVELS.index(minimum) :])
    kept = node.choices(LEVELS)
    if not kept:
        raise node.wrong("at least one level")
    return Levels(kept)


def _regex(node: Node) -> str:
    text = node.string(regexes.LONGEST)
    reason = regexes.refusal(text)
    if reason:
        raise node.wrong(regexes.ACCEPTED, f"{text[:100]!r}, in which {reason}")
    return text


def redact(node: Node) -> Redact:
    """`logs.redact`. Raises ConfigurationError."""
    found = node.object({"patterns", "custom", "keys"})
    custom: list[CustomPattern] = []
    for item in found["custom"].items(MOST_CUSTOM):
        fields = item.object({"name", "regex"})
        name = rule_name(fields["name"])
        if name in PATTERNS or any(name == other.name for other in custom):
            raise fields["name"].wrong("a name that no other pattern has")
        custom.append(CustomPattern(name, _regex(fields["regex"])))
    keys = []
    for item in found["keys"].items(MOST_KEYS):
        key = rule_name(item)
        if not key.strip("-_"):
            raise item.wrong("a name with a letter or a digit")
        keys.append(key)
    return Redact(found["patterns"].choices(PATTERNS), tuple(custom), tuple(dict.fromkeys(keys)))


def lifts(node: Node) -> tuple[Lift, ...]:
    """`logs.lift`. Raises ConfigurationError."""
    found: list[Lift] = []
    for item in node.items(MOST_LIFTS):
        lift = _lift(item)
        if any((lift.field, lift.log_group) == (other.field, other.log_group) for other in found):
            raise item.wrong("each field once for a log_group", f"the field {lift.field} a second time")
        found.append(lift)
    return tuple(found)


def _lift(node: Node) -> Lift:
    fields = node.object({"field", "to", "type", "log_group"})
    source = _path(fields["field"])
    target = _path(fields["to"]) if fields["to"].given else source
    of_ecs = ECS_FIELDS.get(target)
    kind = fields["type"]
    if of_ecs is not None and kind.given and kind.value != of_ecs:
        raise kind.wrong(f"{of_ecs}, the type of {target} in the Elastic Common Schema")
    return Lift(source, target, of_ecs or kind.one_of(TYPES), fields["log_group"].optional())


def _path(node: Node) -> str:
    path = node.string(LONGEST)
    if not _PATH.fullmatch(path):
        raise node.wrong("up to 10 names of letters, digits, @, - or _, with dots between them")
    return path
