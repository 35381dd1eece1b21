"""What is asked for: which lines, of which time, and the same as a query in Kibana."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from watchpost import links
from watchpost.errors import QueryError
from watchpost.search import kql
from watchpost.search.documents import APP, LEVELS, METRIC, PLATFORM, Window, at_least

from watchpost_cli.common import TIMES, moment
from watchpost_cli.errors import CliError
from watchpost_cli.terminal import harmless

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from watchpost_cli.reach import Kibana

KINDS = (APP, PLATFORM, METRIC)
_ALL = "logs"  # what ends the id of the data view of all lines (names.kibana_object)


@dataclass(frozen=True, slots=True)
class Asked:
    """Which lines.

    filters: for Elasticsearch. query: the same in Kibana's language, "" for all lines. kind: METRIC where it is metric
    lines, which have a data view of their own.
    """

    filters: tuple[dict[str, Any], ...]
    query: str
    kind: str = ""

    def link(self, kibana: Kibana | None, window: Window) -> str | None:
        """A link to the same lines in Discover; None where the stack has no Kibana."""
        if kibana is None:
            return None
        view = kibana.data_view.removesuffix(_ALL) + METRIC if self.kind == METRIC else kibana.data_view
        return links.discover(
            kibana.url, view, start=window.start, end=window.end, query=self.query, space=kibana.space
        )


def add_filters(parser: argparse.ArgumentParser) -> None:
    """Add the options that choose lines."""
    parser.add_argument("--service", metavar="NAME", action="append", default=[], help="of this service (repeatable)")
    parser.add_argument("--level", choices=LEVELS, help="at this level and above")


def add_window(parser: argparse.ArgumentParser, default: str) -> None:
    """Add the options that choose a time; default: of --since."""
    parser.add_argument("--since", metavar="WHEN", default=default, help=f"from {TIMES} (default: %(default)s)")
    parser.add_argument("--until", metavar="WHEN", default="", help="to then (default: now)")


def window(since: str, until: str, now: datetime | None = None) -> Window:
    """The window of --since and --until. Raises CliError."""
    now = now or datetime.now(UTC)
    end = moment(until, now) if until else now
    start = moment(since, end if until else now)
    if end < start:
        if not until:
            raise CliError(f"--since {since} is in the future: it is {now:%Y-%m-%dT%H:%M:%S} UTC now.")
        raise CliError(f"--until {until} is before --since {since}.")
    return Window(start, end)


def asked(text: str, services: Sequence[str], level: str | None) -> Asked:
    """The lines of a query, of services, from a level on. Raises CliError, after it showed where the query is wrong."""
    filters: list[dict[str, Any]] = []
    parts = []
    if text.strip():
        try:
            filters.append(kql.to_elasticsearch(text))
            parts.append(kql.for_kibana(text).strip())
        except QueryError as error:
            for line in error.pointer.splitlines():
                print(f"  {harmless(line)}", file=sys.stderr)
            raise CliError(f"{error}.") from None
    if services:
        filters.append({"terms": {"service.name": list(services)}})
        parts.append(_one_of("service.name", [kql.quoted(name) for name in services]))
    if level:
        filters.append({"terms": {"log.level": list(at_least(level))}})
        parts.append(_one_of("log.level", at_least(level)))
    return Asked(tuple(filters), _all_of(parts))


def of_kinds(one: Asked, kinds: Sequence[str]) -> Asked | None:
    """The same lines, of some KINDS only, for a link; None where no data view has them all.

    The filters stay: which data streams are searched is said beside them.
    """
    chosen = set(kinds)
    if METRIC in chosen:
        return Asked(one.filters, one.query, METRIC) if chosen == {METRIC} else None
    if chosen == {APP, PLATFORM}:
        return one
    return also(one, _one_of("event.dataset", [f"watchpost.{kind}" for kind in sorted(chosen)]))


def also(one: Asked, query: str) -> Asked:
    """The same lines as far as a query in Kibana's language takes them too, for a link. The filters stay."""
    return Asked(one.filters, _all_of([part for part in (one.query, query) if part]), one.kind)


def _all_of(parts: Sequence[str]) -> str:
    """In parentheses where there are several, so that an `or` in one of them is not torn apart."""
    return " and ".join(f"({part})" for part in parts) if len(parts) > 1 else "".join(parts)


def _one_of(field: str, values: Sequence[str]) -> str:
    return f"{field}: {values[0]}" if len(values) == 1 else f"{field}: ({' or '.join(values)})"
