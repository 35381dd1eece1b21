"""`watchpost errors`: the most frequent errors of each service, and which are new."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from watchpost.search.lines import FAILED_KQL
from watchpost.times import iso

from watchpost_cli import reach
from watchpost_cli.common import add_json, add_stack, print_json, since
from watchpost_cli.errors import CliError
from watchpost_cli.logs import asking, errortables, shown
from watchpost_cli.logs.deployments import Comparison, modified_by_lambda
from watchpost_cli.terminal import console

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from watchpost.search.documents import Window
    from watchpost.search.groups import ErrorGroup, Errors

    from watchpost_cli.logs.deployments import Service

MOST = 100_000
DESCRIPTION = """\
Show the most frequent errors of each service: lines at error or fatal, and failures that the Lambda platform tells of.
Errors are one where their messages differ in numbers, ids, ARNs, times and quoted values only. Those of a kind that
there was none of before the service's last deployment are marked NEW."""
EPILOG = f"""\
examples:
  watchpost errors
  watchpost errors --since 1d --service orders-api
  watchpost errors 'not error.type: ValidationError' --new
  watchpost errors --json | jq -r '.services[].groups[] | select(.new) | .message'
`watchpost follow` takes the id of an example and shows what happened around it.

how NEW is found: a service's last deployment is the newest LastModified (of code or configuration) of those of its
Lambda functions that appear in its errors. The errors of the time before (--compare) are read too; what was among them
is not new. Where a function cannot be read, or there are no lines from before, nothing is marked, and it says so.
Lambda's report on a failed invocation is not counted where a line tells what failed.

exit codes:
  0 there are no errors, or none that is new
  1 there are new errors, or Elasticsearch could answer for a part only
  2 it could not be done

--json prints one object. Times are ISO 8601 in UTC; what there is none of is null.
  from, to, total (errors that there are), read (so many of the newest were counted), partial, discover (a link),
  services [{{service, count, deployed, deployedFunction, comparedFrom, problem, groups [{{type, message, count, first,
  last, new (null where it cannot be told), example {{at, message, requestId … as of `watchpost search --json`}}}}]}}]

{reach.NEEDS}
For NEW also lambda:GetFunctionConfiguration on the services' functions."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument("query", nargs="?", default="", metavar="KQL", help="only these; as of `watchpost search`")
    asking.add_window(parser, "1h")
    parser.add_argument("--service", metavar="NAME", action="append", default=[], help="of this service (repeatable)")
    parser.add_argument("--new", action="store_true", help="show only new ones")
    parser.add_argument(
        "--compare", metavar="SPAN", default="7d", help="with so long before the deployment (default: %(default)s)"
    )
    parser.add_argument("--top", type=int, metavar="N", default=10, help="of a service (default: %(default)s)")
    parser.add_argument(
        "--most",
        type=int,
        metavar="N",
        default=10_000,
        help=f"read and count so many of the newest, 1 to {MOST:,} (default: %(default)s)",
    )
    add_json(parser)
    reach.add_arguments(parser)
    add_stack(parser)


def run(options: argparse.Namespace) -> int:
    """Show errors. Raises CliError for what cannot be done."""
    if options.top < 1:
        raise CliError(f"--top {options.top} is no number of errors.")
    if not 1 <= options.most <= MOST:
        raise CliError(f"--most {options.most} is not between 1 and {MOST:,}.")
    span = since(options.compare)
    if not isinstance(span, timedelta) or not span:
        raise CliError(f"--compare {options.compare} is no span of time. Write 1d, 7d or 2w.")
    window = asking.window(options.since, options.until)
    asked = asking.asked(options.query, options.service, None)
    reached = reach.reached(options)
    with reach.told():
        found = reached.lines.errors(window, filters=asked.filters, most=options.most, timeout=60.0)
        services = Comparison(reached.lines, span, modified_by_lambda()).services(found)
    link = asking.also(asked, FAILED_KQL).link(reached.kibana, window)
    shown_ones = [one for one in services if chosen(one, only_new=options.new)]
    if options.json:
        print_json(record(found, shown_ones, window, link, only_new=options.new))
    else:
        closing = errortables.sentences(found, window, reached.where, link, is_empty=not shown_ones)
        errortables.show(
            console(), [(one, chosen(one, only_new=options.new)) for one in shown_ones], options.top, closing
        )
    return 1 if found.partial or any(one.new for one in services) else 0


def chosen(service: Service, *, only_new: bool) -> Sequence[ErrorGroup]:
    """The groups of a service that are to be shown."""
    return [group for group in service.groups if not only_new or service.is_new(group)]


def record(
    found: Errors, services: Sequence[Service], window: Window, link: str | None, *, only_new: bool
) -> dict[str, Any]:
    """All groups for machines."""
    return {
        "from": iso(window.start),
        "to": iso(window.end),
        "total": found.total,
        "read": found.read,
        "partial": found.partial or None,
        "discover": link,
        "services": [_service(one, chosen(one, only_new=only_new)) for one in services],
    }


def _service(one: Service, groups: Sequence[ErrorGroup]) -> dict[str, Any]:
    deployed, function = one.deployed or (None, None)
    return {
        "service": one.name or None,
        "count": one.count,
        "deployed": iso(deployed) if deployed else None,
        "deployedFunction": function,
        "comparedFrom": iso(one.compared.start) if one.compared else None,
        "problem": one.problem or None,
        "groups": [
            {
                "type": group.type or None,
                "message": group.message,
                "count": group.count,
                "first": iso(group.first),
                "last": iso(group.last),
                "new": one.is_new(group),
                "example": shown.brief(group.newest),
            }
            for group in groups
        ],
    }
