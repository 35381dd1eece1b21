"""`watchpost plan`: which alarms and dashboards the provisioner would add, change and delete, and what they cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from watchpost_cli import changelist, previewing, provisioning
from watchpost_cli.common import print_json
from watchpost_cli.terminal import console

if TYPE_CHECKING:
    import argparse

DESCRIPTION = f"""\
Show which alarms, composite alarms and dashboards would be added, changed and deleted, what they cost, and why a
resource has no alarm. It runs the code of the stack's provisioner here, with your AWS credentials: it reads the
services and their resources as they are now, and changes nothing.

{provisioning.ABOUT}"""
EPILOG = f"""\
examples:
  watchpost plan
  watchpost plan --config watchpost.yaml --preview dashboards.html
  watchpost plan --json | jq -r '.changes[] | select(.action == "delete") | .name'

exit codes:
  0 nothing to change, and everything could be read
  1 there are changes, or something could not be read and stays as it is
  2 it could not be done

{provisioning.JSON}

needs: {provisioning.NEEDS_TO_READ}
With --preview also cloudwatch:GetMetricData and cloudwatch:GetMetricStatistics"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    provisioning.add_arguments(parser)
    parser.add_argument(
        "--preview", metavar="FILE.html", help="also draw all dashboards as they would be, with the data there is"
    )


def run(options: argparse.Namespace) -> int:
    """Show the plan. Raises CliError for what cannot be done."""
    session = provisioning.opened(options)
    plan = session.run(apply=False, allow_mass_deletion=options.allow_mass_deletion)
    if options.preview:
        previewing.write(options.preview, plan.dashboards, f"Dashboards of {session.stack}")
    if options.json:
        print_json(plan.as_json(session.source))
    else:
        changelist.of_plan(console(), plan, session.source, every=options.all)
    return plan.exit_code
