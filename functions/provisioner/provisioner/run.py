"""One run: index templates, then alarms and dashboards, then Kibana's objects. All that it needs is handed to it."""

from __future__ import annotations

import functools
import importlib.resources
import logging
import random
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from watchpost import names
from watchpost.calls import QUOTAS, SHARE, OutOfTimeError

from provisioner import alarms, dashboards, describe, desired, discovery, kibana, loader, own_left, templates
from provisioner.reader import Reader
from provisioner.result import Result
from provisioner.work import CLOUDWATCH, Work

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence, Set
    from importlib.resources.abc import Traversable

    from watchpost.calls import Calls
    from watchpost.configuration import Configuration
    from watchpost.elasticsearch import Cluster
    from watchpost.secrets import Secret
    from watchpost.settings import Settings

    from provisioner.actual import Listing
    from provisioner.deadline import Deadline
    from provisioner.definitions import KindDefinition
    from provisioner.inventory import Found, Inventory
    from provisioner.templates import Template

# Of the time of a run, what discovery may take: what it has no time for stays as it is, and each run describes in
# another order, but what is not reconciled helps nobody.
DISCOVERY_SHARE = 3 / 4

ALARMS_EACH = 4  # alarms that a resource has, about

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Account:
    """What a run works on: the stack's settings and the clients."""

    settings: Settings
    client: Callable[[str], Any]  # a service's client by botocore's name, that makes one attempt
    calls: Calls  # makes all calls of AWS, paced
    configuration: Callable[[], Configuration]  # reads the document anew; raises ConfigurationError
    cluster: Callable[[], Cluster]  # connects; raises what watchpost.elasticsearch.cluster raises
    definitions: Traversable  # the folder with services/ and elasticsearch/
    problem: Callable[[], str | None] = lambda: None  # with a newer document than the one that is in force
    kibana: Callable[[], Secret] | None = None  # reads Kibana's credentials; None leaves Kibana alone

    @property
    def cloudwatch(self) -> Any:
        """The client of CloudWatch."""
        return self.client(CLOUDWATCH)

    def work(self, *, apply: bool) -> Work:
        """What is needed to reconcile."""
        return Work(self.settings.stack, functools.cache(self.client), self.calls, apply)


class Backlog:
    """Which services a run leaves to the next ones, when so many are new that it has no time for all.

    A first run over a large account takes many invocations. Each begins with services that are new, and does not
    describe more of them than it can make alarms for: so each service is described once until none is new. A service is
    new that has neither an alarm nor a dashboard: those that want no alarm have a dashboard.
    """

    def __init__(self, stack: str, listed: Listing | None, dashboards: Set[str] | None, deadline: Deadline) -> None:
        """listed, dashboards: what the stack has; None when nobody knows."""
        self._stack = stack
        self._known = listed.beginnings() if listed else frozenset()
        self._dashboards = dashboards or frozenset()
        seconds = max(0.0, deadline.left() - deadline.reserve)
        self._most = seconds * SHARE * QUOTAS["PutMetricAlarm"] / ALARMS_EACH  # resources

    def postponed(self, found: Collection[Found]) -> Collection[str]:
        """The services that are not looked at now, of those that were found."""
        sizes = Counter(one.service for one in found)
        new = [service for service in sizes if self._is_new(service)]
        if sum(sizes[service] for service in new) <= self._most:
            return ()
        # In another order each time: one that never gets an alarm must not keep the others from theirs.
        random.shuffle(new)
        left, total = set(sizes), 0
        for service in new:
            if total >= self._most:
                break
            left.discard(service)
            total += sizes[service]
        return left

    def _is_new(self, service: str) -> bool:
        has_alarm = f"{self._stack}/{service}" in self._known
        return not has_alarm and names.dashboard(self._stack, service) not in self._dashboards


def definitions() -> Traversable:
    """The folder of the definitions, wherever their layer is mounted."""
    return importlib.resources.files("dashboards")


