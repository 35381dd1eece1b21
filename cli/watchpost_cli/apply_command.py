"""`watchpost apply`: shows what the provisioner would change, asks, and does it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from rich.text import Text

from watchpost_cli import changelist, provisioning
from watchpost_cli.common import agreed, check_agreement, print_json
from watchpost_cli.errors import CliError
from watchpost_cli.terminal import console

if TYPE_CHECKING:
    import argparse

    from watchpost_cli.proposal import Proposal
    from watchpost_cli.provisioning import Session

DESCRIPTION = f"""\
Show which alarms, composite alarms and dashboards would be added, changed and deleted, as `watchpost plan` does, ask,
and do it: with the code of the stack's provisioner, but here and with your AWS credentials. What has been agreed to is
worked out again from the account as it is then. The function may run at the same time; both want the same.

{provisioning.ABOUT}"""
EPILOG = f"""\
examples:
  watchpost apply
  watchpost apply --yes                     without asking, for scripts
  watchpost apply --yes --json | jq .counts

exit codes:
  0 everything is as it should be
  1 something failed or is left, or you did not agree
  2 it could not be done

{provisioning.JSON}
Of apply, changes are those that were made, and applied is true.

needs: {provisioning.NEEDS_TO_READ}
And to change something: cloudwatch:PutMetricAlarm, cloudwatch:PutCompositeAlarm, cloudwatch:DeleteAlarms,
cloudwatch:TagResource; cloudwatch:PutDashboard, cloudwatch:DeleteDashboards"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's options."""
    provisioning.add_arguments(parser)
    parser.add_argument("--yes", action="store_true", help="do it without asking")


def run(options: argparse.Namespace) -> int:
    """Show the plan, ask, and apply it. Raises CliError for what cannot be done."""
    check_agreement(options, "plan")
    session = provisioning.opened(options)
    plan = session.run(apply=False, allow_mass_deletion=options.allow_mass_deletion)
    if not options.json:
        changelist.of_plan(console(), plan, session.source, every=options.all)
    if plan.items and not (options.yes or agreed("Apply?")):
        _tell("Nothing was changed.")
        return 1
    done = _applied(session, plan, allow_mass_deletion=options.allow_mass_deletion) if plan.items else plan.as_done()
    if options.json:
        print_json(done.as_json(session.source))
    elif plan.items:
        console().print()
        changelist.of_result(console(), done, plan)
    if session.own and done.items:
        _tell(
            "The function goes by the configuration in force and by the definitions that are deployed: where these "
            "are others, its next run changes everything back."
        )
    return done.exit_code


def _applied(session: Session, plan: Proposal, *, allow_mass_deletion: bool) -> Proposal:
    try:
        return session.run(apply=True, allow_mass_deletion=allow_mass_deletion, total=len(plan.items))
    except KeyboardInterrupt:
        raise CliError("interrupted; what was changed stays, and another apply goes on from there.", 130) from None


def _tell(sentence: str) -> None:
    errors = console(sys.stderr)
    errors.print(Text(sentence), soft_wrap=not errors.is_terminal)
