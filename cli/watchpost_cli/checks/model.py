"""What a check is, and what it says."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from watchpost_cli.checks.around import Around

OK, WARNING, FAILED, SKIPPED = "ok", "warning", "failed", "skipped"
# The worst first. Where a part was looked at and another could not be, what was seen counts.
RANKS = (FAILED, WARNING, OK, SKIPPED)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was seen."""

    status: str  # of RANKS
    seen: str  # one sentence, without a full stop
    todo: str = ""  # what to do about it, one or more sentences
    permission: str = ""  # of a skipped one: what was refused, such as `ssm:GetParameter on /watchpost/wp/config`
    unreached: bool = False  # of a failed one: AWS gave no answer, so that nothing was looked at


Findings: TypeAlias = Iterable[Finding]


@dataclass(frozen=True, slots=True)
class Check:
    """One joint. run: may raise NotAllowedError, errors of AWS, of Elasticsearch and of the configuration."""

    name: str
    about: str  # what it looks at, for people
    needs: tuple[str, ...]  # permissions, each an action of IAM, or what else it reads
    run: Callable[[Around], Findings]


@dataclass(frozen=True, slots=True)
class Result:
    """What a check found."""

    name: str
    findings: tuple[Finding, ...]

    @property
    def status(self) -> str:
        """That of the worst finding."""
        return min((finding.status for finding in self.findings), key=RANKS.index, default=SKIPPED)


class NotAllowedError(Exception):
    """Whoever asks may not see it.

    Attributes: permission (what is missing: an action and what it is on).
    """

    def __init__(self, permission: str) -> None:
        super().__init__(f"not allowed: {permission}")
        self.permission = permission


class UnknownError(Exception):
    """Nothing can be said, because something else is not known; another check says what is wrong with that."""


def ok(seen: str) -> Finding:
    """All is well."""
    return Finding(OK, seen)


def warning(seen: str, todo: str) -> Finding:
    """It works, but somebody should know."""
    return Finding(WARNING, seen, todo)


def failed(seen: str, todo: str) -> Finding:
    """It does not work."""
    return Finding(FAILED, seen, todo)


def skipped(seen: str, todo: str = "") -> Finding:
    """Not looked at."""
    return Finding(SKIPPED, seen, todo)


def refused(error: NotAllowedError) -> Finding:
    """Not looked at, because whoever asks may not."""
    return Finding(SKIPPED, "you may not look", f"Ask for {error.permission}.", error.permission)
