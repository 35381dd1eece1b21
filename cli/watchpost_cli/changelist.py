"""What `watchpost plan` and `watchpost apply` print for people. Nothing in it is interpreted by the terminal."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from provisioner import composites
from rich.text import Text

from watchpost_cli.proposal import ALL, RULE
from watchpost_cli.terminal import counted, harmless, named
from watchpost_cli.values import pair, shown, usd

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import Console

    from watchpost_cli.proposal import Field, Item, Named, Proposal, Reason

SIGNS = {"add": "+", "change": "~", "delete": "-"}
_STYLES = {"add": "green", "change": "yellow", "delete": "red"}
_COUNTED = "alarms, composites, dashboards"
_NARROWEST = 30  # columns of text, below which it is rather cut by the terminal than folded
_EXAMPLES = 3
_BENEATH = " " * 6
_COMPARISONS = {
    "GreaterThanThreshold": ">",
    "GreaterThanOrEqualToThreshold": ">=",
    "LessThanThreshold": "<",
    "LessThanOrEqualToThreshold": "<=",
}
_HANG = 2  # columns by which what is folded in a list stands farther right, so that each entry is seen to begin


def of_plan(output: Console, plan: Proposal, source: str, *, every: bool) -> None:
    """Print a plan. source: what it goes by. every: name each alarm that is not made and
    each field of a dashboard, else count them.
    """
    of_items(output, plan.items, every=every)
    _without_alarm(output, plan.without_alarm, every=every)
    _reasons(output, f"Left out for the budget ({len(plan.left_out):,}):", plan.left_out, "yellow")
    _list(output, "Warnings:", [(one, "yellow") for one in plan.warnings])
    _failed(output, plan, "Not known, or not possible; it stays as it is")
    _sentence(output, f"By {source}.")
    _sentence(output, plan_line(plan), "bold")


def of_result(output: Console, done: Proposal, planned: Proposal) -> None:
    """Print what came of a plan that has been printed."""
    beside = done.beside(planned)
    if beside:
        _sentence(output, "The account changed since the plan. This was done besides it:", "bold")
        of_items(output, beside, every=False)
    _failed(output, done, "Not done; another apply, or the next run of the function, tries again")
    _sentence(output, result_line(done), "bold")


def plan_line(plan: Proposal) -> str:
    """The last line of a plan."""
    if not plan.items:
        there = f"{counted(plan.unchanged, 'alarm or dashboard', 'alarms and dashboards')}"
        return f"Nothing to change: {there} as they should be; {_cost(plan)}."
    counts = ", ".join(f"{number:,} to {action}" for action, number in plan.counts.items())
    return f"Plan: {counts}; {_cost(plan)}."


def result_line(done: Proposal) -> str:
    """The last line of what was done."""
    words = {"add": "added", "change": "changed", "delete": "deleted"}
    counts = ", ".join(f"{number:,} {words[action]}" for action, number in done.counts.items())
    failed = f", {len(done.failed):,} not done" if done.failed else ""
    return f"Applied: {counts}{failed}; {_cost(done)}."


def _cost(proposal: Proposal) -> str:
    before, after = map(usd, proposal.cost)
    change = f"{before} -> {after}" if before != after else f"stays {after}"
    return f"cost {change} a month ({_COUNTED})"


def of_items(output: Console, items: Sequence[Item], *, every: bool) -> None:
    """Print changes by service. items: in the order of a proposal. every: each field of a dashboard."""
    for group, found in groupby(items, key=lambda item: item.group):
        _sentence(output, group or "(no service)", "bold")
        for (action, _), several in groupby(found, key=_together):
            if action == "change":
                for item in several:
                    _changed(output, item, every=every)
            else:
                _whole(output, list(several))
        output.print()


def _together(item: Item) -> tuple[str, str]:
    """What has the same stands on one line: alarms of a resource that are all added, or all deleted."""
    resource = item.subject.rpartition("/")[0] if item.kind == "alarm" else f"{item.kind} {item.name}"
    return item.action, item.name if item.action == "change" else resource


def _title(item: Item) -> str:
    subject = harmless(item.subject)
    if item.kind == "alarm":
        return subject
    return f"dashboard {subject}" if item.kind == "dashboard" else f"{subject} (composite alarm)"


def _whole(output: Console, items: Sequence[Item]) -> None:
    first, style = items[0], _STYLES[items[0].action]
    resource, slash, _ = first.subject.rpartition("/")
    alarms = ", ".join(harmless(item.subject.rpartition("/")[2]) + _threshold(item) for item in items)
    text = f"{harmless(resource)}: {alarms}" if first.kind == "alarm" and slash else _title(first)
    _line(output, f"  {SIGNS[first.action]} ", Text(text, style), style)


def _threshold(item: Item) -> str:
    """The threshold of an alarm that is added."""
    after = {one.name: one.after for one in item.what}
    comparison = _COMPARISONS.get(str(after.get("ComparisonOperator")))
    return f" {comparison} {shown(after['Threshold'])}" if comparison and after.get("Threshold") is not None else ""


def _changed(output: Console, item: Item, *, every: bool) -> None:
    sign, style = f"  {SIGNS[item.action]} ", _STYLES[item.action]
    title = Text(_title(item), style)
    if item.kind == "dashboard" and not every:
        _line(output, sign, Text.assemble(title, f"  {counted(item.fields, 'field')}"), style)
        return
    children = [line for one in item.what if one.name == RULE for line in _children(one)]
    fields = [
        _Field(harmless(one.name), *pair(one.before, one.after))
        for one in item.what
        if one.name != RULE or not children
    ]
    if len(fields) == 1 and not children and len(sign) + len(title) + 2 + len(fields[0].line) <= output.width:
        _line(output, sign, Text.assemble(title, "  ", fields[0].line), style)
        return
    _line(output, sign, title, style)
    for line in children:
        _line(output, _BENEATH, Text(line), hang=_HANG)
    for field in fields:
        field.print(output)


def _children(rule: Field) -> list[str]:
    """What a composite alarm watches no longer, and what it does besides; nothing where the rules differ otherwise."""
    before, after = (dict.fromkeys(composites.children_of(str(text))) for text in (rule.before, rule.after))
    less, more = [one for one in before if one not in after], [one for one in after if one not in before]
    found = (("watches no longer", less), ("watches as well", more))
    return [f"{words}: {', '.join(map(harmless, names))}" for words, names in found if names]


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    before: str
    after: str

    @property
    def line(self) -> Text:
        return Text.assemble(f"{self.name}: {self.before}", (" -> ", "dim"), self.after)

    def print(self, output: Console) -> None:
        """On one line where that has place for it."""
        if len(_BENEATH) + len(self.line) <= output.width:
            _line(output, _BENEATH, self.line)
            return
        _line(output, _BENEATH, Text(f"{self.name}:"))
        _line(output, f"{_BENEATH}  before  ", Text(self.before), "dim")
        _line(output, f"{_BENEATH}  after   ", Text(self.after), "dim")


def _without_alarm(output: Console, reasons: Sequence[Reason], *, every: bool) -> None:
    if not reasons:
        return
    if every:
        rows = [
            f"{harmless(one.resource)}{'' if one.alarm == ALL else f', {harmless(one.alarm)}'}: {harmless(one.reason)}"
            for one in reasons
        ]
        _list(output, f"Without an alarm ({len(rows):,}):", [(row, "") for row in rows])
        return
    _sentence(output, f"Without an alarm, by reason ({len(reasons):,}; --all names each):", "bold")
    for number, reason, examples in _by_reason(reasons):
        _line(output, f"{number:>7,}  ", Text.assemble(reason, (examples, "dim")))
    output.print()


def _by_reason(reasons: Iterable[Reason]) -> list[tuple[int, str, str]]:
    """How many, the reason, and whom it is about. First what leaves a resource without any alarm, then the many."""
    found: dict[tuple[bool, str], list[str]] = {}
    for one in reasons:
        about = one.resource if one.alarm == ALL else one.alarm
        found.setdefault((one.alarm != ALL, one.reason), []).append(about)
    ordered = sorted(found.items(), key=lambda pair: (pair[0][0], -len(pair[1]), pair[0][1]))
    return [(len(about), harmless(reason), _examples(about, reason)) for (_, reason), about in ordered]


def _examples(about: Sequence[str], reason: str) -> str:
    distinct = [one for one in dict.fromkeys(about) if one not in reason]
    return f" ({named(distinct, _EXAMPLES)})" if distinct else ""


def _reasons(output: Console, title: str, entries: Sequence[Named], style: str) -> None:
    _list(output, title, [(f"{harmless(one.name)}: {harmless(one.reason)}", style) for one in entries])


def _failed(output: Console, proposal: Proposal, title: str) -> None:
    _reasons(output, f"{title} ({len(proposal.failed):,}):", proposal.failed, "red")
    if proposal.is_guarded:
        _sentence(output, "To have so many deleted at once, add --allow-mass-deletion.")


def _list(output: Console, title: str, rows: Sequence[tuple[str, str]]) -> None:
    if not rows:
        return
    _sentence(output, title, "bold")
    for text, style in rows:
        _line(output, "  ", Text(harmless(text), style), hang=_HANG)
    output.print()


def _sentence(output: Console, text: str, style: str = "") -> None:
    _line(output, "", Text(harmless(text), style))


def _line(output: Console, head: str, body: Text, style: str = "", hang: int = 0) -> None:
    """One line. On a terminal it is folded between words, and what is folded stands below the body.

    style: of the head. hang: columns by which what is folded stands to the right of that.
    """
    start = Text(head, style)
    width = output.width - len(head) - hang
    if not output.is_terminal or width < _NARROWEST:
        output.print(Text.assemble(start, body), soft_wrap=True)
        return
    for number, part in enumerate(body.wrap(output, width, overflow="fold")):
        part.rstrip()
        output.print(Text.assemble(" " * (len(head) + hang) if number else start, part), soft_wrap=True)
