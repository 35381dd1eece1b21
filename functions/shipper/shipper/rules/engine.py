"""What the configuration's rules do to the lines of one log group."""

from __future__ import annotations

import fnmatch
from typing import TYPE_CHECKING

from watchpost.kept import keep

from shipper.rules.lifting import Lifter
from shipper.rules.redaction import Redactor
from shipper.rules.selection import Selection

if TYPE_CHECKING:
    from collections.abc import Mapping

    from watchpost.configuration import Configuration, Lift, LogRule

    from shipper.line import Line

_MOST_KEPT = 1_000  # log groups whose rules are kept


class Rules:
    """The rules that concern one log group."""

    def __init__(
        self,
        selections: tuple[Selection, ...],
        labels: Mapping[str, str],
        redactor: Redactor | None,
        lifter: Lifter | None,
    ) -> None:
        self._selections = selections
        self._labels = dict(labels)
        self._redactor = redactor
        self._lifter = lifter

    def apply(self, line: Line, raw: str, request_id: str | None) -> str | None:
        """Label, redact, lift and tag a line in place; the name of the rule that leaves it out, or None.

        raw: the text that the line was made of. request_id: that of the request which the line belongs to, if it
        does not name one itself. A line that is left out is not redacted: it goes nowhere.
        """
        for selection in self._selections:
            if selection.leaves_out(line, raw, request_id):
                return selection.name
        if self._labels:
            line.labels = self._labels | (line.labels or {})
        if self._redactor is not None:
            self._redactor.redact(line, raw)
        if self._lifter is not None:
            self._lifter.lift(line)
        return None


class _Kept:
    """The rules that were made from one configuration, by log group and service."""

    def __init__(self) -> None:
        self.configuration: Configuration | None = None
        self.redactor: Redactor | None = None
        self.rules: dict[tuple[str, str | None], Rules | None] = {}

    def of(self, configuration: Configuration, log_group: str, service: str | None) -> Rules | None:
        if self.configuration is not configuration:
            self.configuration = configuration
            redactor = Redactor(configuration.logs.redact)
            self.redactor = None if redactor.nothing else redactor
            self.rules = {}
        key = (log_group, service)
        if key not in self.rules:
            keep(self.rules, key, _made(configuration, log_group, service, self.redactor), _MOST_KEPT)
        return self.rules[key]


_kept = _Kept()


def compiled(configuration: Configuration, log_group: str, service: str | None = None) -> Rules | None:
    """The rules for the lines of a log group, made once for each configuration; None when nothing concerns them.

    service: that of lines which name none, when it is known; else the configuration's, else the function's name.
    """
    return _kept.of(configuration, log_group, service)


def _made(configuration: Configuration, log_group: str, service: str | None, redactor: Redactor | None) -> Rules | None:
    of_group = configuration.rule_for(log_group)
    service = service or (of_group.name if of_group else None) or log_group.removeprefix("/aws/lambda/")
    selections = tuple(
        Selection(rule, service, _redacted(rule.labels, redactor))
        for rule in configuration.logs.rules
        if _concerns(rule, log_group)
    )
    labels = _redacted(of_group.labels, redactor) if of_group else {}
    lifts = [lift for lift in configuration.logs.lift if _concerns(lift, log_group)]
    if not (selections or labels or redactor or lifts):
        return None
    return Rules(selections, labels, redactor, Lifter(lifts) if lifts else None)


def _concerns(rule: LogRule | Lift, log_group: str) -> bool:
    return rule.log_group is None or fnmatch.fnmatchcase(log_group, rule.log_group)


def _redacted(labels: Mapping[str, str], redactor: Redactor | None) -> dict[str, str]:
    """Labels as they may leave the function: what is redacted in lines is redacted in labels, once and for all."""
    return redactor.labels(labels) if redactor else dict(labels)
