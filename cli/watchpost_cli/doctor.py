"""`watchpost doctor`: checks every joint of a stack, and says what to do about what is broken."""

from __future__ import annotations

import os
import textwrap
import time
from typing import TYPE_CHECKING, Any

from rich.text import Text

from watchpost_cli.checks import model, table
from watchpost_cli.checks.around import Around
from watchpost_cli.common import add_json, add_stack, is_url, print_json
from watchpost_cli.errors import CliError
from watchpost_cli.terminal import console, counted, harmless

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from rich.console import Console

    from watchpost_cli.checks.model import Result

NAMES = tuple(check.name for check in table.CHECKS)
_WIDTH = max(map(len, NAMES))
_STYLES = {model.OK: "green", model.WARNING: "yellow", model.FAILED: "bold red", model.SKIPPED: "dim"}
_SIGNS = {model.OK: "✓", model.WARNING: "!", model.FAILED: "✗", model.SKIPPED: "-"}
_INDENT = " " * 4
LONGEST = 1_000  # characters of a sentence
DESCRIPTION = """\
Check every joint of a stack, from the ground up: what is deployed, whether Elasticsearch and Kibana answer and let us
in, what is shipped, what is left, who is told. All checks run at the same time, each with a limit of 25 seconds, and
only read. What you may not look at is skipped, and says which permission it needs.

With --kibana URL only that Kibana is looked at: whether it works, takes the login, has the space and our objects.
Credentials are those of KIBANA_API_KEY, or KIBANA_USERNAME and KIBANA_PASSWORD, in your shell; else those of
ELASTICSEARCH_…; else the stack's. KIBANA_SPACE names another space, KIBANA_CA a file with the certificate of a private
authority. No account is needed then."""
EPILOG = (
    """\
examples:
  watchpost doctor
  watchpost doctor --only elasticsearch --only templates
  watchpost doctor --json | jq -r '.checks[] | select(.status == "failed") | .findings[].todo'
  KIBANA_API_KEY=… watchpost doctor --kibana https://kibana.example.com:5601

exit codes:
  0 nothing failed, and nothing is warned of
  1 something failed, or is warned of
  2 it could not be done: nothing could be looked at

--json prints one object: stack, counts {ok, warning, failed, skipped},
  checks [{name, status (ok, warning, failed, skipped), findings [{status, seen, todo, permission}]}].
todo is null where there is nothing to do, permission where none was refused.

the checks, and what each needs to read:
"""
    + "\n".join(f"  {check.name:<{_WIDTH}}  {', '.join(check.needs)}" for check in table.CHECKS)
    + """
Where the stack may not be described, its functions say where things are (lambda:GetFunctionConfiguration)."""
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    parser.add_argument(
        "--only", metavar="CHECK", choices=NAMES, action="append", help="only this check; may be given several times"
    )
    parser.add_argument("--kibana", metavar="URL", default="", help="look at this Kibana, and at nothing else")
    parser.add_argument("--definitions", metavar="DIR", help="go by the definitions in this folder, like dashboards/")
    add_json(parser)
    add_stack(parser)


def run(options: argparse.Namespace) -> int:
    """Run the checks and show what they found. Raises CliError when nothing could be looked at."""
    if options.kibana and options.only not in (None, ["kibana"]):
        raise CliError("--kibana looks at that Kibana only: leave --only out.")
    if options.kibana:
        _check_address(options.kibana)
    wanted = ["kibana"] if options.kibana else options.only
    checks = [check for check in table.CHECKS if wanted is None or check.name in wanted]
    around = Around(options.stack, dict(os.environ), time.time, kibana=options.kibana, definitions=options.definitions)
    if not options.kibana:
        around.check_shell()
    results = table.run(around, checks)
    if options.json:
        print_json(as_json(options.stack, results))
    else:
        show(console(), results)
    return code_of(results)


def _check_address(url: str) -> None:
    """That a URL names a host, and nobody's password, which is not shown. Raises CliError."""
    if "@" in url:
        raise CliError("--kibana takes an address without user and password: set KIBANA_USERNAME and KIBANA_PASSWORD.")
    if not is_url(url):
        raise CliError(f"--kibana {url} is no address. Write https://host:port.")


def code_of(results: Sequence[Result]) -> int:
    """The exit code for what was found."""
    findings = [finding for result in results for finding in result.findings]
    if all(finding.unreached or finding.status == model.SKIPPED for finding in findings):
        return 2
    found = {result.status for result in results}
    if found & {model.FAILED, model.WARNING}:
        return 1
    return 0 if model.OK in found else 2


def as_json(stack: str, results: Sequence[Result]) -> dict[str, Any]:
    """For machines. Field names are promised in --help."""
    return {
        "stack": stack,
        "counts": _counts(results),
        "checks": [
            {
                "name": result.name,
                "status": result.status,
                "findings": [
                    {
                        "status": finding.status,
                        "seen": finding.seen,
                        "todo": finding.todo or None,
                        "permission": finding.permission or None,
                    }
                    for finding in result.findings
                ],
            }
            for result in results
        ],
    }


def show(output: Console, results: Sequence[Result]) -> None:
    """Print each check with what it saw, and what to do; the sum of all at the end."""
    for result in results:
        head = Text(f"{_SIGNS[result.status]} ", _STYLES[result.status])
        head.append(f"{result.name:<{_WIDTH}}  ", "bold")
        first, *others = result.findings
        if others:
            head.append(result.status, _STYLES[result.status])
            _print(output, head)
            for finding in result.findings:
                sign = Text(f"{_INDENT}{_SIGNS[finding.status]} ", _STYLES[finding.status])
                _finding(output, sign, finding, f"{_INDENT}    ")
        else:
            _finding(output, head, first, f"{_INDENT}    ")
    counts = _counts(results)
    said = ", ".join(f"{number} {status}" for status, number in counts.items() if number)
    _print(output, Text(f"\n{counted(len(results), 'check')}: {said}.", "bold"))


def _finding(output: Console, head: Text, finding: model.Finding, indent: str) -> None:
    head.append(harmless(finding.seen, LONGEST))
    _print(output, head)
    if finding.todo:
        todo = f"{indent}→ {harmless(finding.todo, LONGEST)}"
        if output.is_terminal:
            todo = textwrap.fill(todo, max(output.width, 40), subsequent_indent=f"{indent}  ", break_on_hyphens=False)
        _print(output, Text(todo, "dim" if finding.status == model.SKIPPED else ""))


def _print(output: Console, text: Text) -> None:
    # A terminal would break words; in a file or a pipe a sentence is one line.
    output.print(text, soft_wrap=not output.is_terminal)


def _counts(results: Sequence[Result]) -> dict[str, int]:
    statuses = (model.OK, model.WARNING, model.FAILED, model.SKIPPED)
    return {status: sum(1 for result in results if result.status == status) for status in statuses}