def run(
    account: Account, deadline: Deadline, *, apply: bool, allow_mass_deletion: bool = False, own: bool = True
) -> Result:
    """Bring everything to the desired state, or with `apply` false tell what would change.

    own: whether Watchpost's own alarms and dashboard are part of it. Else they stay as they are.
    Raises DefinitionError and ConfigurationError before anything is written, and botocore's errors when the
    configuration document cannot be read. What failed later is in the result.
    """
    settings, work = account.settings, account.work(apply=apply)
    kinds = loader.load(account.definitions / "services", describe.TABLE)
    index_templates = templates.load(account.definitions / "elasticsearch")
    keeping = _Kibana(account, deadline, index_templates, apply=apply)
    configuration = account.configuration()
    desired.check_overrides(kinds, configuration.alarms)
    result = Result()
    result.templates = templates.install(account.cluster, index_templates, deadline, apply=apply)
    of_alarms, of_dashboards = alarms.Reconciler(work, settings, deadline.reserve), dashboards.Reconciler(work)
    of_alarms.look()
    of_dashboards.look()
    spared = frozenset[str]() if own else own_left.spare(work.stack, of_alarms.listed, of_dashboards.listed)
    backlog = Backlog(work.stack, of_alarms.listed, of_dashboards.listed, deadline) if apply else None
    inventory = _discover(account, deadline, kinds, configuration, backlog, own=own)
    wanted = desired.build(kinds, inventory, configuration, settings)
    for name in spared & wanted.dashboards.keys():
        del wanted.dashboards[name]
    result.services, result.bodies = len(inventory.services), wanted.dashboards
    result.without_alarm, result.left_out = wanted.without_alarm, wanted.left_out
    problem = account.problem()
    result.warnings = [*([problem] if problem else []), *wanted.warnings]
    result.alarms = of_alarms.run(wanted, inventory.unknown, allow_mass_deletion=allow_mass_deletion)
    result.dashboards = of_dashboards.run(wanted, inventory.unknown, allow_mass_deletion=allow_mass_deletion)
    result.kibana = keeping.keep(
        inventory.services, configuration, known=not inventory.unknown, allow_mass_deletion=allow_mass_deletion
    )
    both = of_alarms.cost or (wanted.cost, wanted.cost)
    before, after = (replace(one, dashboards=count) for one, count in zip(both, of_dashboards.count, strict=True))
    result.cost = before.total, after.total
    return _told(result, account, "reconciled" if apply else "planned")


def remove(account: Account, deadline: Deadline) -> Result:
    """Delete every alarm and dashboard of the stack, in Kibana too. Index templates stay: their data streams do too.

    Raises ClientError, BotoCoreError or OutOfTimeError when either cannot be listed; what failed later is in the
    result.
    """
    work = account.work(apply=True)
    result = Result()
    result.alarms = alarms.Reconciler(work, account.settings, deadline.reserve).delete_all()
    result.dashboards = dashboards.Reconciler(work).delete_all()
    index_templates = templates.load(account.definitions / "elasticsearch")
    result.kibana = _Kibana(account, deadline, index_templates, apply=True).remove()
    return _told(result, account, "removed")


class _Kibana:
    """What a run does in Kibana, of a stack that has one."""

    def __init__(
        self, account: Account, deadline: Deadline, index_templates: Sequence[Template], *, apply: bool
    ) -> None:
        """Read the definitions. Raises DefinitionError."""
        self._around: kibana.Around | None = None
        if account.kibana is not None and account.settings.kibana_url != "none":
            definitions = kibana.load(account.definitions / "kibana", index_templates)
            left = functools.partial(_left, deadline)
            self._around = kibana.Around(account.settings, definitions, left, account.kibana, apply)

    def keep(
        self, services: Sequence[str], configuration: Configuration, *, known: bool, allow_mass_deletion: bool
    ) -> kibana.KibanaResult:
        """Bring Kibana's objects to what is defined. known: whether `services` are all there are. Raises nothing."""
        if self._around is None:
            return kibana.KibanaResult()
        around = replace(self._around, complete=known, allow_mass_deletion=allow_mass_deletion)
        wanted = [
            kibana.Service(name, configuration.owner_of(name) or "", configuration.runbook_of(name) or "")
            for name in services
            if name not in (discovery.ACCOUNT, names.OWN_SERVICE)  # whose lines are not shipped
        ]
        return kibana.reconcile(wanted, around)

    def remove(self) -> kibana.KibanaResult:
        """Delete them. Raises nothing."""
        return kibana.remove(self._around) if self._around else kibana.KibanaResult()


def _left(deadline: Deadline) -> float:
    return max(0.0, deadline.left() - deadline.reserve)


def _discover(  # noqa: PLR0913  # all of them are what a run knows
    account: Account,
    deadline: Deadline,
    kinds: tuple[KindDefinition, ...],
    configuration: Configuration,
    backlog: Backlog | None,
    *,
    own: bool,
) -> Inventory:
    part = deadline.part(DISCOVERY_SHARE)
    calls = account.calls.within(part.reserve)
    reader = Reader(account.settings, account.client, calls, part, OutOfTimeError)
    if backlog is None:
        return discovery.discover(kinds, reader, configuration.service_tags, own=own)
    return discovery.discover(kinds, reader, configuration.service_tags, postpone=backlog.postponed, own=own)


def _told(result: Result, account: Account, what: str) -> Result:
    result.calls = {
        name: {"calls": stats.calls, "throttled": stats.throttled, "retried": stats.retried}
        for name, stats in sorted(account.calls.stats.items())
    }
    _log.info(what, extra={"result": result.for_log()})
    return result
