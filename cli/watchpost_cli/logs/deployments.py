"""When services were deployed last, and which of their errors are new since then."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from watchpost.search.documents import Window

from watchpost_cli import stack
from watchpost_cli.errors import CliError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import timedelta

    from watchpost.search.groups import ErrorGroup, Errors
    from watchpost.search.lines import Lines

_SECONDS = 60.0  # for what was before


@dataclass(frozen=True, slots=True)
class Service:
    """The errors of one service, most frequent first.

    deployed: when one of its functions was changed last, and which; None where that is not known. new: keys of the
    groups that there were none of before; None where that cannot be told. compared: with which time. problem: why
    something is not known, one sentence.
    """

    name: str
    groups: tuple[ErrorGroup, ...]
    deployed: tuple[datetime, str] | None = None
    new: frozenset[tuple[str, str, str]] | None = None
    compared: Window | None = None
    problem: str = ""

    @property
    def count(self) -> int:
        """Errors of all groups."""
        return sum(group.count for group in self.groups)

    def is_new(self, group: ErrorGroup) -> bool | None:
        """Whether the first of its kind came after the last deployment; None where that cannot be told."""
        return None if self.new is None else group.key in self.new


@dataclass(frozen=True, slots=True)
class Comparison:
    """Tells what is new. span: how long before a deployment is compared. modified: of last_deployment."""

    lines: Lines
    span: timedelta
    modified: Callable[[str], datetime]

    def services(self, found: Errors) -> tuple[Service, ...]:
        """The errors by service, the one with the most first, and which are new.

        Raises ClusterUnavailableError, ClusterRefusedError.
        """
        groups: dict[str, list[ErrorGroup]] = {}
        for group in found.groups:
            groups.setdefault(group.service, []).append(group)
        made = [self._service(name, tuple(groups[name]), found.functions.get(name, ())) for name in groups]
        return tuple(sorted(made, key=lambda one: (-one.count, one.name)))

    def _service(self, name: str, groups: tuple[ErrorGroup, ...], functions: Sequence[str]) -> Service:
        deployed, problem = last_deployment(functions, self.modified)
        if deployed is None:
            return Service(name, groups, problem=problem)
        window = Window(deployed[0] - self.span, deployed[0])
        candidates = [group for group in groups if group.first >= deployed[0]]
        if not candidates:
            return Service(name, groups, deployed, frozenset(), window, problem)
        before = self.lines.errors(window, service=name, timeout=_SECONDS)
        if not before.total and not self._is_known(name, window):
            more = "There are no lines of it from before to compare with, so no error is marked."
            return Service(name, groups, deployed, None, window, f"{problem} {more}".strip())
        if before.read < before.total:
            problem = f"{problem} Of the errors before, only the newest {before.read:,} were compared.".strip()
        known = {group.key for group in before.groups}
        new = frozenset(group.key for group in candidates if group.key not in known)
        return Service(name, groups, deployed, new, window, problem)

    def _is_known(self, name: str, window: Window) -> bool:
        """Whether there are lines at all: nothing is new where there was nothing."""
        of_service = [{"term": {"service.name": name}}]
        return self.lines.find(window, filters=of_service, most=0, timeout=_SECONDS).total > 0


def last_deployment(
    functions: Sequence[str], modified: Callable[[str], datetime]
) -> tuple[tuple[datetime, str] | None, str]:
    """When one of the functions was changed last, and which; and what could not be found out."""
    if not functions:
        return None, "When it was deployed is not known: no Lambda function of it appears in its lines."
    times, problems = [], []
    for function in functions:
        try:
            times.append((modified(function), function))
        except CliError as error:
            problems.append(str(error))
    problem = "" if not problems else f"When it was deployed is not fully known: {problems[0].rstrip('.')}."
    if not times:
        return None, problem.replace("not fully known", "not known")
    return max(times), problem


def modified_by_lambda() -> Callable[[str], datetime]:
    """Asks AWS Lambda, by the shell's own credentials."""
    client = functools.lru_cache(maxsize=1)(lambda: stack.client("lambda", attempts=3))

    def ask(function: str) -> datetime:
        with stack.reading(f"The function {function}"):
            told = client().get_function_configuration(FunctionName=function)["LastModified"]
        try:
            return datetime.fromisoformat(told).astimezone(UTC)
        except ValueError:
            raise CliError(f"The function {function} was changed at {told!r}, which is no time.") from None

    return ask
