"""Decides which lines a rule of `logs.rules` concerns, and which it leaves out."""

from __future__ import annotations

import fnmatch
import hashlib
import re
from typing import TYPE_CHECKING, Any

from watchpost.configuration import regexes

from shipper.levels import ERRORS
from shipper.line import APP, METRIC, PLATFORM
from shipper.rules import paths

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from watchpost.configuration import LogRule, Match, Sample
    from watchpost.configuration.model import Scalar

    from shipper.line import Line

    Condition = Callable[[Line], bool]
    # Whether a line is left out. Takes the line, its raw text, and the request that it belongs to.
    Verdict = Callable[[Line, str, str | None], bool]

KINDS = {"application": APP, "metric": METRIC, "platform": PLATFORM}

_OBJECTS = ("app", "correlation", "labels", "error")
_ATTRIBUTES: dict[str, Callable[[Line], Any]] = {
    "service.environment": lambda line: line.service_environment,
    "service.version": lambda line: line.service_version,
    "trace.id": lambda line: line.trace_id,
    "faas.execution": lambda line: line.request_id,
    "faas.coldstart": lambda line: line.cold_start,
    "metric.name": lambda line: line.metric.name if line.metric else None,
}


class Selection:
    """One rule, made ready for one log group."""

    def __init__(self, rule: LogRule, service: str | None, labels: Mapping[str, str]) -> None:
        """service: that of lines which name none; labels: what the rule adds, as it may leave the function."""
        self.name = rule.name
        self._kinds = frozenset(KINDS[kind] for kind in rule.lines)
        self._conditions = _conditions(rule.match, service)
        if rule.service is not None:
            self._conditions.insert(0, _service_is(rule.service, service))
        self._verdict = _verdict(rule)
        self._labels = dict(labels)

    def leaves_out(self, line: Line, raw: str, request_id: str | None) -> bool:
        """Whether the rule leaves a line out; a rule with labels adds them instead."""
        if line.kind not in self._kinds:
            return False
        for condition in self._conditions:
            if not condition(line):
                return False
        if self._labels:
            line.labels = self._labels | (line.labels or {})
        return self._verdict(line, raw, request_id)


def _verdict(rule: LogRule) -> Verdict:
    if rule.drop:
        return lambda _line, _raw, _request_id: True
    if rule.levels is not None:
        kept = frozenset(rule.levels.kept) | {None}
        return lambda line, _raw, _request_id: line.level not in kept
    if rule.sample is not None:
        return _sampling(rule.sample)
    return lambda _line, _raw, _request_id: False


def _sampling(sample: Sample) -> Verdict:
    limit = limit_of(sample.rate)
    always = frozenset() if sample.errors else ERRORS

    def verdict(line: Line, raw: str, request_id: str | None) -> bool:
        return line.level not in always and place_of(transaction_of(line, raw, request_id)) >= limit

    return verdict


def limit_of(rate: float) -> int:
    """The places, out of 2^64, below which a transaction is kept."""
    return round(rate * 2**64)


def place_of(transaction: str) -> int:
    """A number below 2^64 for a transaction: the same everywhere, and evenly spread.

    It hangs on the transaction alone, so that one that is kept at a rate is kept at every higher rate too.
    """
    digest = hashlib.blake2b(transaction.encode("utf-8", "surrogatepass"), digest_size=8)
    return int.from_bytes(digest.digest(), "big")


def transaction_of(line: Line, raw: str, request_id: str | None) -> str:
    """What the fate of a line hangs on: its correlation id, else its request, else its trace, else the line itself.

    request_id: of the request that the line belongs to, for lines that do not name it.
    """
    correlation = (line.correlation or {}).get("id")
    if correlation is not None and correlation != "":
        return str(correlation)
    return line.request_id or request_id or line.trace_id or raw


def _conditions(match: Match, service: str | None) -> list[Condition]:
    conditions: list[Condition] = []
    if match.level:
        conditions.append(_level_is(frozenset(match.level)))
    for field, values in match.fields.items():
        conditions.append(_field_is(_value_of(field, service), values))
    if match.text is not None:
        conditions.append(_has(match.text))
    if match.regex is not None:
        conditions.append(_reads_like(match.regex))
    return conditions


def _level_is(levels: frozenset[str]) -> Condition:
    return lambda line: line.level in levels


def _has(text: str) -> Condition:
    return lambda line: text in line.message


def _reads_like(regex: str) -> Condition:
    pattern = re.compile(regex)
    # Python looks for `^` at every character.
    search = pattern.match if regexes.is_anchored(regex) else pattern.search
    return lambda line: search(line.message) is not None


def _service_is(glob: str, service: str | None) -> Condition:
    matches = re.compile(fnmatch.translate(glob)).match
    return lambda line: matches(line.service or service or "") is not None


def _value_of(field: str, service: str | None) -> Callable[[Line], Any]:
    if field == "service.name":
        return lambda line: line.service or service
    if field in _ATTRIBUTES:
        return _ATTRIBUTES[field]
    part, *inner = field.split(".")
    assert part in _OBJECTS, field  # noqa: S101  # the configuration's check lets no other through
    path = tuple(inner)
    return lambda line: paths.get(getattr(line, part) or {}, path)


def _field_is(value_of: Callable[[Line], Any], values: tuple[Scalar, ...]) -> Condition:
    # In Python 1 is True and 1.0 is 1; in JSON the first two differ.
    wanted = frozenset((type(value) is bool, value) for value in values)

    def condition(line: Line) -> bool:
        found = value_of(line)
        if type(found) is list:
            return any(_hashable(item) and (type(item) is bool, item) in wanted for item in found)
        return _hashable(found) and (type(found) is bool, found) in wanted

    return condition


def _hashable(value: Any) -> bool:
    return type(value) not in (dict, list)
