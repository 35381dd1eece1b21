"""The provisioner in this process: its code, the deployed stack's settings, and the AWS credentials of the shell."""

from __future__ import annotations

import functools
import importlib.resources
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError
from provisioner.deadline import Deadline
from provisioner.run import Account
from provisioner.run import run as run_provisioner
from watchpost import configuration
from watchpost.calls import Calls
from watchpost.errors import ConfigurationError, DefinitionError
from watchpost.settings import Settings

from watchpost_cli import document, progress, proposal, stack
from watchpost_cli.common import add_json, add_stack
from watchpost_cli.errors import CliError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator
    from importlib.resources.abc import Traversable

    from watchpost_cli.proposal import Proposal

FUNCTION = "ProvisionerFunction"  # output of the stack
MOST_SECONDS = 6 * 3_600.0  # after which a run that is throttled all the time gives up
RESERVE = 0.0  # seconds of these that stay free: nobody ends this process
_FOLDER = "dashboards"
ABOUT = """\
Index templates of Elasticsearch are left to the function: the cluster's credentials are not yours to use, and it may
not be within reach from here."""
JSON = """\
--json prints one object. Costs are US dollars a month; what there is none of is null.
  stack, configuration, applied, services,
  counts {add, change, delete, unchanged, failed, withoutAlarm, leftOut},
  cost {before, after, currency},
  changes [{action (add, change, delete), kind (alarm, composite, dashboard), name, service, what [{field, before,
  after}]}],
  failed [{name, reason}], withoutAlarm [{resource, alarm (null: any), reason}], leftOut [{name, reason}],
  warnings []"""
NEEDS_TO_READ = """\
cloudformation:DescribeStacks on the stack; lambda:GetFunctionConfiguration on its provisioner (output
ProvisionerFunction); ssm:GetParameter on the configuration's parameter (output ConfigParameter), without --config;
cloudwatch:DescribeAlarms, cloudwatch:ListTagsForResource, cloudwatch:ListDashboards, cloudwatch:GetDashboard;
tag:GetResources, and for the services that there are: lambda:ListFunctions, lambda:ListEventSourceMappings,
lambda:GetFunctionConcurrency, lambda:GetFunctionEventInvokeConfig, lambda:GetAccountSettings; apigateway:GET;
sqs:ListQueues, sqs:GetQueueAttributes, sqs:ListDeadLetterSourceQueues; sns:ListTopics, sns:ListSubscriptions,
sns:GetSubscriptionAttributes; kinesis:DescribeStreamSummary; dynamodb:DescribeTable; rds:DescribeDBInstances,
rds:DescribeDBParameters; s3:GetMetricsConfiguration; cloudwatch:ListMetrics; dynamodb:Scan on the ledger (output
LedgerTable). What is refused stays as it is, and the plan says so."""


class Countdown:
    """The seconds that a run has left. Those that somebody takes to answer between two runs do not count."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.start()

    def start(self) -> None:
        """Begin anew."""
        self._end = time.monotonic() + self._seconds

    def __call__(self) -> float:
        return self._end - time.monotonic()


@dataclass(frozen=True, slots=True)
class Session:
    """A stack whose alarms and dashboards are looked at, or changed."""

    stack: str
    source: str  # where the configuration comes from, for people
    folder: str  # likewise the definitions
    account: Account
    left: Countdown
    count: progress.Count
    own: bool  # whether it goes by another configuration or other definitions than the function

    def run(self, *, apply: bool, allow_mass_deletion: bool, total: int | None = None) -> Proposal:
        """Do what the function does, or tell what it would do. total: changes to expect. Raises CliError."""
        self.left.start()
        with self._told(), progress.shown(self.count, total):
            result = run_provisioner(
                self.account, Deadline(self.left, RESERVE), apply=apply, allow_mass_deletion=allow_mass_deletion
            )
        return replace(proposal.read(result.as_dict(), self.stack, applied=apply), dashboards=result.bodies)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turn what a run raises into CliError."""
        try:
            yield
        except ConfigurationError as error:
            raise CliError(f"{self.source}: {error}") from None
        except DefinitionError as error:
            raise CliError(f"{self.folder}/{error}") from None
        except (ClientError, BotoCoreError) as error:
            raise CliError(f"{self.source} cannot be read: {stack.told(error)}") from None


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that plan and apply have in common."""
    parser.add_argument(
        "--config", metavar="FILE", help="go by this configuration (YAML or JSON), not by that in force"
    )
    parser.add_argument(
        "--definitions", metavar="DIR", help="go by the definitions in this folder, which is like dashboards/"
    )
    parser.add_argument(
        "--all", action="store_true", help="name each alarm that is not made, and each field of a dashboard"
    )
    parser.add_argument(
        "--allow-mass-deletion", action="store_true", help="allow to delete more than half of all alarms or dashboards"
    )
    add_json(parser)
    add_stack(parser)


def opened(options: argparse.Namespace) -> Session:
    """The stack that the options name, and what to go by. Nothing is changed. Raises CliError."""
    wanted = document.read(options.config) if options.config else None  # first: a mistake in it needs no account
    folder = definitions(options.definitions)
    found = stack.deployed(options.stack)
    settings = settings_of(found.output(FUNCTION))
    count, left = progress.Count(), Countdown(MOST_SECONDS)
    in_force = configuration.source(settings.config_parameter)
    account = Account(
        settings=settings,
        client=functools.cache(lambda name: count.watch(stack.client(name, attempts=1))),
        calls=Calls(time.monotonic, time.sleep, left, RESERVE),
        configuration=(lambda: wanted) if wanted else in_force.get,
        problem=lambda: in_force.problem,
        cluster=_no_cluster,
        definitions=folder,
    )
    source = f"the file {options.config}" if options.config else f"the parameter {settings.config_parameter}"
    own = bool(options.config or options.definitions)
    return Session(settings.stack, source, options.definitions or _FOLDER, account, left, count, own)


def definitions(path: str | None) -> Traversable:
    """The folder of the definitions: that named, else that of this installation or checkout. Raises CliError."""
    if path is not None:
        if not (Path(path) / "services").is_dir():
            raise CliError(f"{path} has no folder services/. Name one that is like {_FOLDER}/ of Watchpost.")
        return Path(path)
    try:
        return importlib.resources.files(_FOLDER)
    except ModuleNotFoundError:  # a checkout that is not where this command was typed
        checkout = Path(__file__).parents[2] / _FOLDER
        if checkout.is_dir():
            return checkout
    raise CliError(f"There are no definitions in this installation. Name the folder {_FOLDER}/: --definitions.")


def settings_of(function: str) -> Settings:
    """What the deployed function is set to. Raises CliError."""
    with stack.reading(f"The settings of the function {function}"):
        found = stack.client("lambda").get_function_configuration(FunctionName=function)
    variables = found.get("Environment", {}).get("Variables", {})
    try:
        # Lambda sets the region itself. arn:<partition>:lambda:<region>:<account>:function:<name>
        return Settings.from_environment({**variables, "AWS_REGION": found["FunctionArn"].split(":")[3]})
    except ConfigurationError as error:
        raise CliError(f"The function {function} is of another version than this command: {error}.") from None


def _no_cluster() -> Any:
    """Index templates are the function's: the cluster lets nobody else in, and may not be within reach."""
    raise ConfigurationError("elasticsearch", "a command that does not ask it", "the function")
