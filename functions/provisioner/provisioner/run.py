"""One run: index templates, then alarms and dashboards. Everything it needs is handed to it."""

from __future__ import annotations

import importlib.resources
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from provisioner import alarms, dashboards, desired, discovery, loader, templates
from provisioner.result import Result

if TYPE_CHECKING:
    from collections.abc import Callable
    from importlib.resources.abc import Traversable

    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_resourcegroupstaggingapi import ResourceGroupsTaggingAPIClient
    from watchpost.configuration import Configuration
    from watchpost.elasticsearch import Cluster
    from watchpost.settings import Settings

    from provisioner.deadline import Deadline

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Account:
    """What a run works on: the stack's settings and the clients."""

    settings: Settings
    cloudwatch: CloudWatchClient
    lambda_: LambdaClient
    tagging: ResourceGroupsTaggingAPIClient
    configuration: Callable[[], Configuration]  # reads the document anew; raises ConfigurationError
    cluster: Callable[[], Cluster]  # connects; raises what watchpost.elasticsearch.cluster raises
    definitions: Traversable  # the folder with services/ and elasticsearch/


def definitions() -> Traversable:
    """The folder of the definitions, wherever their layer is mounted."""
    return importlib.resources.files("dashboards")


def run(account: Account, deadline: Deadline, *, apply: bool, allow_mass_deletion: bool = False) -> Result:
    """Bring everything to the desired state, or with `apply` false tell what would change.

    Raises DefinitionError and ConfigurationError before anything is written, and botocore's errors when the
    configuration document cannot be read. What failed later is in the result.
    """
    settings = account.settings
    kinds = loader.load(account.definitions / "services")
    index_templates = templates.load(account.definitions / "elasticsearch")
    configuration = account.configuration()
    desired.check_overrides(kinds, configuration.alarms)
    result = Result()
    result.templates = templates.install(account.cluster, index_templates, deadline, apply=apply)
    inventory = discovery.discover(
        account.tagging, account.lambda_, settings.stack, configuration.service_tags, deadline
    )
    wanted = desired.build(kinds, inventory, configuration.alarms, settings)
    result.services = len(inventory.services)
    result.without_alarm = wanted.without_alarm
    result.alarms = alarms.Reconciler(account.cloudwatch, settings.stack, deadline, apply).run(
        wanted, inventory.unknown, allow_mass_deletion=allow_mass_deletion
    )
    result.dashboards = dashboards.Reconciler(account.cloudwatch, settings.stack, deadline, apply).run(
        wanted, inventory.unknown, allow_mass_deletion=allow_mass_deletion
    )
    _log.info("reconciled" if apply else "planned", extra={"result": result.for_log()})
    return result


def remove(account: Account, deadline: Deadline) -> Result:
    """Delete every alarm and dashboard of the stack. Index templates stay: their data streams do too.

    Raises ClientError or BotoCoreError when either cannot be listed; what failed later is in the result.
    """
    stack = account.settings.stack
    result = Result()
    result.alarms = alarms.Reconciler(account.cloudwatch, stack, deadline, apply=True).delete_all()
    result.dashboards = dashboards.Reconciler(account.cloudwatch, stack, deadline, apply=True).delete_all()
    _log.info("removed", extra={"result": result.for_log()})
    return result
